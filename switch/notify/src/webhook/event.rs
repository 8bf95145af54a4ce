//! What an event says. Nothing of it is about the payer: what the party has sent itself, and what has become of it.

use serde_json::{Map, Value, json};
use tessera_common::text::{latin_1, visible};
use tessera_journal::Journal;
use tessera_ledger::moment::rfc_3339;
use tessera_ledger::{Class, Entry, Event, Opening, Payer};
use tessera_protocol::{Amount, Institution, Stan};
use tessera_store::ReadBackError;

use super::outbox::Kind;
use crate::occasion;
use crate::texts::Occasion;

/// The body of an event, as JSON; `None` where there is nothing to say, or the journal no longer has it.
///
/// # Errors
/// When the journal can't be read back.
pub(super) fn body(
    entry: &Entry,
    kind: Kind,
    party: Institution,
    journal: &dyn Journal,
) -> Result<Option<Vec<u8>>, ReadBackError> {
    let said = match kind {
        Kind::Expired => expired(entry, party),
        Kind::Happened => happened(entry, party, journal)?,
    };
    Ok(said.map(|(name, at, data)| {
        let event = json!({ "type": name, "timestamp": rfc_3339(at), "data": data });
        event.to_string().into_bytes()
    }))
}

type Said = (&'static str, tessera_kit::clock::Timestamp, Value);

fn expired(entry: &Entry, party: Institution) -> Option<Said> {
    let Event::OrderAnnounced {
        opening,
        expires_at,
        ..
    } = &entry.event
    else {
        return None;
    };
    let mut data = common(party, opening);
    data.insert("amount".into(), opening.amount.value().into());
    Some(("order.expired", *expires_at, data.into()))
}

fn happened(
    entry: &Entry,
    party: Institution,
    journal: &dyn Journal,
) -> Result<Option<Said>, ReadBackError> {
    let (Event::Approved { reference }
    | Event::StoodIn { reference }
    | Event::Reversed {
        original: reference,
        ..
    }
    | Event::ReversedFurther {
        original: reference,
        ..
    }) = &entry.event
    else {
        return Ok(None);
    };
    let Some(notice) = occasion::of(entry, journal)? else {
        return Ok(None);
    };
    let Some(opened) = occasion::opened(entry, *reference, journal)? else {
        return Ok(None);
    };
    let (Some(opening), Some((amount, _))) = (opened.event.opening(), notice.amount) else {
        return Ok(None);
    };
    let name = match notice.occasion {
        Occasion::PurchasePaid => "payment.approved",
        Occasion::AmountHeld => "authorization.approved",
        Occasion::PurchaseReversed => match opening.class {
            Class::Authorization => "authorization.reversed",
            Class::Financial | Class::Reversal | Class::Administrative => "payment.reversed",
        },
        Occasion::PurchaseRefunded => "payment.refunded",
        Occasion::RefundTakenBack => "refund.reversed",
        Occasion::PurchaseDeclined
        | Occasion::HoldFreed
        | Occasion::LoadArrived
        | Occasion::LoadFailed
        | Occasion::PayoutSent
        | Occasion::PayoutFailed
        | Occasion::SignedIn
        | Occasion::PasswordChanged
        | Occasion::RecoverySet
        | Occasion::Recovered
        | Occasion::PasskeyAdded
        | Occasion::PasskeyRemoved
        | Occasion::BrowserAdded
        | Occasion::BrowserRemoved
        | Occasion::CardReissued
        | Occasion::ContactChanged
        | Occasion::Frozen
        | Occasion::Disputed
        | Occasion::Unfrozen
        | Occasion::WalletClosed
        | Occasion::ConfirmationCode => return Ok(None),
    };
    let mut data = common(party, opening);
    let text = |bytes: &[u8]| visible(latin_1(bytes).trim());
    data.insert("amount".into(), amount.value().into());
    data.insert("request_amount".into(), opening.amount.value().into());
    data.insert("reference".into(), text(&opening.retrieval).into());
    data.insert("terminal".into(), text(&opening.terminal).into());
    let trace = format!("{:06}", Stan::digits(opening.trace));
    data.insert("trace".into(), trace.into());
    let sent = format!("{:010}", opening.transmission);
    data.insert("transmission".into(), sent.into());
    if opening.amount != Amount::ZERO {
        let approval = opening.reference.approval();
        data.insert("authorization".into(), text(&approval).into());
    }
    Ok(Some((name, entry.at, data.into())))
}

fn common(party: Institution, opening: &Opening) -> Map<String, Value> {
    let mut data = Map::new();
    data.insert("party".into(), party.to_string().into());
    let acceptor = visible(latin_1(&opening.acceptor).trim());
    data.insert("acceptor".into(), acceptor.into());
    let currency = String::from_utf8_lossy(&opening.currency.to_text()).into_owned();
    data.insert("currency".into(), currency.into());
    if let Payer::Order(key) = opening.payer {
        data.insert("order_key".into(), hex(&key.0).into());
    }
    data
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
