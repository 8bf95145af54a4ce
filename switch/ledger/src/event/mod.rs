//! What can happen to a wallet. Everything that depends on the kind of an event is in this folder:
//!
//! | file | content |
//! | --- | --- |
//! | `mod` | its fields, the request that it opens, the transaction that it is about |
//! | `accounts` | the accounts of the double entry |
//! | `before` | as much of the wallet as the postings and totals need |
//! | `broken` | why an event does not fit its wallet |
//! | `field`, `parts` | the bytes of single fields, and of what several events have |
//! | `bytes` | its number and its bytes in the journal |
//! | `postings` | the money that it moves, and between which accounts |
//! | `opens` | the transaction that it opens |
//! | `settlement` | what it adds to the totals of a party |
//! | `host` | the request or advice to the financial system |
//! | `line` | the line of the payer's history |
//! | `sentence` | the sentence of `tessera explain` |
//!
//! Every match names all events, so that the compiler names each place that a new event needs.

mod accounts;
mod before;
mod broken;
pub(crate) mod bytes;
mod field;
mod host;
mod line;
mod opens;
pub(crate) mod parts;
mod postings;
mod sentence;
mod settlement;

use tessera_kit::clock::Timestamp;
use tessera_kit::record::Position;
use tessera_protocol::leased::NumberUse;
use tessera_protocol::{
    Amount, CardNumber, Currency, Institution, OrderKey, ResponseCode, Stan, Totals,
};

use crate::{
    About, Balance, CardName, Change, Day, Directed, Opening, Owed, Reason, Reference,
    UnseenOriginal, WalletId,
};

pub use accounts::Account;
pub(crate) use before::Before;
pub use broken::Broken;
pub use host::{HostPurpose, ToHost};
pub use line::{Detail, Line};
pub use parts::{read_totals, write_totals};
pub(crate) use postings::postings;
pub use postings::{Posting, Postings};
pub(crate) use settlement::settles;
pub use settlement::{Item, Items, Side};

/// One event in its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Whose event.
    pub wallet: WalletId,
    /// Journal position of the wallet's event before it; `None` for its first.
    pub previous: Option<Position>,
    /// When it was journaled.
    pub at: Timestamp,
    /// What the wallet had available before it.
    pub available: Balance,
    /// What was held in the wallet before it.
    pub held: Balance,
    /// What its payer owed before it.
    pub owed: Balance,
    /// What happened.
    pub event: Event,
}

impl Entry {
    /// When it happened, or was given its reference where that is later.
    pub fn highest_time(&self) -> Timestamp {
        let opening = self.event.opening();
        let given_at = opening.map(|opening| opening.reference.given_at());
        given_at.map_or(self.at, |given_at| self.at.max(given_at))
    }
}

/// What happened. Amounts stand in the transaction that an event names, so that no event can
/// disagree with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A wallet was made.
    Opened(Opening),
    /// A development wallet with a card and money, in one event.
    Provisioned {
        /// The wallet's only currency.
        currency: Currency,
        /// Its card.
        card: CardNumber,
        /// YYMM.
        expiry: u16,
        /// What it starts with.
        balance: Amount,
    },
    /// The host is being asked for a card.
    CardRequested {
        /// The request.
        opening: Opening,
        /// Our trace number towards the host.
        host_trace: Stan,
        /// What kind of card.
        wanted: Wanted,
    },
    /// The host issued it.
    CardIssued {
        /// Of the request.
        reference: Reference,
        /// The new card.
        card: CardNumber,
        /// YYMM.
        expiry: u16,
    },
    /// A card number was ended, and the host must get an advice.
    CardRetired {
        /// The request, or what the wallet does by itself when it ends.
        opening: Opening,
        /// The card.
        card: CardName,
    },
    /// The host is being asked for money from the payer's source.
    LoadRequested {
        /// The request.
        opening: Opening,
        /// Our trace number towards the host.
        host_trace: Stan,
        /// The card that the host knows the wallet by.
        card: CardName,
        /// YYMM.
        expiry: u16,
        /// The account's source; 0 where the wallet server said its number.
        source: u32,
        /// The wallet reloads by itself.
        by_itself: bool,
    },
    /// All money is held, for the host to pay it back to the payer's source; the wallet ends when it has.
    PayoutRequested {
        /// The request.
        opening: Opening,
        /// Our trace number towards the host.
        host_trace: Stan,
        /// The card that the host knows the wallet by.
        card: CardName,
        /// YYMM.
        expiry: u16,
        /// The account's source.
        source: u32,
    },
    /// A mall gives money of a purchase back, and the host is asked.
    RefundRequested {
        /// The request.
        opening: Opening,
        /// The purchase; `None` where the refund names none.
        original: Option<Reference>,
        /// The host did not know the purchase yet, or the reversal of an earlier refund of it.
        early: bool,
        /// Our trace number towards the host.
        host_trace: Stan,
        /// The card that paid.
        card: CardName,
        /// YYMM.
        expiry: u16,
    },
    /// A purchase or an authorization set money aside and goes to the host.
    Held {
        /// The request.
        opening: Opening,
        /// Our trace number towards the host.
        host_trace: Stan,
        /// The card that the host is shown.
        card: CardName,
        /// YYMM.
        expiry: u16,
        /// Less than what was asked for, where only that is there.
        granted: Option<Amount>,
        /// Until when an authorization holds it; `None` for a purchase.
        expires_at: Option<Timestamp>,
    },
    /// A stand-in advice of a purchase or an authorization, about which the host must get an advice. What is not there
    /// is owed.
    Advised {
        /// The advice.
        opening: Opening,
        /// The card that the host is shown.
        card: CardName,
        /// YYMM.
        expiry: u16,
        /// Until when an authorization holds it; `None` for a purchase.
        expires_at: Option<Timestamp>,
    },
    /// An authorization was completed, fully or partially, and the host must get an advice.
    Completed {
        /// The completion.
        opening: Opening,
        /// The authorization; `None` where there is none, and nothing is debited.
        original: Option<Reference>,
        /// The card that the host is shown.
        card: CardName,
        /// YYMM.
        expiry: u16,
        /// What is debited.
        debit: Amount,
        /// How much of that comes from what was set aside; the rest is available.
        from_hold: Amount,
        /// Nothing more can be completed: what is left of the hold is free.
        closes: bool,
        /// No authorization fits what field 90 names, or several do.
        unmatched: bool,
    },
    /// The time of an authorization is over: what it had set aside is free.
    Expired {
        /// Of the authorization.
        reference: Reference,
    },
    /// A purchase was approved as stand-in for the host, which must get an advice.
    StoodIn {
        /// Of the request.
        reference: Reference,
    },
    /// The host acknowledged a purchase, authorization or completion that was decided without it.
    PostingAcknowledged {
        /// Of the request.
        reference: Reference,
    },
    /// The host approved: a purchase is debited, a load credited.
    Approved {
        /// Of the request.
        reference: Reference,
    },
    /// Nothing came of it: a hold is given back.
    Released {
        /// Of the request.
        reference: Reference,
        /// The answer to the requester.
        code: ResponseCode,
        /// Whether the host must get a reversal, because it may have approved.
        advise: bool,
    },
    /// Refused by a rule of the switch; nothing moved.
    Declined {
        /// The request.
        opening: Opening,
        /// The answer to the requester.
        code: ResponseCode,
        /// Which rule did.
        reason: Reason,
    },
    /// A reversal undid its original, down to what stands of it.
    Reversed {
        /// The reversal.
        opening: Opening,
        /// The purchase or refund.
        original: Reference,
        /// What it asked to leave.
        asked: Amount,
        /// What is left: more where it was refunded.
        standing: Amount,
    },
    /// A refund came to nothing of a purchase that has been reversed: what it had kept back from the reversal is given
    /// back too.
    ReversedFurther {
        /// The purchase.
        original: Reference,
        /// What stood of it before.
        stood: Amount,
        /// What is left.
        standing: Amount,
        /// To which moment's settlement date that belongs: that of the purchase's reversal, or that of
        /// the refund's where it came later.
        at: Timestamp,
    },
    /// A reversal that changed nothing: there was nothing, or nothing left, to undo.
    ReversalNoted {
        /// The reversal.
        opening: Opening,
        /// The answer to the requester.
        code: ResponseCode,
        /// What is known of its original.
        original: NotedOriginal,
    },
    /// The host acknowledged the advice about a transaction.
    AdviceAcknowledged {
        /// The transaction.
        reference: Reference,
    },
    /// A repeat came with another field 7; a reversal may name that one.
    Repeated {
        /// The transaction.
        reference: Reference,
        /// Field 7 of the repeat.
        transmission: u32,
    },
    /// The payer agreed to pay an order.
    OrderAnnounced {
        /// The announcement; the order stands in its payer, its mall in its acceptor.
        opening: Opening,
        /// When the agreement ends.
        expires_at: Timestamp,
        /// What is bought, for the payer's eyes.
        description: Vec<u8>,
        /// Originals of this order that were reversed before it was announced.
        reversed: Vec<UnseenOriginal>,
    },
    /// The payer took it back.
    OrderCancelled {
        /// The cancellation.
        opening: Opening,
    },
    /// The payer's account changed.
    Account {
        /// The request; none where the wallet did it by itself.
        opening: Option<Opening>,
        /// In what way.
        change: Change,
    },
    /// The wallet has ended with no money in it.
    Closed {
        /// The request.
        opening: Opening,
    },
    /// The host has refused an advice too often: it is not sent any more unless an operator resends it.
    GivenUp {
        /// The transaction.
        reference: Reference,
        /// The kind of the advice.
        owed: Owed,
        /// What it said the last time.
        code: ResponseCode,
    },
    /// An operator has decided something.
    Directed(Box<Directed>),
    /// The totals of a party, or of the financial system, were compared with ours; in the wallet of the operator.
    Reconciled(Box<Reconciled>),
    /// The host has not answered a card issue in time, and is asked again; the requester was answered so.
    CardLate {
        /// Of the request.
        reference: Reference,
    },
}

/// A party's totals of a settlement date, or those of the financial system, and ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reconciled {
    /// Field 32; none for the financial system, which has those of all.
    pub institution: Option<Institution>,
    /// Field 11.
    pub trace: Option<Stan>,
    /// Field 7, MMDDhhmmss.
    pub transmission: u32,
    /// Of which date.
    pub day: Day,
    /// What the other side has.
    pub theirs: Totals,
    /// What the switch has.
    pub ours: Totals,
}

impl Reconciled {
    /// Whether both have the same. With the financial system that is what is left of it all: it has also seen what came to
    /// nothing here, and that it was undone.
    pub fn agrees(&self) -> bool {
        match self.institution {
            None => self.theirs.net == self.ours.net,
            _ => self.theirs == self.ours,
        }
    }
}

/// What kind of card the host is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wanted {
    /// The wallet's first.
    First,
    /// The replacement of this one, which is sent to the host until it has answered.
    Replacement(CardName),
    /// A further number.
    Further {
        /// What it is for.
        usage: NumberUse,
        /// What a purchase with it may come to; zero for no limit.
        limit: Amount,
    },
}

/// What is known of the original of a reversal that changed nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotedOriginal {
    /// There is nothing, or nothing left, to undo of it.
    Found,
    /// Nothing that was decided fits: the original is declined should it come.
    Unseen(Box<UnseenOriginal>),
    /// Several fit equally well.
    Several,
}

impl Event {
    /// Whether it brings a card, with its number.
    pub fn has_card_number(&self) -> bool {
        matches!(self, Self::Provisioned { .. } | Self::CardIssued { .. })
    }

    /// The order that it names.
    pub fn order(&self) -> Option<OrderKey> {
        self.opening()?.order()
    }

    /// The request that this event opens, where it opens one.
    pub fn opening(&self) -> Option<&Opening> {
        match self {
            Self::Opened(opening)
            | Self::CardRequested { opening, .. }
            | Self::CardRetired { opening, .. }
            | Self::LoadRequested { opening, .. }
            | Self::PayoutRequested { opening, .. }
            | Self::RefundRequested { opening, .. }
            | Self::Held { opening, .. }
            | Self::Advised { opening, .. }
            | Self::Completed { opening, .. }
            | Self::Declined { opening, .. }
            | Self::Reversed { opening, .. }
            | Self::ReversalNoted { opening, .. }
            | Self::OrderAnnounced { opening, .. }
            | Self::OrderCancelled { opening }
            | Self::Closed { opening } => Some(opening),
            Self::Account { opening, .. } => opening.as_ref(),
            Self::Provisioned { .. }
            | Self::CardIssued { .. }
            | Self::Expired { .. }
            | Self::StoodIn { .. }
            | Self::PostingAcknowledged { .. }
            | Self::Approved { .. }
            | Self::Released { .. }
            | Self::ReversedFurther { .. }
            | Self::AdviceAcknowledged { .. }
            | Self::Repeated { .. }
            | Self::GivenUp { .. }
            | Self::Directed(_)
            | Self::Reconciled(_)
            | Self::CardLate { .. } => None,
        }
    }
    /// Which transaction it is about, apart from the one that it opens.
    pub fn about(&self) -> About<'_> {
        match self {
            Self::Approved { reference }
            | Self::CardIssued { reference, .. }
            | Self::Released { reference, .. }
            | Self::AdviceAcknowledged { reference }
            | Self::Repeated { reference, .. }
            | Self::CardLate { reference }
            | Self::GivenUp { reference, .. }
            | Self::Expired { reference }
            | Self::StoodIn { reference }
            | Self::PostingAcknowledged { reference }
            | Self::Reversed {
                original: reference,
                ..
            }
            | Self::ReversedFurther {
                original: reference,
                ..
            } => About::Reference(*reference),
            Self::RefundRequested { original, .. } | Self::Completed { original, .. } => {
                original.map_or(About::None, About::Reference)
            }
            Self::Directed(directed) => directed.about(),
            Self::Opened(_)
            | Self::Provisioned { .. }
            | Self::CardRequested { .. }
            | Self::CardRetired { .. }
            | Self::LoadRequested { .. }
            | Self::PayoutRequested { .. }
            | Self::Held { .. }
            | Self::Advised { .. }
            | Self::Declined { .. }
            | Self::ReversalNoted { .. }
            | Self::OrderAnnounced { .. }
            | Self::OrderCancelled { .. }
            | Self::Account { .. }
            | Self::Closed { .. }
            | Self::Reconciled(_) => About::None,
        }
    }
}
