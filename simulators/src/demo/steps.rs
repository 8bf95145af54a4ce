//! What a visitor of the demo can do, in the order in which it makes sense. The screen and the plain output show the same.

use super::configuration::wallet_origin;
use super::ports::{Ports, address};

/// A development funding source, as `config/host.toml` has it.
pub struct Source {
    /// What is typed.
    pub number: &'static str,
    /// Card or account.
    pub kind: &'static str,
    /// What becomes of a load from it.
    pub does: &'static str,
}

const fn source(number: &'static str, kind: &'static str, does: &'static str) -> Source {
    Source { number, kind, does }
}

/// All of them. The first one always pays.
pub const SOURCES: [Source; 6] = [
    source("9902 0000 0000 0018", "card", "approves every load"),
    source(
        "9902 0000 0000 0026",
        "card",
        "has 50.00 USD, and declines more",
    ),
    source("9902 0000 0000 0034", "card", "declines every load"),
    source(
        "9902 0000 0000 0042",
        "card",
        "answers too late: the load is reversed",
    ),
    source(
        "9902 0000 0000 0059",
        "card",
        "never answers: the load is reversed",
    ),
    source("XT38TESS00000000000001", "account", "approves every load"),
];

/// One thing to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Open, load, buy.
    pub verb: &'static str,
    /// An address, or what is to be typed.
    pub what: String,
    /// What happens there.
    pub words: &'static str,
}

/// All of them: no line longer than a small terminal is wide.
pub fn steps(ports: &Ports) -> Vec<Step> {
    let step = |verb, what: String, words| Step { verb, what, words };
    let at = page_of;
    vec![
        step(
            "start",
            at(ports.start),
            "everything on one page, with test cards",
        ),
        step(
            "open",
            wallet_origin(ports),
            "your wallet: open one, get its card",
        ),
        step(
            "load",
            SOURCES[0].number.to_owned(),
            "a card; the account XT38TESS00000000000001 too",
        ),
        step(
            "buy",
            at(ports.affiliated),
            "with the wallet: no card number is shown",
        ),
        step(
            "buy",
            at(ports.unaffiliated),
            "any other shop: type a number of your card",
        ),
        step(
            "read",
            at(ports.mail),
            "the mail that it sends, to whatever address",
        ),
    ]
}

/// Sources that do not always pay.
pub const OTHERS: &str = "...0026 has 50.00, ...0034 declines, ...0042 is slow, ...0059 is silent";

/// A port of this machine as browsers name it.
pub fn page_of(port: u16) -> String {
    format!("http://{}", address(port))
}

impl Step {
    /// As a line.
    pub fn line(&self) -> String {
        format!("{:5} {:22} {}", self.verb, self.what, self.words)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::ports::USUAL;

    #[test]
    fn every_line_fits_into_a_small_terminal() {
        for step in steps(&USUAL) {
            assert!(step.line().chars().count() <= 76, "{}", step.line());
        }
        assert!(OTHERS.len() <= 78);
    }

    #[test]
    fn the_sources_are_those_of_the_financial_system() {
        let host = include_str!("../../../config/host.toml");
        let does = |number: &str| {
            let line = host.lines().find(|line| line.contains(number));
            line.unwrap_or_default().to_owned()
        };
        let words = [
            "approves",
            "has 50.00",
            "declines",
            "late",
            "never",
            "approves",
        ];
        for (source, words) in SOURCES.iter().zip(words) {
            assert!(does(source.number).contains(words), "{}", source.number);
            assert!(source.does.contains(words), "{}", source.number);
            assert!(does(source.number).contains(source.kind));
            let last = source.number.split(' ').next_back().unwrap_or_default();
            // The line of the others names them by their end.
            let is_other = source.kind == "card" && source.number != SOURCES[0].number;
            assert_eq!(OTHERS.contains(&format!("...{last}")), is_other, "{last}");
        }
    }
}
