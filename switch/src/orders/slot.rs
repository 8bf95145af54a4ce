//! The state of one order: announced, claimed by a purchase, or paid.

use std::time::Instant;

use tessera_kit::clock::Timestamp;
use tessera_protocol::{Amount, Currency};

use crate::message::WalletMessage;
use tessera_ledger::{Command, DuplicateKey, OrderState, UnseenOriginal, WalletId};

/// How long a claim is valid without an answer of the wallet, in milliseconds, and for how long after its end an
/// agreement still blocks other claims, because a purchase may be decided just then: as long as a request may take.
pub(super) const CLAIM_VALID_FOR: u64 = 10_000;

/// A purchase that waits for the payer.
#[derive(Debug)]
pub struct Parked {
    /// What makes a repeat of it a repeat.
    pub key: DuplicateKey,
    /// When it is given up.
    pub until: Instant,
    /// The purchase.
    pub message: WalletMessage,
}

impl Parked {
    /// Amount and currency: what must be the same under one key.
    pub(super) fn asks(&self) -> Option<(Amount, Currency)> {
        let Command::Ask(ask) = &self.message.command else {
            return None;
        };
        Some((ask.opening.amount, ask.opening.currency))
    }
}

#[derive(Debug, Default)]
pub(super) struct Slot {
    pub(super) owner: Option<Owner>,
    pub(super) parked: Vec<Parked>,
    pub(super) reversed: Vec<UnseenOriginal>,
}

/// Whose order it is.
#[derive(Debug, Clone, Copy)]
pub(super) enum Owner {
    /// A wallet is deciding whether it announces it: nobody can pay it yet. And whose it was before.
    Claimed {
        by: WalletId,
        at: Timestamp,
        before: Option<Turned>,
    },
    /// The wallet's last word.
    Turned(Turned),
}

/// A wallet's last word about an order.
#[derive(Debug, Clone, Copy)]
pub(super) struct Turned {
    pub(super) wallet: WalletId,
    pub(super) state: OrderState,
    pub(super) expires_at: Timestamp,
}

impl Owner {
    /// The wallet that decides about purchases.
    pub(super) fn wallet(&self) -> Option<WalletId> {
        self.turned().map(|turned| turned.wallet)
    }

    /// The wallet whose word is next.
    pub(super) fn decider(&self) -> WalletId {
        match self {
            Self::Claimed { by, .. } => *by,
            Self::Turned(turned) => turned.wallet,
        }
    }

    pub(super) fn turned(&self) -> Option<Turned> {
        match self {
            Self::Claimed { .. } => None,
            Self::Turned(turned) => Some(*turned),
        }
    }

    /// Whether no other wallet may announce the order.
    pub(super) fn keeps_out(&self, other: WalletId, now: Timestamp) -> bool {
        match *self {
            Self::Claimed { by, at, .. } => by != other && now < at.plus(CLAIM_VALID_FOR),
            Self::Turned(turned) if turned.wallet == other => false,
            Self::Turned(turned) => match turned.state {
                OrderState::Open => now <= turned.expires_at.plus(CLAIM_VALID_FOR),
                OrderState::Cancelled => false,
                OrderState::Paying(_) | OrderState::Paid(_) => true,
            },
        }
    }
}

impl Slot {
    pub(super) fn is_empty(&self) -> bool {
        self.owner.is_none() && self.parked.is_empty() && self.reversed.is_empty()
    }
}
