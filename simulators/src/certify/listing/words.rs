//! Values of a message that are others in every run, or for every party, in words.

use super::super::message::Value;

/// What a value stands for, where the case does not say it itself.
pub(super) fn words(value: &Value) -> Option<String> {
    Some(match value {
        Value::Exactly(_) | Value::Lengthened(..) | Value::Tags(_) => return None,
        Value::Now(0) => "now".to_owned(),
        Value::Now(seconds) => format!("now {seconds:+} s"),
        Value::LocalTime | Value::LocalDate => "local".to_owned(),
        Value::Fresh => "not used before".to_owned(),
        Value::Party => "the party".to_owned(),
        Value::OtherParty => "another party".to_owned(),
        Value::Acceptor => "of the party".to_owned(),
        Value::Terminal => "a terminal".to_owned(),
        Value::Card | Value::Expiry => "the payer's".to_owned(),
        Value::Category => "a merchant category that is allowed".to_owned(),
        Value::AboveAmountMax => "more than the profile allows".to_owned(),
        Value::CategoryRefused => "one that is forbidden".to_owned(),
        Value::Country => "a country that is allowed".to_owned(),
        Value::CountryRefused => "one that is not".to_owned(),
        Value::KeyMaterial(key, wrapped) => {
            format!("tag 03: {}, {}", key.words(), wrapped.words())
        }
        Value::Order(number, _) => format!("tag 01: order {number}"),
        Value::As(number) => format!("as in message {number}"),
        Value::AsAnswer(number) => format!("as in the answer to message {number}"),
        Value::Original(number) => format!("names message {number}"),
        Value::OriginalWithoutTime(number) => {
            format!("names message {number}, without time and institution")
        }
        Value::OriginalUnnamed(number) => {
            format!("the type of message {number}, without trace number, time and institution")
        }
        Value::OriginalLost(number) => {
            format!("names message {number} by the time of a transmission that was lost")
        }
        Value::OriginalOfAnother(number) => {
            format!("message {number}, but of another institution")
        }
        Value::OriginalToCome => "names a purchase that is still to come".to_owned(),
        Value::AnnouncedEarly => "the one that was named before".to_owned(),
    })
}
