//! What the events of some wallets come to. Sums of different wallets can be added.

use std::collections::BTreeMap;

use bytes::BufMut;
use tessera_journal::Sequence;
use tessera_ledger::{Account, Directive, Event, Irregular, Posting, Reader, Unreadable};
use tessera_protocol::Institution;

use super::totals::PartyTotals;

/// See the head of this file.
#[derive(Debug, Default, Clone)]
pub(super) struct Sums {
    pub events: u64,
    /// The account that loaded money comes from: what was loaded, less than nothing.
    pub funding: i128,
    /// What the switch owes each party.
    pub payable: BTreeMap<Option<Institution>, i128>,
    pub parties: BTreeMap<Option<Institution>, PartyTotals>,
    /// Requests that went to the host.
    pub forwarded: u64,
    pub irregular: Irregular,
    /// What the operator has accepted of it.
    pub accepted: Irregular,
}

impl Sums {
    /// Counts an event, without the money that it moves.
    pub fn enter(&mut self, event: &Event) {
        self.events += 1;
        self.forwarded += u64::from(goes_to_host(event));
        if let Event::Directed(directed) = event
            && let Directive::AcceptReferences(accepted) = directed.directive
        {
            self.accepted = accepted;
        }
    }

    /// Adds what an event moves to or from accounts that are no wallet's.
    pub fn post(&mut self, event: &Event, posting: &Posting) {
        let amount = i128::from(posting.amount.value());
        for (account, amount) in [(posting.from, -amount), (posting.to, amount)] {
            match account {
                Account::Funding => self.funding += amount,
                Account::Payable(party) => *self.payable.entry(party).or_default() += amount,
                Account::Available(_) | Account::Held(_) | Account::Receivable(_) => {}
            }
        }
        count(&mut self.parties, event, posting.from, posting.to, amount);
    }

    /// A reference that does not rise.
    pub fn fell(&mut self, first_of_wallet: bool, known: bool, sequence: Sequence) {
        let found = &mut self.irregular;
        found.wallets += u64::from(first_of_wallet);
        match known {
            true => found.repeated += 1,
            false => found.fallen += 1,
        }
        found.last_sequence = Some(sequence);
    }

    /// Appends them to `out`, little endian: numbers, then lists with their length in front.
    pub fn write(&self, out: &mut Vec<u8>) {
        let Self {
            events,
            funding,
            payable,
            parties,
            forwarded,
            irregular,
            accepted,
        } = self;
        out.put_u64_le(*events);
        out.put_u64_le(*forwarded);
        out.put_i128_le(*funding);
        for irregular in [irregular, accepted] {
            let Irregular {
                wallets,
                fallen,
                repeated,
                last_sequence,
            } = irregular;
            out.put_u64_le(*wallets);
            out.put_u64_le(*fallen);
            out.put_u64_le(*repeated);
            out.put_u64_le(last_sequence.map_or(0, Sequence::to_stored));
        }
        out.put_u32_le(payable.len() as u32);
        for (institution, amount) in payable {
            out.put_u64_le(Institution::digits(*institution));
            out.put_i128_le(*amount);
        }
        out.put_u32_le(parties.len() as u32);
        for (institution, party) in parties {
            out.put_u64_le(Institution::digits(*institution));
            for (count, amount) in [party.approved, party.reversed, party.refunded] {
                out.put_u64_le(count);
                out.put_i128_le(amount);
            }
        }
    }

    /// Reads what [`write`](Self::write) wrote.
    pub fn read(bytes: &[u8]) -> Result<Self, Unreadable> {
        let mut from = Reader::new(bytes);
        let mut sums = Self {
            events: from.u64()?,
            forwarded: from.u64()?,
            funding: amount(&mut from)?,
            ..Self::default()
        };
        for irregular in [&mut sums.irregular, &mut sums.accepted] {
            *irregular = Irregular {
                wallets: from.u64()?,
                fallen: from.u64()?,
                repeated: from.u64()?,
                last_sequence: Sequence::from_stored(from.u64()?),
            };
        }
        for _ in 0..from.u32()? {
            let institution = Institution::new(from.u64()?);
            sums.payable.insert(institution, amount(&mut from)?);
        }
        for _ in 0..from.u32()? {
            let party = party(&mut sums.parties, Institution::new(from.u64()?));
            for of in [
                &mut party.approved,
                &mut party.reversed,
                &mut party.refunded,
            ] {
                *of = (from.u64()?, amount(&mut from)?);
            }
        }
        from.end()?;
        Ok(sums)
    }

    /// Adds those of other wallets.
    pub fn add(&mut self, other: &Self) {
        let Self {
            events,
            funding,
            payable,
            parties,
            forwarded,
            irregular,
            accepted,
        } = other;
        self.events += events;
        self.funding += funding;
        for (party, amount) in payable {
            *self.payable.entry(*party).or_default() += amount;
        }
        for (institution, theirs) in parties {
            let ours = party(&mut self.parties, *institution);
            for (ours, theirs) in [
                (&mut ours.approved, theirs.approved),
                (&mut ours.reversed, theirs.reversed),
                (&mut ours.refunded, theirs.refunded),
            ] {
                ours.0 += theirs.0;
                ours.1 += theirs.1;
            }
        }
        self.forwarded += forwarded;
        let Irregular {
            wallets,
            fallen,
            repeated,
            last_sequence,
        } = irregular;
        self.irregular.wallets += wallets;
        self.irregular.fallen += fallen;
        self.irregular.repeated += repeated;
        self.irregular.last_sequence = self.irregular.last_sequence.max(*last_sequence);
        // Only the operator's wallet has one.
        if *accepted != Irregular::default() {
            self.accepted = *accepted;
        }
    }
}

fn amount(from: &mut Reader<'_>) -> Result<i128, Unreadable> {
    from.array().map(i128::from_le_bytes)
}

/// Whether an event opens a transaction that the host is asked, or advised, about.
fn goes_to_host(event: &Event) -> bool {
    matches!(
        event,
        Event::CardRequested { .. }
            | Event::CardRetired { .. }
            | Event::LoadRequested { .. }
            | Event::PayoutRequested { .. }
            | Event::RefundRequested { .. }
            | Event::Held { .. }
    )
}

fn party(
    parties: &mut BTreeMap<Option<Institution>, PartyTotals>,
    institution: Option<Institution>,
) -> &mut PartyTotals {
    parties.entry(institution).or_insert_with(|| PartyTotals {
        institution,
        ..PartyTotals::default()
    })
}

fn count(
    parties: &mut BTreeMap<Option<Institution>, PartyTotals>,
    event: &Event,
    from: Account,
    to: Account,
    amount: i128,
) {
    enum Of {
        Approved,
        Reversed,
        Refunded,
        ReversedFurther,
        RefundReversed,
    }
    let (institution, of) = match (from, to, event) {
        (
            _,
            Account::Payable(institution),
            Event::Approved { .. }
            | Event::StoodIn { .. }
            | Event::Advised { .. }
            | Event::Completed { .. },
        ) => (institution, Of::Approved),
        (Account::Payable(institution), _, Event::Approved { .. }) => (institution, Of::Refunded),
        (Account::Payable(institution), _, Event::Reversed { .. }) => (institution, Of::Reversed),
        (Account::Payable(institution), _, Event::ReversedFurther { .. }) => {
            (institution, Of::ReversedFurther)
        }
        (_, Account::Payable(institution), Event::Reversed { .. }) => {
            (institution, Of::RefundReversed)
        }
        _ => return,
    };
    let party = party(parties, institution);
    let place = match of {
        Of::Approved => &mut party.approved,
        Of::Reversed => &mut party.reversed,
        Of::Refunded => &mut party.refunded,
        // What came of the two, not how many there were.
        Of::ReversedFurther => {
            party.reversed.1 += amount;
            return;
        }
        Of::RefundReversed => {
            party.refunded.1 -= amount;
            return;
        }
    };
    place.0 += 1;
    place.1 += amount;
}
