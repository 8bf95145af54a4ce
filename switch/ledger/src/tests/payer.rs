//! A payer's operations, and the declines of purchases that follow from them.

use tessera_protocol::leased::{Limits, NumberUse, SessionKind, SourceKind};
use tessera_protocol::{CardNumber, Currency, OrderKey, ResponseCode};

use super::bench::{Bench, EXPIRY, amount, balances, by_card, forwarded, name, opening, settled};
use crate::{
    AccountAction, Action, Ask, CardName, Claims, Command, Contact, ContactAndCode, ContactChannel,
    Details, Effect, Event, LoadFrom, NewSession, Opening, Outcome, Payer, Proof, Reference,
    Reload, Secret, Source, code_digest,
};

pub(super) const SESSION: [u8; 32] = [7; 32];
const MINUTE: u64 = 60_000;

/// A wallet whose payer has registered, with a session, a card and money.
pub(super) struct Payers {
    pub(super) bench: Bench,
    pub(super) traces: u32,
}

impl Payers {
    pub(super) fn with(balance: u64) -> Self {
        let mut payers = Self {
            bench: Bench::empty(),
            traces: 1000,
        };
        let registered = payers.proven(AccountAction::Register(session(SESSION)), true);
        assert_eq!(code(&registered), Some(ResponseCode::APPROVED));
        let reference = forwarded(&payers.ask(Action::IssueCard));
        let card = CardNumber::development(1);
        payers
            .bench
            .send(Command::HostIssuedCard(reference, card, EXPIRY));
        payers.proven(AccountAction::AddSource(source()), true);
        if balance > 0 {
            let number = payers.source_number();
            let effects = payers.load(number, balance);
            payers.bench.send(Command::HostAnswered(
                forwarded(&effects),
                ResponseCode::APPROVED,
            ));
        }
        payers
    }

    pub(super) fn source_number(&self) -> u32 {
        self.bench.wallet.account.as_ref().unwrap().sources[0].number
    }

    pub(super) fn opening(&mut self, minor: u64) -> Opening {
        self.traces += 1;
        opening(6, self.traces, minor, Payer::Wallet)
    }

    pub(super) fn send(&mut self, opening: Opening, action: Action, claims: Claims) -> Vec<Effect> {
        self.bench.send(Command::Ask(Box::new(Ask {
            opening,
            action,
            claims: Some(Box::new(claims)),
        })))
    }

    pub(super) fn ask(&mut self, action: Action) -> Vec<Effect> {
        let opening = self.opening(0);
        self.send(opening, action, claims(SESSION))
    }

    pub(super) fn account(&mut self, action: AccountAction) -> Vec<Effect> {
        self.ask(Action::Account(Box::new(action)))
    }

    /// With a password that was looked at.
    pub(super) fn proven(&mut self, action: AccountAction, right: bool) -> Vec<Effect> {
        let opening = self.opening(0);
        let proof = Proof {
            of: self.password(),
            right,
            new_hash: Some("a hash".into()),
        };
        let claims = Claims {
            proof: Some(proof),
            ..claims(SESSION)
        };
        self.send(opening, Action::Account(Box::new(action)), claims)
    }

    /// The hash of the password as it is now.
    pub(super) fn password(&self) -> Option<Box<str>> {
        let account = self.bench.wallet.account.as_ref();
        account.map(|account| account.password.clone())
    }

    pub(super) fn load(&mut self, source: u32, minor: u64) -> Vec<Effect> {
        let opening = self.opening(minor);
        let proof = Proof {
            of: self.password(),
            right: true,
            new_hash: None,
        };
        let claims = Claims {
            proof: Some(proof),
            ..claims(SESSION)
        };
        self.send(opening, Action::Load(LoadFrom::Source(source)), claims)
    }

    /// A purchase with the card at an acquirer's mall.
    pub(super) fn buy(&mut self, minor: u64) -> Result<Reference, ResponseCode> {
        self.traces += 1;
        let opening = by_card(2, self.traces, minor);
        self.purchase(opening)
    }

    pub(super) fn purchase(&mut self, opening: Opening) -> Result<Reference, ResponseCode> {
        let effects = self.bench.ask(opening, Action::Purchase { barred: None });
        match code(&effects) {
            Some(code) => Err(code),
            None => Ok(forwarded(&effects)),
        }
    }

    pub(super) fn buy_approved(&mut self, minor: u64) -> Vec<Effect> {
        let reference = self.buy(minor).expect("a purchase");
        self.bench
            .send(Command::HostAnswered(reference, ResponseCode::APPROVED))
    }

    pub(super) fn further(&mut self, usage: NumberUse, limit: u64, serial: u32) -> CardName {
        let effects = self.proven(AccountAction::IssueNumber(usage, amount(limit)), true);
        let number = CardNumber::development(u64::from(serial));
        let issued = Command::HostIssuedCard(forwarded(&effects), number, EXPIRY);
        self.bench.send(issued);
        name(serial)
    }

    pub(super) fn buy_with(
        &mut self,
        card: CardName,
        mall: [u8; 15],
        minor: u64,
    ) -> Result<Reference, ResponseCode> {
        self.traces += 1;
        let payer = Payer::Card(card, Some(EXPIRY));
        let mut opening = opening(2, self.traces, minor, payer);
        opening.acceptor = mall;
        self.purchase(opening)
    }
}

pub(super) fn session(digest: [u8; 32]) -> NewSession {
    NewSession {
        digest,
        kind: SessionKind::Web,
        device: "a test".into(),
    }
}

fn source() -> Source {
    Source {
        number: 0,
        added_by: Reference(0),
        kind: SourceKind::Card,
        sealed: [1, 2, 3].into(),
        shown: "**** 0006".into(),
    }
}

fn claims(session: [u8; 32]) -> Claims {
    Claims {
        session: Some(session),
        ..Claims::default()
    }
}

pub(super) fn answer(effects: &[Effect]) -> Option<&Outcome> {
    effects.iter().find_map(|effect| match effect {
        Effect::Answer(outcome) => Some(outcome),
        _ => None,
    })
}

pub(super) fn code(effects: &[Effect]) -> Option<ResponseCode> {
    answer(effects).map(|outcome| outcome.code)
}

const MALL: [u8; 15] = *b"LANTERN-0001   ";
const OTHER_MALL: [u8; 15] = *b"TEAPOT-0002    ";

#[test]
fn nothing_is_done_without_an_open_session() {
    let mut payers = Payers::with(1000);
    let freeze = Action::Account(Box::new(AccountAction::Freeze(None)));
    let opening = payers.opening(0);
    let refused = payers.send(opening, freeze.clone(), claims([8; 32]));
    assert_eq!(code(&refused), Some(ResponseCode::SECURITY_VIOLATION));
    // Nor by a client that knows only the wallet's number.
    let opening = payers.opening(0);
    let refused = payers.bench.ask(opening, freeze.clone());
    assert_eq!(code(&refused), Some(ResponseCode::SECURITY_VIOLATION));
    let opening = payers.opening(0);
    let refused = payers.bench.ask(opening, Action::Inquiry);
    assert_eq!(code(&refused), Some(ResponseCode::SECURITY_VIOLATION));
    // Idle for too long.
    payers.bench.now = payers.bench.now.plus(17 * MINUTE);
    let refused = payers.ask(freeze);
    assert_eq!(code(&refused), Some(ResponseCode::SECURITY_VIOLATION));
}

#[test]
fn a_session_that_is_used_lives_until_its_absolute_end() {
    let mut payers = Payers::with(1000);
    let mut minutes = 0;
    while code(&payers.account(AccountAction::Overview)) == Some(ResponseCode::APPROVED) {
        minutes += 10;
        payers.bench.now = payers.bench.now.plus(10 * MINUTE);
    }
    assert_eq!(minutes, 12 * 60);
}

#[test]
fn what_an_open_page_asks_by_itself_is_no_use_of_its_session() {
    let mut payers = Payers::with(1000);
    let mut minutes = 0;
    let looks = |payers: &mut Payers| {
        let watch = payers.account(AccountAction::Watch);
        let balance = payers.ask(Action::Inquiry);
        assert_eq!(code(&watch), code(&balance));
        code(&balance) == Some(ResponseCode::APPROVED)
    };
    while looks(&mut payers) {
        minutes += 1;
        payers.bench.now = payers.bench.now.plus(MINUTE);
    }
    assert_eq!(minutes, 16);
}

#[test]
fn passwords_are_looked_at_before_money_or_secrets_move() {
    let mut payers = Payers::with(1000);
    let reveal = AccountAction::RevealCard(None);
    let missing = payers.account(reveal.clone());
    assert_eq!(code(&missing), Some(ResponseCode::FORMAT_ERROR));
    let opening = payers.opening(0);
    let said = Claims {
        password: Some(Secret::new(b"correct horse")),
        ..claims(SESSION)
    };
    let effects = payers.send(opening, Action::Account(Box::new(reveal.clone())), said);
    assert_eq!(effects, [Effect::Prove(Some("a hash".into()))]);
    let wrong = payers.proven(reveal.clone(), false);
    assert_eq!(code(&wrong), Some(ResponseCode::SECURITY_VIOLATION));
    let right = payers.proven(reveal, true);
    let details = &answer(&right).unwrap().details;
    assert!(matches!(details, Details::Card { in_full: true, .. }));
}

#[test]
fn an_unknown_number_is_looked_at_like_a_known_one() {
    let mut nobody = Payers {
        bench: Bench::empty(),
        traces: 0,
    };
    let action = AccountAction::SignIn(session(SESSION));
    let opening = nobody.opening(0);
    let said = Claims {
        password: Some(Secret::new(b"correct horse")),
        ..Claims::default()
    };
    let effects = nobody.send(opening, Action::Account(Box::new(action.clone())), said);
    assert_eq!(effects, [Effect::Prove(None)]);
    let refused = nobody.proven(action.clone(), false);
    let unknown = answer(&refused).unwrap().clone();
    let mut known = Payers::with(0);
    let refused = known.proven(action, false);
    assert_eq!(answer(&refused), Some(&unknown));
    assert!(nobody.bench.entries.is_empty(), "a guess was journaled");
}

#[test]
fn signing_out_everywhere_ends_every_session() {
    let mut payers = Payers::with(0);
    payers.proven(AccountAction::SignIn(session([9; 32])), true);
    payers.account(AccountAction::SignOutEverywhere);
    for digest in [SESSION, [9; 32]] {
        let opening = payers.opening(0);
        let overview = Action::Account(Box::new(AccountAction::Overview));
        let refused = payers.send(opening, overview, claims(digest));
        assert_eq!(code(&refused), Some(ResponseCode::SECURITY_VIOLATION));
    }
}

#[test]
fn another_password_ends_all_other_sessions() {
    let mut payers = Payers::with(0);
    payers.proven(AccountAction::SignIn(session([9; 32])), true);
    let changed = payers.proven(AccountAction::ChangePassword, true);
    assert_eq!(code(&changed), Some(ResponseCode::APPROVED));
    let account = payers.bench.wallet.account.as_ref().unwrap();
    let open: Vec<_> = account
        .sessions
        .iter()
        .map(|session| session.digest)
        .collect();
    assert_eq!(open, [SESSION]);
}

#[test]
fn a_frozen_wallet_buys_nothing_and_takes_money() {
    let mut payers = Payers::with(1000);
    payers.account(AccountAction::Freeze(None));
    assert_eq!(payers.buy(10), Err(ResponseCode::WALLET_BLOCKED));
    let source = payers.source_number();
    forwarded(&payers.load(source, 50));
    payers.proven(AccountAction::Unfreeze, true);
    assert!(payers.buy(10).is_ok());
}

#[test]
fn limits_are_the_stricter_of_the_operators_and_the_payers() {
    let mut payers = Payers::with(10_000);
    payers.bench.rules.limits = Limits::from_array([500, 0, 0, 0, 0]);
    assert_eq!(payers.buy(501), Err(ResponseCode::ABOVE_AMOUNT_LIMIT));
    let wider = Limits::from_array([600, 0, 0, 0, 0]);
    let refused = payers.proven(AccountAction::SetLimits(wider), true);
    assert_eq!(code(&refused), Some(ResponseCode::ABOVE_AMOUNT_LIMIT));
    // Where the payer says nothing, the operator's stands.
    let none = Limits::from_array([0, 700, 0, 0, 0]);
    let set = payers.proven(AccountAction::SetLimits(none), true);
    assert_eq!(code(&set), Some(ResponseCode::APPROVED));
    assert_eq!(payers.buy(501), Err(ResponseCode::ABOVE_AMOUNT_LIMIT));
    let own = Limits::from_array([400, 700, 900, 3, 0]);
    payers.proven(AccountAction::SetLimits(own), true);
    assert_eq!(payers.buy(401), Err(ResponseCode::ABOVE_AMOUNT_LIMIT));
    payers.buy_approved(400);
    assert_eq!(payers.buy(301), Err(ResponseCode::ABOVE_AMOUNT_LIMIT));
    payers.buy_approved(300);
    // What is declined by the host is not spent.
    payers.bench.now = payers.bench.now.plus(24 * 60 * MINUTE);
    let effects = payers
        .bench
        .ask(by_card(2, 1, 200), Action::Purchase { barred: None });
    payers.bench.send(Command::HostAnswered(
        forwarded(&effects),
        ResponseCode::DECLINED,
    ));
    payers.buy_approved(199);
    assert_eq!(payers.buy(2), Err(ResponseCode::ABOVE_AMOUNT_LIMIT));
    payers.buy_approved(1);
    let more = Limits::from_array([400, 700, 0, 3, 0]);
    let session = payers.proven(AccountAction::SignIn(session(SESSION)), true);
    assert_eq!(code(&session), Some(ResponseCode::APPROVED));
    payers.proven(AccountAction::SetLimits(more), true);
    payers.buy_approved(1);
    assert_eq!(payers.buy(1), Err(ResponseCode::ABOVE_COUNT_LIMIT));
}

#[test]
fn a_reissued_card_is_dead_and_the_money_stays() {
    let mut payers = Payers::with(1000);
    let reissue = payers.proven(AccountAction::ReissueCard, true);
    let again = payers.proven(AccountAction::ReissueCard, true);
    assert_eq!(code(&again), Some(ResponseCode::DUPLICATE));
    assert!(payers.buy(10).is_ok(), "the old one is good until then");
    let new = CardNumber::development(2);
    let issued = Command::HostIssuedCard(forwarded(&reissue), new, EXPIRY);
    let effects = payers.bench.send(issued);
    let details = &settled(&effects).details;
    assert!(matches!(details, Details::Card { in_full: false, .. }));
    assert_eq!(payers.buy(10), Err(ResponseCode::NO_SUCH_CARD));
    assert!(payers.buy_with(name(2), MALL, 10).is_ok());
    assert_eq!(payers.bench.wallet.ledger().value(), 1000);
}

#[test]
fn a_number_for_one_purchase_buys_once() {
    let mut payers = Payers::with(1000);
    let number = payers.further(NumberUse::Once, 100, 2);
    let above = payers.buy_with(number, MALL, 101);
    assert_eq!(above, Err(ResponseCode::ABOVE_AMOUNT_LIMIT));
    let declined = payers.buy_with(number, MALL, 50).unwrap();
    payers
        .bench
        .send(Command::HostAnswered(declined, ResponseCode::DECLINED));
    let bought = payers.buy_with(number, MALL, 50).unwrap();
    payers
        .bench
        .send(Command::HostAnswered(bought, ResponseCode::APPROVED));
    let again = payers.buy_with(number, MALL, 50);
    assert_eq!(again, Err(ResponseCode::NOT_PERMITTED_TO_CARD));
    assert!(payers.buy(10).is_ok(), "the card itself is untouched");
}

#[test]
fn a_number_for_one_mall_is_the_first_malls() {
    let mut payers = Payers::with(1000);
    let number = payers.further(NumberUse::Mall, 0, 2);
    assert!(payers.buy_with(number, MALL, 10).is_ok());
    assert!(payers.buy_with(number, MALL, 10).is_ok());
    let elsewhere = payers.buy_with(number, OTHER_MALL, 10);
    assert_eq!(elsewhere, Err(ResponseCode::NOT_PERMITTED_TO_CARD));
    let serial = payers
        .bench
        .wallet
        .cards
        .iter()
        .last()
        .map(|card| card.serial);
    let retired = payers.account(AccountAction::RetireNumber(serial.unwrap()));
    assert_eq!(code(&retired), Some(ResponseCode::APPROVED));
    let dead = payers.buy_with(number, MALL, 10);
    assert_eq!(dead, Err(ResponseCode::NO_SUCH_CARD));
    // The host gets an advice until it has acknowledged it.
    let advised = retired.iter().find_map(|effect| match effect {
        Effect::Advise(reference) => Some(*reference),
        _ => None,
    });
    assert!(payers.bench.wallet.is_open());
    let crashed = payers.bench.replayed();
    assert!(crashed.is_open());
    payers.bench.acknowledge(advised.unwrap());
    assert!(
        !payers
            .bench
            .wallet
            .transactions
            .iter()
            .any(|transaction| transaction.advice == crate::Advice::Open)
    );
}

#[test]
fn a_wallet_reloads_by_itself_below_its_threshold_and_rests_after_a_failure() {
    let mut payers = Payers::with(1000);
    let reload = Reload {
        source: payers.source_number(),
        threshold: 900,
        amount: 500,
        under_way: None,
        failed_at: None,
    };
    payers.proven(AccountAction::SetReload(Some(reload)), true);
    let effects = payers.buy_approved(100);
    assert!(!effects.iter().any(is_reload), "not below it yet");
    let effects = payers.buy_approved(1);
    assert!(effects.iter().any(is_reload));
    let ask = |payers: &mut Payers| {
        let opening = payers.opening(500);
        payers.bench.send(Command::Ask(Box::new(Ask {
            opening,
            action: Action::Load(LoadFrom::Reload(reload.source)),
            claims: None,
        })))
    };
    let unsent = forwarded(&ask(&mut payers));
    payers.bench.send(Command::HostUnreached(unsent));
    let effects = payers.buy_approved(1);
    assert!(effects.iter().any(is_reload), "it never left");
    let first = forwarded(&ask(&mut payers));
    let effects = payers.buy_approved(1);
    assert!(!effects.iter().any(is_reload), "one is under way");
    let failed = Command::HostAnswered(first, ResponseCode::DECLINED);
    payers.bench.send(failed);
    let effects = payers.buy_approved(1);
    assert!(!effects.iter().any(is_reload), "one has just failed");
    payers.bench.now = payers.bench.now.plus(61 * MINUTE);
    let effects = payers.buy_approved(1);
    assert!(effects.iter().any(is_reload));
    let second = forwarded(&ask(&mut payers));
    payers
        .bench
        .send(Command::HostAnswered(second, ResponseCode::APPROVED));
    assert_eq!(balances(&payers.bench), (1000 - 105 + 500, 0));
    // No load is due any more.
    assert_eq!(code(&ask(&mut payers)), Some(ResponseCode::DUPLICATE));
}

#[test]
fn a_wallet_reloads_once_however_many_purchases_find_it_due() {
    let mut payers = Payers::with(1000);
    let reload = Reload {
        source: payers.source_number(),
        threshold: 900,
        amount: 500,
        under_way: None,
        failed_at: None,
    };
    let ask = |payers: &mut Payers| {
        let opening = payers.opening(500);
        payers.bench.send(Command::Ask(Box::new(Ask {
            opening,
            action: Action::Load(LoadFrom::Reload(reload.source)),
            claims: None,
        })))
    };
    payers.buy_approved(200);
    // Below it already when it is wanted.
    let effects = payers.proven(AccountAction::SetReload(Some(reload)), true);
    assert!(effects.iter().any(is_reload));
    // And before that comes, a purchase finds the same.
    let effects = payers.buy_approved(1);
    assert!(effects.iter().any(is_reload));
    let first = forwarded(&ask(&mut payers));
    assert_eq!(code(&ask(&mut payers)), Some(ResponseCode::DUPLICATE));
    // Wished anew while one is under way.
    let effects = payers.proven(AccountAction::SetReload(Some(reload)), true);
    assert!(!effects.iter().any(is_reload));
    payers.proven(AccountAction::SetReload(None), true);
    let effects = payers.proven(AccountAction::SetReload(Some(reload)), true);
    assert!(!effects.iter().any(is_reload));
    payers
        .bench
        .send(Command::HostAnswered(first, ResponseCode::DECLINED));
    // It failed, everything is spent, and nothing is approved any more: a purchase that finds no money asks as well.
    payers.bench.now = payers.bench.now.plus(61 * MINUTE);
    let opening = by_card(2, 77, 100_000);
    let effects = payers.bench.ask(opening, Action::Purchase { barred: None });
    assert_eq!(code(&effects), Some(ResponseCode::NOT_ENOUGH_MONEY));
    assert!(effects.iter().any(is_reload));
}

#[test]
fn a_proof_is_of_the_password_that_stands() {
    let mut payers = Payers::with(1000);
    let old = payers.password();
    let sign_in = |payers: &mut Payers, of, right| {
        let opening = payers.opening(0);
        let proof = Proof {
            of,
            right,
            new_hash: None,
        };
        let claims = Claims {
            proof: Some(proof),
            ..Claims::default()
        };
        let action = Action::Account(Box::new(AccountAction::SignIn(session([9; 32]))));
        code(&payers.send(opening, action, claims))
    };
    assert_eq!(
        sign_in(&mut payers, old.clone(), true),
        Some(ResponseCode::APPROVED)
    );
    // Checked before the change, answered after it.
    let opening = payers.opening(0);
    let proof = Proof {
        of: old.clone(),
        right: true,
        new_hash: Some("another hash".into()),
    };
    let claims = Claims {
        proof: Some(proof),
        ..claims(SESSION)
    };
    let change = Action::Account(Box::new(AccountAction::ChangePassword));
    payers.send(opening, change, claims);
    assert_eq!(
        sign_in(&mut payers, old, true),
        Some(ResponseCode::SECURITY_VIOLATION)
    );
    // And a new password alone is no password.
    let opening = payers.opening(0);
    let claims = Claims {
        new_password: Some(Secret::new(b"ten letters")),
        ..Claims::default()
    };
    let action = Action::Account(Box::new(AccountAction::SignIn(session([8; 32]))));
    let asked = payers.send(opening, action, claims);
    assert_eq!(code(&asked), Some(ResponseCode::FORMAT_ERROR));
}

fn is_reload(effect: &Effect) -> bool {
    matches!(effect, Effect::Reload(..))
}

#[test]
fn an_address_is_confirmed_by_its_code_and_five_guesses_are_all() {
    let mut payers = Payers::with(0);
    let wallet = payers.bench.wallet.id;
    let propose = AccountAction::ProposeContact(ContactAndCode {
        contact: Contact {
            channel: ContactChannel::Email,
            sealed: [1].into(),
            shown: "a***@example.com".into(),
        },
        digest: code_digest(wallet, b"123456"),
        sealed_code: [2].into(),
    });
    let confirm = |code: &str| AccountAction::ConfirmContact(Secret::new(code.as_bytes()));
    payers.proven(propose.clone(), true);
    for _ in 0..5 {
        let wrong = payers.account(confirm("654321"));
        assert_eq!(code(&wrong), Some(ResponseCode::SECURITY_VIOLATION));
    }
    let late = payers.account(confirm("123456"));
    assert_eq!(code(&late), Some(ResponseCode::NOT_FOUND));
    payers.proven(propose, true);
    let right = payers.account(confirm("123456"));
    assert_eq!(code(&right), Some(ResponseCode::APPROVED));
    let account = payers.bench.wallet.account.as_ref().unwrap();
    assert!(account.contact.is_some() && account.proposed.is_none());
}

#[test]
fn a_payer_gets_at_once_the_decline_that_the_mall_would_get() {
    let mut payers = Payers::with(100);
    let key = OrderKey::of(&MALL, b"ORDER-1");
    let announce = Action::Announce {
        expires_at: payers.bench.now.plus(MINUTE),
        description: Vec::new(),
        reversed: Vec::new(),
    };
    payers.traces += 1;
    let mut too_much = opening(6, payers.traces, 101, Payer::Order(key));
    too_much.currency = Currency::USD;
    let refused = payers.send(too_much, announce.clone(), claims(SESSION));
    assert_eq!(code(&refused), Some(ResponseCode::NOT_ENOUGH_MONEY));
    payers.traces += 1;
    let fits = opening(6, payers.traces, 100, Payer::Order(key));
    let agreed = payers.send(fits, announce, claims(SESSION));
    assert_eq!(code(&agreed), Some(ResponseCode::APPROVED));
    payers.traces += 1;
    let read = opening(6, payers.traces, 0, Payer::Order(key));
    let action = Action::Account(Box::new(AccountAction::ReadOrder));
    let state = payers.send(read, action, claims(SESSION));
    let details = &answer(&state).unwrap().details;
    assert!(matches!(details, Details::Order { state: "open", .. }));
}

#[test]
fn every_account_event_is_replayed_as_it_was() {
    let mut payers = Payers::with(1000);
    payers.account(AccountAction::Freeze(None));
    payers.proven(AccountAction::Unfreeze, true);
    payers.further(NumberUse::Once, 10, 5);
    payers.bench.checkpoint();
    payers.bench.now = payers.bench.now.plus(2 * MINUTE);
    payers.account(AccountAction::Overview);
    assert!(matches!(
        payers.bench.last_event(),
        Event::Account { opening: None, .. }
    ));
    assert_eq!(payers.bench.replayed(), payers.bench.wallet);
    payers.bench.checkpoint();
    assert_eq!(payers.bench.read_stored(), payers.bench.wallet);
}

#[test]
fn a_repeat_is_answered_even_if_the_operation_ended_its_session() {
    let mut payers = Payers::with(0);
    let change = Action::Account(Box::new(AccountAction::ChangePassword));
    let opening = payers.opening(0);
    let proof = Proof {
        of: payers.password(),
        right: true,
        new_hash: Some("another hash".into()),
    };
    let proven = Claims {
        proof: Some(proof),
        ..claims(SESSION)
    };
    let changed = payers.send(opening.clone(), change.clone(), proven);
    assert_eq!(code(&changed), Some(ResponseCode::APPROVED));
    // The line repeats it with the password that is the old one now.
    let repeated = Claims {
        password: Some(Secret::new(b"the old one")),
        ..claims(SESSION)
    };
    let again = payers.send(opening, change, repeated);
    assert_eq!(code(&again), Some(ResponseCode::APPROVED));

    let out = Action::Account(Box::new(AccountAction::SignOutEverywhere));
    let opening = payers.opening(0);
    for _ in 0..2 {
        let subject = payers.send(opening.clone(), out.clone(), claims(SESSION));
        assert_eq!(code(&subject), Some(ResponseCode::APPROVED));
    }
    // Another request with that session is refused.
    let opening = payers.opening(0);
    let refused = payers.send(opening, out, claims(SESSION));
    assert_eq!(code(&refused), Some(ResponseCode::SECURITY_VIOLATION));
}
