//! What keeps a payer from agreeing, and the forms that put it right without leaving the window: the wallet is frozen, there is
//! too little money, a limit is reached.

use actix_web::HttpRequest;
use maud::{Markup, html};
use time::OffsetDateTime;

use super::address;
use super::purchase::Purchase;
use crate::headroom::{Headroom, Limited, Reached, reached};
use crate::pages::parts;
use crate::switch::{Overview, WalletState};
use crate::web::App;
use crate::web::fields::{amount, password, select};
use crate::web::forms::form;
use crate::web::say::Say;
use crate::words;
use tessera_texts::{Argument, Locale, Money, Text, limits as limits_text, pay as text};

/// What is in the way of a purchase.
pub enum Obstacle {
    /// The purchase has another currency than the wallet.
    Currency,
    /// The wallet is being closed.
    Closing,
    /// The wallet is frozen.
    Frozen,
    /// It would go beyond a limit.
    Limit(Reached),
    /// So much is missing.
    Short(u64),
}

/// The first thing that is in the way, if anything is.
pub fn obstacle(app: &App, overview: &Overview, purchase: &Purchase) -> Option<Obstacle> {
    if purchase.currency != app.currency() {
        return Some(Obstacle::Currency);
    }
    match overview.state {
        WalletState::Closing => return Some(Obstacle::Closing),
        WalletState::Frozen => return Some(Obstacle::Frozen),
        WalletState::Open => {}
    }
    let headroom = Headroom {
        own: overview.limits,
        allowed: overview.limits_allowed,
        spent: overview.spent,
    };
    if let Some(reached) = reached(headroom, purchase.amount, OffsetDateTime::now_utc()) {
        return Some(Obstacle::Limit(reached));
    }
    let missing = purchase.amount.checked_sub(overview.available)?;
    // What is owed is paid first.
    (missing > 0).then_some(Obstacle::Short(missing.saturating_add(overview.owed)))
}

/// What is in the way, with the form that puts it right.
pub fn show(
    (app, locale): (&App, &Locale),
    obstacle: &Obstacle,
    overview: &Overview,
    (request, token): (&HttpRequest, &str),
    say: &Say,
) -> Markup {
    let elsewhere = |path: &str, words: Text| html! { p { a href=(path) target="_blank" rel="noopener" { (locale.say(words)) } } };
    html! {
        @match obstacle {
            Obstacle::Currency => p.warning { (locale.say(text::OTHER_CURRENCY)) },
            Obstacle::Closing => p.warning { (locale.say(text::CLOSING)) },
            Obstacle::Frozen => {
                p.warning id="frozen" { (locale.say(text::FROZEN)) }
                (form("unfreeze", &address("/pay/unfreeze", request), token, &html! {
                    (password(locale, "unfreeze", overview.asks_always(), say))
                    button type="submit" { (locale.say(text::UNFREEZE)) }
                }))
            },
            Obstacle::Limit(reached) => {
                div.warning id="limit" { (limit(app, locale, reached)) }
                @if reached.is_own { (elsewhere("/limits", text::CHANGE_LIMITS)) }
            },
            Obstacle::Short(missing) => {
                p.warning id="short" { (locale.say(text::short(locale.money(app.money(*missing))))) }
                @if overview.card.is_none() { (elsewhere("/card", text::GET_CARD)) }
                @else if overview.sources.is_empty() { (elsewhere("/money", text::ADD_SOURCE)) }
                @else { (load_form(app, locale, overview, *missing, (request, token), say)) }
            },
        }
    }
}

fn limit(app: &App, locale: &Locale, reached: &Reached) -> Markup {
    let money = |minor| locale.money(app.money(minor));
    let (most, used): (Argument, Argument) = match reached.what {
        Limited::Purchase | Limited::Day | Limited::Month => {
            (money(reached.most).into(), money(reached.used).into())
        }
        Limited::DayCount | Limited::MonthCount => (
            limits_text::purchases(reached.most).into(),
            limits_text::purchases(reached.used).into(),
        ),
    };
    html! {
        p { (locale.say(words::limits::reached(reached.what, reached.is_own, most, used))) }
        @if let Some(ends_at) = reached.ends_at {
            p { (parts::at_time(locale, limits_text::begins_anew, ends_at)) }
        }
    }
}

fn load_form(
    app: &App,
    locale: &Locale,
    overview: &Overview,
    missing: u64,
    (request, token): (&HttpRequest, &str),
    say: &Say,
) -> Markup {
    let missing = Money::new(missing, app.currency()).plain();
    let fields = html! {
        input type="hidden" name="name" value=(say.name("load"));
        (select(locale, "load", "source", text::LOAD_FROM, &parts::source_choices(overview), "", say))
        (amount(locale, "load", "amount", app.in_currency(text::LOAD_AMOUNT), &missing, false, say))
        (password(locale, "load", overview.asks(), say))
        button type="submit" { (locale.say(text::LOAD)) }
    };
    form("load", &address("/pay/load", request), token, &fields)
}
