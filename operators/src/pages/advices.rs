//! Dead letters: advices that the financial system has refused too often.

use actix_web::HttpResponse;
use actix_web::web::Path;
use maud::{Markup, html};
use tessera_protocol::mask_card_numbers;

use crate::accounts::Role;
use crate::switch::SwitchError;
use crate::web::forms::{action, reason};
use crate::web::table::{empty, objects, table, text, time};
use crate::web::{Operator, Trouble};

/// `GET /advices`.
///
/// # Errors
/// Where the switch does not answer.
pub async fn list(operator: Operator) -> Result<HttpResponse, Trouble> {
    let list = operator.app.switch.list("/saf").await?;
    let rows: Vec<_> = objects(&list)
        .iter()
        .map(|advice| {
            let (id, reference) = (text(advice, "id"), text(advice, "reference"));
            vec![
                html! { a href={ "/advices/" (id) } { (reference) } },
                time(&text(advice, "since")),
                html! { (text(advice, "code")) },
                html! { a href={ "/transactions/one?reference=" (reference) } { "Its transaction" } },
            ]
        })
        .collect();
    let body = html! {
        h1 { "Dead letters" }
        section {
            p.lead { "Advices to the financial system that it has refused too often: reversals, completions, stand-in advices. Each waits for a decision; until then, the totals of both sides may differ." }
            @if rows.is_empty() { (empty("None", "The financial system has acknowledged every advice, or will be sent it again.")) }
            @else { (table("Dead letters", &["Reference", "Given up", "Last answer", ""], &rows)) }
        }
    };
    Ok(operator.page("Dead letters", "/advices", &body))
}

/// `GET /advices/{id}`.
///
/// # Errors
/// Where the switch does not answer, or there is no such advice.
pub async fn show(id: Path<String>, operator: Operator) -> Result<HttpResponse, Trouble> {
    let id = id.into_inner();
    if !id
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || byte == b'.')
    {
        return Err(Trouble::NotFound);
    }
    let message = operator.app.switch.text(format!("/saf/{id}")).await;
    let message = message.map_err(|error| match error {
        SwitchError::Refused(_) => Trouble::NotFound,
        other => other.into(),
    })?;
    let body = html! {
        h1 { "Advice" }
        p { a href="/advices" { "All dead letters" } }
        section aria-labelledby="message" {
            h2 id="message" { "The message" }
            pre.report tabindex="0" { (mask_card_numbers(&message)) }
        }
        section aria-labelledby="decide" {
            h2 id="decide" { "Decide" }
            @if operator.is(Role::Settle) { div.columns { (form(&operator, &id, "retry-advice", "Review to resend")) (form(&operator, &id, "drop-advice", "Review to drop")) } }
            @else { p.hint { "To decide about it needs the role settle." } }
        }
    };
    Ok(operator.page("Advice", "/advices", &body))
}

fn form(operator: &Operator, id: &str, what: &str, label: &str) -> Markup {
    let is_drop = what.starts_with("drop");
    action(
        what,
        what,
        &operator.form,
        &html! {
            input type="hidden" name="id" value=(id);
            (reason(what))
            p.actions { button.danger[is_drop] type="submit" { (label) } }
        },
    )
}
