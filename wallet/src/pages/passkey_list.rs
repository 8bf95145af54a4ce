//! The passkeys of a wallet, on the page about security.

use maud::{Markup, html};
use tessera_protocol::leased::{PASSKEY_NAME_CHARACTERS_MAX, PASSKEYS_MAX, PasskeyRow};

use super::parts;
use crate::line::Failure;
use crate::switch::Overview;
use crate::web::fields::{Field, password};
use crate::web::forms::form;
use crate::web::say::Say;
use crate::web::{App, Member};
use tessera_texts::passkeys as text;

/// The part of the page about security; nothing where passkeys are not configured.
///
/// # Errors
/// Where the session has ended.
pub async fn section(
    app: &App,
    member: &Member,
    overview: &Overview,
    say: &Say,
) -> Result<Markup, Failure> {
    let Some(count) = overview.passkeys else {
        return Ok(html! {});
    };
    let locale = member.locale();
    let rows = app.switch.passkeys(&member.session).await?;
    Ok(html! {
        section id="passkeys" {
            h2 { (locale.say(text::TITLE)) }
            p { (locale.say(text::LEAD)) }
            @if rows.is_empty() {
                p.empty { (locale.say(text::NONE)) }
            } @else {
                @if say.has_done("recovered") { p.note id="check-passkeys" { (locale.say(text::CHECK)) } }
                ul.rows { @for row in &rows { (passkey(member, row, say)) } }
            }
            @if count >= PASSKEYS_MAX {
                p { (locale.say(text::FULL)) }
            } @else {
                (add_form(member, overview, say))
            }
            @if !rows.is_empty() { p.hint { (locale.say(text::STAY)) } }
        }
    })
}

fn add_form(member: &Member, overview: &Overview, say: &Say) -> Markup {
    let locale = member.locale();
    let fields = html! {
        p.hint { (locale.say(text::ADD_LEAD)) }
        input type="hidden" name="made";
        (password(locale, "add-passkey", overview.asks_always(), say))
        button type="submit" { (locale.say(text::ADD)) }
        p.hint role="status" {}
    };
    html! {
        noscript { p { (locale.say(text::NEEDS_SCRIPT)) } }
        p id="passkeys-unsupported" hidden { (locale.say(text::UNSUPPORTED)) }
        div id="passkeys-add" hidden data-begin="/passkeys/begin" data-not-made=(locale.say(text::NOT_MADE))
            data-known=(locale.say(text::KNOWN)) data-unreachable=(locale.say(text::UNREACHABLE)) {
            details.fold open[say.is_about("add-passkey")] {
                summary { (locale.say(text::ADD)) }
                (form("add-passkey", "/passkeys/add", &member.token(), &fields))
            }
        }
    }
}

fn passkey(member: &Member, row: &PasskeyRow, say: &Say) -> Markup {
    let locale = member.locale();
    let nothing = Say::default();
    let (id, number) = (format!("rename-{}", row.number), row.number.to_string());
    let is_renamed = say
        .posted("rename-passkey")
        .is_some_and(|posted| posted.raw("number") == number);
    let name = Field {
        form: "rename-passkey",
        name: "name",
        label: text::NAME,
        value: &row.name,
        autocomplete: "off",
        longest: PASSKEY_NAME_CHARACTERS_MAX as u16,
        id: &id,
        ..Field::default()
    };
    html! {
        li.row id={ "passkey-" (row.number) } {
            div {
                p.title {
                    (row.name)
                    @if row.synced { " " span.badge { (locale.say(text::SYNCED)) } }
                }
                p.detail {
                    (parts::at_time(locale, text::added_at, row.added_at)) " · "
                    (parts::at_time(locale, text::used_at, row.used_at))
                }
                details.rename open[is_renamed] {
                    summary aria-label=(locale.say(text::rename_which(&row.name))) { (locale.say(text::RENAME)) }
                    (form(&id, "/passkeys/rename", &member.token(), &html! {
                        input type="hidden" name="number" value=(number);
                        (name.show(locale, if is_renamed { say } else { &nothing }))
                        button.second type="submit" { (locale.say(text::SAVE)) }
                    }))
                }
            }
            a.button.quiet href={ "/passkeys/remove?number=" (number) } aria-label=(locale.say(text::remove_which(&row.name))) { (locale.say(text::REMOVE)) }
        }
    }
}
