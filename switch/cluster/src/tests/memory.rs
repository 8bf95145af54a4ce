//! The faults of the engine in memory.

use super::*;

#[test]
fn a_lost_answer_says_nothing() {
    let memory = Memory::default();
    let log = memory.connect();
    let begun = begin(&log);
    let lose = |loss| {
        log.lose(loss);
        let error = log.append(begun, &head(1), &entry(1), 0).unwrap_err();
        assert!(matches!(error, LogError::Unavailable(_)), "{error}");
    };
    lose(Loss::NotDone);
    assert_eq!(log.head().unwrap(), Some((head(0), begun)));
    lose(Loss::Late);
    assert_eq!(log.head().unwrap(), Some((head(0), begun)));
    memory.land();
    assert_eq!(log.head().unwrap().unwrap().0, head(1));
    let first = log.head().unwrap().unwrap().1;
    // One that is late meets another head, and changes nothing.
    lose(Loss::Late);
    memory.land();
    assert_eq!(log.head().unwrap(), Some((head(1), first)));
    log.lose(Loss::Done);
    assert!(log.append(first, &head(2), &entry(2), 0).is_err());
    assert_eq!(log.head().unwrap().unwrap().0, head(2));
    assert_eq!(memory.numbers(), [1, 2]);
}

#[test]
fn a_cut_line_is_one_nodes() {
    let memory = Memory::default();
    let [one, other] = [memory.connect(), memory.connect()];
    let revision = append(&one, begin(&one), 1);
    let mut follow = other.follow(1).unwrap();
    let mut lease = other.lease(Duration::from_secs(3)).unwrap();
    other.cut(true);
    assert!(follow.next(Duration::ZERO).is_err());
    assert!(lease.renew().is_err() && other.head().is_err() && other.claimed().is_err());
    append(&one, revision, 2);
    other.cut(false);
    assert_follows(follow.as_mut(), 1..=2);
    assert!(lease.renew().unwrap());
}

#[test]
fn is_full_where_a_test_says_so() {
    let memory = Memory::default();
    let log = memory.connect();
    let revision = begin(&log);
    memory.fill(true);
    let error = log.append(revision, &head(1), &entry(1), 0).unwrap_err();
    assert!(matches!(error, LogError::Full(_)), "{error}");
    memory.fill(false);
    append(&log, revision, 1);
    memory.wipe();
    assert_eq!(log.head().unwrap(), None);
}

#[test]
fn an_append_may_take_long() {
    let log = Memory::default().connect();
    let revision = begin(&log);
    log.delay(Duration::from_millis(20));
    let since = Instant::now();
    append(&log, revision, 1);
    assert!(since.elapsed() >= Duration::from_millis(20));
}
