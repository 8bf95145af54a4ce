//! Section 7: what belongs on the leased lines is refused on the port of malls and acquirers.

use super::words::*;

const RULE: &str = "7, Leased lines";

pub(super) fn cases() -> Vec<Case> {
    vec![
        Case::new(
            "7.01",
            RULE,
            "an administrative message (0600) of a mall or acquirer gets 12",
        )
        .send(
            echo()
                .mti("0600")
                .named("administrative request")
                .without(70)
                .with(24, "140")
                .with(60, "010011"),
            answered("12"),
        )
        .serves(),
        Case::new(
            "7.02",
            RULE,
            "a card issue (0302) of a mall or acquirer gets 12",
        )
        .send(
            echo()
                .mti("0302")
                .named("card issue")
                .without(70)
                .with(91, "1"),
            answered("12"),
        )
        .serves(),
        Case::new(
            "7.03",
            RULE,
            "a load (processing code 28) of a mall or acquirer gets 12 or 58, and no money moves",
        )
        .needs(Need::Acquirer)
        .paying(700)
        .send(purchase(700).with(3, "280000"), one_of(&["12", "58"]))
        .nothing_moved(),
    ]
}
