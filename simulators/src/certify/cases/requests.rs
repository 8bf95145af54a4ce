//! Section 5, rows of its table: purchase, authorization, inquiry.

use super::words::*;

const PURCHASE: &str = "5, 0200/00 purchase";
const AUTHORIZATION: &str = "5, 0100/00 authorization";
const INQUIRY: &str = "5, 0100/31 inquiry";
const VERIFICATION: &str = "5, 0100 account verification";
const PARTS: &str = "5, approvals in part";

pub(super) fn cases() -> Vec<Case> {
    [purchases(), authorizations(), inquiries(), parts()].concat()
}

/// 0200.
fn purchases() -> Vec<Case> {
    vec![
        Case::new("5.01", PURCHASE, "an approved purchase is debited")
            .paying(1_999)
            .send(purchase(1_999), approved())
            .balance(-1_999, -1_999),
        Case::new(
            "5.02",
            PURCHASE,
            "a purchase that the financial system declines is released",
        )
        .needs(Need::Sandbox)
        .paying(6_605)
        .send(purchase(6_605), answered("05").with_reason())
        .nothing_moved(),
        Case::new(
            "5.03",
            PURCHASE,
            "a purchase above the available balance gets 51, and no money moves",
        )
        .needs(Need::Acquirer)
        .needs(Need::Payer)
        .send(
            purchase(999_999_999_999),
            one_of(&["51", "61"]).with_reason(),
        )
        .nothing_moved(),
        Case::new("5.04", PURCHASE, "a purchase of one minor unit is approved")
            .paying(1)
            .send(purchase(1), approved())
            .balance(-1, -1),
    ]
}

/// 0100.
fn authorizations() -> Vec<Case> {
    vec![
        Case::new(
            "5.10",
            AUTHORIZATION,
            "an approved authorization holds the money and debits nothing",
        )
        .paying(3_000)
        .send(authorization(3_000), approved())
        .balance(0, -3_000)
        .send(reversal(1), approved())
        .nothing_moved(),
        Case::new(
            "5.11",
            AUTHORIZATION,
            "an authorization that the financial system declines holds nothing",
        )
        .needs(Need::Sandbox)
        .paying(6_605)
        .send(authorization(6_605), answered("05"))
        .nothing_moved(),
        Case::new(
            "5.12",
            AUTHORIZATION,
            "a reversal of an authorization releases the held amount",
        )
        .paying(3_000)
        .send(authorization(3_000), approved())
        .send(reversal_request(1), approved())
        .nothing_moved(),
        Case::new(
            "5.13",
            AUTHORIZATION,
            "a partial reversal of an authorization releases the rest",
        )
        .paying(3_000)
        .send(authorization(3_000), approved())
        .send(reversal(1).with(95, shrunk_to(1_200)), approved())
        .balance(0, -1_200)
        .send(completion(1, 1_200), approved())
        .balance(-1_200, -1_200),
    ]
}

/// Balance inquiries and account verifications.
fn inquiries() -> Vec<Case> {
    vec![
        Case::new(
            "5.20",
            INQUIRY,
            "the answer to an inquiry has ledger and available balance in field 54, and no money moves",
        )
        .needs(Need::Acquirer)
        .needs(Need::Payer)
        .needs(Need::Sending("0100", "31"))
        .send(inquiry(), approved())
        .nothing_moved(),
        Case::new("5.21", INQUIRY, "an inquiry with an amount other than 0 gets 13")
            .needs(Need::Acquirer)
            .needs(Need::Payer)
            .needs(Need::Sending("0100", "31"))
            .send(inquiry().amount(1), answered("13")),
        Case::new(
            "5.22",
            INQUIRY,
            "held money is part of the ledger balance and not of the available balance",
        )
        .needs(Need::Acquirer)
        .needs(Need::Payer)
        .needs(Need::Sending("0100", "31"))
        .send(authorization(500), approved())
        .send(inquiry(), approved())
        .balance(0, -500)
        .send(reversal(1), approved()),
        Case::new(
            "5.23",
            VERIFICATION,
            "an account verification (amount 0) of a valid card gets 00 and holds nothing",
        )
        .needs(Need::Acquirer)
        .needs(Need::Payer)
        .send(authorization(0).named("account verification"), approved())
        .nothing_moved(),
        Case::new(
            "5.24",
            VERIFICATION,
            "an account verification with processing code 38 gets 00, or 54 as a purchase would",
        )
        .needs(Need::Acquirer)
        .needs(Need::Payer)
        .needs(Need::Sending("0100", "38"))
        .send(verification(), approved())
        .send(
            verification().with(14, "2001"),
            answered("54").with_reason(),
        )
        .send(verification().amount(1), answered("13").with_reason())
        .nothing_moved(),
    ]
}

/// Approvals of a part of the amount.
fn parts() -> Vec<Case> {
    vec![
        Case::new("5.25", PARTS, "a terminal that accepts a partial approval gets 10 with what is available, and 54 states the requested amount")
            .needs(Need::Granted(Grant::PartialApproval))
            .needs(Need::Acquirer)
            .needs(Need::Payer)
            .send(
                purchase(99_999_999).with(48, Value::Order(1, vec![(4, "1")])),
                answered("10")
                    .with(4, Expected::WhatWasAvailable)
                    .with(54, Expected::Exactly("0057840D000099999999".into())),
            )
            .send(reversal(1), approved())
            .nothing_moved(),
        Case::new("5.26", PARTS, "a terminal that does not accept a partial approval is declined")
            .needs(Need::Granted(Grant::PartialApproval))
            .needs(Need::Acquirer)
            .needs(Need::Payer)
            .send(purchase(99_999_999), one_of(&["51", "61"]))
            .nothing_moved(),
        Case::new("5.27", PARTS, "a party whose profile has no partial approvals is declined, whatever its terminal accepts")
            .needs(Need::NotGranted(Grant::PartialApproval))
            .needs(Need::Acquirer)
            .needs(Need::Payer)
            .send(
                purchase(99_999_999).with(48, Value::Order(1, vec![(4, "1")])),
                one_of(&["51", "61"]),
            )
            .nothing_moved(),
    ]
}
