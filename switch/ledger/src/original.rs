//! Which request a reversal, completion or refund is about (wire protocol, section 4, field 90).
//!
//! Field 90 names the original by its trace number and by the time of one of its transmissions, of which the switch may have
//! seen another one only. Trace numbers belong to a terminal and come round, so what 90 leaves open other fields must
//! make up for, and where two requests fit equally well neither is meant. The party is always the same, and so is the payer (card number or order) unless stated.
//!
//! | fit | trace number | time in 90 | terminal | besides |
//! | --- | --- | --- | --- | --- |
//! | exact | same | of a transmission that was seen | same | |
//! | likely | same | of a transmission that was seen | another | of a reversal: same card acceptor |
//! | likely | same | within an hour of one that was seen, or any where 12 and 13 are the original's | same | |
//! | likely | same | none | same | of a reversal: the original is less than a day old |
//! | likely | any: the original was imported and has none | of the second in which it came | same | of a reversal: same card acceptor and amount, however it names the payer |
//! | by RRN | any, or none | any, or none | any | same card acceptor, field 37 and amount |
//! | by time | any: the original was imported | within a minute of it; or of that second, if less was booked | same | as above |

use std::fmt;

use tessera_kit::clock::Timestamp;
use tessera_protocol::{
    Amount, Institution, OrderKey, OriginalData, Stan, State, StatusInquiry, StatusReport,
};

use super::opening::{credits, short_tag};
use super::{DuplicateKey, Opening, Payer};
use crate::Class;

/// For so long a terminal uses no trace number twice, and a reversal of an original that was never seen is remembered (wire
/// protocol, section 5), in milliseconds.
pub(super) const DAY: u64 = 24 * 60 * 60 * 1000;

/// How many seconds two fields 7 of one request can lie apart: a repeat carries a new one.
const REPEATED_WITHIN: u32 = 3_600;
/// How many seconds lie at most between field 7 of a request and its arrival, where the arrival is all that is known of it.
const IMPORTED_WITHIN: u32 = 60;

/// Distinguishes two ways to name the payer: a card's serial number in its wallet, or a part of an order's key. It is not printed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct PayerTag(pub u64);

impl fmt::Debug for PayerTag {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("PayerTag(..)")
    }
}

/// By what a request can be named afterwards.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Traits {
    /// Field 32.
    pub institution: Option<Institution>,
    /// Second digit of the MTI; 0 of what nothing can be about.
    pub class: u8,
    /// Whether it gives money to the payer (field 3).
    pub credits: bool,
    /// Field 11.
    pub trace: Option<Stan>,
    /// Fields 13 and 12 as one, MMDDhhmmss.
    pub local: u32,
    /// Field 41, hashed.
    pub terminal: u32,
    /// Field 42, hashed.
    pub acceptor: u32,
    /// Field 37.
    pub retrieval: [u8; 12],
    /// Field 4.
    pub amount: Amount,
    /// What was approved of it at most.
    pub granted: Amount,
    /// How it named the payer.
    pub payer: PayerTag,
}

/// How a reversal, completion or refund names its original.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NamedOriginal {
    /// Second digit of the MTI in 90; 0 where 90 names another institution, whose requests nobody else may touch.
    pub class: u8,
    /// STAN in 90.
    pub trace: Option<Stan>,
    /// Time in 90, MMDDhhmmss; 0 for none.
    pub transmission: u32,
    /// Whether it is a reversal, which repeats what its original said: 3 and 4 of a completion or refund are their own.
    pub reverses: bool,
    /// The traits of the message itself.
    pub traits: Traits,
}

/// How well a request fits what a later message names, the better the later in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fit {
    /// By field 37, card acceptor and amount; or by terminal, amount and about the time, if it was imported.
    Retrieval,
    /// By the trace number, and by a time or terminal that were not seen with it.
    Likely,
    /// By the trace number, a time at which it was seen, and the terminal.
    Exact,
}

impl Opening {
    /// By what the request can be named afterwards.
    pub fn traits(&self) -> Traits {
        Traits {
            institution: self.institution,
            class: self.class.number(),
            credits: self.credits(),
            trace: self.trace,
            local: self.local(),
            terminal: self.terminal_tag(),
            acceptor: self.acceptor_tag(),
            retrieval: self.retrieval,
            amount: self.amount,
            granted: self.amount,
            payer: self.payer.tag(),
        }
    }
}

impl Traits {
    /// Those of the request in question, as far as an inquiry about it says them.
    pub fn of_inquiry(inquiry: &StatusInquiry<'_>, payer: &Payer) -> Self {
        let amount = inquiry.amount.unwrap_or_default();
        let original = inquiry.original.as_ref();
        Self {
            institution: inquiry.institution,
            class: original.map_or(0, |original| original.mti.class()),
            credits: credits(inquiry.processing_code),
            trace: original.and_then(|original| original.trace),
            local: inquiry.local.unwrap_or_default(),
            terminal: short_tag(&inquiry.terminal),
            acceptor: short_tag(&inquiry.acceptor),
            retrieval: inquiry.reference.unwrap_or([b' '; 12]),
            amount,
            granted: amount,
            payer: payer.tag(),
        }
    }

    /// A hash of all that names it by field 37; never 0.
    pub fn retrieval_tag(&self) -> u32 {
        let mut bytes = [0; 40];
        bytes[..8].copy_from_slice(&Institution::digits(self.institution).to_le_bytes());
        bytes[8..16].copy_from_slice(&self.payer.0.to_le_bytes());
        bytes[16..24].copy_from_slice(&self.amount.value().to_le_bytes());
        bytes[24..28].copy_from_slice(&self.acceptor.to_le_bytes());
        bytes[28..].copy_from_slice(&self.retrieval);
        crc32c::crc32c(&bytes).max(1)
    }

    /// Zeros and spaces are no reference.
    pub fn has_retrieval(&self) -> bool {
        !self
            .retrieval
            .iter()
            .all(|byte| matches!(byte, b'0' | b' '))
    }
}

impl NamedOriginal {
    /// What `opening` names with this field 90.
    pub fn new(opening: &Opening, named: &OriginalData) -> Self {
        let foreign = named.institution.is_some() && named.institution != opening.institution;
        let reverses = opening.class == Class::Reversal;
        let mut traits = opening.traits();
        traits.credits = match reverses {
            true => opening.credits_by_code(),
            false => false,
        };
        Self {
            class: if foreign { 0 } else { named.mti.class() },
            trace: named.trace,
            transmission: named.transmission,
            reverses,
            traits,
        }
    }

    /// What an inquiry names with this field 90. Its other fields repeat what the request in question said, like those of a
    /// reversal.
    pub fn inquired(named: &OriginalData, traits: Traits) -> Self {
        let foreign = named.institution.is_some() && named.institution != traits.institution;
        Self {
            class: if foreign { 0 } else { named.mti.class() },
            trace: named.trace,
            transmission: named.transmission,
            reverses: true,
            traits,
        }
    }

    /// How well a request fits that was sent at these times (fields 7) and came `age` milliseconds before the message that names it,
    /// or after it; `None` where it is not meant.
    pub fn fit(&self, one: &Traits, sent_at: impl Fn(u32) -> Sent, age: u64) -> Option<Fit> {
        let traits = &self.traits;
        if self.class == 0
            || self.class != one.class
            || traits.institution != one.institution
            || traits.payer != one.payer
        {
            return None;
        }
        let same_acceptor = traits.acceptor == one.acceptor;
        if self.trace.is_some() && self.trace == one.trace {
            let own = same_acceptor && traits.terminal == one.terminal;
            let sent = sent_at(self.transmission);
            if self.transmission != 0 && sent == Sent::Then {
                if own {
                    return Some(Fit::Exact);
                }
                if same_acceptor || !self.reverses {
                    return Some(Fit::Likely);
                }
            }
            let may_be = match self.transmission {
                0 => !self.reverses || age < DAY,
                _ => sent == Sent::About || traits.local == one.local,
            };
            if own && may_be {
                return Some(Fit::Likely);
            }
        }
        let by_retrieval = same_acceptor
            && traits.has_retrieval()
            && traits.retrieval == one.retrieval
            && traits.credits == one.credits
            && self.names_amount_of(one);
        by_retrieval.then_some(Fit::Retrieval)
    }

    /// The same of a request that was imported, and came then: its trace number and how it named the payer are not known.
    pub fn fit_imported(&self, one: &Traits, came: u32) -> Option<Fit> {
        let traits = &self.traits;
        let same = self.reverses
            && self.class != 0
            && self.class == one.class
            && traits.institution == one.institution
            && traits.terminal == one.terminal
            && traits.acceptor == one.acceptor
            && traits.credits == one.credits;
        let apart = apart(self.transmission, came).filter(|_| same)?;
        match (apart, traits.amount) {
            (0, amount) if amount == one.amount => Some(Fit::Likely),
            (1..=IMPORTED_WITHIN, amount) if amount == one.amount => Some(Fit::Retrieval),
            // Less than the request asked for may have been approved.
            (0, amount) if amount > one.amount => Some(Fit::Retrieval),
            _ => None,
        }
    }

    fn names_amount_of(&self, one: &Traits) -> bool {
        [one.amount, one.granted].contains(&self.traits.amount)
    }
}

/// When a request was sent, as far as that was seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sent {
    /// At the time in question.
    Then,
    /// Within an hour of it.
    About,
    /// At no time near it.
    NotThen,
}

impl Sent {
    /// Of a transmission at `seen`, when `time` is in question (fields 7).
    pub fn of(seen: u32, time: u32) -> Self {
        match seen == time {
            true => Self::Then,
            false if may_repeat(seen, time) => Self::About,
            false => Self::NotThen,
        }
    }
}

/// Whether two fields 7 (MMDDhhmmss) can be of one request and a repeat of it.
pub(super) fn may_repeat(one: u32, other: u32) -> bool {
    apart(one, other).is_some_and(|seconds| seconds < REPEATED_WITHIN)
}

/// How many seconds two fields 7 (MMDDhhmmss) are apart; `None` for more than a day.
fn apart(one: u32, other: u32) -> Option<u32> {
    const DAY: u32 = 86_400;
    let date = |time: u32| time / 1_000_000;
    let seconds = |time: u32| time / 10_000 % 100 * 3_600 + time / 100 % 100 * 60 + time % 100;
    let is_next_day = |day: u32, next: u32| {
        let month_begins = next % 100 == 1 && next / 100 == day / 100 % 12 + 1;
        next == day + 1 || (month_begins && day % 100 >= 28)
    };
    let over_midnight = |before: u32, after: u32| {
        is_next_day(date(before), date(after))
            .then(|| DAY.saturating_sub(seconds(before)) + seconds(after))
    };
    match date(one) == date(other) {
        true => Some(seconds(one).abs_diff(seconds(other))),
        false => over_midnight(one, other).or_else(|| over_midnight(other, one)),
    }
}

/// An original that was reversed and never seen: it is declined should it come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnseenOriginal {
    /// What makes a repeat of the reversal a repeat.
    pub key: DuplicateKey,
    /// What it named.
    pub named: NamedOriginal,
    /// When it came.
    pub at: Timestamp,
    /// The original was waiting for its order then, and was declined.
    pub was_waiting: bool,
}

impl UnseenOriginal {
    /// What the reversal that `opening` opens names in its field 90.
    pub fn named(original: &OriginalData, opening: &Opening, now: Timestamp) -> Self {
        Self {
            key: opening.key,
            named: NamedOriginal::new(opening, original),
            at: now,
            was_waiting: false,
        }
    }

    /// Whether the reversal meant this request, which came after it.
    pub fn means(&self, opening: &Opening) -> bool {
        let (named, one) = (&self.named, opening.traits());
        let own = named.traits.terminal == one.terminal && named.traits.acceptor == one.acceptor;
        let same_trace = named.trace == one.trace;
        let age = opening.reference.given_at().since(self.at);
        let sent_at = |time| match Sent::of(opening.transmission, time) {
            // Of a marked repeat the first transmission is not known.
            Sent::NotThen if opening.repeat => Sent::About,
            sent @ (Sent::Then | Sent::About | Sent::NotThen) => sent,
        };
        match named.fit(&one, sent_at, age) {
            // A new attempt of the same terminal after the reversal of one that was lost may keep its field 37.
            Some(Fit::Retrieval) => named.trace.is_none() || !own || same_trace,
            fit => fit.is_some(),
        }
    }
}

/// What a party asks about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusQuery {
    /// The party.
    pub institution: Option<Institution>,
    /// How the request in question named the payer.
    pub payer: Payer,
    /// The request, where field 90 names one; otherwise the purchase that pays the order.
    pub named: Option<NamedOriginal>,
}

impl StatusQuery {
    /// What an inquiry of this party asks about `payer`, who is named as in the request in question.
    pub fn new(inquiry: &StatusInquiry<'_>, payer: Payer) -> Self {
        let traits = Traits::of_inquiry(inquiry, &payer);
        let named = inquiry.original.as_ref();
        Self {
            institution: inquiry.institution,
            named: named.map(|original| NamedOriginal::inquired(original, traits)),
            payer,
        }
    }

    /// The serial number of the card was put in.
    pub fn name_payer(&mut self) {
        if let Some(named) = &mut self.named {
            named.traits.payer = self.payer.tag();
        }
    }

    /// What there is to say of a purchase that waits for its order, if it is meant.
    pub fn report_waiting(&self, purchase: &Opening) -> Option<StatusReport> {
        let sent_at = |time| Sent::of(purchase.transmission, time);
        // It has come just now.
        let is_meant = self.named.is_none_or(|named| {
            let fit = named.fit(&purchase.traits(), sent_at, 0);
            fit.is_some()
        });
        let is_its = purchase.institution == self.institution;
        (is_its && is_meant).then(|| StatusReport {
            state: State::Waiting,
            code: None,
            approval: None,
            currency: purchase.currency,
            amount: purchase.amount,
            amounts: None,
            retrieval: Some(purchase.retrieval),
            original: Some(OriginalData {
                mti: purchase.class.request(),
                trace: purchase.trace,
                transmission: purchase.transmission,
                institution: purchase.institution,
                forwarding: None,
            }),
            reason: None,
        })
    }

    /// The order that it names.
    pub fn order(&self) -> Option<OrderKey> {
        match self.payer {
            Payer::Order(key) => Some(key),
            Payer::Card(..) | Payer::Wallet => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_and_its_repeat_are_within_an_hour_over_midnight_too() {
        for (one, other, may) in [
            (1122_125959, 1122_130001, true),
            (1122_125959, 1122_135958, true),
            (1122_125959, 1122_140001, false),
            (1122_235950, 1123_000010, true),
            (1130_235950, 1201_000010, true),
            (1231_235950, 101_000010, true),
            (1122_120000, 1123_120000, false),
            (1122_120000, 0, false),
        ] {
            assert_eq!(may_repeat(one, other), may, "{one} {other}");
            assert_eq!(may_repeat(other, one), may, "{other} {one}");
        }
    }
}
