//! The tables of `docs/test-cards.md`.

use std::fmt::Write as _;

use tessera_protocol::sandbox::OUTCOMES;
use tessera_protocol::{Currency, plain_amount};

/// The table of this name.
pub fn make(name: &str) -> String {
    match name {
        "outcomes" => outcomes(),
        "cards" => cards(),
        other => panic!("no table {other}"),
    }
}

fn outcomes() -> String {
    let mut table =
        "| number | answer | what happens | what you do |\n| --- | --- | --- | --- |\n".to_owned();
    for case in OUTCOMES {
        let (number, answer) = (case.number, case.answer);
        let _ = writeln!(
            table,
            "| {number} | {answer} | {} | {} |",
            case.what, case.remedy
        );
    }
    table
}

fn cards() -> String {
    let mut table =
        "| number | amount, as in | order, as in | test card |\n| --- | ---: | --- | --- |\n"
            .to_owned();
    for case in OUTCOMES {
        let amount = match case.has_amount() {
            true => plain_amount(case.number, Currency::USD),
            false => String::new(),
        };
        let card = match case.has_card() {
            true => {
                let digits = case.card().expose().to_string();
                format!(
                    "`{} {} {} {}`",
                    &digits[..4],
                    &digits[4..8],
                    &digits[8..12],
                    &digits[12..]
                )
            }
            false => "(orders only)".to_owned(),
        };
        let number = case.number;
        let _ = writeln!(
            table,
            "| {number} | {amount} | `ORDER-7-{number}` | {card} |"
        );
    }
    table
}
