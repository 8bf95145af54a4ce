//! What the financial system sends: answers go to those who asked, everything else is counted.

use bytes::{Buf, BytesMut};
use tessera_console::Limit;
use tessera_protocol::{Extras, FrameError, Message, Mti, ResponseCode, Stan, Totals, answer};
use tracing::warn;

use super::frames;
use super::in_flight::{Expected, Match};
use super::line::{Line, NetworkMessage};
use super::link::Link;
use super::message::{DateMessage, HostOutcome, Unanswered};

static CONTRADICTS: Limit = Limit::new("answer contradicts its request");

const NETWORK_ANSWER: Mti = Mti::NETWORK.answer();
const CARD_ANSWER: Mti = Mti::CARD.answer();
/// Field 70.
const BEGIN_DATE: u64 = 201;
const DATE_IS_COMPLETE: u64 = 202;
const RECONCILIATION_ANSWER: Mti = Mti::RECONCILIATION_ADVICE.answer();

/// Takes every whole frame. A frame that cannot be read is counted and passed over; a length that
/// cannot be right means that the stream is lost.
pub(super) fn receive(link: &Link, line: &Line, reading: &mut BytesMut) -> Result<(), FrameError> {
    let mut taken = 0;
    let lost = loop {
        match frames::first(&reading[taken..]) {
            Ok(Some((body, bytes))) => {
                taken += bytes;
                if !body.is_empty() {
                    take(link, line, body);
                }
            }
            Ok(None) => break Ok(()),
            Err(error) => break Err(error),
        }
    };
    // Where all was taken the buffer starts again at its beginning, without moving anything.
    if taken == reading.len() {
        reading.clear();
    } else {
        reading.advance(taken);
    }
    // Also what came before a length that cannot be right.
    link.pass_answers();
    link.count_in_flight();
    lost
}

/// Answers that came over a line of another worker.
pub(super) fn receive_passed(link: &Link, answers: &[u8]) {
    for body in frames::behind(answers, 0) {
        // It has been read there, and has all by which it is known.
        if let Ok(message) = Message::parse(body)
            && let Some(expected) = expected(&message)
            && !settle(link, &message, &expected)
        {
            link.stats.unknown.add(1);
        }
    }
    link.count_in_flight();
}

fn take(link: &Link, line: &Line, body: &[u8]) {
    match Message::parse(body) {
        Ok(message) if message.mti() == NETWORK_ANSWER => settle_network(link, line, &message),
        Ok(message) if message.mti().is_answer() => receive_answer(link, line, &message, body),
        Ok(message) => serve(link, line, &message, body),
        Err(_) => link.stats.garbage.add(1),
    }
}

/// An answer to a request of this worker or, by its trace number, of another.
#[inline]
fn receive_answer(link: &Link, line: &Line, message: &Message<'_>, body: &[u8]) {
    let Some(expected) = expected(message) else {
        return link.stats.garbage.add(1);
    };
    if settle(link, message, &expected) {
        line.worked.set(true);
    } else if let Some(worker) = expected.trace.and_then(|trace| link.other_with(trace)) {
        link.for_others.add(worker, body);
    } else {
        link.stats.unknown.add(1);
    }
}

/// Matches an answer by fields 11, 7 and 37 and the MTI; `false` where it answers nothing that is remembered.
#[inline]
fn settle(link: &Link, message: &Message<'_>, expected: &Expected) -> bool {
    let found = link.in_flight.borrow_mut().settle(expected);
    match found {
        Match::Waiting(asked, echo) => {
            link.stats.answered.add(1);
            let outcome = match echo.contradiction(message) {
                None => outcome(link, message),
                Some(field) => contradicting(link, message, field),
            };
            link.report(asked, outcome);
        }
        Match::Late => link.stats.late.add(1),
        Match::Doubled => link.stats.doubled.add(1),
        Match::Unknown => return false,
    }
    true
}

#[inline]
fn expected(message: &Message<'_>) -> Option<Expected> {
    // Six and ten digits.
    Some(Expected {
        trace: Stan::new(message.number(11)? as u32),
        transmission: message.number(7)? as u32,
        mti: message.mti(),
        retrieval: message.raw(37)?.try_into().ok()?,
    })
}

#[inline]
fn outcome(link: &Link, message: &Message<'_>) -> HostOutcome {
    let code = message.raw(39).and_then(|code| code.try_into().ok());
    let approved = message.mti() == CARD_ANSWER && code == Some(*b"00");
    if approved && let (Some(card), Some(expiry)) = (message.card_number(), message.number(14)) {
        let expiry = expiry as u16;
        return HostOutcome::CardIssued { card, expiry };
    }
    if message.mti() == RECONCILIATION_ANSWER && code == Some(*b"00") {
        return totals(link, message);
    }
    // An answer that does not say what it should is none: "could not" is asked again or reversed.
    let code = code.unwrap_or_else(|| {
        link.stats.garbage.add(1);
        *ResponseCode::FAULT.as_bytes()
    });
    let approval = message.raw(38).and_then(|text| text.try_into().ok());
    HostOutcome::Answered { code, approval }
}

/// Its code cannot be meant for the request as it was sent, be it an approval or a decline. It is one more answer that does not
/// say what it should: what was asked is undone or asked again.
#[cold]
fn contradicting(link: &Link, message: &Message<'_>, field: u8) -> HostOutcome {
    link.stats.contradicting.add(1);
    if CONTRADICTS.allows(None) {
        let text = |field| message.raw(field).unwrap_or_default().escape_ascii();
        warn!(
            mti = %message.mti(),
            trace = message.number(11),
            retrieval = %text(37),
            code = %text(39),
            field,
            "an answer of the financial system contradicts its request: treated as 96"
        );
    }
    HostOutcome::Answered {
        code: *ResponseCode::FAULT.as_bytes(),
        approval: None,
    }
}

#[cold]
fn totals(link: &Link, message: &Message<'_>) -> HostOutcome {
    match (message.number(66), Totals::read(message)) {
        (Some(settlement @ (1 | 2)), Ok(theirs)) => HostOutcome::Totals {
            agreed: settlement == 1,
            theirs: Box::new(theirs),
        },
        _ => {
            link.stats.garbage.add(1);
            HostOutcome::Silent
        }
    }
}

fn settle_network(link: &Link, line: &Line, message: &Message<'_>) {
    let code = message.raw(39).and_then(|code| code.try_into().ok());
    match (line.network.get(), code) {
        (
            NetworkMessage::Waiting {
                transmission,
                trace,
            },
            Some(code),
        ) if message.number(11) == Some(u64::from(trace.number()))
            && message.number(7) == Some(u64::from(transmission)) =>
        {
            line.network.set(NetworkMessage::Answered(code));
            line.worked.set(line.is_up());
        }
        _ => link.stats.unknown.add(1),
    }
}

/// Serves the requests of the financial system: echoes, and messages about settlement dates. Where it does not read the answers,
/// it gets no more of them.
fn serve(link: &Link, line: &Line, message: &Message<'_>, body: &[u8]) {
    if line.is_clogged() {
        return link.stats.refused.add(1);
    }
    let network = message.mti().original() == Mti::NETWORK;
    let date = match (network, message.number(70), message.number(15)) {
        (false, ..) => Err(ResponseCode::INVALID_TRANSACTION),
        (true, Some(BEGIN_DATE), None) => Err(ResponseCode::FORMAT_ERROR),
        (true, Some(BEGIN_DATE), Some(date)) => Ok(Some(DateMessage::Begin(date as u32))),
        (true, Some(DATE_IS_COMPLETE), _) => Ok(Some(DateMessage::Complete)),
        (true, ..) => Ok(None),
    };
    let code = match date {
        Ok(None) => ResponseCode::APPROVED,
        Ok(Some(date)) => {
            let unanswered = Unanswered {
                line: line.number,
                message: body.into(),
            };
            if link.send_date(date, unanswered) {
                return;
            }
            ResponseCode::FAULT
        }
        Err(code) => {
            link.stats.refused.add(1);
            code
        }
    };
    line.write(|out| answer(message, out, code, &Extras::default(), None));
}
