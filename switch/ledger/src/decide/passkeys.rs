//! The passkeys of an account: added, named, listed, removed. What they sign was looked at before.

use tessera_protocol::leased::{PasskeyRow, tag};

use super::super::{AccountAction, Change, Context, Details, NewPasskey, Passkey, PayersAccount};
use super::replies::refuse;
use super::{Decision, answer_with};
use crate::Rule;

/// The change that an action on passkeys makes, which was let in; or what it comes to without one.
pub(super) fn decide(
    account: &PayersAccount,
    action: &AccountAction,
    context: &Context,
) -> Result<Change, Box<Decision>> {
    let refuse = |rule: Rule| Box::new(refuse(rule));
    if !context.rules.passkeys {
        return Err(refuse(Rule::PasskeysNotConfigured));
    }
    let challenge = |challenge: &str| {
        let row = (tag::CHALLENGE, challenge.to_owned());
        Err(Box::new(answer_with(Details::Rows(vec![row]))))
    };
    let change = if let AccountAction::PasskeyChallenge(made) = action {
        return challenge(made);
    } else if let AccountAction::BeginPasskey(made) = action {
        account.takes_one_more_passkey().map_err(refuse)?;
        return challenge(made);
    } else if let AccountAction::AddPasskey(new) = action {
        let fits = account.takes_passkey(&new.digest);
        fits.map(|()| Change::PasskeyAdded {
            passkey: passkey(new, account.numbers + 1, context),
            user: new.user.clone(),
        })
    } else if let AccountAction::RenamePasskey(number, name) = action {
        exists(account, *number).map(|()| Change::PasskeyRenamed(*number, name.clone()))
    } else if let AccountAction::RemovePasskey(number) = action {
        exists(account, *number).map(|()| Change::PasskeyRemoved(*number))
    } else {
        return Err(Box::new(list(account)));
    };
    change.map_err(refuse)
}

fn passkey(new: &NewPasskey, number: u32, context: &Context) -> Passkey {
    Passkey {
        number,
        digest: new.digest,
        sealed: new.sealed.clone(),
        name: new.name.clone(),
        renamed: None,
        added_at: context.now,
        used_at: context.now,
        counter: new.counter,
        synced: new.synced,
    }
}

fn exists(account: &PayersAccount, number: u32) -> Result<(), Rule> {
    let found = account.passkey_of(number);
    found.map(drop).ok_or(Rule::NoSuchPasskey)
}

/// The newest first, by the names that they had at first: the actor knows what the payer calls them.
fn list(account: &PayersAccount) -> Decision {
    let rows = account.passkeys.iter().rev().map(|passkey| {
        let row = PasskeyRow {
            number: passkey.number,
            added_at: passkey.added_at.milliseconds(),
            used_at: passkey.used_at.milliseconds(),
            synced: passkey.synced,
            name: passkey.name.to_string(),
        };
        (tag::PASSKEY_ROW, row.to_string())
    });
    answer_with(Details::Rows(rows.collect()))
}
