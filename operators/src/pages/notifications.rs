//! Messages to payers that were given up: without addresses and texts.

use actix_web::HttpResponse;
use maud::{Markup, html};

use crate::accounts::Role;
use crate::switch::SwitchError;
use crate::web::forms::{action, reason};
use crate::web::table::{empty, objects, text, time};
use crate::web::{Operator, Trouble};

/// `GET /notifications`.
///
/// # Errors
/// Where the switch does not answer.
pub async fn list(operator: Operator) -> Result<HttpResponse, Trouble> {
    let list = match operator.app.switch.list("/outbox").await {
        Ok(list) => list,
        Err(SwitchError::Refused(why)) => {
            let body = html! { h1 { "Notifications given up" } section { (empty("No notifications", &why)) } };
            return Ok(operator.page("Notifications", "/notifications", &body));
        }
        Err(other) => return Err(other.into()),
    };
    let letters = objects(&list);
    let body = html! {
        h1 { "Notifications given up" }
        section {
            p.lead { "Messages to payers that no server has accepted in time. They are shown without addresses and texts: payers stay anonymous." }
            @if letters.is_empty() { (empty("None", "Every message was accepted, or is still being tried.")) }
            @else {
                ul.rows {
                    @for (number, letter) in letters.iter().enumerate() {
                        li.row {
                            div {
                                p.title { code { (text(letter, "id")) } }
                                p.detail { (time(&text(letter, "since"))) ", " (text(letter, "attempts")) " tries: " (text(letter, "why")) }
                            }
                            @if operator.is(Role::Support) {
                                details.fold { summary { "Decide" } (decide(&operator, number, Some(&text(letter, "id")))) }
                            }
                        }
                    }
                }
            }
        }
        @if !letters.is_empty() && operator.is(Role::Support) {
            section aria-labelledby="all" { h2 id="all" { "All of them" } (decide(&operator, letters.len(), None)) }
        }
        @if !operator.is(Role::Support) { section { p.hint { "To send them again needs the role support, to drop them the role settle." } } }
    };
    Ok(operator.page("Notifications", "/notifications", &body))
}

fn decide(operator: &Operator, number: usize, id: Option<&str>) -> Markup {
    let (retry, drop) = (format!("retry-{number}"), format!("drop-{number}"));
    let form = |name: &str, what: &str, label: &str, is_drop: bool| {
        action(
            name,
            what,
            &operator.form,
            &html! {
                @if let Some(id) = id { input type="hidden" name="id" value=(id); }
                (reason(name))
                p.actions { button.danger[is_drop].second[!is_drop] type="submit" { (label) } }
            },
        )
    };
    html! {
        div.columns {
            (form(&retry, "retry-notification", "Review to resend", false))
            @if operator.is(Role::Settle) { (form(&drop, "drop-notification", "Review to drop", true)) }
        }
    }
}
