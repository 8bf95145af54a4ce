//! Section 2: packing.

use super::words::*;

const RULE: &str = "2, Packing";

pub(super) fn cases() -> Vec<Case> {
    vec![
        Case::new(
            "2.01",
            RULE,
            "a message without a field above 64 has a primary bitmap only",
        )
        .paying(700)
        .send(purchase(700), approved())
        .balance(-700, -700),
        Case::new(
            "2.02",
            RULE,
            "a message with a field above 64 has a secondary bitmap, and its MAC is field 128",
        )
        .paying(700)
        .send(purchase(700), approved())
        .send(reversal(1), approved())
        .nothing_moved(),
        Case::new(
            "2.03",
            RULE,
            "an odd number of digits has a 0 nibble in front (field 22)",
        )
        .paying(700)
        .send(purchase(700).with(22, "012"), approved())
        .balance(-700, -700),
        Case::new(
            "2.04",
            RULE,
            "text is padded on the right with spaces, and echoed so (fields 37, 41)",
        )
        .paying(700)
        .send(purchase(700).with(37, "CERT"), approved())
        .balance(-700, -700),
        Case::new("2.05", RULE, "unknown text values of field 48 are ignored")
            .paying(700)
            .send(
                purchase(700).with(48, Value::Order(1, vec![(2, "2 x tea"), (77, "x")])),
                approved(),
            )
            .balance(-700, -700),
        Case::new(
            "2.06",
            RULE,
            "fields without a meaning to the switch are ignored (43, 55, 60, 104)",
        )
        .paying(700)
        .send(
            purchase(700)
                .with(43, "Corner shop, Main street, Springfield   ")
                .with(55, "9F2608C2C12B098F3DA6E3")
                .with(60, "anything")
                .with(104, "a description"),
            approved(),
        )
        .balance(-700, -700),
        Case::new("2.07", RULE, "a message with field 65 gets 30 or no answer")
            .send(
                echo().with(65, "00"),
                Expect::AnswerOrNothing(format_error("")),
            )
            .serves(),
    ]
}
