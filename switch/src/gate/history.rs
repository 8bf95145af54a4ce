//! A wallet's last events, read off the journal from the newest on.

use tessera_journal::{Journal, JournalError};
use tessera_ledger::{Details, HistoryRequest, Outcome, Rule, Sources, WalletId};
use tessera_store::{ReadBackError, read_back};

/// What the request asks for, and where the next one would go on.
pub(super) fn read(
    journal: &dyn Journal,
    wallet: WalletId,
    request: HistoryRequest,
    sources: Sources,
) -> Outcome {
    let mut entries = Vec::new();
    let mut position = request.from;
    while position != 0 && entries.len() < usize::from(request.events) {
        match read_back(journal.read(position)) {
            Ok(entry) if entry.wallet == wallet => {
                let previous = entry.previous;
                entries.push((position, entry));
                position = previous;
            }
            Ok(_) if position == request.from => {
                return Outcome::declined(Rule::NoSuchEvent);
            }
            Err(error) if position == request.from && is_none(&error) => {
                tracing::info!(%error, "a request has a position that is not in the wallet's history");
                return Outcome::declined(Rule::NoSuchEvent);
            }
            Ok(entry) => {
                let other = entry.wallet.0;
                tracing::error!(
                    position,
                    other,
                    "a wallet's history leads to another wallet"
                );
                return Outcome::declined(Rule::JournalUnreadable);
            }
            // Not the end: the requester must not mistake it for that.
            Err(error) => {
                tracing::error!(%error, "a wallet's history could not be read");
                return Outcome::declined(Rule::JournalUnreadable);
            }
        }
    }
    Outcome {
        details: Details::History {
            entries,
            next: position,
            sources,
        },
        ..Outcome::approved()
    }
}

/// Whether nothing that was journaled begins at the position.
fn is_none(error: &ReadBackError) -> bool {
    matches!(
        error,
        ReadBackError::Journal(JournalError::NotDurable { .. } | JournalError::Damaged { .. })
    )
}

#[cfg(test)]
mod tests {
    use tessera_protocol::{Amount, CardNumber, Currency, ResponseCode};

    use super::*;
    use tessera_journal::{Options, Segments};
    use tessera_ledger::{Balance, Event};

    fn journal(folder: &std::path::Path) -> Segments {
        let options = Options {
            segment_bytes: 1 << 16,
            ..Options::default()
        };
        Segments::open(folder, options, None, &mut |_| Ok(()), Box::new(|_| {})).unwrap()
    }

    fn provision(journal: &Segments, wallet: WalletId) -> u64 {
        let entry = tessera_ledger::Entry {
            wallet,
            previous: 0,
            at: 1,
            available: Balance::ZERO,
            held: Balance::ZERO,
            owed: Balance::ZERO,
            event: Event::Provisioned {
                currency: Currency::USD,
                card: CardNumber::development(wallet.0),
                expiry: 3112,
                balance: Amount::ZERO,
            },
        };
        let mut payload = Vec::new();
        entry.write(&mut payload);
        let appended = journal.append(0, &payload);
        while journal.durable() < appended.sequence {
            std::thread::sleep(std::time::Duration::from_millis(1));
        }
        appended.position
    }

    #[test]
    fn a_position_that_does_not_exist_is_the_callers_error() {
        let folder = tempfile::tempdir().unwrap();
        let journal = journal(folder.path());
        let [own, other] = [7, 8].map(|wallet| provision(&journal, WalletId(wallet)));
        let answer = |from| {
            let request = HistoryRequest { from, events: 10 };
            read(&journal, WalletId(7), request, Sources::default())
        };
        assert!(answer(own).code.is_approved());
        for from in [
            other,
            own + 1,
            other + 8,
            journal.durable_end(),
            1 << 40,
            u64::MAX,
        ] {
            assert_eq!(answer(from).code, ResponseCode::NOT_FOUND, "{from}");
        }
    }
}
