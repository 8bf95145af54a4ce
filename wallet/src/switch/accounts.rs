//! Accounts and sessions: 200 to 206, and the overview.

use std::str::FromStr;

use tessera_protocol::ClientNumber;
use tessera_protocol::leased::{
    Limits, NotificationPreferences, Operation, ReloadRow, SessionKind, SessionRow, SourceRow,
    Spent, tag,
};
use zeroize::Zeroizing;

use super::{Proof, Switch, with, with_password};
use crate::caller::Caller;
use crate::line::{Answer, Failure, Fields};
use crate::session::Session;

/// How a session is asked for.
pub struct Entry {
    /// The identification number.
    pub client: ClientNumber,
    /// The password.
    pub password: Zeroizing<String>,
    /// The kind of client that the session is for.
    pub kind: SessionKind,
    /// The name of the device, as the list of sessions shows it.
    pub device: String,
    /// The browser's address.
    pub address: Option<Caller>,
}

/// Whether purchases are possible.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WalletState {
    /// Purchases are possible.
    Open,
    /// The payer has frozen it.
    Frozen,
    /// The payer has closed it; its money is being paid out.
    Closing,
}

impl FromStr for WalletState {
    type Err = ();

    fn from_str(word: &str) -> Result<Self, ()> {
        match word {
            "open" => Ok(Self::Open),
            "frozen" => Ok(Self::Frozen),
            "closing" => Ok(Self::Closing),
            _ => Err(()),
        }
    }
}

/// The representative card as it may be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShownCard {
    /// Its last four digits.
    pub last_four: String,
    /// The expiry date, YYMM.
    pub expiry: String,
}

impl FromStr for ShownCard {
    type Err = ();

    fn from_str(row: &str) -> Result<Self, ()> {
        let (last_four, expiry) = row.split_once(',').ok_or(())?;
        Ok(Self {
            last_four: last_four.to_owned(),
            expiry: expiry.to_owned(),
        })
    }
}

/// How a form asks whether it is the payer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asks {
    /// The last answer still counts.
    Nothing,
    /// For the password.
    Password,
    /// For the password, or a passkey in its place.
    PasswordOrPasskey,
}

/// Where notifications go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ContactKind {
    /// By e-mail.
    Email,
    /// By text message.
    Mobile,
}

impl ContactKind {
    /// As a word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Mobile => "mobile",
        }
    }
}

impl FromStr for ContactKind {
    type Err = ();

    fn from_str(word: &str) -> Result<Self, ()> {
        match word {
            "email" => Ok(Self::Email),
            "mobile" => Ok(Self::Mobile),
            _ => Err(()),
        }
    }
}

/// An address, as it may be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contact {
    /// E-mail or mobile number.
    pub kind: ContactKind,
    /// The masked address.
    pub shown: String,
}

impl FromStr for Contact {
    type Err = ();

    fn from_str(row: &str) -> Result<Self, ()> {
        let (kind, shown) = row.split_once(',').ok_or(())?;
        Ok(Self {
            kind: kind.parse()?,
            shown: shown.to_owned(),
        })
    }
}

/// All that the pages show, but for lists.
#[derive(Debug, Clone)]
pub struct Overview {
    /// The ledger balance, in minor units.
    pub ledger: u64,
    /// The available balance, in minor units.
    pub available: u64,
    /// Whether purchases are possible.
    pub state: WalletState,
    /// The representative card; `None` before one is issued.
    pub card: Option<ShownCard>,
    /// The payer's own spending limits.
    pub limits: Limits,
    /// The operator's spending limits, which the payer's cannot exceed.
    pub limits_allowed: Limits,
    /// Amounts and counts of today and of this month.
    pub spent: Spent,
    /// Funding sources.
    pub sources: Vec<SourceRow>,
    /// Automatic reload, where it is on.
    pub reload: Option<ReloadRow>,
    /// Where notifications go.
    pub contact: Option<Contact>,
    /// Where they will go when it is confirmed.
    pub pending_contact: Option<Contact>,
    /// The payer's notification preferences.
    pub preferences: NotificationPreferences,
    /// There is a recovery code.
    pub recovers: bool,
    /// What the payer owes, in minor units: it is taken out of the money that comes in next.
    pub owed: u64,
    /// The configured channels of notifications; `None` where the switch does not say.
    channels: Option<String>,
    /// Whether the last password still counts: forms need none.
    pub confirmed: bool,
    /// How many passkeys there are; `None` where nobody can have any.
    pub passkeys: Option<usize>,
}

impl Overview {
    /// What is available when so much has come in, in minor units: what is owed is paid first.
    pub fn available_with(&self, minor: u64) -> u64 {
        let rest = minor.saturating_sub(self.owed);
        self.available.saturating_add(rest)
    }

    /// Set aside for purchases that are under way.
    pub fn held(&self) -> u64 {
        self.ledger.saturating_sub(self.available)
    }

    /// Whether payers can be notified so.
    pub fn offers(&self, kind: ContactKind) -> bool {
        let channels = self.channels.as_deref();
        channels.is_none_or(|words| words.split(',').any(|word| word == kind.word()))
    }

    /// Whether browsers can show notifications.
    pub fn shows_in_browsers(&self) -> bool {
        let channels = self.channels.as_deref();
        channels.is_some_and(|words| words.split(',').any(|word| word == "push"))
    }

    /// How forms ask whether it is the payer, unless the last answer still counts.
    pub fn asks(&self) -> Asks {
        match self.confirmed {
            true => Asks::Nothing,
            false => self.asks_always(),
        }
    }

    /// How forms ask each time whether it is the payer.
    pub fn asks_always(&self) -> Asks {
        match self.passkeys {
            Some(count) if count > 0 => Asks::PasswordOrPasskey,
            _ => Asks::Password,
        }
    }

    fn of(answer: &Answer) -> Result<Self, Failure> {
        Ok(Self {
            ledger: answer.need(tag::LEDGER, "ledger balance")?,
            available: answer.need(tag::AVAILABLE, "available balance")?,
            state: answer.value(tag::STATE).unwrap_or(WalletState::Open),
            card: answer.value(tag::SHOWN_CARD),
            limits: answer.value(tag::LIMITS).unwrap_or_default(),
            limits_allowed: answer.value(tag::LIMITS_ALLOWED).unwrap_or_default(),
            spent: answer.value(tag::SPENT).unwrap_or_default(),
            sources: answer.values(tag::SOURCE_ROW),
            reload: answer.value(tag::RELOAD),
            contact: answer.value(tag::SHOWN_CONTACT),
            pending_contact: answer.value(tag::SHOWN_PENDING_CONTACT),
            preferences: answer
                .value(tag::PREFERENCES)
                .unwrap_or(NotificationPreferences::DEFAULT),
            recovers: answer.value::<u8>(tag::RECOVERY).is_some(),
            owed: answer.value(tag::OWED).unwrap_or_default(),
            channels: answer.value(tag::CHANNELS),
            confirmed: answer.value::<u64>(tag::CONFIRMED_FOR).is_some(),
            passkeys: answer.value(tag::COUNT),
        })
    }
}

/// What a device's name may take.
const DEVICE_CHARACTERS_MAX: usize = 60;

impl Switch {
    /// 200: an account, its wallet, and a session.
    ///
    /// # Errors
    /// 94 where the number is taken.
    pub async fn register(&self, entry: &Entry) -> Result<Session, Failure> {
        self.enter(Operation::Register, entry, |fields| fields)
            .await
    }

    /// 201: a session.
    ///
    /// # Errors
    /// 63 for an unknown number and for a wrong password alike; 65 where there were too many tries.
    pub async fn sign_in(&self, entry: &Entry) -> Result<Session, Failure> {
        self.enter(Operation::SignIn, entry, |fields| fields).await
    }

    async fn enter(
        &self,
        operation: Operation,
        entry: &Entry,
        more: impl FnOnce(Fields) -> Fields,
    ) -> Result<Session, Failure> {
        let secret = Session::draw_secret();
        let client = Zeroizing::new(entry.client.expose());
        let client = std::str::from_utf8(&client[..]).unwrap_or_default();
        let device: String = entry.device.chars().take(DEVICE_CHARACTERS_MAX).collect();
        let fields = Fields::default()
            .data(tag::DEVICE, device)
            .data(tag::KIND, entry.kind)
            .secret(tag::CLIENT, client)
            .secret(tag::SECRET, &secret);
        let fields = with_password(fields, &entry.password, entry.address.as_ref())?;
        let answer = self.ask(operation, more(fields)).await?;
        let wallet = answer.need(tag::WALLET, "wallet")?;
        Ok(Session::of(wallet, &secret))
    }

    /// 207: another password, and a session; the password of `entry` is the recovery code.
    ///
    /// # Errors
    /// 63 for an unknown number and for a wrong or used code alike; 65 where there were too many tries.
    pub async fn recover(&self, entry: &Entry, new: &str) -> Result<Session, Failure> {
        let more = |fields: Fields| fields.secret(tag::NEW_PASSWORD, new);
        self.enter(Operation::Recover, entry, more).await
    }

    /// 208: the recovery code, in place of the one before.
    ///
    /// # Errors
    /// 63 for a wrong password.
    pub async fn set_recovery(
        &self,
        session: &Session,
        proof: &Proof,
        code: &str,
    ) -> Result<(), Failure> {
        self.ask_proven(Operation::SetRecovery, session, proof, |fields| {
            fields.secret(tag::NEW_PASSWORD, code)
        })
        .await
        .map(drop)
    }

    /// 202: ends this session.
    ///
    /// # Errors
    /// 63 where it has ended already.
    pub async fn sign_out(&self, session: &Session) -> Result<(), Failure> {
        self.ask(Operation::SignOut, with(session)).await.map(drop)
    }

    /// 203: ends all sessions of the wallet.
    ///
    /// # Errors
    /// 63 where this one has ended already.
    pub async fn sign_out_everywhere(&self, session: &Session) -> Result<(), Failure> {
        let fields = with(session);
        self.ask(Operation::SignOutEverywhere, fields)
            .await
            .map(drop)
    }

    /// 204: the open sessions.
    ///
    /// # Errors
    /// 63 where this one has ended.
    pub async fn sessions(&self, session: &Session) -> Result<Vec<SessionRow>, Failure> {
        let answer = self.ask(Operation::ListSessions, with(session)).await?;
        Ok(answer.values(tag::SESSION_ROW))
    }

    /// 205: another password; all other sessions end.
    ///
    /// # Errors
    /// 63 where the old one is wrong.
    pub async fn change_password(
        &self,
        session: &Session,
        proof: &Proof,
        new: &str,
    ) -> Result<(), Failure> {
        self.ask_proven(Operation::ChangePassword, session, proof, |fields| {
            fields.secret(tag::NEW_PASSWORD, new)
        })
        .await
        .map(drop)
    }

    /// 206: ends one session.
    ///
    /// # Errors
    /// 25 where there is no such session.
    pub async fn end_session(&self, session: &Session, number: u32) -> Result<(), Failure> {
        let fields = with(session).data(tag::NUMBER, number);
        self.ask(Operation::EndSession, fields).await.map(drop)
    }

    /// 210: all that the pages show, but for lists.
    ///
    /// # Errors
    /// 63 where the session has ended.
    pub async fn overview(&self, session: &Session) -> Result<Overview, Failure> {
        let answer = self.ask(Operation::Overview, with(session)).await?;
        Overview::of(&answer)
    }
}
