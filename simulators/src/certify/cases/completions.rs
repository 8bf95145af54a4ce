//! Section 5: completion advices, and advices of what was decided elsewhere.

use super::words::*;

const RULE: &str = "5, 0220 completion advice";
const ELSEWHERE: &str = "5, decided elsewhere";

pub(super) fn cases() -> Vec<Case> {
    [of_authorizations(), after_completion(), decided_elsewhere()].concat()
}

/// Completions of authorizations.
fn of_authorizations() -> Vec<Case> {
    vec![
        Case::new("5.30", RULE, "a completion debits the held amount")
            .paying(3_000)
            .send(authorization(3_000), approved())
            .send(completion(1, 3_000), approved())
            .balance(-3_000, -3_000),
        Case::new("5.31", RULE, "a completion of less releases the rest")
            .needs(Need::NotGranted(Grant::SeveralCompletions))
            .paying(3_000)
            .send(authorization(3_000), approved())
            .send(completion(1, 2_500), approved())
            .balance(-2_500, -2_500),
        Case::new(
            "5.32",
            RULE,
            "a completion above the held amount debits the held amount",
        )
        .paying(3_000)
        .send(authorization(3_000), approved())
        .send(completion(1, 9_999), approved())
        .balance(-3_000, -3_000),
        Case::new(
            "5.33",
            RULE,
            "a second completion of an authorization gets 00 and debits nothing",
        )
        .needs(Need::NotGranted(Grant::SeveralCompletions))
        .paying(3_000)
        .send(authorization(3_000), approved())
        .send(completion(1, 1_000), approved())
        .send(completion(1, 500), approved())
        .balance(-1_000, -1_000),
        Case::new(
            "5.34",
            RULE,
            "each of several completions debits, and the rest stays held, where the profile allows several",
        )
        .needs(Need::Granted(Grant::SeveralCompletions))
        .paying(3_000)
        .send(authorization(3_000), approved())
        .send(completion(1, 1_000), approved())
        .balance(-1_000, -3_000)
        .send(completion(1, 1_500), approved())
        .balance(-2_500, -3_000)
        .send(completion(1, 900), approved())
        .balance(-3_000, -3_000),
    ]
}

/// What follows a completion, and completions without effect.
fn after_completion() -> Vec<Case> {
    vec![
        Case::new("5.35", RULE, "a repeat of a completion debits nothing more")
            .paying(3_000)
            .send(authorization(3_000), approved())
            .send(completion(1, 2_000), approved())
            .send(repeat("0221", 2), approved())
            .send(again("0220", 2), approved())
            .send(reversal(1).named("reversal of what is left"), approved())
            .balance(-2_000, -2_000),
        Case::new(
            "5.36",
            RULE,
            "a completion of a reversed authorization gets 00 and debits nothing",
        )
        .paying(3_000)
        .send(authorization(3_000), approved())
        .send(reversal(1), approved())
        .send(completion(1, 3_000), approved())
        .nothing_moved(),
        Case::new(
            "5.37",
            RULE,
            "a reversal that names a completion reverses the completion",
        )
        .paying(3_000)
        .send(authorization(3_000), approved())
        .send(completion(1, 3_000), approved())
        .send(reversal(2), approved())
        .nothing_moved(),
        Case::new(
            "5.38",
            RULE,
            "a refund that names a completion refunds the completion",
        )
        .paying(3_000)
        .send(authorization(3_000), approved())
        .send(completion(1, 3_000), approved())
        .send(refund(2, 1_000), approved())
        .balance(-2_000, -2_000),
        Case::new(
            "5.39",
            RULE,
            "a completion of a declined authorization gets 00 and debits nothing",
        )
        .needs(Need::Sandbox)
        .paying(6_605)
        .send(authorization(6_605), answered("05"))
        .send(completion(1, 6_605), approved())
        .nothing_moved(),
        Case::new(
            "5.40",
            RULE,
            "a completion names its authorization by field 37 where field 90 has no trace number",
        )
        .paying(3_000)
        .send(authorization(3_000), approved())
        .send(completion(1, 3_000).by_reference(1), approved())
        .balance(-3_000, -3_000),
        Case::new(
            "5.41",
            RULE,
            "a completion of an unknown authorization gets 00 with tag 09 and debits nothing",
        )
        .needs(Need::NotGranted(Grant::StandInAdvices))
        .paying(3_000)
        .send(authorization(3_000), approved())
        .send(
            completion(1, 3_000).with(90, "010099999900000000000000000000000000000000"),
            approved().not_found(),
        )
        .balance(0, -3_000)
        .send(reversal(1), approved())
        .nothing_moved(),
    ]
}

/// Advices of what the acquirer has decided itself.
fn decided_elsewhere() -> Vec<Case> {
    vec![
        Case::new(
            "5.45",
            ELSEWHERE,
            "an 0220 without an original posts a purchase that the acquirer has approved itself, and gets 00",
        )
        .needs(Need::Granted(Grant::StandInAdvices))
        .needs(Need::Payer)
        .needs(Need::Acquirer)
        .send(
            purchase(700).mti("0220").named("advice of a purchase"),
            approved(),
        )
        .send(repeat("0221", 1), approved())
        .balance(-700, -700),
        Case::new(
            "5.46",
            ELSEWHERE,
            "an 0120 holds an authorization that the acquirer has approved itself, and gets 00",
        )
        .needs(Need::Granted(Grant::StandInAdvices))
        .needs(Need::Payer)
        .needs(Need::Acquirer)
        .send(
            authorization(700)
                .mti("0120")
                .named("advice of an authorization"),
            approved(),
        )
        .balance(0, -700)
        .send(completion(1, 700), approved())
        .balance(-700, -700),
        Case::new(
            "5.47",
            ELSEWHERE,
            "the advice of a request that the switch has approved already posts nothing more",
        )
        .needs(Need::Granted(Grant::StandInAdvices))
        .needs(Need::Payer)
        .needs(Need::Acquirer)
        .send(purchase(700), approved())
        .send(
            again("0220", 1).named("advice of the same purchase"),
            approved(),
        )
        .balance(-700, -700),
        Case::new(
            "5.48",
            ELSEWHERE,
            "an advice of a party that may not approve itself gets 58",
        )
        .needs(Need::NotGranted(Grant::StandInAdvices))
        .needs(Need::Payer)
        .send(
            purchase(700).mti("0220").named("advice of a purchase"),
            answered("58"),
        )
        .send(
            authorization(700)
                .mti("0120")
                .named("advice of an authorization"),
            answered("58"),
        )
        .nothing_moved(),
    ]
}
