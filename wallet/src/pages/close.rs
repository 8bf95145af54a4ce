//! The form that closes a wallet and pays its money out.

use maud::{Markup, html};

use super::parts::source_choices;
use crate::switch::Overview;
use crate::web::fields::{password, select, tick};
use crate::web::forms::form;
use crate::web::say::Say;
use tessera_texts::{Locale, money as text};

/// The form, at the end of the money page.
pub fn section(locale: &Locale, overview: &Overview, token: &str, say: &Say) -> Markup {
    let mut sources = source_choices(overview);
    if overview.ledger == 0 {
        sources.insert(0, (String::new(), text::CLOSE_NOTHING));
    }
    let fields = html! {
        (select(locale, "close", "source", text::CLOSE_TO, &sources, "", say))
        (tick(locale, "close", "sure", text::CLOSE_SURE, false, say))
        (password(locale, "close", overview.asks_always(), say))
        button.danger type="submit" { (locale.say(text::CLOSE_IT)) }
    };
    html! {
        section {
            h2 { (locale.say(text::CLOSE)) }
            details.fold open[say.is_about("close")] {
                summary { (locale.say(text::CLOSE)) }
                p { (locale.say(text::CLOSE_LEAD)) }
                (form("close", "/money/close", token, &fields))
            }
        }
    }
}
