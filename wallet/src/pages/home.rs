//! The home page: the live balance, the card, and the last transactions.

use std::rc::Rc;

use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use maud::{Markup, html};
use serde::Serialize;

use super::parts;
use super::transactions::last;
use crate::history::Transaction;
use crate::line::Notice;
use crate::switch::{Overview, WalletState};
use crate::web::fields::summary;
use crate::web::forms::{button_form, form};
use crate::web::layout::{self, Head};
use crate::web::live::Show;
use crate::web::say::Say;
use crate::web::{App, Member, Trouble, answer, live};
use tessera_texts::{Locale, home as text};

/// How many transactions are shown.
const RECENT: usize = 6;

/// `/home`
pub async fn page(
    app: Data<App>,
    member: Member,
    request: HttpRequest,
) -> Result<HttpResponse, Trouble> {
    let say = Say::done(request.query_string());
    let overview = app.switch.overview(&member.session).await?;
    let transactions = last(&app, &member, RECENT).await?;
    let locale = member.locale();
    let body = html! {
        h1.sr { (locale.say(text::TITLE)) }
        (summary(locale, &say))
        div.columns {
            section.balance {
                h2 { (locale.say(text::AVAILABLE)) }
                p.figure id="available" aria-live="polite" { (locale.money(app.money(overview.available))) }
                p.held id="held" { (held_words(&app, locale, overview.held())) }
                p.live id="live" role="status" data-live="/live" data-fragment="/home/recent" data-fresh=(locale.say(text::LIVE))
                    data-stale=(locale.say(text::stale(parts::ELEMENT))) data-resting=(locale.say(text::resting(parts::ELEMENT))) data-ended=(locale.say(text::ENDED))
                    data-ended-title=(locale.say(text::ENDED_TITLE)) data-sign-in=(locale.say(text::SIGN_IN)) hidden {
                    span.dot {} " " span.words { (locale.say(text::LIVE)) } " " a href="/home" hidden { (locale.say(text::RELOAD_PAGE)) }
                }
                @if overview.owed > 0 {
                    p.warning id="owed" { (locale.say(text::owed(locale.money(app.money(overview.owed))))) }
                }
                (state(&member, &overview))
            }
            section.card-side {
                h2.sr { (locale.say(text::CARD)) }
                (card(&member, &overview))
            }
        }
        section.recent {
            h2 { (locale.say(text::RECENT)) }
            div id="recent" { (list(&app, locale, &transactions)) }
            p { a href="/transactions" { (locale.say(text::ALL)) } }
        }
    };
    let page = layout::member(
        locale,
        text::TITLE,
        "/home",
        &member.token(),
        Head::default(),
        &body,
    );
    Ok(say.page(&page))
}

fn held_words(app: &App, locale: &Locale, held: u64) -> String {
    match held {
        0 => locale.say(text::NOTHING_RESERVED).into_owned(),
        held => locale
            .say(text::reserved(locale.money(app.money(held))))
            .into_owned(),
    }
}

fn state(member: &Member, overview: &Overview) -> Markup {
    let locale = member.locale();
    let freeze = locale.say(text::FREEZE);
    html! {
        @match overview.state {
            WalletState::Open => div.actions {
                // Money is loaded onto the card.
                @if overview.card.is_some() {
                    a.button href="/money" { (locale.say(text::LOAD)) }
                }
                (button_form("freeze", "/limits/freeze", &member.token(), None, &freeze, &freeze))
            },
            WalletState::Frozen => div.warning {
                p { (locale.say(text::FROZEN)) }
                p { a.button href="/limits" { (locale.say(text::UNFREEZE)) } }
            },
            WalletState::Closing => p.warning { (locale.say(text::CLOSING)) },
        }
        @if overview.pending_contact.is_some() {
            p { a href="/notifications" { (locale.say(text::CONTACT_PENDING)) } }
        }
    }
}

fn card(member: &Member, overview: &Overview) -> Markup {
    let locale = member.locale();
    html! {
        @match &overview.card {
            Some(card) => {
                (parts::masked_card(locale, card, overview.state == WalletState::Frozen))
                p { a href="/card" { (locale.say(text::SHOW_CARD)) } }
            },
            None => div.empty {
                p { (locale.say(text::NO_CARD)) }
                (form("issue-card", "/card/issue", &member.token(), &html! {
                    button type="submit" { (locale.say(text::GET_CARD)) }
                }))
            },
        }
    }
}

fn list(app: &App, locale: &Locale, transactions: &[Transaction]) -> Markup {
    html! {
        @if transactions.is_empty() {
            div.empty { h3 { (locale.say(text::EMPTY_TITLE)) } p { (locale.say(text::EMPTY)) } }
        } @else {
            (parts::transactions(app, locale, transactions))
        }
    }
}

/// `/home/recent`: the list alone, for the script that puts it into the page.
pub async fn recent(app: Data<App>, member: Member) -> Result<HttpResponse, Trouble> {
    let transactions = last(&app, &member, RECENT).await?;
    Ok(answer::html(
        StatusCode::OK,
        &list(&app, member.locale(), &transactions),
    ))
}

/// The data of the page.
#[derive(Serialize)]
struct Balance {
    available: String,
    held: String,
    /// Changes whenever anything has happened.
    position: String,
}

/// `/live`: the balance as it moves.
pub async fn live(app: Data<App>, member: Member) -> Result<HttpResponse, Trouble> {
    // This also checks the session before data is sent to it.
    let now = app.switch.balance(&member.session).await?;
    let Some(view) = app.watches.view(app.switch.line(), &member.session) else {
        return Ok(HttpResponse::new(StatusCode::SERVICE_UNAVAILABLE));
    };
    let lasts = app.settings.live_for;
    let locale = member.visitor.locale;
    let locale = Rc::new(locale);
    let show = move |notice: Notice| {
        let (app, locale, session) = (app.clone(), Rc::clone(&locale), member.session.clone());
        async move {
            // The wallet is watched, not the session: the end of a session, wherever it was ended, is a notice like any other. Where
            // this had to wait for the switch, the notice is old.
            let now = match app.switch.balance(&session).await {
                Ok(now) => now,
                Err(failure) => return failure.into(),
            };
            let held = now.ledger.saturating_sub(now.available);
            Show::State(Balance {
                available: locale.money(app.money(now.available)),
                held: held_words(&app, &locale, held),
                position: notice.position.to_string(),
            })
        }
    };
    Ok(live::stream(view, now, lasts, show))
}
