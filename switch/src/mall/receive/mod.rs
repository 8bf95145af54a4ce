//! One frame: from bytes to a command for a wallet, or to an answer at once.

mod asks;
mod operator;
#[cfg(test)]
mod replay_test;
mod route;
mod status;
#[cfg(test)]
mod tests;

use std::cell::Cell;
use std::net::IpAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tessera_console::Limit;

use bytes::{Bytes, BytesMut};
use tessera_protocol::{
    Dialect, Header, MacKey, Message, NetworkCode, ParseError, Place, Refusal, Request,
    ResponseCode, format_error_answer,
};

use self::asks::Asked;
use super::answer;
use super::context::SessionContext;
use super::dialect;
use super::keys::{Keys, Used, WrongMac};
use super::patience::Patience;
use super::sandbox::Sandbox;
use super::sign_on::{self, Standing};
use super::turns::Share;
use tessera_admission::{
    self, Admission, Admitted, Arrival, Connection, ListedParty, NotAdmitted, Reply, Requester,
    log_decline,
};
use tessera_kit::clock;
use tessera_ledger::{Ask, Rule, Verdict};

use tessera_metrics::{ConnectionClosed, FrameRefused, Kind};

static SIGN_ON_REFUSED: Limit = Limit::new("sign-on refused");
static NO_MTI: Limit = Limit::new("no message type");

/// What became of a frame.
pub(super) enum Received {
    /// It is answered, under way, or dropped and counted.
    Done,
    /// A limit is reached: the frame is returned, to be received again when there is capacity.
    Full(Bytes, Arc<Admission>),
    /// The connection ends, for this reason.
    Close(ConnectionClosed),
}

/// A connection's own state.
pub(super) struct Receiver {
    keeper: Rc<SessionContext>,
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
    /// Its place among the connections of the port.
    place: tessera_admission::Place,
    /// Whose share of the worker's time it uses.
    share: Rc<Share>,
    /// The message at hand is a sign-on.
    signs_on: bool,
    /// The party that has signed on, as its profile is now.
    listed: Option<Arc<ListedParty>>,
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
        keeper: Rc<SessionContext>,
        connection: Arc<Connection>,
        arrival: Arrival,
        place: tessera_admission::Place,
    ) -> Self {
        Self {
            share: keeper.turns.of_unsigned(),
            place,
            signs_on: false,
            keeper,
            connection,
            standing: Standing::default(),
            written: Cell::new(false),
            kind: Kind::Unknown,
            within_window: None,
            counted: false,
            arrival,
            listed: None,
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

    /// From where the connection comes.
    pub(super) fn address(&self) -> Option<IpAddr> {
        self.arrival.address
    }

    pub(super) fn has_signed_on(&self) -> bool {
        matches!(self.standing, Standing::SignedOn(_))
    }

    /// Whether a party has signed on over it, now or before.
    #[inline]
    pub(super) fn is_bound(&self) -> bool {
        self.listed.is_some()
    }

    /// Whether the last message was a sign-on, without success: it may be tried again on the same connection, after a pause.
    pub(super) fn has_tried_to_sign_on(&mut self) -> bool {
        let tried = std::mem::take(&mut self.signs_on);
        if tried {
            self.patience.lose_once();
        }
        tried
    }

    /// Whose share of the worker's time it uses.
    #[inline]
    pub(super) fn share(&self) -> &Rc<Share> {
        &self.share
    }

    pub(super) fn sign_off(&mut self) {
        let was_on = self.has_signed_on();
        self.standing = Standing::NotSignedOn;
        self.count_standing(was_on, false);
    }

    fn count_standing(&mut self, before: bool, after: bool) {
        match (before, after) {
            (false, true) => {
                self.keeper.neighbours.metrics.signed_on();
                self.connection.activity.sign_on();
                if let Some(listed) = self.connection.listed() {
                    self.place.sign_on(listed.party.code);
                }
            }
            (true, false) => {
                self.keeper.neighbours.metrics.signed_off();
                self.connection.activity.sign_off();
                self.place.sign_off();
            }
            _ => {}
        }
    }

    fn refused(&self, reason: FrameRefused) {
        self.keeper.neighbours.metrics.frame_refused(reason);
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
        if let (Some(before), Ok(())) = (&self.listed, self.connection.check_open()) {
            let after = self.keeper.parties().find(before.party.code).cloned();
            self.listed = after.or_else(|| Some(Arc::clone(before)));
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
            Received::Full(_, limit) => Received::Full(frame, limit),
            received @ (Received::Done | Received::Close(_)) => received,
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
        let code = message.institution();
        // A connection is its party's for good; who it is must be asked only before.
        let listed = match &self.listed {
            Some(listed) => Some(Arc::clone(listed)),
            None => code.and_then(|code| self.keeper.parties().find(code).cloned()),
        };
        self.look_up_keys(listed.as_deref());
        let network = message.mti().class() == 8;
        self.signs_on = network && message.number(70) == Some(1);
        if !network && !self.has_signed_on() {
            self.refused(FrameRefused::NotSignedOn);
            return self.say(&message, listed.as_ref(), Rule::NotSignedOn);
        }
        // A missing field 32 is a format error, which is answered like others below.
        if message.has(32)
            && (code.is_none() || code != listed.as_ref().map(|listed| listed.party.code))
        {
            self.patience.lose();
            self.refused(FrameRefused::Violation);
            return self.say(&message, listed.as_ref(), Rule::OtherParty);
        }
        let mut wrong = false;
        if let Some(key) = listed
            .as_ref()
            .and_then(|listed| listed.party.mac_key.as_ref())
        {
            let dialect = self.dialect();
            match self.keys.verify(key, |key| dialect.verify(key, wire)) {
                Ok(used) => self.used = used,
                Err(WrongMac) => wrong = true,
            }
        }
        if wrong {
            if let Some(listed) = &listed {
                listed.figures.mac_failures.inc();
            }
            self.patience.lose();
            self.refused(FrameRefused::Violation);
            return self.say(&message, listed.as_ref(), Rule::WrongMac);
        }
        self.patience.regain();
        let request = match Request::read(&message) {
            Ok(request) => request,
            Err(refusal) => {
                self.refused(match (refusal.code(), refusal.field) {
                    (ResponseCode::FORMAT_ERROR, _) => FrameRefused::Format,
                    (_, Some(_)) => FrameRefused::Invalid,
                    (_, None) => FrameRefused::UnknownMti,
                });
                return self.refuse(&message, listed.as_deref(), &refusal);
            }
        };
        match listed {
            Some(listed) => self.request(&listed, &message, &request, frame, now),
            None => self.say(&message, None, Rule::OtherParty),
        }
    }

    /// Asked of the calendar once for all requests of a batch that were sent in the same second.
    fn is_within_clock_window(&mut self, transmission: u32, now: Instant) -> bool {
        if let Some((known, at)) = self.within_window
            && (known, at) == (transmission, now)
        {
            return true;
        }
        let apart = clock::seconds_from(transmission, clock::system());
        let within =
            apart.is_some_and(|seconds| seconds <= self.keeper.settings.clock_window.as_secs());
        self.within_window = within.then_some((transmission, now));
        within
    }

    fn request(
        &mut self,
        listed: &Arc<ListedParty>,
        message: &Message<'_>,
        request: &Request<'_>,
        frame: &Bytes,
        now: Instant,
    ) -> Received {
        self.kind = Kind::from(request);
        if !std::mem::take(&mut self.counted) {
            self.keeper.neighbours.metrics.request(self.kind);
        }
        let transmission = message.number(7).unwrap_or(0) as u32;
        if !self.is_within_clock_window(transmission, now) {
            self.refused(FrameRefused::Clock);
            return self.say(message, Some(listed), Rule::ClockWindow);
        }
        if let Request::Network(network) = request {
            if network.code == NetworkCode::KeyChange && self.has_signed_on() {
                return self.change_key(listed, message, network, frame, now);
            }
            let mut standing = std::mem::take(&mut self.standing);
            let was_on = matches!(standing, Standing::SignedOn(_));
            if !was_on && network.code != NetworkCode::SignOn {
                self.refused(FrameRefused::NotSignedOn);
            }
            let verdict = sign_on::manage(
                &mut standing,
                &self.connection,
                listed,
                &self.keeper.parties().in_flight,
                &self.arrival,
                network,
            );
            self.count_standing(was_on, matches!(standing, Standing::SignedOn(_)));
            self.standing = standing;
            if self.connection.listed().is_some() && self.listed.is_none() {
                self.listed = Some(Arc::clone(listed));
                self.share = self.keeper.turns.of(listed.party.code);
            }
            self.say(message, Some(listed), verdict);
            if let Some(reason) = sign_on::refuses(&verdict) {
                if SIGN_ON_REFUSED.allows(self.address()) {
                    tracing::warn!(
                        party = listed.party.code.number(),
                        party_name = listed.party.name,
                        reason = verdict.reason(),
                        dialect = %self.dialect(),
                        address = self.address().map(tracing::field::display),
                        tls = self.arrival.carrier.is_tls(),
                        certificate = self.arrival.carrier.certificate().map(tracing::field::display),
                        "a sign-on was refused"
                    );
                }
                listed.figures.sign_ons_refused.inc();
                self.keeper.neighbours.metrics.connection_refused(reason);
                return Received::Close(ConnectionClosed::SignOnRefused);
            }
            return Received::Done;
        }
        if let Request::Reconciliation(totals) = request {
            return self.reconcile(listed, message, totals, frame, now);
        }
        if let Request::Status(inquiry) = request {
            return self.report(listed, message, inquiry, frame, now);
        }
        let Asked {
            opening,
            action,
            card,
        } = match asks::read(&listed.party, message, request) {
            Ok(read) => read,
            Err((why, rule)) => {
                self.refused(why);
                return self.say(message, Some(listed), rule);
            }
        };
        let reply = match self.keeper.sandbox {
            Some(_) => Sandbox::reply(message, &opening, &action, card.as_ref()),
            None => None,
        };
        let reply = reply.unwrap_or_else(|| answer::reply_as(&listed.party.quirks));
        let requester = match self.requester(listed, message, frame, now, reply) {
            Ok(requester) => requester,
            Err(received) => return received,
        };
        let claims = None;
        let ask = Ask {
            opening,
            action,
            claims,
        };
        self.route(message, listed, ask, card, requester)
    }

    /// The requester of the current message, if it is admitted.
    fn requester(
        &mut self,
        listed: &Arc<ListedParty>,
        message: &Message<'_>,
        frame: &Bytes,
        now: Instant,
        reply: Reply,
    ) -> Result<Requester, Received> {
        match Admitted::take(&self.connection) {
            Ok(admitted) => Ok(Requester {
                admitted,
                frame: frame.clone(),
                header: self.header,
                key: self.used.clone(),
                arrived: now,
                kind: self.kind,
                reply,
            }),
            Err(NotAdmitted::NotSignedOn) => {
                Err(self.say(message, Some(listed), Rule::NotSignedOn))
            }
            Err(NotAdmitted::Full(limit)) => {
                self.counted = true;
                Err(Received::Full(frame.clone(), limit))
            }
        }
    }

    /// Section 8: what can't be parsed.
    fn unreadable(&mut self, frame: &[u8], wire: &[u8], error: &ParseError) -> Received {
        if !self.has_signed_on()
            && dialect::speaks_otherwise(self.dialect(), self.header, wire, self.address())
        {
            self.refused(FrameRefused::Dialect);
            return Received::Close(ConnectionClosed::Frame);
        }
        if error.place == Place::Mti {
            self.refused(FrameRefused::NoMti);
            if NO_MTI.allows(self.address()) {
                let address = self.address().map(tracing::field::display);
                tracing::warn!(%error, address, "a connection is closed");
            }
            return Received::Close(ConnectionClosed::Frame);
        }
        self.refused(FrameRefused::Format);
        let listed = self.connection.listed().cloned();
        self.look_up_keys(listed.as_deref());
        let key = self.key(listed.as_deref());
        // Where not even the trace number can be read, nobody could match an answer.
        self.write(key, |out, key| {
            format_error_answer(frame, error, out, key);
        });
        Received::Done
    }

    /// Section 8: what can be parsed and is no request.
    fn refuse(
        &self,
        message: &Message<'_>,
        listed: Option<&ListedParty>,
        refusal: &Refusal,
    ) -> Received {
        let metrics = &self.keeper.neighbours.metrics;
        let rule = Rule::Request(refusal.flaw);
        metrics.answered(self.kind, rule.into(), Duration::ZERO);
        let key = self.key(listed);
        self.write(key, |out, key| answer::refuse(message, refusal, key, out));
        Received::Done
    }

    fn say(
        &mut self,
        message: &Message<'_>,
        listed: Option<&Arc<ListedParty>>,
        verdict: impl Into<Verdict>,
    ) -> Received {
        let mut verdict = verdict.into();
        if let Some(listed) = listed {
            verdict = answer::under_profile(&listed.party, message.mti(), verdict);
        }
        self.keeper
            .neighbours
            .metrics
            .answered(self.kind, verdict, Duration::ZERO);
        if verdict.rule.is_some() {
            log_decline(message, self.address(), verdict);
        }
        let key = self.key(listed.map(|listed| &**listed));
        self.write(key, |out, key| {
            answer::at_once(message, verdict.code, verdict.reason(), key, out);
        });
        Received::Done
    }

    /// The current keys of the sender of this message, which is assumed to use the newest.
    #[inline]
    fn look_up_keys(&mut self, listed: Option<&ListedParty>) {
        let policy = &self.keeper.neighbours.policy;
        let number = policy.number();
        if let Some(listed) = listed
            && self.keys.are_stale(listed.party.code, number)
        {
            let overlap = self.keeper.settings.key_overlap;
            self.keys = Keys::look_up(&listed.party, number, &policy.read(), overlap);
        }
        self.used = listed.and_then(|_| self.keys.newest());
    }

    /// What the answer to the message at hand is sealed with.
    fn key<'a>(&'a self, listed: Option<&'a ListedParty>) -> Option<&'a MacKey> {
        let of_profile = || listed.and_then(|listed| listed.party.mac_key.as_ref());
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
