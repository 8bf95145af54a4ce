//! Our messages to the financial system, section 7 of the wire protocol, written straight into a
//! line's output.

use bytes::BytesMut;
use tessera_protocol::tlv::{self, TlvWriter};
use tessera_protocol::{
    Amount, Institution, Message, Mti, OriginalData, Packer, ReplacementAmounts, Stan,
};

use super::echo::Echo;
use super::in_flight::{Awaited, Expected};
use super::message::{
    Advice, CardUpdate, HostMessage, LOAD_ACCEPTOR, LOAD_PROCESSING_CODE, LOAD_TERMINAL, Original,
    PAYOUT_PROCESSING_CODE, Posting,
};
use tessera_ledger::Reference;

/// Field 18 of a load: ISO 18245, funding of a stored value card.
const LOAD_MERCHANT_CATEGORY: u64 = 6_540;
/// Field 22 of a load: card on file.
const LOAD_ENTRY_MODE: u64 = 100;
/// Field 25 of a load: e-commerce.
const LOAD_CONDITION: u64 = 59;

/// Fields 7, 11 and 37, by which the answer is known.
#[derive(Debug, Clone, Copy)]
pub(super) struct Marks {
    pub transmission: u32,
    pub trace: Option<Stan>,
    pub reference: Reference,
}

/// Appends one frame and says what its answer must be like. `None`, and nothing appended, where the
/// mall's request cannot be read, which the mall's session has ruled out.
pub(super) fn encode(
    out: &mut BytesMut,
    marks: Marks,
    message: &HostMessage,
    repeat: bool,
    institution: Option<Institution>,
) -> Option<Awaited> {
    // A request that is passed on is parsed once, for all that is taken from it.
    let request = match message {
        HostMessage::Forward { frame, .. } => Some(Message::parse(frame).ok()?),
        HostMessage::Load { .. }
        | HostMessage::Card { .. }
        | HostMessage::Reversal(_)
        | HostMessage::Posting(_)
        | HostMessage::Reconciliation { .. } => None,
    };
    let (mti, reference) = match message {
        // The mall may have sent a repeat; to the financial system it is new.
        HostMessage::Forward { .. } => (request.as_ref()?.mti().original(), marks.reference),
        HostMessage::Load { .. } => (Mti::PURCHASE, marks.reference),
        HostMessage::Card { .. } => (Mti::CARD, marks.reference),
        HostMessage::Reversal(advice) => (Mti::REVERSAL_ADVICE, advice.reference_of_original),
        HostMessage::Posting(posting) => (posting.mti, marks.reference),
        HostMessage::Reconciliation { .. } => (Mti::RECONCILIATION_ADVICE, marks.reference),
    };
    let expected = Expected {
        trace: marks.trace,
        transmission: marks.transmission,
        mti: mti.answer(),
        retrieval: reference.to_text(),
    };
    let echo = echo(message, request.as_ref())?;
    let mti = if repeat { mti.repeat() } else { mti };
    match message {
        HostMessage::Forward {
            card,
            expiry,
            settlement_date,
            processing_code,
            granted,
            original,
            ..
        } => {
            let request = request.as_ref()?;
            let mut packer = Packer::new(out, mti);
            packer.card(card);
            match processing_code {
                None => packer.copy(request, 3),
                Some(code) => packer.number(3, u64::from(*code)),
            };
            forward(
                packer,
                &expected,
                request,
                (*expiry, *settlement_date),
                *granted,
                original.as_deref(),
            );
        }
        HostMessage::Load { .. } => load(Packer::new(out, mti), &expected, message, institution),
        HostMessage::Card { update, .. } => {
            card_update(Packer::new(out, mti), &expected, update, institution);
        }
        HostMessage::Reversal(advice) => {
            reversal(Packer::new(out, mti), &expected, advice, institution);
        }
        HostMessage::Posting(message) => posting(Packer::new(out, mti), &expected, message),
        HostMessage::Reconciliation {
            settlement_date,
            totals,
        } => {
            let mut packer = Packer::new(out, mti);
            mark(&mut packer, &expected);
            packer
                .number(15, u64::from(*settlement_date))
                .number(32, Institution::digits(institution))
                .raw(37, &expected.retrieval);
            totals.pack(&mut packer);
            packer.finish();
        }
    }
    let answer = expected;
    Some(Awaited { answer, echo })
}

/// What its answer repeats; `request` is the one that is passed on, if it is one.
fn echo(message: &HostMessage, request: Option<&Message<'_>>) -> Option<Echo> {
    Some(match message {
        HostMessage::Forward {
            card,
            processing_code,
            granted,
            ..
        } => {
            let request = request?;
            let processing_code = match processing_code {
                Some(code) => u64::from(*code),
                None => request.number(3)?,
            };
            let amount = granted.or_else(|| Amount::new(request.number(4)?))?;
            let currency = request.raw(49)?.try_into().ok()?;
            Echo::money(card, processing_code, amount, currency)
        }
        HostMessage::Load {
            back,
            card,
            amount,
            currency,
            ..
        } => {
            let processing_code = load_processing_code(*back).into();
            Echo::money(card, processing_code, *amount, currency.to_text())
        }
        HostMessage::Card { update, .. } => match update {
            CardUpdate::Issue | CardUpdate::Replace(_) => Echo::Nothing,
            CardUpdate::Cancel(card) => Echo::cancelled(card),
        },
        HostMessage::Reversal(advice) => Echo::money(
            &advice.card,
            advice.processing_code.into(),
            advice.amount,
            advice.currency.to_text(),
        ),
        HostMessage::Posting(posting) => {
            Echo::money(&posting.card, 0, posting.amount, posting.currency.to_text())
        }
        HostMessage::Reconciliation {
            settlement_date, ..
        } => Echo::Totals {
            settlement_date: *settlement_date,
        },
    })
}

/// The message as it stands on the line, without what each sending of it brings: fields 7 and 11 are zeros.
pub fn write_out(message: &HostMessage, reference: Reference) -> Vec<u8> {
    let marks = Marks {
        transmission: 0,
        trace: None,
        reference,
    };
    let mut out = BytesMut::new();
    encode(&mut out, marks, message, true, None);
    // Without the length in front.
    out.get(2..).unwrap_or_default().to_vec()
}

fn forward(
    mut packer: Packer<'_>,
    expected: &Expected,
    request: &Message<'_>,
    (expiry, settlement_date): (u16, u32),
    granted: Option<Amount>,
    original: Option<&Original>,
) {
    match granted {
        None => packer.copy(request, 4),
        Some(granted) => packer.number(4, granted.value()),
    };
    mark(&mut packer, expected);
    packer
        .copy(request, 12)
        .copy(request, 13)
        .number(14, u64::from(expiry))
        .number(15, u64::from(settlement_date));
    for field in [18, 22, 25, 32] {
        packer.copy(request, field);
    }
    packer.raw(37, &expected.retrieval);
    packer.copy(request, 41).copy(request, 42);
    if let Some(original) = original {
        name_by_reference(&mut packer, original);
    }
    packer.copy(request, 49);
    if let Some(original) = original {
        packer.raw(90, &original.data.pack());
    }
    packer.finish();
}

/// Field 48 tag 05.
fn name_by_reference(packer: &mut Packer<'_>, original: &Original) {
    let mut tags = TlvWriter::new();
    tags.add(tlv::ORIGINAL, &original.reference.to_text());
    packer.raw(48, tags.as_bytes());
}

fn posting(mut packer: Packer<'_>, expected: &Expected, posting: &Posting) {
    packer
        .card(&posting.card)
        .number(3, 0)
        .number(4, posting.amount.value());
    mark(&mut packer, expected);
    packer
        .number(12, u64::from(posting.local_time))
        .number(13, u64::from(posting.local_date))
        .number(14, u64::from(posting.expiry))
        .number(15, u64::from(posting.settlement_date))
        .number(18, u64::from(posting.merchant.category))
        .number(22, u64::from(posting.merchant.entry_mode))
        .number(25, u64::from(posting.merchant.condition))
        .number(32, Institution::digits(posting.institution))
        .raw(37, &expected.retrieval)
        .raw(41, &posting.terminal)
        .raw(42, &posting.acceptor);
    if let Some(original) = &posting.original {
        name_by_reference(&mut packer, original);
    }
    packer.raw(49, &posting.currency.to_text());
    if let Some(original) = &posting.original {
        packer.raw(90, &original.data.pack());
    }
    packer.finish();
}

/// No mall sent it: what a mall would have said about itself is ours, local time is UTC.
fn load(
    mut packer: Packer<'_>,
    expected: &Expected,
    message: &HostMessage,
    institution: Option<Institution>,
) {
    let HostMessage::Load {
        back,
        card,
        expiry,
        settlement_date,
        amount,
        currency,
        source,
    } = message
    else {
        return;
    };
    packer
        .card(card)
        .number(3, u64::from(load_processing_code(*back)))
        .number(4, amount.value());
    mark(&mut packer, expected);
    packer
        .number(12, u64::from(expected.transmission % 1_000_000))
        .number(13, u64::from(expected.transmission / 1_000_000))
        .number(14, u64::from(*expiry))
        .number(15, u64::from(*settlement_date))
        .number(18, LOAD_MERCHANT_CATEGORY)
        .number(22, LOAD_ENTRY_MODE)
        .number(25, LOAD_CONDITION)
        .number(32, Institution::digits(institution))
        .raw(37, &expected.retrieval)
        .raw(41, &LOAD_TERMINAL)
        .raw(42, &LOAD_ACCEPTOR)
        .raw(49, &currency.to_text())
        .text(102, source.expose())
        .finish();
}

fn load_processing_code(back: bool) -> u32 {
    match back {
        true => PAYOUT_PROCESSING_CODE,
        false => LOAD_PROCESSING_CODE,
    }
}

fn card_update(
    mut packer: Packer<'_>,
    expected: &Expected,
    update: &CardUpdate,
    institution: Option<Institution>,
) {
    let (code, card) = match update {
        CardUpdate::Issue => (b"1", None),
        CardUpdate::Replace(card) => (b"2", Some(card)),
        CardUpdate::Cancel(card) => (b"3", Some(card)),
    };
    if let Some(card) = card {
        packer.card(card);
    }
    mark(&mut packer, expected);
    packer
        .number(32, Institution::digits(institution))
        .raw(37, &expected.retrieval)
        .raw(91, code)
        .finish();
}

fn reversal(
    mut packer: Packer<'_>,
    expected: &Expected,
    advice: &Advice,
    own: Option<Institution>,
) {
    let institution = advice.original_institution.or(own);
    packer
        .card(&advice.card)
        .number(3, u64::from(advice.processing_code))
        .number(4, advice.amount.value());
    mark(&mut packer, expected);
    packer
        .number(12, u64::from(advice.local_time))
        .number(13, u64::from(advice.local_date))
        .number(15, u64::from(advice.settlement_date))
        .number(32, Institution::digits(institution))
        .raw(37, &expected.retrieval)
        .raw(41, &advice.terminal)
        .raw(42, &advice.acceptor)
        .raw(49, &advice.currency.to_text());
    let original = OriginalData {
        mti: advice.original_mti,
        trace: advice.original_trace,
        transmission: advice.original_transmission,
        institution,
        forwarding: None,
    };
    packer.raw(90, &original.pack());
    if let Some(transaction) = advice.replacement {
        packer.raw(95, &ReplacementAmounts { transaction }.pack());
    }
    packer.finish();
}

/// Fields 7 and 11.
fn mark(packer: &mut Packer<'_>, expected: &Expected) {
    packer
        .number(7, u64::from(expected.transmission))
        .number(11, u64::from(Stan::digits(expected.trace)));
}

/// 0800 in our own name: sign-on, echo or sign-off.
pub(super) fn network(
    out: &mut BytesMut,
    transmission: u32,
    trace: Stan,
    institution: Institution,
    code: u16,
) {
    Packer::new(out, Mti::NETWORK)
        .number(7, u64::from(transmission))
        .number(11, u64::from(trace.number()))
        .number(32, institution.number())
        .number(70, u64::from(code))
        .finish();
}
