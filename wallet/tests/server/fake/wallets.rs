//! What a switch would decide, in a few lines: enough for every page to have something to show.

use std::collections::HashMap;

use tessera_protocol::leased::{
    EventKind, HistoryRow, Limits, NotificationPreferences, NumberRow, NumberState, NumberUse,
    Operation, PasskeyRow, ReloadRow, SessionKind, SessionRow, SourceRow, Spent, tag,
};
use tessera_protocol::{OrderKey, tlv};

/// 0610.
#[derive(Debug, Clone, Default)]
pub struct Reply {
    pub code: String,
    pub data: Vec<u8>,
    pub secrets: Vec<u8>,
    pub wallet: Option<u64>,
    pub changes: bool,
    pub reason: String,
}

impl Reply {
    fn code(code: &str) -> Self {
        Self {
            code: code.into(),
            ..Self::default()
        }
    }

    fn data(mut self, tag: u8, value: impl ToString) -> Self {
        add(&mut self.data, tag, &value.to_string());
        self
    }

    fn secret(mut self, tag: u8, value: &str) -> Self {
        add(&mut self.secrets, tag, value);
        self
    }
}

fn add(list: &mut Vec<u8>, tag: u8, value: &str) {
    list.extend_from_slice(format!("{tag:02}{:03}{value}", value.len()).as_bytes());
}

#[derive(Default)]
pub struct Wallet {
    pub client: String,
    pub password: String,
    pub recovery: Option<String>,
    pub sessions: Vec<(String, SessionRow)>,
    /// The session whose password still counts.
    pub confirmed: Option<String>,
    /// Id and row.
    pub passkeys: Vec<(String, PasskeyRow)>,
    pub available: u64,
    pub held: u64,
    pub owed: u64,
    pub card: Option<String>,
    pub frozen: bool,
    pub sources: Vec<SourceRow>,
    pub reload: Option<ReloadRow>,
    pub numbers: Vec<NumberRow>,
    pub limits: Limits,
    pub spent: Spent,
    /// None: a switch that does not say.
    pub channels: Option<String>,
    pub contact: Option<String>,
    pub pending: Option<String>,
    pub preferences: Option<NotificationPreferences>,
    /// The language of messages, where one was set.
    pub language: Option<String>,
    /// Oldest first.
    pub rows: Vec<HistoryRow>,
    /// State and amount by acceptor and number.
    pub orders: HashMap<(String, String), (String, u64)>,
}

#[derive(Default)]
pub struct Wallets {
    pub all: HashMap<u64, Wallet>,
    /// Sign-ins are refused with 65 and so many seconds.
    pub throttle: Option<u64>,
    /// The financial system declines loads.
    pub declined: bool,
    /// Passkeys are not configured.
    pub no_passkeys: bool,
    /// Why passkeys are refused, whatever they sign.
    pub passkey_refusal: Option<&'static str>,
    /// The address that came with the last password.
    pub address: String,
    clock: u64,
}

/// A TLV list as a map; the last of a tag counts.
struct Given(HashMap<u8, String>);

impl Given {
    fn of(data: &[u8], secrets: &[u8]) -> Self {
        let all = tlv::iterate(data).chain(tlv::iterate(secrets));
        let text = |value: &[u8]| String::from_utf8(value.to_vec()).unwrap();
        Self(
            all.map(|tlv| tlv.map(|(tag, value)| (tag, text(value))).unwrap())
                .collect(),
        )
    }

    fn text(&self, tag: u8) -> &str {
        self.0.get(&tag).map_or("", String::as_str)
    }

    fn number(&self, tag: u8) -> u64 {
        self.text(tag).parse().unwrap_or_default()
    }
}

/// What the fake authenticators answer.
pub const CHALLENGE: &str = "Y2hhbGxlbmdl";

fn refused_passkey(why: Option<&str>) -> Reply {
    let mut reply = Reply::code("63");
    reply.reason = why
        .unwrap_or("no such passkey, or it has signed something else")
        .into();
    reply
}

fn no_passkeys() -> Reply {
    let mut reply = Reply::code("12");
    reply.reason = "passkeys are not configured".into();
    reply
}

const CARD: &str = "9900000000004711";
/// Of a further number.
const FURTHER: &str = "9900000000000042";

impl Wallets {
    /// Ledger, available, position.
    pub fn state(&self, wallet: u64) -> Option<(u64, u64, u64)> {
        let wallet = self.all.get(&wallet)?;
        let position = wallet.rows.len() as u64;
        Some((wallet.available + wallet.held, wallet.available, position))
    }

    /// The wallet of an identification number.
    pub fn of(&mut self, client: &str) -> (u64, &mut Wallet) {
        let found = self
            .all
            .iter_mut()
            .find(|(_, wallet)| wallet.client == client);
        found.map(|(number, wallet)| (*number, wallet)).unwrap()
    }

    pub fn answer(&mut self, operation: Operation, data: &[u8], secrets: &[u8]) -> Reply {
        let given = Given::of(data, secrets);
        self.clock += 1;
        if !given.text(tag::ADDRESS).is_empty() {
            self.address = given.text(tag::ADDRESS).into();
        }
        if let Some(password) = given.0.get(&tag::PASSWORD)
            && !(10..=128).contains(&password.len())
        {
            return Reply::code("30");
        }
        match operation {
            Operation::Register => return self.register(&given),
            Operation::SignIn => return self.sign_in(&given),
            Operation::Recover => return self.recover(&given),
            Operation::PasskeySignIn => return self.sign_in_by_passkey(&given),
            Operation::PasskeyChallenge if self.no_passkeys => return no_passkeys(),
            Operation::PasskeyChallenge if given.text(tag::SESSION).is_empty() => {
                return Reply::code("00").data(tag::CHALLENGE, CHALLENGE);
            }
            Operation::Unwatch => {
                let mut reply = Reply::code("00");
                reply.wallet = Some(given.number(tag::WALLET));
                return reply;
            }
            _ => {}
        }
        let handle = given.text(tag::SESSION).to_owned();
        let number = u64::from_str_radix(handle.get(..16).unwrap_or("x"), 16).unwrap_or(0);
        let at = 1_795_000_000_000 + self.clock * 1_000;
        let (no_passkeys, refusal) = (self.no_passkeys, self.passkey_refusal);
        let Some(wallet) = self.all.get_mut(&number) else {
            return Reply::code("63");
        };
        if !wallet.sessions.iter().any(|(open, _)| *open == handle) {
            return Reply::code("63");
        }
        if let Some(password) = given.0.get(&tag::PASSWORD)
            && *password != wallet.password
        {
            return Reply::code("63");
        }
        let signed = operation != Operation::AddPasskey && given.0.contains_key(&tag::PASSKEY);
        if signed && (refusal.is_some() || !wallet.has_signed(&given)) {
            return refused_passkey(refusal);
        }
        if given.0.contains_key(&tag::PASSWORD) || signed {
            wallet.confirmed = Some(handle.clone());
        } else if always_wants_password(operation)
            || wants_password(operation) && wallet.confirmed.as_ref() != Some(&handle)
        {
            let mut reply = Reply::code("30");
            reply.reason = "tag 17: the password is needed".into();
            return reply;
        }
        if operation == Operation::Load && self.declined {
            return Reply::code("05");
        }
        let mut reply = wallet.answer(operation, &given, &handle, at);
        if operation == Operation::Overview && !no_passkeys {
            reply = reply.data(tag::COUNT, wallet.passkeys.len());
        }
        reply.wallet = Some(number);
        reply.changes |= matches!(
            operation,
            Operation::SignOut
                | Operation::SignOutEverywhere
                | Operation::EndSession
                | Operation::ChangePassword
                | Operation::Close
        );
        reply
    }

    fn register(&mut self, given: &Given) -> Reply {
        let client = given.text(tag::CLIENT);
        if self.all.values().any(|wallet| wallet.client == client) {
            return Reply::code("94");
        }
        let number = 4_711 + self.all.len() as u64;
        let wallet = Wallet {
            client: client.into(),
            password: given.text(tag::PASSWORD).into(),
            ..Wallet::default()
        };
        self.all.insert(number, wallet);
        self.open(number, given)
    }

    fn sign_in(&mut self, given: &Given) -> Reply {
        if let Some(seconds) = self.throttle {
            return Reply::code("65").data(tag::RETRY_AFTER, seconds);
        }
        let found = self.all.iter().find(|(_, wallet)| {
            wallet.client == given.text(tag::CLIENT) && wallet.password == given.text(tag::PASSWORD)
        });
        match found.map(|(number, _)| *number) {
            Some(number) => self.open(number, given),
            None => Reply::code("63"),
        }
    }

    fn sign_in_by_passkey(&mut self, given: &Given) -> Reply {
        let (refusal, id) = (self.passkey_refusal, given.text(tag::PASSKEY));
        let known = |wallet: &Wallet| {
            let mut passkeys = wallet.passkeys.iter();
            passkeys.any(|(known, _)| known == id) && wallet.has_signed(given)
        };
        let found = self.all.iter().find(|(number, wallet)| {
            known(wallet) && given.text(tag::PASSKEY_USER) == format!("user-{number}")
        });
        match (found.map(|(number, _)| *number), refusal) {
            (Some(number), None) => self.open(number, given),
            _ => refused_passkey(refusal),
        }
    }

    fn recover(&mut self, given: &Given) -> Reply {
        let found = self.all.iter_mut().find(|(_, wallet)| {
            wallet.client == given.text(tag::CLIENT)
                && wallet.recovery.as_deref() == Some(given.text(tag::PASSWORD))
        });
        let Some((number, wallet)) = found else {
            return Reply::code("63");
        };
        wallet.recovery = None;
        wallet.password = given.text(tag::NEW_PASSWORD).into();
        wallet.sessions.clear();
        let number = *number;
        self.open(number, given)
    }

    fn open(&mut self, number: u64, given: &Given) -> Reply {
        let wallet = self.all.get_mut(&number).unwrap();
        let handle = format!("{number:016x}{}", given.text(tag::SECRET));
        let row = SessionRow {
            number: wallet.sessions.len() as u32 + 1,
            kind: given.text(tag::KIND).parse::<SessionKind>().unwrap(),
            opened_at: 1_795_000_000_000,
            used_at: 1_795_000_000_000,
            current: false,
            device: given.text(tag::DEVICE).into(),
        };
        if row.kind == SessionKind::Web {
            wallet.confirmed = Some(handle.clone());
        }
        wallet.sessions.push((handle, row));
        Reply::code("00").data(tag::WALLET, number)
    }
}

impl Wallet {
    /// What the fake authenticators of the tests sign with.
    fn has_signed(&self, given: &Given) -> bool {
        let id = given.text(tag::PASSKEY);
        let mut passkeys = self.passkeys.iter();
        passkeys.any(|(known, _)| known == id)
            && given.text(tag::CLIENT_DATA) == CHALLENGE
            && given.text(tag::AUTHENTICATOR) == "data.signature"
    }

    fn of_passkeys(&mut self, operation: Operation, given: &Given, number: u32) -> Reply {
        let ids = |reply: Reply, wallet: &Self| {
            let passkeys = wallet.passkeys.iter();
            passkeys.fold(reply, |reply, (id, _)| reply.data(tag::PASSKEY, id))
        };
        let ok = || Reply::code("00");
        match operation {
            Operation::PasskeyChallenge => ids(ok().data(tag::CHALLENGE, CHALLENGE), self),
            Operation::BeginPasskey => {
                let user = u64::from_str_radix(&given.text(tag::SESSION)[..16], 16).unwrap();
                let reply = ok().data(tag::CHALLENGE, CHALLENGE);
                ids(reply.data(tag::PASSKEY_USER, format!("user-{user}")), self)
            }
            Operation::AddPasskey => {
                let number = self.passkeys.len() as u32 + 1;
                let row = PasskeyRow {
                    number,
                    added_at: 1_795_000_000_000,
                    used_at: 1_795_000_000_000,
                    synced: true,
                    name: given.text(tag::DEVICE).into(),
                };
                self.passkeys.push((format!("id-{number}"), row));
                ok()
            }
            Operation::RenamePasskey => {
                let mut found = self
                    .passkeys
                    .iter_mut()
                    .filter(|(_, row)| row.number == number);
                match found.next() {
                    Some((_, row)) => row.name = given.text(tag::DEVICE).into(),
                    None => return Reply::code("25"),
                }
                ok()
            }
            Operation::RemovePasskey => {
                self.passkeys.retain(|(_, row)| row.number != number);
                ok()
            }
            _ => self
                .passkeys
                .iter()
                .rev()
                .fold(ok(), |reply, (_, row)| reply.data(tag::PASSKEY_ROW, row)),
        }
    }

    pub fn row(
        &mut self,
        at: u64,
        kind: EventKind,
        reference: &str,
        amount: u64,
    ) -> &mut HistoryRow {
        self.rows.push(HistoryRow {
            at,
            kind,
            reference: reference.into(),
            original: String::new(),
            amount,
            available: self.available,
            held: self.held,
            code: String::new(),
            institution: 10_000_000_001,
            acceptor: "MALL-0001".into(),
            card: String::new(),
            order: String::new(),
            text: String::new(),
            request: None,
        });
        self.rows.last_mut().unwrap()
    }

    fn answer(&mut self, operation: Operation, given: &Given, handle: &str, at: u64) -> Reply {
        let ok = || Reply::code("00");
        let number = given.number(tag::NUMBER) as u32;
        match operation {
            Operation::Overview => self.overview(handle),
            Operation::ReadBalance | Operation::Watch => ok()
                .data(tag::LEDGER, self.available + self.held)
                .data(tag::AVAILABLE, self.available)
                .data(tag::POSITION, self.rows.len()),
            Operation::ReadHistory => self.history(given),
            Operation::SignOut => {
                self.sessions.retain(|(open, _)| open != handle);
                ok()
            }
            Operation::SignOutEverywhere => {
                self.sessions.clear();
                ok()
            }
            Operation::EndSession => {
                self.sessions.retain(|(_, row)| row.number != number);
                ok()
            }
            Operation::ListSessions => self.sessions.iter().fold(ok(), |reply, (open, row)| {
                let current = open == handle;
                reply.data(
                    tag::SESSION_ROW,
                    SessionRow {
                        current,
                        ..row.clone()
                    },
                )
            }),
            Operation::PasskeyChallenge
            | Operation::BeginPasskey
            | Operation::AddPasskey
            | Operation::RenamePasskey
            | Operation::RemovePasskey
            | Operation::ListPasskeys => self.of_passkeys(operation, given, number),
            Operation::SetRecovery => {
                self.recovery = Some(given.text(tag::NEW_PASSWORD).into());
                ok()
            }
            Operation::ChangePassword => {
                self.password = given.text(tag::NEW_PASSWORD).into();
                self.sessions.retain(|(open, _)| open == handle);
                ok()
            }
            Operation::IssueCard | Operation::ReissueCard => {
                self.card = Some(CARD.into());
                ok().data(tag::SHOWN_CARD, "4711,3112")
            }
            Operation::RevealCard => {
                let card = if number > 0 { FURTHER } else { CARD };
                ok().secret(tag::CARD, card).secret(tag::EXPIRY, "3112")
            }
            Operation::IssueNumber => self.issue_number(given),
            Operation::RetireNumber => {
                for row in self.numbers.iter_mut().filter(|row| row.number == number) {
                    row.state = NumberState::Dead;
                }
                ok()
            }
            Operation::ListNumbers => self
                .numbers
                .iter()
                .fold(ok(), |reply, row| reply.data(tag::NUMBER_ROW, row)),
            Operation::Load => self.load(given, at),
            Operation::AddSource => {
                let source = given.text(tag::SOURCE);
                let number = self.sources.len() as u32 + 1;
                self.sources.push(SourceRow {
                    number,
                    kind: given.text(tag::KIND).parse().unwrap(),
                    shown: format!("**** {}", &source[source.len() - 4..]),
                });
                ok().data(tag::NUMBER, number)
            }
            Operation::RemoveSource => {
                self.sources.retain(|row| row.number != number);
                ok()
            }
            Operation::SetReload => {
                self.reload = (number > 0).then(|| ReloadRow {
                    source: number,
                    threshold: given.number(tag::THRESHOLD),
                    amount: given.number(tag::AMOUNT),
                });
                ok()
            }
            Operation::Freeze | Operation::Unfreeze => {
                self.frozen = operation == Operation::Freeze;
                let disputed = given.text(tag::REFERENCE).to_owned();
                if !disputed.is_empty() {
                    self.row(at, EventKind::Frozen, &disputed, 0);
                }
                ok()
            }
            Operation::SetLimits => {
                self.limits = given.text(tag::LIMITS).parse().unwrap();
                ok()
            }
            Operation::ProposeContact => {
                self.pending = Some(format!("{},a**@b.example", given.text(tag::KIND)));
                ok()
            }
            Operation::ConfirmContact if given.text(tag::CODE) != "123456" => Reply::code("63"),
            Operation::ConfirmContact => {
                self.contact = self.pending.take();
                ok()
            }
            Operation::RemoveContact => {
                self.contact = None;
                ok()
            }
            Operation::SetPreferences => {
                self.preferences = given.text(tag::PREFERENCES).parse().ok();
                ok()
            }
            Operation::SetLanguage => {
                self.language = Some(given.text(tag::LANGUAGE).to_owned());
                ok()
            }
            Operation::Close => {
                self.sessions.clear();
                ok()
            }
            Operation::AnnounceOrder | Operation::CancelOrder | Operation::ReadOrder => {
                self.order(operation, given, at)
            }
            _ => Reply::code("12"),
        }
    }

    fn overview(&self, handle: &str) -> Reply {
        let mut reply = Reply::code("00")
            .data(tag::WALLET, 1)
            .data(tag::CURRENCY, "840")
            .data(tag::LEDGER, self.available + self.held)
            .data(tag::AVAILABLE, self.available)
            .data(tag::STATE, if self.frozen { "frozen" } else { "open" })
            .data(tag::LIMITS, self.limits)
            .data(
                tag::LIMITS_ALLOWED,
                Limits::from_array([100_000, 200_000, 0, 50, 0]),
            )
            .data(tag::SPENT, self.spent)
            .data(
                tag::PREFERENCES,
                self.preferences.unwrap_or(NotificationPreferences::DEFAULT),
            );
        if self.recovery.is_some() {
            reply = reply.data(tag::RECOVERY, 1);
        }
        if self.owed > 0 {
            reply = reply.data(tag::OWED, self.owed);
        }
        if self.confirmed.as_deref() == Some(handle) {
            reply = reply.data(tag::CONFIRMED_FOR, 300);
        }
        if let Some(channels) = &self.channels {
            reply = reply.data(tag::CHANNELS, channels);
        }
        if self.card.is_some() {
            reply = reply.data(tag::SHOWN_CARD, "4711,3112");
        }
        for row in &self.sources {
            reply = reply.data(tag::SOURCE_ROW, row);
        }
        let maybe = [
            (tag::RELOAD, self.reload.map(|row| row.to_string())),
            (tag::SHOWN_CONTACT, self.contact.clone()),
            (tag::SHOWN_PENDING_CONTACT, self.pending.clone()),
        ];
        for (tag, value) in maybe {
            if let Some(value) = value {
                reply = reply.data(tag, value);
            }
        }
        reply
    }

    /// As many as fit: here four at a time.
    fn history(&self, given: &Given) -> Reply {
        let end = match given.number(tag::POSITION) {
            0 => self.rows.len(),
            position => position as usize,
        };
        let begin = end.saturating_sub(4);
        let piece = self.rows[begin..end].iter().rev();
        let reply = piece.fold(Reply::code("00"), |reply, row| {
            let reply = reply.data(tag::EVENT, row);
            match &row.request {
                Some(request) => reply.data(tag::REQUEST, request),
                None => reply,
            }
        });
        let reply = match given.number(tag::POSITION) {
            0 => reply.data(tag::AVAILABLE, self.available),
            _ => reply,
        };
        match begin {
            0 => reply,
            begin => reply.data(tag::POSITION, begin),
        }
    }

    fn issue_number(&mut self, given: &Given) -> Reply {
        let number = self.numbers.len() as u32 + 1;
        self.numbers.push(NumberRow {
            number,
            usage: given.text(tag::KIND).parse::<NumberUse>().unwrap(),
            state: NumberState::Live,
            last_four: "0042".into(),
            expiry: "3112".into(),
            limit: given.number(tag::AMOUNT),
            acceptor: String::new(),
        });
        Reply::code("00")
            .data(tag::NUMBER, number)
            .secret(tag::CARD, FURTHER)
            .secret(tag::EXPIRY, "3112")
    }

    fn load(&mut self, given: &Given, at: u64) -> Reply {
        let amount = given.number(tag::AMOUNT);
        let reference = format!("L{:011}", self.rows.len());
        self.row(at, EventKind::LoadRequested, &reference, amount)
            .text = "**** 1111".into();
        self.row(at, EventKind::Approved, &reference, amount);
        self.available += amount;
        let mut reply = Reply::code("00");
        reply.changes = true;
        reply
    }

    fn order(&mut self, operation: Operation, given: &Given, at: u64) -> Reply {
        let key = (
            given.text(tag::ACCEPTOR).to_owned(),
            given.text(tag::ORDER).to_owned(),
        );
        let amount = given.number(tag::AMOUNT);
        let known = self.orders.get_mut(&key);
        let stands = known.as_ref().is_some_and(|order| match order.0.as_str() {
            "open" => order.1 != amount,
            state => ["paying", "paid"].contains(&state),
        });
        match (operation, known) {
            (Operation::AnnounceOrder, _) if stands => Reply::code("94"),
            (Operation::AnnounceOrder, _) if amount > self.available => Reply::code("51"),
            (Operation::AnnounceOrder, _) => {
                let name = order_name(&key.1);
                self.orders.insert(key, ("open".into(), amount));
                let row = self.row(at, EventKind::OrderAnnounced, "", amount);
                row.order = name;
                row.text = given.text(tag::DESCRIPTION).into();
                Reply::code("00")
            }
            (_, Some(order)) if operation == Operation::CancelOrder && order.0 == "paid" => {
                Reply::code("94")
            }
            (_, None) => Reply::code("25"),
            (Operation::CancelOrder, Some(order)) => {
                order.0 = "cancelled".into();
                Reply::code("00")
            }
            (_, Some(order)) => Reply::code("00")
                .data(tag::STATE, &order.0)
                .data(tag::AMOUNT, order.1)
                .data(tag::CURRENCY, "840"),
        }
    }

    /// What has become of an order of the mall.
    pub fn turn_order(&mut self, number: &str, state: &str) {
        let key = ("MALL-0001".to_owned(), number.to_owned());
        self.orders.get_mut(&key).unwrap().0 = state.into();
    }

    /// The mall has asked, and the financial system has said so.
    pub fn decide_order(&mut self, number: &str, code: &str) {
        let key = ("MALL-0001".to_owned(), number.to_owned());
        let amount = self.orders[&key].1;
        let at = 1_795_000_500_000;
        let reference = format!("P{:011}", self.rows.len());
        let held = self.row(at, EventKind::Held, &reference, amount);
        held.order = order_name(number);
        self.available -= amount;
        self.held += amount;
        let kind = if code == "00" {
            EventKind::Approved
        } else {
            EventKind::Released
        };
        self.row(at, kind, &reference, amount).code = code.into();
        self.held -= amount;
        if code == "00" {
            self.turn_order(number, "paid");
        } else {
            self.available += amount;
        }
    }
}

/// Whether it moves money or secrets of a browser's session.
fn wants_password(operation: Operation) -> bool {
    use Operation as O;
    matches!(
        operation,
        O::RevealCard
            | O::ReissueCard
            | O::AddSource
            | O::RemoveSource
            | O::SetReload
            | O::Load
            | O::SetLimits
            | O::RemovePasskey
    )
}

/// Whether a password that was right a moment ago does not suffice.
fn always_wants_password(operation: Operation) -> bool {
    use Operation as O;
    matches!(
        operation,
        O::ChangePassword
            | O::SetRecovery
            | O::Unfreeze
            | O::ProposeContact
            | O::RemoveContact
            | O::BeginPasskey
            | O::Close
    )
}

/// As the switch names an order of the mall in a wallet's history.
fn order_name(number: &str) -> String {
    OrderKey::of(b"MALL-0001", number.as_bytes()).to_string()
}
