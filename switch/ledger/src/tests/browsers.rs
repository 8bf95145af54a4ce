//! Browsers that show notifications: who may add them, how many there are, and what becomes of them.

use tessera_protocol::ResponseCode;
use tessera_protocol::leased::{BROWSERS_MAX, BrowserRow, LanguageCode, tag};

use super::payer::{Payers, answer, code};
use crate::{AccountAction, Browser, Change, Command, Details, Effect, Event, NewBrowser, Rule};

const APPROVED: Option<ResponseCode> = Some(ResponseCode::APPROVED);

fn new(address: u8) -> AccountAction {
    AccountAction::AddBrowser(NewBrowser {
        digest: [address; 32],
        sealed: [address; 60].into(),
        name: "Firefox on Linux".into(),
    })
}

fn payers() -> Payers {
    let mut payers = Payers::with(0);
    payers.bench.rules.channels.push = true;
    payers
}

fn browsers(payers: &Payers) -> &[Browser] {
    &payers.bench.wallet.account.as_ref().unwrap().browsers
}

fn rule(effects: &[Effect]) -> Option<Rule> {
    answer(effects).unwrap().rule
}

#[test]
fn a_browser_is_added_and_removed_after_the_password_and_listed_without_it() {
    let mut payers = payers();
    for action in [new(1), AccountAction::RemoveBrowser(1)] {
        let asked = payers.account(action.clone());
        assert_eq!(rule(&asked), Some(Rule::PasswordMissing));
        assert_eq!(
            rule(&payers.proven(action, false)),
            Some(Rule::WrongPassword)
        );
    }
    assert!(browsers(&payers).is_empty());
    assert_eq!(code(&payers.proven(new(1), true)), APPROVED);
    assert_eq!(code(&payers.proven(new(2), true)), APPROVED);
    let listed = payers.account(AccountAction::ListBrowsers("a key".into()));
    let Details::Rows(rows) = &answer(&listed).unwrap().details else {
        panic!("{listed:?}");
    };
    assert_eq!(rows[0], (tag::PUSH_KEY, "a key".to_owned()));
    // The newest first.
    let row: BrowserRow = rows[1].1.parse().unwrap();
    assert_eq!(
        (row.digest, row.name.as_str()),
        ([2; 32], "Firefox on Linux")
    );
    assert_eq!(rows.len(), 3);
    let removed = payers.proven(AccountAction::RemoveBrowser(row.number), true);
    assert_eq!(code(&removed), APPROVED);
    let again = payers.proven(AccountAction::RemoveBrowser(row.number), true);
    assert_eq!(rule(&again), Some(Rule::NoSuchBrowser));
    assert_eq!(browsers(&payers)[0].digest, [1; 32]);
    assert_eq!(payers.bench.replayed(), payers.bench.wallet);
}

#[test]
fn a_wallet_has_five_browsers_and_each_once() {
    let mut payers = payers();
    for address in 1..=BROWSERS_MAX as u8 {
        assert_eq!(code(&payers.proven(new(address), true)), APPROVED);
    }
    assert_eq!(
        rule(&payers.proven(new(1), true)),
        Some(Rule::BrowserExists)
    );
    assert_eq!(
        rule(&payers.proven(new(99), true)),
        Some(Rule::TooManyBrowsers)
    );
    // A number is given once.
    let last = browsers(&payers)[BROWSERS_MAX - 1].number;
    payers.proven(AccountAction::RemoveBrowser(last), true);
    payers.proven(new(99), true);
    assert!(browsers(&payers)[BROWSERS_MAX - 1].number > last);
}

#[test]
fn a_browser_that_its_push_service_no_longer_knows_is_removed_once() {
    let mut payers = payers();
    payers.proven(new(1), true);
    let number = browsers(&payers)[0].number;
    for unknown in [number + 1, 0] {
        let before = payers.bench.events();
        assert_eq!(payers.bench.send(Command::BrowserGone(unknown)), []);
        assert_eq!(payers.bench.events(), before);
    }
    for _ in 0..2 {
        assert_eq!(payers.bench.send(Command::BrowserGone(number)), []);
        let removed = Change::BrowserRemoved(number);
        assert!(matches!(
            payers.bench.last_event(),
            Event::Account { opening: None, change } if *change == removed
        ));
    }
    assert!(browsers(&payers).is_empty());
}

#[test]
fn who_follows_the_journal_learns_language_and_preferences_with_the_browser() {
    let mut payers = payers();
    let language = LanguageCode::from_letters(*b"ko").unwrap();
    payers.account(AccountAction::SetLanguage(language));
    payers.proven(new(1), true);
    let last = payers.bench.entries.iter().rev().take(2);
    let changes: Vec<_> = last.map(|entry| entry.event.clone()).collect();
    assert!(
        matches!(&changes[0], Event::Account { change: Change::LanguageSet(said), .. } if *said == language),
        "{changes:?}"
    );
    let preferences = payers.bench.wallet.account.as_ref().unwrap().preferences;
    assert!(
        matches!(&changes[1], Event::Account { change: Change::BrowserAdded(_, said), .. } if *said == preferences),
        "{changes:?}"
    );
}

#[test]
fn nothing_is_there_where_it_is_not_configured() {
    let mut payers = Payers::with(0);
    for action in [new(1), AccountAction::RemoveBrowser(1)] {
        assert_eq!(
            rule(&payers.proven(action, true)),
            Some(Rule::PushNotConfigured)
        );
    }
    let listed = payers.account(AccountAction::ListBrowsers("a key".into()));
    assert_eq!(rule(&listed), Some(Rule::PushNotConfigured));
}

#[test]
fn a_wallet_is_stored_with_its_browsers() {
    let mut payers = payers();
    payers.proven(new(1), true);
    payers.bench.checkpoint();
    assert_eq!(
        payers.bench.read_stored().account,
        payers.bench.wallet.account
    );
}
