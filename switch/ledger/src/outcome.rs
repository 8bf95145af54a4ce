//! What a decision leads to outside: effects, and the answer to a request.

use std::time::Duration;

use tessera_kit::clock::Timestamp;
use tessera_kit::record::Position;
use tessera_protocol::leased::tag;
use tessera_protocol::{
    Amount, CardNumber, Currency, OrderKey, ResponseCode, StatusReport, Totals,
};

use super::{
    Balance, CardName, Day, Entry, GivenUp, HistoryRequest, OrderState, Reference, Rule, Verdict,
};

/// What has to happen outside, once the events are durable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Answer the requester.
    Answer(Outcome),
    /// The requester now waits for this transaction, in place of the previous one.
    Await(Reference),
    /// Answer the requester that waits for this transaction.
    Settle(Reference, Outcome),
    /// Send the transaction to the host.
    Forward(Reference),
    /// Ask the host to undo the transaction, until it acknowledges.
    Advise(Reference),
    /// Advise the host of a transaction that was decided without it, until it acknowledges.
    Post(Reference),
    /// Come back at this time: the time of what an authorization holds is over then.
    WakeAt(Timestamp),
    /// Ask the host again for a card.
    AskForCardAgain(Reference),
    /// Keep this advice as a dead letter for the operator.
    LayAside(Reference, GivenUp),
    /// What was decided about all wallets counts from now on.
    Proclaim,
    /// Send the host our totals of a settlement date.
    SendTotals(Day),
    /// Look at the passwords that came with the request, and ask again with what has become of them. The
    /// account's hash; none where there is no account, which must take as long.
    Prove(Option<Box<str>>),
    /// Look at what the passkey of this number has signed, and ask again with what has become of it.
    ProvePasskey(u32),
    /// Load from this source, because the wallet reloads by itself after this purchase.
    Reload(Reference, u32, Amount),
    /// Ask the host for a card in the place of the one with this serial number, which expires soon.
    RenewCard(u32),
    /// The requester watches the wallet from now on.
    Watch,
    /// The requester stops watching.
    Unwatch,
    /// Seal anew what the vault's newest key has not sealed.
    Reseal,
    /// The card now leads to this wallet.
    CardAdded(CardName),
    /// The order now leads to this wallet, in this state.
    OrderTurned(OrderKey, OrderState, Timestamp),
    /// Read the history off the journal and answer with it.
    ReadHistory(HistoryRequest),
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// Field 39.
    pub code: ResponseCode,
    /// Field 38, on an approved purchase.
    pub approval: Option<[u8; 6]>,
    /// Which rule declined, for a developer's eyes (tag 09); none on approval, but for [`Rule::OriginalNotFound`].
    pub rule: Option<Rule>,
    /// What else the asker wanted to know.
    pub details: Details,
}

/// Sources by number, as they may be shown.
pub type Sources = Vec<(u32, Box<str>)>;

/// What else an answer says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Details {
    /// Nothing.
    None,
    /// Field 54, and the wallet server's balance.
    Balances {
        /// Available and held.
        ledger: Balance,
        /// What can be spent.
        available: Balance,
    },
    /// Less than what was asked for is approved.
    Part {
        /// So much.
        granted: Amount,
        /// Of this.
        of: Amount,
    },
    /// A card of the wallet, in full where the payer asked for it.
    Card {
        /// Its number.
        number: CardNumber,
        /// YYMM.
        expiry: u16,
        /// Which of the wallet's it is.
        serial: u32,
        /// Whether the whole number may be shown.
        in_full: bool,
    },
    /// The number that was given to a source.
    Number(u32),
    /// What has become of an order.
    Order {
        /// In a word.
        state: &'static str,
        /// What the payer agreed to.
        amount: Amount,
        /// In what.
        currency: Currency,
        /// The purchase.
        paid_by: Option<Reference>,
    },
    /// The totals of a settlement date.
    Totals {
        /// Field 66: both have the same.
        agreed: bool,
        /// The switch's own.
        ours: Box<Totals>,
    },
    /// What has become of an order or a request, for its party.
    Status(Box<StatusReport>),
    /// The payer's overview, or a list, already in rows: tag and value.
    Rows(Vec<(u8, String)>),
    /// A piece of the wallet's history.
    History {
        /// Events with their positions, newest first.
        entries: Vec<(Position, Entry)>,
        /// The position to go on from; `None`: that is all.
        next: Option<Position>,
        /// The sources that events name.
        sources: Sources,
        /// What is available after the first of them, where it is the wallet's newest event.
        available: Option<Balance>,
    },
}

impl Outcome {
    /// Approved, with nothing more to say.
    pub fn approved() -> Self {
        Self {
            code: ResponseCode::APPROVED,
            approval: None,
            rule: None,
            details: Details::None,
        }
    }

    /// An original that is named was not found, or several fit: 00 to an advice, 25 to a request.
    pub fn unmatched(advice: bool) -> Self {
        let code = match advice {
            true => ResponseCode::APPROVED,
            false => ResponseCode::NOT_FOUND,
        };
        Self::declined(Verdict::with_code(Rule::OriginalNotFound, code))
    }

    /// Too many passwords wait to be looked at: nothing was applied.
    pub fn busy() -> Self {
        Self {
            details: Details::Rows(vec![(tag::RETRY_AFTER, "1".to_owned())]),
            ..Self::declined(Rule::PasswordsBusy)
        }
    }

    /// Too many passwords were wrong: nothing was applied, and the request may come again after this time.
    pub fn too_early(wait: Duration) -> Self {
        // Rounded up: a try at the moment that was named must not come too early.
        let seconds = wait.as_secs() + 1;
        Self {
            details: Details::Rows(vec![(tag::RETRY_AFTER, seconds.to_string())]),
            ..Self::declined(Rule::TooManyTries)
        }
    }

    /// Declined by a rule.
    pub fn declined(why: impl Into<Verdict>) -> Self {
        let Verdict { code, rule } = why.into();
        Self {
            code,
            approval: None,
            rule,
            details: Details::None,
        }
    }

    /// What it says, without what else it carries.
    pub fn verdict(&self) -> Verdict {
        Verdict {
            code: self.code,
            rule: self.rule,
        }
    }
}
