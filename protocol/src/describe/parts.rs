//! Fields that hold several values, broken out: 48, 54, 55, 90, 95.

use super::value::{self, text};
use super::{Row, Secrets, emv, meaning};
use crate::answer::State;
use crate::balances::{Balance, BalanceKind, Balances};
use crate::currency::Currency;
use crate::institution::Institution;
use crate::masking::mask_likely_card_numbers;
use crate::original::OriginalData;
use crate::reading::ReadField;
use crate::replacement::ReplacementAmounts;
use crate::stan::Stan;
use crate::tlv::{self, TlvError};

/// The parts of a field; `None` where it has none, or is not what it should be.
pub(super) fn of(
    field: &ReadField<'_>,
    currency: Option<Currency>,
    secrets: Secrets,
) -> Option<Vec<Row>> {
    match field.number {
        48 => Some(tlvs(field.body, currency, secrets)),
        54 => Balances::parse(field.body).map(|balances| {
            let groups = balances.groups().iter();
            groups.map(balance).collect()
        }),
        55 => Some(emv::objects(field.body, secrets)),
        90 => OriginalData::parse(field.body).map(|original| original_data(&original)),
        95 => ReplacementAmounts::parse(field.body).map(|_| {
            let digits = text(&field.body[..12]);
            let meaning = meaning::of_amount(&digits, currency);
            vec![part(
                "1-12",
                "what the purchase shrinks to",
                digits,
                meaning,
            )]
        }),
        _ => None,
    }
}

/// Where a list is wrong, its end is not shown: it might be key material.
fn tlvs(body: &[u8], currency: Option<Currency>, secrets: Secrets) -> Vec<Row> {
    let row = |tlv: Result<(u8, &[u8]), TlvError>| match tlv {
        Ok((tag, content)) => {
            let name = tlv::name(tag).unwrap_or("unknown tag");
            let plain = text(content);
            let shown = match secrets {
                Secrets::Masked if tlv::is_sensitive(tag) => value::masked(48, &plain),
                Secrets::Masked => mask_likely_card_numbers(&plain).into_owned(),
                _ => plain,
            };
            let meaning = of_tag(tag, content, currency);
            part(&format!("{tag:02}"), name, shown, meaning)
        }
        Err(error) => part("--", "not readable", error.to_string(), None),
    };
    tlv::iterate(body).map(row).collect()
}

fn of_tag(tag: u8, content: &[u8], currency: Option<Currency>) -> Option<String> {
    match tag {
        tlv::STATE => State::of(content).map(|state| state.meaning().to_owned()),
        tlv::DECIDED_CODE => meaning::of_field(39, &text(content), None),
        tlv::AMOUNT..=tlv::COMPLETED_AMOUNT => meaning::of_amount(&text(content), currency),
        _ => None,
    }
}

fn balance(balance: &Balance) -> Row {
    let name = match balance.kind {
        BalanceKind::Ledger => "ledger balance",
        BalanceKind::Available => "available balance",
        BalanceKind::Original => "amount asked for",
        BalanceKind::Other(_) => "other amount",
    };
    let sign = if balance.debit { 'D' } else { 'C' };
    let digits = format!("{:012}", balance.amount.value());
    let meaning = meaning::of_amount(&digits, Some(balance.currency));
    let label = format!("{:02} {:02}", balance.account, balance.kind.number());
    let shown = format!("{} {sign} {digits}", balance.currency);
    part(&label, name, shown, meaning)
}

fn original_data(original: &OriginalData) -> Vec<Row> {
    let transmission = format!("{:010}", original.transmission);
    let when = meaning::of_field(7, &transmission, None).filter(|_| original.transmission != 0);
    let mti = Some(meaning::of_mti(original.mti));
    let institution = format!("{:011}", Institution::digits(original.institution));
    let forwarding = format!("{:011}", Institution::digits(original.forwarding));
    vec![
        part("1-4", "message type", original.mti.to_string(), mti),
        part(
            "5-10",
            "trace number",
            format!("{:06}", Stan::digits(original.trace)),
            None,
        ),
        part("11-20", "transmission date and time", transmission, when),
        part("21-31", "acquiring institution", institution, None),
        part("32-42", "forwarding institution", forwarding, None),
    ]
}

fn part(label: &str, name: &'static str, value: String, meaning: Option<String>) -> Row {
    Row {
        label: label.to_owned(),
        name,
        value,
        meaning,
        parts: Vec::new(),
    }
}
