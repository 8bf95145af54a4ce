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
    let mut next = request.from;
    while let Some(position) = next
        && entries.len() < usize::from(request.events)
    {
        match read_back(journal.read(position)) {
            Ok(entry) if entry.wallet == wallet => {
                next = entry.previous;
                entries.push((position, entry));
            }
            // What came before is no longer kept: the history begins here.
            Err(ReadBackError::Journal(JournalError::Beginning { .. })) => next = None,
            Ok(_) if next == request.from => {
                return Outcome::declined(Rule::NoSuchEvent);
            }
            Err(error) if next == request.from && is_none(&error) => {
                tracing::info!(%error, "a request has a position that is not in the wallet's history");
                return Outcome::declined(Rule::NoSuchEvent);
            }
            Ok(entry) => {
                let other = entry.wallet.0;
                tracing::error!(
                    position = position.to_stored(),
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
            next,
            sources,
            available: request.available,
        },
        ..Outcome::approved()
    }
}

/// Whether nothing that was journaled begins at the position.
fn is_none(error: &ReadBackError) -> bool {
    matches!(
        error,
        ReadBackError::Journal(
            JournalError::NotDurable { .. }
                | JournalError::NoRecord { .. }
                | JournalError::Damaged { .. }
        )
    )
}

#[cfg(test)]
mod tests {
    use tessera_kit::clock::Timestamp;
    use tessera_protocol::{Amount, CardNumber, Currency, ResponseCode};

    use super::*;
    use tessera_encryption::DataKeys;
    use tessera_journal::testing::Memory;
    use tessera_journal::{Location, Options, Position};
    use tessera_ledger::{Balance, Event};

    fn entry(wallet: WalletId) -> tessera_ledger::Entry {
        tessera_ledger::Entry {
            wallet,
            previous: None,
            at: Timestamp::from_milliseconds(1),
            available: Balance::ZERO,
            held: Balance::ZERO,
            owed: Balance::ZERO,
            event: Event::Provisioned {
                currency: Currency::USD,
                card: CardNumber::development(wallet.0),
                expiry: 3112,
                balance: Amount::ZERO,
            },
        }
    }

    fn provision(journal: &Memory, wallet: WalletId) -> Position {
        let mut payload = Vec::new();
        entry(wallet).write(&mut payload);
        journal.append(0, &payload).position
    }

    #[test]
    fn a_position_that_does_not_exist_is_the_callers_error() {
        let journal = Memory::default();
        let [own, other] = [7, 8].map(|wallet| provision(&journal, WalletId(wallet)));
        let answer = |from| {
            let request = HistoryRequest {
                from,
                events: 10,
                available: None,
            };
            read(&journal, WalletId(7), request, Sources::default())
        };
        assert!(answer(Some(own)).code.is_approved());
        assert!(answer(None).code.is_approved());
        let beside =
            |position: Position, bytes| Position::from_stored(position.to_stored() + bytes);
        let wrong = [
            Some(other),
            beside(own, 1),
            beside(other, 8),
            beside(other, 1 << 40),
            Some(Position::MAX),
        ];
        for from in wrong {
            assert_eq!(answer(from).code, ResponseCode::NOT_FOUND, "{from:?}");
        }
    }

    /// Of a journal whose oldest segments were deleted.
    #[test]
    fn a_history_begins_with_the_oldest_event_that_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let keys = DataKeys::for_tests(folder.path());
        let location = Location::in_data(folder.path(), &keys).with_segment_bytes(4 << 10);
        let fault = Box::new(|_: &JournalError| {});
        let opened =
            tessera_journal::open(&location, Options::default(), None, &mut |_| Ok(()), fault);
        let journal = opened.unwrap().journal;
        let mut positions: Vec<Position> = Vec::new();
        let mut append = |count: u32| {
            for _ in 0..count {
                let entry = tessera_ledger::Entry {
                    previous: positions.last().copied(),
                    ..entry(WalletId(7))
                };
                let mut payload = Vec::new();
                entry.write(&mut payload);
                positions.push(journal.append(0, &payload).position);
                journal.sync().unwrap();
            }
            positions.clone()
        };
        append(200);
        let reader = tessera_journal::reader(&location);
        while let Some(part) = tessera_journal::to_archive(&location, Position::MAX).unwrap() {
            tessera_journal::archive(&location, &part, &mut || true).unwrap();
        }
        let parts = reader.parts().unwrap();
        assert!(parts.len() > 4, "{}", parts.len());
        for part in &parts[..2] {
            assert!(tessera_journal::remove(&location, part, "index").unwrap());
        }
        let begins = parts[2].span().0;
        // What it has open it closes when another segment begins.
        let positions = append(60);
        assert!(reader.parts().unwrap().len() > parts.len() - 2);
        let mut kept: Vec<Position> = positions.clone();
        kept.retain(|position| position.to_stored() >= begins);
        kept.reverse();
        let (mut seen, mut from) = (Vec::new(), positions.last().copied());
        while from.is_some() {
            let request = HistoryRequest {
                from,
                events: 50,
                available: None,
            };
            let outcome = read(journal.as_ref(), WalletId(7), request, Sources::default());
            assert!(outcome.code.is_approved());
            let Details::History { entries, next, .. } = outcome.details else {
                panic!("no history")
            };
            seen.extend(entries.into_iter().map(|(position, _)| position));
            from = next;
        }
        assert!(seen == kept, "{} of {}", seen.len(), kept.len());
        journal.close().unwrap();
    }
}
