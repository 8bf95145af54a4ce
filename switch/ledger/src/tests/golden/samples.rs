//! An event of each kind, with another value in every field, and each way to say what has several.

use tessera_kit::clock::Timestamp;
use tessera_kit::record::Position;
use tessera_ledger::{
    Balance, CardName, Day, DuplicateKey, Entry, Event, Merchant, NamedOriginal, NotedOriginal,
    Opening, Owed, Payer, PayerTag, Reconciled, Reference, Traits, UnseenOriginal, WalletId,
    Wanted,
};
use tessera_protocol::leased::NumberUse;
use tessera_protocol::{
    Amount, CardNumber, Currency, Institution, OrderKey, ResponseCode, Stan, Totals,
};

use super::changes;
use crate::{Class, Reason};

pub(super) const NOW: Timestamp = Timestamp::from_milliseconds(1_790_000_000_000);
const REFERENCE: Reference = Reference(0x0123_4567_89AB);
const ORIGINAL: Reference = Reference(0x0123_4567_0001);
const EXPIRY: u16 = 3112;
const TRACE: Stan = match Stan::new(654_321) {
    Some(stan) => stan,
    None => Stan::MIN,
};

/// Name and event of each sample.
pub(super) fn all() -> Vec<(&'static str, Entry)> {
    let mut events = requests();
    events.extend(host());
    events.extend(later());
    let account = |(name, change)| {
        let opening = (name != "frozen").then(|| opening(Payer::Wallet));
        (name, Event::Account { opening, change })
    };
    events.extend(changes::all().into_iter().map(account));
    let directed = |(name, directed)| (name, Event::Directed(Box::new(directed)));
    events.extend(changes::decisions().into_iter().map(directed));
    let owing = (
        "approved-owing",
        Event::Approved {
            reference: REFERENCE,
        },
    );
    events.push(owing);
    events
        .into_iter()
        .map(|(name, event)| (name, entry(name, event)))
        .collect()
}

fn entry(name: &str, event: Event) -> Entry {
    Entry {
        wallet: WalletId(0x0BAD_CAFE),
        previous: Position::from_stored(4_096),
        at: NOW,
        available: Balance(1_000_000),
        held: Balance(2_500),
        owed: Balance(if name.ends_with("-owing") { 77 } else { 0 }),
        event,
    }
}

fn opening(payer: Payer) -> Opening {
    Opening {
        reference: REFERENCE,
        key: DuplicateKey(*b"sixteen bytes .."),
        institution: Institution::new(20_000_000_001),
        class: Class::Financial,
        processing_code: 200_000,
        trace: Stan::new(123_456),
        transmission: 11_22_09_45_01,
        local_time: 94_502,
        local_date: 1_122,
        terminal: *b"TERM-01 ",
        acceptor: *b"SHOP-1         ",
        repeat: true,
        retrieval: *b"RRN000000042",
        amount: amount(12_345),
        currency: Currency::USD,
        payer,
        merchant: Merchant {
            category: 5_942,
            country: 276,
            entry_mode: 812,
            condition: 59,
            takes_part: true,
        },
        place: None,
    }
}

fn declined(opening: Opening) -> Event {
    Event::Declined {
        opening,
        code: ResponseCode::NOT_ENOUGH_MONEY,
        reason: Reason::with_text("insufficient funds"),
    }
}

/// At a merchant that says its name and location.
fn placed(payer: Payer) -> Opening {
    Opening {
        place: Some((*b"LANTERN STORE        SEOUL        KR").into()),
        ..opening(payer)
    }
}

fn by_card() -> Opening {
    opening(Payer::Card(name(1), Some(EXPIRY)))
}

fn amount(value: u64) -> Amount {
    Amount::new(value).expect("an amount")
}

fn card(serial: u64) -> CardNumber {
    CardNumber::development(serial)
}

fn name(serial: u32) -> CardName {
    CardName::new(serial, &card(u64::from(serial)))
}

/// Names the card of a number that a build of 0.2 wrote.
pub(super) fn name_of(number: &CardNumber) -> CardName {
    let serial = (1..9).find(|serial| card(*serial) == *number);
    CardName::new(serial.expect("a card of the samples") as u32, number)
}

fn unseen(payer: PayerTag) -> UnseenOriginal {
    UnseenOriginal {
        key: DuplicateKey(*b"another sixteen."),
        named: NamedOriginal {
            class: 1,
            trace: Stan::new(111_111),
            transmission: 11_22_09_44_00,
            reverses: true,
            traits: Traits {
                institution: Institution::new(20_000_000_002),
                class: 4,
                credits: true,
                trace: Stan::new(222_222),
                local: 333_333,
                terminal: 0x7E12_3456,
                acceptor: 0xACCE_9708,
                retrieval: *b"RRN000000043",
                amount: amount(55),
                granted: amount(44),
                payer,
            },
        },
        at: NOW.saturating_sub(5),
        was_waiting: true,
    }
}

fn requests() -> Vec<(&'static str, Event)> {
    let order = OrderKey(*b"an order's key..");
    let requested = |wanted| Event::CardRequested {
        opening: opening(Payer::Wallet),
        host_trace: TRACE,
        wanted,
    };
    let held = |payer, granted, expires_at| Event::Held {
        opening: opening(payer),
        host_trace: TRACE,
        card: name(2),
        expiry: EXPIRY,
        granted,
        expires_at,
    };
    vec![
        ("opened", Event::Opened(opening(Payer::Wallet))),
        (
            "provisioned",
            Event::Provisioned {
                currency: Currency::USD,
                card: card(1),
                expiry: EXPIRY,
                balance: amount(1_000_000),
            },
        ),
        ("card-requested-first", requested(Wanted::First)),
        (
            "card-requested-replacement",
            requested(Wanted::Replacement(name(1))),
        ),
        (
            "card-requested-once",
            requested(Wanted::Further {
                usage: NumberUse::Once,
                limit: amount(0),
            }),
        ),
        (
            "card-requested-mall",
            requested(Wanted::Further {
                usage: NumberUse::Mall,
                limit: amount(9_900),
            }),
        ),
        (
            "card-retired",
            Event::CardRetired {
                opening: opening(Payer::Wallet),
                card: name(1),
            },
        ),
        (
            "load-requested",
            Event::LoadRequested {
                opening: opening(Payer::Wallet),
                host_trace: TRACE,
                card: name(1),
                expiry: EXPIRY,
                source: 2,
                by_itself: true,
            },
        ),
        (
            "payout-requested",
            Event::PayoutRequested {
                opening: opening(Payer::Wallet),
                host_trace: TRACE,
                card: name(1),
                expiry: EXPIRY,
                source: 2,
            },
        ),
        (
            "refund-requested",
            Event::RefundRequested {
                opening: by_card(),
                original: Some(ORIGINAL),
                early: true,
                host_trace: TRACE,
                card: name(1),
                expiry: EXPIRY,
            },
        ),
        (
            "declined-placed-card",
            declined(placed(Payer::Card(name(1), Some(EXPIRY)))),
        ),
        (
            "declined-placed-order",
            declined(placed(Payer::Order(order))),
        ),
        ("declined-placed-wallet", declined(placed(Payer::Wallet))),
        ("held-card", held(Payer::Card(name(1), None), None, None)),
        ("held-order", held(Payer::Order(order), None, None)),
        (
            "held-in-part",
            held(
                Payer::Card(name(1), Some(EXPIRY)),
                Some(amount(50)),
                Some(NOW.plus(7)),
            ),
        ),
        (
            "advised",
            Event::Advised {
                opening: by_card(),
                card: name(1),
                expiry: EXPIRY,
                expires_at: Some(NOW.plus(8)),
            },
        ),
        (
            "completed",
            Event::Completed {
                opening: by_card(),
                original: Some(ORIGINAL),
                card: name(1),
                expiry: EXPIRY,
                debit: amount(300),
                from_hold: amount(200),
                closes: true,
                unmatched: false,
            },
        ),
        (
            "completed-unmatched",
            Event::Completed {
                opening: by_card(),
                original: None,
                card: name(1),
                expiry: EXPIRY,
                debit: amount(0),
                from_hold: amount(0),
                closes: false,
                unmatched: true,
            },
        ),
        ("declined", declined(by_card())),
        (
            "order-announced",
            Event::OrderAnnounced {
                opening: opening(Payer::Order(order)),
                expires_at: NOW.plus(9),
                description: b"two books".to_vec(),
                reversed: vec![unseen(PayerTag(0xFEED))],
            },
        ),
        (
            "order-cancelled",
            Event::OrderCancelled {
                opening: opening(Payer::Order(order)),
            },
        ),
        (
            "closed",
            Event::Closed {
                opening: opening(Payer::Wallet),
            },
        ),
    ]
}

fn host() -> Vec<(&'static str, Event)> {
    let reference = REFERENCE;
    let given_up = |owed| Event::GivenUp {
        reference,
        owed,
        code: ResponseCode::new(*b"94"),
    };
    let totals = |first: u64| Totals {
        credits: first,
        credit_reversals: first + 1,
        debits: first + 2,
        debit_reversals: first + 3,
        credit_amount: first + 4,
        credit_reversal_amount: first + 5,
        debit_amount: first + 6,
        debit_reversal_amount: first + 7,
        net: -8 - first.cast_signed(),
    };
    let reconciled = Reconciled {
        institution: Institution::new(20_000_000_001),
        trace: Stan::new(123_456),
        transmission: 11_22_09_45_01,
        day: Day(20_786),
        theirs: totals(100),
        ours: totals(200),
    };
    vec![
        (
            "card-issued",
            Event::CardIssued {
                reference,
                card: card(3),
                expiry: EXPIRY,
            },
        ),
        ("card-late", Event::CardLate { reference }),
        ("approved", Event::Approved { reference }),
        (
            "released",
            Event::Released {
                reference,
                code: ResponseCode::new(*b"91"),
                advise: true,
            },
        ),
        ("stood-in", Event::StoodIn { reference }),
        (
            "posting-acknowledged",
            Event::PostingAcknowledged { reference },
        ),
        (
            "advice-acknowledged",
            Event::AdviceAcknowledged { reference },
        ),
        ("given-up-undo", given_up(Owed::Undo)),
        ("given-up-posting", given_up(Owed::Posting)),
        ("given-up-card", given_up(Owed::Card)),
        ("reconciled", Event::Reconciled(Box::new(reconciled))),
    ]
}

fn later() -> Vec<(&'static str, Event)> {
    let reference = REFERENCE;
    let noted = |original| Event::ReversalNoted {
        opening: by_card(),
        code: ResponseCode::new(*b"25"),
        original,
    };
    vec![
        ("expired", Event::Expired { reference }),
        (
            "reversed",
            Event::Reversed {
                opening: by_card(),
                original: ORIGINAL,
                asked: amount(10),
                standing: amount(20),
            },
        ),
        (
            "reversed-further",
            Event::ReversedFurther {
                original: ORIGINAL,
                stood: amount(30),
                standing: amount(10),
                at: NOW.saturating_sub(6),
            },
        ),
        ("reversal-noted-found", noted(NotedOriginal::Found)),
        (
            "reversal-noted-unseen",
            noted(NotedOriginal::Unseen(Box::new(unseen(PayerTag(1))))),
        ),
        ("reversal-noted-several", noted(NotedOriginal::Several)),
        (
            "repeated",
            Event::Repeated {
                reference,
                transmission: 11_22_09_46_00,
            },
        ),
    ]
}
