//! What has become of an order or of a request, as the answer to a status inquiry (0610) says it.

use crate::amount::Amount;
use crate::currency::Currency;
use crate::original::OriginalData;
use crate::packer::Packer;
use crate::response_code::ResponseCode;
use crate::tlv::{self, TlvWriter};

macro_rules! states {
    ($($state:ident = $word:literal, $meaning:literal;)*) => {
        /// Field 48 tag 10 of the answer to a status inquiry.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum State {
            $(#[doc = $meaning] $state,)*
        }

        impl State {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$state),*];

            /// The state of a word; `None` for one that the protocol does not name.
            pub fn of(word: &[u8]) -> Option<Self> {
                Self::ALL.iter().copied().find(|state| state.word().as_bytes() == word)
            }

            /// As the answer has it.
            pub const fn word(self) -> &'static str {
                match self {
                    $(Self::$state => $word,)*
                }
            }

            /// What it says.
            pub const fn meaning(self) -> &'static str {
                match self {
                    $(Self::$state => $meaning,)*
                }
            }
        }
    };
}

states! {
    Waiting = "waiting", "the purchase has come and waits for the payer to agree";
    Agreed = "agreed", "the payer has agreed to the order, and no purchase has paid it";
    Deciding = "deciding", "the financial system has been asked and has not answered yet";
    Approved = "approved", "approved; the amounts say what was reversed, refunded or completed since";
    Declined = "declined", "declined: nothing was debited";
    Reversed = "reversed", "approved, and nothing of it is left: it was reversed";
    Expired = "expired", "the agreement ended unpaid, or what the authorization held was released";
    Cancelled = "cancelled", "the payer has taken the agreement back";
}

/// What has become of an order or of a request. It says nothing about who pays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusReport {
    /// Tag 10.
    pub state: State,
    /// Tag 11: field 39 of the answer to the request; `None` before it is decided, and of an order without a purchase.
    pub code: Option<ResponseCode>,
    /// Field 38 of an approval.
    pub approval: Option<[u8; 6]>,
    /// Field 49.
    pub currency: Currency,
    /// Tag 12: what the request asked for, or the payer agreed to.
    pub amount: Amount,
    /// Tags 13 to 16, once it is approved.
    pub amounts: Option<StatusAmounts>,
    /// Tag 17: field 37 of the request.
    pub retrieval: Option<[u8; 12]>,
    /// Field 90: the request, as a reversal or refund names it.
    pub original: Option<OriginalData>,
    /// Tag 09: why it was declined, for a developer's eyes.
    pub reason: Option<Box<str>>,
}

/// What has become of an approved amount so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct StatusAmounts {
    /// Tag 13.
    pub approved: Amount,
    /// Tag 14: taken back by reversals.
    pub reversed: Amount,
    /// Tag 15: given back by refunds.
    pub refunded: Amount,
    /// Tag 16: debited by completions, of an authorization.
    pub completed: Amount,
}

impl StatusReport {
    /// Packs field 48.
    pub(super) fn pack_tags(&self, packer: &mut Packer<'_>) {
        let mut tags = TlvWriter::new();
        // The values are far shorter than the field.
        let mut add = |tag, value: &[u8]| {
            let _ = tags.add(tag, value);
        };
        if let Some(reason) = &self.reason {
            let reason = reason.as_bytes();
            add(
                tlv::REASON,
                &reason[..reason.len().min(super::REASON_BYTES_MAX)],
            );
        }
        add(tlv::STATE, self.state.word().as_bytes());
        if let Some(code) = &self.code {
            add(tlv::DECIDED_CODE, code.as_bytes());
        }
        add(tlv::AMOUNT, digits(self.amount).as_bytes());
        if let Some(amounts) = &self.amounts {
            add(tlv::APPROVED_AMOUNT, digits(amounts.approved).as_bytes());
            add(tlv::REVERSED_AMOUNT, digits(amounts.reversed).as_bytes());
            add(tlv::REFUNDED_AMOUNT, digits(amounts.refunded).as_bytes());
            add(tlv::COMPLETED_AMOUNT, digits(amounts.completed).as_bytes());
        }
        if let Some(retrieval) = &self.retrieval {
            add(tlv::RETRIEVAL, retrieval);
        }
        packer.raw(48, tags.as_bytes());
    }
}

fn digits(amount: Amount) -> String {
    format!("{:012}", amount.value())
}
