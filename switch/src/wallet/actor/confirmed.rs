//! A right password, or a passkey, counts for its session for a few minutes, so that payers do not type it into every form.
//!
//! Only the actor knows it: it is not journaled, and gone with the actor, with the password, the passkey and the session. The
//! session asks with one of them then.

use tessera_kit::clock::Timestamp;
use tessera_ledger::{
    AccountAction, Action, Ask, Command, Details, NewSession, Outcome, PayersAccount, Proof,
    ShownPasskey,
};
use tessera_protocol::leased::{SessionKind, tag};

use super::WalletActor;

/// The last right password or passkey of a wallet's payer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Confirmation {
    /// The digest of the session that it came over, or that it opened.
    session: [u8; 32],
    /// The hash that it fits, or the account's where it was a passkey.
    password: Box<str>,
    /// The passkey that has signed.
    passkey: Option<u32>,
    /// Until when it counts.
    until: Timestamp,
}

/// The session, and the passkey where it was one.
pub(super) type Proven = ([u8; 32], Option<u32>);

impl WalletActor {
    /// What an operation shows where it came back from the threads that look at passwords with a right one: the session.
    pub(super) fn proven(&self, command: &Command) -> Option<Proven> {
        let Command::Ask(ask) = command else {
            return None;
        };
        let claims = ask.claims.as_deref()?;
        let session = opened(ask)
            .map(|session| session.digest)
            .or(claims.session)?;
        if let Some(ShownPasskey::Fits(used)) = claims.passkey {
            let account = self.wallet.account.as_ref()?;
            account.accept_passkey(&used).ok()?;
            return Some((session, Some(used.number)));
        }
        let proof = claims.proof.as_ref().filter(|proof| proof.right)?;
        let stored = self
            .wallet
            .account
            .as_ref()
            .map(|account| &account.password);
        // Of a password that was changed meanwhile, or of a number that is taken: that proves nothing.
        if proof.of.as_ref() != stored {
            return None;
        }
        Some((session, None))
    }

    /// From now on the password of this session counts, where the session is a browser's.
    pub(super) fn confirm(&mut self, proven: Option<Proven>, now: Timestamp) {
        let Some((digest, passkey)) = proven else {
            return;
        };
        let account = self.wallet.account.as_ref();
        let found = account.and_then(|account| Some((account, account.session(&digest)?)));
        let Some((account, session)) = found else {
            return;
        };
        let lasts = self.services.rules.confirmed_for;
        if session.kind == SessionKind::Web && lasts > 0 {
            self.confirmed = Some(Box::new(Confirmation {
                session: digest,
                password: account.password.clone(),
                passkey,
                until: now.plus(lasts),
            }));
        }
    }

    /// Shows the rules the password that was right a moment ago, where the operation has none with it.
    pub(super) fn show_confirmation(&self, command: &mut Command, now: Timestamp) {
        let Command::Ask(ask) = command else { return };
        let Some(claims) = &mut ask.claims else {
            return;
        };
        // An open browser that its payer has left is no way to take the money, the card's protection or the messages away.
        let always_asked = matches!(
            &ask.action,
            Action::Account(action) if matches!(
                **action,
                AccountAction::Close(_)
                    | AccountAction::Unfreeze
                    | AccountAction::ProposeContact(_)
                    | AccountAction::RemoveContact
                    | AccountAction::BeginPasskey(_)
                    | AccountAction::RemoveBrowser(_)
            )
        );
        let says_nothing = !always_asked
            && claims.proof.is_none()
            && claims.assertion.is_none()
            && claims.password.is_none()
            && claims.new_password.is_none();
        if let Some((confirmation, _)) = self.confirmation(claims.session, now)
            && says_nothing
        {
            claims.proof = Some(Proof {
                of: Some(confirmation.password.clone()),
                right: true,
                new_hash: None,
            });
        }
    }

    /// Adds to an overview for how many seconds no password is needed.
    pub(super) fn add_confirmation(
        &self,
        outcome: &mut Outcome,
        command: &Command,
        now: Timestamp,
    ) {
        let (Command::Ask(ask), Details::Rows(rows)) = (command, &mut outcome.details) else {
            return;
        };
        let is_overview = matches!(
            &ask.action,
            Action::Account(action) if matches!(**action, AccountAction::Overview)
        );
        let session = ask.claims.as_ref().and_then(|claims| claims.session);
        if let Some((_, left)) = self.confirmation(session, now)
            && is_overview
        {
            rows.push((tag::CONFIRMED_FOR, (left / 1_000).to_string()));
        }
    }

    /// What counts for this session now, and for how many milliseconds.
    fn confirmation(
        &self,
        session: Option<[u8; 32]>,
        now: Timestamp,
    ) -> Option<(&Confirmation, u64)> {
        let confirmation = self.confirmed.as_deref()?;
        let account: &PayersAccount = self.wallet.account.as_ref()?;
        let counts = Some(confirmation.session) == session
            && confirmation.password == account.password
            && confirmation
                .passkey
                .is_none_or(|passkey| account.passkey_of(passkey).is_some())
            && account.session(&confirmation.session).is_some();
        let left = confirmation.until.since(now);
        (counts && left >= 1_000).then_some((confirmation, left))
    }
}

/// The session that an operation opens.
fn opened(ask: &Ask) -> Option<&NewSession> {
    let Action::Account(action) = &ask.action else {
        return None;
    };
    if let AccountAction::Register(session) | AccountAction::SignIn(session) = &**action {
        return Some(session);
    }
    None
}
