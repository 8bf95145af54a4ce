//! The form for a load, which the money page and the pay window have: what is in its fields, and what is wrong with them.

use maud::{Markup, html};

use super::parts::source_choices;
use crate::line::Failure;
use crate::session::Session;
use crate::switch::Overview;
use crate::web::fields::{amount, select};
use crate::web::say::{Say, about};
use crate::web::{App, Posted, Trouble};
use tessera_texts::{Locale, Money, Text, forms, money as text};

/// What a payer wants to load.
pub struct Wanted {
    /// The number of the source.
    pub source: u32,
    /// How much.
    pub money: Money,
}

/// Whole units of the currency; of one without decimals a unit is worth little.
fn quick_amounts(app: &App) -> [u64; 3] {
    match app.currency().decimals() {
        0 => [2_000, 5_000, 10_000],
        _ => [20, 50, 100],
    }
}

/// The form of the money page.
pub fn load_form(app: &App, locale: &Locale, overview: &Overview, say: &Say) -> Markup {
    html! {
        form id="load" method="get" action="/money/load" {
            input type="hidden" name="name" value=(say.name("load"));
            (select(locale, "load", "source", text::FROM, &source_choices(overview), "", say))
            (amount(locale, "load", "amount", app.in_currency(text::AMOUNT), "", false, say))
            // The script shows them; without it there is nothing to press.
            p.quick hidden aria-label=(locale.say(text::QUICK)) {
                @for whole in quick_amounts(app) {
                    button.quiet type="button" data-fill="load-amount" data-amount=(whole) { (locale.whole(whole)) }
                }
            }
            button type="submit" { (locale.say(text::GO_ON)) }
        }
    }
}

/// What the fields of the form say.
///
/// # Errors
/// What the form should say about them.
pub fn read(app: &App, locale: &Locale, asked: &Posted) -> Result<Wanted, Say> {
    let wrong = |field, words| Err(Say::wrong("load", field, words).of(asked));
    let Some(source) = asked.number("source") else {
        return wrong("source", forms::CHOOSE);
    };
    let typed = asked.text("amount");
    match Money::from_typed(typed, app.currency(), locale.group()) {
        Some(money) if money.minor > 0 => Ok(Wanted { source, money }),
        Some(_) => wrong("amount", text::LOAD_NOTHING),
        None => wrong("amount", forms::AMOUNT),
    }
}

/// What the form should say about a load that came to nothing.
///
/// # Errors
/// Where the session has ended.
pub async fn say_of(app: &App, session: &Session, failure: &Failure) -> Result<Say, Trouble> {
    match refusal(failure) {
        Some((field, words)) => Ok(Say::failed("load", failure, words).at(field)),
        None => about(app, session, "load", failure).await,
    }
}

/// The field to change where the financial system said no, and what can be done.
fn refusal(failure: &Failure) -> Option<(&'static str, Text)> {
    let Failure::Refused(refusal) = failure else {
        return None;
    };
    Some(match refusal.code.as_str() {
        "05" => ("source", text::LOAD_DECLINED),
        "13" => ("amount", text::LOAD_NOTHING),
        "14" => ("source", text::LOAD_NO_CARD),
        "25" => ("source", forms::CHOOSE),
        "51" => ("amount", text::LOAD_SOURCE_SHORT),
        "54" => ("source", text::LOAD_SOURCE_EXPIRED),
        "61" => ("amount", text::LOAD_TOO_MUCH),
        _ => return None,
    })
}
