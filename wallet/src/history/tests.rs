use proptest::prelude::*;

use super::*;

const OURS: u64 = 90_000_000_001;
const MALL: u64 = 10_000_000_001;

/// A wallet in a few lines of arithmetic, that writes the rows which the switch would.
#[derive(Default)]
struct Ledger {
    rows: Vec<HistoryRow>,
    available: u64,
    held: u64,
    /// Purchases: reference, what stands, what may still be refunded; whether they wait.
    purchases: Vec<(String, u64, u64, bool)>,
    loads: Vec<(String, u64)>,
    refunds: Vec<(String, usize, u64)>,
    next: u64,
}

impl Ledger {
    fn row(&mut self, kind: EventKind, reference: &str, amount: u64) -> &mut HistoryRow {
        self.next += 1;
        self.rows.push(HistoryRow {
            at: self.next,
            kind,
            reference: reference.into(),
            original: String::new(),
            amount,
            available: self.available,
            held: self.held,
            code: String::new(),
            institution: MALL,
            acceptor: "MALL-0001".into(),
            card: String::new(),
            order: String::new(),
            text: String::new(),
        });
        self.rows.last_mut().unwrap()
    }

    fn reference(&self) -> String {
        format!("R{:011}", self.next)
    }

    fn step(&mut self, what: u8, which: usize, amount: u64) {
        match what {
            0 => {
                let reference = self.reference();
                self.row(EventKind::LoadRequested, &reference, amount);
                self.loads.push((reference, amount));
            }
            1 if !self.loads.is_empty() => {
                let (reference, amount) = self.loads.remove(which % self.loads.len());
                let approved = !amount.is_multiple_of(3);
                let kind = if approved {
                    EventKind::Approved
                } else {
                    EventKind::Released
                };
                self.row(kind, &reference, amount);
                self.available += if approved { amount } else { 0 };
            }
            2 => {
                let reference = self.reference();
                if amount > self.available {
                    self.row(EventKind::Declined, &reference, amount).code = "51".into();
                } else {
                    self.row(EventKind::Held, &reference, amount);
                    self.available -= amount;
                    self.held += amount;
                    self.purchases.push((reference, amount, 0, true));
                }
            }
            3 => {
                let waiting = self.purchases.iter().position(|purchase| purchase.3);
                let Some(place) = waiting else { return };
                let (reference, standing, ..) = self.purchases[place].clone();
                let approved = !amount.is_multiple_of(3);
                let kind = if approved {
                    EventKind::Approved
                } else {
                    EventKind::Released
                };
                self.row(kind, &reference, standing);
                self.held -= standing;
                self.purchases[place].3 = false;
                if approved {
                    self.purchases[place].2 = standing;
                } else {
                    self.available += standing;
                    self.purchases[place].1 = 0;
                }
            }
            4 if !self.purchases.is_empty() => {
                let place = which % self.purchases.len();
                let (reference, standing, refundable, waiting) = self.purchases[place].clone();
                // What has been refunded in part is not reversed as well.
                if standing == 0 || (!waiting && refundable < standing) {
                    return;
                }
                let left = amount % standing;
                self.row(EventKind::Reversed, "", left).original = reference;
                self.available += standing - left;
                if waiting {
                    self.held -= standing - left;
                } else {
                    self.purchases[place].2 = left;
                }
                self.purchases[place].1 = left;
            }
            5 if !self.purchases.is_empty() => {
                let place = which % self.purchases.len();
                let (original, _, refundable, _) = self.purchases[place].clone();
                if refundable == 0 {
                    return;
                }
                let back = 1 + amount % refundable;
                let reference = self.reference();
                self.row(EventKind::RefundRequested, &reference, back)
                    .original = original;
                self.purchases[place].2 -= back;
                self.refunds.push((reference, place, back));
            }
            6 if !self.refunds.is_empty() => {
                let (reference, _, back) = self.refunds.remove(which % self.refunds.len());
                let approved = back.is_multiple_of(2);
                let kind = if approved {
                    EventKind::Approved
                } else {
                    EventKind::Released
                };
                self.row(kind, &reference, back);
                self.available += if approved { back } else { 0 };
            }
            _ => {
                self.row(EventKind::SignedIn, "", 0).text = "a phone, a big one".into();
            }
        }
    }

    fn transactions(&self) -> Vec<Transaction> {
        let newest_first: Vec<_> = self.rows.iter().rev().cloned().collect();
        assemble(&newest_first, OURS)
    }
}

/// What a transaction holds.
fn held(transaction: &Transaction) -> u64 {
    match (transaction.kind, &transaction.outcome) {
        (Kind::Purchase | Kind::Payout, Outcome::Waiting) => transaction.standing,
        _ => 0,
    }
}

proptest! {
    /// Whatever happens in whatever order, the transactions add up to the balances.
    #[test]
    fn transactions_add_up_to_the_balances(
        steps in prop::collection::vec((0u8..8, 0usize..16, 1u64..5_000), 0..200)
    ) {
        let mut ledger = Ledger::default();
        for (what, which, amount) in steps {
            ledger.step(what, which, amount);
            let transactions = ledger.transactions();
            let moved: i64 = transactions.iter().map(Transaction::moved).sum();
            let held: u64 = transactions.iter().map(held).sum();
            prop_assert_eq!(moved, ledger.available as i64);
            prop_assert_eq!(held, ledger.held);
        }
    }

    /// A page that begins anywhere says of each transaction it knows whole what the whole list says.
    #[test]
    fn a_cut_history_says_the_same_of_what_began_in_it(
        steps in prop::collection::vec((0u8..8, 0usize..16, 1u64..5_000), 1..80),
        cut in 0usize..80,
    ) {
        let mut ledger = Ledger::default();
        for (what, which, amount) in steps {
            ledger.step(what, which, amount);
        }
        let rows: Vec<_> = ledger.rows.iter().rev().cloned().collect();
        let part = assemble(&rows[..cut.min(rows.len())], OURS);
        let whole = assemble(&rows, OURS);
        prop_assert_eq!(&whole[..part.len()], &part[..]);
        // What leaves while events are read is the same, whenever it is asked for.
        let mut assembly = Assembly::new(OURS);
        let mut left = Vec::new();
        for row in rows {
            assembly.add(row);
            left.extend(std::iter::from_fn(|| assembly.next(false)));
        }
        left.extend(std::iter::from_fn(|| assembly.next(true)));
        prop_assert_eq!(left, whole);
    }
}

fn purchase(ledger: &mut Ledger) -> String {
    ledger.available = 5_000;
    let held = ledger.row(EventKind::Held, "R00000000001", 1_999);
    held.order = "00112233445566ff".into();
    "R00000000001".into()
}

#[test]
fn a_purchase_knows_what_was_bought() {
    let mut ledger = Ledger::default();
    let announced = ledger.row(EventKind::OrderAnnounced, "", 1_999);
    announced.order = "00112233445566ff".into();
    announced.text = "2 cups, one saucer".into();
    purchase(&mut ledger);
    let [transaction] = &ledger.transactions()[..] else {
        panic!("one transaction");
    };
    assert_eq!(transaction.text, "2 cups, one saucer");
    assert_eq!(held(transaction), 1_999);
}

#[test]
fn a_refund_counts_when_it_is_approved() {
    let mut ledger = Ledger::default();
    let reference = purchase(&mut ledger);
    ledger.row(EventKind::Approved, &reference, 1_999);
    ledger
        .row(EventKind::RefundRequested, "F00000000001", 500)
        .original = reference;
    let waiting = ledger.transactions().remove(0);
    assert_eq!((waiting.refunded, waiting.refund_waiting), (0, 500));
    ledger.row(EventKind::Approved, "F00000000001", 500);
    let done = ledger.transactions().remove(0);
    assert_eq!((done.refunded, done.refund_waiting), (500, 0));
    assert_eq!(done.moved(), -1_499);
}

#[test]
fn what_is_taken_later_shows_what_is_set_aside_and_what_is_taken() {
    let mut ledger = Ledger::default();
    let hold = "R00000000001";
    ledger.row(EventKind::Authorized, hold, 3_000);
    let now = |ledger: &Ledger| {
        let one = ledger.transactions().remove(0);
        (one.taken, one.set_aside(), one.moved())
    };
    assert_eq!(now(&ledger), (Some(0), 3_000, -3_000));
    ledger.row(EventKind::Approved, hold, 3_000);
    let first = ledger.row(EventKind::CompletedInPart, "C00000000001", 1_000);
    first.original = hold.into();
    assert_eq!(now(&ledger), (Some(1_000), 2_000, -3_000));
    let second = ledger.row(EventKind::Completed, "C00000000002", 500);
    second.original = hold.into();
    assert_eq!(now(&ledger), (Some(1_500), 0, -1_500));
    // A completion is taken back, and a part of the other refunded.
    ledger.row(EventKind::Reversed, "", 0).original = "C00000000002".into();
    assert_eq!(now(&ledger), (Some(1_000), 0, -1_000));
    let refund = ledger.row(EventKind::RefundRequested, "F00000000001", 300);
    refund.original = "C00000000001".into();
    ledger.row(EventKind::Approved, "F00000000001", 300);
    assert_eq!(now(&ledger), (Some(1_000), 0, -700));
    // One that nobody takes is free again.
    let mut ledger = Ledger::default();
    ledger.row(EventKind::Authorized, hold, 3_000).code = "00".into();
    assert_eq!(now(&ledger), (Some(0), 3_000, -3_000));
    ledger.row(EventKind::Expired, hold, 0);
    assert_eq!(now(&ledger), (Some(0), 0, 0));
}

#[test]
fn a_refused_operation_of_our_own_is_no_purchase() {
    let mut ledger = Ledger::default();
    ledger
        .row(EventKind::Declined, "R00000000001", 10)
        .institution = OURS;
    assert_eq!(ledger.transactions(), []);
}

#[test]
fn an_order_that_was_never_announced_holds_nothing_up() {
    let mut ledger = Ledger::default();
    let announced = ledger.row(EventKind::OrderAnnounced, "", 1_999);
    announced.order = "00112233445566ff".into();
    announced.text = "too long ago".into();
    for _ in 0..ANNOUNCED_WITHIN {
        ledger.row(EventKind::SignedIn, "", 0);
    }
    purchase(&mut ledger);
    let mut assembly = Assembly::new(OURS);
    let mut rows = ledger.rows.iter().rev().cloned();
    let left = loop {
        assembly.add(rows.next().unwrap());
        if let Some(left) = assembly.next(false) {
            break left;
        }
    };
    assert_eq!((left.text.as_str(), rows.len()), ("", 1));
}
