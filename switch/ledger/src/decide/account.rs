//! What a payer asks for their account. Sessions and passwords have been looked at before.

use smallvec::smallvec;
use tessera_kit::record::Position;
use tessera_protocol::leased::{ReloadRow, SessionRow, SourceRow, tag};
use tessera_protocol::{Amount, ResponseCode};

use super::super::account::{CODE_TRIES_MAX, CODE_VALID_FOR, SOURCES_MAX};
use super::super::{
    AccountAction, Ask, Change, ContactAndCode, Context, Details, Effect, Event, NewSession,
    Opening, OrderState, Outcome, Payer, PayersAccount, ProposedContact, Secret, Session, Source,
    Wallet, WalletId, code_digest,
};
use super::replies::refuse;
use super::{Decision, answer_with, browsers, cards, claims, funding, passkeys};
use crate::{Rule, Verdict};

/// Decides an action that was let in.
pub(super) fn decide(
    wallet: &Wallet,
    ask: &Ask,
    action: &AccountAction,
    context: &Context,
) -> Decision {
    let opening = &ask.opening;
    if let AccountAction::Register(session) = action {
        return register(wallet, ask, session, context);
    }
    let Some(account) = &wallet.account else {
        return refuse(Rule::NoSuchSession);
    };
    let change = match action {
        AccountAction::Register(_) => return Decision::default(),
        AccountAction::SignIn(session) => Ok(Change::SignedIn(new_session(session, context))),
        AccountAction::Recover(session) => return recover(ask, session, context),
        AccountAction::SetRecovery => match new_hash(ask) {
            Some(hash) => Ok(Change::RecoverySet(hash)),
            None => Err(Rule::OtherPasswordMissing.into()),
        },
        AccountAction::SignOut => match claims::session(wallet, ask, context) {
            Some(session) => Ok(Change::SignedOut(Some(session.number))),
            None => return refuse(Rule::NoSuchSession),
        },
        AccountAction::SignOutEverywhere => Ok(Change::SignedOut(None)),
        AccountAction::EndSession(number) => end_session(account, *number),
        AccountAction::ListSessions => return list_sessions(wallet, ask, account, context),
        AccountAction::ChangePassword => change_password(wallet, ask, context),
        AccountAction::Overview => return overview(wallet, account, context),
        AccountAction::Watch => return watch(wallet),
        AccountAction::RevealCard(serial) => return cards::reveal(wallet, *serial),
        AccountAction::ReissueCard => return cards::issue(wallet, opening, true, context),
        AccountAction::IssueNumber(usage, limit) => {
            return cards::issue_number(wallet, opening, *usage, *limit, context);
        }
        AccountAction::RetireNumber(serial) => {
            return cards::retire_number(wallet, opening, *serial);
        }
        AccountAction::ListNumbers => return cards::list(wallet),
        AccountAction::AddSource(source) if account.sources.len() < SOURCES_MAX => {
            let source = Source {
                number: account.numbers + 1,
                added_by: opening.reference,
                ..source.clone()
            };
            let outcome = stored(&source);
            let mut decision = changed(opening, Change::SourceAdded(source));
            decision.effects = smallvec![Effect::Answer(outcome)];
            return decision;
        }
        AccountAction::AddSource(_) => Err(Rule::TooManySources.into()),
        AccountAction::RemoveSource(number) => match account.source(*number) {
            Some(_) => Ok(Change::SourceRemoved(*number)),
            None => Err(Rule::NoSuchSource.into()),
        },
        AccountAction::SetReload(None) => Ok(Change::ReloadSet(None)),
        AccountAction::SetReload(Some(reload)) => match account.source(reload.source) {
            Some(_) if reload.amount == 0 || Amount::new(reload.amount).is_none() => {
                Err(Rule::NothingToReload.into())
            }
            Some(_) => {
                let mut decision = changed(opening, Change::ReloadSet(Some(*reload)));
                let due = funding::reload_as(wallet, reload, opening.reference, context.now);
                decision.effects.extend(due);
                return decision;
            }
            None => Err(Rule::NoSuchSource.into()),
        },
        AccountAction::PasskeyChallenge(_)
        | AccountAction::BeginPasskey(_)
        | AccountAction::AddPasskey(_)
        | AccountAction::RenamePasskey(..)
        | AccountAction::RemovePasskey(_)
        | AccountAction::ListPasskeys => match passkeys::decide(account, action, context) {
            Ok(change) => Ok(change),
            Err(decided) => return *decided,
        },
        AccountAction::AddBrowser(_) => match browsers::decide(account, action, context) {
            Ok(change) => return with_language(account, changed(opening, change)),
            Err(decided) => return *decided,
        },
        AccountAction::RemoveBrowser(_) | AccountAction::ListBrowsers(_) => {
            match browsers::decide(account, action, context) {
                Ok(change) => Ok(change),
                Err(decided) => return *decided,
            }
        }
        AccountAction::ReadOrder => return read_order(wallet, opening, context),
        AccountAction::Freeze(None) => Ok(Change::Frozen),
        AccountAction::Freeze(Some(disputed)) => Ok(Change::Disputed(*disputed)),
        AccountAction::Unfreeze => Ok(Change::Unfrozen),
        AccountAction::SetLimits(limits) => match limits.is_within(context.rules.limits) {
            true => Ok(Change::LimitsSet(*limits)),
            false => Err(Rule::OperatorsLimits.into()),
        },
        AccountAction::ProposeContact(contact) => {
            return with_language(account, changed(opening, propose(contact, context)));
        }
        AccountAction::ConfirmContact(code) => confirm(wallet.id, account, code, context),
        AccountAction::RemoveContact => Ok(Change::ContactRemoved),
        AccountAction::SetPreferences(preferences) => Ok(Change::PreferencesSet(*preferences)),
        AccountAction::SetLanguage(language) => Ok(Change::LanguageSet(*language)),
        AccountAction::Close(source) => {
            return funding::close(wallet, opening, *source, context);
        }
    };
    match change {
        Ok(change) => changed(opening, change),
        Err(why) => refuse(why),
    }
}

/// What the request that stored a source is answered with.
pub(super) fn stored(source: &Source) -> Outcome {
    Outcome {
        details: Details::Number(source.number),
        ..Outcome::approved()
    }
}

fn register(wallet: &Wallet, ask: &Ask, session: &NewSession, context: &Context) -> Decision {
    if wallet.account.is_some() || wallet.currency.is_some() {
        return refuse(Rule::ClientTaken);
    }
    let Some(hash) = new_hash(ask) else {
        return refuse(Rule::NewPasswordMissing);
    };
    let mut decision = changed(&ask.opening, Change::Registered(hash));
    decision.events.push(Event::Account {
        opening: None,
        change: Change::SignedIn(new_session(session, context)),
    });
    decision
}

/// The right code: it is used up, and so are all sessions.
fn recover(ask: &Ask, session: &NewSession, context: &Context) -> Decision {
    let Some(password) = new_hash(ask) else {
        return refuse(Rule::OtherPasswordMissing);
    };
    let mut decision = changed(&ask.opening, Change::Recovered(password));
    decision.events.push(Event::Account {
        opening: None,
        change: Change::SignedIn(new_session(session, context)),
    });
    decision
}

/// The hash of the password to be.
fn new_hash(ask: &Ask) -> Option<Box<str>> {
    let proof = ask.claims.as_ref()?.proof.as_ref()?;
    proof.new_hash.clone()
}

fn new_session(session: &NewSession, context: &Context) -> Session {
    Session {
        // The account gives it one.
        number: 0,
        digest: session.digest,
        kind: session.kind,
        opened_at: context.now,
        used_at: context.now,
        device: session.device.clone(),
    }
}

type Changed = Result<Change, Verdict>;

fn end_session(account: &PayersAccount, number: u32) -> Changed {
    match account
        .sessions
        .iter()
        .any(|session| session.number == number)
    {
        true => Ok(Change::SignedOut(Some(number))),
        false => Err(Verdict::with_code(
            Rule::NoSuchSession,
            ResponseCode::NOT_FOUND,
        )),
    }
}

fn change_password(wallet: &Wallet, ask: &Ask, context: &Context) -> Changed {
    let session = claims::session(wallet, ask, context);
    match (new_hash(ask), session) {
        (Some(password), Some(session)) => Ok(Change::PasswordChanged {
            password,
            keeps: session.number,
        }),
        _ => Err(Rule::OtherPasswordMissing.into()),
    }
}

/// The outbox knows the language of those only who have an address or a browser: it is said again with each of them.
fn with_language(account: &PayersAccount, mut decision: Decision) -> Decision {
    decision
        .events
        .extend(account.language.map(|language| Event::Account {
            opening: None,
            change: Change::LanguageSet(language),
        }));
    decision
}

fn propose(contact: &ContactAndCode, context: &Context) -> Change {
    Change::ContactProposed {
        proposed: ProposedContact {
            contact: contact.contact.clone(),
            code: contact.digest,
            until: context.now.plus(CODE_VALID_FOR),
            tries: 0,
        },
        sealed_code: contact.sealed_code.clone(),
    }
}

fn confirm(wallet: WalletId, account: &PayersAccount, code: &Secret, context: &Context) -> Changed {
    let stands = |proposed: &&ProposedContact| {
        proposed.until >= context.now && proposed.tries < CODE_TRIES_MAX
    };
    let Some(proposed) = account.proposed.as_ref().filter(stands) else {
        return Err(Rule::NoContactProposed.into());
    };
    Ok(match proposed.code == code_digest(wallet, code.expose()) {
        true => Change::ContactConfirmed(account.preferences),
        false => Change::CodeMissed,
    })
}

fn changed(opening: &Opening, change: Change) -> Decision {
    let outcome = match change.code() {
        code if code.is_approved() => Outcome::approved(),
        code => Outcome::declined(Verdict::with_code(Rule::WrongCode, code)),
    };
    Decision {
        events: smallvec![Event::Account {
            opening: Some(opening.clone()),
            change,
        }],
        effects: smallvec![Effect::Answer(outcome)],
    }
}

fn list_sessions(
    wallet: &Wallet,
    ask: &Ask,
    account: &PayersAccount,
    context: &Context,
) -> Decision {
    let own = claims::session(wallet, ask, context).map(|session| session.number);
    let open = account
        .sessions
        .iter()
        .rev()
        .filter(|session| claims::is_open(session, context));
    let rows = open.map(|session| {
        let row = SessionRow {
            number: session.number,
            kind: session.kind,
            opened_at: session.opened_at.milliseconds(),
            used_at: session.used_at.milliseconds(),
            current: own == Some(session.number),
            device: session.device.to_string(),
        };
        (tag::SESSION_ROW, row.to_string())
    });
    answer_with(Details::Rows(rows.collect()))
}

fn watch(wallet: &Wallet) -> Decision {
    Decision {
        effects: smallvec![
            Effect::Watch,
            Effect::Answer(Outcome {
                details: Details::Rows(vec![
                    (tag::LEDGER, wallet.ledger().to_string()),
                    (tag::AVAILABLE, wallet.available.to_string()),
                    (tag::POSITION, position(wallet)),
                ]),
                ..Outcome::approved()
            })
        ],
        ..Decision::default()
    }
}

/// Where the wallet's last event stands, as the wallet server has it: 0 before the first.
fn position(wallet: &Wallet) -> String {
    let position = wallet.last_position.map_or(0, Position::to_stored);
    position.to_string()
}

/// All that the payer's pages show, but for lists.
fn overview(wallet: &Wallet, account: &PayersAccount, context: &Context) -> Decision {
    let state = match (account.closing.is_some(), account.frozen) {
        (true, _) => "closing",
        (_, true) => "frozen",
        _ => "open",
    };
    let mut rows = vec![
        (tag::WALLET, wallet.id.0.to_string()),
        (tag::LEDGER, wallet.ledger().to_string()),
        (tag::AVAILABLE, wallet.available.to_string()),
        (tag::POSITION, position(wallet)),
        (tag::STATE, state.to_owned()),
        (tag::LIMITS, account.limits.to_string()),
        (tag::LIMITS_ALLOWED, context.rules.limits.to_string()),
        (tag::SPENT, wallet.spending.at(context.now).to_string()),
        (tag::PREFERENCES, account.preferences.to_string()),
        (tag::CHANNELS, context.rules.channels.to_text()),
    ];
    if !wallet.owed.is_zero() {
        rows.push((tag::OWED, wallet.owed.to_string()));
    }
    if account.recovery.is_some() {
        rows.push((tag::RECOVERY, "1".to_owned()));
    }
    if let Some(language) = account.language {
        rows.push((tag::LANGUAGE, language.to_string()));
    }
    if context.rules.passkeys {
        rows.push((tag::COUNT, account.passkeys.len().to_string()));
    }
    if let Some(currency) = wallet.currency {
        rows.push((tag::CURRENCY, format!("{:03}", currency.code())));
    }
    if let Some(card) = wallet.cards.representative() {
        let shown = format!("{},{:04}", card.name().last_four, card.expiry);
        rows.push((tag::SHOWN_CARD, shown));
    }
    rows.extend(account.sources.iter().map(|source| {
        let row = SourceRow {
            number: source.number,
            kind: source.kind,
            shown: source.shown.to_string(),
        };
        (tag::SOURCE_ROW, row.to_string())
    }));
    if let Some(reload) = account.reload {
        let row = ReloadRow {
            source: reload.source,
            threshold: reload.threshold,
            amount: reload.amount,
        };
        rows.push((tag::RELOAD, row.to_string()));
    }
    let contacts = [
        (tag::SHOWN_CONTACT, account.contact.as_ref()),
        (
            tag::SHOWN_PENDING_CONTACT,
            account.proposed.as_ref().map(|proposed| &proposed.contact),
        ),
    ];
    for (tag, contact) in contacts {
        if let Some(contact) = contact {
            rows.push((tag, format!("{},{}", contact.channel.word(), contact.shown)));
        }
    }
    answer_with(Details::Rows(rows))
}

fn read_order(wallet: &Wallet, opening: &Opening, context: &Context) -> Decision {
    let order = match &opening.payer {
        Payer::Order(key) => wallet.order(key),
        Payer::Card(..) | Payer::Wallet => None,
    };
    let Some(order) = order else {
        return refuse(Rule::NoSuchOrder);
    };
    let (state, paid_by) = match order.state {
        OrderState::Open if order.expires_at < context.now => ("expired", None),
        OrderState::Open => ("open", None),
        OrderState::Paying(reference) => ("paying", Some(reference)),
        OrderState::Paid(reference) => ("paid", Some(reference)),
        OrderState::Cancelled => ("cancelled", None),
    };
    answer_with(Details::Order {
        state,
        amount: order.amount,
        currency: order.currency,
        paid_by,
    })
}
