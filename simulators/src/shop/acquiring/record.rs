//! What is known of a purchase: the line of the log, and the part of it that the shop may see.

use serde::{Deserialize, Serialize};

use crate::shop::log::Entry;

/// A purchase with all that it takes to repeat, reverse and refund it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Record {
    /// The shop's order number.
    pub order: String,
    /// Field 4, minor units.
    pub amount: u64,
    /// Field 11 of the purchase.
    pub trace: u32,
    /// When it was asked, seconds since 1970: fields 7, 12 and 13.
    pub second: u32,
    /// How its messages name the payer.
    pub payer: Name,
    /// What became of it.
    pub state: State,
    /// The reversal, once there is one.
    pub reversal: Option<Reversal>,
    /// In the order in which they were asked.
    pub refunds: Vec<Refund>,
}

/// How messages name the payer.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Name {
    /// By the order number; and what was bought.
    Order { purpose: String },
    /// By a card number, sealed, and its expiry, YYMM.
    Card { sealed: String, expiry: u16 },
}

/// What became of a purchase.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// On its way.
    Asked,
    /// Paid.
    Approved {
        /// Field 38.
        authorization: String,
        /// Field 37.
        reference: String,
    },
    /// Not paid.
    Declined {
        /// Field 39.
        code: String,
        /// Field 48 tag 09: for the shop's developer.
        reason: String,
    },
    /// The switch could not be reached: nothing was asked.
    Unreached,
    /// Being reversed: not paid any more, and the switch has yet to acknowledge it.
    Undoing {
        /// What is undone.
        why: Why,
    },
    /// Reversed, and acknowledged.
    Undone {
        /// What was undone.
        why: Why,
    },
}

/// Why a purchase is reversed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// No answer came: nobody knows whether it was approved.
    Unanswered,
    /// The shop took an approved purchase back.
    Cancelled,
}

/// The reversal of a purchase.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Reversal {
    /// Field 11.
    pub trace: u32,
    /// When it was first asked, seconds since 1970.
    pub second: u32,
    /// Whether it is now sent as an advice (0420) instead of a request (0400).
    pub advice: bool,
    /// What a cancellation that is declined goes back to: field 38.
    pub authorization: String,
}

/// A refund of a purchase.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Refund {
    /// Minor units.
    pub amount: u64,
    pub(super) trace: u32,
    pub(super) second: u32,
    /// What became of it.
    pub state: RefundState,
}

/// What became of a refund.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefundState {
    /// On its way: repeated until it is answered.
    Asked,
    /// The money is back.
    Approved {
        /// Field 38.
        authorization: String,
    },
    /// It is not.
    Declined {
        /// Field 39.
        code: String,
        /// Field 48 tag 09.
        reason: String,
    },
}

/// What the shop may know of a purchase: everything but who pays.
#[derive(Debug, Clone)]
pub struct Standing {
    /// What became of it.
    pub state: State,
    /// Minor units.
    pub amount: u64,
    /// In the order in which they were asked.
    pub refunds: Vec<Refund>,
}

impl Record {
    pub(super) fn standing(&self) -> Standing {
        Standing {
            state: self.state.clone(),
            amount: self.amount,
            refunds: self.refunds.clone(),
        }
    }

    /// What has not been refunded, nor is about to be.
    pub(super) fn left(&self) -> u64 {
        let declined = |refund: &&Refund| !matches!(refund.state, RefundState::Declined { .. });
        let refunded: u64 = self
            .refunds
            .iter()
            .filter(declined)
            .map(|refund| refund.amount)
            .sum();
        self.amount.saturating_sub(refunded)
    }
}

impl Standing {
    /// What may still be refunded; 0 where nothing was paid.
    pub fn refundable(&self) -> u64 {
        match self.state {
            State::Approved { .. } => self
                .refunds
                .iter()
                .filter(|refund| !matches!(refund.state, RefundState::Declined { .. }))
                .fold(self.amount, |left, refund| {
                    left.saturating_sub(refund.amount)
                }),
            _ => 0,
        }
    }

    /// Whether it may be taken back whole.
    pub fn cancellable(&self) -> bool {
        self.refundable() == self.amount && matches!(self.state, State::Approved { .. })
    }
}

impl Entry for Record {
    fn key(&self) -> &str {
        &self.order
    }
}
