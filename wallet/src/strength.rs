//! Which passwords are refused because they are easy to guess.

use tessera_protocol::ClientNumber;
use tessera_protocol::leased::PASSWORD_BYTES_MAX;
use zeroize::Zeroizing;
use zxcvbn::feedback::Warning;
use zxcvbn::{Score, zxcvbn};

use crate::drawn::digits;
use tessera_texts::{Text, entry as text};

/// The switch counts bytes; a person types characters, each of which is one byte or more.
const CHARACTERS_MIN: usize = 10;
/// Guesses by the thousand million: the switch allows a few in a minute, and a stolen hash is slow to try.
const ENOUGH: Score = Score::Three;
/// What somebody who guesses a password for this site tries first.
const OURS: &str = "tessera";

/// Why a password can't become one, for the payer. The number is theirs where it is known.
pub async fn unfit(password: &str, client: Option<&ClientNumber>) -> Option<Text> {
    if password.chars().count() < CHARACTERS_MIN {
        return Some(text::PASSWORD_SHORT);
    }
    if password.len() > PASSWORD_BYTES_MAX {
        return Some(text::PASSWORD_LONG);
    }
    let password = Zeroizing::new(password.to_owned());
    let number = client.map(digits);
    // Milliseconds of work: other requests do not wait for it.
    let weak =
        actix_web::web::block(move || weakness(&password, number.as_deref().map(String::as_str)));
    weak.await.unwrap_or_default()
}

/// Why it is easy to guess, and what would be better; `None` where it is not.
fn weakness(password: &str, number: Option<&str>) -> Option<Text> {
    if let Some(number) = number
        && holds(password, number)
    {
        return Some(text::PASSWORD_NUMBER);
    }
    let mut known = vec![OURS];
    known.extend(number);
    let estimate = zxcvbn(password, &known);
    if estimate.score() >= ENOUGH {
        return None;
    }
    let warning = estimate.feedback().and_then(|feedback| feedback.warning());
    let why = warning.map_or(text::WEAK, reason);
    Some(text::weak_because(why))
}

/// Whether the password is little else than the identification number, however it is grouped.
fn holds(password: &str, number: &str) -> bool {
    let typed: Zeroizing<String> = Zeroizing::new(
        password
            .chars()
            .filter(|sign| sign.is_ascii_digit())
            .collect(),
    );
    typed.contains(number)
}

fn reason(warning: Warning) -> Text {
    use Warning as W;
    match warning {
        W::ThisIsATop10Password | W::ThisIsATop100Password | W::ThisIsACommonPassword => {
            text::WEAK_COMMON
        }
        W::ThisIsSimilarToACommonlyUsedPassword => text::WEAK_SIMILAR,
        W::StraightRowsOfKeysAreEasyToGuess | W::ShortKeyboardPatternsAreEasyToGuess => {
            text::WEAK_KEYS
        }
        W::RepeatsLikeAaaAreEasyToGuess | W::RepeatsLikeAbcAbcAreOnlySlightlyHarderToGuess => {
            text::WEAK_REPEATS
        }
        W::SequencesLikeAbcAreEasyToGuess => text::WEAK_SEQUENCE,
        W::RecentYearsAreEasyToGuess | W::DatesAreOftenEasyToGuess => text::WEAK_DATE,
        W::AWordByItselfIsEasyToGuess => text::WEAK_WORD,
        W::NamesAndSurnamesByThemselvesAreEasyToGuess | W::CommonNamesAndSurnamesAreEasyToGuess => {
            text::WEAK_NAME
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NUMBER: &str = "482910573620184";

    #[test]
    fn refuses_what_is_guessed_first_and_says_why() {
        for (weak, why) in [
            ("qwertyuiop", text::WEAK_COMMON),
            ("1234567890", text::WEAK_COMMON),
            ("password123", text::WEAK_COMMON),
            ("aaaaaaaaaaaa", text::WEAK_REPEATS),
            ("abcdefghijkl", text::WEAK_SEQUENCE),
            ("P@ssw0rd1234", text::WEAK_SIMILAR),
            ("12.05.1987", text::WEAK_DATE),
        ] {
            let said = weakness(weak, Some(NUMBER));
            assert_eq!(said, Some(text::weak_because(why)), "{weak}");
        }
    }

    #[test]
    fn neither_the_number_nor_our_name_makes_a_password() {
        for weak in [
            "482910573620184",
            "48291 05736 20184",
            "x-48291-05736-20184",
        ] {
            let said = weakness(weak, Some(NUMBER));
            assert_eq!(said, Some(text::PASSWORD_NUMBER), "{weak}");
        }
        assert!(weakness("tessera1234", Some(NUMBER)).is_some());
        // Somebody else's number is as good as other digits.
        assert_eq!(weakness("482910573620184", Some("111111111111111")), None);
    }

    #[test]
    fn takes_a_few_words_and_what_a_password_manager_makes() {
        for good in [
            "seven green bottles",
            "correct horse",
            "k7mqe-vh2sd-p+x4a",
            "пять зелёных бутылок",
            "T9#vLq2!xZ",
        ] {
            assert_eq!(weakness(good, Some(NUMBER)), None, "{good}");
        }
    }

    #[test]
    fn counts_characters_for_people_and_bytes_for_the_switch() {
        let said = |password: &str| {
            let system = actix_web::rt::System::new();
            system.block_on(unfit(password, None))
        };
        assert_eq!(said("short"), Some(text::PASSWORD_SHORT));
        assert_eq!(said(&"ж".repeat(65)), Some(text::PASSWORD_LONG));
        assert_eq!(said("seven green bottles"), None);
        assert!(said("password1234").is_some());
    }
}
