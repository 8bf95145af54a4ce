use proptest::prelude::*;

use tessera_protocol::leased::RequestRow;

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
    refunded: Vec<(String, u64)>,
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
            request: None,
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
                if approved {
                    self.refunded.push((reference, back));
                }
            }
            // The mall takes a refund back, as far as the money is there.
            7 if !self.refunded.is_empty() => {
                let (original, back) = self.refunded.remove(which % self.refunds_done());
                let left = amount % back;
                if back - left > self.available {
                    return;
                }
                self.row(EventKind::Reversed, "", left).original = original;
                self.available -= back - left;
            }
            _ => {
                self.row(EventKind::SignedIn, "", 0).text = "a phone, a big one".into();
            }
        }
    }

    fn refunds_done(&self) -> usize {
        self.refunded.len()
    }

    /// Moves money after a row, as its event does.
    fn moves(&mut self, minor: i64) {
        self.available = self.available.checked_add_signed(minor).expect("money");
    }

    fn transactions(&self) -> Vec<Transaction> {
        let mut assembly = Assembly::new(OURS);
        assembly.begin_with(self.available);
        for row in self.rows.iter().rev() {
            assembly.add(row.clone());
        }
        std::iter::from_fn(|| assembly.next(true)).collect()
    }

    fn purchases(&self) -> Vec<Transaction> {
        let mut all = self.transactions();
        all.retain(|one| one.kind == Kind::Purchase);
        all
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
        steps in prop::collection::vec((0u8..9, 0usize..16, 1u64..5_000), 0..200)
    ) {
        let mut ledger = Ledger::default();
        for (what, which, amount) in steps {
            ledger.step(what, which, amount);
            let transactions = ledger.transactions();
            let moved: i64 = transactions.iter().map(|one| one.moved).sum();
            let held: u64 = transactions.iter().map(held).sum();
            prop_assert_eq!(moved, ledger.available as i64);
            // A statement that begins with nothing, and each balance of which follows from the one before.
            let mut balance = 0;
            for one in transactions.iter().rev() {
                balance += one.moved;
                prop_assert_eq!(one.balance, balance);
            }
            prop_assert_eq!(held, ledger.held);
        }
    }

    /// A page that begins anywhere says of each transaction it knows whole what the whole list says.
    #[test]
    fn a_cut_history_says_the_same_of_what_began_in_it(
        steps in prop::collection::vec((0u8..9, 0usize..16, 1u64..5_000), 1..80),
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

/// A wallet of 50.00 that pays 19.99.
fn purchase(ledger: &mut Ledger) -> String {
    ledger.available = 5_000;
    let held = ledger.row(EventKind::Held, "R00000000001", 1_999);
    held.order = "00112233445566ff".into();
    ledger.moves(-1_999);
    "R00000000001".into()
}

#[test]
fn a_purchase_knows_what_was_bought() {
    let mut ledger = Ledger {
        available: 5_000,
        ..Ledger::default()
    };
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
fn a_refund_is_an_entry_of_its_own_and_counts_when_it_is_approved() {
    let mut ledger = Ledger::default();
    let reference = purchase(&mut ledger);
    ledger.row(EventKind::Approved, &reference, 1_999);
    ledger
        .row(EventKind::RefundRequested, "F00000000001", 500)
        .original
        .clone_from(&reference);
    let [refund, bought] = &ledger.transactions()[..] else {
        panic!("two transactions");
    };
    assert_eq!(
        (refund.kind, &refund.outcome),
        (Kind::Refund, &Outcome::Waiting)
    );
    assert_eq!((refund.moved, refund.balance), (0, 3_001));
    assert_eq!(refund.original, reference);
    assert_eq!((bought.refunded, bought.refund_waiting), (0, 500));
    ledger.row(EventKind::Approved, "F00000000001", 500);
    ledger.moves(500);
    let [refund, bought] = &ledger.transactions()[..] else {
        panic!("two transactions");
    };
    assert_eq!((refund.moved, refund.balance), (500, 3_501));
    assert_eq!(refund.outcome, Outcome::Done);
    assert_eq!((bought.refunded, bought.refund_waiting), (500, 0));
    assert_eq!((bought.moved, bought.balance), (-1_999, 3_001));
    let steps: Vec<_> = bought.steps.iter().map(|step| step.what).collect();
    let expected = [
        StepKind::Asked,
        StepKind::Approved,
        StepKind::RefundAsked,
        StepKind::Refunded,
    ];
    assert_eq!(steps, expected);
    assert_eq!(bought.steps[3].reference, "F00000000001");
    // The mall takes 2.00 of it back.
    ledger
        .row(EventKind::Reversed, "V00000000001", 300)
        .original = "F00000000001".into();
    ledger.moves(-200);
    let [taken_back, refund, bought] = &ledger.transactions()[..] else {
        panic!("three transactions");
    };
    assert_eq!((taken_back.kind, taken_back.moved), (Kind::Reversal, -200));
    assert_eq!(taken_back.original, "F00000000001");
    assert_eq!((refund.standing, refund.moved), (300, 500));
    assert_eq!((bought.standing, bought.refunded), (1_999, 300));
}

#[test]
fn a_reversal_is_an_entry_of_its_own() {
    let mut ledger = Ledger::default();
    let reference = purchase(&mut ledger);
    ledger.row(EventKind::Approved, &reference, 1_999);
    ledger
        .row(EventKind::Reversed, "V00000000001", 500)
        .original
        .clone_from(&reference);
    ledger.moves(1_499);
    let [reversal, bought] = &ledger.transactions()[..] else {
        panic!("two transactions");
    };
    assert_eq!((reversal.kind, reversal.amount), (Kind::Reversal, 1_499));
    assert_eq!((reversal.moved, reversal.balance), (1_499, 4_500));
    assert_eq!(reversal.original, reference);
    assert_eq!((bought.standing, bought.moved), (500, -1_999));
    assert!(!bought.is_undone());
}

#[test]
fn what_is_taken_later_shows_what_is_set_aside_and_what_is_taken() {
    let mut ledger = Ledger {
        available: 10_000,
        ..Ledger::default()
    };
    let hold = "R00000000001";
    ledger.row(EventKind::Authorized, hold, 3_000);
    ledger.moves(-3_000);
    let now = |ledger: &Ledger| {
        let one = ledger.purchases().remove(0);
        (one.taken, one.set_aside(), one.moved)
    };
    assert_eq!(now(&ledger), (Some(0), 3_000, -3_000));
    ledger.row(EventKind::Approved, hold, 3_000);
    let first = ledger.row(EventKind::CompletedInPart, "C00000000001", 1_000);
    first.original = hold.into();
    assert_eq!(now(&ledger), (Some(1_000), 2_000, -3_000));
    let second = ledger.row(EventKind::Completed, "C00000000002", 500);
    second.original = hold.into();
    ledger.moves(1_500);
    assert_eq!(now(&ledger), (Some(1_500), 0, -1_500));
    // A completion is taken back, and a part of the other refunded.
    ledger.row(EventKind::Reversed, "", 0).original = "C00000000002".into();
    ledger.moves(500);
    assert_eq!(now(&ledger), (Some(1_000), 0, -1_500));
    let refund = ledger.row(EventKind::RefundRequested, "F00000000001", 300);
    refund.original = "C00000000001".into();
    ledger.row(EventKind::Approved, "F00000000001", 300);
    ledger.moves(300);
    assert_eq!(now(&ledger), (Some(1_000), 0, -1_500));
    let moved: i64 = ledger.transactions().iter().map(|one| one.moved).sum();
    assert_eq!(moved, -700);
    // One that nobody takes is free again.
    let mut ledger = Ledger {
        available: 10_000,
        ..Ledger::default()
    };
    ledger.row(EventKind::Authorized, hold, 3_000).code = "00".into();
    ledger.moves(-3_000);
    assert_eq!(now(&ledger), (Some(0), 3_000, -3_000));
    ledger.row(EventKind::Expired, hold, 0);
    ledger.moves(3_000);
    assert_eq!(now(&ledger), (Some(0), 0, 0));
}

/// What a mall tried and was refused is not what the payer bought.
#[test]
fn only_what_would_have_cost_money_is_a_declined_purchase() {
    let declined = |code: &str, amount, purpose: Option<Purpose>| {
        let mut ledger = Ledger::default();
        let row = ledger.row(EventKind::Declined, "R00000000001", amount);
        row.code = code.into();
        row.request = purpose.map(|purpose| RequestRow {
            purpose,
            retrieval: "RRN000000042".into(),
            place: String::new(),
            reason: "not enough money".into(),
        });
        ledger.transactions()
    };
    for (code, amount, purpose) in [
        ("13", 500, Some(Purpose::Refund)),
        ("12", 500, Some(Purpose::Load)),
        ("25", 500, Some(Purpose::Reversal)),
        ("94", 500, Some(Purpose::Payment)),
        ("54", 0, Some(Purpose::Payment)),
    ] {
        assert_eq!(declined(code, amount, purpose), [], "{code} {purpose:?}");
    }
    for purpose in [Some(Purpose::Payment), None] {
        let [one] = &declined("51", 500, purpose)[..] else {
            panic!("a declined purchase");
        };
        assert_eq!(one.outcome, Outcome::Failed("51".into()));
        let said = purpose.map_or("", |_| "not enough money");
        assert_eq!(one.reason, said);
    }
}

#[test]
fn a_reported_transaction_says_when() {
    let mut ledger = Ledger::default();
    let reference = purchase(&mut ledger);
    ledger.row(EventKind::Approved, &reference, 1_999);
    assert_eq!(ledger.purchases()[0].disputed_at(), None);
    ledger.row(EventKind::Frozen, &reference, 0);
    let at = ledger.rows.last().unwrap().at;
    let bought = ledger.purchases().remove(0);
    assert_eq!(bought.disputed_at(), Some(at));
    assert_eq!(bought.outcome, Outcome::Done);
    // A wallet that is frozen for another reason is not about a transaction.
    ledger.row(EventKind::Frozen, "", 0);
    assert_eq!(ledger.transactions().len(), 1);
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
    ledger.available = 5_000;
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
