//! Accounts: the recovery code, and what an overview says.

use tessera_ledger::{AccountAction, Action, Balance, Claims, Details, Effect, Proof, Secret};
use tessera_protocol::ResponseCode;
use tessera_protocol::leased::tag;

use super::payer::{Payers, answer, code, session};

/// The recovery code opens the account once, ends all sessions, and only what fits its own hash is one.
#[test]
fn a_recovery_code_replaces_the_password_once() {
    let mut payers = Payers::with(0);
    let recover = || Action::Account(Box::new(AccountAction::Recover(session([9; 32]))));
    let proof = |of: Option<&str>, right| Claims {
        proof: Some(Proof {
            of: of.map(Into::into),
            right,
            new_hash: Some("the new hash".into()),
        }),
        ..Claims::default()
    };
    let said = || Claims {
        password: Some(Secret::new(b"a code of 25 letters")),
        ..Claims::default()
    };
    // Without a code nothing fits, and that takes as long.
    let opening = payers.opening(0);
    let asked = payers.send(opening, recover(), said());
    assert_eq!(asked, [Effect::Prove(None)]);
    let set = payers.proven(AccountAction::SetRecovery, true);
    assert_eq!(code(&set), Some(ResponseCode::APPROVED));
    let stored = |payers: &Payers| payers.bench.wallet.account.clone().unwrap().recovery;
    assert_eq!(stored(&payers).as_deref(), Some("a hash"));
    let opening = payers.opening(0);
    let asked = payers.send(opening, recover(), said());
    assert_eq!(asked, [Effect::Prove(Some("a hash".into()))]);
    for claims in [
        proof(Some("a hash"), false),
        proof(Some("an old hash"), true),
    ] {
        let opening = payers.opening(0);
        let refused = payers.send(opening, recover(), claims);
        assert_eq!(code(&refused), Some(ResponseCode::SECURITY_VIOLATION));
    }
    let opening = payers.opening(0);
    let recovered = payers.send(opening, recover(), proof(Some("a hash"), true));
    assert_eq!(code(&recovered), Some(ResponseCode::APPROVED));
    assert_eq!(payers.password().as_deref(), Some("the new hash"));
    let account = payers.bench.wallet.account.clone().unwrap();
    let open: Vec<_> = account.sessions.iter().map(|open| open.digest).collect();
    assert_eq!(open, [[9; 32]]);
    // It is used up.
    assert_eq!(stored(&payers), None);
    let opening = payers.opening(0);
    let again = payers.send(opening, recover(), proof(Some("a hash"), true));
    assert_eq!(code(&again), Some(ResponseCode::SECURITY_VIOLATION));
}

/// A load pays it first: the payer sees how much.
#[test]
fn an_overview_says_what_is_owed() {
    let mut payers = Payers::with(1000);
    let owed = |payers: &mut Payers| {
        let effects = payers.account(AccountAction::Overview);
        let Details::Rows(rows) = &answer(&effects).unwrap().details else {
            panic!("rows");
        };
        let row = rows.iter().find(|(tag, _)| *tag == tag::OWED);
        row.map(|(_, minor)| minor.clone())
    };
    assert_eq!(owed(&mut payers), None);
    payers.bench.wallet.owed = Balance(250);
    assert_eq!(owed(&mut payers).as_deref(), Some("250"));
}
