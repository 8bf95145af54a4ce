//! Delivery receipts: what became of a segment after the centre took it over.

use std::collections::{HashMap, VecDeque};

use rusmpp::pdus::DeliverSm;
use rusmpp::tlvs::TlvValue;
use rusmpp::values::{MessageState, MessageType};

use super::submit::Place;
use crate::channel::MessageId;

/// A day's receipts of a busy switch, at most some ten megabytes.
const KNOWN_MAX: usize = 65_536;

/// What the centre says about one segment of a message, in the end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// The message.
    pub id: MessageId,
    /// Which of its segments, from 1.
    pub segment: u8,
    /// How many it has.
    pub segments: u8,
    /// Whether it reached the telephone.
    pub outcome: ReceiptOutcome,
}

/// Whether a segment reached the telephone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReceiptOutcome {
    /// It did.
    Delivered,
    /// It never will: the centre's word for why (`EXPIRED`, `UNDELIV 001`).
    Failed(String),
}

/// A receipt as it came.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Report {
    /// What the centre calls the segment.
    pub(super) centre_id: String,
    pub(super) outcome: ReceiptOutcome,
}

/// The final receipt in a deliver_sm; `None` for anything else, such as a reply of the payer or a word on the way.
pub(super) fn read(deliver: &DeliverSm) -> Option<Report> {
    let is_receipt =
        deliver.esm_class.message_type == MessageType::ShortMessageContainsMCDeliveryReceipt;
    if !is_receipt {
        return None;
    }
    let text = String::from_utf8_lossy(deliver.short_message().as_ref()).into_owned();
    let (mut centre_id, mut state) = (value(&text, "id:"), None);
    for tlv in deliver.tlvs() {
        match tlv.value() {
            Some(TlvValue::ReceiptedMessageId(id)) => centre_id = Some(id.as_str().to_owned()),
            Some(TlvValue::MessageState(notice)) => state = Some(*notice),
            _ => (),
        }
    }
    let outcome = match (state, value(&text, "stat:")) {
        (Some(state), _) => of_state(state, value(&text, "err:"))?,
        (None, Some(word)) => of_word(&word, value(&text, "err:"))?,
        (None, None) => return None,
    };
    let centre_id = centre_id.filter(|id| !id.is_empty())?;
    Some(Report { centre_id, outcome })
}

/// What stands behind a key in `id:0123 sub:001 dlvrd:001 ... stat:DELIVRD err:000 text:...` (SMPP 3.4, appendix B).
fn value(text: &str, key: &str) -> Option<String> {
    let notice = text.split_ascii_whitespace().find_map(|word| {
        let head = word.get(..key.len())?;
        head.eq_ignore_ascii_case(key).then(|| &word[key.len()..])
    })?;
    let plain = notice.len() <= 64 && notice.bytes().all(|byte| byte.is_ascii_graphic());
    plain.then(|| notice.to_owned())
}

fn of_state(state: MessageState, error: Option<String>) -> Option<ReceiptOutcome> {
    of_word(
        match state {
            MessageState::Delivered => "DELIVRD",
            MessageState::Expired => "EXPIRED",
            MessageState::Deleted => "DELETED",
            MessageState::Undeliverable => "UNDELIV",
            MessageState::Rejected => "REJECTD",
            MessageState::Unknown => "UNKNOWN",
            _ => return None,
        },
        error,
    )
}

fn of_word(word: &str, error: Option<String>) -> Option<ReceiptOutcome> {
    let word = word.to_ascii_uppercase();
    match word.as_str() {
        "DELIVRD" => Some(ReceiptOutcome::Delivered),
        "EXPIRED" | "DELETED" | "UNDELIV" | "REJECTD" | "UNKNOWN" => {
            let error = error.filter(|error| error.bytes().any(|byte| byte != b'0'));
            Some(ReceiptOutcome::Failed(match error {
                Some(error) => format!("{word} {error}"),
                None => word,
            }))
        }
        // ACCEPTD, ENROUTE: on its way.
        _ => None,
    }
}

/// What the centre calls the segments that it has acknowledged.
#[derive(Default)]
pub(super) struct Known {
    places: HashMap<String, Place>,
    order: VecDeque<String>,
}

impl Known {
    pub(super) fn insert(&mut self, centre_id: &str, place: Place) {
        if centre_id.is_empty() {
            return;
        }
        while self.order.len() >= KNOWN_MAX {
            if let Some(oldest) = self.order.pop_front() {
                self.places.remove(&oldest);
            }
        }
        if self.places.insert(centre_id.to_owned(), place).is_none() {
            self.order.push_back(centre_id.to_owned());
        }
    }

    /// The receipt for whom it may concern. A repeat of it finds the same: centres repeat what was not acknowledged.
    pub(super) fn receipt(&self, report: Report) -> Option<Receipt> {
        let place = spellings(&report.centre_id).find_map(|id| self.places.get(&id))?;
        Some(Receipt {
            id: place.id.clone(),
            segment: place.segment,
            segments: place.segments,
            outcome: report.outcome,
        })
    }
}

/// Some centres write an id in hexadecimal when they acknowledge and in decimal in the receipt, or the other way round.
fn spellings(id: &str) -> impl Iterator<Item = String> {
    let decimal = id.parse::<u64>().ok();
    let hexadecimal = u64::from_str_radix(id, 16).ok();
    let others = [
        decimal.map(|number| format!("{number:x}")),
        decimal.map(|number| format!("{number:X}")),
        decimal.map(|number| format!("{number:08x}")),
        decimal.map(|number| format!("{number:08X}")),
        hexadecimal.map(|number| number.to_string()),
        hexadecimal.map(|number| format!("{number:010}")),
    ];
    std::iter::once(id.to_owned()).chain(others.into_iter().flatten())
}

#[cfg(test)]
mod tests {
    use rusmpp::types::OctetString;
    use rusmpp::values::EsmClass;

    use super::*;

    fn deliver(class: u8, text: &str) -> DeliverSm {
        DeliverSm::builder()
            .esm_class(EsmClass::from(class))
            .short_message(OctetString::from_vec(text.as_bytes().to_vec()).unwrap())
            .build()
    }

    fn place(segment: u8) -> Place {
        Place {
            id: MessageId::new("a.1").unwrap(),
            segment,
            segments: 2,
        }
    }

    #[test]
    fn reads_final_receipts_and_nothing_else() {
        let text = |stat, err| {
            format!(
                "id:00ABcd sub:001 dlvrd:001 submit date:2611221200 done date:2611221201 stat:{stat} err:{err} text:Paid"
            )
        };
        for (stat, err, outcome) in [
            ("DELIVRD", "000", Some(ReceiptOutcome::Delivered)),
            (
                "UNDELIV",
                "021",
                Some(ReceiptOutcome::Failed("UNDELIV 021".into())),
            ),
            (
                "EXPIRED",
                "000",
                Some(ReceiptOutcome::Failed("EXPIRED".into())),
            ),
            ("ENROUTE", "000", None),
        ] {
            let report = read(&deliver(4, &text(stat, err)));
            let expected = outcome.map(|outcome| Report {
                centre_id: "00ABcd".into(),
                outcome,
            });
            assert_eq!(report, expected, "{stat}");
        }
        assert_eq!(read(&deliver(0, &text("DELIVRD", "000"))), None, "a reply");
        for text in ["", "stat:DELIVRD", "id: stat:DELIVRD", "id:1 é stat:"] {
            assert_eq!(read(&deliver(4, text)), None, "{text}");
        }
    }

    #[test]
    fn finds_the_segment_in_either_spelling() {
        let mut known = Known::default();
        known.insert("0000abcd", place(1));
        known.insert("77", place(2));
        for (centre_id, segment) in [("0000abcd", 1), ("43981", 1), ("77", 2), ("4D", 2)] {
            let report = Report {
                centre_id: centre_id.into(),
                outcome: ReceiptOutcome::Delivered,
            };
            assert_eq!(
                known.receipt(report).map(|receipt| receipt.segment),
                Some(segment)
            );
        }
        let unknown = Report {
            centre_id: "12".into(),
            outcome: ReceiptOutcome::Delivered,
        };
        assert_eq!(known.receipt(unknown), None);
    }

    #[test]
    fn forgets_the_oldest() {
        let mut known = Known::default();
        for number in 0..KNOWN_MAX + 10 {
            known.insert(&format!("x{number}"), place(1));
        }
        assert_eq!(
            (known.places.len(), known.order.len()),
            (KNOWN_MAX, KNOWN_MAX)
        );
        assert!(!known.places.contains_key("x9") && known.places.contains_key("x10"));
    }
}
