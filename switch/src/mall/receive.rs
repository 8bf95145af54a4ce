//! One frame: from bytes to a command for a wallet, or to an answer at once.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use tessera_protocol::{
    Dialect, Financial, Header, MacKey, Message, NetworkCode, NetworkManagement, OrderKey,
    ParseError, Payer as Named, Place, Purchase, Reconciliation, Request, ResponseCode, Totals,
    format_error_answer,
};

use super::answer;
use super::dialect;
use super::doorkeeper::Doorkeeper;
use super::key_change;
use super::keys::{Keys, Used, WrongMac};
use super::patience::Patience;
use super::permission;
use super::sign_on::{self, Standing, Verdict};
use crate::clock;
use crate::config::{Party, PartyKind};
use crate::door::{
    Admission, Admitted, Arrival, Asker, Connection, Guest, NotAdmitted, log_decline,
};
use crate::ops::metrics::{ConnectionClosed, FrameRefused, Kind};
use crate::orders::{Parked, Road};
use crate::wallet::{
    Action, Ask, Command, DAYS_KEPT, DuplicateKey, KeyFields, Merchant, Opening, Payer, Reconciled,
    Reference, Tell, UnseenOriginal, WalletId,
};

/// What became of a frame.
pub(super) enum Received {
    /// It is answered, under way, or dropped and counted.
    Done,
    /// A door is full: the frame is handed back, to be received again when there is room.
    Full(Bytes, Arc<Admission>),
    /// The connection ends, for this reason.
    Close(ConnectionClosed),
}

/// A connection's own state.
pub(super) struct Receiver {
    keeper: Rc<Doorkeeper>,
    connection: Arc<Connection>,
    standing: Standing,
    written: Cell<bool>,
    /// What the frame at hand asks for.
    kind: Kind,
    /// A field 7 that was found to be near enough, and the batch in which it was.
    within_window: Option<(u32, Instant)>,
    /// The frame at hand was handed back, and is counted already.
    counted: bool,
    arrival: Arrival,
    /// The party that has signed on, as its profile is now.
    guest: Option<Arc<Guest>>,
    /// How often profiles had changed when it was looked up.
    renewals: u64,
    /// Those that count for the party.
    keys: Keys,
    /// What the message at hand is sealed with, and its answer will be.
    used: Used,
    /// What stood in front of the message at hand.
    header: Header,
    patience: Patience,
}

impl Receiver {
    /// For a connection that has come like this.
    pub(super) fn new(
        keeper: Rc<Doorkeeper>,
        connection: Arc<Connection>,
        arrival: Arrival,
    ) -> Self {
        Self {
            keeper,
            connection,
            standing: Standing::default(),
            written: Cell::new(false),
            kind: Kind::Unknown,
            within_window: None,
            counted: false,
            arrival,
            guest: None,
            renewals: 0,
            keys: Keys::default(),
            used: None,
            header: Header::default(),
            patience: Patience::default(),
        }
    }

    /// The framing and packing of the connection.
    #[inline]
    pub(super) fn dialect(&self) -> Dialect {
        self.arrival.dialect
    }

    pub(super) fn has_signed_on(&self) -> bool {
        matches!(self.standing, Standing::SignedOn(_))
    }

    pub(super) fn sign_off(&mut self) {
        let was_on = self.has_signed_on();
        self.standing = Standing::Stranger;
        self.count_standing(was_on, false);
    }

    fn count_standing(&self, before: bool, after: bool) {
        match (before, after) {
            (false, true) => self.keeper.worker.metrics.signed_on(),
            (true, false) => self.keeper.worker.metrics.signed_off(),
            _ => {}
        }
    }

    fn refused(&self, reason: FrameRefused) {
        self.keeper.worker.metrics.frame_refused(reason);
    }

    /// Whether there is something to flush since the last time that this was asked.
    pub(super) fn has_written(&self) -> bool {
        self.written.take()
    }

    /// How long the connection has to wait before its next frame is read.
    #[inline]
    pub(super) fn pause(&mut self) -> Option<Duration> {
        let settings = &self.keeper.settings;
        self.patience
            .pause(settings.slow_down_min, settings.slow_down_max)
    }

    /// It has turned out how the connection speaks.
    pub(super) fn set_dialect(&mut self, dialect: Dialect) {
        self.arrival.dialect = dialect;
    }

    /// Profiles have changed: what the party may is asked anew.
    #[cold]
    fn renew(&mut self) {
        self.renewals = self.keeper.renewals();
        self.keys = Keys::default();
        // One that has to end, for want of its party or of its key, is served as before until it does.
        if let (Some(before), Ok(())) = (&self.guest, self.connection.check_open()) {
            let after = self.keeper.guests().find(before.party.code).cloned();
            self.guest = after.or_else(|| Some(Arc::clone(before)));
        }
    }

    /// Receives a frame in the connection's dialect.
    pub(super) fn receive(&mut self, frame: Bytes, now: Instant) -> Received {
        let dialect = self.dialect();
        if dialect == Dialect::CANONICAL {
            return self.message(&frame, &frame, now);
        }
        let (header, wire) = dialect.open(frame.clone());
        self.header = header;
        let unpacked = dialect.unpack(&wire);
        if let Some(fault) = unpacked.fault {
            return self.unreadable(&unpacked.message, &wire, &fault);
        }
        match self.message(&unpacked.message, &wire, now) {
            Received::Full(_, door) => Received::Full(frame, door),
            received => received,
        }
    }

    /// Receives a message in binary packing, which came as `wire`.
    fn message(&mut self, frame: &Bytes, wire: &[u8], now: Instant) -> Received {
        let message = match Message::parse(frame) {
            Ok(message) => message,
            Err(error) => return self.unreadable(frame, wire, &error),
        };
        if message.mti().is_answer() {
            self.refused(FrameRefused::UnexpectedAnswer);
            return Received::Done;
        }
        self.kind = Kind::Unknown;
        if self.renewals != self.keeper.renewals() {
            self.renew();
        }
        let code = message.number(32);
        // A connection is its party's for good; who it is must be asked only before.
        let guest = match &self.guest {
            Some(guest) => Some(Arc::clone(guest)),
            None => code.and_then(|code| self.keeper.guests().find(code).cloned()),
        };
        self.look_up_keys(guest.as_deref());
        let network = message.mti().class() == 8;
        if !network && !self.has_signed_on() {
            self.refused(FrameRefused::NotSignedOn);
            return self.say(&message, guest.as_ref(), NOT_SIGNED_ON);
        }
        // A missing field 32 is a format error, which is answered like others below.
        if message.has(32) && code != guest.as_ref().map(|guest| guest.party.code) {
            self.patience.lose();
            self.refused(FrameRefused::Violation);
            return self.say(&message, guest.as_ref(), NOT_THE_PARTY);
        }
        let mut wrong = false;
        if let Some(key) = guest
            .as_ref()
            .and_then(|guest| guest.party.mac_key.as_ref())
        {
            let dialect = self.dialect();
            match self.keys.verify(key, |key| dialect.verify(key, wire)) {
                Ok(used) => self.used = used,
                Err(WrongMac) => wrong = true,
            }
        }
        if wrong {
            if let Some(guest) = &guest {
                guest.figures.mac_failures.inc();
            }
            self.patience.lose();
            self.refused(FrameRefused::Violation);
            return self.say(&message, guest.as_ref(), WRONG_MAC);
        }
        self.patience.regain();
        let request = match Request::read(&message) {
            Ok(request) => request,
            Err(refusal) => {
                self.refused(match (refusal.code, refusal.field) {
                    (ResponseCode::FORMAT_ERROR, _) => FrameRefused::Format,
                    (_, Some(_)) => FrameRefused::Invalid,
                    (_, None) => FrameRefused::UnknownMti,
                });
                self.keeper.worker.metrics.answered(
                    self.kind,
                    (refusal.code, refusal.reason),
                    Duration::ZERO,
                );
                let key = self.key(guest.as_deref());
                self.write(key, |out, key| answer::refuse(&message, &refusal, key, out));
                return Received::Done;
            }
        };
        match guest {
            Some(guest) => self.request(&guest, &message, &request, frame, now),
            None => self.say(&message, None, NOT_THE_PARTY),
        }
    }

    /// Asked of the calendar once for all requests of a batch that were sent in the same second.
    fn is_within_clock_window(&mut self, transmission: u32, now: Instant) -> bool {
        if let Some((known, at)) = self.within_window
            && (known, at) == (transmission, now)
        {
            return true;
        }
        let apart = clock::seconds_from(transmission, clock::milliseconds());
        let within =
            apart.is_some_and(|seconds| seconds <= self.keeper.settings.clock_window.as_secs());
        self.within_window = within.then_some((transmission, now));
        within
    }

    fn request(
        &mut self,
        guest: &Arc<Guest>,
        message: &Message<'_>,
        request: &Request<'_>,
        frame: &Bytes,
        now: Instant,
    ) -> Received {
        self.kind = Kind::from(request);
        if !std::mem::take(&mut self.counted) {
            self.keeper.worker.metrics.request(self.kind);
        }
        let transmission = message.number(7).unwrap_or(0) as u32;
        if !self.is_within_clock_window(transmission, now) {
            self.refused(FrameRefused::Clock);
            return self.say(message, Some(guest), OUTSIDE_CLOCK_WINDOW);
        }
        if let Request::Network(network) = request {
            if network.code == NetworkCode::KeyChange && self.has_signed_on() {
                return self.change_key(guest, message, network, frame, now);
            }
            let mut standing = std::mem::take(&mut self.standing);
            let was_on = matches!(standing, Standing::SignedOn(_));
            let verdict = sign_on::manage(
                &mut standing,
                &self.connection,
                guest,
                &self.keeper.guests().in_flight,
                &self.arrival,
                network,
            );
            self.count_standing(was_on, matches!(standing, Standing::SignedOn(_)));
            self.standing = standing;
            if self.connection.guest().is_some() {
                self.guest = Some(Arc::clone(guest));
            }
            self.say(message, Some(guest), verdict);
            if let Some(reason) = sign_on::refuses(&verdict) {
                tracing::warn!(
                    party = guest.party.name,
                    reason = verdict.1,
                    dialect = %self.dialect(),
                    address = ?self.arrival.address,
                    carrier = ?self.arrival.carrier,
                    "a sign-on was refused"
                );
                guest.figures.sign_ons_refused.inc();
                self.keeper.worker.metrics.connection_refused(reason);
                return Received::Close(ConnectionClosed::SignOnRefused);
            }
            return Received::Done;
        }
        if let Request::Reconciliation(totals) = request {
            return self.reconcile(guest, message, totals, frame, now);
        }
        if let Err(verdict) = permission::check(&guest.party, message) {
            self.refused(FrameRefused::NotPermitted);
            return self.say(message, Some(guest), verdict);
        }
        let (financial, payer, action) = match request {
            Request::Purchase(purchase) | Request::Authorization(purchase) => (
                &purchase.financial,
                named(&purchase.financial.acceptor, &purchase.payer),
                Action::Purchase {
                    barred: barred(&guest.party, purchase),
                },
            ),
            Request::AuthorizationAdvice(advice) => (
                &advice.financial,
                named(&advice.financial.acceptor, &advice.payer),
                Action::Post {
                    twin: key_of(&advice.financial, 0),
                },
            ),
            Request::Completion(completion) => {
                let action = match completion.original {
                    Some(original) => Action::Complete {
                        original,
                        several: guest.party.quirks.several_completions,
                        elsewhere: guest.party.quirks.stand_in_advices,
                    },
                    None => Action::Post {
                        twin: key_of(&completion.financial, 0),
                    },
                };
                let payer = named(&completion.financial.acceptor, &completion.payer);
                (&completion.financial, payer, action)
            }
            Request::Refund(refund) => {
                let action = Action::Refund {
                    original: refund.original,
                };
                (
                    &refund.financial,
                    named(&refund.financial.acceptor, &refund.payer),
                    action,
                )
            }
            // To whoever paid it in it is given like a refund of what was bought nowhere.
            Request::Load(load) => {
                let payer = Payer::Card(load.card.clone(), load.expiry);
                (&load.financial, payer, Action::Refund { original: None })
            }
            Request::Inquiry(inquiry) => {
                let payer = Payer::Card(inquiry.card.clone(), inquiry.expiry);
                (&inquiry.financial, payer, Action::Inquiry)
            }
            Request::Reversal(reversal) => {
                let action = Action::Reverse {
                    original: reversal.original,
                    replacement: reversal.replacement,
                    advice: reversal.advice,
                };
                (
                    &reversal.financial,
                    named(&reversal.financial.acceptor, &reversal.payer),
                    action,
                )
            }
            _ => {
                self.refused(FrameRefused::NotPermitted);
                return self.say(message, Some(guest), NOT_OFFERED);
            }
        };
        let not_its = match (&action, &payer) {
            // Nobody agreed to what a mall would decide by itself.
            (Action::Post { .. }, Payer::Order(_)) => Some(NOT_ELSEWHERE),
            (Action::Post { .. }, _) if !guest.party.quirks.stand_in_advices => Some(NOT_ELSEWHERE),
            (Action::Refund { original: None }, _) => not_given(&guest.party, financial),
            _ => None,
        };
        if let Some(verdict) = not_its {
            self.refused(FrameRefused::NotPermitted);
            return self.say(message, Some(guest), verdict);
        }
        if !guest.party.acceptors.allow(&financial.acceptor) {
            self.refused(FrameRefused::Violation);
            return self.say(message, Some(guest), NOT_ITS_ACCEPTOR);
        }
        // A payer agreed to pay that mall, not whoever knows the order's number; and a mall learns
        // nothing about cards.
        let may = match payer {
            Payer::Order(_) => PartyKind::Mall,
            _ => PartyKind::Acquirer,
        };
        if guest.party.kind != may {
            self.refused(FrameRefused::NotPermitted);
            return self.say(message, Some(guest), NOT_ITS_PAYERS);
        }
        let class = financial.mti.class();
        let function = match action {
            Action::Complete { .. } | Action::Post { .. } => ADVISES,
            _ => 0,
        };
        let key = key_of(financial, function);
        let opening = Opening {
            // The wallet's own worker gives it one.
            reference: Reference(0),
            key,
            institution: financial.institution,
            class,
            processing_code: financial.processing_code,
            trace: financial.trace,
            transmission,
            local_time: financial.local_time,
            local_date: financial.local_date,
            terminal: financial.terminal,
            acceptor: financial.acceptor,
            repeat: financial.repeat,
            retrieval: financial.reference,
            amount: financial.amount,
            currency: financial.currency,
            payer,
            merchant: merchant_of(request, &guest.party),
        };
        let admitted = match Admitted::take(&self.connection) {
            Ok(admitted) => admitted,
            Err(NotAdmitted::NotSignedOn) => return self.say(message, Some(guest), NOT_SIGNED_ON),
            Err(NotAdmitted::Full(door)) => {
                self.counted = true;
                return Received::Full(frame.clone(), door);
            }
        };
        let asker = Asker {
            admitted,
            frame: frame.clone(),
            header: self.header,
            key: self.used.clone(),
            arrived: now,
            kind: self.kind,
            reply: answer::reply_as(&guest.party.quirks),
        };
        self.route(
            message,
            guest,
            Ask {
                opening,
                action,
                claims: None,
            },
            asker,
        )
    }

    /// A party's new key goes to the operator's wallet, which keeps it as it came: wrapped.
    fn change_key(
        &mut self,
        guest: &Arc<Guest>,
        message: &Message<'_>,
        network: &NetworkManagement<'_>,
        frame: &Bytes,
        now: Instant,
    ) -> Received {
        let directed = match key_change::read(&guest.party, network) {
            Ok(directed) => directed,
            Err(verdict) => {
                let party = &guest.party.name;
                tracing::warn!(
                    party,
                    reason = verdict.1,
                    "the party's MAC key was not changed"
                );
                guest.figures.key_changes_refused.inc();
                return self.say(message, Some(guest), verdict);
            }
        };
        let admitted = match Admitted::take(&self.connection) {
            Ok(admitted) => admitted,
            Err(NotAdmitted::NotSignedOn) => return self.say(message, Some(guest), NOT_SIGNED_ON),
            Err(NotAdmitted::Full(door)) => {
                self.counted = true;
                return Received::Full(frame.clone(), door);
            }
        };
        let asker = Asker {
            admitted,
            frame: frame.clone(),
            header: self.header,
            key: self.used.clone(),
            arrived: now,
            kind: self.kind,
            reply: answer::reply_to_key_change,
        };
        let tell = Tell {
            command: Command::ChangeKey(Box::new(directed)),
            asker: Some(asker),
        };
        self.keeper.worker.dispatch(WalletId::HOUSE, tell);
        Received::Done
    }

    /// A party's totals go to the operator's wallet, which keeps what was compared.
    fn reconcile(
        &mut self,
        guest: &Arc<Guest>,
        message: &Message<'_>,
        totals: &Reconciliation,
        frame: &Bytes,
        now: Instant,
    ) -> Received {
        if let Err(verdict) = permission::check(&guest.party, message) {
            self.refused(FrameRefused::NotPermitted);
            return self.say(message, Some(guest), verdict);
        }
        let keeper = Rc::clone(&self.keeper);
        let today = keeper.worker.house().days.of(clock::milliseconds());
        let day = match today.named(totals.settlement_date) {
            Some(day) if day > today => return self.say(message, Some(guest), NOT_BEGUN),
            Some(day) if today.0 - day.0 < DAYS_KEPT as u32 => day,
            _ => return self.say(message, Some(guest), LONG_OVER),
        };
        let admitted = match Admitted::take(&self.connection) {
            Ok(admitted) => admitted,
            Err(NotAdmitted::NotSignedOn) => return self.say(message, Some(guest), NOT_SIGNED_ON),
            Err(NotAdmitted::Full(door)) => {
                self.counted = true;
                return Received::Full(frame.clone(), door);
            }
        };
        let reconciled = Reconciled {
            institution: guest.party.code,
            trace: totals.trace,
            transmission: totals.transmission,
            day,
            theirs: totals.totals,
            ours: Totals::default(),
        };
        let asker = Asker {
            admitted,
            frame: frame.clone(),
            header: self.header,
            key: self.used.clone(),
            arrived: now,
            kind: self.kind,
            reply: answer::reply_as(&guest.party.quirks),
        };
        let tell = Tell {
            command: Command::Reconcile(Box::new(reconciled)),
            asker: Some(asker),
        };
        keeper.worker.dispatch(WalletId::HOUSE, tell);
        Received::Done
    }

    /// Finds the wallet that is asked.
    fn route(
        &mut self,
        message: &Message<'_>,
        guest: &Arc<Guest>,
        ask: Ask,
        asker: Asker,
    ) -> Received {
        let keeper = Rc::clone(&self.keeper);
        let worker = &keeper.worker;
        let advice = matches!(ask.action, Action::Reverse { advice: true, .. });
        let reversal = matches!(ask.action, Action::Reverse { .. });
        let arrived = asker.arrived;
        match ask.opening.payer.clone() {
            Payer::Card(card, _) => match worker.directory.wallet_of(&card) {
                Ok(Some(wallet)) => worker.dispatch(wallet, told(ask, asker)),
                // Nothing can be there to undo.
                Ok(None) if advice => return self.say(message, Some(guest), DONE),
                Ok(None) if reversal => return self.say(message, Some(guest), NEVER_SEEN),
                Ok(None) => return self.say(message, Some(guest), NO_SUCH_CARD),
                Err(error) => return self.fault(message, guest, &error),
            },
            Payer::Order(key) => match &ask.action {
                Action::Reverse { original, .. } => {
                    let unseen =
                        UnseenOriginal::named(original, &ask.opening, clock::milliseconds());
                    let named = |parked: &Parked| match &parked.tell.command {
                        Command::Ask(waiting) => unseen.means(&waiting.opening, true),
                        _ => false,
                    };
                    match worker.orders.reversal(key, unseen, named) {
                        Ok((wallet, undone)) => {
                            worker.dispatch(wallet, told(ask, asker));
                            worker.answer_parked(undone, REVERSED_WHILE_WAITING);
                        }
                        Err(error) => return self.fault(message, guest, &error),
                    }
                }
                _ => {
                    let until = arrived + keeper.settings.order_wait;
                    let parked = Parked {
                        key: ask.opening.key,
                        until,
                        tell: told(ask, asker),
                    };
                    match worker.orders.purchase(key, parked) {
                        Ok(Road::Wallet(wallet, tell)) => worker.dispatch(wallet, tell),
                        Ok(Road::Parked) => worker.park(key, until),
                        Err(error) => return self.fault(message, guest, &error),
                    }
                }
            },
            Payer::Wallet => return self.say(message, Some(guest), NOT_OFFERED),
        }
        Received::Done
    }

    /// Section 8: what can't be parsed.
    fn unreadable(&mut self, frame: &[u8], wire: &[u8], error: &ParseError) -> Received {
        if !self.has_signed_on() && dialect::speaks_otherwise(self.dialect(), self.header, wire) {
            self.refused(FrameRefused::Dialect);
            return Received::Close(ConnectionClosed::Frame);
        }
        if error.place == Place::Mti {
            self.refused(FrameRefused::NoMti);
            tracing::warn!(%error, "a connection is closed");
            return Received::Close(ConnectionClosed::Frame);
        }
        self.refused(FrameRefused::Format);
        let guest = self.connection.guest().cloned();
        self.look_up_keys(guest.as_deref());
        let key = self.key(guest.as_deref());
        // Where not even the trace number can be read, nobody could match an answer.
        self.write(key, |out, key| {
            format_error_answer(frame, error, out, key);
        });
        Received::Done
    }

    fn fault(
        &mut self,
        message: &Message<'_>,
        guest: &Arc<Guest>,
        error: &dyn std::fmt::Display,
    ) -> Received {
        tracing::error!(%error, "a request could not be routed");
        self.say(
            message,
            Some(guest),
            (ResponseCode::FAULT, "the store could not be read"),
        )
    }

    fn say(
        &mut self,
        message: &Message<'_>,
        guest: Option<&Arc<Guest>>,
        verdict: Verdict,
    ) -> Received {
        let (code, reason) = match guest {
            Some(guest) => answer::as_its_profile_says(&guest.party, message.mti(), verdict),
            None => verdict,
        };
        self.keeper
            .worker
            .metrics
            .answered(self.kind, (code, reason), Duration::ZERO);
        if !reason.is_empty() {
            log_decline(message, (code, reason));
        }
        let key = self.key(guest.map(|guest| &**guest));
        self.write(key, |out, key| {
            answer::at_once(message, code, reason, key, out);
        });
        Received::Done
    }

    /// The keys that count now for whoever has sent the message at hand, which is taken to be sealed with the newest.
    #[inline]
    fn look_up_keys(&mut self, guest: Option<&Guest>) {
        let worker = &self.keeper.worker;
        let number = worker.bulletin();
        if let Some(guest) = guest
            && self.keys.are_stale(guest.party.code, number)
        {
            let overlap = self.keeper.settings.key_overlap;
            self.keys = Keys::look_up(&guest.party, number, &worker.house(), overlap);
        }
        self.used = guest.and_then(|_| self.keys.newest());
    }

    /// What the answer to the message at hand is sealed with.
    fn key<'a>(&'a self, guest: Option<&'a Guest>) -> Option<&'a MacKey> {
        let of_profile = || guest.and_then(|guest| guest.party.mac_key.as_ref());
        self.used.as_deref().or_else(of_profile)
    }

    /// Answers the message at hand.
    fn write(&self, key: Option<&MacKey>, answer: impl FnOnce(&mut BytesMut, Option<&MacKey>)) {
        let (dialect, header) = (self.dialect(), self.header);
        self.connection
            .write(|out| answer::write(dialect, header, key, out, answer));
        self.written.set(true);
    }
}

const DONE: Verdict = (ResponseCode::APPROVED, "");
const NOT_SIGNED_ON: Verdict = (ResponseCode::NOT_PERMITTED_TO_PARTY, "not signed on");
const NOT_THE_PARTY: Verdict = (
    ResponseCode::SECURITY_VIOLATION,
    "field 32 is not the party of this connection",
);
const WRONG_MAC: Verdict = (ResponseCode::SECURITY_VIOLATION, "MAC missing or wrong");
const NOT_ITS_ACCEPTOR: Verdict = (
    ResponseCode::SECURITY_VIOLATION,
    "field 42 is not a card acceptor of the party",
);
const NOT_ITS_PAYERS: Verdict = (
    ResponseCode::NOT_PERMITTED_TO_PARTY,
    "a mall names orders, an acquirer names cards",
);
const OUTSIDE_CLOCK_WINDOW: Verdict = (
    ResponseCode::INVALID_TRANSACTION,
    "field 7 is too far from the switch's clock",
);
/// First two digits of field 3.
const REFUND_CODE: u8 = 20;
const NOT_ITS_LOADS: Verdict = (
    ResponseCode::NOT_PERMITTED_TO_PARTY,
    "the party's profile has no loads: they come over the leased line",
);
const NOT_OFFERED: Verdict = (
    ResponseCode::INVALID_TRANSACTION,
    "not offered on this line",
);
const NO_SUCH_CARD: Verdict = (ResponseCode::NO_SUCH_CARD, "no such card");
const NEVER_SEEN: Verdict = (ResponseCode::NOT_FOUND, "the original was never seen");
const REVERSED_WHILE_WAITING: Verdict = (
    ResponseCode::DECLINED,
    "reversed while it waited for the order",
);

const NOT_BEGUN: Verdict = (
    ResponseCode::INVALID_TRANSACTION,
    "the settlement date in field 15 has not begun",
);
const LONG_OVER: Verdict = (
    ResponseCode::INVALID_TRANSACTION,
    "the settlement date in field 15 is none, or long over",
);
const NOT_ELSEWHERE: Verdict = (
    ResponseCode::NOT_PERMITTED_TO_PARTY,
    "the party does not decide in the switch's stead, and field 90 names no authorization",
);
const NOT_UNREFERENCED: Verdict = (
    ResponseCode::INVALID_TRANSACTION,
    "a refund of this party names its purchase in field 90",
);

/// Set in the message class of an advice: what it tells was not asked for before under the same name.
const ADVISES: u8 = 0x20;

fn key_of(financial: &Financial, function: u8) -> DuplicateKey {
    DuplicateKey::of(KeyFields {
        institution: financial.institution,
        terminal: &financial.terminal,
        acceptor: &financial.acceptor,
        trace: financial.trace,
        local_time: financial.local_time,
        local_date: financial.local_date,
        class: financial.mti.class() | function,
        processing_code: financial.processing_code,
    })
}

/// The control of the party that the merchant falls foul of.
#[inline]
fn barred(party: &Party, purchase: &Purchase<'_>) -> Option<&'static str> {
    let country = purchase.country.unwrap_or(0);
    let controls = &party.controls;
    controls.refuse(purchase.merchant_category, country, purchase.condition)
}

/// Why a party may not give money of which nothing was bought before.
fn not_given(party: &Party, financial: &Financial) -> Option<Verdict> {
    let code = (financial.processing_code / 10_000) as u8;
    let loads = &party.quirks.load_codes;
    match code {
        REFUND_CODE if party.quirks.unreferenced_refunds => None,
        REFUND_CODE => Some(NOT_UNREFERENCED),
        _ if loads.contains(&code) => None,
        _ => Some(NOT_ITS_LOADS),
    }
}

fn merchant_of(request: &Request<'_>, party: &Party) -> Merchant {
    match request {
        Request::Purchase(purchase)
        | Request::Authorization(purchase)
        | Request::AuthorizationAdvice(purchase) => Merchant {
            category: purchase.merchant_category,
            country: purchase.country.unwrap_or(0),
            entry_mode: purchase.entry_mode,
            condition: purchase.condition,
            takes_part: purchase.takes_part && party.quirks.partial_approval,
        },
        Request::Completion(completion) => Merchant {
            category: completion.merchant_category,
            country: completion.country.unwrap_or(0),
            entry_mode: completion.entry_mode,
            condition: completion.condition,
            takes_part: false,
        },
        _ => Merchant::default(),
    }
}

fn named(acceptor: &[u8; 15], payer: &Named<'_>) -> Payer {
    match payer {
        Named::Card { number, expiry } => Payer::Card(number.clone(), *expiry),
        Named::Order(order) => Payer::Order(OrderKey::of(acceptor, order)),
    }
}

fn told(ask: Ask, asker: Asker) -> Tell {
    Tell {
        command: Command::Ask(Box::new(ask)),
        asker: Some(asker),
    }
}
