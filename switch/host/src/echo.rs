//! What an answer repeats of its request. Where it repeats something else, it speaks of another transaction, or of
//! another amount: whatever it says, nobody knows what became of the request.

use tessera_protocol::{Amount, CardNumber, Message, ResponseCode};

/// What an answer must repeat, where it carries it at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Echo {
    /// Money moves, or is said to have moved.
    Money {
        /// Field 2: digits, and how many.
        card: (u64, u8),
        /// First two digits of field 3. The others name accounts of the card, which are the financial system's matter.
        kind: u8,
        /// Field 4, minor units.
        amount: u64,
        /// Field 49.
        currency: [u8; 3],
    },
    /// Field 2: this card is cancelled.
    Card { card: (u64, u8) },
    /// Field 15, MMDD: totals of this settlement date.
    Totals { settlement_date: u32 },
    /// A card is asked for, which only the answer knows.
    Nothing,
}

impl Echo {
    pub(super) fn money(
        card: &CardNumber,
        processing_code: u64,
        amount: Amount,
        currency: [u8; 3],
    ) -> Self {
        Self::Money {
            card: digits(card),
            // Six digits.
            kind: (processing_code / 10_000) as u8,
            amount: amount.value(),
            currency,
        }
    }

    pub(super) fn cancelled(card: &CardNumber) -> Self {
        Self::Card { card: digits(card) }
    }

    /// The first field in which the answer differs from its request. An approval in part (10) is left to its code: its field 4
    /// is another by its meaning, and it approves nothing that was asked for.
    #[inline]
    pub(super) fn contradiction(&self, answer: &Message<'_>) -> Option<u8> {
        let unless = |field, same: bool| (answer.has(field) && !same).then_some(field);
        let theirs = || answer.card_number().map(|card| digits(&card));
        let differing = match *self {
            Self::Money {
                card,
                kind,
                amount,
                currency,
            } => unless(2, theirs() == Some(card))
                .or_else(|| unless(3, kind_of(answer) == Some(u64::from(kind))))
                .or_else(|| unless(4, answer.number(4) == Some(amount)))
                .or_else(|| unless(49, answer.raw(49) == Some(&currency[..]))),
            Self::Card { card } => unless(2, theirs() == Some(card)),
            Self::Totals { settlement_date } => {
                unless(15, answer.number(15) == Some(u64::from(settlement_date)))
            }
            Self::Nothing => None,
        };
        let in_part = ResponseCode::PARTLY_APPROVED;
        differing.filter(|_| answer.raw(39) != Some(&in_part.as_bytes()[..]))
    }
}

fn kind_of(message: &Message<'_>) -> Option<u64> {
    message.number(3).map(|code| code / 10_000)
}

fn digits(card: &CardNumber) -> (u64, u8) {
    // At most 19 digits.
    (card.expose(), card.length() as u8)
}
