//! A wallet, and what it answers to its payer.

use std::collections::HashMap;

use tessera_protocol::leased::{
    BrowserRow, EventKind, HistoryRow, Limits, NotificationPreferences, NumberRow, NumberState,
    NumberUse, Operation, PasskeyRow, ReloadRow, SessionRow, SourceRow, Spent, tag,
};

use super::{Given, Reply};

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
    /// Address, keys and row.
    pub browsers: Vec<(String, String, BrowserRow)>,
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

const CARD: &str = "9900000000004711";
/// Of a further number.
const FURTHER: &str = "9900000000000042";

impl Wallet {
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

    pub(super) fn answer(
        &mut self,
        operation: Operation,
        given: &Given,
        handle: &str,
        at: u64,
    ) -> Reply {
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
            Operation::AddBrowser | Operation::RemoveBrowser | Operation::ListBrowsers => {
                self.of_browsers(operation, given, (handle, number))
            }
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
}
