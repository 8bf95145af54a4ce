//! Answers to the wallet server: 0610 with field 39, and field 61 for what was asked.

use std::fmt::Write;

use bytes::BytesMut;
use tessera_protocol::{Message, Packer, ResponseCode, tlv};

use super::operation::{Code, key_of, tag};
use crate::door::Asker;
use crate::wallet::{Details, Entry, Event, Outcome, WalletId};

/// The answer to an admitted operation. The frame was parsed before it was admitted.
pub(super) fn reply(asker: &Asker, outcome: &Outcome, out: &mut BytesMut) {
    let Ok(request) = Message::parse(&asker.frame) else {
        return;
    };
    let mut data = tlv::TlvWriter::new();
    let operation = request
        .number(24)
        .and_then(|number| Code::of(number as u16));
    if operation == Some(Code::CreateWallet)
        && outcome.code.is_approved()
        && let Some(key) = key_of(&request)
    {
        add_number(&mut data, tag::WALLET, WalletId::created_by(&key).0);
    }
    match &outcome.details {
        Details::None => {}
        Details::Balances { ledger, available } => {
            add_number(&mut data, tag::LEDGER, ledger.value());
            add_number(&mut data, tag::AVAILABLE, available.value());
        }
        Details::Card(card, expiry) => {
            let number = format!("{:0length$}", card.expose(), length = card.length());
            data.add(tag::CARD, number.as_bytes());
            data.add(tag::EXPIRY, format!("{expiry:04}").as_bytes());
        }
        Details::History(entries, next) => add_history(&mut data, entries, *next),
    }
    write(&request, outcome.code, outcome.reason, data.as_bytes(), out);
}

/// An answer that needs no wallet.
pub(super) fn at_once(request: &Message<'_>, code: ResponseCode, reason: &str, out: &mut BytesMut) {
    write(request, code, reason, &[], out);
}

fn write(request: &Message<'_>, code: ResponseCode, reason: &str, data: &[u8], out: &mut BytesMut) {
    let mut packer = Packer::new(out, request.mti().answer());
    for field in [7, 11, 24, 32, 37] {
        packer.copy(request, field);
    }
    packer.raw(39, code.as_bytes());
    if !reason.is_empty() {
        let mut tlvs = tlv::TlvWriter::new();
        tlvs.add(tlv::REASON, reason.as_bytes());
        packer.raw(48, tlvs.as_bytes());
    }
    if !data.is_empty() {
        packer.raw(61, data);
    }
    packer.copy(request, 70);
    packer.finish();
}

/// As many events as fit, and where to go on for the others.
fn add_history(data: &mut tlv::TlvWriter, entries: &[(u64, Entry)], next: u64) {
    const POSITION_BYTES: usize = 5 + 20;
    let mut next = next;
    for (position, entry) in entries {
        let line = describe(entry);
        let room = tlv::VALUE_BYTES_MAX - data.as_bytes().len();
        if line.len() + 5 + POSITION_BYTES > room {
            next = *position;
            break;
        }
        data.add(tag::EVENT, line.as_bytes());
    }
    if next != 0 {
        add_number(data, tag::POSITION, next);
    }
}

fn describe(entry: &Entry) -> String {
    let kind = match &entry.event {
        Event::Opened(_) => "opened",
        Event::Provisioned { .. } => "provisioned",
        Event::CardRequested { .. } => "card_requested",
        Event::CardIssued { .. } => "card_issued",
        Event::LoadRequested { .. } => "load_requested",
        Event::Held { .. } => "held",
        Event::Approved { .. } => "approved",
        Event::Released { .. } => "released",
        Event::Declined { .. } => "declined",
        Event::Reversed { .. } => "reversed",
        Event::ReversalNoted { .. } => "reversal_noted",
        Event::AdviceAcknowledged { .. } => "advice_acknowledged",
        Event::Repeated { .. } => "repeated",
        Event::OrderAnnounced { .. } => "order_announced",
        Event::OrderCancelled { .. } => "order_cancelled",
    };
    let (amount, acceptor) = match (&entry.event, entry.event.opening()) {
        (Event::Provisioned { balance, .. }, _) => (balance.value(), ""),
        (_, Some(opening)) => {
            let acceptor = str::from_utf8(&opening.acceptor).unwrap_or_default();
            (opening.amount.value(), acceptor.trim_end())
        }
        _ => (0, ""),
    };
    let code = match &entry.event {
        Event::Released { code, .. }
        | Event::Declined { code, .. }
        | Event::ReversalNoted { code, .. } => code.to_string(),
        _ => String::new(),
    };
    let reference = match &entry.event {
        Event::Approved { reference }
        | Event::Released { reference, .. }
        | Event::CardIssued { reference, .. }
        | Event::AdviceAcknowledged { reference }
        | Event::Repeated { reference, .. } => Some(*reference),
        event => event.opening().map(|opening| opening.reference),
    };
    let mut line = String::new();
    // Writing to a string does not fail.
    let _ = write!(line, "{},{kind},{amount},{code},{acceptor},", entry.at);
    if let Some(reference) = reference {
        line.extend(reference.to_text().map(char::from));
    }
    line
}

fn add_number(data: &mut tlv::TlvWriter, tag: u8, number: u64) {
    data.add(tag, number.to_string().as_bytes());
}
