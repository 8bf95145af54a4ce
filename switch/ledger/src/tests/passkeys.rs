//! Passkeys: what counts in the place of the password, and what becomes of them.

use tessera_protocol::ResponseCode;
use tessera_protocol::leased::{LanguageCode, Limits, PASSKEYS_MAX, tag};

use super::payer::{Payers, SESSION, answer, code, session};
use crate::{
    AccountAction, Action, Assertion, Change, Claims, Details, Effect, Event, LoadFrom, NewPasskey,
    Passkey, PasskeyUse, Proof, Rule, Secret, ShownPasskey,
};

const APPROVED: Option<ResponseCode> = Some(ResponseCode::APPROVED);
const REFUSED: Option<ResponseCode> = Some(ResponseCode::SECURITY_VIOLATION);
const MINUTE: u64 = 60_000;

fn new(id: u8, counter: u32) -> AccountAction {
    AccountAction::AddPasskey(NewPasskey {
        digest: [id; 32],
        sealed: [id; 40].into(),
        user: [5; 40].into(),
        name: "Chrome on Linux".into(),
        counter,
        synced: false,
    })
}

fn with_passkey(counter: u32) -> (Payers, u32) {
    let mut payers = Payers::with(10_000);
    payers.bench.rules.passkeys = true;
    assert_eq!(code(&payers.account(new(1, counter))), APPROVED);
    let number = passkeys(&payers)[0].number;
    (payers, number)
}

fn passkeys(payers: &Payers) -> Vec<Passkey> {
    let account = payers.bench.wallet.account.as_ref();
    account.unwrap().passkeys.clone()
}

fn signed_by(id: u8) -> Claims {
    Claims {
        session: Some(SESSION),
        assertion: Some(Assertion {
            passkey: [id; 32],
            client_data: [1].into(),
            authenticator: [2].into(),
            signature: [3].into(),
        }),
        ..Claims::default()
    }
}

fn looked_at(passkey: ShownPasskey) -> Claims {
    Claims {
        passkey: Some(passkey),
        proof: Some(Proof {
            of: None,
            right: matches!(passkey, ShownPasskey::Fits(_)),
            new_hash: Some("another hash".into()),
        }),
        ..signed_by(1)
    }
}

fn fits(number: u32, counter: u32) -> Claims {
    looked_at(ShownPasskey::Fits(PasskeyUse {
        number,
        counter,
        synced: false,
        again: false,
    }))
}

/// All that asks for the password, but for the recovery code's own operation.
fn asking() -> Vec<Action> {
    let account = [
        AccountAction::SignIn(session([9; 32])),
        AccountAction::SetRecovery,
        AccountAction::ChangePassword,
        AccountAction::RevealCard(None),
        AccountAction::RemoveSource(99),
        AccountAction::SetReload(None),
        AccountAction::Unfreeze,
        AccountAction::SetLimits(Limits::default()),
        AccountAction::RemoveContact,
        AccountAction::BeginPasskey("a challenge".into()),
        AccountAction::RemovePasskey(99),
        AccountAction::Close(None),
    ];
    let account = account.map(|action| Action::Account(Box::new(action)));
    let mut all = account.to_vec();
    all.push(Action::Load(LoadFrom::Source(99)));
    all
}

fn send(payers: &mut Payers, action: Action, claims: Claims) -> Vec<Effect> {
    let opening = payers.opening(100);
    payers.send(opening, action, claims)
}

#[test]
fn nothing_that_asks_for_the_password_is_done_before_a_passkey_was_looked_at() {
    for action in asking() {
        let (mut payers, number) = with_passkey(0);
        let before = payers.bench.wallet.clone();
        let asked = send(&mut payers, action.clone(), signed_by(1));
        assert_eq!(asked, [Effect::ProvePasskey(number)], "{action:?}");
        // One that the wallet does not have.
        let unknown = send(&mut payers, action.clone(), signed_by(2));
        assert_eq!(code(&unknown), REFUSED, "{action:?}");
        for wrong in [
            looked_at(ShownPasskey::Refused(Rule::WrongPasskey)),
            looked_at(ShownPasskey::Refused(Rule::PasskeyTooLate)),
            // Of a passkey that was removed meanwhile.
            fits(number + 1, 0),
        ] {
            let refused = send(&mut payers, action.clone(), wrong);
            assert_eq!(code(&refused), REFUSED, "{action:?}");
        }
        assert_eq!(payers.bench.wallet, before, "{action:?}");
        let done = send(&mut payers, action.clone(), fits(number, 0));
        assert_ne!(code(&done), REFUSED, "{action:?}");
    }
}

#[test]
fn the_recovery_code_has_no_passkey_in_its_place() {
    let (mut payers, number) = with_passkey(0);
    payers.proven(AccountAction::SetRecovery, true);
    let recover = || Action::Account(Box::new(AccountAction::Recover(session([9; 32]))));
    for claims in [signed_by(1), fits(number, 0)] {
        let refused = send(&mut payers, recover(), claims);
        assert_ne!(code(&refused), APPROVED);
        assert!(!matches!(refused[..], [Effect::ProvePasskey(_)]));
    }
}

#[test]
fn a_counter_that_does_not_rise_is_refused() {
    let (mut payers, number) = with_passkey(5);
    let reveal = || Action::Account(Box::new(AccountAction::RevealCard(None)));
    for counter in [0, 4, 5] {
        let refused = send(&mut payers, reveal(), fits(number, counter));
        assert_eq!(answer(&refused).unwrap().rule, Some(Rule::PasskeyCounter));
    }
    assert_eq!(
        code(&send(&mut payers, reveal(), fits(number, 6))),
        APPROVED
    );
    assert_eq!(passkeys(&payers)[0].counter, 6);
    // The same request once more, over another line.
    let again = looked_at(ShownPasskey::Fits(PasskeyUse {
        number,
        counter: 6,
        synced: false,
        again: true,
    }));
    assert_eq!(code(&send(&mut payers, reveal(), again)), APPROVED);
    assert_eq!(code(&send(&mut payers, reveal(), fits(number, 6))), REFUSED);
}

#[test]
fn a_passkey_that_does_not_count_is_noted_once_a_minute() {
    let (mut payers, number) = with_passkey(0);
    let reveal = || Action::Account(Box::new(AccountAction::RevealCard(None)));
    let notes = |payers: &Payers| {
        let entries = payers.bench.entries.iter();
        let is_note = |event: &Event| {
            matches!(
                event,
                Event::Account {
                    change: Change::PasskeyUsed(_),
                    ..
                }
            )
        };
        entries.filter(|entry| is_note(&entry.event)).count()
    };
    for (waits, noted) in [(0, 0), (MINUTE, 1), (0, 1), (MINUTE, 2)] {
        payers.bench.now = payers.bench.now.plus(waits);
        assert_eq!(
            code(&send(&mut payers, reveal(), fits(number, 0))),
            APPROVED
        );
        assert_eq!(notes(&payers), noted);
    }
    assert_eq!(passkeys(&payers)[0].used_at, payers.bench.now);
}

#[test]
fn a_wallet_has_ten_passkeys_and_each_once() {
    let (mut payers, _) = with_passkey(0);
    let refusal = |effects: &[Effect]| answer(effects).unwrap().rule;
    let twice = payers.account(new(1, 0));
    assert_eq!(refusal(&twice), Some(Rule::PasskeyExists));
    for id in 2..=PASSKEYS_MAX as u8 {
        assert_eq!(code(&payers.account(new(id, 0))), APPROVED);
    }
    let full = payers.account(new(99, 0));
    assert_eq!(refusal(&full), Some(Rule::TooManyPasskeys));
    let begin = payers.proven(AccountAction::BeginPasskey("a".into()), true);
    assert_eq!(refusal(&begin), Some(Rule::TooManyPasskeys));
    // Numbers are given once, also after one was removed.
    let numbers = |payers: &Payers| -> Vec<u32> {
        passkeys(payers)
            .iter()
            .map(|passkey| passkey.number)
            .collect()
    };
    let before = numbers(&payers);
    let removed = payers.proven(AccountAction::RemovePasskey(before[3]), true);
    assert_eq!(code(&removed), APPROVED);
    assert_eq!(code(&payers.account(new(99, 0))), APPROVED);
    assert!(numbers(&payers)[9] > before[9]);
    let gone = payers.proven(AccountAction::RemovePasskey(before[3]), true);
    assert_eq!(refusal(&gone), Some(Rule::NoSuchPasskey));
    let named = AccountAction::RenamePasskey(before[0], [6; 30].into());
    assert_eq!(code(&payers.account(named)), APPROVED);
    assert_eq!(passkeys(&payers)[0].renamed.as_deref(), Some(&[6; 30][..]));
    let listed = payers.account(AccountAction::ListPasskeys);
    let Details::Rows(rows) = &answer(&listed).unwrap().details else {
        panic!("rows");
    };
    assert_eq!(rows.len(), 10);
    let (tag, oldest) = &rows[9];
    assert_eq!(*tag, tag::PASSKEY_ROW);
    assert!(oldest.ends_with(",0,Chrome on Linux"), "{oldest}");
}

#[test]
fn passkeys_stay_whatever_becomes_of_password_and_sessions() {
    let (mut payers, number) = with_passkey(0);
    let kept = passkeys(&payers);
    payers.proven(AccountAction::SetRecovery, true);
    payers.proven(AccountAction::ChangePassword, true);
    assert_eq!(passkeys(&payers), kept);
    payers.account(AccountAction::SignOutEverywhere);
    assert_eq!(passkeys(&payers), kept);
    // To sign in needs no session.
    let sign_in = Action::Account(Box::new(AccountAction::SignIn(session([9; 32]))));
    let claims = Claims {
        session: None,
        ..fits(number, 0)
    };
    assert_eq!(code(&send(&mut payers, sign_in, claims)), APPROVED);
    let recovered = Claims {
        proof: Some(Proof {
            of: Some("a hash".into()),
            right: true,
            new_hash: Some("another hash".into()),
        }),
        ..Claims::default()
    };
    let recover = Action::Account(Box::new(AccountAction::Recover(session([8; 32]))));
    assert_eq!(code(&send(&mut payers, recover, recovered)), APPROVED);
    assert_eq!(passkeys(&payers), kept);
}

#[test]
fn passkeys_are_the_same_from_the_store_and_from_the_journal() {
    let (mut payers, number) = with_passkey(5);
    let reveal = || Action::Account(Box::new(AccountAction::RevealCard(None)));
    payers.account(new(2, 0));
    // Also beside a language, which stands in front of them.
    let korean = LanguageCode::from_letters(*b"ko").expect("a code");
    payers.account(AccountAction::SetLanguage(korean));
    send(&mut payers, reveal(), fits(number, 6));
    payers.bench.checkpoint();
    assert_eq!(payers.bench.read_stored(), payers.bench.wallet);
    payers.account(AccountAction::RenamePasskey(number, [6; 30].into()));
    send(&mut payers, reveal(), fits(number, 9));
    let second = passkeys(&payers)[1].number;
    payers.proven(AccountAction::RemovePasskey(second), true);
    assert_eq!(passkeys(&payers).len(), 1);
    assert_eq!(payers.bench.replayed().account, payers.bench.wallet.account);
    // None is left, and what the wallet is known by stays for the next one.
    payers.proven(AccountAction::RemovePasskey(number), true);
    payers.bench.checkpoint();
    let account = payers.bench.read_stored().account.expect("an account");
    assert!(account.passkeys.is_empty() && account.passkey_user.is_some());
}

#[test]
fn a_password_goes_before_a_passkey() {
    let (mut payers, _) = with_passkey(0);
    let claims = Claims {
        password: Some(Secret::new(b"correct horse")),
        ..signed_by(1)
    };
    let reveal = Action::Account(Box::new(AccountAction::RevealCard(None)));
    let asked = send(&mut payers, reveal, claims);
    assert!(matches!(asked[..], [Effect::Prove(Some(_))]), "{asked:?}");
}

#[test]
fn without_a_configured_origin_there_are_none() {
    let mut payers = Payers::with(0);
    let refused = payers.account(new(1, 0));
    assert_eq!(
        answer(&refused).unwrap().rule,
        Some(Rule::PasskeysNotConfigured)
    );
    let count = |payers: &mut Payers| {
        let effects = payers.account(AccountAction::Overview);
        let Details::Rows(rows) = &answer(&effects).unwrap().details else {
            panic!("rows");
        };
        let row = rows.iter().find(|(tag, _)| *tag == tag::COUNT);
        row.map(|(_, count)| count.clone())
    };
    assert_eq!(count(&mut payers), None);
    let (mut payers, _) = with_passkey(0);
    assert_eq!(count(&mut payers).as_deref(), Some("1"));
}
