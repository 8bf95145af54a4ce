//! The number of a funding source as it is typed: check digits show most mistypings before the switch is asked.

use tessera_protocol::CardNumber;
use tessera_protocol::leased::SourceKind;
use zeroize::Zeroizing;

use tessera_texts::{Text, money as text};

const BYTES_MAX: usize = 28;
/// The shortest IBAN is Norway's. What is shorter is an account number of another kind.
const IBAN_BYTES_MIN: usize = 15;

/// The number without spaces and hyphens, or what is wrong with it.
pub fn read(kind: SourceKind, typed: &str) -> Result<Zeroizing<String>, Text> {
    let number = Zeroizing::new(typed.replace([' ', '-'], ""));
    let fits = (1..=BYTES_MAX).contains(&number.len());
    if !fits || !number.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return Err(text::BAD_NUMBER);
    }
    match kind {
        SourceKind::Card => match CardNumber::from_digits(&number) {
            None => Err(text::BAD_CARD),
            Some(card) if !card.luhn_valid() => Err(text::MISTYPED_CARD),
            Some(_) => Ok(number),
        },
        SourceKind::Account if is_iban(&number) && remainder(&number) != 1 => {
            Err(text::MISTYPED_ACCOUNT)
        }
        SourceKind::Account => Ok(number),
    }
}

/// What the check digits of a number say that [`read`] has passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Check {
    /// They match.
    Right,
    /// A number of this kind has none that are known here.
    None,
}

/// See [`Check`].
pub fn check(kind: SourceKind, number: &str) -> Check {
    match kind {
        SourceKind::Account if !is_iban(number) => Check::None,
        SourceKind::Card | SourceKind::Account => Check::Right,
    }
}

/// The number as it is shown, like the switch masks it once it is added.
pub fn masked(kind: SourceKind, number: &str) -> String {
    let last = |count: usize| number.get(number.len().saturating_sub(count)..);
    let last = |count| last(count).unwrap_or_default();
    match kind {
        SourceKind::Card => format!("**** {}", last(4)),
        SourceKind::Account => {
            let country = number.get(..2).unwrap_or_default();
            format!("{country}**** {}", last(3))
        }
    }
}

/// Two letters of a country, two check digits, and the account.
fn is_iban(number: &str) -> bool {
    let bytes = number.as_bytes();
    bytes.len() >= IBAN_BYTES_MIN
        && bytes[..2].iter().all(u8::is_ascii_alphabetic)
        && bytes[2..4].iter().all(u8::is_ascii_digit)
}

/// ISO 13616: the first four characters at the end, letters as 10 to 35, divided by 97.
fn remainder(iban: &str) -> u32 {
    let (head, tail) = iban.split_at(4);
    let values = tail.chars().chain(head.chars());
    values
        .filter_map(|sign| sign.to_digit(36))
        .fold(0, |rest, value| {
            let scale = if value > 9 { 100 } else { 10 };
            (rest * scale + value) % 97
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(kind: SourceKind, typed: &str) -> Result<String, Text> {
        read(kind, typed).map(|number| number.to_string())
    }

    #[test]
    fn a_mistyped_digit_of_a_card_is_noticed() {
        let card = |typed| verdict(SourceKind::Card, typed);
        assert_eq!(card("4111 1111-1111 1111"), Ok("4111111111111111".into()));
        assert_eq!(card("4111 1111 1111 1112"), Err(text::MISTYPED_CARD));
        assert_eq!(card("1411 1111 1111 1111"), Err(text::MISTYPED_CARD));
        assert_eq!(card("GB33BUKB20201555555555"), Err(text::BAD_CARD));
        assert_eq!(card("4111!"), Err(text::BAD_NUMBER));
    }

    #[test]
    fn a_number_is_masked_and_says_whether_it_was_checked() {
        let card = "4111111111111111";
        assert_eq!(masked(SourceKind::Card, card), "**** 1111");
        assert_eq!(check(SourceKind::Card, card), Check::Right);
        let iban = "GB33BUKB20201555555555";
        assert_eq!(masked(SourceKind::Account, iban), "GB**** 555");
        assert_eq!(check(SourceKind::Account, iban), Check::Right);
        assert_eq!(check(SourceKind::Account, "1234567890"), Check::None);
        // Whatever is shorter than what is left of it.
        assert_eq!(masked(SourceKind::Account, "7"), "**** 7");
        assert_eq!(masked(SourceKind::Card, ""), "**** ");
    }

    /// The examples are those of the registry of IBANs, and the test account of the simulated financial system.
    #[test]
    fn a_mistyped_character_of_an_iban_is_noticed() {
        let account = |typed| verdict(SourceKind::Account, typed);
        for right in [
            "GB33 BUKB 2020 1555 5555 55",
            "DE89 3704 0044 0532 0130 00",
            "NO93 8601 1117 947",
            "gb33bukb20201555555555",
            "XT38TESS00000000000001",
        ] {
            assert!(account(right).is_ok(), "{right}");
        }
        for wrong in [
            "GB33 BUKB 2020 1555 5555 56",
            "GB33 BUKB 2002 1555 5555 55",
            "DE98 3704 0044 0532 0130 00",
        ] {
            assert_eq!(account(wrong), Err(text::MISTYPED_ACCOUNT), "{wrong}");
        }
        // Other account numbers have no check digits that we know.
        assert!(account("1234567890").is_ok());
        assert_eq!(account("GB33 !!"), Err(text::BAD_NUMBER));
        assert_eq!(account(""), Err(text::BAD_NUMBER));
        assert_eq!(account(&"1".repeat(29)), Err(text::BAD_NUMBER));
    }
}
