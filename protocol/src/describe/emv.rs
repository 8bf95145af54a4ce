//! Field 55: EMV's data objects (EMV 4.4, book 3, annex A and B), tag by tag.

use super::value::hex_digits;
use super::{Row, Secrets};
use crate::card::CardNumber;
use crate::masking::Veil;

/// Templates in templates that are looked into.
const DEPTH_MAX: usize = 3;
/// The most bytes of a tag, and of the length behind its first byte.
const TAG_BYTES_MAX: usize = 3;
const LENGTH_BYTES_MAX: usize = 2;

/// A data object and whether its value says who the cardholder is.
type Named = (u32, &'static str, bool);

/// What stands in messages.
#[rustfmt::skip]
static NAMES: &[Named] = &[
    (0x42, "issuer identification number", false), (0x4F, "application identifier", false),
    (0x50, "application label", false), (0x56, "track 1 equivalent data", true),
    (0x57, "track 2 equivalent data", true), (0x5A, "application primary account number", true),
    (0x5F20, "cardholder name", true), (0x5F24, "application expiration date", true),
    (0x5F25, "application effective date", false), (0x5F28, "issuer country", false),
    (0x5F2A, "transaction currency", false), (0x5F2D, "language preference", false),
    (0x5F30, "service code", true), (0x5F34, "PAN sequence number", false),
    (0x5F36, "transaction currency exponent", false), (0x70, "template", false),
    (0x71, "issuer script template 1", false), (0x72, "issuer script template 2", false),
    (0x77, "response template", false), (0x82, "application interchange profile", false),
    (0x84, "dedicated file name", false), (0x86, "issuer script command", false),
    (0x8A, "authorization response code", false), (0x8E, "cardholder verification methods", false),
    (0x91, "issuer authentication data", false), (0x95, "terminal verification results", false),
    (0x99, "PIN data", true), (0x9A, "transaction date", false),
    (0x9B, "transaction status information", false), (0x9C, "transaction type", false),
    (0x9F02, "amount, authorized", false), (0x9F03, "amount, other", false),
    (0x9F06, "application identifier, terminal", false), (0x9F07, "application usage control", false),
    (0x9F09, "application version, terminal", false), (0x9F0B, "cardholder name, extended", true),
    (0x9F0D, "issuer action code, default", false), (0x9F0E, "issuer action code, denial", false),
    (0x9F0F, "issuer action code, online", false), (0x9F10, "issuer application data", false),
    (0x9F12, "application preferred name", false), (0x9F15, "merchant category", false),
    (0x9F16, "merchant identifier", false), (0x9F1A, "terminal country", false),
    (0x9F1C, "terminal identification", false), (0x9F1E, "serial number of the terminal", false),
    (0x9F1F, "track 1 discretionary data", true), (0x9F20, "track 2 discretionary data", true),
    (0x9F21, "transaction time", false), (0x9F26, "application cryptogram", false),
    (0x9F27, "cryptogram information data", false), (0x9F33, "terminal capabilities", false),
    (0x9F34, "cardholder verification results", false), (0x9F35, "terminal type", false),
    (0x9F36, "application transaction counter", false), (0x9F37, "unpredictable number", false),
    (0x9F39, "entry mode", false), (0x9F40, "terminal capabilities, additional", false),
    (0x9F41, "transaction sequence counter", false), (0x9F4C, "ICC dynamic number", false),
    (0x9F53, "transaction category", false), (0x9F5B, "issuer script results", false),
    (0x9F61, "cardholder identification", true), (0x9F66, "terminal transaction qualifiers", false),
    (0x9F6B, "track 2 data", true), (0x9F6C, "card transaction qualifiers", false),
    (0x9F6E, "form factor indicator", false), (0x9F7C, "customer exclusive data", false),
];

/// The data objects of a field, those of templates among them; where something is wrong, how many bytes are left.
pub(super) fn objects(body: &[u8], secrets: Secrets) -> Vec<Row> {
    let mut rows = Vec::new();
    read(body, secrets, 0, &mut rows);
    rows
}

fn read(mut rest: &[u8], secrets: Secrets, depth: usize, rows: &mut Vec<Row>) {
    // Padding stands between objects.
    while let [0, behind @ ..] = rest {
        rest = behind;
    }
    while !rest.is_empty() {
        let Some((tag, value, behind)) = object(rest) else {
            let text = format!("{} bytes", rest.len());
            rows.push(row("--".to_owned(), "not readable", text));
            return;
        };
        let named = NAMES.iter().find(|(number, ..)| *number == tag);
        let name = named.map_or("unknown tag", |(_, name, _)| name);
        let label = format!("{tag:02X}");
        let first = tag
            .to_be_bytes()
            .into_iter()
            .find(|byte| *byte != 0)
            .unwrap_or(0);
        let is_template = first & 0x20 != 0 && depth < DEPTH_MAX;
        if is_template {
            rows.push(row(label, name, format!("{} bytes", value.len())));
            read(value, secrets, depth + 1, rows);
        } else {
            rows.push(row(label, name, shown(tag, named, value, secrets)));
        }
        rest = behind;
        while let [0, behind @ ..] = rest {
            rest = behind;
        }
    }
}

fn shown(tag: u32, named: Option<&Named>, value: &[u8], secrets: Secrets) -> String {
    let plain = hex_digits(&Veil::none(), value);
    match (secrets, named) {
        (Secrets::Shown, _) => plain,
        (Secrets::Masked, Some((.., true))) => {
            // A card number of an odd count has an F behind it.
            let card = CardNumber::from_digits(plain.trim_end_matches('f'));
            let masked = card.filter(|_| tag == 0x5A).map(|card| card.to_string());
            masked.unwrap_or_else(|| "*".repeat(plain.len()))
        }
        (Secrets::Masked, Some(_)) => plain,
        // A private tag may hold anything.
        (Secrets::Masked, None) => hex_digits(&Veil::over(value), value),
    }
}

/// The first object: its tag, its value, and what follows.
fn object(bytes: &[u8]) -> Option<(u32, &[u8], &[u8])> {
    let (&first, mut rest) = bytes.split_first()?;
    let mut tag = u32::from(first);
    if first & 0x1F == 0x1F {
        for count in 2.. {
            let (&next, behind) = rest.split_first()?;
            tag = tag << 8 | u32::from(next);
            rest = behind;
            if next & 0x80 == 0 {
                break;
            }
            if count == TAG_BYTES_MAX {
                return None;
            }
        }
    }
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        0..=0x7F => (usize::from(first), rest),
        _ => {
            let count = usize::from(first & 0x7F);
            let (bytes, rest) = rest
                .split_at_checked(count)
                .filter(|_| (1..=LENGTH_BYTES_MAX).contains(&count))?;
            (
                bytes
                    .iter()
                    .fold(0, |length, &byte| length << 8 | usize::from(byte)),
                rest,
            )
        }
    };
    let (value, rest) = rest.split_at_checked(length)?;
    Some((tag, value, rest))
}

fn row(label: String, name: &'static str, value: String) -> Row {
    Row {
        label,
        name,
        value,
        meaning: None,
        parts: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_every_object_and_masks_what_says_who_the_cardholder_is() {
        let body = [
            &[0x9F, 0x02, 6, 0, 0, 0, 0, 0x19, 0x99][..],
            &[0x5A, 8, 0x45, 0x39, 0x57, 0x87, 0x63, 0x62, 0x14, 0x86],
            &[
                0x57, 9, 0x45, 0x39, 0x57, 0x87, 0x63, 0x62, 0x14, 0x86, 0xD3,
            ],
            &[0x5F, 0x20, 3, b'A', b'/', b'B'],
            &[0x70, 4, 0x9F, 0x36, 1, 7],
            &[
                0xDF, 0x01, 8, 0x45, 0x39, 0x57, 0x87, 0x63, 0x62, 0x14, 0x86,
            ],
            &[0, 0x95, 0x81, 1, 0x80, 0x9F],
        ]
        .concat();
        let rows = objects(&body, Secrets::Masked);
        let shown: Vec<_> = rows
            .iter()
            .map(|row| (&row.label[..], &row.value[..]))
            .collect();
        assert_eq!(
            shown,
            [
                ("9F02", "000000001999"),
                ("5A", "453957******1486"),
                ("57", "******************"),
                ("5F20", "******"),
                ("70", "4 bytes"),
                ("9F36", "07"),
                ("DF01", "453957******1486"),
                ("95", "80"),
                ("--", "1 bytes"),
            ]
        );
        assert_eq!(rows[1].name, "application primary account number");
        assert_eq!(objects(&body, Secrets::Shown)[1].value, "4539578763621486");
        for length in 0..=body.len() {
            let _ = objects(&body[..length], Secrets::Masked);
        }
    }
}
