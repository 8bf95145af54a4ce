//! Finds transactions, by a name of theirs or by what they were like, and explains them.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse};
use maud::{Markup, html};
use serde_json::Value;
use tessera_kit::clock;
use tessera_kit::clock::Timestamp;
use tessera_ledger::moment::{parse, rfc_3339};
use tessera_protocol::{Amount, Institution, OrderKey, Stan, mask_card_numbers, money_text};
use tessera_switch::explain::{
    ExplainError, Listed, Named, ROWS_MAX, Row, Wanted, explain, is_decline, search as find,
};

use crate::posted::Posted;
use crate::web::forms::{Field, select};
use crate::web::table::{empty, objects, table, text, time};
use crate::web::{Operator, Trouble, query};

const HOUR: u64 = 3_600_000;
/// What a list looks through if nobody says otherwise.
const SPAN: u64 = HOUR;
/// The longest span of a list.
const SPAN_MAX: u64 = 31 * 24 * HOUR;

/// `GET /transactions`: the forms, and a list of what fits.
///
/// # Errors
/// Where the journal can't be read.
pub async fn search(request: HttpRequest, operator: Operator) -> Result<HttpResponse, Trouble> {
    let form = query(request.query_string());
    let parties = operator.app.switch.parties().await?;
    let names: Vec<_> = parties
        .iter()
        .map(|party| (party.code.to_string(), party.name.clone()))
        .collect();
    let wanted = wanted(&form);
    let (list, wrong) = match wanted {
        Err(wrong) => (None, Some(wrong)),
        Ok((span, wanted)) => {
            log(&operator, "transactions were listed", &form);
            let patience = operator.app.settings.list_within;
            let found = operator
                .app
                .switch
                .read(move |journal| find(journal, span, &wanted, patience))
                .await?;
            (
                Some(found.map_err(|error| Trouble::Failed(error.to_string()))?),
                None,
            )
        }
    };
    let is_filtered = !request.query_string().is_empty();
    let body = html! {
        h1 { "Transactions" }
        section aria-labelledby="find" {
            h2 id="find" { "Find" }
            (by_reference())
            details.fold { summary { "By order, or by trace number" } div.columns { (by_order()) (by_trace(&names)) } }
            details.fold open[is_filtered] {
                summary { "By time, party, card, amount or outcome" }
                (by_look(&form, &names))
                @if let Some(wrong) = &wrong { div.wrong role="alert" { p { (mask_card_numbers(wrong)) } } }
            }
        }
        @if let Some(list) = &list {
            section aria-labelledby="found" {
                h2 id="found" { @if is_filtered { "Found" } @else { "The last hour" } }
                (found(list, &form, &names))
            }
        }
    };
    Ok(operator.page("Transactions", "/transactions", &body))
}

/// `GET /transactions/one`: all of that name, explained. With `json=1` as `tessera explain --json` prints them.
///
/// # Errors
/// Where the journal can't be read.
pub async fn one(request: HttpRequest, operator: Operator) -> Result<HttpResponse, Trouble> {
    let form = query(request.query_string());
    let named = match named(&form) {
        Ok(named) => named,
        Err(wrong) => return Ok(nothing(&operator, &wrong)),
    };
    log(&operator, "a transaction was read", &form);
    let found = operator
        .app
        .switch
        .read(move |journal| explain(journal, &named))
        .await?;
    let found = match found {
        Ok(found) => found,
        Err(unknown @ ExplainError::Unknown(_)) => {
            return Ok(nothing(&operator, &unknown.to_string()));
        }
        Err(other) => return Err(Trouble::Failed(other.to_string())),
    };
    if !form.text("json").is_empty() {
        let list: Value = found.into_iter().map(|one| one.json).collect();
        let text = serde_json::to_string_pretty(&list).unwrap_or_default();
        return Ok(HttpResponse::build(StatusCode::OK)
            .content_type("application/json")
            .body(text + "\n"));
    }
    let json = format!("{}?{}&json=1", request.path(), request.query_string());
    let body = html! {
        h1 { "Transaction" }
        p { a href="/transactions" { "Find others" } " · " a href=(json) { "As JSON" } }
        @if found.len() > 1 { p { "There are " (found.len()) " of that name, the oldest first." } }
        @for one in &found { (explained(&operator, &one.json, &one.page)) }
    };
    Ok(operator.page("Transaction", "/transactions", &body))
}

/// Which operator has looked for what. Card numbers are never whole in it: the form has no field for one.
fn log(operator: &Operator, what: &'static str, form: &Posted) {
    let said = |name: &str| {
        Some(form.text(name))
            .filter(|text| !text.is_empty())
            .map(str::to_owned)
    };
    tracing::info!(
        by = operator.name,
        reference = said("reference"),
        order = said("order"),
        acceptor = said("mall"),
        party = said("party"),
        stan = said("trace"),
        last_four = said("last-four"),
        "{what}"
    );
}

fn nothing(operator: &Operator, why: &str) -> HttpResponse {
    let body = html! {
        h1 { "Not found" }
        section { p { (why) } p.actions { a.button href="/transactions" { "Find others" } } }
    };
    let mut page = operator.page("Not found", "/transactions", &body);
    *page.status_mut() = StatusCode::NOT_FOUND;
    page
}

fn named(form: &Posted) -> Result<Named, String> {
    let said = |name: &str| !form.text(name).is_empty();
    if said("reference") {
        return Ok(Named::Reference(form.text("reference").to_owned()));
    }
    if said("order") && said("mall") {
        let mall = form.text("mall");
        let mut acceptor = [b' '; 15];
        let place = acceptor.get_mut(..mall.len());
        let place = place.ok_or("a card acceptor has at most 15 characters")?;
        place.copy_from_slice(mall.as_bytes());
        return Ok(Named::Order(OrderKey::of(
            &acceptor,
            form.text("order").as_bytes(),
        )));
    }
    if said("party") && said("trace") && said("date") {
        let number = |name: &str| form.text(name).parse::<u64>().ok();
        let wrong = "the party is a code of up to 11 digits, the trace number has up to six digits, and the date is MMDD, as in 1130";
        let [party, trace, date] = ["party", "trace", "date"].map(number);
        let (Some(party), Some(trace), Some(date)) = (party, trace, date) else {
            return Err(wrong.to_owned());
        };
        if party > Institution::MAX || trace > u64::from(Stan::MAX) || date > 1_231 {
            return Err(wrong.to_owned());
        }
        return Ok(Named::Trace {
            institution: Institution::new(party),
            // In the range that was just looked at.
            trace: Stan::new(trace as u32),
            local_date: date as u32,
        });
    }
    Err("State a reference; or an order number and its mall; or a party, a trace number and a date.".to_owned())
}

/// What the list is of: the last hour, where nothing is said.
fn wanted(form: &Posted) -> Result<((Timestamp, Timestamp), Wanted), String> {
    let moment = |name: &str| match form.text(name) {
        "" => Ok(None),
        text => {
            // As a browser's field for date and time writes it, in UTC.
            let seconds = if text.matches(':').count() == 1 {
                format!("{text}:00Z")
            } else {
                text.to_owned()
            };
            let read = parse(&seconds)
                .or_else(|| parse(&format!("{text}Z")))
                .or_else(|| parse(text));
            read.map(Some)
                .ok_or_else(|| format!("“{text}” is not a time"))
        }
    };
    let to = moment("to")?.unwrap_or_else(|| clock::system().plus(1_000));
    let from = match moment("from")? {
        Some(from) => from,
        None => to.saturating_sub(SPAN),
    };
    if from >= to {
        return Err("“From” must be before “to”.".to_owned());
    }
    if to.milliseconds() - from.milliseconds() > SPAN_MAX {
        return Err("A list is of 31 days at most.".to_owned());
    }
    let digits = |name: &str, count: usize| match form.text(name) {
        "" => Ok(None),
        text if text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit()) => {
            Ok(Some(text.to_owned()))
        }
        _ => Err(format!(
            "The {} digits of the card are {count} digits.",
            name.replace('-', " ")
        )),
    };
    let party = match form.text("party") {
        "" => None,
        text => Some(
            text.parse()
                .map_err(|_| "A party is a code of digits.".to_owned())?,
        ),
    };
    let amount = match form.text("amount") {
        "" => None,
        text => Some(minor(text).ok_or_else(|| format!("“{text}” is not an amount, as in 12.50"))?),
    };
    let some = |name: &str| Some(form.text(name).to_owned()).filter(|text| !text.is_empty());
    Ok((
        (from, to),
        Wanted {
            institution: party.and_then(Institution::new),
            acceptor: some("acceptor"),
            first_six: digits("first-six", 6)?.and_then(|digits| digits.parse().ok()),
            last_four: digits("last-four", 4)?,
            amount,
            declined: form.text("outcome") == "declined",
        },
    ))
}

/// With or without two digits behind the point.
fn minor(text: &str) -> Option<Amount> {
    let (whole, cents) = text.split_once('.').unwrap_or((text, "00"));
    let plain =
        |digits: &str| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    if !plain(whole) || !plain(cents) || cents.len() != 2 {
        return None;
    }
    let minor = whole.parse::<u64>().ok()?.checked_mul(100)?;
    Amount::new(minor.checked_add(cents.parse().ok()?)?)
}

fn by_reference() -> Markup {
    html! {
        form.inline id="reference" method="get" action="/transactions/one" {
            (Field { form: "reference", name: "reference", label: "Reference", required: true, longest: 12,
                hint: "Field 37 of the party, or the switch's own, as payers see it in mails and in the CSV file.", ..Field::default() }.show())
            p.actions { button type="submit" { "Explain" } }
        }
    }
}

fn by_order() -> Markup {
    html! {
        form id="order" method="get" action="/transactions/one" {
            (Field { form: "order", name: "order", label: "Order number", required: true, longest: 40, ..Field::default() }.show())
            (Field { form: "order", name: "mall", label: "Card acceptor of the mall (field 42)", required: true, longest: 15, ..Field::default() }.show())
            p.actions { button.second type="submit" { "Explain the order" } }
        }
    }
}

fn by_trace(names: &[(String, String)]) -> Markup {
    html! {
        form id="trace" method="get" action="/transactions/one" {
            (select("trace", "party", "Party", &options(names, None), ""))
            (Field { form: "trace", name: "trace", label: "Trace number (field 11)", required: true, longest: 6, ..Field::default() }.show())
            (Field { form: "trace", name: "date", label: "Date (field 13, MMDD)", required: true, longest: 4, ..Field::default() }.show())
            p.actions { button.second type="submit" { "Explain the request" } }
        }
    }
}

fn options<'a>(names: &'a [(String, String)], any: Option<&'a str>) -> Vec<(&'a str, &'a str)> {
    let any = any.map(|words| ("", words));
    let each = names
        .iter()
        .map(|(code, name)| (code.as_str(), name.as_str()));
    any.into_iter().chain(each).collect()
}

fn by_look(form: &Posted, names: &[(String, String)]) -> Markup {
    let field = |name, label, longest, kind| {
        Field {
            form: "look",
            name,
            label,
            longest,
            kind,
            value: form.text(name),
            ..Field::default()
        }
        .show()
    };
    html! {
        form.search id="look" method="get" action="/transactions" {
            (field("from", "From (UTC)", 0, "datetime-local"))
            (field("to", "To (UTC)", 0, "datetime-local"))
            (select("look", "party", "Party", &options(names, Some("any")), form.text("party")))
            (field("acceptor", "Card acceptor", 15, ""))
            (field("first-six", "Card: first six digits", 6, ""))
            (field("last-four", "Card: last four digits", 4, ""))
            (field("amount", "Amount", 14, ""))
            (select("look", "outcome", "Outcome", &[("", "any"), ("declined", "declined")], form.text("outcome")))
            p.actions { button type="submit" { "List" } a.button.quiet href="/transactions" { "The last hour" } }
        }
    }
}

fn found(list: &Listed, form: &Posted, names: &[(String, String)]) -> Markup {
    if list.gave_up {
        return empty(
            "That is too much to read",
            "The journal has too many records of this time to look through in a moment. State a shorter time, or a reference.",
        );
    }
    let older = list.goes_on.map(|at| older(at, form));
    html! {
        @if list.rows.is_empty() {
            (empty("Nothing fits", "No request of this time is like that. What no wallet was asked (an unknown card, a wrong MAC) is not in the journal; it is counted among the declines."))
        } @else {
            (table("Transactions", &["Came", "What", "Amount", "Card", "Where", "Party", "Answer", "Reference"], &list.rows.iter().map(|one| row(one, names)).collect::<Vec<_>>()))
        }
        @if let Some(older) = older {
            p.paging { a href=(older) { "Older ones" } " " span.hint { "At most " (ROWS_MAX) " are shown." } }
        }
    }
}

fn older(at: Timestamp, form: &Posted) -> String {
    let mut address = url::form_urlencoded::Serializer::new(String::new());
    address.append_pair("to", &rfc_3339(at));
    for name in [
        "from",
        "party",
        "acceptor",
        "first-six",
        "last-four",
        "amount",
        "outcome",
    ] {
        if !form.text(name).is_empty() {
            address.append_pair(name, &mask_card_numbers(form.text(name)));
        }
    }
    format!("/transactions?{}", address.finish())
}

fn row(one: &Row, names: &[(String, String)]) -> Vec<Markup> {
    let party = Institution::digits(one.institution).to_string();
    let name = names
        .iter()
        .find(|(code, _)| *code == party)
        .map(|(_, name)| name.as_str());
    let address = format!("/transactions/one?reference={}", one.reference);
    vec![
        time(&rfc_3339(one.at)),
        html! { (one.kind) },
        html! { span.nowrap { (money_text(one.amount, one.currency)) } },
        html! {
            @match &one.last_four {
                Some(digits) => { span.nowrap { "•••• " (digits) } }
                None => { @if one.is_order { "order" } }
            }
        },
        html! { span.nowrap { (one.acceptor) } },
        html! { (name.unwrap_or(if one.institution.is_none() { "payer" } else { &party })) },
        html! {
            @match one.code {
                None => { "open" }
                Some(code) => { span.failed[is_decline(code)] title=(one.because) { (code) @if let Some(meaning) = code.meaning() { " " (meaning) } } }
            }
        },
        html! { a href=(address) { (one.reference) } },
    ]
}

fn explained(operator: &Operator, json: &Value, page: &str) -> Markup {
    let wallet = text(json, "wallet");
    let events: Vec<_> = objects(&json["events"])
        .iter()
        .map(|event| {
            html! {
                li {
                    (time(&text(event, "at")))
                    span.since { " +" (text(event, "milliseconds")) " ms" }
                    p { (text(event, "event")) }
                }
            }
        })
        .collect();
    let fact = |name: &str, key: &str| html! { dt { (name) } dd { (text(json, key)) } };
    html! {
        section aria-label={ "Transaction " (text(json, "reference")) } {
            h2 { (text(json, "kind")) " " (text(json, "reference")) }
            @for sentence in text(json, "summary").lines() { p { (sentence) } }
            dl.facts {
                (fact("Field 37 of the party", "party_reference"))
                (fact("Party", "party"))
                (fact("Card acceptor", "acceptor"))
                dt { "Wallet" } dd {
                    (wallet)
                    @if operator.is(crate::accounts::Role::Support) { " " a href={ "/controls?wallet=" (wallet) } { "Its blocks and controls" } }
                }
                dt { "Answer" } dd { (text(json, "code")) " " (text(json, "meaning")) }
                (fact("Because", "because"))
            }
            h3 { "Timeline" }
            ol.steps { @for event in events { (event) } }
            details.fold {
                summary { "Everything: messages, balances, times" }
                pre.report tabindex="0" { (page) }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(text: &str) -> Posted {
        Posted::parse(text.as_bytes())
    }

    #[test]
    fn a_list_is_of_the_last_hour_or_of_what_is_stated() {
        let ((from, to), wanted) = wanted(&form("")).unwrap();
        assert_eq!(to.milliseconds() - from.milliseconds(), SPAN);
        assert!(wanted.institution.is_none() && !wanted.declined);
        let ((from, to), all) = super::wanted(&form(
            "from=2026-11-30T10:00&to=2026-11-30T11:30:15&party=17&last-four=0017&first-six=990000&amount=12.50&outcome=declined",
        ))
        .unwrap();
        assert_eq!(rfc_3339(from), "2026-11-30T10:00:00.000Z");
        assert_eq!(rfc_3339(to), "2026-11-30T11:30:15.000Z");
        assert_eq!(
            (all.first_six, all.last_four.as_deref(), all.declined),
            (Some(990_000), Some("0017"), true)
        );
        assert_eq!(all.amount, Amount::new(1_250));
        for wrong in [
            "from=2026-11-30T10:00&to=2026-11-30T10:00",
            "from=2026-01-01&to=2026-11-30",
            "last-four=17",
            "first-six=9900001",
            "amount=12.5",
            "amount=-1",
            "from=yesterday",
            "party=mall",
        ] {
            assert!(super::wanted(&form(wrong)).is_err(), "{wrong}");
        }
    }

    #[test]
    fn older_ones_are_asked_for_in_the_same_words() {
        let at = parse("2026-11-30T10:00:00Z").unwrap();
        let address = older(at, &form("to=2026-11-30T11:00&last-four=0017&party="));
        assert_eq!(
            address,
            "/transactions?to=2026-11-30T10%3A00%3A00.000Z&last-four=0017"
        );
    }

    #[test]
    fn names_are_a_reference_an_order_or_a_trace() {
        assert!(matches!(
            named(&form("reference=632609000002")),
            Ok(Named::Reference(_))
        ));
        assert!(matches!(
            named(&form("order=A-1&mall=TEACUP-0001")),
            Ok(Named::Order(_))
        ));
        assert!(matches!(
            named(&form("party=17&trace=5&date=1130")),
            Ok(Named::Trace { .. })
        ));
        for wrong in [
            "",
            "order=A-1",
            "order=A&mall=longer-than-15-chars",
            "party=17&trace=x&date=1130",
            "party=1&trace=1&date=9999",
        ] {
            assert!(named(&form(wrong)).is_err(), "{wrong}");
        }
    }
}
