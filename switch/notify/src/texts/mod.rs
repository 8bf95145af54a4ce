//! Composes messages to payers. Input: an [`Occasion`], its [`Facts`], and the [`Locale`] of the payer. Output: the [`Texts`] of a
//! message. The words are those of `tessera-texts`.
//!
//! Text from others (a mall's name, a device's) is shortened, unprintable characters are removed, and
//! it is escaped in HTML. A message never contains a link: a message with a link is not from Tessera.

mod render;

use tessera_kit::clock::Timestamp;
use tessera_protocol::{Amount, Currency};
use tessera_texts::locale::iso;
use tessera_texts::{Argument, Locale, Money, Text, mail as text, reasons};

use render::clean;

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Occasion {
    /// A purchase was paid.
    PurchasePaid,
    /// A shop has reserved an amount, to be charged later.
    AmountHeld,
    /// A hold was released because it expired.
    HoldFreed,
    /// A purchase was declined.
    PurchaseDeclined,
    /// A purchase was reversed by the mall.
    PurchaseReversed,
    /// A mall refunded a purchase.
    PurchaseRefunded,
    /// A mall reversed a refund.
    RefundTakenBack,
    /// A load was approved.
    LoadArrived,
    /// It has not.
    LoadFailed,
    /// A payout was approved.
    PayoutSent,
    /// It has not.
    PayoutFailed,
    /// A session was opened.
    SignedIn,
    /// The password was changed.
    PasswordChanged,
    /// The card has a new number.
    CardReissued,
    /// The address was added to the wallet, or removed from it.
    ContactChanged,
    /// A recovery code was set.
    RecoverySet,
    /// The recovery code was used.
    Recovered,
    /// A passkey was added.
    PasskeyAdded,
    /// A passkey was removed.
    PasskeyRemoved,
    /// A browser shows notifications from now on.
    BrowserAdded,
    /// A browser shows no more notifications.
    BrowserRemoved,
    /// The wallet was frozen.
    Frozen,
    /// The payer does not recognise a transaction, and the wallet was frozen.
    Disputed,
    /// It was unfrozen.
    Unfrozen,
    /// It was closed.
    WalletClosed,
    /// A code that confirms an address.
    ConfirmationCode,
}

/// The data of an occasion. Unknown data, and data that the occasion does not use, is `None`.
#[derive(Clone, Default)]
pub struct Facts<'a> {
    /// When it happened.
    pub at: Option<Timestamp>,
    /// The amount.
    pub amount: Option<(Amount, Currency)>,
    /// The available balance now, in the same currency.
    pub available: Option<(Amount, Currency)>,
    /// The mall's name.
    pub mall: Option<&'a str>,
    /// The retrieval reference.
    pub reference: Option<&'a str>,
    /// The last four digits of the card or number that paid, or of the new card.
    pub card: Option<&'a str>,
    /// The reason, in words.
    pub reason: Option<Text>,
    /// The device or browser.
    pub device: Option<&'a str>,
    /// The confirmation code.
    pub code: Option<&'a str>,
}

/// All forms of a message.
#[derive(Clone, PartialEq, Eq)]
pub struct Texts {
    /// One line.
    pub subject: String,
    /// Plain text.
    pub text: String,
    /// The same as HTML.
    pub html: String,
    /// The same as a short message, in one segment if possible.
    pub sms: String,
}

/// Composes the message, in a language.
pub fn compose(occasion: Occasion, facts: &Facts<'_>, locale: &Locale) -> Texts {
    let words = words(occasion, facts, locale);
    let rows = rows(facts, locale);
    Texts {
        text: render::plain(&words, &rows, locale),
        html: render::html(&words, &rows, locale),
        sms: render::short(&words, facts, locale),
        subject: locale.say(&words.subject).into_owned(),
    }
}

/// The parts of the text that depend on the occasion.
struct Words {
    subject: Text,
    /// The first sentence.
    lead: Text,
    /// What to do if something is wrong.
    advice: Text,
    /// The code, shown large on its own line.
    code: Option<String>,
    /// Short, and without a full stop.
    sms: Text,
    /// Whether the short message includes the available balance.
    sms_available: bool,
}

/// Maximum length of foreign names, in characters: in a line, and in a short message.
const NAME_MAX: usize = 60;
const SHORT_NAME_MAX: usize = 24;

fn words(occasion: Occasion, facts: &Facts<'_>, locale: &Locale) -> Words {
    match occasion {
        Occasion::PurchasePaid
        | Occasion::AmountHeld
        | Occasion::HoldFreed
        | Occasion::PurchaseDeclined
        | Occasion::PurchaseReversed
        | Occasion::PurchaseRefunded
        | Occasion::RefundTakenBack => about_purchase(occasion, facts, locale),
        Occasion::LoadArrived
        | Occasion::LoadFailed
        | Occasion::PayoutSent
        | Occasion::PayoutFailed => about_money(occasion, facts, locale),
        Occasion::ConfirmationCode => {
            let code = clean(facts.code.unwrap_or_default(), 12);
            let words = Words::plain(
                text::CODE_SUBJECT,
                text::CODE_LEAD,
                text::code_sms(&code),
                text::CODE_ADVICE,
            );
            Words {
                code: Some(code),
                ..words
            }
        }
        Occasion::SignedIn
        | Occasion::PasswordChanged
        | Occasion::CardReissued
        | Occasion::ContactChanged
        | Occasion::RecoverySet
        | Occasion::Recovered
        | Occasion::PasskeyAdded
        | Occasion::PasskeyRemoved
        | Occasion::BrowserAdded
        | Occasion::BrowserRemoved
        | Occasion::Frozen
        | Occasion::Disputed
        | Occasion::Unfrozen
        | Occasion::WalletClosed => about_account(occasion, facts),
    }
}

#[allow(
    clippy::wildcard_enum_match_arm,
    reason = "the caller names every occasion, and what is left here is one"
)]
fn about_purchase(occasion: Occasion, facts: &Facts<'_>, locale: &Locale) -> Words {
    let (amount, letters) = (
        amount(facts, locale, money),
        amount(facts, locale, in_letters),
    );
    let (amount, letters) = (|| amount.clone(), || letters.clone());
    let (shop, short) = (shop(facts, NAME_MAX), shop(facts, SHORT_NAME_MAX));
    let shop = || shop.clone();
    let because = || because(facts);
    let words = match occasion {
        Occasion::AmountHeld => Words::plain(
            text::reserved_subject(amount(), shop()),
            text::reserved_lead(amount(), shop()),
            text::reserved_sms(letters(), short),
            text::NOT_YOU_PAID,
        ),
        Occasion::HoldFreed => Words::plain(
            text::freed_subject(shop()),
            text::freed_lead(shop()),
            text::freed_sms(short),
            text::NOTHING_TO_DO,
        ),
        Occasion::PurchaseDeclined => Words::plain(
            text::declined_subject(amount(), shop()),
            text::declined_lead(amount(), because(), shop()),
            text::declined_sms(letters(), because(), short),
            text::NOT_YOU_PAID,
        ),
        Occasion::PurchaseReversed => Words::plain(
            text::cancelled_subject(amount(), shop()),
            text::cancelled_lead(amount(), shop()),
            text::cancelled_sms(letters(), short),
            text::NOTHING_TO_DO,
        ),
        Occasion::PurchaseRefunded => Words::plain(
            text::refunded_subject(amount(), shop()),
            text::refunded_lead(amount(), shop()),
            text::refunded_sms(letters(), short),
            text::NOTHING_TO_DO,
        ),
        Occasion::RefundTakenBack => Words::plain(
            text::taken_back_subject(amount(), shop()),
            text::taken_back_lead(amount(), shop()),
            text::taken_back_sms(letters(), short),
            text::ASK_SHOP,
        ),
        _ => Words::plain(
            text::paid_subject(amount(), shop()),
            text::paid_lead(amount(), shop()),
            text::paid_sms(letters(), short),
            text::NOT_YOU_PAID,
        ),
    };
    Words {
        sms_available: occasion != Occasion::HoldFreed,
        ..words
    }
}

#[allow(
    clippy::wildcard_enum_match_arm,
    reason = "the caller names every occasion, and what is left here is one"
)]
fn about_money(occasion: Occasion, facts: &Facts<'_>, locale: &Locale) -> Words {
    let (amount, letters) = (
        amount(facts, locale, money),
        amount(facts, locale, in_letters),
    );
    let (amount, letters) = (|| amount.clone(), || letters.clone());
    let because = || because(facts);
    let words = match occasion {
        Occasion::LoadFailed => Words::plain(
            text::not_loaded_subject(amount()),
            text::not_loaded_lead(amount(), because()),
            text::not_loaded_sms(letters(), because()),
            text::TRY_AGAIN,
        ),
        Occasion::PayoutSent => Words::plain(
            text::paid_out_subject(amount()),
            text::paid_out_lead(amount()),
            text::paid_out_sms(letters()),
            text::NOT_YOU,
        ),
        Occasion::PayoutFailed => Words::plain(
            text::not_paid_out_subject(amount()),
            text::not_paid_out_lead(amount(), because()),
            text::not_paid_out_sms(letters(), because()),
            text::TRY_AGAIN,
        ),
        _ => Words::plain(
            text::loaded_subject(amount()),
            match facts.mall {
                Some(_) => text::loaded_from_lead(amount(), shop(facts, NAME_MAX)),
                None => text::loaded_lead(amount()),
            },
            text::loaded_sms(letters()),
            text::NOT_YOU,
        ),
    };
    Words {
        sms_available: matches!(occasion, Occasion::LoadArrived | Occasion::PayoutSent),
        ..words
    }
}

#[allow(
    clippy::wildcard_enum_match_arm,
    reason = "the caller names every occasion, and what is left here is one"
)]
fn about_account(occasion: Occasion, facts: &Facts<'_>) -> Words {
    let (subject, lead, sms, advice) = match occasion {
        Occasion::PasswordChanged => (
            text::PASSWORD_SUBJECT,
            text::PASSWORD_LEAD,
            text::PASSWORD_SMS,
            text::NOT_YOU,
        ),
        Occasion::CardReissued => (
            text::REISSUED_SUBJECT,
            text::REISSUED_LEAD,
            text::REISSUED_SMS,
            text::NOT_YOU,
        ),
        Occasion::ContactChanged => (
            text::CONTACT_SUBJECT,
            text::CONTACT_LEAD,
            text::CONTACT_SMS,
            text::NOT_YOU,
        ),
        Occasion::RecoverySet => (
            text::RECOVERY_SUBJECT,
            text::RECOVERY_LEAD,
            text::RECOVERY_SMS,
            text::NOT_YOU_RECOVERY,
        ),
        Occasion::Recovered => (
            text::RECOVERED_SUBJECT,
            text::RECOVERED_LEAD,
            text::RECOVERED_SMS,
            text::NOT_YOU_RECOVERED,
        ),
        Occasion::PasskeyAdded => (
            text::PASSKEY_ADDED_SUBJECT,
            facts.device.map_or(text::PASSKEY_ADDED_LEAD, |name| {
                text::passkey_added_named_lead(clean(name, NAME_MAX))
            }),
            text::PASSKEY_ADDED_SMS,
            text::NOT_YOU_PASSKEY,
        ),
        Occasion::PasskeyRemoved => (
            text::PASSKEY_REMOVED_SUBJECT,
            text::PASSKEY_REMOVED_LEAD,
            text::PASSKEY_REMOVED_SMS,
            text::NOT_YOU,
        ),
        Occasion::BrowserAdded => (
            text::BROWSER_ADDED_SUBJECT,
            facts.device.map_or(text::BROWSER_ADDED_LEAD, |name| {
                text::browser_added_named_lead(clean(name, NAME_MAX))
            }),
            text::BROWSER_ADDED_SMS,
            text::NOT_YOU_BROWSER,
        ),
        Occasion::BrowserRemoved => (
            text::BROWSER_REMOVED_SUBJECT,
            text::BROWSER_REMOVED_LEAD,
            text::BROWSER_REMOVED_SMS,
            text::NOT_YOU,
        ),
        Occasion::Frozen => (
            text::FROZEN_SUBJECT,
            text::FROZEN_LEAD,
            text::FROZEN_SMS,
            text::NOT_YOU_FROZEN,
        ),
        Occasion::Disputed => (
            text::DISPUTED_SUBJECT,
            text::DISPUTED_LEAD,
            text::DISPUTED_SMS,
            text::NOT_YOU_FROZEN,
        ),
        Occasion::Unfrozen => (
            text::UNFROZEN_SUBJECT,
            text::UNFROZEN_LEAD,
            text::UNFROZEN_SMS,
            text::NOT_YOU,
        ),
        Occasion::WalletClosed => (
            text::CLOSED_SUBJECT,
            text::CLOSED_LEAD,
            text::CLOSED_SMS,
            text::NOTHING_TO_DO,
        ),
        _ => (
            text::SIGNED_IN_SUBJECT,
            facts.device.map_or(text::SIGNED_IN_LEAD, |device| {
                text::signed_in_with_lead(clean(device, NAME_MAX))
            }),
            text::SIGNED_IN_SMS,
            text::NOT_YOU,
        ),
    };
    Words::plain(subject, lead, sms, advice)
}

impl Words {
    fn plain(subject: Text, lead: Text, sms: Text, advice: Text) -> Self {
        Self {
            subject,
            lead,
            advice,
            code: None,
            sms,
            sms_available: false,
        }
    }
}

/// The rows under the first sentence: name and value.
fn rows(facts: &Facts<'_>, locale: &Locale) -> Vec<(String, String)> {
    let line = |text: &str| clean(text, NAME_MAX);
    let card = |digits: &str| locale.say(text::card_ending(clean(digits, 4))).into_owned();
    [
        (text::WHEN, facts.at.map(|at| moment(at, locale))),
        (text::CARD, facts.card.map(card)),
        (
            text::AVAILABLE,
            facts.available.map(|available| money(available, locale)),
        ),
        (text::REFERENCE, facts.reference.map(line)),
    ]
    .into_iter()
    .filter_map(|(name, value)| Some((locale.say(name).into_owned(), value?)))
    .collect()
}

fn amount(facts: &Facts<'_>, locale: &Locale, write: Write) -> Argument {
    match facts.amount {
        Some(amount) => write(amount, locale).into(),
        None => text::AN_AMOUNT.into(),
    }
}

fn shop(facts: &Facts<'_>, most: usize) -> Argument {
    match facts.mall.map(|stated| clean(stated, most)) {
        Some(stated) if !stated.is_empty() => stated.into(),
        _ => text::A_SHOP.into(),
    }
}

fn because(facts: &Facts<'_>) -> Text {
    let reason = facts.reason.clone();
    reason.unwrap_or(reasons::CODE_DECLINED)
}

/// One of the two below.
type Write = fn((Amount, Currency), &Locale) -> String;

/// As the reader writes it.
fn money((amount, currency): (Amount, Currency), locale: &Locale) -> String {
    plain_spaces(locale.money(Money::new(amount.value(), currency)))
}

/// With the letters of the currency: the alphabet of short messages lacks the signs of most.
fn in_letters((amount, currency): (Amount, Currency), locale: &Locale) -> String {
    plain_spaces(locale.money_in_letters(Money::new(amount.value(), currency)))
}

/// Without the spaces that do not break a line: they would make a short message longer.
fn plain_spaces(text: String) -> String {
    text.replace(['\u{a0}', '\u{202f}'], " ")
}

/// `22 November 2026, 09:45 UTC`.
fn moment(at: Timestamp, locale: &Locale) -> String {
    let milliseconds = at.milliseconds();
    let time = &iso(milliseconds)[11..16];
    let moment = text::moment(locale.long_day(milliseconds), time);
    locale.say(moment).into_owned()
}

impl std::fmt::Debug for Facts<'_> {
    /// Who bought what is nobody's business.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Facts(..)")
    }
}

impl std::fmt::Debug for Texts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Texts(..)")
    }
}

#[cfg(test)]
mod tests;
