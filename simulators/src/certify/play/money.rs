//! The payer of a case: what they agree to, and what is in their wallet.

use super::super::judge::Fault;
use super::super::message::inquiry;
use super::super::party::Kind;
use super::super::report::Entry;
use super::{Judged, Play};

impl Play<'_> {
    pub(super) fn agree(&mut self, order: u8, amount: u64) -> Judged {
        if self.bed.party.kind != Kind::Mall {
            return Ok(());
        }
        let number = self.filler().order(order);
        let Some(line) = self.bed.wallet_line else {
            self.transcript.push(Entry::note(
                0,
                format!("the payer agrees to order {number} by itself"),
            ));
            return Ok(());
        };
        let acceptor = &self.bed.party.acceptor;
        let agreed = line.agree(self.bed.clock, self.payer.wallet, acceptor, &number, amount);
        self.transcript.push(Entry::note(
            0,
            format!("the payer agrees to order {number} of {amount}"),
        ));
        agreed.map_err(|why| vec![Fault::new("precondition", "the payer agrees", why)])
    }

    pub(super) fn compare_balance(&mut self, ledger: i64, available: i64) -> Judged {
        let (Some(before), Some(now)) = (self.before, self.balances()?) else {
            self.transcript.push(Entry::note(
                0,
                "the balance is not compared: the party may not ask for it",
            ));
            return Ok(());
        };
        let moved = (now.0 - before.0, now.1 - before.1);
        self.transcript.push(Entry::note(
            0,
            format!(
                "the balance has moved: ledger {:+}, available {:+}",
                moved.0, moved.1
            ),
        ));
        let mut faults = Vec::new();
        for (what, expected, found) in [
            ("ledger balance", ledger, moved.0),
            ("available balance", available, moved.1),
        ] {
            if expected != found {
                let words = |moved: i64| format!("moved by {moved:+}");
                faults.push(Fault::new(what, words(expected), words(found)));
            }
        }
        if faults.is_empty() {
            Ok(())
        } else {
            Err(faults)
        }
    }

    /// Ledger and available balance, where the party may ask, or its payer.
    pub(super) fn balances(&mut self) -> Result<Option<(i64, i64)>, Vec<Fault>> {
        let failed = |why: String| vec![Fault::new("precondition", "a balance", why)];
        if let (Kind::Mall, Some(line)) = (self.bed.party.kind, self.bed.wallet_line) {
            let balance = line.balance(self.bed.clock, self.payer.wallet);
            return balance.map(Some).map_err(failed);
        }
        if !self.bed.party.may_inquire() {
            return Ok(None);
        }
        let filled = self.filler().fill(&inquiry());
        let seen = self
            .bed
            .ask_apart(&filled)
            .map_err(|why| failed(format!("inquiry: {why}")))?;
        let amounts = (seen.additional_amount("01"), seen.additional_amount("02"));
        match amounts {
            (Some(ledger), Some(available)) => Ok(Some((ledger, available))),
            _ => {
                let code = seen.text(39).unwrap_or("without a code");
                Err(failed(format!("the inquiry was answered {code}")))
            }
        }
    }
}
