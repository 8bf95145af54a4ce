//! What operators ask about messages that were given up, and those who delete what may still be needed.

use super::asked::{Letters, reply};
use super::dead_letter_client::Ask;
use super::ended;
use super::outbox::{Changes, OutboxError, Waiting};
use super::state::State;
use tessera_kit::clock::{self, Timestamp};

pub(super) fn answer(state: &mut State, ask: Ask) -> Result<(), OutboxError> {
    match ask {
        Ask::List(most, answer) => reply(answer, state.outbox.dead(most)),
        Ask::Has(letters, answer) => reply(answer, letters.exist(&state.outbox)),
        Ask::Retry(letters, answer) => reply(answer, revive(state, letters)),
        Ask::Drop(letters, answer) => reply(answer, forget(state, letters)),
        Ask::Outdated(vault, answer) => {
            let outdated = state
                .outbox
                .count_sealed(|sealed| vault.is_outdated(sealed));
            reply(answer, outdated)
        }
        Ask::OldestNeeded(answer) => reply(answer, state.follower.oldest_needed(&state.outbox)),
        Ask::ToBeNotified(wallets, answer) => {
            let waiting = ended::to_be_notified(&state.outbox, &state.follower, wallets);
            reply(answer, waiting)
        }
    }
}

fn revive(state: &mut State, letters: Letters) -> Result<usize, OutboxError> {
    let mut count = 0;
    loop {
        let dead = letters.some_of(&state.outbox)?;
        if dead.is_empty() {
            return Ok(count);
        }
        let revived = dead.into_iter().map(|(key, dead)| {
            // It has as long again as a new one.
            let waiting = Waiting {
                channel: dead.channel,
                due: Timestamp::EPOCH,
                since: clock::now(),
                attempts: 0,
            };
            (key, waiting)
        });
        let changes = Changes {
            revived: revived.collect(),
            ..Changes::default()
        };
        state.outbox.write(&changes)?;
        count += changes.revived.len();
        for (key, waiting) in changes.revived {
            state.lane(waiting.channel).revive(key, waiting);
        }
    }
}

fn forget(state: &State, letters: Letters) -> Result<usize, OutboxError> {
    let mut count = 0;
    loop {
        let dead = letters.some_of(&state.outbox)?;
        if dead.is_empty() {
            return Ok(count);
        }
        let changes = Changes {
            dropped: dead.into_iter().map(|(key, _)| key).collect(),
            ..Changes::default()
        };
        state.outbox.write(&changes)?;
        count += changes.dropped.len();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::dead_letter_client::LETTERS_AT_ONCE;
    use crate::outbox::{ChannelKind, Dead, Key, To};
    use crate::state::Place;
    use crate::testing::{Records, open_store};
    use tessera_encryption::DataKeys;
    use tessera_journal::Position;

    fn place(folder: &std::path::Path, journal: &Records) -> Place {
        Place {
            directory: folder.join("outbox"),
            keys: DataKeys::for_tests(folder),
            journal: journal.engine(),
            store: Arc::new(open_store(folder)),
            begin_after: None,
            sent_within: u64::MAX,
            pause_max: 60_000,
        }
    }

    #[test]
    fn all_dead_letters_are_tried_again_or_dropped_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let journal = Records::default();
        let mut state = State::open(&place(folder.path(), &journal)).unwrap();
        let many = LETTERS_AT_ONCE as u64 + 10;
        let dead = |position| {
            let dead = Dead {
                channel: ChannelKind::Email,
                since: Timestamp::EPOCH,
                attempts: 1,
                why: String::new(),
            };
            let to = To::Former;
            let position = Position::from_stored(position).unwrap();
            (Key { position, to }, dead)
        };
        let changes = Changes {
            dead: (1..=many).map(dead).collect(),
            ..Changes::default()
        };
        state.outbox.write(&changes).unwrap();
        let one = Letters::One(dead(7).0);
        assert_eq!(forget(&state, one).unwrap(), 1);
        assert_eq!(forget(&state, one).unwrap(), 0);
        let count = revive(&mut state, Letters::All).unwrap();
        assert_eq!(count as u64, many - 1);
        assert_eq!(state.lanes[0].len() as u64, many - 1);
        assert_eq!(state.outbox.dead_count(), 0);
        state.outbox.write(&changes).unwrap();
        let count = forget(&state, Letters::All).unwrap();
        assert_eq!(count as u64, many);
        assert_eq!(state.outbox.dead(1).unwrap(), []);
    }
}
