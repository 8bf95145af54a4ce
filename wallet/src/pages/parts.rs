//! Markup that several pages share: the drawn card, a list of transactions, a time, the funding sources.

use maud::{Markup, html};
use tessera_common::text::{merchant, visible};
use tessera_protocol::leased::SourceKind;

use crate::history::{Kind, Outcome, Transaction};
use crate::switch::{Overview, ShownCard};
use crate::web::App;
use crate::words::transactions as words;
use tessera_texts::Locale;
use tessera_texts::locale::{DAY_MS, iso, today};
use tessera_texts::{Text, card as card_text, money, transactions as text};

/// The name on every card: what a payer types where a shop asks for it.
pub const CARD_NAME: &str = "TESSERA PAYER";

/// A card as a card looks. `number` is what stands on it, masked or in full.
pub fn card(locale: &Locale, number: &Markup, expiry: &str, frozen: bool) -> Markup {
    html! {
        div.card.frozen[frozen] {
            svg.tiles viewBox="0 0 340 214" preserveAspectRatio="xMaxYMid slice" aria-hidden="true" {
                g fill="#fff" {
                    @for (x, y, opacity) in TILES {
                        rect x=(x) y=(y) width="40" height="40" rx="7" opacity=(opacity) {}
                    }
                    path d="M296 74l29 29-29 29-29-29z" opacity=".3" {}
                }
            }
            p.issuer { "Tessera" }
            svg.chip viewBox="0 0 44 34" aria-hidden="true" {
                rect x="1" y="1" width="42" height="32" rx="6" fill="#e3c98a" {}
                path d="M1 12h13v10H1M43 12H30v10h13M14 1v32M30 1v32" fill="none" stroke="#8a7136" stroke-width="1.4" {}
            }
            p.number { (number) }
            p.name { (CARD_NAME) }
            p.expiry { span { (locale.say(card_text::EXPIRES)) } " " (expiry_shown(expiry)) }
        }
    }
}

/// The tiles on the card: place and opacity.
const TILES: &[(u16, i16, &str)] = &[
    (276, -8, ".10"),
    (322, -8, ".05"),
    (230, 38, ".05"),
    (322, 38, ".10"),
    (230, 84, ".09"),
    (230, 130, ".04"),
    (276, 130, ".10"),
    (322, 130, ".07"),
    (276, 176, ".05"),
    (322, 176, ".12"),
];

/// The card, masked.
pub fn masked_card(locale: &Locale, card: &ShownCard, frozen: bool) -> Markup {
    let number = html! {
        span aria-hidden="true" { "•••• •••• •••• " }
        span.sr { (locale.say(card_text::ending_in(&card.last_four))) }
        span aria-hidden="true" { (card.last_four) }
    };
    self::card(locale, &number, &card.expiry, frozen)
}

/// YYMM as cards say it: `12/31`.
pub fn expiry_shown(expiry: &str) -> String {
    match (expiry.get(..2), expiry.get(2..4)) {
        (Some(year), Some(month)) => format!("{month}/{year}"),
        _ => expiry.to_owned(),
    }
}

/// A moment: written in UTC, rewritten by the script into the reader's zone.
pub fn time(locale: &Locale, at: u64) -> Markup {
    html! { time datetime=(iso(at)) { (locale.say(text::utc(locale.time(at)))) } }
}

/// Where an element stands in a sentence; for scripts too, which put one there.
pub const ELEMENT: &str = "\u{fffc}";

/// A sentence with an element in it, wherever the language puts it.
pub fn around(
    locale: &Locale,
    sentence: impl Fn(&'static str) -> Text,
    element: &Markup,
) -> Markup {
    let said = locale.say(sentence(ELEMENT));
    let (before, after) = said.split_once(ELEMENT).unwrap_or((&said, ""));
    html! { (before) (element) (after) }
}

/// A sentence about a moment.
pub fn at_time(locale: &Locale, sentence: impl Fn(&'static str) -> Text, at: u64) -> Markup {
    around(locale, sentence, &time(locale, at))
}

/// Transactions as a list, by days: in UTC, rewritten by the script into the reader's zone.
pub fn transactions(app: &App, locale: &Locale, list: &[Transaction]) -> Markup {
    let today = today();
    let day_of = |transaction: &Transaction| transaction.at / DAY_MS;
    html! {
        ul.transactions {
            @for day in list.chunk_by(|one, next| day_of(one) == day_of(next)) {
                li.day { (day_name(locale, day[0].at, today)) }
                @for transaction in day { (row(app, locale, transaction)) }
            }
        }
    }
}

fn day_name(locale: &Locale, at: u64, today: u64) -> String {
    match today.checked_sub(at / DAY_MS) {
        Some(0) => locale.say(text::TODAY).into_owned(),
        Some(1) => locale.say(text::YESTERDAY).into_owned(),
        _ => locale.day(at),
    }
}

/// What a transaction is called.
pub fn name(app: &App, transaction: &Transaction) -> Text {
    match transaction.kind {
        Kind::Purchase if !transaction.acceptor.is_empty() => {
            Text::as_written(mall(app, transaction))
        }
        kind @ (Kind::Refund | Kind::Reversal) if !transaction.acceptor.is_empty() => {
            text::name_of_shop(words::kind(kind), mall(app, transaction))
        }
        kind => words::nameless(kind),
    }
}

/// What the mall is called: by its name here, by the name and location that it sent, or by its card acceptor id.
pub fn mall(app: &App, transaction: &Transaction) -> String {
    let name = app.mall_name(&transaction.acceptor);
    if name != transaction.acceptor || transaction.place.is_empty() {
        return name;
    }
    visible(&merchant(&transaction.place))
}

/// What has become of it.
pub fn state(app: &App, locale: &Locale, transaction: &Transaction) -> Text {
    words::state(transaction, |minor| locale.money(app.money(minor)))
}

/// What it has moved; where it has moved nothing yet, or nothing at all, what it is about.
pub fn amount(app: &App, locale: &Locale, transaction: &Transaction) -> String {
    let money_in = matches!(transaction.kind, Kind::Load | Kind::Refund);
    match transaction.outcome {
        Outcome::Failed(_) => locale.money(app.money(transaction.amount)),
        Outcome::Waiting if money_in => {
            locale.signed(transaction.amount.cast_signed(), |minor| app.money(minor))
        }
        _ => locale.signed(transaction.moved, |minor| app.money(minor)),
    }
}

fn row(app: &App, locale: &Locale, transaction: &Transaction) -> Markup {
    let failed = matches!(transaction.outcome, Outcome::Failed(_));
    let name = locale.say(name(app, transaction));
    html! {
        li.transaction {
            div.what {
                p.title {
                    @if transaction.reference.is_empty() { (name) }
                    @else { a href={ "/transactions/" (transaction.reference) } { (name) } }
                }
                p.detail {
                    (time(locale, transaction.at))
                    @if !transaction.text.is_empty() { " · " bdi { (transaction.text) } }
                    @if !transaction.card.is_empty() { " · " (locale.say(text::card(&transaction.card))) }
                }
            }
            div.how {
                p.amount.in[transaction.moved > 0].failed[failed] { (amount(app, locale, transaction)) }
                p.state.failed[failed] { (locale.say(state(app, locale, transaction))) }
            }
        }
    }
}

/// Funding sources as choices of a list.
pub fn source_choices(overview: &Overview) -> Vec<(String, Text)> {
    let rows = overview.sources.iter();
    rows.map(|row| {
        (
            row.number.to_string(),
            money::source(source_kind(row.kind), &row.shown),
        )
    })
    .collect()
}

/// What a payer knows a source by; `None` where there is none of this number.
pub fn source_name(overview: &Overview, number: u32) -> Option<Text> {
    let row = overview.sources.iter().find(|row| row.number == number)?;
    Some(money::source(source_kind(row.kind), &row.shown))
}

/// What a source is.
pub fn source_kind(kind: SourceKind) -> Text {
    match kind {
        SourceKind::Card => money::CARD,
        SourceKind::Account => money::ACCOUNT,
    }
}
