//! What can happen to a wallet, and the accounts between which an event moves money.

use std::borrow::Cow;

use arrayvec::ArrayVec;
use tessera_protocol::leased::{NumberUse, Operation};
use tessera_protocol::{Amount, CardNumber, Currency, OrderKey, ResponseCode, Totals};

use super::{
    Balance, Change, Day, Directed, DuplicateKey, KeyFields, NO_PARTY, Owed, Reference,
    UnseenOriginal, WalletId,
};
use tessera_kit::clock;

/// One event in its place.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// Whose event.
    pub wallet: WalletId,
    /// Journal position of the wallet's event before it; 0 for its first.
    pub previous: u64,
    /// Milliseconds since 1970.
    pub at: u64,
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
    /// When it happened, or was given its reference where that is later: milliseconds since 1970.
    pub fn highest_time(&self) -> u64 {
        let opening = self.event.opening();
        let given_at = opening.map_or(0, |opening| opening.reference.milliseconds());
        self.at.max(given_at)
    }
}

/// What a request said when it came, for as long as the journal is kept.
#[derive(Debug, Clone, PartialEq)]
pub struct Opening {
    /// The switch's own id of the transaction.
    pub reference: Reference,
    /// What makes a repeat of it a repeat.
    pub key: DuplicateKey,
    /// Field 32.
    pub institution: u64,
    /// Second digit of the MTI: 1 authorization, 2 financial, 4 reversal, 6 administrative.
    pub class: u8,
    /// Field 3, or field 24 on the wallet server's line.
    pub processing_code: u32,
    /// Field 11.
    pub trace: u32,
    /// Field 7, MMDDhhmmss.
    pub transmission: u32,
    /// Field 12, hhmmss.
    pub local_time: u32,
    /// Field 13, MMDD.
    pub local_date: u32,
    /// Field 41; for the wallet server, which has no terminals, what tells apart what its field 60 says.
    pub terminal: [u8; 8],
    /// Field 42.
    pub acceptor: [u8; 15],
    /// Whether the MTI marked a repeat: the original, with a time of its own, never came through.
    pub repeat: bool,
    /// Field 37.
    pub retrieval: [u8; 12],
    /// Field 4.
    pub amount: Amount,
    /// Field 49.
    pub currency: Currency,
    /// How the request named the payer.
    pub payer: Payer,
    /// What the request said about the merchant.
    pub merchant: Merchant,
}

/// What a request says about the merchant; zeros where it does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Merchant {
    /// Field 18, the merchant category (ISO 18245).
    pub category: u16,
    /// Field 19, the country (numeric ISO 3166).
    pub country: u16,
    /// Field 22, the entry mode.
    pub entry_mode: u16,
    /// Field 25, the condition: 59 is e-commerce.
    pub condition: u8,
    /// Field 48 tag 04: less than the amount may be approved, and the party may have it so.
    pub takes_part: bool,
}

/// How a request names who pays.
#[derive(Debug, Clone, PartialEq)]
pub enum Payer {
    /// By card number, with the expiry (YYMM) where the request carried one.
    Card(CardNumber, Option<u16>),
    /// By order, at an affiliated mall.
    Order(OrderKey),
    /// By wallet: the wallet server speaks for the payer.
    Wallet,
}

/// What happened. Amounts stand in the transaction that an event names, so that no event can
/// disagree with it.
#[derive(Debug, Clone, PartialEq)]
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
        host_trace: u32,
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
    /// A card number is dead, and the host has to be told.
    CardRetired {
        /// The request, or what the wallet does by itself when it ends.
        opening: Opening,
        /// The card.
        card: CardNumber,
    },
    /// The host is being asked for money from the payer's source.
    LoadRequested {
        /// The request.
        opening: Opening,
        /// Our trace number towards the host.
        host_trace: u32,
        /// The card that the host knows the wallet by.
        card: CardNumber,
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
        host_trace: u32,
        /// The card that the host knows the wallet by.
        card: CardNumber,
        /// YYMM.
        expiry: u16,
        /// The account's source.
        source: u32,
    },
    /// A mall gives money of a purchase back, and the host is asked.
    RefundRequested {
        /// The request.
        opening: Opening,
        /// The purchase; 0 where the refund names none.
        original: Reference,
        /// The host had yet to hear of the purchase, or that an earlier refund of it came to nothing.
        early: bool,
        /// Our trace number towards the host.
        host_trace: u32,
        /// The card that paid.
        card: CardNumber,
        /// YYMM.
        expiry: u16,
    },
    /// A purchase or an authorization set money aside and goes to the host.
    Held {
        /// The request.
        opening: Opening,
        /// Our trace number towards the host.
        host_trace: u32,
        /// The card that the host is shown.
        card: CardNumber,
        /// YYMM.
        expiry: u16,
        /// Less than what was asked for, where only that is there.
        granted: Option<Amount>,
        /// Until when an authorization holds it, milliseconds since 1970; 0 for a purchase.
        expires_at: u64,
    },
    /// A purchase or an authorization was decided elsewhere, and the host has to be told. What is not there is owed.
    Advised {
        /// The advice.
        opening: Opening,
        /// The card that the host is shown.
        card: CardNumber,
        /// YYMM.
        expiry: u16,
        /// Until when an authorization holds it, milliseconds since 1970; 0 for a purchase.
        expires_at: u64,
    },
    /// An authorization was completed, wholly or in part, and the host has to be told.
    Completed {
        /// The completion.
        opening: Opening,
        /// The authorization; 0 where there is none, and nothing is debited.
        original: Reference,
        /// The card that the host is shown.
        card: CardNumber,
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
    /// A purchase was approved in the host's stead, which has to be told.
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
        /// What the asker is told.
        code: ResponseCode,
        /// Whether the host must be told to undo it, because it may have approved.
        advise: bool,
    },
    /// Refused by a rule of the switch; nothing moved.
    Declined {
        /// The request.
        opening: Opening,
        /// What the asker was told.
        code: ResponseCode,
        /// Which rule did.
        reason: Cow<'static, str>,
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
        /// To which moment's settlement date that belongs, milliseconds since 1970: that of the purchase's reversal, or that of
        /// the refund's where it came later.
        at: u64,
    },
    /// A reversal that changed nothing: there was nothing, or nothing left, to undo.
    ReversalNoted {
        /// The reversal.
        opening: Opening,
        /// What the asker was told.
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
        /// Milliseconds since 1970.
        expires_at: u64,
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
    /// The host has refused so often to be told something that it is told no more, unless an operator wants it.
    GivenUp {
        /// The transaction.
        reference: Reference,
        /// What it was to be told of it.
        owed: Owed,
        /// What it said the last time.
        code: ResponseCode,
    },
    /// An operator has decided something.
    Directed(Box<Directed>),
    /// The totals of a party, or of the financial system, were compared with ours; in the wallet of the operator.
    Reconciled(Box<Reconciled>),
    /// The host has not said in time which card it has issued, and is asked again; who waited was told so.
    CardLate {
        /// Of the request.
        reference: Reference,
    },
}

/// A party's totals of a settlement date, or those of the financial system, and ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reconciled {
    /// Field 32; [`NO_PARTY`] for the financial system, which has those of all.
    pub institution: u64,
    /// Field 11.
    pub trace: u32,
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
            NO_PARTY => self.theirs.net == self.ours.net,
            _ => self.theirs == self.ours,
        }
    }
}

/// What kind of card the host is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wanted {
    /// The wallet's first.
    First,
    /// One in the place of this one, which the host has to be told until it has answered.
    Replacement(CardNumber),
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

/// Accounts of the double entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Account {
    /// What the payer can spend.
    Available(WalletId),
    /// What is set aside.
    Held(WalletId),
    /// What the switch owes a party.
    Payable(u64),
    /// Where loaded money comes from.
    Funding,
    /// What the payer owes: refunds that were taken back when their money had been spent.
    Receivable(WalletId),
}

/// Money moved from one account to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Posting {
    /// Debited.
    pub from: Account,
    /// Credited.
    pub to: Account,
    /// How much.
    pub amount: Amount,
}

/// All that one event moves: what was paid back on account of a [`Receivable`](Account::Receivable) is a second
/// posting.
pub type Postings = ArrayVec<Posting, 4>;

/// Field 3 of a refund.
const REFUND: u32 = 200_000;

impl Opening {
    /// What the wallet does by itself: `cause` gives it its key, so that it comes once for it.
    pub fn by_itself(
        reference: Reference,
        cause: Reference,
        terminal: &[u8; 8],
        operation: Operation,
        currency: Currency,
        now: u64,
    ) -> Self {
        let mut acceptor = [b' '; 15];
        acceptor[..12].copy_from_slice(&cause.to_text());
        let processing_code = u32::from(operation.number());
        let key = DuplicateKey::of(KeyFields {
            institution: 0,
            terminal,
            acceptor: &acceptor,
            trace: 0,
            local_time: 0,
            local_date: 0,
            class: 6,
            processing_code,
            payer: &Payer::Wallet,
        });
        let transmission = clock::transmission(now);
        Self {
            reference,
            key,
            institution: 0,
            class: 6,
            processing_code,
            trace: 0,
            transmission,
            local_time: transmission % 1_000_000,
            local_date: transmission / 1_000_000,
            terminal: [b' '; 8],
            acceptor: [b' '; 15],
            repeat: false,
            retrieval: cause.to_text(),
            amount: Amount::ZERO,
            currency,
            payer: Payer::Wallet,
            merchant: Merchant::default(),
        }
    }

    /// Whether a party asks to give money (field 3): to give it back, or to load it.
    pub fn credits(&self) -> bool {
        self.is_load() || self.class == 2 && self.processing_code == REFUND
    }

    /// Whether a party asks to load money that was paid to it.
    pub fn is_load(&self) -> bool {
        self.class == 2 && matches!(self.processing_code, 210_000 | 280_000)
    }

    /// Field 3 towards the host, to which whatever a party gives is a refund.
    pub fn host_processing_code(&self) -> u32 {
        match self.is_load() {
            true => REFUND,
            false => self.processing_code,
        }
    }

    /// Whether its processing code is that of a refund or load, whatever its class: a reversal has its original's.
    pub fn credits_by_code(&self) -> bool {
        matches!(self.processing_code, REFUND | 210_000 | 280_000)
    }

    /// Fields 13 and 12 as one, MMDDhhmmss.
    pub fn local(&self) -> u32 {
        self.local_date * 1_000_000 + self.local_time
    }

    /// Field 41 in four bytes: enough to tell a party's terminals apart.
    pub fn terminal_tag(&self) -> u32 {
        crc32c::crc32c(&self.terminal)
    }

    /// Field 42 likewise.
    pub fn acceptor_tag(&self) -> u32 {
        crc32c::crc32c(&self.acceptor)
    }
}

impl Event {
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
}
