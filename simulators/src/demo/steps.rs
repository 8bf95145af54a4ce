//! What a visitor of the demo can do, in the order in which it makes sense. The screen and the plain output show the same.

use super::configuration::wallet_origin;
use super::ports::{Ports, address};

/// The development funding source that always pays, as `config/host.toml` has it.
const CARD: &str = "9902 0000 0000 0018";

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
    let at = |port| format!("http://{}", address(port));
    vec![
        step(
            "open",
            wallet_origin(ports),
            "your wallet: open one, get its card",
        ),
        step(
            "load",
            CARD.to_owned(),
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
        assert!(does(CARD).ends_with("approves"));
        assert!(does("XT38TESS00000000000001").ends_with("approves"));
        assert!(does("9902 0000 0000 0026").contains("has 50.00"));
        assert!(does("9902 0000 0000 0034").contains("declines"));
        assert!(does("9902 0000 0000 0042").contains("late"));
        assert!(does("9902 0000 0000 0059").contains("never"));
    }
}
