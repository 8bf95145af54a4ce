//! The browsers of an account that show notifications: added, listed, removed.

use smallvec::smallvec;
use tessera_protocol::leased::{BrowserRow, tag};

use super::super::{
    AccountAction, Browser, Change, Context, Details, Event, NewBrowser, PayersAccount, Wallet,
};
use super::replies::refuse;
use super::{Decision, answer_with};
use crate::Rule;

/// The change that an action on browsers makes, which was let in; or what it comes to without one.
pub(super) fn decide(
    account: &PayersAccount,
    action: &AccountAction,
    context: &Context,
) -> Result<Change, Box<Decision>> {
    let refuse = |rule: Rule| Box::new(refuse(rule));
    if !context.rules.channels.push {
        return Err(refuse(Rule::PushNotConfigured));
    }
    if let AccountAction::AddBrowser(new) = action {
        account.takes_browser(&new.digest).map_err(refuse)?;
        let browser = browser(new, account.numbers + 1, context);
        return Ok(Change::BrowserAdded(browser, account.preferences));
    }
    if let AccountAction::RemoveBrowser(number) = action {
        let found = account.browser(*number).ok_or(Rule::NoSuchBrowser);
        return found
            .map(|browser| Change::BrowserRemoved(browser.number))
            .map_err(refuse);
    }
    let AccountAction::ListBrowsers(key) = action else {
        return Err(Box::default());
    };
    Err(Box::new(list(account, key)))
}

fn browser(new: &NewBrowser, number: u32, context: &Context) -> Browser {
    Browser {
        number,
        digest: new.digest,
        sealed: new.sealed.clone(),
        name: new.name.clone(),
        added_at: context.now,
    }
}

/// The key to subscribe with, and the newest browser first.
fn list(account: &PayersAccount, key: &str) -> Decision {
    let rows = account.browsers.iter().rev().map(|browser| {
        let row = BrowserRow {
            number: browser.number,
            added_at: browser.added_at.milliseconds(),
            digest: browser.digest,
            name: browser.name.to_string(),
        };
        (tag::BROWSER_ROW, row.to_string())
    });
    let key = (tag::PUSH_KEY, key.to_owned());
    answer_with(Details::Rows([key].into_iter().chain(rows).collect()))
}

/// Nobody waits for an answer; a browser that was removed meanwhile is no news.
pub(super) fn gone(wallet: &Wallet, number: u32) -> Decision {
    let account = wallet.account.as_ref();
    match account.and_then(|account| account.browser(number)) {
        Some(browser) => Decision {
            events: smallvec![Event::Account {
                opening: None,
                change: Change::BrowserRemoved(browser.number),
            }],
            ..Decision::default()
        },
        None => Decision::default(),
    }
}
