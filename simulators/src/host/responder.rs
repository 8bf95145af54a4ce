//! From a request to its answer: reads the message, consults rules and ledger, writes the answer's frame.
//!
//! The fields that section 7 of the wire protocol names are looked at, the others are left alone. An
//! answer carries 7, 11, 37, 39 and 38 (a network message's 7, 11, 32, 39 and 70; a card's also 2 and 14).

use std::rc::Rc;

use bytes::BytesMut;
use tessera_console::Limit;
use tessera_protocol::tlv;
use tessera_protocol::{
    Amount, CardNumber, Currency, Extras, Institution, Message, Mti, OriginalData, Packer,
    ReplacementAmounts, ResponseCode, Stan, Totals, answer, format_error_answer,
};

use super::approval;
use super::calls::Calls;
use super::ledger::{
    CardOperation, CardOrder, Concern, Ledger, Named, Posting, PostingKind, Reference, Reversal,
    Said, SettlementDate, Source, TableName,
};
use super::rules::{Delivery, Fault, Rules};
use super::sources::{Does, Sources};
use super::units::Forced;

static UNREADABLE: Limit = Limit::new("message unreadable");
static REFUSED: Limit = Limit::new("request refused");

/// Field 14 of every card, here and in the development data: December 2031.
const EXPIRY: u64 = 3112;
/// Field 70.
const SIGN_ON: u64 = 1;
const SIGN_OFF: u64 = 2;
const ECHO: u64 = 301;

/// Answers requests. One responder serves all connections.
pub(super) struct Responder {
    pub(super) ledger: Ledger,
    rules: Rules,
    pub(super) sources: Sources,
    pub(super) calls: Rc<Calls>,
    currency: u16,
}

/// A field that is missing or says nothing: the request is answered 30.
struct Missing {
    field: u8,
}

type Read<T> = Result<T, Missing>;

impl Responder {
    pub(super) fn new(ledger: Ledger, rules: Rules, sources: Sources, currency: u16) -> Self {
        Self {
            ledger,
            rules,
            sources,
            calls: Rc::default(),
            currency,
        }
    }

    /// Appends the answer to one message to `out`, or nothing, and says how it is to be delivered.
    pub(super) fn handle(
        &mut self,
        signed_on: &mut bool,
        bytes: &[u8],
        out: &mut BytesMut,
    ) -> Delivery {
        self.ledger.tally_mut().requests += 1;
        let message = match Message::parse(bytes) {
            Ok(message) => message,
            Err(error) => {
                self.ledger.tally_mut().refused += 1;
                if UNREADABLE.allows(None) {
                    tracing::warn!(%error, "a message could not be read");
                }
                let answered = format_error_answer(bytes, &error, out, None);
                return if answered {
                    Delivery::PLAIN
                } else {
                    Delivery::CUT
                };
            }
        };
        let mti = message.mti();
        if mti == Mti::NETWORK.answer() {
            // To what the operations port had it say.
            return Delivery::NONE;
        }
        if mti.is_answer() {
            // Nothing else was asked from here.
            self.ledger.tally_mut().refused += 1;
            return Delivery::NONE;
        }
        if mti.original() != Mti::NETWORK && !*signed_on {
            return self.refuse(
                &message,
                out,
                ResponseCode::NOT_PERMITTED_TO_PARTY,
                "not signed on",
            );
        }
        if let Some(code) = self.rules.refuse_advices.filter(|_| mti.is_advice()) {
            return self.refuse(&message, out, code, "advices are refused");
        }
        let handled = match mti.original() {
            Mti::NETWORK => Ok(self.network(signed_on, &message, out)),
            Mti::PURCHASE | Mti::AUTHORIZATION | Mti::AUTHORIZATION_ADVICE | Mti::COMPLETION => {
                self.post(&message, out)
            }
            Mti::REVERSAL | Mti::REVERSAL_ADVICE => self.reverse(&message, out),
            Mti::CARD => self.order_card(&message, out),
            Mti::RECONCILIATION | Mti::RECONCILIATION_ADVICE => self.compare(&message, out),
            _ => {
                let code = ResponseCode::INVALID_TRANSACTION;
                Ok(self.refuse(&message, out, code, "not a message of this line"))
            }
        };
        handled.unwrap_or_else(|missing| {
            let reason = format!("field {} is missing or malformed", missing.field);
            self.refuse(&message, out, ResponseCode::FORMAT_ERROR, &reason)
        })
    }

    fn network(
        &mut self,
        signed_on: &mut bool,
        message: &Message<'_>,
        out: &mut BytesMut,
    ) -> Delivery {
        let code = match message.number(70) {
            Some(SIGN_ON) => {
                *signed_on = true;
                ResponseCode::APPROVED
            }
            Some(SIGN_OFF) => {
                *signed_on = false;
                ResponseCode::APPROVED
            }
            Some(ECHO) if self.rules.ignore_echo => return Delivery::NONE,
            Some(ECHO) => ResponseCode::APPROVED,
            _ => ResponseCode::INVALID_TRANSACTION,
        };
        Packer::new(out, message.mti().answer())
            .copy(message, 7)
            .copy(message, 11)
            .copy(message, 32)
            .raw(39, code.as_bytes())
            .copy(message, 70)
            .finish();
        Delivery::PLAIN
    }

    fn post(&mut self, message: &Message<'_>, out: &mut BytesMut) -> Read<Delivery> {
        let Some(kind) = posting_kind(message)? else {
            let code = ResponseCode::INVALID_TRANSACTION;
            return Ok(self.refuse(message, out, code, "processing code"));
        };
        let posting = Posting {
            kind,
            reference: reference(message)?,
            card: number(message, 2)?,
            amount: number(message, 4)?,
            trace: number(message, 11)? as u32,
            transmission: number(message, 7)? as u32,
            institution: number(message, 32)?,
            settlement_date: settlement_date(message),
        };
        if self.ledger.keeps_items() {
            self.ledger.note(said(message));
        }
        let (concern, does) = self.concern(kind, message)?;
        // Money goes to a test card as to any other: it decides about what it pays.
        let paid_with = match kind {
            PostingKind::Purchase | PostingKind::Authorization => {
                CardNumber::new(posting.card, CARD_LENGTH)
            }
            PostingKind::AuthorizationAdvice
            | PostingKind::Completion
            | PostingKind::Refund
            | PostingKind::Load
            | PostingKind::Payout => None,
        };
        let forced = match (kind, Amount::new(posting.amount)) {
            // An advice is never refused, and its repeats must get through eventually.
            (kind, _) if kind.is_advice() => None,
            (_, amount) => amount.and_then(|amount| self.rules.forced(amount, paid_with.as_ref())),
        };
        if forced == Some(Forced::Ignored) {
            self.ledger.tally_mut().ignored += 1;
            return Ok(Delivery::NONE);
        }
        let refusal = self.refusal(&posting, message)?;
        let rules = &mut self.rules;
        let verdict = || match (refusal, forced, does) {
            (Some(code), ..) | (None, Some(Forced::Code(code)), _) => code,
            (None, Some(Forced::Booked(_)), _) => ResponseCode::APPROVED,
            (None, _, Some(Does::Decline(code))) => code,
            (None, ..) => match kind {
                PostingKind::Load | PostingKind::Payout | PostingKind::Refund => {
                    ResponseCode::APPROVED
                }
                _ => rules.verdict(),
            },
        };
        let code = self.ledger.post(&posting, &concern, verdict);
        match forced {
            Some(Forced::Booked(code_given)) if code.is_approved() => {
                pack(message, &posting.reference, code_given, out);
            }
            Some(Forced::Other(field)) => pack_other(message, &posting, code, field, out),
            _ => pack(message, &posting.reference, code, out),
        }
        Ok(self.deliver(forced, does))
    }

    /// What the posting is about, and what its source does, if it has one.
    fn concern(&self, kind: PostingKind, message: &Message<'_>) -> Read<(Concern, Option<Does>)> {
        match kind {
            PostingKind::Load | PostingKind::Payout => {
                let source = Source::new(text(message, 102)?).ok_or(Missing { field: 102 })?;
                Ok(match self.sources.find(&source) {
                    Some(terms) => {
                        let balance = terms.balance;
                        (Concern::Source { source, balance }, Some(terms.does))
                    }
                    None => {
                        let unknown = Does::Decline(ResponseCode::NO_SUCH_CARD);
                        (Concern::Card, Some(unknown))
                    }
                })
            }
            // Without an original, a refund is the card's alone.
            PostingKind::Refund if message.has(90) => {
                let original = original(message)?;
                let named = Named {
                    reference: original_reference(message),
                    request_table: table_of(original.mti)?,
                    trace: Stan::digits(original.trace),
                    transmission: original.transmission,
                    institution: Institution::digits(original.institution),
                };
                Ok((Concern::Original(named), None))
            }
            _ => Ok((Concern::Card, None)),
        }
    }

    /// What no rule needs to be asked about.
    fn refusal(&self, posting: &Posting, message: &Message<'_>) -> Read<Option<ResponseCode>> {
        let currency = text(message, 49)?;
        let currency = Currency::from_text(currency).ok_or(Missing { field: 49 })?;
        Ok(if posting.amount == 0 {
            Some(ResponseCode::INVALID_AMOUNT)
        } else if currency.code() != self.currency {
            Some(ResponseCode::INVALID_TRANSACTION)
        } else if message.number(14).is_some_and(|expiry| expiry != EXPIRY) {
            Some(ResponseCode::EXPIRED)
        } else {
            None
        })
    }

    fn reverse(&mut self, message: &Message<'_>, out: &mut BytesMut) -> Read<Delivery> {
        let original = original(message)?;
        let down_to = match message.raw(95) {
            Some(body) => {
                let amounts = ReplacementAmounts::parse(body).ok_or(Missing { field: 95 })?;
                amounts.transaction.value()
            }
            None => 0,
        };
        let reversal = Reversal {
            request_table: table_of(original.mti)?,
            reference: reference(message)?,
            card: number(message, 2)?,
            trace: Stan::digits(original.trace),
            transmission: original.transmission,
            institution: Institution::digits(original.institution),
            down_to,
            settlement_date: settlement_date(message),
            advice: message.mti().is_advice(),
        };
        let contradictions = self.ledger.tally().contradictions;
        let code = self.ledger.reverse(&reversal);
        if self.ledger.tally().contradictions > contradictions {
            tracing::warn!(
                reference = %reversal.reference.escape_ascii(),
                "a reversal whose field 90 does not name what its field 37 names"
            );
        }
        pack(message, &reversal.reference, code, out);
        Ok(self.deliver(None, None))
    }

    fn order_card(&mut self, message: &Message<'_>, out: &mut BytesMut) -> Read<Delivery> {
        let operation = message
            .raw(91)
            .and_then(|body| CardOperation::from_digit(*body.first()?))
            .ok_or(Missing { field: 91 })?;
        let order = CardOrder {
            operation,
            reference: reference(message)?,
            card: match operation {
                CardOperation::Issue => 0,
                CardOperation::Replace | CardOperation::Cancel => number(message, 2)?,
            },
        };
        match self.ledger.order_card(&order) {
            Ok(card) => {
                let mut packer = Packer::new(out, message.mti().answer());
                if let Some(card) = CardNumber::new(card, CARD_LENGTH) {
                    packer.card(&card);
                }
                packer.copy(message, 7).copy(message, 11).number(14, EXPIRY);
                packer
                    .raw(37, &order.reference)
                    .raw(39, ResponseCode::APPROVED.as_bytes())
                    .finish();
            }
            Err(code) => pack(message, &order.reference, code, out),
        }
        Ok(self.deliver(None, None))
    }

    /// Both have the same where the same is left: what the switch gave up and undid may have come here or not.
    fn compare(&mut self, message: &Message<'_>, out: &mut BytesMut) -> Read<Delivery> {
        number(message, 15)?;
        let theirs = Totals::read(message).map_err(|field| Missing { field })?;
        let ours = self.ledger.totals(settlement_date(message));
        let settlement = if theirs.net == ours.net { 1 } else { 2 };
        let mut packer = Packer::new(out, message.mti().answer());
        packer
            .copy(message, 7)
            .copy(message, 11)
            .copy(message, 15)
            .raw(37, &reference(message)?)
            .raw(39, ResponseCode::APPROVED.as_bytes())
            .number(66, settlement);
        ours.pack(&mut packer);
        packer.finish();
        Ok(self.deliver(None, None))
    }

    fn deliver(&mut self, forced: Option<Forced>, does: Option<Does>) -> Delivery {
        let (mut delivery, mut fault) = self.rules.delivery(forced);
        match does {
            Some(Does::Slow { by }) => {
                delivery.after += by;
                fault = fault.or(Some(Fault::Late));
            }
            Some(Does::Silent) => {
                delivery.copies = 0;
                fault = fault.or(Some(Fault::Dropped));
            }
            Some(Does::Approve | Does::Decline(_)) | None => (),
        }
        if let Some(fault) = fault {
            self.ledger.tally_mut().fault(fault);
        }
        delivery
    }

    #[cold]
    fn refuse(
        &mut self,
        message: &Message<'_>,
        out: &mut BytesMut,
        code: ResponseCode,
        reason: &str,
    ) -> Delivery {
        self.ledger.tally_mut().refused += 1;
        if REFUSED.allows(None) {
            tracing::warn!(mti = %message.mti(), %code, reason, "a request was refused");
        }
        let extras = Extras {
            reason: Some(reason),
            ..Extras::default()
        };
        answer(message, out, code, &extras, None);
        Delivery::PLAIN
    }
}

/// Digits of the cards that are issued here.
const CARD_LENGTH: usize = 16;

/// What field 3 asks for; `None` where this line does not deal in it.
fn posting_kind(message: &Message<'_>) -> Read<Option<PostingKind>> {
    let processing_code = number(message, 3)?;
    Ok(match (message.mti().original(), processing_code / 10_000) {
        (Mti::PURCHASE, 0) => Some(PostingKind::Purchase),
        (Mti::PURCHASE, 20) => Some(PostingKind::Refund),
        (Mti::PURCHASE, 21 | 28) => Some(PostingKind::Load),
        (Mti::PURCHASE, 29) => Some(PostingKind::Payout),
        (Mti::AUTHORIZATION, 0) => Some(PostingKind::Authorization),
        (Mti::AUTHORIZATION_ADVICE, 0) => Some(PostingKind::AuthorizationAdvice),
        (Mti::COMPLETION, 0) => Some(PostingKind::Completion),
        _ => None,
    })
}

fn pack(message: &Message<'_>, reference: &Reference, code: ResponseCode, out: &mut BytesMut) {
    let mut packer = Packer::new(out, message.mti().answer());
    packer.copy(message, 7).copy(message, 11).raw(37, reference);
    if code.is_approved() {
        packer.raw(38, &approval::of(reference));
    }
    packer.raw(39, code.as_bytes()).finish();
}

/// The same, with a field that the request did not have so.
fn pack_other(
    message: &Message<'_>,
    posting: &Posting,
    code: ResponseCode,
    field: u8,
    out: &mut BytesMut,
) {
    let mut packer = Packer::new(out, message.mti().answer());
    match field {
        2 => packer.card(&CardNumber::development(posting.card % 1_000_000_000)),
        3 => packer.number(3, 310_000),
        4 => packer.number(4, posting.amount / 2),
        _ => &mut packer,
    };
    packer
        .copy(message, 7)
        .copy(message, 11)
        .raw(37, &posting.reference);
    if code.is_approved() {
        packer.raw(38, &approval::of(&posting.reference));
    }
    packer.raw(39, code.as_bytes());
    if field == 49 {
        packer.raw(49, b"978");
    }
    packer.finish();
}

/// What is not there is empty: nothing rests on it.
fn said(message: &Message<'_>) -> Said {
    fn padded<const N: usize>(text: Option<&[u8]>) -> [u8; N] {
        let mut field = [b' '; N];
        let bytes = text.unwrap_or_default();
        field
            .iter_mut()
            .zip(bytes)
            .for_each(|(to, from)| *to = *from);
        field
    }
    let number = |field| message.number(field).unwrap_or_default() as u32;
    Said {
        local_time: number(12),
        local_date: number(13),
        terminal: padded(message.text(41)),
        acceptor: padded(message.text(42)),
        original: original_reference(message),
    }
}

/// Field 15.
fn settlement_date(message: &Message<'_>) -> SettlementDate {
    // Four digits.
    message.number(15).unwrap_or_default() as SettlementDate
}

/// Field 48 tag 05.
fn original_reference(message: &Message<'_>) -> Option<Reference> {
    let tags = message.raw(48)?;
    tlv::find(tags, tlv::ORIGINAL).ok()??.try_into().ok()
}

/// Field 90.
fn original(message: &Message<'_>) -> Read<OriginalData> {
    let original = message.raw(90).and_then(OriginalData::parse);
    original.ok_or(Missing { field: 90 })
}

/// The place of the original of field 90 in the ledger.
fn table_of(mti: Mti) -> Read<TableName> {
    match mti.original() {
        Mti::PURCHASE => Ok(TableName::Financial),
        Mti::AUTHORIZATION | Mti::AUTHORIZATION_ADVICE => Ok(TableName::Authorizations),
        Mti::COMPLETION => Ok(TableName::Completions),
        _ => Err(Missing { field: 90 }),
    }
}

fn number(message: &Message<'_>, field: u8) -> Read<u64> {
    message.number(field).ok_or(Missing { field })
}

fn text<'a>(message: &Message<'a>, field: u8) -> Read<&'a [u8]> {
    message.text(field).ok_or(Missing { field })
}

fn reference(message: &Message<'_>) -> Read<Reference> {
    let body = message.raw(37).and_then(|body| body.try_into().ok());
    body.ok_or(Missing { field: 37 })
}
