//! What every engine promises of leases.

use super::*;

const TTL: Duration = Duration::from_secs(2);

fn report(name: &str, synced: u64) -> NodeReport {
    NodeReport {
        node: node(name),
        synced,
        build: "test".into(),
        peer: Some("10.0.0.1:7000".into()),
        needs: None,
        state: Default::default(),
    }
}

#[test]
fn one_lease_has_the_claim() {
    each_engine(|engine| {
        let [one, other] = [engine.connect(), engine.connect()];
        let [mut ours, mut theirs] = [&one, &other].map(|log| log.lease(TTL).unwrap());
        assert_eq!(one.claimed().unwrap(), None);
        assert_eq!(one.unclaimed(PATIENCE).unwrap(), None);
        for _ in 0..2 {
            assert_eq!(ours.claim(&node("n1")).unwrap(), Claim::Ours);
        }
        assert_eq!(
            theirs.claim(&node("n2")).unwrap(),
            Claim::Others(node("n1"))
        );
        assert_eq!(other.claimed().unwrap(), Some(node("n1")));
        assert_eq!(other.unclaimed(SHORTLY).unwrap(), Some(node("n1")));
        ours.revoke().unwrap();
        assert_eq!(one.claimed().unwrap(), None);
        assert_eq!(theirs.claim(&node("n2")).unwrap(), Claim::Ours);
        let mut later = one.lease(TTL).unwrap();
        assert_eq!(later.claim(&node("n1")).unwrap(), Claim::Others(node("n2")));
    });
}

#[test]
fn a_claim_is_seized_from_a_lease_that_lives() {
    each_engine(|engine| {
        let [one, other] = [engine.connect(), engine.connect()];
        let [mut ours, mut barrier] = [&one, &other].map(|log| log.lease(TTL).unwrap());
        let (n1, n2) = (node("n1"), node("n2"));
        assert!(!ours.has_claim().unwrap());
        assert_eq!(barrier.seize(&n1, &n2, TTL).unwrap(), None);
        assert_eq!(ours.claim(&n1).unwrap(), Claim::Ours);
        assert!(ours.has_claim().unwrap());
        // Another node has it than the one that is meant.
        assert_eq!(barrier.seize(&n2, &n2, TTL).unwrap(), None);
        assert!(ours.has_claim().unwrap());
        // It would have to keep the others away for longer than it was made for.
        let refused = barrier.seize(&n1, &n2, TTL / 2).unwrap_err();
        assert!(matches!(refused, LogError::Unusable(_)), "{refused}");
        assert!(ours.has_claim().unwrap());
        assert!(barrier.seize(&n1, &n2, TTL).unwrap().unwrap() >= TTL);
        assert!(!ours.has_claim().unwrap());
        assert!(ours.renew().unwrap());
        assert_eq!(ours.claim(&n1).unwrap(), Claim::Others(n2.clone()));
        assert_eq!(one.claimed().unwrap(), Some(n2));
        barrier.revoke().unwrap();
        assert_eq!(ours.claim(&n1).unwrap(), Claim::Ours);
    });
}

#[test]
fn a_request_to_hand_over_lives_as_long_as_its_lease() {
    each_engine(|engine| {
        let [one, other] = [engine.connect(), engine.connect()];
        let [mut ours, mut theirs] = [&one, &other].map(|log| log.lease(TTL).unwrap());
        let request = |id| HandOver {
            id,
            epoch: 3,
            to: Some(node("n2")),
            forced: false,
        };
        assert_eq!(one.hand_over().unwrap(), None);
        assert!(ours.ask_hand_over(&request(7)).unwrap());
        assert!(!theirs.ask_hand_over(&request(8)).unwrap());
        assert_eq!(other.hand_over().unwrap(), Some(request(7)));
        ours.revoke().unwrap();
        assert_eq!(one.hand_over().unwrap(), None);
        assert!(theirs.ask_hand_over(&request(8)).unwrap());
        theirs.revoke().unwrap();
    });
}

/// A node that starts again meets the claim of its former process.
#[test]
fn an_earlier_lease_of_the_same_node_is_another() {
    each_engine(|engine| {
        let log = engine.connect();
        let [mut former, mut now] = [(); 2].map(|()| log.lease(TTL).unwrap());
        assert_eq!(former.claim(&node("n1")).unwrap(), Claim::Ours);
        assert_eq!(now.claim(&node("n1")).unwrap(), Claim::Others(node("n1")));
        former.revoke().unwrap();
        assert_eq!(now.claim(&node("n1")).unwrap(), Claim::Ours);
    });
}

#[test]
fn reports_live_as_long_as_their_leases() {
    each_engine(|engine| {
        let log = engine.connect();
        let [mut one, mut other] = [(); 2].map(|()| log.lease(TTL).unwrap());
        assert_eq!(log.nodes().unwrap(), []);
        one.report(&report("n1", 7)).unwrap();
        other.report(&report("n2", 8)).unwrap();
        one.report(&report("n1", 9)).unwrap();
        let all = [report("n1", 9), report("n2", 8)];
        assert_eq!(log.nodes().unwrap(), all);
        one.revoke().unwrap();
        assert_eq!(log.nodes().unwrap(), all[1..]);
    });
}

/// Nobody renews, until the lease has ended.
#[test]
fn what_is_not_renewed_ends() {
    each_engine(|engine| {
        let [one, other] = [engine.connect(), engine.connect()];
        let mut lease = one.lease(TTL).unwrap();
        assert_eq!(lease.claim(&node("n1")).unwrap(), Claim::Ours);
        lease.report(&report("n1", 1)).unwrap();
        assert!(lease.renew().unwrap());
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| other.unclaimed(PATIENCE).unwrap());
            engine.expire(&node("n1"));
            assert_eq!(waiting.join().unwrap(), None);
        });
        assert_eq!(one.claimed().unwrap(), None);
        assert_eq!(one.nodes().unwrap(), []);
        assert!(!lease.renew().unwrap());
        assert!(!lease.renew().unwrap());
        let too_late = lease.claim(&node("n1")).unwrap_err();
        assert!(matches!(too_late, LogError::Unavailable(_)), "{too_late}");
        assert!(lease.report(&report("n1", 2)).is_err());
        lease.revoke().unwrap();
    });
}

#[test]
fn what_is_renewed_lives() {
    each_engine(|engine| {
        let log = engine.connect();
        let mut lease = log.lease(TTL).unwrap();
        assert_eq!(lease.claim(&node("n1")).unwrap(), Claim::Ours);
        let since = Instant::now();
        while since.elapsed() < TTL * 2 && engine.counts_time() {
            assert!(lease.renew().unwrap());
            std::thread::sleep(TTL / 10);
        }
        assert_eq!(log.claimed().unwrap(), Some(node("n1")));
    });
}

/// Those who wait learn of it at once, not when they look the next time.
#[test]
fn who_waits_for_the_claim_is_woken() {
    each_engine(|engine| {
        let [one, other] = [engine.connect(), engine.connect()];
        let mut slowest = Duration::ZERO;
        for _ in 0..5 {
            let mut lease = one.lease(TTL).unwrap();
            assert_eq!(lease.claim(&node("n1")).unwrap(), Claim::Ours);
            std::thread::scope(|scope| {
                let waiting = scope.spawn(|| {
                    assert_eq!(other.unclaimed(PATIENCE).unwrap(), None);
                    Instant::now()
                });
                // It may or may not watch by then: it learns of it in any case.
                std::thread::sleep(Duration::from_millis(50));
                lease.revoke().unwrap();
                let revoked = Instant::now();
                let woken = waiting.join().unwrap();
                slowest = slowest.max(woken.saturating_duration_since(revoked));
            });
        }
        println!("woken {slowest:?} after the end of the claim, at the latest");
    });
}
