//! The part of the page of notifications with the browsers that show them.
//!
//! ```text
//! add-browser   the script asks the browser for permission and for a subscription ─▶ fills the form ─▶ POST /notifications/browsers
//! ```

use std::fmt::Write as _;

use maud::{Markup, html};
use tessera_protocol::leased::{BROWSERS_MAX, BrowserRow};

use super::parts;
use crate::line::Failure;
use crate::switch::Overview;
use crate::web::fields::password;
use crate::web::forms::form;
use crate::web::say::Say;
use crate::web::{App, Member};
use tessera_texts::browsers as text;

/// The list, and the form for one more; nothing where browsers can't show any.
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
        section id="browsers" data-key=(found.key) data-wallet=(member.session.wallet_digits()) {
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
                (add_form(member, overview, say))
            }
        }
    })
}

fn add_form(member: &Member, overview: &Overview, say: &Say) -> Markup {
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
        div id="browsers-add" hidden data-not-allowed=(locale.say(text::NOT_ALLOWED))
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
