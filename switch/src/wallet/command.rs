//! What a wallet can be told, and what comes out of it: plain data, so that the rules can be tested
//! without a socket and replayed without a clock.

use tessera_protocol::{Amount, CardNumber, OriginalData, ResponseCode};

use super::event::UnseenOriginal;
use super::{Entry, Opening, OrderKey, OrderState, Reference};

/// What a wallet is told.
#[derive(Debug, Clone)]
pub enum Command {
    /// Somebody asks and waits for an answer.
    Ask(Box<Ask>),
    /// The host answered a purchase or a load.
    HostAnswered(Reference, ResponseCode),
    /// The host issued a card.
    HostIssuedCard(Reference, CardNumber, u16),
    /// The host did not answer in time; it may have seen the request or not.
    HostSilent(Reference),
    /// The request never left for the host.
    HostUnreached(Reference),
    /// The host acknowledged the advice about a transaction.
    AdviceAnswered(Reference),
    /// The switch has started again: whatever is open has to be settled.
    Recover,
}

/// A request and what it wants.
#[derive(Debug, Clone)]
pub struct Ask {
    /// Who asks, and about what.
    pub opening: Opening,
    /// What is wanted.
    pub action: Action,
}

/// What a request wants of the wallet.
#[derive(Debug, Clone)]
pub enum Action {
    /// 0200/00.
    Purchase,
    /// 0100/31, or the wallet server's.
    Inquiry,
    /// 0400 or 0420.
    Reverse {
        /// Field 90.
        original: OriginalData,
        /// Field 95.
        replacement: Option<Amount>,
        /// 0420: never declined for a business reason.
        advice: bool,
    },
    /// Make the wallet.
    Open,
    /// Ask the host for a card.
    IssueCard,
    /// Ask the host for money.
    Load {
        /// Field 102: where it comes from.
        source: Vec<u8>,
    },
    /// The payer agreed to an order.
    Announce {
        /// Milliseconds since 1970.
        expires_at: u64,
        /// For the payer's eyes.
        description: Vec<u8>,
        /// Originals of this order that were reversed before.
        reversed: Vec<UnseenOriginal>,
    },
    /// The payer takes an order back.
    Cancel,
    /// The last transactions.
    History(HistoryRequest),
}

/// How much history is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HistoryRequest {
    /// At most so many events.
    pub events: u16,
    /// Journal position to go on from; 0 for the newest.
    pub from: u64,
}

/// What is handed in to a decision.
#[derive(Debug, Clone, Copy)]
pub struct Context {
    /// Milliseconds since 1970.
    pub now: u64,
    /// A trace number for the host that is not in flight.
    pub host_trace: u32,
    /// Within how many milliseconds a request is answered.
    pub answer_within: u64,
    /// Whether a line to the host is up.
    pub host_up: bool,
}

/// What has to happen outside, once the events are durable.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Answer whoever asked.
    Answer(Outcome),
    /// Whoever asked waits for this transaction; nobody else waits for it any more.
    Await(Reference),
    /// Answer whoever waits for this transaction.
    Settle(Reference, Outcome),
    /// Send the transaction to the host.
    Forward(Reference),
    /// Tell the host to undo the transaction, until it acknowledges.
    Advise(Reference),
    /// Ask the host again for a card.
    AskForCardAgain(Reference),
    /// The card now leads to this wallet.
    CardAdded(CardNumber),
    /// The order now leads to this wallet, in this state.
    OrderTurned(OrderKey, OrderState, u64),
    /// Read the history off the journal and answer with it.
    ReadHistory(HistoryRequest),
}

/// An answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// Field 39.
    pub code: ResponseCode,
    /// Field 38, on an approved purchase.
    pub approval: Option<[u8; 6]>,
    /// Which rule declined, for a developer's eyes (tag 09); empty on approval.
    pub reason: &'static str,
    /// What else the asker wanted to know.
    pub details: Details,
}

/// What else an answer says.
#[derive(Debug, Clone, PartialEq)]
pub enum Details {
    /// Nothing.
    None,
    /// Field 54, and the wallet server's balance.
    Balances {
        /// Available and held.
        ledger: Amount,
        /// What can be spent.
        available: Amount,
    },
    /// A card of the wallet.
    Card(CardNumber, u16),
    /// Events with their positions, newest first, and the position to go on from (0: that is all).
    History(Vec<(u64, Entry)>, u64),
}

impl Outcome {
    /// Approved, with nothing more to say.
    pub fn approved() -> Self {
        Self {
            code: ResponseCode::APPROVED,
            approval: None,
            reason: "",
            details: Details::None,
        }
    }

    /// Declined by the rule that `reason` names.
    pub fn declined(code: ResponseCode, reason: &'static str) -> Self {
        Self {
            code,
            approval: None,
            reason,
            details: Details::None,
        }
    }
}
