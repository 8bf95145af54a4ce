//! From a message to the segments that the centre is asked to deliver.

use std::str::FromStr as _;

use rusmpp::pdus::SubmitSm;
use rusmpp::tlvs::MessageSubmissionRequestTlvValue;
use rusmpp::types::{COctetString, OctetString};
use rusmpp::values::{
    EsmClass, IntermediateNotification, MCDeliveryReceipt, Npi, RegisteredDelivery,
    SmeOriginatedAcknowledgement, Ton, UserMessageReference,
};
use tokio::sync::oneshot;

use super::alphabet;
use crate::channel::{Failure, Message, MessageId};

/// esm_class: the text begins with a header.
const USER_DATA_HEADER: u8 = 0x40;

/// A segment, and who waits for its acknowledgement.
pub(super) struct Submit {
    pub(super) segment: Segment,
    pub(super) answer: oneshot::Sender<Result<(), Failure>>,
}

/// One submit_sm.
pub(super) struct Segment {
    pub(super) pdu: SubmitSm,
    pub(super) place: Place,
}

/// Which segment of which message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) id: MessageId,
    /// From 1.
    pub(super) segment: u8,
    pub(super) segments: u8,
}

/// Whom the payer sees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sender {
    ton: Ton,
    npi: Npi,
    address: String,
}

impl Sender {
    /// The settings have checked that it is one of the three.
    pub(super) fn of(text: &str) -> Self {
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        let (ton, npi, address) = match text.strip_prefix('+') {
            Some(number) => (Ton::International, Npi::Isdn, number),
            None if digits(text) => (Ton::Abbreviated, Npi::Unknown, text),
            None => (Ton::Alphanumeric, Npi::Unknown, text),
        };
        Self {
            ton,
            npi,
            address: address.to_owned(),
        }
    }
}

/// All segments. The reference by which the telephone joins segments comes from the message's id, so that a repeated
/// message replaces the earlier one if the telephone supports it.
pub(super) fn segments(sender: &Sender, message: &Message) -> Result<Vec<Segment>, Failure> {
    let unfit = |_| Failure::permanent("a value does not fit its field");
    let number = phone_number(message.to.expose())
        .ok_or_else(|| Failure::permanent("the address is not a telephone number"))?;
    let reference = message.id.short();
    let encoded = alphabet::encode(&message.sms, reference)
        .ok_or_else(|| Failure::permanent("the text is too long for short messages"))?;
    let segments = encoded.bodies.len() as u8;
    // Not the library's default, which claims to be an acknowledgement.
    let class = EsmClass::from(match segments {
        1 => 0,
        _ => USER_DATA_HEADER,
    });
    (1u8..)
        .zip(encoded.bodies)
        .map(|(segment, body)| {
            let mut pdu = SubmitSm::builder()
                .source_addr_ton(sender.ton)
                .source_addr_npi(sender.npi)
                .source_addr(COctetString::from_str(&sender.address).map_err(unfit)?)
                .dest_addr_ton(Ton::International)
                .dest_addr_npi(Npi::Isdn)
                .destination_addr(COctetString::from_str(number).map_err(unfit)?)
                .esm_class(class)
                .registered_delivery(final_receipt())
                .data_coding(encoded.coding)
                .short_message(
                    OctetString::from_vec(body)
                        .map_err(|_| Failure::permanent("a segment does not fit its field"))?,
                )
                .build();
            pdu.push_tlv(MessageSubmissionRequestTlvValue::UserMessageReference(
                UserMessageReference::new(reference),
            ));
            Ok(Segment {
                pdu,
                place: Place {
                    id: message.id.clone(),
                    segment,
                    segments,
                },
            })
        })
        .collect()
}

fn final_receipt() -> RegisteredDelivery {
    RegisteredDelivery::new(
        MCDeliveryReceipt::McDeliveryReceiptRequestedWhereFinalDeliveryOutcomeIsSuccessOrFailure,
        SmeOriginatedAcknowledgement::default(),
        IntermediateNotification::default(),
        0,
    )
}

/// The digits of a number with its country (ITU-T E.164: at most 15).
fn phone_number(text: &str) -> Option<&str> {
    let digits = text.strip_prefix('+')?;
    let fits = (7..=15).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
    (fits && !digits.starts_with('0')).then_some(digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_the_three_kinds_of_sender() {
        for (text, ton, npi, address) in [
            ("TESSERA", Ton::Alphanumeric, Npi::Unknown, "TESSERA"),
            ("2775", Ton::Abbreviated, Npi::Unknown, "2775"),
            (
                "+491701234567",
                Ton::International,
                Npi::Isdn,
                "491701234567",
            ),
        ] {
            let address = address.to_owned();
            assert_eq!(Sender::of(text), Sender { ton, npi, address });
        }
    }

    #[test]
    fn a_number_has_its_country() {
        assert_eq!(phone_number("+491701234567"), Some("491701234567"));
        for wrong in [
            "491701234567",
            "+0491701234567",
            "+49170",
            "+4917012345678901",
            "+49 170 1234567",
            "",
        ] {
            assert_eq!(phone_number(wrong), None, "{wrong}");
        }
    }
}
