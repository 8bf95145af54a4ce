//! The passkeys of a wallet, on the page about security.

use maud::{Markup, html};
use tessera_protocol::leased::{PASSKEY_NAME_CHARACTERS_MAX, PASSKEYS_MAX, PasskeyRow};

use super::parts;
use crate::line::Failure;
use crate::switch::Overview;
use crate::texts::passkeys as text;
use crate::web::fields::{Field, password};
use crate::web::forms::form;
use crate::web::say::Say;
use crate::web::{App, Member};

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
    let rows = app.switch.passkeys(&member.session).await?;
    Ok(html! {
        section id="passkeys" {
            h2 { (text::TITLE) }
            p { (text::LEAD) }
            @if rows.is_empty() {
                p.empty { (text::NONE) }
            } @else {
                @if say.has_done("recovered") { p.note id="check-passkeys" { (text::CHECK) } }
                ul.rows { @for row in &rows { (passkey(member, row, say)) } }
            }
            @if count >= PASSKEYS_MAX {
                p { (text::FULL) }
            } @else {
                (add_form(member, overview, say))
            }
            @if !rows.is_empty() { p.hint { (text::STAY) } }
        }
    })
}

fn add_form(member: &Member, overview: &Overview, say: &Say) -> Markup {
    let fields = html! {
        p.hint { (text::ADD_LEAD) }
        input type="hidden" name="made";
        (password("add-passkey", overview.asks_always(), say))
        button type="submit" { (text::ADD) }
        p.hint role="status" {}
    };
    html! {
        noscript { p { (text::NEEDS_SCRIPT) } }
        p id="passkeys-unsupported" hidden { (text::UNSUPPORTED) }
        div id="passkeys-add" hidden data-begin="/passkeys/begin" data-not-made=(text::NOT_MADE)
            data-known=(text::KNOWN) data-unreachable=(text::UNREACHABLE) {
            details.fold open[say.is_about("add-passkey")] {
                summary { (text::ADD) }
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
                    @if row.synced { " " span.badge { (text::SYNCED) } }
                }
                p.detail {
                    (text::ADDED_AT) " " (parts::time(locale, row.added_at)) " · "
                    (text::USED_AT) " " (parts::time(locale, row.used_at))
                }
                details.rename open[is_renamed] {
                    summary aria-label={ (text::RENAME) " " (row.name) } { (text::RENAME) }
                    (form(&id, "/passkeys/rename", &member.token(), &html! {
                        input type="hidden" name="number" value=(number);
                        (name.show(if is_renamed { say } else { &nothing }))
                        button.second type="submit" { (text::SAVE) }
                    }))
                }
            }
            a.button.quiet href={ "/passkeys/remove?number=" (number) } aria-label={ (text::REMOVE) " " (row.name) } { (text::REMOVE) }
        }
    }
}
