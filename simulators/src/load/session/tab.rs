//! What a connection still knows of its transactions: of each, what it may be followed by, and what that does to the money.
//!
//! ```text
//! hold   -- completion --> debit     -- reversal --> gone, or smaller
//! debit  -- refund ------> refunded  -- reversal of the refund --> debit
//!        -- reversal ----> gone, or down to what it leaves
//! ```
//!
//! One thing at a time follows a transaction, so that its effect is known to the cent. What a purchase costs its payer is
//! what its reversal leaves less what was refunded, and never less than nothing.

use tessera_protocol::Mti;

/// How field 90 names a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Named {
    /// Its type.
    pub mti: Mti,
    /// Its field 11.
    pub trace: u32,
    /// The second of its field 7.
    pub second: u32,
}

/// Something that follows a transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FollowUp {
    /// Debits so much of what is held.
    Complete {
        /// Minor units; may be more than is held.
        amount: u64,
    },
    /// Gives so much back.
    Refund {
        /// Minor units.
        amount: u64,
    },
    /// Undoes it.
    Reverse {
        /// What it shrinks to.
        down_to: u64,
    },
    /// Undoes its last refund.
    ReverseRefund,
}

/// What an approved follow-up does to the payer's money, in minor units.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Effect {
    /// What is no longer held.
    pub unheld: u64,
    /// What can be spent again.
    pub freed: u64,
    /// What is taken, whatever the payer has.
    pub taken: u64,
}

impl Effect {
    /// How the ledger balance moves.
    pub fn ledger(&self) -> i64 {
        self.freed as i64 - self.taken as i64 - self.unheld as i64
    }
}

/// A transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tab {
    /// How what follows names it.
    pub original: Named,
    /// Index of the account.
    pub account: u32,
    /// Number of the order, where it is one.
    pub order: u32,
    /// Field 4 of the original.
    pub amount: u64,
    /// What is still held of it.
    pub held: u64,
    /// What its reversals have left of the debit.
    pub(in crate::load) left: u64,
    pub(in crate::load) refunded: u64,
    pub(in crate::load) reversed: bool,
    pub(in crate::load) last_refund: Option<(Named, u64)>,
    /// A refund came to nothing, or was undone.
    pub(in crate::load) refund_undone: bool,
    pub(in crate::load) under_way: Option<FollowUp>,
}

impl Tab {
    /// An authorization that was approved.
    pub fn hold(original: Named, account: u32, order: u32, amount: u64) -> Self {
        Self {
            held: amount,
            left: 0,
            ..Self::debit(original, account, order, amount)
        }
    }

    /// A purchase that was approved, for so much.
    pub fn debit(original: Named, account: u32, order: u32, amount: u64) -> Self {
        Self {
            original,
            account,
            order,
            amount,
            held: 0,
            left: amount,
            refunded: 0,
            reversed: false,
            last_refund: None,
            refund_undone: false,
            under_way: None,
        }
    }

    /// What is under way.
    pub fn under_way(&self) -> Option<FollowUp> {
        self.under_way
    }

    /// Whether the financial system may decline a refund with this code although it is right: it learns of completions
    /// and reversals by advices, which a refund may overtake if its line is bad.
    pub fn may_overtake(&self, code: [u8; 2]) -> bool {
        match &code {
            b"13" => self.refund_undone,
            b"25" => self.original.mti == Mti::COMPLETION,
            _ => false,
        }
    }

    /// What the follow-up names in field 90.
    pub fn named_by(&self, follow_up: FollowUp) -> Named {
        match (follow_up, self.last_refund) {
            (FollowUp::ReverseRefund, Some((refund, _))) => refund,
            _ => self.original,
        }
    }

    /// The follow-up's field 4.
    pub fn amount_of(&self, follow_up: FollowUp) -> u64 {
        match follow_up {
            FollowUp::Complete { amount } | FollowUp::Refund { amount } => amount,
            FollowUp::Reverse { .. } => self.amount,
            FollowUp::ReverseRefund => self.last_refund.map_or(0, |(_, amount)| amount),
        }
    }

    pub(in crate::load) fn can_be_completed(&self) -> bool {
        self.held > 0
    }

    pub(in crate::load) fn can_be_refunded(&self) -> bool {
        self.left > self.refunded
    }

    pub(in crate::load) fn can_be_reversed(&self) -> bool {
        !self.reversed && (self.held > 0 || self.left > 0)
    }

    /// What it does if it is approved. `several`: what a completion leaves stays held.
    pub fn effect(&self, follow_up: FollowUp, several: bool) -> Effect {
        match follow_up {
            FollowUp::Complete { amount } => {
                let debited = amount.min(self.held);
                let unheld = if several { debited } else { self.held };
                Effect {
                    unheld,
                    freed: unheld - debited,
                    taken: 0,
                }
            }
            FollowUp::Refund { amount } => Effect {
                freed: amount,
                ..Effect::default()
            },
            FollowUp::Reverse { down_to } if self.held > 0 => {
                let freed = self.held.saturating_sub(down_to);
                Effect {
                    unheld: freed,
                    freed,
                    taken: 0,
                }
            }
            FollowUp::Reverse { down_to } => Effect {
                freed: self.costs() - cost(self.left.min(down_to), self.refunded),
                ..Effect::default()
            },
            FollowUp::ReverseRefund => {
                let refunded = self.refunded - self.amount_of(follow_up).min(self.refunded);
                Effect {
                    taken: cost(self.left, refunded) - self.costs(),
                    ..Effect::default()
                }
            }
        }
    }

    /// What its payer pays for it now.
    pub(in crate::load) fn costs(&self) -> u64 {
        cost(self.left, self.refunded)
    }

    /// It was approved; `by` is its own name. The debit that a completion leaves beside a hold is handed back.
    pub(in crate::load) fn apply(
        &mut self,
        follow_up: FollowUp,
        by: Named,
        several: bool,
    ) -> Option<Self> {
        let effect = self.effect(follow_up, several);
        match follow_up {
            FollowUp::Complete { amount } => {
                let debited = amount.min(self.held);
                let debit = Self::debit(by, self.account, self.order, debited);
                self.held -= effect.unheld;
                if self.held > 0 {
                    // An earlier completion is only refunded: what its reversal does to the open hold is another matter.
                    return Some(Self {
                        reversed: true,
                        ..debit
                    });
                }
                *self = debit;
            }
            FollowUp::Refund { amount } => {
                self.refunded += amount;
                self.last_refund = Some((by, amount));
            }
            FollowUp::Reverse { down_to } => {
                self.reversed = true;
                self.held -= effect.unheld;
                self.left = self.left.min(down_to);
            }
            FollowUp::ReverseRefund => {
                self.refunded -= self.amount_of(follow_up).min(self.refunded);
                self.last_refund = None;
                self.refund_undone = true;
            }
        }
        None
    }

    /// Whether nothing can follow any more.
    pub(in crate::load) fn is_over(&self) -> bool {
        self.held == 0
            && !self.can_be_refunded()
            && !self.can_be_reversed()
            && self.last_refund.is_none()
    }
}

/// What of a debit is neither undone nor refunded.
fn cost(left: u64, refunded: u64) -> u64 {
    left.saturating_sub(refunded)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(mti: Mti, trace: u32) -> Named {
        Named {
            mti,
            trace,
            second: 1,
        }
    }

    fn follow(tab: &mut Tab, follow_up: FollowUp, several: bool) -> Effect {
        let effect = tab.effect(follow_up, several);
        tab.apply(follow_up, named(Mti::COMPLETION, 7), several);
        effect
    }

    #[test]
    fn a_completion_debits_what_is_held_at_most() {
        for (amount, several, unheld, freed) in [
            (100, false, 100, 0),
            (150, false, 100, 0),
            (60, false, 100, 40),
            (60, true, 60, 0),
            (150, true, 100, 0),
        ] {
            let mut tab = Tab::hold(named(Mti::AUTHORIZATION, 1), 0, 0, 100);
            let effect = follow(&mut tab, FollowUp::Complete { amount }, several);
            assert_eq!((effect.unheld, effect.freed), (unheld, freed), "{amount}");
            assert_eq!(effect.ledger(), -(amount.min(100) as i64));
            assert_eq!(tab.held, 100 - unheld);
            let name = if tab.held > 0 {
                Mti::AUTHORIZATION
            } else {
                Mti::COMPLETION
            };
            assert_eq!(tab.original.mti, name);
        }
    }

    #[test]
    fn the_larger_of_what_is_left_and_what_was_refunded_stays() {
        let mut tab = Tab::debit(named(Mti::PURCHASE, 1), 0, 0, 100);
        assert_eq!(
            follow(&mut tab, FollowUp::Refund { amount: 30 }, false).freed,
            30
        );
        let mut reversed = tab;
        assert_eq!(
            follow(&mut reversed, FollowUp::Reverse { down_to: 0 }, false).freed,
            70
        );
        // What the refund had kept back is given back when the refund is taken back.
        assert_eq!(
            follow(&mut reversed, FollowUp::ReverseRefund, false).taken,
            0
        );
        assert!(reversed.is_over());
        let mut part = tab;
        assert_eq!(
            follow(&mut part, FollowUp::Reverse { down_to: 20 }, false).freed,
            70
        );
        assert_eq!(follow(&mut part, FollowUp::ReverseRefund, false).taken, 20);
        assert_eq!(follow(&mut tab, FollowUp::ReverseRefund, false).taken, 30);
        assert!(tab.can_be_reversed());
    }
}
