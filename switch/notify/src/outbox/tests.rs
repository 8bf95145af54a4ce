//! Rows as they were written, formats of other builds, and the upgrade.

use std::collections::BTreeSet;

use tessera_kit::clock::Timestamp;
use tessera_protocol::leased::{LanguageCode, NotificationPreferences};

use super::*;
use crate::testing::{WALLET, open_outbox};

fn at(position: u64) -> Position {
    Position::from_stored(position).unwrap()
}

fn key(position: u64, to: To) -> Key {
    let position = at(position);
    Key { position, to }
}

fn contact(address: &str) -> KnownContact {
    KnownContact {
        channel: ChannelKind::Mobile,
        preferences: NotificationPreferences::DEFAULT,
        language: None,
        sealed: address.as_bytes().into(),
    }
}

fn waiting() -> Waiting {
    Waiting {
        channel: ChannelKind::Mobile,
        due: Timestamp::from_milliseconds(5),
        since: Timestamp::from_milliseconds(4),
        attempts: 3,
    }
}

fn dead() -> Dead {
    Dead {
        channel: ChannelKind::Email,
        since: Timestamp::from_milliseconds(4),
        attempts: 9,
        why: "no such user".to_owned(),
    }
}

fn cursor(position: u64) -> Mark {
    Mark {
        sequence: tessera_journal::Sequence::FIRST.after(8),
        position: at(position),
    }
}

#[test]
fn a_contact_is_kept_with_its_language_or_without_one() {
    let folder = tempfile::tempdir().unwrap();
    let outbox = Outbox::open(
        &folder.path().join("outbox"),
        DataKeys::for_tests(folder.path()),
    );
    let outbox = outbox.unwrap();
    let languages = [None, LanguageCode::from_letters(*b"ko")];
    for (wallet, language) in (1..).map(WalletId).zip(languages) {
        let contact = KnownContact {
            language,
            ..contact("+49 170")
        };
        outbox
            .write(&Changes {
                contacts: vec![(wallet, Which::Confirmed, Some(contact.clone()))],
                ..Changes::default()
            })
            .unwrap();
        let kept = outbox.contact(wallet, Which::Confirmed).unwrap();
        assert_eq!(kept, Some(contact));
    }
}

#[test]
fn refuses_the_format_of_another_build() {
    for (format, found) in [(Some(FORMAT + 1), FORMAT + 1), (None, FORMAT_BEFORE_0_2)] {
        let folder = tempfile::tempdir().unwrap();
        left_in_format(&folder.path().join("outbox"), format, 7);
        let keys = DataKeys::for_tests(folder.path());
        let opened = Outbox::open(&folder.path().join("outbox"), keys.clone());
        let error = opened.map(drop).unwrap_err().to_string();
        let names_both = format!("has format {found}, this build (");
        assert!(error.contains(&names_both), "{error}");
        let reads = format!("reads format {FORMAT}: start the build");
        assert!(error.contains(&reads), "{error}");
        let [old, new] = ["outbox", "new"].map(|name| folder.path().join(name));
        assert!(!needs_upgrade(&old).unwrap());
        let refused = upgrade(&old, &new, keys, &Some).unwrap_err();
        assert!(matches!(refused, OutboxError::Version { found: other, .. } if other == found));
    }
}

/// An outbox as 0.2.0 left it, or with another number of a format: a row of each kind, at positions up from this one.
fn left_in_format(folder: &Path, format: Option<u8>, first: u64) {
    let database = Database::builder(folder).open().unwrap();
    let put = |name: &str, key: &[u8], value: &[u8]| {
        let table = keyspace(&database, name).unwrap();
        table.insert(key, value).unwrap();
    };
    if let Some(format) = format {
        put("cursor", FORMAT_KEY, &[format]);
    }
    put("cursor", CURSOR, &cursor(first + 4).to_bytes());
    let wallet = rows::contact_key(WalletId(7), Which::Proposed);
    put("contacts", &wallet, &contact("a").to_bytes());
    let former = (first + 1).to_be_bytes();
    put("former", &former, &contact("b").to_bytes());
    let message = key(first + 2, To::Contact);
    let row = rows::waiting_key(ChannelKind::Mobile, message);
    put("waiting", &row, &waiting().to_bytes());
    let letter = key(first + 3, To::Former);
    put("dead", &letter.to_bytes(), &dead().to_bytes());
    database.persist(PersistMode::SyncAll).unwrap();
}

#[test]
fn an_outbox_of_0_2_0_is_upgraded_with_its_positions_translated() {
    let folder = tempfile::tempdir().unwrap();
    let [old, new] = ["outbox", "outbox.new"].map(|name| folder.path().join(name));
    assert!(!needs_upgrade(&old).unwrap(), "there is none");
    left_in_format(&old, Some(FORMAT_OF_0_2), 100);
    assert!(needs_upgrade(&old).unwrap());
    let named = BTreeSet::from([101, 102, 103, 104].map(at));
    assert_eq!(positions(&old).unwrap(), named);
    // What a killed upgrade has left.
    left_in_format(&new, None, 900);
    let keys = DataKeys::for_tests(folder.path());
    let translate = |position: Position| Some(at(position.to_stored() * 2));
    upgrade(&old, &new, keys.clone(), &translate).unwrap();
    assert!(!needs_upgrade(&new).unwrap() && needs_upgrade(&old).unwrap());
    let outbox = Outbox::open(&new, keys).unwrap();
    assert_eq!(outbox.cursor().unwrap(), Some(cursor(208)));
    let found = outbox.contact(WalletId(7), Which::Proposed).unwrap();
    assert_eq!(found, Some(contact("a")));
    assert_eq!(outbox.wallets().unwrap(), [WalletId(7)]);
    assert_eq!(outbox.former(at(202)).unwrap(), Some(contact("b")));
    let waits: Vec<_> = outbox
        .waiting(ChannelKind::Mobile, Key::FIRST)
        .map(Result::unwrap)
        .collect();
    assert_eq!(waits, [(key(204, To::Contact), waiting())]);
    assert_eq!(outbox.dead(9).unwrap(), [(key(206, To::Former), dead())]);
    assert_eq!(outbox.dead_count(), 1);
}

#[test]
fn an_event_that_the_new_journal_lacks_ends_the_upgrade() {
    let folder = tempfile::tempdir().unwrap();
    let [old, new] = ["outbox", "outbox.new"].map(|name| folder.path().join(name));
    left_in_format(&old, Some(FORMAT_OF_0_2), 100);
    let keys = DataKeys::for_tests(folder.path());
    for lacks in [101, 102, 103, 104] {
        let translate = |position: Position| Some(position).filter(|it| *it != at(lacks));
        let error = upgrade(&old, &new, keys.clone(), &translate).unwrap_err();
        let advises = error.to_string().contains("delete the folder `outbox`");
        assert!(advises, "{lacks}: {error}");
    }
}

/// Neither is a row read that was changed, or that stands at another place.
#[test]
fn a_changed_or_exchanged_row_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let keys = DataKeys::for_tests(folder.path());
    let outbox = Outbox::open(&folder.path().join("outbox"), keys).unwrap();
    let [first, second] = [7, 8].map(WalletId);
    let confirmed = |wallet, address| (wallet, Which::Confirmed, Some(contact(address)));
    let changes = Changes {
        contacts: vec![
            confirmed(first, "secret@example.org"),
            confirmed(second, "b"),
        ],
        ..Changes::default()
    };
    outbox.write(&changes).unwrap();
    let rows = keyspace(&outbox.database, "contacts").unwrap();
    let [one, other] = [first, second].map(|wallet| rows::contact_key(wallet, Which::Confirmed));
    let (row, others) = (
        rows.get(one).unwrap().unwrap(),
        rows.get(other).unwrap().unwrap(),
    );
    assert!(!row.windows(6).any(|bytes| bytes == b"secret"));
    let refused = |value: &[u8]| {
        rows.insert(one, value).unwrap();
        let error = outbox.contact(first, Which::Confirmed).unwrap_err();
        assert!(
            matches!(
                error,
                OutboxError::Row {
                    table: "contacts",
                    ..
                }
            ),
            "{error}"
        );
    };
    refused(&others);
    for byte in 0..row.len() {
        let mut changed = row.to_vec();
        changed[byte] ^= 1;
        refused(&changed);
    }
    rows.insert(one, row).unwrap();
    assert!(outbox.contact(first, Which::Confirmed).unwrap().is_some());
}

#[test]
fn is_read_as_it_was_written() {
    let folder = tempfile::tempdir().unwrap();
    let outbox = open_outbox(folder.path());
    let (contact, waiting, cursor) = (contact("\u{1}"), waiting(), cursor(4711));
    let key = |position| key(position, To::Contact);
    let changes = Changes {
        cursor: Some(cursor),
        contacts: vec![(WalletId(7), Which::Confirmed, Some(contact.clone()))],
        former: vec![(at(4), contact.clone())],
        waiting: vec![(key(1), waiting), (key(2), waiting), (key(3), waiting)],
        ..Changes::default()
    };
    outbox.write(&changes).unwrap();
    let sealed = |with: u8| outbox.count_sealed(|sealed| sealed[0] == with).unwrap();
    assert_eq!((sealed(1), sealed(2)), (2, 0));
    let dead = Dead {
        channel: ChannelKind::Mobile,
        since: Timestamp::from_milliseconds(4),
        attempts: 9,
        why: "no such user".to_owned(),
    };
    let changes = Changes {
        done: vec![(key(1), ChannelKind::Mobile)],
        dead: vec![(key(2), dead.clone())],
        ..Changes::default()
    };
    outbox.write(&changes).unwrap();
    outbox.sync().unwrap();
    drop(outbox);
    let outbox = open_outbox(folder.path());
    assert_eq!(outbox.cursor().unwrap(), Some(cursor));
    assert_eq!(
        outbox.contact(WalletId(7), Which::Confirmed).unwrap(),
        Some(contact)
    );
    assert_eq!(outbox.contact(WalletId(7), Which::Proposed).unwrap(), None);
    assert_eq!(outbox.wallets().unwrap(), [WalletId(7)]);
    let of = |outbox: &Outbox, channel| -> Vec<_> {
        let rows = outbox.waiting(channel, Key::FIRST);
        rows.map(Result::unwrap).collect()
    };
    assert_eq!(of(&outbox, ChannelKind::Mobile), [(key(3), waiting)]);
    assert_eq!(of(&outbox, ChannelKind::Email), []);
    assert_eq!(outbox.dead_letter(key(2)).unwrap(), Some(dead.clone()));
    assert_eq!(outbox.dead(9).unwrap(), [(key(2), dead.clone())]);
    assert_eq!(outbox.dead_count(), 1);
    let changes = Changes {
        revived: vec![(key(2), waiting)],
        ..Changes::default()
    };
    outbox.write(&changes).unwrap();
    assert_eq!(outbox.dead_count(), 0);
    assert_eq!(of(&outbox, ChannelKind::Mobile).len(), 2);
    let changes = Changes {
        dead: vec![(key(2), dead.clone()), (key(3), dead)],
        ..Changes::default()
    };
    outbox.write(&changes).unwrap();
    assert_eq!(outbox.dead_count(), 2);
    let changes = Changes {
        dropped: vec![key(2)],
        ..Changes::default()
    };
    outbox.write(&changes).unwrap();
    assert_eq!(outbox.dead_count(), 1);
    assert_eq!(outbox.dead_letter(key(2)).unwrap(), None);
}

#[test]
fn messages_to_browsers_are_known_by_their_numbers() {
    let folder = tempfile::tempdir().unwrap();
    let outbox = open_outbox(folder.path());
    let keys = [
        key(1, To::Contact),
        key(1, To::Browser(0)),
        key(1, To::Browser(7)),
        key(1, To::Browser(u32::MAX)),
        key(2, To::Former),
    ];
    let waiting = Waiting {
        channel: ChannelKind::Browser,
        ..waiting()
    };
    let browser = |number: u8| KnownContact {
        channel: ChannelKind::Browser,
        ..contact(&number.to_string())
    };
    let changes = Changes {
        waiting: keys.map(|key| (key, waiting)).to_vec(),
        browsers: vec![
            (WALLET, 7, Some(browser(7))),
            (WALLET, 1, Some(browser(1))),
            (WalletId(WALLET.0 + 1), 0, Some(browser(0))),
        ],
        ..Changes::default()
    };
    outbox.write(&changes).unwrap();
    // In the order of the journal, and of the numbers; on the disk as in memory.
    let rows = outbox.waiting(ChannelKind::Browser, Key::FIRST);
    let found: Vec<_> = rows.map(|row| row.unwrap().0).collect();
    assert_eq!(found, keys);
    assert!(keys.is_sorted());
    let from = outbox.waiting(ChannelKind::Browser, keys[2]);
    assert_eq!(from.count(), 3);
    assert_eq!(
        outbox.browsers(WALLET).unwrap(),
        [(1, browser(1)), (7, browser(7))]
    );
    let gone = Changes {
        browsers: vec![(WALLET, 1, None)],
        ..Changes::default()
    };
    outbox.write(&gone).unwrap();
    assert_eq!(outbox.browser(WALLET, 1).unwrap(), None);
    assert_eq!(outbox.all_browsers().unwrap().len(), 2);
    for key in keys {
        assert_eq!(key.to_string().parse::<Key>().unwrap(), key);
        // As it stands before the `@` of an id.
        assert!(crate::channel::MessageId::new(&key.to_string()).is_some());
    }
    assert_eq!(keys[2].to_bytes().len(), 13);
    for wrong in ["1.b", "1.b4294967296", "1.3", "1.7"] {
        assert!(wrong.parse::<Key>().is_err(), "{wrong}");
    }
}
