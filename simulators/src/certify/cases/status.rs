//! What has become of an order or of a request.

use super::words::*;

const RULE: &str = "5, 0600/310 status inquiry";

pub(super) fn cases() -> Vec<Case> {
    vec![
        Case::new(
            "5.150",
            RULE,
            "a purchase that was approved is reported with its amounts, and no money moves",
        )
        .needs(Need::Sending("0600", "00"))
        .paying(1_999)
        .send(purchase(1_999), approved())
        .send(status(1), reported("approved", Some([1_999, 0, 0, 0])))
        .send(status(1), reported("approved", Some([1_999, 0, 0, 0])))
        .balance(-1_999, -1_999),
        Case::new(
            "5.151",
            RULE,
            "refunds and reversals in part are reported with the purchase, and the refund by itself",
        )
        .needs(Need::Sending("0600", "00"))
        .paying(1_999)
        .send(purchase(1_999), approved())
        .send(refund(1, 700), approved())
        .send(
            reversal(1).with(95, shrunk_to(1_000)),
            approved(),
        )
        .send(status(1), reported("approved", Some([1_999, 999, 700, 0])))
        .send(status(2), reported("approved", Some([700, 0, 0, 0])))
        .balance(-300, -300),
        Case::new(
            "5.152",
            RULE,
            "a purchase that was reversed is reported as reversed",
        )
        .needs(Need::Sending("0600", "00"))
        .paying(700)
        .send(purchase(700), approved())
        .send(reversal(1), approved())
        .send(status(1), reported("reversed", Some([700, 700, 0, 0])))
        .nothing_moved(),
        Case::new(
            "5.153",
            RULE,
            "a purchase that was declined is reported with its code and the reason",
        )
        .needs(Need::Sending("0600", "00"))
        .needs(Need::Sandbox)
        .paying(6_651)
        .send(purchase(6_651), answered("51"))
        .send(
            status(1),
            reported("declined", None).with(
                48,
                Expected::Tags(vec![(10, "declined".into()), (11, "51".into())]),
            ),
        )
        .nothing_moved(),
        Case::new(
            "5.154",
            RULE,
            "a request that never arrived gets 25, and is not declined by the inquiry if it arrives later",
        )
        .needs(Need::Sending("0600", "00"))
        .paying(700)
        .send(purchase(700), approved())
        .send(
            status(1)
                .with(11, Value::Fresh)
                .with(37, Value::Fresh)
                .with(90, Value::OriginalToCome),
            answered("25").with_reason(),
        )
        .balance(-700, -700),
        Case::new(
            "5.155",
            RULE,
            "an authorization is reported with what was completed of it",
        )
        .needs(Need::Sending("0600", "00"))
        .needs(Need::Sending("0100", "00"))
        .needs(Need::Acquirer)
        .paying(1_999)
        .send(authorization(1_999), approved())
        .send(status(1), reported("approved", Some([1_999, 0, 0, 0])))
        .send(completion(1, 1_500), approved())
        .send(status(1), reported("approved", Some([1_999, 0, 0, 1_500])))
        // Of a party that completes in several parts the rest is still held.
        .send(reversal(1), approved())
        .balance(-1_500, -1_500),
        Case::new(
            "5.156",
            RULE,
            "an order is reported as agreed to, then with the purchase that has paid it",
        )
        .needs(Need::Sending("0600", "00"))
        .needs(Need::Mall)
        .needs(Need::Payer)
        .paying(700)
        .send(purchase(700), approved())
        .send(
            status_of_order(1),
            reported("approved", Some([700, 0, 0, 0])),
        )
        .balance(-700, -700),
        Case::new(
            "5.157",
            RULE,
            "an order to which nobody has agreed gets 25 at once, without a wait",
        )
        .needs(Need::Sending("0600", "00"))
        .needs(Need::Mall)
        .send(status_of_order(9), answered("25").with_reason()),
        Case::new(
            "5.158",
            RULE,
            "a purchase that waits for the payer is reported as waiting, and is decided all the same",
        )
        .needs(Need::Sending("0600", "00"))
        .needs(Need::Mall)
        .send(purchase(700).order(8), Expect::Nothing)
        .send(status_of_order(8), reported("waiting", None))
        .awaits(0, 1, answered("25").with_reason()),
        Case::new(
            "5.159",
            RULE,
            "an inquiry about a card without 90 gets 30",
        )
        .needs(Need::Sending("0600", "00"))
        .needs(Need::Acquirer)
        .needs(Need::Payer)
        .send(purchase(700), approved())
        .send(status(1).lacking(90), format_error("field 90"))
        .send(reversal(1), approved()),
        Case::new(
            "5.160",
            RULE,
            "an inquiry about another party's card acceptor gets 63",
        )
        .needs(Need::Sending("0600", "00"))
        .needs(Need::OwnAcceptors)
        .needs(Need::Mall)
        .send(
            status_of_order(1).with(42, "NOT-THE-PARTYS"),
            answered("63"),
        ),
    ]
}
