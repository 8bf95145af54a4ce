use tessera_kit::clock::Timestamp;
use tessera_texts::Language;

use super::*;

const OCCASIONS: [Occasion; 26] = [
    Occasion::PurchasePaid,
    Occasion::AmountHeld,
    Occasion::HoldFreed,
    Occasion::PurchaseDeclined,
    Occasion::PurchaseReversed,
    Occasion::PurchaseRefunded,
    Occasion::RefundTakenBack,
    Occasion::LoadArrived,
    Occasion::LoadFailed,
    Occasion::PayoutSent,
    Occasion::PayoutFailed,
    Occasion::SignedIn,
    Occasion::PasswordChanged,
    Occasion::CardReissued,
    Occasion::ContactChanged,
    Occasion::RecoverySet,
    Occasion::Recovered,
    Occasion::PasskeyAdded,
    Occasion::PasskeyRemoved,
    Occasion::BrowserAdded,
    Occasion::BrowserRemoved,
    Occasion::Frozen,
    Occasion::Disputed,
    Occasion::Unfrozen,
    Occasion::WalletClosed,
    Occasion::ConfirmationCode,
];

fn in_english(occasion: Occasion, facts: &Facts<'_>) -> Texts {
    compose(occasion, facts, &Locale::of_messages(Language::English))
}

fn usd(minor: u64) -> Option<(Amount, Currency)> {
    Some((Amount::new(minor).unwrap(), Currency::USD))
}

fn facts() -> Facts<'static> {
    Facts {
        at: Some(Timestamp::from_milliseconds(1_795_340_700_000)),
        amount: usd(1_999),
        available: usd(98_001),
        mall: Some("Tea & Kettles"),
        reference: Some("0ABCDEFGHIJK"),
        card: Some("0010"),
        reason: Some(reasons::MONEY),
        device: Some("Firefox on Linux"),
        code: Some("481516"),
    }
}

#[test]
fn a_purchase_says_what_where_when_and_what_is_left() {
    let texts = in_english(Occasion::PurchasePaid, &facts());
    assert_eq!(texts.subject, "Paid: $19.99 at Tea & Kettles");
    assert_eq!(
        texts.text,
        "You have paid $19.99 at Tea & Kettles.\n\n\
         When: 22 November 2026, 09:45 UTC\n\
         Card: ending in 0010\n\
         Available now: $980.01\n\
         Reference: 0ABCDEFGHIJK\n\n\
         If you do not know this purchase, freeze your wallet now.\n\n\
         Tessera sends no links. Open your wallet as you always do.\n"
    );
    assert!(
        texts
            .html
            .contains("You have paid $19.99 at Tea &amp; Kettles.")
    );
    assert_eq!(
        texts.sms,
        "Tessera: Paid 19.99 USD at Tea & Kettles. Available: 980.01 USD."
    );
}

#[test]
fn the_lines_of_a_mail_run_in_the_direction_of_its_language() {
    for language in Language::ALL {
        let texts = compose(
            Occasion::PurchasePaid,
            &facts(),
            &Locale::of_messages(language),
        );
        let row = texts
            .text
            .lines()
            .find(|line| line.contains("0ABCDEFGHIJK"));
        let row = row.expect("the row with the reference");
        assert_eq!(
            row.starts_with('\u{200f}'),
            language.is_right_to_left(),
            "{row}"
        );
        let direction = format!(
            "<html lang=\"{}\" dir=\"{}\">",
            language.code(),
            language.direction()
        );
        assert!(texts.html.contains(&direction));
        assert!(!texts.sms.contains('\u{200f}'), "{}", texts.sms);
    }
}

/// In all languages: the alphabet of short messages holds 160 letters, another one 70 of a part, and two parts 134.
#[test]
fn every_occasion_fits_two_short_messages_in_every_language() {
    for language in Language::ALL {
        for occasion in OCCASIONS {
            let texts = compose(occasion, &facts(), &Locale::of_messages(language));
            let letters = texts.sms.chars().count();
            let most = match language {
                Language::Korean | Language::Japanese | Language::Arabic => 134,
                Language::English | Language::German | Language::Spanish => 160,
            };
            assert!(letters <= most, "{letters}: {}", texts.sms);
        }
    }
}

#[test]
fn a_decline_says_why() {
    let texts = in_english(Occasion::PurchaseDeclined, &facts());
    assert!(
        texts
            .text
            .starts_with("A purchase of $19.99 at Tea & Kettles was declined: not enough money.\n")
    );
}

#[test]
fn a_code_stands_alone_and_is_in_no_subject() {
    let texts = in_english(Occasion::ConfirmationCode, &facts());
    assert!(texts.text.contains("\n\n    481516\n\n"));
    assert!(texts.html.contains(">481516</p>"));
    assert!(
        texts
            .sms
            .starts_with("481516 is your Tessera confirmation code.")
    );
    assert!(!texts.subject.contains("481516"));
}

#[test]
fn every_occasion_fits_one_short_message_of_plain_letters() {
    for occasion in OCCASIONS {
        for facts in [facts(), long(), Facts::default()] {
            let texts = in_english(occasion, &facts);
            assert!(
                texts.sms.is_ascii() && texts.sms.len() <= 160,
                "{}",
                texts.sms
            );
            // None of these takes two septets.
            assert!(
                !texts
                    .sms
                    .contains(['^', '{', '}', '\\', '[', '~', ']', '|'])
            );
        }
    }
}

#[test]
fn every_currency_is_written_with_its_own_decimals() {
    for currency in Currency::all() {
        let money = |minor| Some((Amount::new(minor).unwrap(), currency));
        let facts = Facts {
            amount: money(1_234),
            available: money(5),
            ..facts()
        };
        let texts = in_english(Occasion::PurchasePaid, &facts);
        let paid = tessera_protocol::money_text(1_234, currency);
        // Without commas between thousands, which the other has not.
        assert!(texts.sms.replace(',', "").contains(&paid), "{}", texts.sms);
        let paid = tessera_protocol::plain_amount(1_234, currency);
        let left = tessera_protocol::plain_amount(5, currency);
        for text in [&texts.subject, &texts.text, &texts.html] {
            assert!(text.replace(',', "").contains(&paid), "{paid} in {text}");
            assert!(!text.contains("currency"), "{text}");
        }
        assert!(texts.text.contains(&format!("{left}\n")), "{}", texts.text);
    }
}

fn long() -> Facts<'static> {
    Facts {
        amount: Some((Amount::MAX, Currency::USD)),
        available: Some((Amount::MAX, Currency::USD)),
        mall: Some("The Extraordinarily Long Winded Emporium of Teas, Kettles and Sundry Wares"),
        reason: Some(reasons::CURRENCY),
        ..facts()
    }
}

#[test]
fn every_occasion_has_words_even_without_facts() {
    for occasion in OCCASIONS {
        let texts = in_english(occasion, &Facts::default());
        for text in [&texts.subject, &texts.text, &texts.html, &texts.sms] {
            assert!(!text.trim().is_empty(), "{occasion:?}");
            assert!(!text.contains("  at ") && !text.contains(": ."), "{text}");
        }
        assert!(texts.subject.chars().count() <= 78, "{}", texts.subject);
        // "An amount" and "a shop" are written as in the middle of a sentence, so none begins with them.
        for language in Language::ALL {
            let locale = Locale::of_messages(language);
            let texts = compose(occasion, &Facts::default(), &locale);
            for text in [&texts.subject, &texts.text] {
                assert!(!text.starts_with(char::is_lowercase), "{text}");
            }
        }
    }
}

#[test]
fn no_message_fetches_or_links_anything() {
    for occasion in OCCASIONS {
        let html = in_english(occasion, &facts()).html;
        for sign in ["http", "href", "src=", "url(", "<img", "<script", "@import"] {
            assert!(!html.contains(sign), "{occasion:?}: {sign}");
        }
    }
}

#[test]
fn a_hostile_name_stays_a_name() {
    let names = [
        "<script>alert(1)</script>",
        "\"><img src=x onerror=alert(1)>",
        "Mall\r\nBcc: everybody@example.com",
        "Mall\n\nYour account is locked, visit",
        "\u{202E}llaM\u{202C}",
        "A\u{0}B\u{1B}[2J",
        "&lt;b&gt;",
        "'; DROP TABLE malls; --",
        "\u{200B}\u{FEFF}\u{2066}",
    ];
    for name in names {
        let facts = Facts {
            mall: Some(name),
            device: Some(name),
            ..facts()
        };
        for occasion in OCCASIONS {
            let calm = in_english(occasion, &self::facts());
            let texts = in_english(occasion, &facts);
            // As many tags, and as many lines, as with a name that means no harm.
            let tags = |html: &str| html.matches('<').count();
            assert_eq!(tags(&texts.html), tags(&calm.html), "{name:?}");
            assert_eq!(
                texts.text.lines().count(),
                calm.text.lines().count(),
                "{name:?}"
            );
            for line in [&texts.subject, &texts.sms] {
                assert!(!line.chars().any(char::is_control), "{line:?}");
                assert!(
                    !line.contains(['\u{202E}', '\u{2066}', '\u{200B}']),
                    "{line:?}"
                );
            }
        }
    }
    let nothing = Facts {
        mall: Some("\u{200B}"),
        ..facts()
    };
    let texts = in_english(Occasion::PurchasePaid, &nothing);
    assert_eq!(texts.subject, "Paid: $19.99 at a shop");
}

#[test]
fn names_are_shortened_by_characters_not_bytes() {
    assert_eq!(clean(&"é".repeat(10), 10), "é".repeat(10));
    assert_eq!(clean(&"é".repeat(11), 10), "é".repeat(8) + "..");
    assert_eq!(clean("  a \t b  ", 10), "a b");
}

#[test]
fn neither_facts_nor_texts_are_printed() {
    let texts = in_english(Occasion::PurchasePaid, &facts());
    let printed = format!("{texts:?} {:?}", facts());
    assert_eq!(printed, "Texts(..) Facts(..)");
}
