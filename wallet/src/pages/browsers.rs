//! The browsers that show notifications: a part of the page of notifications, and the page that asks before one is turned off.
//!
//! ```text
//! add-browser   the script asks the browser for permission and for a subscription ─▶ fills the form ─▶ POST /notifications/browsers
//! ```

use std::fmt::Write as _;

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use maud::{Markup, html};
use tessera_protocol::leased::{BROWSERS_MAX, BrowserRow};

use super::{notifications, parts};
use crate::line::Failure;
use crate::switch::{Overview, Subscription};
use crate::web::fields::{password, summary};
use crate::web::forms::form;
use crate::web::layout::{self, Head};
use crate::web::say::{self, Say, refused};
use crate::web::{App, Member, Posted, Trouble, answer, query};
use crate::words::browsers;
use tessera_texts::browsers as text;

/// The part of the page of notifications; nothing where browsers can't show any.
///
/// # Errors
/// Where the session has ended.
pub async fn section(
    app: &App,
    member: &Member,
    overview: &Overview,
    say: &Say,
) -> Result<Markup, Failure> {
    if !overview.shows_in_browsers() {
        return Ok(html! {});
    }
    let locale = member.locale();
    let found = app.switch.browsers(&member.session).await?;
    Ok(html! {
        section id="browsers" {
            h2 { (locale.say(text::TITLE)) }
            p { (locale.say(text::LEAD)) }
            @if found.rows.is_empty() {
                p.empty { (locale.say(text::NONE)) }
            } @else {
                ul.rows { @for row in &found.rows { (browser(member, row)) } }
            }
            noscript { p { (locale.say(text::NEEDS_SCRIPT)) } }
            p.note id="browsers-note" role="status" hidden data-on=(locale.say(text::ON)) data-blocked=(locale.say(text::BLOCKED))
                data-unsupported=(locale.say(text::UNSUPPORTED)) data-home-screen=(locale.say(text::HOME_SCREEN)) {}
            @if found.rows.len() >= BROWSERS_MAX {
                p { (locale.say(text::FULL)) }
            } @else {
                (add_form(member, overview, &found.key, say))
            }
        }
    })
}

fn add_form(member: &Member, overview: &Overview, key: &str, say: &Say) -> Markup {
    let locale = member.locale();
    let fields = html! {
        input type="hidden" name="address";
        input type="hidden" name="keys";
        p.hint { (locale.say(text::OWN)) }
        (password(locale, "add-browser", overview.asks(), say))
        button type="submit" { (locale.say(text::TURN_ON)) }
        p.hint role="status" {}
    };
    html! {
        div id="browsers-add" hidden data-key=(key) data-not-allowed=(locale.say(text::NOT_ALLOWED))
            data-failed=(locale.say(text::FAILED)) {
            (form("add-browser", "/notifications/browsers", &member.token(), &fields))
        }
    }
}

fn browser(member: &Member, row: &BrowserRow) -> Markup {
    let locale = member.locale();
    let digest = row.digest.iter().fold(String::new(), |mut digits, byte| {
        // Writing to a string cannot fail.
        let _ = write!(digits, "{byte:02x}");
        digits
    });
    html! {
        li.row id={ "browser-" (row.number) } data-browser=(digest) {
            div {
                p.title { bdi { (row.name) } " " span.badge hidden { (locale.say(text::THIS)) } }
                p.detail { (parts::at_time(locale, text::added_at, row.added_at)) }
            }
            a.button.quiet href={ "/notifications/browsers/remove?number=" (row.number) }
                aria-label=(locale.say(text::remove_which(&row.name))) { (locale.say(text::REMOVE)) }
        }
    }
}

const ADDED: &str = "/notifications?done=browser-added";
const REMOVED: &str = "/notifications?done=browser-removed";

/// `POST /notifications/browsers`
pub async fn add(app: Data<App>, member: Member, posted: Posted) -> Result<HttpResponse, Trouble> {
    let browser = Subscription::from_form(posted.raw("address"), posted.raw("keys"));
    let browser = browser.ok_or(Trouble::Form)?;
    let (proof, name) = (posted.proof(&member.visitor), member.visitor.device());
    let added = app
        .switch
        .add_browser(&member.session, &proof, &browser, &name)
        .await;
    match added {
        Ok(()) => Ok(answer::see_other(ADDED)),
        Err(failure) => {
            let say = match browsers::refusal(&failure) {
                Some(words) => Say::failed("add-browser", &failure, words),
                None => say::about(&app, &member.session, "add-browser", &failure).await?,
            };
            notifications::show(&app, &member, say).await
        }
    }
}

/// `/notifications/browsers/remove`
pub async fn ask_to_remove(
    app: Data<App>,
    member: Member,
    request: HttpRequest,
) -> Result<HttpResponse, Trouble> {
    let asked = query(request.query_string());
    let number = asked.get("number").and_then(|number| number.parse().ok());
    show_removal(&app, &member, number.ok_or(Trouble::Form)?, Say::default()).await
}

async fn show_removal(
    app: &App,
    member: &Member,
    number: u32,
    say: Say,
) -> Result<HttpResponse, Trouble> {
    let found = app.switch.browsers(&member.session).await?;
    let Some(row) = found.rows.iter().find(|row| row.number == number) else {
        return Ok(answer::see_other("/notifications"));
    };
    let locale = member.locale();
    let overview = app.switch.overview(&member.session).await?;
    let fields = html! {
        input type="hidden" name="number" value=(number);
        (password(locale, "remove-browser", overview.asks_always(), &say))
        p.actions {
            button.danger type="submit" { (locale.say(text::REMOVE)) }
            a.button.second href="/notifications" { (locale.say(text::KEEP)) }
        }
    };
    let body = html! {
        section.narrow {
            h1 { (locale.say(text::REMOVE_TITLE)) }
            (summary(locale, &say))
            p.lead { strong { bdi { (row.name) } } }
            p { (locale.say(text::REMOVE_LEAD)) }
            (form("remove-browser", "/notifications/browsers/remove", &member.token(), &fields))
        }
    };
    let token = member.token();
    let page = layout::member(
        locale,
        text::REMOVE_TITLE,
        "/notifications",
        &token,
        Head::default(),
        &body,
    );
    Ok(say.page(&page))
}

/// `POST /notifications/browsers/remove`
pub async fn remove(
    app: Data<App>,
    member: Member,
    posted: Posted,
) -> Result<HttpResponse, Trouble> {
    let number = posted.number("number").ok_or(Trouble::Form)?;
    let proof = posted.proof(&member.visitor);
    let removed = app
        .switch
        .remove_browser(&member.session, &proof, number)
        .await;
    match removed {
        Ok(()) => Ok(answer::see_other(REMOVED)),
        // It was removed before.
        Err(failure) if failure.is("25") => Ok(answer::see_other(REMOVED)),
        Err(failure) => {
            let show = async |app: &App, member: &Member, say: Say| {
                show_removal(app, member, number, say).await
            };
            refused(show, &app, &member, ("remove-browser", &posted), failure).await
        }
    }
}
