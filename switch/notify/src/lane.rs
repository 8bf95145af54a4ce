//! What waits for one channel. The next messages are in memory; where a server is away for long, the others wait in the
//! outbox alone, and are read when there is space in memory.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

use super::outbox::{ChannelKind, Key, Outbox, OutboxError, Waiting};
use tessera_kit::clock::{self, Timestamp};

/// See the head of this file.
pub(super) struct Lane {
    channel: ChannelKind,
    in_memory_max: usize,
    /// No pause is longer, in milliseconds. What is due later was put off when the system's clock was ahead.
    pause_max: u64,
    waiting: HashMap<Key, Waiting>,
    /// What is not under way, by the time at which it is due.
    due: BinaryHeap<Reverse<(Timestamp, Key)>>,
    under_way: usize,
    /// From this key on all is in the outbox alone, but for what was put here since.
    beyond: Option<Key>,
    beyond_count: usize,
}

impl Lane {
    /// What waits already.
    ///
    /// # Errors
    /// When the outbox can't be read.
    pub(super) fn open(
        channel: ChannelKind,
        in_memory_max: usize,
        pause_max: u64,
        outbox: &Outbox,
    ) -> Result<Self, OutboxError> {
        let mut lane = Self {
            channel,
            in_memory_max,
            pause_max,
            waiting: HashMap::new(),
            due: BinaryHeap::new(),
            under_way: 0,
            beyond: None,
            beyond_count: 0,
        };
        for row in outbox.waiting(channel, Key::FIRST) {
            let (key, waiting) = row?;
            lane.follow(key, waiting);
        }
        Ok(lane)
    }

    pub(super) fn channel(&self) -> ChannelKind {
        self.channel
    }

    /// How many wait or are under way.
    pub(super) fn len(&self) -> usize {
        self.waiting.len() + self.beyond_count
    }

    /// How many are under way.
    pub(super) fn under_way(&self) -> usize {
        self.under_way
    }

    /// When the oldest event happened.
    pub(super) fn oldest(&self) -> Option<Timestamp> {
        self.waiting.values().map(|waiting| waiting.since).min()
    }

    /// A message that is in the outbox and comes after all that were given here before.
    pub(super) fn follow(&mut self, key: Key, waiting: Waiting) {
        if self.beyond.is_some() || self.waiting.len() >= self.in_memory_max {
            self.beyond.get_or_insert(key);
            self.beyond_count += 1;
        } else {
            self.put(key, waiting);
        }
    }

    /// A message that is tried again.
    pub(super) fn put(&mut self, key: Key, waiting: Waiting) {
        let due = waiting.due.min(clock::now().plus(self.pause_max));
        self.waiting.insert(key, waiting);
        self.due.push(Reverse((due, key)));
    }

    /// A dead letter that is in the outbox again, in any order.
    pub(super) fn revive(&mut self, key: Key, waiting: Waiting) {
        if self.waiting.len() < self.in_memory_max {
            return self.put(key, waiting);
        }
        self.beyond = Some(self.beyond.map_or(key, |beyond| beyond.min(key)));
        self.beyond_count += 1;
    }

    /// The next that is due; it is under way from now on.
    pub(super) fn take_due(&mut self, now: Timestamp) -> Option<Key> {
        let Reverse((due, key)) = *self.due.peek()?;
        if due > now {
            return None;
        }
        self.due.pop();
        self.under_way += 1;
        Some(key)
    }

    /// A message has come back from its way.
    pub(super) fn settle(&mut self, key: Key) -> Option<Waiting> {
        self.under_way -= 1;
        self.waiting.remove(&key)
    }

    /// Reads messages that wait only in the outbox, once half of the memory limit is free.
    ///
    /// # Errors
    /// When it can't be read; it is tried again.
    pub(super) fn refill(&mut self, outbox: &Outbox) -> Result<(), OutboxError> {
        let Some(from) = self.beyond else {
            return Ok(());
        };
        let service = self.in_memory_max.saturating_sub(self.waiting.len());
        if service < self.in_memory_max.div_ceil(2) {
            return Ok(());
        }
        let mut rows = outbox.waiting(self.channel, from);
        let taken: Vec<_> = rows.by_ref().take(service).collect::<Result<_, _>>()?;
        self.beyond = rows.next().transpose()?.map(|(key, _)| key);
        for (key, waiting) in taken {
            // A dead letter that an operator has called back may be here already, or what comes after it.
            if !self.waiting.contains_key(&key) {
                self.put(key, waiting);
                self.beyond_count = self.beyond_count.saturating_sub(1);
            }
        }
        if self.beyond.is_none() {
            self.beyond_count = 0;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outbox::{Changes, To};
    use crate::testing::open_outbox;
    use tessera_journal::Position;

    const IN_MEMORY_MAX: usize = 4;
    const PAUSE_MAX: u64 = 1_000;
    const AT_ONCE: Timestamp = Timestamp::from_milliseconds(1);

    fn key(number: u64) -> Key {
        Key {
            position: Position::from_stored(number + 1).unwrap(),
            to: To::Contact,
        }
    }

    fn number(key: Key) -> u64 {
        key.position.to_stored() - 1
    }

    fn waiting(channel: ChannelKind) -> Waiting {
        Waiting {
            channel,
            due: Timestamp::EPOCH,
            since: Timestamp::from_milliseconds(7),
            attempts: 0,
        }
    }

    fn write(outbox: &Outbox, positions: std::ops::Range<u64>, channel: ChannelKind) {
        let changes = Changes {
            waiting: positions
                .map(|position| (key(position), waiting(channel)))
                .collect(),
            ..Changes::default()
        };
        outbox.write(&changes).unwrap();
    }

    #[test]
    fn what_a_clock_that_was_ahead_put_off_waits_no_longer_than_any_pause() {
        let folder = tempfile::tempdir().unwrap();
        let outbox = open_outbox(folder.path());
        let now = clock::now();
        let put_off = Waiting {
            due: now.plus(86_400_000),
            attempts: 3,
            ..waiting(ChannelKind::Email)
        };
        let changes = Changes {
            waiting: vec![(key(1), put_off)],
            ..Changes::default()
        };
        outbox.write(&changes).unwrap();
        let mut lane = Lane::open(ChannelKind::Email, IN_MEMORY_MAX, PAUSE_MAX, &outbox).unwrap();
        assert_eq!(lane.take_due(now), None);
        assert_eq!(lane.take_due(clock::now().plus(PAUSE_MAX)), Some(key(1)));
    }

    #[test]
    fn all_are_sent_once_and_few_are_in_memory() {
        let folder = tempfile::tempdir().unwrap();
        let outbox = open_outbox(folder.path());
        let mobile = ChannelKind::Mobile;
        write(&outbox, 0..10, ChannelKind::Email);
        write(&outbox, 10..23, mobile);
        let mut lane = Lane::open(mobile, IN_MEMORY_MAX, PAUSE_MAX, &outbox).unwrap();
        assert_eq!(
            (lane.len(), lane.oldest()),
            (13, Some(Timestamp::from_milliseconds(7)))
        );
        let mut sent = Vec::new();
        let mut next = 23;
        while lane.len() > 0 {
            lane.refill(&outbox).unwrap();
            assert!(
                lane.waiting.len() <= IN_MEMORY_MAX,
                "{}",
                lane.waiting.len()
            );
            let due = lane.take_due(AT_ONCE).unwrap();
            // The first try of every third fails.
            let known = lane.settle(due).unwrap();
            if number(due).is_multiple_of(3) && known.attempts == 0 {
                let again = Waiting {
                    due: AT_ONCE,
                    attempts: 1,
                    ..known
                };
                lane.put(due, again);
                continue;
            }
            let changes = Changes {
                done: vec![(due, mobile)],
                ..Changes::default()
            };
            outbox.write(&changes).unwrap();
            sent.push(number(due));
            // And new ones come while there are old ones.
            if next < 40 {
                write(&outbox, next..next + 1, mobile);
                lane.follow(key(next), waiting(mobile));
                next += 1;
            }
        }
        sent.sort_unstable();
        assert_eq!(sent, (10..40).collect::<Vec<_>>());
        assert_eq!(lane.under_way(), 0);
        assert_eq!(outbox.waiting(mobile, Key::FIRST).count(), 0);
        assert_eq!(outbox.waiting(ChannelKind::Email, Key::FIRST).count(), 10);
    }

    #[test]
    fn a_dead_letter_called_back_from_beyond_is_sent_once() {
        let folder = tempfile::tempdir().unwrap();
        let outbox = open_outbox(folder.path());
        let email = ChannelKind::Email;
        write(&outbox, 0..8, email);
        let mut lane = Lane::open(email, IN_MEMORY_MAX, PAUSE_MAX, &outbox).unwrap();
        write(&outbox, 20..21, email);
        lane.revive(key(20), waiting(email));
        let mut sent = Vec::new();
        while let Some(due) = lane.take_due(AT_ONCE) {
            lane.settle(due).unwrap();
            let changes = Changes {
                done: vec![(due, email)],
                ..Changes::default()
            };
            outbox.write(&changes).unwrap();
            sent.push(number(due));
            lane.refill(&outbox).unwrap();
        }
        sent.sort_unstable();
        assert_eq!(sent, [0, 1, 2, 3, 4, 5, 6, 7, 20]);
        assert_eq!(lane.len(), 0);
    }

    #[test]
    fn many_dead_letters_are_called_back_and_few_are_in_memory() {
        let folder = tempfile::tempdir().unwrap();
        let outbox = open_outbox(folder.path());
        let email = ChannelKind::Email;
        write(&outbox, 20..30, email);
        let mut lane = Lane::open(email, IN_MEMORY_MAX, PAUSE_MAX, &outbox).unwrap();
        write(&outbox, 0..10, email);
        for position in (0..10).rev() {
            lane.revive(key(position), waiting(email));
            assert!(lane.waiting.len() <= IN_MEMORY_MAX);
        }
        assert_eq!(lane.len(), 20);
        let mut sent = Vec::new();
        while let Some(due) = lane.take_due(AT_ONCE) {
            lane.settle(due).unwrap();
            let changes = Changes {
                done: vec![(due, email)],
                ..Changes::default()
            };
            outbox.write(&changes).unwrap();
            sent.push(number(due));
            lane.refill(&outbox).unwrap();
            assert!(lane.waiting.len() <= IN_MEMORY_MAX);
        }
        sent.sort_unstable();
        assert_eq!(sent, (0..10).chain(20..30).collect::<Vec<_>>());
        assert_eq!(lane.len(), 0);
    }
}
