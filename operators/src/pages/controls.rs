//! Blocks and controls: what is forbidden now, and the forms to change it.

use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse};
use maud::{Markup, html};
use serde_json::Value;
use tessera_switch::ops::operator::{OperatorRequest, Want, Whose};

use crate::accounts::Role;
use crate::switch::SwitchError;
use crate::web::forms::{Field, SECRET, action, reason, select};
use crate::web::table::{objects, table, text, time};
use crate::web::{Operator, Trouble, query};

/// What a block can be of.
const KINDS: &[(&str, &str)] = &[
    ("merchant", "a merchant, by card acceptor (field 42)"),
    (
        "cards",
        "cards that begin with digits, or with a range as in 990000-990004",
    ),
    ("wallet", "a wallet, by its number in the switch"),
    ("card", "a wallet, by one of its card numbers"),
    ("client", "a wallet, by its payer's identification number"),
];

/// `GET /controls`: of all wallets, or of one with `wallet=`.
///
/// # Errors
/// Where the switch does not answer.
pub async fn show(request: HttpRequest, operator: Operator) -> Result<HttpResponse, Trouble> {
    let form = query(request.query_string());
    let wallet = form.text("wallet").parse::<u64>().ok();
    let whose = wallet.map_or(Whose::All, Whose::Wallet);
    page(&operator, whose, wallet).await
}

/// `POST /controls`: of the wallet of a card, whose number must not stand in an address.
///
/// # Errors
/// Where the switch does not answer, or no wallet has that card.
pub async fn of_wallet(body: Bytes, operator: Operator) -> Result<HttpResponse, Trouble> {
    let form = operator.posted(&body)?;
    let number: String = form.text("number").split_whitespace().collect();
    let whose = match form.text("kind") {
        "client" => Whose::Client(number),
        "card" => Whose::Card(number),
        _ => match number.parse() {
            Ok(wallet) => Whose::Wallet(wallet),
            Err(_) => {
                return Err(refused(
                    "A wallet's number in the switch is a whole number.",
                ));
            }
        },
    };
    tracing::info!(by = operator.name, "the decisions about a wallet were read");
    page(&operator, whose, None).await
}

fn refused(why: &str) -> Trouble {
    SwitchError::Refused(why.to_owned()).into()
}

async fn page(
    operator: &Operator,
    whose: Whose,
    wallet: Option<u64>,
) -> Result<HttpResponse, Trouble> {
    let is_all = matches!(whose, Whose::All);
    let request = OperatorRequest {
        want: Want::Show,
        of: whose,
        by: String::new(),
        reason: String::new(),
    };
    let asked = serde_json::to_string(&request).unwrap_or_default();
    let standing = operator
        .app
        .switch
        .decide("/operator".to_owned(), asked)
        .await?;
    let standing: Value =
        serde_json::from_str(&standing).map_err(|error| Trouble::Failed(error.to_string()))?;
    let title = match (is_all, wallet) {
        (true, _) => "Blocks and controls".to_owned(),
        (false, Some(number)) => format!("Blocks and controls of wallet {number}"),
        (false, None) => "Blocks and controls of this wallet".to_owned(),
    };
    let kind = if is_all { "" } else { "wallet" };
    let number = wallet.map(|number| number.to_string()).unwrap_or_default();
    let body = html! {
        h1 { (title) }
        @if !is_all { p { a href="/controls" { "Those of all wallets" } } }
        section aria-labelledby="blocks" {
            h2 id="blocks" { "Blocked now" }
            (facts("Blocked now", "What", &standing["blocks"], "Nothing is blocked."))
            @if !is_all { (controls(&standing)) }
        }
        @if is_all { section aria-labelledby="look" { h2 id="look" { "One wallet" } (look(operator)) } }
        @if operator.is(Role::Support) {
            section aria-labelledby="change" {
                h2 id="change" { "Block or unblock" }
                (block(operator, kind, &number))
            }
        } @else {
            section { p.hint { "To block and unblock needs the role support." } }
        }
        @if operator.is(Role::Admin) {
            section aria-labelledby="set" {
                h2 id="set" { "Controls" }
                (control(operator, &number))
            }
        }
        section aria-labelledby="decisions" {
            h2 id="decisions" { "Decisions" @if is_all { " about all wallets" } }
            (facts("Decisions", "Decision", &standing["decisions"], "There is none."))
            @if is_all { p { a href="/decisions" { "Decisions about single wallets too, by time" } } }
        }
    };
    Ok(operator.page(&title, "/controls", &body))
}

fn controls(standing: &Value) -> Markup {
    let lines = objects(&standing["controls"]);
    html! {
        h3 { "Controls" }
        @if lines.is_empty() { p { "None: anything is allowed." } }
        @else { ul { @for line in lines { li { (line.as_str().unwrap_or_default()) } } } }
    }
}

/// What was decided, with who and why.
fn facts(label: &str, what: &str, list: &Value, none: &str) -> Markup {
    let rows: Vec<_> = objects(list)
        .iter()
        .map(|fact| {
            vec![
                time(&text(fact, "at")),
                html! { (text(fact, "what")) },
                html! { (text(fact, "by")) },
                html! { (text(fact, "reason")) },
            ]
        })
        .collect();
    match rows.is_empty() {
        true => html! { p { (none) } },
        false => table(label, &["When", what, "By", "Reason"], &rows),
    }
}

fn look(operator: &Operator) -> Markup {
    html! {
        form.search id="one" method="post" action="/controls" {
            input type="hidden" name=(SECRET) value=(operator.form);
            (select("one", "kind", "Found by", &[("wallet", "wallet number"), ("card", "card number"), ("client", "identification number")], ""))
            (Field { form: "one", name: "number", label: "Number", required: true, longest: 40, ..Field::default() }.show())
            p.actions { button.second type="submit" { "Show" } }
        }
    }
}

fn block(operator: &Operator, kind: &str, value: &str) -> Markup {
    html! {
        form id="block" method="post" action="/review" {
            input type="hidden" name=(SECRET) value=(operator.form);
            (select("block", "kind", "What", KINDS, kind))
            (Field { form: "block", name: "value", label: "Which", value, required: true, longest: 40,
                hint: "A card number or an identification number is not shown again, and not kept.", ..Field::default() }.show())
            (reason("block"))
            p.actions {
                button.danger type="submit" name="action" value="block" { "Review the block" }
                button.second type="submit" name="action" value="unblock" { "Review the end of a block" }
            }
        }
    }
}

fn control(operator: &Operator, value: &str) -> Markup {
    let field = |name, label, hint| {
        Field {
            form: "control",
            name,
            label,
            hint,
            longest: 120,
            ..Field::default()
        }
        .show()
    };
    html! {
        p { "Where a wallet, or one card of it, may pay. What you leave empty allows anything; all empty removes the controls." }
        (action("control", "control", &operator.form, &html! {
            (select("control", "kind", "Of", &[("wallet", "a wallet, by its number in the switch"), ("card", "one card, by its number"), ("client", "a wallet, by its payer's identification number")], ""))
            (Field { form: "control", name: "value", label: "Which", value, required: true, longest: 40, ..Field::default() }.show())
            (field("categories", "Allowed merchant categories", "Field 18, four digits each, as in 5411, 5942."))
            (field("no-categories", "Forbidden merchant categories", ""))
            (field("countries", "Allowed countries", "Field 19, three digits each, as in 840. A request without a country is declined."))
            div.tick {
                input id="control-ecommerce-only" type="checkbox" name="ecommerce-only" value="1";
                label for="control-ecommerce-only" { "Only e-commerce (condition 59 in field 25)" }
            }
            (reason("control"))
            p.actions { button type="submit" { "Review the controls" } }
        }))
    }
}
