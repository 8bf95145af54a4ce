//! Members that die, stop and come back.

use std::sync::atomic::{AtomicBool, Ordering};

use super::*;

/// Three members, and the number of the one that leads.
fn three(folder: &TempDir) -> (EtcdRig, usize) {
    let rig = EtcdRig::start(&options(folder.path(), 3));
    let leader = rig.leader();
    (rig, leader)
}

/// A client that asks this member first.
fn asking(rig: &EtcdRig, member: usize) -> Etcd {
    let mut settings = rig.settings("members");
    settings.endpoints.rotate_left(member);
    Etcd::new(settings).unwrap()
}

/// Appends as an owner does, which reads the head where it knows nothing. What it took, at most.
fn append_surely(log: &Etcd, revision: &mut Revision, number: u64) -> Duration {
    let since = Instant::now();
    while since.elapsed() < PATIENCE {
        let found = match log.append(*revision, &head(number), &entry(number), 0) {
            Ok(Appended::Done(new)) => {
                *revision = new;
                return since.elapsed();
            }
            Ok(Appended::Other(head, new)) => Some((head, new)),
            Err(LogError::Unavailable(_)) => log.head().ok().flatten(),
            Err(error) => panic!("{error}"),
        };
        match found {
            Some((found, new)) if found == head(number) => {
                *revision = new;
                return since.elapsed();
            }
            Some((_, same)) => assert_eq!(same, *revision, "somebody else has appended"),
            None => {}
        }
    }
    panic!("entry {number} can't be appended");
}

#[test]
fn appends_and_followers_go_on_while_members_die() {
    let folder = tempfile::tempdir().unwrap();
    let (mut rig, leader) = three(&folder);
    let log = asking(&rig, leader);
    let mut revision = begin(&log);
    let mut slowest = Duration::ZERO;
    let mut append_some = |numbers: std::ops::Range<u64>| {
        for number in numbers {
            slowest = slowest.max(append_surely(&log, &mut revision, number));
        }
    };
    let followers = [0, 1, 2].map(|member| asking(&rig, member));
    std::thread::scope(|scope| {
        for log in &followers {
            let mut follow = log.follow(1).unwrap();
            scope.spawn(move || assert_follows(follow.as_mut(), 1..500));
        }
        append_some(1..100);
        rig.kill(leader);
        append_some(100..200);
        rig.start_again(leader);
        assert!(rig.is_ready(3, PATIENCE));
        append_some(200..300);
        let leader = rig.leader();
        rig.kill(leader);
        append_some(300..400);
        rig.start_again(leader);
        assert!(rig.is_ready(3, PATIENCE));
        append_some(400..500);
    });
    println!("slowest append: {slowest:?}");
}

/// The kernel of a stopped process goes on accepting connections and acknowledging bytes.
#[test]
fn a_stopped_member_costs_a_deadline_at_most() {
    let folder = tempfile::tempdir().unwrap();
    let (rig, leader) = three(&folder);
    let stopped = (leader + 1) % 3;
    let log = asking(&rig, stopped);
    let mut revision = begin(&log);
    revision = append_all(&log, revision, 1..10);
    let mut follow = log.follow(1).unwrap();
    assert_follows(follow.as_mut(), 1..10);
    let mut lease = log.lease(Duration::from_secs(5)).unwrap();
    assert!(lease.renew().unwrap());
    rig.stop(stopped);
    let measured = |what: &str, act: &mut dyn FnMut()| {
        let since = Instant::now();
        act();
        let took = since.elapsed();
        println!("{what}: {took:?}");
        assert!(took < Duration::from_secs(4), "{what}: {took:?}");
    };
    measured("append", &mut || {
        let error = log.append(revision, &head(10), &entry(10), 0).unwrap_err();
        assert!(matches!(error, LogError::Unavailable(_)), "{error}");
    });
    measured("head", &mut || drop(log.head().unwrap()));
    measured("append again", &mut || {
        append_surely(&log, &mut revision, 10);
    });
    measured("renew", &mut || assert!(lease.renew().unwrap()));
    measured("follow", &mut || assert_follows(follow.as_mut(), [10]));
    measured("claimed", &mut || drop(log.claimed().unwrap()));
    let status = log.status().unwrap();
    assert_eq!((status.members_up, status.members), (2, 3));
    // A new client, whose first member it is.
    let other = asking(&rig, stopped);
    measured("a new client's append", &mut || {
        append_surely(&other, &mut revision, 11);
    });
    measured("a new client's follower", &mut || {
        assert_follows(asking(&rig, stopped).follow(11).unwrap().as_mut(), [11]);
    });
    rig.go_on(stopped);
    assert_follows(follow.as_mut(), [11]);
}

/// The others have to elect a new leader first.
#[test]
fn a_stopped_leader_costs_an_election() {
    let folder = tempfile::tempdir().unwrap();
    let (rig, _) = three(&folder);
    for (who, distance) in [("it", 0), ("another member", 1)] {
        let leader = rig.leader();
        let log = asking(&rig, (leader + distance) % 3);
        let mut revision = match log.head().unwrap() {
            None => begin(&log),
            Some((_, revision)) => revision,
        };
        let number = log.head().unwrap().unwrap().0.number + 1;
        append_surely(&log, &mut revision, number);
        rig.stop(leader);
        let took = append_surely(&log, &mut revision, number + 1);
        println!("the leader stops while {who} is asked: {took:?}");
        rig.go_on(leader);
        assert!(rig.is_ready(3, PATIENCE));
    }
}

/// What an append takes: `cargo test -p tessera-cluster --release measures -- --ignored --nocapture`.
#[test]
#[ignore = "measures"]
fn measures_appends() {
    let folder = tempfile::tempdir().unwrap();
    let (rig, leader) = three(&folder);
    for (place, first) in [("leader", leader), ("follower", (leader + 1) % 3)] {
        let log = asking(&rig, first);
        let (mut at, mut revision) = log
            .head()
            .unwrap()
            .unwrap_or_else(|| (head(0), begin(&log)));
        for kib in [4, 64, 256, 1024] {
            let entry = vec![7; kib * 1024];
            let mut took: Vec<Duration> = Vec::new();
            for _ in 0..200 {
                at = head(at.number + 1);
                let since = Instant::now();
                let trim = at.number.saturating_sub(10);
                match log.append(revision, &at, &entry, trim).unwrap() {
                    Appended::Done(new) => revision = new,
                    other => panic!("{other:?}"),
                }
                took.push(since.elapsed());
            }
            took.sort();
            let [median, late] = [took[100], took[198]];
            println!("{kib} KiB at the {place}: median {median:?}, 99 % {late:?}");
        }
    }
}

/// One that can't reach the others any more may still answer, and must not be believed.
#[test]
fn a_follower_says_that_it_is_blind() {
    let folder = tempfile::tempdir().unwrap();
    let (mut rig, leader) = three(&folder);
    let alone = (leader + 2) % 3;
    let log = asking(&rig, alone);
    let mut revision = begin(&log);
    let mut follow = log.follow(1).unwrap();
    revision = append(&log, revision, 1);
    assert_follows(follow.as_mut(), [1]);
    for member in [leader, (leader + 1) % 3] {
        rig.kill(member);
    }
    let blind = || match follow.next(Duration::from_millis(100)) {
        Ok(Followed::Nothing) => false,
        Err(LogError::Unavailable(_)) => true,
        other => panic!("{other:?}"),
    };
    wait_until(blind);
    assert!(log.append(revision, &head(2), &entry(2), 0).is_err());
    assert!(log.head().is_err() && log.claimed().is_err());
    for member in [leader, (leader + 1) % 3] {
        rig.start_again(member);
    }
    assert!(rig.is_ready(3, PATIENCE));
    append_surely(&log, &mut revision, 2);
    assert_follows(follow.as_mut(), [2]);
}

/// The claim is freed when its node has gone, even where etcd's leader goes with it.
#[test]
fn a_claim_ends_while_members_die() {
    let folder = tempfile::tempdir().unwrap();
    let (mut rig, leader) = three(&folder);
    let [one, other] = [asking(&rig, leader), asking(&rig, (leader + 1) % 3)];
    let mut lease = one.lease(Duration::from_secs(2)).unwrap();
    assert_eq!(lease.claim(&node("n1")).unwrap(), Claim::Ours);
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| other.unclaimed(PATIENCE).unwrap());
        rig.kill(leader);
        // It is renewed until its node goes too. An election may take longer than a renewal tries.
        wait_until(|| lease.renew().is_ok_and(|lives| lives));
        let since = Instant::now();
        assert_eq!(waiting.join().unwrap(), None);
        println!("claim ended after {:?}", since.elapsed());
    });
    assert!(!lease.renew().unwrap());
}

/// A watch that breaks has nothing to go on from, and the follower reads what it has missed.
#[test]
fn followers_need_no_history() {
    let folder = tempfile::tempdir().unwrap();
    let (mut rig, leader) = three(&folder);
    let [log, other] = [asking(&rig, leader), asking(&rig, (leader + 1) % 3)];
    let mut revision = begin(&log);
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let mut follow = other.follow(1).unwrap();
        let follower = scope.spawn(move || assert_follows(follow.as_mut(), 1..300));
        let compactor = scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                let _ = log.compact_all();
            }
        });
        for number in 1..300 {
            append_surely(&log, &mut revision, number);
            if number % 100 == 50 {
                let member = (leader + 1) % 3;
                rig.kill(member);
                rig.start_again(member);
            }
        }
        done.store(true, Ordering::Relaxed);
        compactor.join().unwrap();
        follower.join().unwrap();
    });
}
