//! The form that closes a wallet and pays its money out.

use maud::{Markup, html};

use super::parts::source_choices;
use crate::switch::Overview;
use crate::texts::money as text;
use crate::web::fields::{password, select, tick};
use crate::web::forms::form;
use crate::web::say::Say;

/// The form, at the end of the money page.
pub fn section(overview: &Overview, token: &str, say: &Say) -> Markup {
    let mut sources = source_choices(overview);
    if overview.ledger == 0 {
        sources.insert(0, (String::new(), text::CLOSE_NOTHING.to_owned()));
    }
    let fields = html! {
        (select("close", "source", text::CLOSE_TO, &sources, "", say))
        (tick("close", "sure", text::CLOSE_SURE, false, say))
        (password("close", overview.asks_always(), say))
        button.danger type="submit" { (text::CLOSE_IT) }
    };
    html! {
        section {
            h2 { (text::CLOSE) }
            details.fold open[say.is_about("close")] {
                summary { (text::CLOSE) }
                p { (text::CLOSE_LEAD) }
                (form("close", "/money/close", token, &fields))
            }
        }
    }
}
