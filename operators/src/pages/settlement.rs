//! Settlement dates: the present one, those without agreement, and the totals of one.

use actix_web::{HttpRequest, HttpResponse};
use maud::{Markup, html};
use serde_json::Value;
use tessera_ledger::Day;
use tessera_protocol::{Totals, money_text};
use tessera_reports::recon;
use tessera_switch::ops::operator::{OperatorRequest, Want, Whose};

use crate::accounts::Role;
use crate::web::forms::{Field, action, reason, select};
use crate::web::table::{objects, table};
use crate::web::{Operator, Trouble, query};

/// `GET /settlement`; with `date=` and `party=` the totals of a date.
///
/// # Errors
/// Where the switch does not answer, or the journal can't be read.
pub async fn show(request: HttpRequest, operator: Operator) -> Result<HttpResponse, Trouble> {
    let form = query(request.query_string());
    let request = OperatorRequest {
        want: Want::Show,
        of: Whose::All,
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
    let open: Vec<_> = objects(&standing["unsettled"])
        .iter()
        .filter_map(Value::as_str)
        .collect();
    let today = standing["today"].as_str().unwrap_or_default();
    let parties = operator.app.switch.parties().await?;
    let names: Vec<_> = parties
        .iter()
        .map(|party| (party.code.to_string(), party.name.clone()))
        .collect();
    let chosen = form.text("date");
    let totals = match Day::from_text(chosen) {
        None => None,
        Some(day) => {
            let party = form.text("party").parse::<u64>().ok();
            let items = operator
                .app
                .switch
                .read(move |journal| recon::items(journal, day, party))
                .await?;
            Some(
                items
                    .map(|items| items.totals)
                    .map_err(|error| error.to_string()),
            )
        }
    };
    let body = html! {
        h1 { "Settlement" }
        section aria-labelledby="dates" {
            h2 id="dates" { "Dates" }
            dl.pairs {
                dt { "Present settlement date" } dd { (today) }
                dt { "Over, and not agreed upon" } dd.bad[!open.is_empty()] { @if open.is_empty() { "none" } @else { (open.join(", ")) } }
            }
            p.hint { "The switch sends the totals of each date that is over to the financial system until both have the same net amount." }
            @if operator.is(Role::Settle) {
                details.fold { summary { "Begin the next date now" }
                    (action("begin", "begin-day", &operator.form, &html! { (reason("begin")) p.actions { button type="submit" { "Review the new date" } } }))
                }
            } @else { p.hint { "To begin a date needs the role settle." } }
        }
        section aria-labelledby="totals" {
            h2 id="totals" { "Totals of a date" }
            form.search id="of" method="get" action="/settlement" {
                (Field { form: "of", name: "date", label: "Settlement date", kind: "date", value: if chosen.is_empty() { today } else { chosen }, required: true, ..Field::default() }.show())
                (select("of", "party", "Party", &std::iter::once(("", "all")).chain(names.iter().map(|(code, name)| (code.as_str(), name.as_str()))).collect::<Vec<_>>(), form.text("party")))
                p.actions { button.second type="submit" { "Add up" } }
            }
            @match &totals {
                None => {}
                Some(Err(why)) => { div.wrong { p { (why) } } }
                Some(Ok(totals)) => { (sums(&operator, totals)) }
            }
            p.hint { "Added up from the journal, item by item, as " code { "tessera recon" } " does; that command also lists the items and compares them with a list of the party's." }
        }
    };
    Ok(operator.page("Settlement", "/settlement", &body))
}

fn sums(operator: &Operator, totals: &Totals) -> Markup {
    let currency = operator.app.switch.settings().currency;
    let money = |minor: i128| html! { span.nowrap { (money_text(minor, currency)) } };
    let row = |what: &str, count: u64, amount: i128| {
        vec![html! { (what) }, html! { (count) }, money(amount)]
    };
    let rows = [
        row("Debits", totals.debits, totals.debit_amount.into()),
        row(
            "Debits reversed",
            totals.debit_reversals,
            totals.debit_reversal_amount.into(),
        ),
        row("Credits", totals.credits, totals.credit_amount.into()),
        row(
            "Credits reversed",
            totals.credit_reversals,
            totals.credit_reversal_amount.into(),
        ),
        vec![
            html! { strong { "Net" } },
            html! {},
            money(totals.net.into()),
        ],
    ];
    table("Totals", &["Items", "Number", "Amount"], &rows)
}
