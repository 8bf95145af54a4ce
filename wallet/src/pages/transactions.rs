//! The page of all transactions, with a search, and the same as CSV.

use std::time::Duration;

use actix_web::http::header;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use maud::{Markup, html};
use tessera_common::csv::cell;
use tokio::sync::mpsc;

use super::parts;
use crate::history::{Assembly, Kind, Outcome, Transaction};
use crate::session::Session;
use crate::web::fields::{Field, select, summary};
use crate::web::layout::{self, Head};
use crate::web::pieces::Pieces;
use crate::web::say::Say;
use crate::web::walks::Alone;
use crate::web::{App, Member, Trouble, query};
use crate::words::transactions as words;
use tessera_texts::Money;
use tessera_texts::locale::iso;
use tessera_texts::{Language, Locale, transactions as text};

const PAGE: usize = 25;
/// A walk through so many events is a short one, and no other has to wait for it. No more are looked at for the newest transactions:
/// who changes settings all day has fewer to see.
const SHORT_WALK_MAX: usize = 320;
/// Nobody turns so many.
const PAGES_MAX: usize = 1_000_000;
/// A piece of a file on its way.
const PIECE_BYTES: usize = 16 * 1024;
/// Pieces that a slow browser may leave unread; the walk waits for it, but not for longer than this.
const UNREAD_MAX: usize = 4;
const READ_WITHIN: Duration = Duration::from_secs(30);

/// The newest transactions.
pub async fn last(app: &App, member: &Member, count: usize) -> Result<Vec<Transaction>, Trouble> {
    let mut walk = Walk::new(app, &member.session);
    let mut transactions = Vec::new();
    while transactions.len() < count && walk.events < SHORT_WALK_MAX {
        match walk.step(app).await? {
            Some(some) => transactions.extend(some),
            None => break,
        }
    }
    transactions.truncate(count);
    Ok(transactions)
}

/// A walk through a wallet's history, from its newest event towards its oldest.
struct Walk {
    session: Session,
    assembly: Assembly,
    from: Option<u64>,
    events: usize,
    whole: bool,
    /// For a long one: no other reads the same wallet's history.
    alone: Option<Alone>,
}

impl Walk {
    fn new(app: &App, session: &Session) -> Self {
        Self {
            session: session.clone(),
            assembly: Assembly::new(app.settings.line.institution),
            from: None,
            events: 0,
            whole: false,
            alone: None,
        }
    }

    /// The next transactions, newest first; `None` at the end.
    async fn step(&mut self, app: &App) -> Result<Option<Vec<Transaction>>, Trouble> {
        if self.whole {
            return Ok(None);
        }
        let piece = app.switch.history(&self.session, self.from).await?;
        if let Some(available) = piece.available.filter(|_| self.events == 0) {
            self.assembly.begin_with(available);
        }
        self.events += piece.rows.len();
        self.from = piece.older;
        self.whole = self.from.is_none() || piece.rows.is_empty();
        for row in piece.rows {
            self.assembly.add(row);
        }
        let found = std::iter::from_fn(|| self.assembly.next(self.whole));
        Ok(Some(found.collect()))
    }

    /// As [`Walk::step`]; with more than so many events it is a long walk. The first step has shown that the session is good, so
    /// that nobody else keeps a payer from their history.
    async fn step_on(
        &mut self,
        app: &App,
        short: usize,
    ) -> Result<Option<Vec<Transaction>>, Trouble> {
        let found = self.step(app).await?;
        if self.alone.is_none() && !self.whole && self.events >= short {
            let alone = app.walks.begin(self.session.wallet());
            self.alone = Some(alone.ok_or(Trouble::Busy)?);
        }
        Ok(found)
    }
}

/// The transaction with this reference, however long ago it was; `None` where the wallet has none.
pub async fn find(
    app: &App,
    member: &Member,
    reference: &str,
) -> Result<Option<Transaction>, Trouble> {
    if reference.is_empty() {
        return Ok(None);
    }
    let mut walk = Walk::new(app, &member.session);
    while let Some(some) = walk.step_on(app, SHORT_WALK_MAX).await? {
        let found = some.into_iter().find(|it| it.reference == reference);
        if found.is_some() {
            return Ok(found);
        }
    }
    Ok(None)
}

/// What is looked for.
struct Search {
    /// In which the names of transactions are searched.
    locale: Locale,
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
    fn of(app: &App, locale: &Locale, text: &str) -> (Self, Say) {
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
            locale: Locale::new(locale.language()),
            amount: Money::from_typed(&words, app.currency(), locale.group())
                .map(|money| money.minor),
            words: words.to_lowercase(),
            status: take("status"),
            from,
            until,
            page: take("page").parse().unwrap_or(1).clamp(1, PAGES_MAX),
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

    /// Whether a transaction is older than all that are looked for.
    fn is_past(&self, transaction: &Transaction) -> bool {
        let day = &iso(transaction.at)[..10];
        self.from.as_deref().is_some_and(|from| day < from)
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
        let amounts = [transaction.amount, transaction.standing];
        if self.amount.is_some_and(|amount| amounts.contains(&amount)) {
            return true;
        }
        let texts = [
            transaction.text.as_str(),
            &self.locale.say(parts::name(app, transaction)),
            &transaction.acceptor,
            &transaction.reference,
            &transaction.retrieval,
            &transaction.place,
            &transaction.card,
        ];
        let all = texts.join(" ").to_lowercase();
        self.words.split_whitespace().all(|word| all.contains(word))
    }

    fn finds_status(&self, transaction: &Transaction) -> bool {
        let purchase = transaction.kind == Kind::Purchase;
        let back = matches!(transaction.kind, Kind::Refund | Kind::Reversal);
        match self.status.as_str() {
            "paid" => purchase && transaction.outcome == Outcome::Done && !transaction.is_undone(),
            "waiting" => transaction.outcome == Outcome::Waiting,
            "declined" => matches!(transaction.outcome, Outcome::Failed(_)),
            "refunded" => back,
            "money" => matches!(transaction.kind, Kind::Load | Kind::Payout | Kind::Start),
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
    let (search, say) = Search::of(&app, member.locale(), request.query_string());
    let mut found = Finding::new(&app, &member.session, search, SHORT_WALK_MAX);
    let (mut skip, mut shown) = ((found.search.page - 1) * PAGE, Vec::new());
    while shown.len() <= PAGE
        && let Some(some) = found.step(&app).await?
    {
        let passed = skip.min(some.len());
        skip -= passed;
        shown.extend(some.into_iter().skip(passed));
    }
    let more = shown.len() > PAGE;
    shown.truncate(PAGE);
    let search = found.search;
    let locale = member.locale();
    let body = html! {
        h1 { (locale.say(text::TITLE)) }
        (summary(locale, &say))
        details.fold open[!search.is_everything() || say.is_about("search")] {
            summary { (locale.say(text::SEARCH_TITLE)) }
            (search_form(locale, &search, &say))
        }
        @if shown.is_empty() && search.is_everything() && search.page == 1 {
            div.empty { p { (locale.say(text::EMPTY)) } p { a.button href="/money" { (locale.say(text::EMPTY_NEXT)) } } }
        } @else if shown.is_empty() { div.empty { p { (locale.say(text::NOTHING)) } } }
        @else { (parts::transactions(&app, member.locale(), &shown)) }
        nav.paging aria-label=(locale.say(text::TITLE)) {
            @if search.page > 1 { a id="newer" rel="prev" href=(search.address("/transactions", search.page - 1)) { (locale.say(text::NEWER)) } }
            @if more { a id="older" rel="next" href=(search.address("/transactions", search.page + 1)) { (locale.say(text::OLDER)) } }
            a id="csv" href=(search.address("/transactions.csv", 1)) download="transactions.csv" { (locale.say(text::CSV)) }
        }
    };
    let page = layout::member(
        locale,
        text::TITLE,
        "/transactions",
        &member.token(),
        Head::default(),
        &body,
    );
    Ok(say.page(&page))
}

fn search_form(locale: &Locale, search: &Search, say: &Say) -> Markup {
    let choices: Vec<_> = words::CHOICES
        .iter()
        .map(|(value, words)| ((*value).to_owned(), words.clone()))
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
                hint: Some(text::SEARCH_HINT),
                kind: "search",
                value: &search.words,
                optional: true,
                longest: 60,
                ..Field::default()
            }.show(locale, say))
            (select(locale, "search", "status", text::STATUS, &choices, &search.status, say))
            (day("from", text::FROM, &search.raw_from).show(locale, say))
            (day("until", text::UNTIL, &search.raw_until).show(locale, say))
            div.actions {
                button type="submit" { (locale.say(text::FIND)) }
                @if !search.is_everything() { a href="/transactions" { (locale.say(text::CLEAR)) } }
            }
        }
    }
}

/// A walk, and what is looked for on it.
struct Finding {
    walk: Walk,
    search: Search,
    /// How many events make a long walk of it.
    short: usize,
}

impl Finding {
    fn new(app: &App, session: &Session, search: Search, short: usize) -> Self {
        Self {
            walk: Walk::new(app, session),
            search,
            short,
        }
    }

    /// The next that were found, newest first; `None` where there are no more.
    async fn step(&mut self, app: &App) -> Result<Option<Vec<Transaction>>, Trouble> {
        let Some(mut some) = self.walk.step_on(app, self.short).await? else {
            return Ok(None);
        };
        // Nothing that is still to come is newer.
        self.walk.whole |= some
            .last()
            .is_some_and(|oldest| self.search.is_past(oldest));
        some.retain(|transaction| self.search.finds(app, transaction));
        Ok(Some(some))
    }
}

/// `/transactions.csv`: all that were found. It is sent while it is read, however long it is; where reading fails, what was sent is
/// broken off, so that nobody takes it for all.
pub async fn csv(
    app: Data<App>,
    member: Member,
    request: HttpRequest,
) -> Result<HttpResponse, Trouble> {
    let (search, _) = Search::of(&app, member.locale(), request.query_string());
    // It is known to be alone before anything is sent.
    let mut found = Finding::new(&app, &member.session, search, 0);
    let mut some = found.step(&app).await?;
    let (sender, receiver) = mpsc::channel(UNREAD_MAX);
    actix_web::rt::spawn(async move {
        // Programs read it, whatever language the payer does.
        let english = Locale::new(Language::English);
        let mut piece = format!("{CSV_HEAD}\r\n");
        while let Some(transactions) = some.take() {
            for transaction in &transactions {
                piece.push_str(&csv_row(&app, &english, transaction));
            }
            if piece.len() >= PIECE_BYTES {
                let send = sender.send(Ok(std::mem::take(&mut piece).into()));
                match tokio::time::timeout(READ_WITHIN, send).await {
                    Ok(Ok(())) => {}
                    Ok(Err(_)) => return,
                    Err(_) => {
                        // Who reads no further keeps nobody from this history.
                        drop(found);
                        let _ = sender.send(Err(Trouble::Busy)).await;
                        return;
                    }
                }
            }
            let next = tokio::select! {
                () = sender.closed() => return,
                next = found.step(&app) => next,
            };
            match next {
                Ok(next) => some = next,
                Err(trouble) => {
                    let _ = sender.send(Err(trouble)).await;
                    return;
                }
            }
        }
        let _ = sender.send(Ok(piece.into())).await;
    });
    Ok(HttpResponse::Ok()
        .content_type("text/csv; charset=utf-8")
        .insert_header((
            header::CONTENT_DISPOSITION,
            "attachment; filename=\"transactions.csv\"",
        ))
        .streaming(Pieces(receiver)))
}

fn csv_row(app: &App, english: &Locale, transaction: &Transaction) -> String {
    let plain = |minor| app.money(minor).plain();
    let signed = |minor: i64| {
        let sign = if minor < 0 { "-" } else { "" };
        format!("{sign}{}", plain(minor.unsigned_abs()))
    };
    let state = english.say(words::state(transaction, plain));
    let cells = [
        iso(transaction.at),
        english.say(words::kind(transaction.kind)).into_owned(),
        csv_text(&state),
        csv_text(&transaction.text),
        csv_text(&parts::mall(app, transaction)),
        csv_text(&transaction.retrieval),
        csv_text(&transaction.reference),
        csv_text(&transaction.original),
        plain(transaction.amount),
        signed(transaction.moved),
        signed(transaction.balance),
        app.money(0).currency_letters(),
    ];
    format!("{}\r\n", cells.join(","))
}

/// The columns of the file.
const CSV_HEAD: &str = "time_utc,type,state,what,mall,mall_reference,reference,belongs_to,amount,balance_change,balance,currency";

/// A text that others wrote, in quotes.
fn csv_text(text: &str) -> String {
    format!("\"{}\"", cell(text).replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_formula_stays_a_text() {
        assert_eq!(csv_text("2 cups, \"big\""), "\"2 cups, \"\"big\"\"\"");
        for formula in ["=1+1", "+1", "-1", "@SUM(A1)", " =1", "＝1"] {
            assert_eq!(csv_text(formula), format!("\"'{formula}\""));
        }
        assert_eq!(csv_text("\t=1\u{1b}[2J"), "\"'\\x09=1\\x1b[2J\"");
    }

    #[test]
    fn a_day_is_a_day() {
        assert!(is_day("2026-11-22"));
        for wrong in ["", "2026-11-2", "22.11.2026", "2026/11/22", "x026-11-22"] {
            assert!(!is_day(wrong), "{wrong}");
        }
    }
}
