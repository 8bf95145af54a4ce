//! What parties are notified of, event by event, with a restart between any two.

use std::collections::BTreeSet;
use std::path::Path;

use tessera_config::{Webhook, WebhookSecret};
use tessera_encryption::DataKeys;
use tessera_journal::Position;
use tessera_kit::clock::{self, Timestamp};
use tessera_ledger::{CardName, Class, DuplicateKey, Event, Merchant, Opening, Payer, Reference};
use tessera_protocol::{Amount, CardNumber, Currency, Institution, OrderKey, ResponseCode, Stan};

use super::follow::Follower;
use super::hooks::{Hook, Hooks};
use super::outbox::{Changes, Dead, Key, Kind, Outbox, Waiting};
use crate::testing::Records;

const PARTY: u64 = 10_000_000_001;
const OTHER: u64 = 10_000_000_002;
const ACCEPTOR: [u8; 15] = *b"MALL-0001      ";
/// Well after every agreement, in milliseconds.
const LATER: u64 = 3_600_000;

fn party(code: u64) -> Institution {
    Institution::new(code).unwrap()
}

fn order(number: u8) -> OrderKey {
    OrderKey([number; 16])
}

fn hooks() -> Hooks {
    let url = tessera_config::HttpUrl::for_tests("http://127.0.0.1:1/");
    let secret = WebhookSecret::read("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
    Hooks::new(vec![Hook {
        party: party(PARTY),
        name: "Mall".into(),
        acceptors: vec![ACCEPTOR],
        webhook: Webhook {
            url,
            secrets: vec![secret],
        },
    }])
}

fn opening(reference: u64, by: u64, class: Class, payer: Payer) -> Opening {
    Opening {
        reference: Reference(reference),
        key: DuplicateKey([0; 16]),
        institution: Institution::new(by),
        class,
        processing_code: 0,
        trace: Stan::new(3),
        transmission: 1_122_094_500,
        local_time: 0,
        local_date: 0,
        terminal: *b"TERM0001",
        acceptor: ACCEPTOR,
        repeat: false,
        retrieval: *b"632609000003",
        amount: Amount::new(700).unwrap(),
        currency: Currency::USD,
        payer,
        merchant: Merchant::default(),
        place: None,
    }
}

fn card() -> CardName {
    CardName::new(1, &CardNumber::development(1))
}

fn announced(number: u8) -> Event {
    Event::OrderAnnounced {
        opening: opening(0, 1, Class::Administrative, Payer::Order(order(number))),
        expires_at: clock::now().plus(60_000),
        description: Vec::new(),
        reversed: Vec::new(),
    }
}

fn held(reference: u64, by: u64, number: u8) -> Event {
    Event::Held {
        opening: opening(reference, by, Class::Financial, Payer::Order(order(number))),
        host_trace: Stan::MIN,
        card: card(),
        expiry: 3112,
        granted: None,
        expires_at: None,
    }
}

fn approved(reference: u64) -> Event {
    Event::Approved {
        reference: Reference(reference),
    }
}

fn released(reference: u64) -> Event {
    Event::Released {
        reference: Reference(reference),
        code: ResponseCode::DECLINED,
        advise: false,
    }
}

fn reversed(reference: u64, original: u64, number: u8) -> Event {
    Event::Reversed {
        opening: opening(
            reference,
            PARTY,
            Class::Reversal,
            Payer::Order(order(number)),
        ),
        original: Reference(original),
        asked: Amount::ZERO,
        standing: Amount::ZERO,
    }
}

struct World {
    journal: Records,
    folder: tempfile::TempDir,
}

impl World {
    fn new() -> Self {
        Self {
            journal: Records::default(),
            folder: tempfile::tempdir().unwrap(),
        }
    }

    fn open(&self) -> Outbox {
        open(self.folder.path())
    }

    /// A start, which looks at all that there is and notifies of agreements that have ended by then.
    fn follow(&self, now: Timestamp) {
        let outbox = self.open();
        let began = Some(Timestamp::EPOCH);
        let follower = Follower::new(self.journal.engine(), &outbox, began, now);
        let mut follower = follower.unwrap();
        let mut taken = |_: Key, _: Waiting| true;
        while follower.look(1, &hooks(), &outbox, &mut taken).unwrap().0 > 0 {}
        follower.end_agreements(now, &outbox, &mut taken).unwrap();
        assert_eq!(follower.behind(), 0);
    }

    fn waiting(&self) -> BTreeSet<(Position, Kind)> {
        let outbox = self.open();
        let rows = outbox.waiting(party(PARTY));
        rows.map(|row| row.unwrap().0)
            .map(|key| (key.position, key.kind))
            .collect()
    }
}

fn open(folder: &Path) -> Outbox {
    let keys = DataKeys::for_tests(folder);
    Outbox::open(&folder.join("webhooks"), keys, Timestamp::EPOCH).unwrap()
}

/// What happens, and whether it leads to an event at once, or at the end of the agreement.
fn events() -> Vec<(Event, Option<Kind>)> {
    let now = Some(Kind::Happened);
    let end = Some(Kind::Expired);
    let cancelled = Event::OrderCancelled {
        opening: opening(0, 1, Class::Administrative, Payer::Order(order(4))),
    };
    vec![
        (announced(1), end),
        (announced(2), None),
        (held(20, PARTY, 2), None),
        (approved(20), now),
        (announced(3), end),
        (held(30, PARTY, 3), None),
        (released(30), None),
        (announced(4), None),
        (cancelled, None),
        (announced(5), end),
        (held(50, PARTY, 5), None),
        (approved(50), now),
        (reversed(51, 50, 5), now),
        // Another party's, and a second agreement to the same order.
        (held(60, OTHER, 9), None),
        (approved(60), None),
        (announced(7), None),
        (announced(7), end),
    ]
}

#[test]
fn what_leads_to_an_event_does_so_once_wherever_it_was_restarted() {
    for every in 1..=events().len() {
        let world = World::new();
        let mut expected = BTreeSet::new();
        for (index, (event, kind)) in events().into_iter().enumerate() {
            let position = world.journal.add(event, 0);
            expected.extend(kind.map(|kind| (position, kind)));
            if index % every == 0 {
                world.follow(clock::now());
            }
        }
        world.follow(clock::now());
        let at_once = |(_, kind): &&(Position, Kind)| *kind == Kind::Happened;
        let happened: BTreeSet<_> = expected.iter().filter(at_once).copied().collect();
        assert_eq!(world.waiting(), happened, "restarted at every {every}");
        for _ in 0..2 {
            world.follow(clock::now().plus(LATER));
            assert_eq!(world.waiting(), expected, "restarted at every {every}");
        }
    }
}

#[test]
fn an_agreement_does_not_end_while_a_purchase_for_it_is_being_decided() {
    let world = World::new();
    let position = world.journal.add(announced(1), 0);
    world.journal.add(held(10, PARTY, 1), 0);
    world.follow(clock::now().plus(LATER));
    assert_eq!(world.waiting(), BTreeSet::new());
    world.journal.add(released(10), 0);
    world.follow(clock::now().plus(2 * LATER));
    let expired = (position, Kind::Expired);
    assert_eq!(world.waiting(), BTreeSet::from([expired]));
}

#[test]
fn rows_come_back_as_they_were_written_and_what_is_due_first_comes_first() {
    let folder = tempfile::tempdir().unwrap();
    let key = |position, code| Key {
        party: party(code),
        position: Position::from_stored(position).unwrap(),
        kind: Kind::Expired,
    };
    let waiting = |due| Waiting {
        due: Timestamp::from_milliseconds(due),
        since: Timestamp::from_milliseconds(7),
        attempts: 3,
    };
    let dead = Dead {
        since: Timestamp::from_milliseconds(9),
        attempts: 4,
        why: "answered 500".into(),
    };
    let changes = Changes {
        waiting: vec![
            (key(5, PARTY), waiting(300)),
            (key(9, PARTY), waiting(2)),
            (key(1, OTHER), waiting(1)),
        ],
        dead: vec![(key(8, PARTY), dead.clone())],
        ..Changes::default()
    };
    open(folder.path()).write(&changes).unwrap();
    let outbox = open(folder.path());
    let rows: Vec<_> = outbox.waiting(party(PARTY)).map(Result::unwrap).collect();
    assert_eq!(
        rows,
        [(key(9, PARTY), waiting(2)), (key(5, PARTY), waiting(300))]
    );
    assert_eq!(outbox.dead(10).unwrap(), [(key(8, PARTY), dead)]);
    assert_eq!(outbox.dead_count().unwrap(), 1);
    assert_eq!(outbox.all_waiting().count(), 3);
    let text = key(0x2f00, PARTY).to_text();
    assert_eq!(text, "10000000001.2f00.1");
    assert_eq!(Key::from_text(&text), Some(key(0x2f00, PARTY)));
    for wrong in ["", "1.2", "1.2.3", "0.2.1", "1.0.1", "1.2.1.1"] {
        assert_eq!(Key::from_text(wrong), None, "{wrong}");
    }
    let done = Changes {
        done: vec![(key(9, PARTY), waiting(2))],
        raised: vec![key(8, PARTY)],
        ..Changes::default()
    };
    outbox.write(&done).unwrap();
    assert_eq!(outbox.waiting(party(PARTY)).count(), 1);
    assert_eq!(outbox.dead(10).unwrap(), []);
}

/// The journal was restored from an older copy.
#[test]
fn rows_of_another_journal_are_begun_anew() {
    let world = World::new();
    world.journal.add(announced(1), 0);
    world.journal.add(held(10, PARTY, 1), 0);
    world.journal.add(approved(10), 0);
    world.follow(clock::now());
    assert_eq!(world.waiting().len(), 1);
    world.journal.journal.restore_older(2);
    world.follow(clock::now());
    assert_eq!(world.waiting(), BTreeSet::new());
}
