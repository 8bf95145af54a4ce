use super::*;

fn secret(text: &str) -> Secret {
    Secret::new(text.as_bytes())
}

/// Tries with a digest of their own each.
struct Guesser {
    throttle: Throttle,
    made: u128,
    now: Instant,
}

impl Guesser {
    fn new(account_tries: u32, address_tries: u32) -> Self {
        let settings = ThrottleSettings {
            account_tries,
            address_tries,
        };
        Self {
            throttle: Throttle::new(settings),
            made: 0,
            now: Instant::now(),
        }
    }

    fn one(&mut self, account: u64, address: Option<&str>) -> Try {
        self.made += 1;
        let address = address.map(secret);
        let digest = self.made.to_le_bytes();
        self.throttle
            .try_of(Some(WalletId(account)), address.as_ref(), digest)
    }

    fn reserve(&self, one: &Try) -> Verdict {
        self.throttle.reserve(one, self.now)
    }

    fn settle(&self, one: &Try, settled: Settled) {
        self.throttle.settle(one, settled, self.now);
    }

    /// A wrong password: how many seconds it had to wait.
    fn guess(&mut self, account: u64, address: Option<&str>) -> u64 {
        let one = self.one(account, address);
        let mut waited = 0;
        while let Verdict::TooEarly(wait) = self.reserve(&one) {
            assert!(wait <= DELAY_MAX, "{wait:?}");
            self.now += wait;
            waited += wait.as_secs();
        }
        self.settle(&one, Settled::Counts);
        waited
    }
}

#[test]
fn delays_double_until_the_right_password_comes() {
    let mut guesser = Guesser::new(3, 30);
    let waits: Vec<u64> = (0..8).map(|_| guesser.guess(1, None)).collect();
    assert_eq!(waits, [0, 0, 0, 1, 2, 4, 8, 16]);
    guesser.now += Duration::from_secs(32);
    let right = guesser.one(1, None);
    assert_eq!(guesser.reserve(&right), Verdict::Check);
    guesser.settle(&right, Settled::Right);
    let waits: Vec<u64> = (0..4).map(|_| guesser.guess(1, None)).collect();
    assert_eq!(waits, [0, 0, 0, 1]);
}

#[test]
fn no_delay_is_longer_than_a_quarter_of_an_hour_and_time_forgets() {
    let mut guesser = Guesser::new(3, 30);
    for _ in 0..40 {
        guesser.guess(1, None);
    }
    guesser.now += Duration::from_secs(24 * 60 * 60);
    assert_eq!((0..3).map(|_| guesser.guess(1, None)).sum::<u64>(), 0);
}

#[test]
fn right_passwords_add_to_no_count_and_lengthen_no_delay() {
    let mut guesser = Guesser::new(3, 2);
    let address = Some("192.0.2.1");
    for account in 0..100 {
        let one = guesser.one(account, address);
        assert_eq!(guesser.reserve(&one), Verdict::Check, "{account}");
        guesser.settle(&one, Settled::Right);
    }
    guesser.guess(1, address);
    guesser.guess(2, address);
    // A minute after the last wrong one it is forgotten, whatever right ones came in between.
    for _ in 0..6 {
        guesser.now += Duration::from_secs(10);
        let one = guesser.one(3, address);
        assert_eq!(guesser.reserve(&one), Verdict::Check);
        guesser.settle(&one, Settled::Right);
    }
    assert_eq!(guesser.guess(4, address), 0);
}

#[test]
fn a_try_whose_password_was_not_checked_is_none() {
    let mut guesser = Guesser::new(3, 30);
    for _ in 0..100 {
        let one = guesser.one(1, Some("192.0.2.1"));
        assert_eq!(guesser.reserve(&one), Verdict::Check);
        guesser.settle(&one, Settled::NotChecked);
    }
}

#[test]
fn no_more_tries_are_under_way_than_are_left() {
    let mut guesser = Guesser::new(3, 30);
    guesser.guess(1, None);
    let tries = [(); 3].map(|()| guesser.one(1, None));
    assert_eq!(guesser.reserve(&tries[0]), Verdict::Check);
    assert_eq!(guesser.reserve(&tries[1]), Verdict::Check);
    assert_eq!(guesser.reserve(&tries[2]), Verdict::Wait);
    // A right password forgets what was counted, and not what is under way.
    guesser.settle(&tries[0], Settled::Right);
    let more = [(); 3].map(|()| guesser.one(1, None));
    assert_eq!(guesser.reserve(&more[0]), Verdict::Check);
    assert_eq!(guesser.reserve(&more[1]), Verdict::Check);
    assert_eq!(guesser.reserve(&more[2]), Verdict::Wait);
    for one in [&tries[1], &more[0], &more[1]] {
        guesser.settle(one, Settled::Counts);
    }
    assert!(matches!(guesser.reserve(&more[2]), Verdict::TooEarly(_)));
    // Once the delay is over, one at a time.
    guesser.now += Duration::from_secs(1);
    assert_eq!(guesser.reserve(&more[2]), Verdict::Check);
    let next = guesser.one(1, None);
    assert_eq!(guesser.reserve(&next), Verdict::Wait);
}

#[test]
fn a_repeat_of_the_last_wrong_request_is_no_further_try() {
    let mut guesser = Guesser::new(3, 30);
    let one = guesser.one(1, Some("192.0.2.1"));
    // Twice at the same time, and then again.
    assert_eq!(guesser.reserve(&one), Verdict::Check);
    assert_eq!(guesser.reserve(&one), Verdict::Check);
    guesser.settle(&one, Settled::Counts);
    guesser.settle(&one, Settled::Counts);
    for _ in 0..8 {
        assert_eq!(guesser.reserve(&one), Verdict::KnownWrong);
    }
    let waits: Vec<u64> = (0..3).map(|_| guesser.guess(1, None)).collect();
    assert_eq!(waits, [0, 0, 1], "it counted once");
    // Not any more, once a right password came: it may be the right one by now.
    let mut guesser = Guesser::new(3, 30);
    let (wrong, right) = (guesser.one(1, None), guesser.one(1, None));
    assert_eq!(guesser.reserve(&wrong), Verdict::Check);
    guesser.settle(&wrong, Settled::Counts);
    assert_eq!(guesser.reserve(&right), Verdict::Check);
    guesser.settle(&right, Settled::Right);
    assert_eq!(guesser.reserve(&wrong), Verdict::Check);
}

#[test]
fn a_full_table_drops_what_has_no_delay_and_keeps_what_has_one() {
    let mut guesser = Guesser::new(3, 30);
    guesser.throttle.keys_max = 8;
    for _ in 0..6 {
        guesser.guess(1_000, None);
    }
    let under_way = guesser.one(2_000, None);
    assert_eq!(guesser.reserve(&under_way), Verdict::Check);
    for account in 0..6 {
        guesser.guess(account, None);
    }
    // One too many: there is space again, but not for the attacked account.
    assert_eq!(guesser.guess(6, None), 0);
    assert!(guesser.throttle.lock().counts.len() <= 8);
    let guess = guesser.one(1_000, None);
    assert!(matches!(guesser.reserve(&guess), Verdict::TooEarly(_)));
    // And the table is not read again at once.
    for account in 7..12 {
        guesser.guess(account, None);
    }
    let more = guesser.one(12, None);
    assert_eq!(guesser.reserve(&more), Verdict::TooEarly(SWEPT_EVERY));
    assert_eq!(guesser.guess(7, None), 0);
    guesser.now += SWEPT_EVERY;
    assert_eq!(guesser.reserve(&more), Verdict::Check);
    // What was under way all the time is still known.
    let others = [(); 2].map(|()| guesser.one(2_000, None));
    assert_eq!(guesser.reserve(&others[0]), Verdict::Check);
    assert_eq!(guesser.reserve(&others[1]), Verdict::Check);
    let last = guesser.one(2_000, None);
    assert_eq!(guesser.reserve(&last), Verdict::Wait);
}

#[test]
fn an_address_that_tries_many_accounts_is_slowed_down_too() {
    let mut guesser = Guesser::new(3, 5);
    let address = Some("192.0.2.1");
    for account in 0..5 {
        assert_eq!(guesser.guess(account, address), 0);
    }
    assert_eq!(guesser.guess(9, Some("192.0.2.2")), 0);
    assert_eq!(guesser.guess(10, address), 1);
    // All at the same time: no more than it has left.
    let mut guesser = Guesser::new(3, 5);
    let tries: Vec<Try> = (0..6)
        .map(|account| guesser.one(account, address))
        .collect();
    let verdicts: Vec<Verdict> = tries.iter().map(|one| guesser.reserve(one)).collect();
    assert!(
        verdicts[..5]
            .iter()
            .all(|verdict| *verdict == Verdict::Check)
    );
    assert_eq!(verdicts[5], Verdict::TooEarly(ADDRESS_IS_BUSY));
}
