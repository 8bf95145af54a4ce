//! Who may ask for what: sessions, and the password again before money or secrets move.

use smallvec::{SmallVec, smallvec};
use tessera_protocol::leased::SessionKind;

use super::super::account::SESSION_USED_GRAIN;
use super::super::{
    AccountAction, Action, Ask, Change, Claims, Context, Effect, Event, LoadFrom, Outcome,
    PasskeyUse, Session, ShownPasskey, Wallet,
};
use super::Decision;
use crate::{Class, Rule};

/// Lets a request in, with the event that notes the use of its session; or decides it at once: refused, or to be asked again
/// when its passwords have been looked at.
pub(super) fn admit(
    wallet: &Wallet,
    ask: &Ask,
    context: &Context,
) -> Result<SmallVec<[Event; 1]>, Box<Decision>> {
    // A party names cards and orders, and shows nothing.
    if ask.opening.class != Class::Administrative {
        return Ok(SmallVec::new());
    }
    let Some(claims) = &ask.claims else {
        // The wallet server speaks for a wallet without an account; the wallet reloads by itself.
        return match (&wallet.account, &ask.action) {
            (None, _) | (_, Action::Load(LoadFrom::Reload(_)) | Action::Unwatch) => {
                Ok(SmallVec::new())
            }
            (Some(_), _) => Err(refuse(Rule::NoSuchSession)),
        };
    };
    let opens = matches!(
        &ask.action,
        Action::Account(action)
            if matches!(
                **action,
                AccountAction::Register(_) | AccountAction::SignIn(_) | AccountAction::Recover(_)
            )
    );
    let session = if opens {
        None
    } else {
        Some(session(wallet, ask, context).ok_or_else(|| refuse(Rule::NoSuchSession))?)
    };
    let mut events = SmallVec::new();
    if claims.needs_proof(&ask.action, session) {
        if claims.shows_passkey(&ask.action) {
            events.extend(prove_by_passkey(wallet, claims, context)?);
        } else {
            prove_by_password(wallet, ask, claims)?;
        }
    }
    if !is_of_a_page(&ask.action) {
        events.extend(session.and_then(|session| used(session, context)));
    }
    Ok(events)
}

fn prove_by_password(wallet: &Wallet, ask: &Ask, claims: &Claims) -> Result<(), Box<Decision>> {
    let account = wallet.account.as_ref();
    let stored = account.and_then(|account| match ask.action.recovers() {
        true => account.recovery.as_ref(),
        false => Some(&account.password),
    });
    match &claims.proof {
        None if claims.password.is_none() && !ask.action.registers() => {
            Err(refuse(Rule::PasswordMissing))
        }
        None => Err(prove(Effect::Prove(stored.cloned()))),
        // Right, but of a password that was changed meanwhile.
        Some(proof) if !ask.action.registers() && proof.of.as_ref() != stored => {
            Err(refuse(Rule::WrongPassword))
        }
        Some(proof) if !proof.right => Err(refuse(Rule::WrongPassword)),
        Some(_) => Ok(()),
    }
}

/// In the place of the password: the event that notes the use of the passkey.
fn prove_by_passkey(
    wallet: &Wallet,
    claims: &Claims,
    context: &Context,
) -> Result<Option<Event>, Box<Decision>> {
    let account = wallet.account.as_ref();
    let account = account.ok_or_else(|| refuse(Rule::WrongPasskey))?;
    let used = match (claims.passkey, &claims.assertion) {
        (Some(ShownPasskey::Fits(used)), _) => used,
        (Some(ShownPasskey::Refused(rule)), _) => return Err(refuse(rule)),
        (None, Some(assertion)) => {
            return Err(match account.passkey(&assertion.passkey) {
                Some(passkey) => prove(Effect::ProvePasskey(passkey.number)),
                None => refuse(Rule::WrongPasskey),
            });
        }
        (None, None) => return Err(refuse(Rule::PasswordMissing)),
    };
    account.accept_passkey(&used).map_err(refuse)?;
    let known = account.passkey_of(used.number);
    let is_news = known.is_some_and(|passkey| {
        passkey.counter != used.counter
            || passkey.synced != used.synced
            || context.now.since(passkey.used_at) >= SESSION_USED_GRAIN
    });
    Ok(is_news.then_some(Event::Account {
        opening: None,
        change: Change::PasskeyUsed(PasskeyUse {
            again: false,
            ..used
        }),
    }))
}

fn prove(effect: Effect) -> Box<Decision> {
    Box::new(Decision {
        events: SmallVec::new(),
        effects: smallvec![effect],
    })
}

/// What an open page asks by itself, whether its payer is still there or not: that keeps no session from its idle end.
fn is_of_a_page(action: &Action) -> bool {
    match action {
        Action::Inquiry => true,
        Action::Account(action) => matches!(**action, AccountAction::Watch),
        Action::Purchase { .. }
        | Action::Complete { .. }
        | Action::Post { .. }
        | Action::Verify { .. }
        | Action::Refund { .. }
        | Action::Reverse { .. }
        | Action::Open
        | Action::IssueCard
        | Action::RenewCard
        | Action::Load(_)
        | Action::Announce { .. }
        | Action::Cancel
        | Action::History(_)
        | Action::Unwatch => false,
    }
}

/// The open session that the request shows.
pub(super) fn session<'a>(wallet: &'a Wallet, ask: &Ask, context: &Context) -> Option<&'a Session> {
    let digest = ask.claims.as_ref()?.session?;
    let session = wallet.account.as_ref()?.session(&digest)?;
    is_open(session, context).then_some(session)
}

/// Whether the session has neither been idle for too long nor open for too long.
pub(super) fn is_open(session: &Session, context: &Context) -> bool {
    context.now.since(session.used_at) < context.rules.session_idle + SESSION_USED_GRAIN
        && context.now.since(session.opened_at) < context.rules.session_max_age
}

/// To a minute, so that not every look at a page is an event.
fn used(session: &Session, context: &Context) -> Option<Event> {
    let unused = context.now.since(session.used_at);
    (unused >= SESSION_USED_GRAIN).then_some(Event::Account {
        opening: None,
        change: Change::SessionUsed(session.number),
    })
}

impl Claims {
    /// Whether it has a passkey's answer in the place of the password. The recovery code has no other.
    fn shows_passkey(&self, action: &Action) -> bool {
        self.assertion.is_some() && self.password.is_none() && !action.recovers()
    }

    fn needs_proof(&self, action: &Action, session: Option<&Session>) -> bool {
        match action {
            Action::Load(LoadFrom::Source(_)) => true,
            Action::Account(action) => match &**action {
                AccountAction::Register(_)
                | AccountAction::SignIn(_)
                | AccountAction::Recover(_)
                | AccountAction::SetRecovery
                | AccountAction::ChangePassword
                | AccountAction::RevealCard(_)
                | AccountAction::ReissueCard
                | AccountAction::AddSource(_)
                | AccountAction::RemoveSource(_)
                | AccountAction::SetReload(_)
                | AccountAction::Unfreeze
                | AccountAction::SetLimits(_)
                | AccountAction::ProposeContact(_)
                | AccountAction::RemoveContact
                | AccountAction::BeginPasskey(_)
                | AccountAction::RemovePasskey(_)
                | AccountAction::AddBrowser(_)
                | AccountAction::RemoveBrowser(_)
                | AccountAction::Close(_) => true,
                AccountAction::IssueNumber(..) => {
                    session.is_none_or(|session| session.kind != SessionKind::Extension)
                }
                AccountAction::SignOut
                | AccountAction::SignOutEverywhere
                | AccountAction::EndSession(_)
                | AccountAction::ListSessions
                | AccountAction::Overview
                | AccountAction::Watch
                | AccountAction::RetireNumber(_)
                | AccountAction::ListNumbers
                | AccountAction::ReadOrder
                | AccountAction::Freeze(_)
                | AccountAction::ConfirmContact(_)
                // What it answers was made for a password or a passkey that was shown a moment ago.
                | AccountAction::AddPasskey(_)
                | AccountAction::PasskeyChallenge(_)
                | AccountAction::RenamePasskey(..)
                | AccountAction::ListPasskeys
                | AccountAction::ListBrowsers(_)
                | AccountAction::SetPreferences(_)
                | AccountAction::SetLanguage(_) => false,
            },
            Action::Purchase { .. }
            | Action::Complete { .. }
            | Action::Post { .. }
            | Action::Inquiry
            | Action::Verify { .. }
            | Action::Refund { .. }
            | Action::Reverse { .. }
            | Action::Open
            | Action::IssueCard
            | Action::RenewCard
            | Action::Load(_)
            | Action::Announce { .. }
            | Action::Cancel
            | Action::History(_)
            | Action::Unwatch => false,
        }
    }
}

/// Why the claims do not prove that the payer asks. A wrong password is answered like an unknown number: the answer helps to
/// guess neither.
fn refuse(rule: Rule) -> Box<Decision> {
    Box::new(Decision::answer(Outcome::declined(rule)))
}
