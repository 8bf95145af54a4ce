//! All texts of messages to payers. Input: an [`Occasion`] and its [`Facts`]. Output: the [`Texts`] of a message.
//!
//! Text from others (a mall's name, a device's, a host's reason) is shortened, unprintable characters are removed, and
//! it is escaped in HTML. A message never contains a link: a message with a link is not from Tessera.

mod render;

use tessera_kit::clock::Timestamp;
use tessera_protocol::{Amount, Currency};
use time::OffsetDateTime;

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
    pub reason: Option<&'a str>,
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

/// Composes the message.
pub fn compose(occasion: Occasion, facts: &Facts<'_>) -> Texts {
    let words = words(occasion, facts);
    let rows = rows(facts);
    Texts {
        text: render::plain(&words, &rows),
        html: render::html(&words, &rows),
        sms: render::short(&words, facts),
        subject: words.subject,
    }
}

/// The parts of the text that depend on the occasion.
struct Words {
    subject: String,
    /// The first sentence.
    lead: String,
    /// What to do if something is wrong.
    advice: &'static str,
    /// The code, shown large on its own line.
    code: Option<String>,
    /// Short, and without a full stop.
    sms: String,
    /// Whether the short message includes the available balance.
    sms_available: bool,
}

const NOT_YOU: &str = "If this was not you, freeze your wallet and change your password now.";
const NOT_YOU_PAID: &str = "If you do not know this purchase, freeze your wallet now.";
const NOTHING_TO_DO: &str = "There is nothing you need to do.";
const SIGNATURE: &str = "Tessera sends no links. Open your wallet as you always do.";
const TRY_AGAIN: &str = "No money has moved. You can try again.";

/// Maximum length of foreign names, in characters: in a line, and in a short message.
const NAME_MAX: usize = 60;
const SHORT_NAME_MAX: usize = 24;

fn words(occasion: Occasion, facts: &Facts<'_>) -> Words {
    let amount = facts.amount.map_or_else(|| "An amount".to_owned(), money);
    let mall = name(facts.mall, "a shop", NAME_MAX);
    let short_mall = name(facts.mall, "a shop", SHORT_NAME_MAX);
    let because = facts.reason.map_or_else(String::new, |reason| {
        format!(": {}", clean(reason, NAME_MAX))
    });
    match occasion {
        Occasion::PurchasePaid => Words {
            subject: format!("Paid: {amount} at {mall}"),
            lead: format!("You have paid {amount} at {mall}."),
            sms: format!("Paid {amount} at {short_mall}"),
            sms_available: true,
            ..Words::advising(NOT_YOU_PAID)
        },
        Occasion::AmountHeld => Words {
            subject: format!("Held: {amount} for {mall}"),
            lead: format!("{mall} has reserved {amount}. You pay only when it charges the amount."),
            sms: format!("Held {amount} for {short_mall}"),
            sms_available: true,
            ..Words::advising(NOT_YOU_PAID)
        },
        Occasion::HoldFreed => Words {
            subject: format!("No longer held for {mall}"),
            lead: format!("The amount that was reserved for {mall} is available again, because it was not charged in time."),
            sms: format!("No longer held for {short_mall}"),
            ..Words::advising(NOTHING_TO_DO)
        },
        Occasion::PurchaseDeclined => Words {
            subject: format!("Declined: {amount} at {mall}"),
            lead: format!("A purchase of {amount} at {mall} was declined{because}."),
            sms: format!("Declined: {amount} at {short_mall}{because}"),
            sms_available: true,
            ..Words::advising(NOT_YOU_PAID)
        },
        Occasion::PurchaseReversed => Words {
            subject: format!("Cancelled: {amount} at {mall}"),
            lead: format!("{mall} has cancelled a purchase. {amount} is available again."),
            sms: format!("Cancelled: {amount} at {short_mall} is available again"),
            sms_available: true,
            ..Words::advising(NOTHING_TO_DO)
        },
        Occasion::PurchaseRefunded => Words {
            subject: format!("Refunded: {amount} from {mall}"),
            lead: format!("{mall} has refunded {amount} to you."),
            sms: format!("Refund of {amount} from {short_mall}"),
            sms_available: true,
            ..Words::advising(NOTHING_TO_DO)
        },
        Occasion::RefundTakenBack => Words {
            subject: format!("Refund cancelled: {amount} by {mall}"),
            lead: format!("{mall} has cancelled a refund. {amount} was debited again."),
            sms: format!("{short_mall} has cancelled its refund of {amount}"),
            sms_available: true,
            ..Words::advising("If you did not expect this, please ask the shop.")
        },
        Occasion::LoadArrived => Words {
            subject: format!("Loaded: {amount}"),
            lead: match facts.mall {
                Some(_) => format!("{amount} has arrived in your wallet from {mall}."),
                None => format!("{amount} has arrived in your wallet from your source."),
            },
            sms: format!("Loaded {amount}"),
            sms_available: true,
            ..Words::advising(NOT_YOU)
        },
        Occasion::LoadFailed => Words {
            subject: format!("Not loaded: {amount}"),
            lead: format!("{amount} could not be loaded from your source{because}."),
            sms: format!("Not loaded: {amount}{because}"),
            ..Words::advising(TRY_AGAIN)
        },
        Occasion::PayoutSent => Words {
            subject: format!("Paid out: {amount}"),
            lead: format!("{amount} has been paid out to your source."),
            sms: format!("Paid out {amount}"),
            sms_available: true,
            ..Words::advising(NOT_YOU)
        },
        Occasion::PayoutFailed => Words {
            subject: format!("Not paid out: {amount}"),
            lead: format!("{amount} could not be paid out to your source{because}."),
            sms: format!("Not paid out: {amount}{because}"),
            ..Words::advising(TRY_AGAIN)
        },
        Occasion::SignedIn => Words {
            subject: "Somebody signed in to your wallet".to_owned(),
            lead: format!("Somebody signed in to your wallet{}.", with_device(facts)),
            sms: "Somebody signed in to your wallet. If not you, change your password".to_owned(),
            ..Words::advising(NOT_YOU)
        },
        Occasion::PasswordChanged => Words {
            subject: "Your password was changed".to_owned(),
            lead: "The password of your wallet was changed. All other devices were signed out."
                .to_owned(),
            sms: "The password of your wallet was changed. If not you, freeze your wallet".to_owned(),
            ..Words::advising(NOT_YOU)
        },
        Occasion::CardReissued => Words {
            subject: "Your card has a new number".to_owned(),
            lead: "Your card has a new number. The old one no longer works.".to_owned(),
            sms: "Your card has a new number. The old one no longer works".to_owned(),
            ..Words::advising(NOT_YOU)
        },
        Occasion::ContactChanged => Words {
            subject: "The contact of your wallet was changed".to_owned(),
            lead: "The address for messages about your wallet was changed.".to_owned(),
            sms: "The contact of your wallet was changed. If not you, freeze your wallet".to_owned(),
            ..Words::advising(NOT_YOU)
        },
        Occasion::RecoverySet => recovery_set(),
        Occasion::Recovered => recovered(),
        Occasion::PasskeyAdded => passkey_added(facts),
        Occasion::PasskeyRemoved => passkey_removed(),
        Occasion::Frozen => Words {
            subject: "Your wallet is frozen".to_owned(),
            lead: "Your wallet is frozen. Purchases are declined until you unfreeze it.".to_owned(),
            sms: "Your wallet is frozen. Purchases are declined until you unfreeze it".to_owned(),
            ..Words::advising("If this was not you, change your password.")
        },
        Occasion::Disputed => disputed(),
        Occasion::Unfrozen => Words {
            subject: "Your wallet is no longer frozen".to_owned(),
            lead: "Your wallet is no longer frozen. It can pay again.".to_owned(),
            sms: "Your wallet is no longer frozen. If not you, freeze it again".to_owned(),
            ..Words::advising(NOT_YOU)
        },
        Occasion::WalletClosed => Words {
            subject: "Your wallet is closed".to_owned(),
            lead: "Your wallet is closed. Its card and numbers no longer work, and this is the last message about it."
                .to_owned(),
            sms: "Your wallet is closed. This is the last message about it".to_owned(),
            ..Words::advising(NOTHING_TO_DO)
        },
        Occasion::ConfirmationCode => {
            let code = clean(facts.code.unwrap_or_default(), 12);
            Words {
                subject: "Your confirmation code".to_owned(),
                lead: "Enter this code in your wallet to confirm that messages reach you here:".to_owned(),
                sms: format!("{code} is your Tessera confirmation code. It is valid for 15 minutes. Do not share it"),
                code: Some(code),
                ..Words::advising(
                    "It is valid for 15 minutes. Do not share it with anyone: Tessera never asks for it. If you did not request it, please ignore this message.",
                )
            }
        }
    }
}

fn recovery_set() -> Words {
    Words {
        subject: "Your wallet has a new recovery code".to_owned(),
        lead: "Your wallet has a new recovery code. An earlier code no longer works.".to_owned(),
        sms: "Your wallet has a new recovery code. If not you, change password and code".to_owned(),
        ..Words::advising(
            "If this was not you, change your password, create another recovery code, and freeze your wallet now.",
        )
    }
}

fn recovered() -> Words {
    Words {
        subject: "Your password was set with the recovery code".to_owned(),
        lead: "Your wallet has a new password, set with the recovery code. All sessions before it have ended, and the code is used up."
            .to_owned(),
        sms: "Your password was set with the recovery code. If not you, contact us".to_owned(),
        ..Words::advising("If this was not you, contact us at once: somebody has your recovery code.")
    }
}

fn passkey_added(facts: &Facts<'_>) -> Words {
    let name = facts.device.map_or_else(String::new, |device| {
        format!(", “{}”", clean(device, NAME_MAX))
    });
    Words {
        subject: "A passkey was added to your wallet".to_owned(),
        lead: format!(
            "Your wallet has a new passkey{name}. It signs in and confirms payments without your password."
        ),
        sms: "A passkey was added to your wallet. If not you, remove it and change your password"
            .to_owned(),
        ..Words::advising(
            "If this was not you, open Security in your wallet now: remove the passkey, sign out everywhere, and change your password.",
        )
    }
}

fn passkey_removed() -> Words {
    Words {
        subject: "A passkey was removed from your wallet".to_owned(),
        lead: "A passkey of your wallet was removed. It no longer signs in.".to_owned(),
        sms: "A passkey was removed from your wallet. If not you, change your password".to_owned(),
        ..Words::advising(NOT_YOU)
    }
}

fn disputed() -> Words {
    Words {
        subject: "You reported a transaction".to_owned(),
        lead: "You reported a transaction that you do not recognise. Your wallet is frozen, and we look into it. New purchases are declined until you unfreeze it.".to_owned(),
        sms: "You reported a transaction. Your wallet is frozen, and we look into it".to_owned(),
        ..Words::advising("If this was not you, change your password.")
    }
}

impl Words {
    fn advising(advice: &'static str) -> Self {
        Self {
            subject: String::new(),
            lead: String::new(),
            advice,
            code: None,
            sms: String::new(),
            sms_available: false,
        }
    }
}

fn with_device(facts: &Facts<'_>) -> String {
    facts.device.map_or_else(String::new, |device| {
        format!(" with {}", clean(device, NAME_MAX))
    })
}

/// The rows under the first sentence: name and value.
fn rows(facts: &Facts<'_>) -> Vec<(&'static str, String)> {
    let card = |digits: &str| format!("ending in {}", clean(digits, 4));
    let line = |text: &str| clean(text, NAME_MAX);
    [
        ("When", facts.at.map(moment)),
        ("Card", facts.card.map(card)),
        ("Available now", facts.available.map(money)),
        ("Reference", facts.reference.map(line)),
    ]
    .into_iter()
    .filter_map(|(name, value)| Some((name, value?)))
    .collect()
}

fn name(stated: Option<&str>, unless: &str, most: usize) -> String {
    match stated.map(|stated| clean(stated, most)) {
        Some(stated) if !stated.is_empty() => stated,
        _ => unless.to_owned(),
    }
}

/// `19.99 USD`.
fn money((amount, currency): (Amount, Currency)) -> String {
    tessera_protocol::money_text(amount, currency)
}

/// `22 November 2026, 09:45 UTC`.
fn moment(at: Timestamp) -> String {
    const MONTHS: [&str; 12] = [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ];
    let seconds = i64::try_from(at.milliseconds() / 1_000).unwrap_or(i64::MAX);
    let Ok(moment) = OffsetDateTime::from_unix_timestamp(seconds) else {
        return "at an unknown time".to_owned();
    };
    format!(
        "{} {} {}, {:02}:{:02} UTC",
        moment.day(),
        MONTHS[usize::from(u8::from(moment.month())) - 1],
        moment.year(),
        moment.hour(),
        moment.minute()
    )
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
