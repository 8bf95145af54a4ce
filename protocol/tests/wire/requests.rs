//! Messages as typed requests, and what is refused.

use crate::common::{Good, set, vectors};
use bytes::BytesMut;
use tessera_protocol::{
    Amount, CardNumber, Institution, Message, Mti, NetworkCode, Packer, Payer, Request,
    ResponseCode, Stan,
};

/// The golden message whose name begins so.
fn vector(name: &str) -> Good {
    let mut good = vectors().good.into_iter();
    good.find(|vector| vector.name.starts_with(name)).unwrap()
}

fn by_card() -> Good {
    vector("purchase through an acquirer")
}

/// Packs the vector with changes: a value, or `None` to leave a field out.
fn changed(vector: &Good, mti: Mti, changes: &[(u8, Option<&str>)]) -> Vec<u8> {
    let mut fields = vector.fields.clone();
    for (field, value) in changes {
        match value {
            Some(value) => fields.insert(*field, (*value).to_owned()),
            None => fields.remove(field),
        };
    }
    let mut buffer = BytesMut::new();
    let mut packer = Packer::new(&mut buffer, mti);
    for (field, value) in &fields {
        set(&mut packer, *field, value);
    }
    packer.finish();
    buffer[2..].to_vec()
}

/// The response code and field of the refusal, or `None` where the request is accepted.
fn refusal(bytes: &[u8]) -> Option<(String, Option<u8>)> {
    let message = Message::parse(bytes).unwrap();
    let refusal = Request::read(&message).err()?;
    Some((refusal.code().to_string(), refusal.field))
}

const ORIGINAL: &str = "020000000111220945002000000000100000000000";

#[test]
fn reads_a_purchase_by_card() {
    let bytes = by_card().bytes();
    let message = Message::parse(&bytes).unwrap();
    let Ok(Request::Purchase(purchase)) = Request::read(&message) else {
        panic!("no purchase");
    };
    let financial = &purchase.financial;
    assert_eq!(financial.amount, Amount::new(12_345).unwrap());
    assert_eq!(
        (financial.transmission, financial.trace),
        (1_122_094_500, Stan::new(1))
    );
    assert_eq!(
        (financial.local_time, financial.local_date),
        (94_500, 1_122)
    );
    assert_eq!(financial.institution, Institution::new(20_000_000_001));
    assert_eq!(&financial.reference, b"632609000002");
    assert_eq!(&financial.terminal, b"TERM0001");
    assert_eq!(&financial.acceptor, b"SHOP-77        ");
    assert_eq!(financial.currency.code(), 840);
    assert!(!financial.repeat);
    let number = CardNumber::development(1);
    assert_eq!(
        purchase.payer,
        Payer::Card {
            number,
            expiry: Some(3_112)
        }
    );
    let entry = (
        purchase.merchant_category,
        purchase.entry_mode,
        purchase.condition,
    );
    assert_eq!(entry, (5_999, 812, 59));
}

#[test]
fn reads_a_purchase_by_order_and_its_repeat() {
    let order = vector("purchase at an affiliated mall");
    for (mti, repeat) in [(Mti::PURCHASE, false), (Mti::PURCHASE.repeat(), true)] {
        let bytes = changed(&order, mti, &[]);
        let Ok(Request::Purchase(purchase)) = Request::read(&Message::parse(&bytes).unwrap())
        else {
            panic!("no purchase");
        };
        assert_eq!(purchase.payer, Payer::Order(b"ORDER-1"));
        assert_eq!(purchase.financial.repeat, repeat);
    }
}

#[test]
fn reads_a_partial_reversal_advice() {
    let bytes = vector("partial reversal").bytes();
    let Ok(Request::Reversal(reversal)) = Request::read(&Message::parse(&bytes).unwrap()) else {
        panic!("no reversal");
    };
    assert!(reversal.advice);
    assert_eq!(reversal.original.mti, Mti::PURCHASE);
    assert_eq!(
        reversal.original.institution,
        Institution::new(20_000_000_001)
    );
    assert_eq!(reversal.replacement, Amount::new(10_000));
}

#[test]
fn reads_network_messages_and_totals() {
    let bytes = vector("sign-on of a mall").bytes();
    let Ok(Request::Network(network)) = Request::read(&Message::parse(&bytes).unwrap()) else {
        panic!("no network message");
    };
    assert_eq!(network.code, NetworkCode::SignOn);
    assert_eq!(network.institution, Institution::new(10_000_000_001));
    let bytes = vector("reconciliation").bytes();
    let Ok(Request::Reconciliation(totals_message)) =
        Request::read(&Message::parse(&bytes).unwrap())
    else {
        panic!("no reconciliation");
    };
    assert_eq!(
        (totals_message.settlement_date, totals_message.totals.net),
        (1_122, -417_500)
    );
    assert_eq!(
        totals_message.totals.net,
        totals_message.totals.net_of_amounts()
    );
}

#[test]
fn reads_the_other_uses_of_the_same_messages() {
    let card = by_card();
    let kinds = [
        (Mti::AUTHORIZATION, vec![]),
        (
            Mti::AUTHORIZATION,
            vec![(3, Some("310000")), (4, Some("000000000000"))],
        ),
        (
            Mti::PURCHASE,
            vec![(3, Some("200000")), (14, None), (90, Some(ORIGINAL))],
        ),
        (
            Mti::PURCHASE,
            vec![(3, Some("280000")), (102, Some("BANK-1"))],
        ),
        (
            Mti::PURCHASE,
            vec![(3, Some("290000")), (102, Some("BANK-1"))],
        ),
        (Mti::COMPLETION, vec![(90, Some(ORIGINAL))]),
        (
            Mti::REVERSAL,
            vec![
                (90, Some(ORIGINAL)),
                (14, None),
                (18, None),
                (22, None),
                (25, None),
            ],
        ),
    ];
    for (index, (mti, changes)) in kinds.iter().enumerate() {
        let bytes = changed(&card, *mti, changes);
        let message = Message::parse(&bytes).unwrap();
        let request = Request::read(&message);
        let right = match index {
            0 => matches!(request, Ok(Request::Authorization(_))),
            1 => matches!(request, Ok(Request::Inquiry(_))),
            2 => matches!(request, Ok(Request::Refund(_))),
            3 => matches!(&request, Ok(Request::Load(load)) if load.source == Some(b"BANK-1")),
            4 => matches!(&request, Ok(Request::Payout(payout)) if payout.source == b"BANK-1"),
            5 => matches!(request, Ok(Request::Completion(_))),
            _ => matches!(&request, Ok(Request::Reversal(reversal)) if !reversal.advice),
        };
        assert!(right, "{index}: {request:?}");
    }
}

#[test]
fn names_every_missing_mandatory_field() {
    let card = by_card();
    for field in [3, 4, 7, 11, 12, 13, 14, 18, 22, 25, 32, 37, 41, 42, 49] {
        let bytes = changed(&card, Mti::PURCHASE, &[(field, None)]);
        assert_eq!(refusal(&bytes), Some(("30".to_owned(), Some(field))));
    }
    let bytes = changed(&card, Mti::REVERSAL_ADVICE, &[]);
    assert_eq!(refusal(&bytes), Some(("30".to_owned(), Some(90))));
    let sign_on = vector("sign-on of a mall");
    for field in [7, 11, 32, 70] {
        let bytes = changed(&sign_on, Mti::NETWORK, &[(field, None)]);
        assert_eq!(refusal(&bytes), Some(("30".to_owned(), Some(field))));
    }
    let totals_message = vector("reconciliation");
    for field in [7, 11, 15, 32, 74, 75, 76, 77, 86, 87, 88, 89, 97] {
        let bytes = changed(&totals_message, Mti::RECONCILIATION, &[(field, None)]);
        assert_eq!(refusal(&bytes), Some(("30".to_owned(), Some(field))));
    }
}

#[test]
fn refuses_values_that_cannot_be() {
    let refused = [
        (3, "990000", "12"),
        (3, "310000", "12"),
        (3, "000001", "12"),
        (4, "000000000000", "13"),
        (7, "1322094500", "30"),
        (7, "0022094500", "30"),
        (7, "1132094500", "30"),
        (7, "1122244500", "30"),
        (7, "9999999999", "30"),
        (12, "096000", "30"),
        (7, "0230094500", "30"),
        (13, "1100", "30"),
        (13, "0230", "30"),
        (13, "0431", "30"),
        (13, "1131", "30"),
        (14, "3113", "30"),
        (14, "3100", "30"),
        (15, "0230", "30"),
        (16, "0000", "30"),
        (17, "1301", "30"),
        (2, "9900000", "30"),
        (2, "", "30"),
        (32, "", "30"),
        (49, "8x0", "30"),
    ];
    for (field, value, code) in refused {
        let bytes = changed(&by_card(), Mti::PURCHASE, &[(field, Some(value))]);
        let expected = Some((code.to_owned(), Some(field)));
        assert_eq!(refusal(&bytes), expected, "field {field} {value}");
    }
}

#[test]
fn takes_every_day_that_some_year_has() {
    let days = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    for (month, days) in (1..).zip(days) {
        for day in 1..=31 {
            let date = format!("{month:02}{day:02}");
            for field in [13, 15, 16, 17] {
                let bytes = changed(&by_card(), Mti::PURCHASE, &[(field, Some(&date))]);
                let expected = (day > days).then(|| ("30".to_owned(), Some(field)));
                assert_eq!(refusal(&bytes), expected, "field {field}: {date}");
            }
        }
    }
    // What follows another message carries no expiry that is read; it must be one all the same.
    let changes = [(90, Some(ORIGINAL)), (14, Some("3113"))];
    let refund = changed(&by_card(), Mti::REVERSAL, &changes);
    assert_eq!(refusal(&refund), Some(("30".to_owned(), Some(14))));
    let totals_message = vector("reconciliation");
    let bytes = changed(&totals_message, Mti::RECONCILIATION, &[(15, Some("0230"))]);
    assert_eq!(refusal(&bytes), Some(("30".to_owned(), Some(15))));
    let sign_on = changed(
        &vector("sign-on of a mall"),
        Mti::NETWORK,
        &[(7, Some("0230094500"))],
    );
    assert_eq!(refusal(&sign_on), Some(("30".to_owned(), Some(7))));
}

#[test]
fn refuses_payers_that_are_none() {
    let card = by_card();
    let nobody = changed(&card, Mti::PURCHASE, &[(2, None), (14, None)]);
    assert_eq!(refusal(&nobody), Some(("30".to_owned(), Some(2))));
    let long = format!("01033{}", "x".repeat(33));
    for list in ["01000", "01005abc", "x", &long] {
        let bytes = changed(
            &card,
            Mti::PURCHASE,
            &[(2, None), (14, None), (48, Some(list))],
        );
        assert_eq!(refusal(&bytes), Some(("30".to_owned(), Some(48))), "{list}");
    }
}

#[test]
fn refuses_messages_that_the_protocol_does_not_have() {
    for mti in [0x0110, 0x0202, 0x0302, 0x0700, 0x1200, 0x0000, 0x0240] {
        let bytes = changed(&by_card(), Mti::new(mti).unwrap(), &[]);
        let code = refusal(&bytes).map(|(code, _)| code);
        assert_eq!(code, Some(ResponseCode::INVALID_TRANSACTION.to_string()));
    }
    let unknown = changed(
        &vector("sign-on of a mall"),
        Mti::NETWORK,
        &[(70, Some("999"))],
    );
    assert_eq!(refusal(&unknown), Some(("12".to_owned(), Some(70))));
}

#[test]
fn an_inquiry_needs_a_card_and_no_amount() {
    let inquiry = [(3, Some("310000")), (4, Some("000000000000"))];
    let card = by_card();
    let with_amount = changed(&card, Mti::AUTHORIZATION, &inquiry[..1]);
    assert_eq!(refusal(&with_amount), Some(("13".to_owned(), Some(4))));
    let mut changes = inquiry.to_vec();
    changes.extend([(2, None), (14, None), (48, Some("01001x"))]);
    let by_order = changed(&card, Mti::AUTHORIZATION, &changes);
    assert_eq!(refusal(&by_order), Some(("30".to_owned(), Some(2))));
}

#[test]
fn a_card_is_verified_with_amount_zero() {
    let nothing = (4, Some("000000000000"));
    let card = by_card();
    for code in ["000000", "380000"] {
        let bytes = changed(&card, Mti::AUTHORIZATION, &[(3, Some(code)), nothing]);
        let message = Message::parse(&bytes).unwrap();
        let request = Request::read(&message);
        assert!(
            matches!(request, Ok(Request::Verification(_))),
            "{request:?}"
        );
        let bytes = changed(
            &card,
            Mti::AUTHORIZATION,
            &[(3, Some(code)), nothing, (14, None)],
        );
        assert_eq!(refusal(&bytes), Some(("30".to_owned(), Some(14))), "{code}");
        // Nothing is bought, advised or refunded for nothing.
        for mti in [Mti::PURCHASE, Mti::AUTHORIZATION_ADVICE] {
            let bytes = changed(&card, mti, &[(3, Some(code)), nothing]);
            let expected = if code == "000000" {
                ("13", 4)
            } else {
                ("12", 3)
            };
            let expected = Some((expected.0.to_owned(), Some(expected.1)));
            assert_eq!(refusal(&bytes), expected, "{mti} {code}");
        }
    }
    let with_amount = changed(&card, Mti::AUTHORIZATION, &[(3, Some("380000"))]);
    assert_eq!(refusal(&with_amount), Some(("13".to_owned(), Some(4))));
    // An order has an amount; without a card there is nothing to verify.
    let order = [nothing, (2, None), (14, None), (48, Some("01001x"))];
    let bytes = changed(&card, Mti::AUTHORIZATION, &order);
    assert_eq!(refusal(&bytes), Some(("13".to_owned(), Some(4))));
}
