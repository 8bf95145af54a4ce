//! What every engine has to keep: what it promises of the head and the entries. What it promises of leases is in `leases.rs`.

mod engines;
mod leases;

use super::*;
use crate::etcd::ENTRY_BYTES_MAX;
use engines::each_engine;

const AT_ONCE: Duration = Duration::ZERO;
const SHORTLY: Duration = Duration::from_millis(100);

#[test]
fn is_begun_once() {
    each_engine(|engine| {
        let [one, other] = [engine.connect(), engine.connect()];
        assert_eq!(one.config().unwrap(), None);
        assert_eq!(one.head().unwrap(), None);
        assert_eq!(one.first().unwrap(), None);
        let revision = begin(one.as_ref());
        let another = Config {
            partitions: 9,
            ..config()
        };
        assert!(!other.begin(&another, &head(7)).unwrap());
        assert_eq!(other.config().unwrap(), Some(config()));
        assert_eq!(other.head().unwrap(), Some((head(0), revision)));
        assert_eq!(other.first().unwrap(), None);
    });
}

#[test]
fn keeps_what_was_appended() {
    each_engine(|engine| {
        let [one, other] = [engine.connect(), engine.connect()];
        let begun = begin(one.as_ref());
        let last = append_all(one.as_ref(), begun, 1..=20);
        assert!(last > begun);
        assert_eq!(other.head().unwrap(), Some((head(20), last)));
        assert_eq!(other.first().unwrap(), Some(1));
        let mut follow = other.follow(1).unwrap();
        assert_follows(follow.as_mut(), 1..=20);
        assert_eq!(follow.next(SHORTLY).unwrap(), Followed::Nothing);
    });
}

#[test]
fn appends_to_the_expected_head_only() {
    each_engine(|engine| {
        let [one, other] = [engine.connect(), engine.connect()];
        let begun = begin(one.as_ref());
        let first = append(one.as_ref(), begun, 1);
        let taken_over = owned(1, "n2");
        for expected in [begun, Revision(first.0 + 1), Revision(0)] {
            let appended = other.append(expected, &taken_over, b"stale", 0).unwrap();
            assert_eq!(appended, Appended::Other(head(1), first));
        }
        assert_eq!(one.head().unwrap(), Some((head(1), first)));
        assert_follows(one.follow(1).unwrap().as_mut(), [1]);
        // What is refused deletes nothing either.
        let last = append_all(one.as_ref(), first, 2..=5);
        let appended = other.append(first, &owned(6, "n2"), b"stale", 5).unwrap();
        assert_eq!(appended, Appended::Other(head(5), last));
        assert_eq!(one.first().unwrap(), Some(1));
    });
}

/// Two nodes try to append at the same head, again and again.
#[test]
fn one_of_two_wins_each_time() {
    each_engine(|engine| {
        let [one, other] = [engine.connect(), engine.connect()];
        begin(one.as_ref());
        let race = |log: &dyn ReplicatedLog, name: &str| {
            let mut won = 0;
            let (mut at, mut revision) = log.head().unwrap().unwrap();
            while at.number < 1000 {
                let next = owned(at.number + 1, name);
                match log.append(revision, &next, name.as_bytes(), 0).unwrap() {
                    Appended::Done(new) => {
                        won += 1;
                        (at, revision) = (next, new);
                    }
                    Appended::Other(head, new) => {
                        assert!(new > revision && head.number > at.number);
                        (at, revision) = (head, new);
                    }
                }
            }
            won
        };
        let won: u64 = std::thread::scope(|scope| {
            let (log, race) = (other.as_ref(), &race);
            let other = scope.spawn(move || race(log, "n2"));
            race(one.as_ref(), "n1") + other.join().unwrap()
        });
        assert_eq!(won, 1000);
        let mut follow = one.follow(1).unwrap();
        for number in 1..=1000 {
            assert_eq!(next(follow.as_mut()).0, number);
        }
    });
}

#[test]
fn follows_what_comes_later() {
    each_engine(|engine| {
        let [one, other] = [engine.connect(), engine.connect()];
        let mut early = other.follow(1).unwrap();
        assert_eq!(early.next(AT_ONCE).unwrap(), Followed::Nothing);
        let mut revision = begin(one.as_ref());
        assert_eq!(early.next(SHORTLY).unwrap(), Followed::Nothing);
        revision = append_all(one.as_ref(), revision, 1..=3);
        assert_follows(early.as_mut(), 1..=3);
        let mut late = other.follow(3).unwrap();
        assert_follows(late.as_mut(), [3]);
        let mut ahead = other.follow(5).unwrap();
        assert_eq!(ahead.next(SHORTLY).unwrap(), Followed::Nothing);
        for number in 4..50 {
            revision = append(one.as_ref(), revision, number);
            assert_follows(early.as_mut(), [number]);
        }
        assert_follows(late.as_mut(), 4..50);
        assert_follows(ahead.as_mut(), 5..50);
        assert_eq!(early.next(SHORTLY).unwrap(), Followed::Nothing);
    });
}

#[test]
fn says_who_is_behind_what_was_trimmed() {
    each_engine(|engine| {
        let log = engine.connect();
        let revision = begin(log.as_ref());
        let revision = append_all(log.as_ref(), revision, 1..=9);
        let mut follow = log.follow(1).unwrap();
        assert_follows(follow.as_mut(), 1..=9);
        append_and_trim(log.as_ref(), revision, 10, 6);
        assert_eq!(log.first().unwrap(), Some(6));
        // It has what was trimmed already.
        assert_follows(follow.as_mut(), [10]);
        for from in [1, 5] {
            let mut follow = log.follow(from).unwrap();
            for _ in 0..2 {
                let found = follow.next(PATIENCE).unwrap();
                assert_eq!(found, Followed::Behind(Some(6)));
            }
        }
        assert_follows(log.follow(6).unwrap().as_mut(), 6..=10);
    });
}

/// A log that goes on from a journal begins with a head whose entry nobody has.
#[test]
fn says_who_is_behind_an_empty_log() {
    each_engine(|engine| {
        let log = engine.connect();
        assert!(log.begin(&config(), &head(5)).unwrap());
        let found = log.follow(5).unwrap().next(PATIENCE).unwrap();
        assert_eq!(found, Followed::Behind(None));
        assert_eq!(
            log.follow(6).unwrap().next(SHORTLY).unwrap(),
            Followed::Nothing
        );
    });
}

/// More of them than a follower reads ahead, before it follows and while it does.
#[test]
fn takes_entries_of_any_length() {
    each_engine(|engine| {
        let log = engine.connect();
        let mut revision = begin(log.as_ref());
        let lengths: Vec<usize> = [0, 1, 1000, ENTRY_BYTES_MAX, 1 << 20]
            .into_iter()
            .chain([100; 20])
            .chain([1 << 20; 8])
            .collect();
        let bytes = |number: usize| vec![number as u8; lengths[number % lengths.len()]];
        let count = 2 * lengths.len();
        let mut follow = None;
        for number in 0..count {
            if number == lengths.len() {
                follow = Some(log.follow(1).unwrap());
            }
            let head = head(number as u64 + 1);
            let appended = log.append(revision, &head, &bytes(number), 0).unwrap();
            let Appended::Done(new) = appended else {
                panic!("{appended:?}");
            };
            revision = new;
        }
        let mut follow = follow.unwrap();
        for number in 0..count {
            let found = next(follow.as_mut());
            assert!(
                found == (number as u64 + 1, bytes(number)),
                "entry {}",
                found.0
            );
        }
    });
}

#[test]
fn gives_its_figures() {
    each_engine(|engine| {
        let log = engine.connect();
        begin(log.as_ref());
        let status = log.status().unwrap();
        assert_eq!((status.members, status.members_up), (1, 1));
        assert!(!status.version.is_empty() && status.leader != 0);
        assert_eq!(status.alarms, Vec::<String>::new());
        log.compact().unwrap();
    });
}

/// A node that knows nothing of the others sees only its own cluster.
#[test]
fn needs_no_runtime_of_its_users() {
    each_engine(|engine| {
        let log = engine.connect();
        let follow = log.follow(1).unwrap();
        let lease = log.lease(Duration::from_secs(5)).unwrap();
        // In any order.
        drop(log);
        drop(lease);
        drop(follow);
    });
}
