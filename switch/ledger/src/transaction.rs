//! What a wallet remembers of each request: enough to answer it again alike, to undo it, and to
//! settle it with the host. Everything else about it stands in the journal, at its position.

use tessera_kit::clock::Timestamp;
use tessera_kit::record::Position;
use tessera_protocol::{Amount, Currency, Institution, ResponseCode, Stan};

use super::original::{PayerTag, Sent, Traits};
use super::{DuplicateKey, Owed, Reference};

/// What a request was about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// 0200/00, or a 0220 about one that was decided elsewhere.
    Purchase,
    /// 0100/00, or a 0120 about one that was decided elsewhere.
    Authorization,
    /// 0220: a debit of what an authorization has set aside.
    Completion,
    /// 0400 or 0420.
    Reversal,
    /// Money from the payer's source.
    Load,
    /// A card asked of the host.
    CardIssue,
    /// 0200/20.
    Refund,
    /// All money back to the payer's source.
    Payout,
    /// A card number was ended, and the host must get an advice.
    Retirement,
    /// Another operation of the wallet server.
    Administration,
}

/// How far it has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// The host has not answered; a purchase's money is held.
    Pending,
    /// Done; what stands of it is debited.
    Approved,
    /// Nothing came of it.
    Declined,
}

/// Whether the host must get an advice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Advice {
    /// No.
    #[default]
    None,
    /// Yes, until it acknowledges.
    Open,
    /// It has acknowledged.
    Acknowledged,
}

/// One request and its fate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transaction {
    /// What makes a repeat of it a repeat.
    pub key: DuplicateKey,
    /// The switch's own id.
    pub reference: Reference,
    /// Journal position of the event that opened it.
    pub position: Position,
    /// Field 32 of the request.
    pub institution: Option<Institution>,
    /// Field 4 of the request.
    pub amount: Amount,
    /// What of the amount has not been undone.
    pub standing: Amount,
    /// How the request named the payer.
    pub payer: PayerTag,
    /// Field 7 of the request, MMDDhhmmss.
    pub transmission: u32,
    /// Field 11 of the request.
    pub trace: Option<Stan>,
    /// Fields 13 and 12 of the request as one, MMDDhhmmss.
    pub local: u32,
    /// Field 41 of the request, hashed.
    pub terminal: u32,
    /// Field 42 of the request, hashed.
    pub acceptor: u32,
    /// Field 37 of the request.
    pub retrieval: [u8; 12],
    /// Our STAN towards the host; none where it was not forwarded.
    pub host_trace: Option<Stan>,
    /// Field 49 of the request.
    pub currency: Currency,
    /// Field 39 of the answer; of no meaning while pending.
    pub code: ResponseCode,
    /// What it was about.
    pub kind: Kind,
    /// How far it has come.
    pub status: Status,
    /// The advice that the host must get.
    pub advice: Advice,
    /// What few transactions have to say.
    pub more: Option<Box<More>>,
}

/// What stands besides in the few transactions that others are about.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct More {
    /// What of a purchase was refunded, or will be if the host approves; what of an authorization was completed.
    pub used: Amount,
    /// When the newest of those came that use something of it; `None` for none. It is kept as long as they are.
    pub used_at: Option<Timestamp>,
    /// The purchase that a refund is of, or the authorization that a completion is of.
    pub original: Option<Reference>,
    /// When this refund was sent, the host did not know its purchase yet, or the reversal of an earlier refund.
    pub early: bool,
    /// What a reversal asked to leave of it: a second reversal undoes nothing.
    pub asked: Option<Amount>,
    /// Less than the request asked for was approved.
    pub granted: Option<Amount>,
    /// What an authorization sets aside.
    pub hold: Option<Hold>,
    /// Whether the host must get an advice, because it was decided without the host.
    pub posting: Advice,
    /// Fields 7 of its repeats, where they differ.
    pub repeats: Vec<u32>,
    /// The advice that the host has refused too often.
    pub given_up: Vec<GivenUp>,
    /// Of a reversal or completion: no original fits what it names, or several do.
    pub unmatched: bool,
    /// When a reversal came that took back what had been counted; `None` for none. What a failed refund
    /// gives back later the host works out by itself.
    pub taken_back_at: Option<Timestamp>,
}

/// An advice that is not sent any more, unless an operator resends it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GivenUp {
    /// The kind of the advice.
    pub owed: Owed,
    /// What it said the last time.
    pub code: ResponseCode,
    /// When.
    pub at: Timestamp,
}

pub(crate) const NO_MORE: &More = &More {
    used: Amount::ZERO,
    used_at: None,
    original: None,
    early: false,
    asked: None,
    granted: None,
    hold: None,
    posting: Advice::None,
    repeats: Vec::new(),
    given_up: Vec::new(),
    unmatched: false,
    taken_back_at: None,
};

/// What an authorization sets aside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hold {
    /// What has become of it.
    pub state: HoldState,
    /// What is set aside now.
    pub held: Amount,
    /// What its completions may come to in all: what was authorized or, once one has closed it, what they came to then.
    /// The rest was free from that moment on, also where a completion is reversed later.
    pub most: Amount,
    /// Until when.
    pub expires_at: Timestamp,
}

/// What has become of a hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HoldState {
    /// It may be completed.
    Open,
    /// Its time was over: a completion that comes yet takes what is available.
    Expired,
    /// It was completed, and what was left is free. Where a completion is reversed then, it counts as expired.
    Completed,
}

impl More {
    /// So much is not used after all.
    pub(super) fn unuse(&mut self, amount: Amount) {
        self.used = self.used.saturating_sub(amount);
        self.used_at.take_if(|_| self.used.is_zero());
    }
}

impl Transaction {
    /// What others have made of it.
    pub fn more(&self) -> &More {
        self.more.as_deref().unwrap_or(NO_MORE)
    }

    pub(super) fn more_mut(&mut self) -> &mut More {
        self.more.get_or_insert_default()
    }

    /// From now on the host must get an advice with the remaining amount.
    pub(super) fn advise(&mut self) {
        self.advice = Advice::Open;
        self.speak_again(Owed::Undo);
    }

    /// The host has acknowledged the advice about what was undone, or about a card.
    pub(super) fn advice_acknowledged(&mut self) {
        self.advice = Advice::Acknowledged;
        self.speak_again(Owed::Undo);
        self.speak_again(Owed::Card);
    }

    /// The host has acknowledged the advice that it was decided without it.
    pub(super) fn posting_acknowledged(&mut self) {
        self.more_mut().posting = Advice::Acknowledged;
        self.speak_again(Owed::Posting);
    }

    /// The host has refused the advice too often.
    pub(super) fn give_up(&mut self, refused: GivenUp) {
        self.speak_again(refused.owed);
        self.more_mut().given_up.push(refused);
    }

    /// Nothing of this is given up any more.
    pub(super) fn speak_again(&mut self, owed: Owed) {
        if let Some(more) = &mut self.more {
            more.given_up.retain(|before| before.owed != owed);
        }
    }

    /// When, and with which code, the advice was given up.
    pub fn given_up(&self, owed: Owed) -> Option<&GivenUp> {
        self.more().given_up.iter().find(|one| one.owed == owed)
    }

    /// Whether a party asked for it and it was imported from a list of the financial system, which does not have field 11, and field
    /// 37 only as the switch sent it: no request of a party is so.
    pub fn is_imported(&self) -> bool {
        self.institution.is_some()
            && self.trace.is_none()
            && self.kind != Kind::Reversal
            && self.retrieval == self.reference.to_text()
    }

    /// The authorization number of its answer, derived from the reference, so that it is the same
    /// however often it is asked for.
    pub fn approval(&self) -> [u8; 6] {
        self.reference.approval()
    }

    /// What was approved at most: what the request asked for, or less of it.
    pub fn granted(&self) -> Amount {
        self.more().granted.unwrap_or(self.amount)
    }

    /// Whether it was approved as stand-in for the host, which has not acknowledged the advice yet.
    pub fn stood_in(&self) -> bool {
        let pays = matches!(self.kind, Kind::Purchase | Kind::Authorization);
        pays && self.host_trace.is_some() && self.more().posting == Advice::Open
    }

    /// Whether the host may have never received it: it has not approved it, or its advice is a dead letter.
    pub fn is_in_doubt(&self) -> bool {
        self.status != Status::Approved || self.given_up(Owed::Posting).is_some()
    }

    /// What is set aside for an authorization; none for all else.
    pub fn hold(&self) -> Option<Hold> {
        self.more().hold
    }

    /// Whether an authorization may still be completed from what it sets aside.
    pub fn holds(&self) -> bool {
        let open = |hold: Hold| hold.state == HoldState::Open;
        self.status != Status::Declined && self.hold().is_some_and(open)
    }

    /// What stands of a purchase of which so much is refunded: what its reversal asked for, but what was refunded is not
    /// given back a second time. Of an authorization: the same with what was completed, and no more once it holds nothing.
    pub fn stands_at(&self, used: Amount) -> Amount {
        let authorizes = self.kind == Kind::Authorization;
        match self.more().asked {
            _ if authorizes && !self.holds() => used,
            Some(asked) if authorizes || self.status == Status::Approved => asked.max(used),
            _ => self.standing,
        }
    }

    /// What stands of it after a reversal that asks to leave so much.
    pub fn stands_after(&self, asked: Amount) -> Amount {
        let used = self.more().used;
        match self.kind {
            Kind::Authorization if !self.holds() => used,
            Kind::Purchase
            | Kind::Authorization
            | Kind::Completion
            | Kind::Reversal
            | Kind::Load
            | Kind::CardIssue
            | Kind::Refund
            | Kind::Payout
            | Kind::Retirement
            | Kind::Administration => asked.max(used),
        }
    }

    /// The remaining amount in the advice to the host. Of refunds and completions it keeps account itself, by the same
    /// rule.
    pub fn left_at_host(&self) -> Amount {
        match self.status {
            Status::Declined => Amount::ZERO,
            _ if self.kind == Kind::Authorization && !self.holds() => self.more().used,
            Status::Pending | Status::Approved => self.more().asked.unwrap_or(self.standing),
        }
    }

    /// To which moment's settlement date its undoing at the host belongs: to that of what took it
    /// back, or to its own where it was never counted here, so that nothing is left of it there.
    pub fn undone_at(&self) -> Timestamp {
        let taken_back_at = self.more().taken_back_at;
        taken_back_at.unwrap_or(self.reference.given_at())
    }

    /// From when on `transactions_kept` counts: when it came or, while a refund or completion uses something of it, when the
    /// newest of those did. Their reversal changes what stands of it.
    pub fn kept_since(&self) -> Timestamp {
        let came_at = self.reference.given_at();
        self.more()
            .used_at
            .map_or(came_at, |used_at| came_at.max(used_at))
    }

    /// Whether an answer or an advice about it is still open.
    pub fn is_open(&self) -> bool {
        self.status == Status::Pending
            || self.advice == Advice::Open
            || self.more().posting == Advice::Open
            || self.kind == Kind::Purchase && self.stands_at(self.more().used) < self.standing
    }

    /// Among transactions with the same reference, events mean that of the highest rank: something can still happen to it.
    pub(super) fn may_be_meant(&self) -> u8 {
        match self.status {
            _ if matches!(self.kind, Kind::Reversal | Kind::Administration) => 0,
            Status::Pending => 3,
            _ if self.is_open() || self.holds() => 2,
            Status::Approved if !self.standing.is_zero() => 1,
            Status::Approved | Status::Declined => 0,
        }
    }

    /// Whether a transmission of it came that said this time (field 7).
    pub fn was_sent_at(&self, transmission: u32) -> bool {
        transmission == self.transmission || self.more().repeats.contains(&transmission)
    }

    /// Whether it was sent then, as far as its transmissions came.
    pub(super) fn sent(&self, time: u32) -> Sent {
        let mut best = Sent::of(self.transmission, time);
        for &seen in &self.more().repeats {
            match Sent::of(seen, time) {
                Sent::Then => return Sent::Then,
                Sent::About if best == Sent::NotThen => best = Sent::About,
                Sent::About | Sent::NotThen => {}
            }
        }
        best
    }

    /// By what it can be named.
    pub(super) fn traits(&self) -> Traits {
        Traits {
            institution: self.institution,
            class: match self.kind {
                Kind::Purchase | Kind::Refund | Kind::Completion => 2,
                Kind::Authorization => 1,
                Kind::Reversal
                | Kind::Load
                | Kind::CardIssue
                | Kind::Payout
                | Kind::Retirement
                | Kind::Administration => 0,
            },
            credits: self.kind == Kind::Refund,
            trace: self.trace,
            local: self.local,
            terminal: self.terminal,
            acceptor: self.acceptor,
            retrieval: self.retrieval,
            amount: self.amount,
            granted: self.granted(),
            payer: self.payer,
        }
    }
}
