//! All transactions: searched, in pages, and as CSV.

use actix_web::http::header;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use maud::{Markup, html};

use super::parts;
use crate::currency::Money;
use crate::history::{Kind, Outcome, Transaction, assemble};
use crate::locale::iso;
use crate::texts::transactions as text;
use crate::web::fields::{Field, select, summary};
use crate::web::layout::{self, Head};
use crate::web::say::Say;
use crate::web::{App, Member, Trouble, answer, query};

const PAGE: usize = 25;
/// Events that are read for one answer.
const ROWS_MAX: usize = 5_000;
/// What happens to a transaction comes soon after its beginning: with so many more read, a page is complete.
const MARGIN: usize = 5;

/// The newest transactions.
pub async fn last(app: &App, member: &Member, count: usize) -> Result<Vec<Transaction>, Trouble> {
    let (mut transactions, _) = read(app, member, count).await?;
    transactions.truncate(count);
    Ok(transactions)
}

/// Reads history until there are so many transactions; says whether it ends there.
async fn read(
    app: &App,
    member: &Member,
    enough: usize,
) -> Result<(Vec<Transaction>, bool), Trouble> {
    let ours = app.settings.line.institution;
    let (mut rows, mut from) = (Vec::new(), None);
    loop {
        let piece = app.switch.history(&member.session, from).await?;
        let empty = piece.rows.is_empty();
        rows.extend(piece.rows);
        from = piece.older;
        if from.is_none() || empty {
            return Ok((assemble(&rows, ours), true));
        }
        // Fewer transactions than events: no need to assemble what can't be enough.
        if rows.len() >= ROWS_MAX || rows.len() >= enough + MARGIN {
            let transactions = assemble(&rows, ours);
            if rows.len() >= ROWS_MAX || transactions.len() >= enough + MARGIN {
                return Ok((transactions, false));
            }
        }
    }
}

/// What is looked for.
#[derive(Default)]
struct Search {
    words: String,
    amount: Option<u64>,
    status: String,
    from: Option<String>,
    until: Option<String>,
    page: usize,
    raw_from: String,
    raw_until: String,
}

impl Search {
    fn of(app: &App, text: &str) -> (Self, Say) {
        let mut asked = query(text);
        let mut take = |name: &str| asked.remove(name).unwrap_or_default().trim().to_owned();
        let (raw_from, raw_until) = (take("from"), take("until"));
        let mut say = Say::default();
        let mut day = |text: &str, field: &'static str| {
            if !text.is_empty() && !is_day(text) {
                say = Say::wrong("search", field, text::BAD_DATE);
            }
            is_day(text).then(|| text.to_owned())
        };
        let (from, until) = (day(&raw_from, "from"), day(&raw_until, "until"));
        let words = take("q");
        let search = Self {
            amount: Money::from_typed(&words, app.currency()).map(|money| money.minor),
            words: words.to_lowercase(),
            status: take("status"),
            from,
            until,
            page: take("page").parse().unwrap_or(1).clamp(1, ROWS_MAX),
            raw_from,
            raw_until,
        };
        (search, say)
    }

    fn is_everything(&self) -> bool {
        self.words.is_empty()
            && self.status.is_empty()
            && self.from.is_none()
            && self.until.is_none()
    }

    fn finds(&self, app: &App, transaction: &Transaction) -> bool {
        // Days written like this are in order as texts.
        let day = &iso(transaction.at)[..10];
        self.finds_status(transaction)
            && self.from.as_deref().is_none_or(|from| day >= from)
            && self.until.as_deref().is_none_or(|until| day <= until)
            && self.finds_words(app, transaction)
    }

    fn finds_words(&self, app: &App, transaction: &Transaction) -> bool {
        let amounts = [
            transaction.amount,
            transaction.standing,
            transaction.refunded,
        ];
        if self.amount.is_some_and(|amount| amounts.contains(&amount)) {
            return true;
        }
        let texts = [
            transaction.text.as_str(),
            parts::name(app, transaction),
            &transaction.acceptor,
            &transaction.reference,
            &transaction.card,
        ];
        let all = texts.join(" ").to_lowercase();
        self.words.split_whitespace().all(|word| all.contains(word))
    }

    fn finds_status(&self, transaction: &Transaction) -> bool {
        let purchase = transaction.kind == Kind::Purchase;
        let back = transaction.refunded + transaction.refund_waiting > 0
            || (purchase && transaction.standing < transaction.amount);
        match self.status.as_str() {
            "paid" => purchase && transaction.outcome == Outcome::Done && !transaction.is_undone(),
            "waiting" => transaction.outcome == Outcome::Waiting,
            "declined" => matches!(transaction.outcome, Outcome::Failed(_)),
            "refunded" => back,
            "money" => !purchase,
            _ => true,
        }
    }

    fn address(&self, path: &str, page: usize) -> String {
        let mut address = url::form_urlencoded::Serializer::new(format!("{path}?"));
        let parts = [
            ("q", &self.words),
            ("status", &self.status),
            ("from", &self.raw_from),
            ("until", &self.raw_until),
        ];
        for (name, value) in parts.into_iter().filter(|(_, value)| !value.is_empty()) {
            address.append_pair(name, value);
        }
        if page > 1 {
            address.append_pair("page", &page.to_string());
        }
        address.finish()
    }
}

/// `YYYY-MM-DD`.
fn is_day(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() == 10
        && bytes.iter().enumerate().all(|(place, byte)| match place {
            4 | 7 => *byte == b'-',
            _ => byte.is_ascii_digit(),
        })
}

/// `/transactions`
pub async fn page(
    app: Data<App>,
    member: Member,
    request: HttpRequest,
) -> Result<HttpResponse, Trouble> {
    let (search, say) = Search::of(&app, request.query_string());
    let enough = match search.is_everything() {
        true => search.page * PAGE + 1,
        false => usize::MAX - MARGIN,
    };
    let (mut found, whole) = read(&app, &member, enough).await?;
    found.retain(|transaction| search.finds(&app, transaction));
    let cut = !whole && found.len() < search.page * PAGE + 1;
    let more = found.len() > search.page * PAGE;
    let shown: Vec<_> = found
        .into_iter()
        .skip((search.page - 1) * PAGE)
        .take(PAGE)
        .collect();
    let body = html! {
        h1 { (text::TITLE) }
        (summary(&say))
        (search_form(&search, &say))
        @if shown.is_empty() { div.empty { p { (text::NOTHING) } } }
        @else { (parts::transactions(&app, member.locale(), &shown)) }
        @if cut { p.hint { (text::CUT) } }
        nav.paging aria-label=(text::TITLE) {
            @if search.page > 1 { a id="newer" rel="prev" href=(search.address("/transactions", search.page - 1)) { (text::NEWER) } }
            @if more { a id="older" rel="next" href=(search.address("/transactions", search.page + 1)) { (text::OLDER) } }
            a id="csv" href=(search.address("/transactions.csv", 1)) download="transactions.csv" { (text::CSV) }
        }
    };
    let page = layout::member(
        text::TITLE,
        "/transactions",
        &member.token(),
        Head::default(),
        &body,
    );
    Ok(answer::page(&say, &page))
}

fn search_form(search: &Search, say: &Say) -> Markup {
    let choices: Vec<_> = text::CHOICES
        .iter()
        .map(|(value, words)| ((*value).to_owned(), (*words).to_owned()))
        .collect();
    let day = |name, label, value| Field {
        form: "search",
        name,
        label,
        kind: "date",
        value,
        optional: true,
        ..Field::default()
    };
    html! {
        form.search id="search" method="get" action="/transactions" role="search" {
            (Field {
                form: "search",
                name: "q",
                label: text::SEARCH,
                hint: text::SEARCH_HINT,
                kind: "search",
                value: &search.words,
                optional: true,
                longest: 60,
                ..Field::default()
            }.show(say))
            (select("search", "status", text::STATUS, &choices, &search.status, say))
            (day("from", text::FROM, &search.raw_from).show(say))
            (day("until", text::UNTIL, &search.raw_until).show(say))
            div.actions {
                button type="submit" { (text::FIND) }
                @if !search.is_everything() { a href="/transactions" { (text::CLEAR) } }
            }
        }
    }
}

/// `/transactions.csv`: all that were found.
pub async fn csv(
    app: Data<App>,
    member: Member,
    request: HttpRequest,
) -> Result<HttpResponse, Trouble> {
    let (search, _) = Search::of(&app, request.query_string());
    let (found, _) = read(&app, &member, usize::MAX - MARGIN).await?;
    let mut csv = format!("{}\r\n", text::CSV_HEAD);
    for transaction in found.iter().filter(|one| search.finds(&app, one)) {
        csv.push_str(&csv_row(&app, transaction));
    }
    Ok(HttpResponse::Ok()
        .content_type("text/csv; charset=utf-8")
        .insert_header((
            header::CONTENT_DISPOSITION,
            "attachment; filename=\"transactions.csv\"",
        ))
        .body(csv))
}

fn csv_row(app: &App, transaction: &Transaction) -> String {
    let plain = |minor| app.money(minor).plain();
    let moved = transaction.moved();
    let sign = if moved < 0 { "-" } else { "" };
    let state = text::state(transaction, plain);
    let cells = [
        iso(transaction.at),
        text::kind(transaction.kind).to_owned(),
        csv_text(&state),
        csv_text(&transaction.text),
        csv_text(app.settings.mall_name(&transaction.acceptor)),
        csv_text(&transaction.reference),
        plain(transaction.amount),
        plain(transaction.refunded),
        format!("{sign}{}", plain(moved.unsigned_abs())),
        app.money(0).currency_letters(),
    ];
    format!("{}\r\n", cells.join(","))
}

/// A text that others wrote. In quotes; and what a spreadsheet would take for a formula gets an apostrophe in front.
fn csv_text(text: &str) -> String {
    let formula =
        text.trim_start().starts_with(['=', '+', '-', '@']) || text.starts_with(['\t', '\r', '\n']);
    let guard = if formula { "'" } else { "" };
    format!("\"{guard}{}\"", text.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_formula_stays_a_text() {
        assert_eq!(csv_text("2 cups, \"big\""), "\"2 cups, \"\"big\"\"\"");
        for formula in ["=1+1", "+1", "-1", "@SUM(A1)", " =1", "\t=1"] {
            assert_eq!(csv_text(formula), format!("\"'{formula}\""));
        }
    }

    #[test]
    fn a_day_is_a_day() {
        assert!(is_day("2026-11-22"));
        for wrong in ["", "2026-11-2", "22.11.2026", "2026/11/22", "x026-11-22"] {
            assert!(!is_day(wrong), "{wrong}");
        }
    }
}
