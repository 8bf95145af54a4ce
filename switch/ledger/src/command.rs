//! The commands of a wallet, and their results: plain data, so that the rules can be tested without a socket and
//! replayed without a clock.

use tessera_kit::clock::Timestamp;
use tessera_kit::invariant;
use tessera_kit::record::Position;
use tessera_protocol::leased::{
    LanguageCode, Limits, NotificationPreferences, NumberUse, SessionKind,
};
use tessera_protocol::{Amount, CardNumber, OrderKey, OriginalData, ResponseCode, Stan, Totals};

use super::{
    About, Balance, Contact, ContactChannel, Day, Directed, DuplicateKey, NamedOriginal, Opening,
    Owed, PasskeyUse, Reconciled, Reference, Reload, Rule, Secret, Source, StatusQuery,
    Supervision, UnseenOriginal, WalletId,
};

/// A command to a wallet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Somebody asks and waits for an answer.
    Ask(Box<Ask>),
    /// 0600/310: a party asks what has become of an order or of a request, and waits for an answer.
    AskStatus(Box<StatusQuery>),
    /// The host answered a purchase or a load.
    HostAnswered(Reference, ResponseCode),
    /// The host issued a card.
    HostIssuedCard(Reference, CardNumber, u16),
    /// The host did not answer in time; it may have seen the request or not.
    HostSilent(Reference),
    /// The request never left for the host.
    HostUnreached(Reference),
    /// The host acknowledged an advice about a transaction.
    AdviceAnswered(Reference, AdviceSubject),
    /// The host has refused this advice too often.
    AdviceRefused(Reference, AdviceSubject, ResponseCode),
    /// 0500 or 0520: a party's totals are compared with ours, which the actor puts in.
    Reconcile(Box<Reconciled>),
    /// The financial system is asked whether it has the same totals of this settlement date.
    AskForTotals(Day),
    /// It has answered: whether it has the same, and what it has.
    HostTotals(Reference, bool, Box<Totals>),
    /// Its totals are compared with ours.
    CompareTotals(Box<Reconciled>),
    /// 0800/101: a party changes its key.
    ChangeKey(Box<Directed>),
    /// An operator decides, and waits for an answer.
    Direct(Box<Directed>),
    /// An operator wants to know what was decided.
    Inspect,
    /// The time of what an authorization holds may be over.
    Wake,
    /// The switch has started again: whatever is open has to be settled.
    Recover,
    /// The card may expire soon.
    Renew,
    /// The vault has another key: whatever is sealed with an older one has to be sealed anew.
    Reseal,
    /// The push service of this browser no longer knows it.
    BrowserGone(u32),
}

impl Command {
    /// Which transactions it is about.
    pub fn about(&self) -> About<'_> {
        match self {
            Self::Ask(ask) => match &ask.action {
                Action::Inquiry | Action::History(_) | Action::Unwatch => About::None,
                Action::Reverse { original, .. }
                | Action::Complete { original, .. }
                | Action::Refund {
                    original: Some(original),
                } => {
                    let named = NamedOriginal::new(&ask.opening, original);
                    About::Original(&ask.opening, named)
                }
                Action::Post { twin } => About::Twin(&ask.opening, twin),
                Action::Purchase { .. }
                | Action::Verify { .. }
                | Action::Refund { .. }
                | Action::Open
                | Action::IssueCard
                | Action::RenewCard
                | Action::Load(_)
                | Action::Announce { .. }
                | Action::Cancel
                | Action::Account(_) => About::Request(&ask.opening),
            },
            Self::AskStatus(query) => match query.named {
                Some(named) => About::Named(named),
                None => About::None,
            },
            Self::HostAnswered(reference, _)
            | Self::HostIssuedCard(reference, ..)
            | Self::HostSilent(reference)
            | Self::HostUnreached(reference)
            | Self::AdviceAnswered(reference, _)
            | Self::AdviceRefused(reference, ..) => About::Reference(*reference),
            Self::Direct(directed) | Self::ChangeKey(directed) => directed.about(),
            Self::Recover
            | Self::Renew
            | Self::Reseal
            | Self::BrowserGone(_)
            | Self::Wake
            | Self::Inspect
            | Self::Reconcile(_)
            | Self::HostTotals(..)
            | Self::AskForTotals(_)
            | Self::CompareTotals(..) => About::None,
        }
    }

    /// The order that it names.
    pub fn order(&self) -> Option<OrderKey> {
        match self {
            Self::Ask(ask) => ask.opening.order(),
            Self::AskStatus(query) => query.order(),
            Self::HostAnswered(..)
            | Self::HostIssuedCard(..)
            | Self::HostSilent(_)
            | Self::HostUnreached(_)
            | Self::AdviceAnswered(..)
            | Self::AdviceRefused(..)
            | Self::Reconcile(_)
            | Self::AskForTotals(_)
            | Self::HostTotals(..)
            | Self::CompareTotals(_)
            | Self::ChangeKey(_)
            | Self::Direct(_)
            | Self::Inspect
            | Self::Wake
            | Self::Recover
            | Self::Renew
            | Self::Reseal
            | Self::BrowserGone(_) => None,
        }
    }
}

/// The kind of the advice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AdviceSubject {
    /// To undo it, down to this.
    Undo(Amount),
    /// That it was decided without the host.
    Posting,
    /// That a card number is no more; or it was asked for one, and has none.
    Card,
}

impl AdviceSubject {
    /// The same without its particulars.
    pub fn owed(self) -> Owed {
        match self {
            Self::Undo(_) => Owed::Undo,
            Self::Posting => Owed::Posting,
            Self::Card => Owed::Card,
        }
    }
}

/// A request and what it wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ask {
    /// Who asks, and about what.
    pub opening: Opening,
    /// What is wanted.
    pub action: Action,
    /// What the wallet server shows for it; none where a party asks.
    pub claims: Option<Box<Claims>>,
}

/// What shows that the payer wants it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Claims {
    /// SHA-256 of the session's secret.
    pub session: Option<[u8; 32]>,
    /// The password, where it was said again.
    pub password: Option<Secret>,
    /// The password to be.
    pub new_password: Option<Secret>,
    /// Where the payer's browser is, to slow down who guesses. Never kept.
    pub address: Option<Secret>,
    /// What has become of the passwords; none before they were looked at.
    pub proof: Option<Proof>,
    /// What a passkey has signed, in the place of the password.
    pub assertion: Option<Assertion>,
    /// What has become of that; none before it was looked at.
    pub passkey: Option<ShownPasskey>,
}

/// What a passkey has signed (Web Authentication, 7.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assertion {
    /// SHA-256 of the passkey's id.
    pub passkey: [u8; 32],
    /// What the browser says of it, JSON.
    pub client_data: Box<[u8]>,
    /// What the authenticator says of it.
    pub authenticator: Box<[u8]>,
    /// Over both.
    pub signature: Box<[u8]>,
}

/// What was found of an assertion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ShownPasskey {
    /// Its signature fits this passkey.
    Fits(PasskeyUse),
    /// It proves nothing.
    Refused(Rule),
}

/// What has become of the passwords that came with a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof {
    /// The hash of the account's password that was looked at; none where there was no account.
    pub of: Option<Box<str>>,
    /// The password fits it; or nobody has one yet, as who registers.
    pub right: bool,
    /// The hash of the password to be.
    pub new_hash: Option<Box<str>>,
}

/// What a request wants of the wallet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// 0200/00 or 0100/00.
    Purchase {
        /// What its party's profile says against it.
        barred: Option<Rule>,
    },
    /// 0220 that names an authorization.
    Complete {
        /// Field 90.
        original: OriginalData,
        /// The party may complete an authorization in several parts.
        several: bool,
        /// The party decides purchases in our stead: where the authorization is not known it is one of those.
        elsewhere: bool,
    },
    /// 0120, or 0220 that names none: decided elsewhere.
    Post {
        /// What the same purchase would be known by, had it been asked for here.
        twin: DuplicateKey,
    },
    /// 0100/31, or the wallet server's.
    Inquiry,
    /// 0100/00 with amount 0, or 0100/38: whether a purchase would be declined whatever its amount.
    Verify {
        /// What the party's profile says against such a purchase.
        barred: Option<Rule>,
    },
    /// 0200/20.
    Refund {
        /// Field 90; `None` where the party may refund without naming a purchase.
        original: Option<OriginalData>,
    },
    /// 0400 or 0420.
    Reverse {
        /// Field 90.
        original: OriginalData,
        /// Field 95.
        replacement: Option<Amount>,
        /// 0420: never declined for a business reason.
        advice: bool,
        /// The original was waiting for its order, and is declined.
        was_waiting: bool,
    },
    /// Make the wallet.
    Open,
    /// Ask the host for a card.
    IssueCard,
    /// Ask the host for a card in the place of one that expires soon.
    RenewCard,
    /// Ask the host for money.
    Load(LoadFrom),
    /// The payer agreed to an order.
    Announce {
        /// When the agreement ends.
        expires_at: Timestamp,
        /// For the payer's eyes.
        description: Vec<u8>,
        /// Originals of this order that were reversed before.
        reversed: Vec<UnseenOriginal>,
    },
    /// The payer takes an order back.
    Cancel,
    /// The last transactions.
    History(HistoryRequest),
    /// What a payer asks for their account.
    Account(Box<AccountAction>),
    /// The wallet server stops watching the wallet.
    Unwatch,
}

impl Action {
    /// Whether it opens an account, which has no password before.
    pub fn registers(&self) -> bool {
        matches!(self, Self::Account(action) if matches!(**action, AccountAction::Register(_)))
    }

    /// Whether its password is the recovery code.
    pub fn recovers(&self) -> bool {
        matches!(self, Self::Account(action) if matches!(**action, AccountAction::Recover(_)))
    }
}

/// Where a load comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LoadFrom {
    /// This number, field 102: a wallet without an account.
    Number(Secret),
    /// The account's source of this number.
    Source(u32),
    /// The same, and the wallet does it by itself.
    Reload(u32),
}

/// What a payer asks for their account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AccountAction {
    /// Open the account, and a session.
    Register(NewSession),
    /// Open a session.
    SignIn(NewSession),
    /// Take the password to be, and open a session: the password is the recovery code.
    Recover(NewSession),
    /// Take the password to be as the recovery code.
    SetRecovery,
    /// End the session.
    SignOut,
    /// End all sessions.
    SignOutEverywhere,
    /// End the session of this number.
    EndSession(u32),
    /// The open sessions.
    ListSessions,
    /// Take the password to be.
    ChangePassword,
    /// All that the payer's pages show, but for lists.
    Overview,
    /// Watch the wallet's events.
    Watch,
    /// Show a card number: the representative one, or the further one of this serial number.
    RevealCard(Option<u32>),
    /// Ask the host for a card in the place of the present one.
    ReissueCard,
    /// Ask the host for a further number.
    IssueNumber(NumberUse, Amount),
    /// End the further number of this serial number.
    RetireNumber(u32),
    /// The further numbers.
    ListNumbers,
    /// Store a source.
    AddSource(Source),
    /// Forget a source.
    RemoveSource(u32),
    /// Reload by itself, or no longer.
    SetReload(Option<Reload>),
    /// A challenge for a passkey, which is this, and the ids of those that there are.
    PasskeyChallenge(Box<str>),
    /// The same to add one.
    BeginPasskey(Box<str>),
    /// Add a passkey: it has answered the challenge.
    AddPasskey(NewPasskey),
    /// Call the passkey of this number so: the name is sealed by the vault.
    RenamePasskey(u32, Box<[u8]>),
    /// Remove the passkey of this number.
    RemovePasskey(u32),
    /// The passkeys.
    ListPasskeys,
    /// Show notifications in this browser.
    AddBrowser(NewBrowser),
    /// Show no more notifications in the browser of this number.
    RemoveBrowser(u32),
    /// The browsers, and the key that they subscribe with, which is this.
    ListBrowsers(Box<str>),
    /// What has become of an order.
    ReadOrder,
    /// Refuse purchases; of a transaction that the payer does not recognise, if that is why.
    Freeze(Option<Reference>),
    /// Allow purchases.
    Unfreeze,
    /// The payer's own limits.
    SetLimits(Limits),
    /// Have a code sent to an address.
    ProposeContact(ContactAndCode),
    /// Confirm the address by its code.
    ConfirmContact(Secret),
    /// Forget the address.
    RemoveContact,
    /// The payer's notification preferences.
    SetPreferences(NotificationPreferences),
    /// The language of messages.
    SetLanguage(LanguageCode),
    /// Pay all money back to this source, and end the wallet.
    Close(Option<u32>),
}

/// A session to be opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewSession {
    /// SHA-256 of its secret.
    pub digest: [u8; 32],
    /// Where.
    pub kind: SessionKind,
    /// What the payer knows the device by.
    pub device: Box<str>,
}

/// A passkey to be added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewPasskey {
    /// SHA-256 of its id.
    pub digest: [u8; 32],
    /// Its id and its public key, sealed by the vault.
    pub sealed: Box<[u8]>,
    /// What it knows the wallet by.
    pub user: Box<[u8]>,
    /// Its name at first.
    pub name: Box<str>,
    /// Its signature counter.
    pub counter: u32,
    /// Its provider copies it to the payer's other devices.
    pub synced: bool,
}

/// A browser to be added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewBrowser {
    /// Of its address, in this wallet.
    pub digest: [u8; 32],
    /// Its address and its keys, sealed by the vault.
    pub sealed: Box<[u8]>,
    /// What the payer knows it by.
    pub name: Box<str>,
}

/// An address, and the code that is to be sent there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContactAndCode {
    /// The address.
    pub contact: Contact,
    /// Its digest, as [`code_digest`].
    pub digest: [u8; 32],
    /// The code, sealed by the vault.
    pub sealed_code: Box<[u8]>,
}

/// What is kept of a confirmation code.
pub fn code_digest(wallet: WalletId, code: &[u8]) -> [u8; 32] {
    use sha2::Digest;
    let mut digest = sha2::Sha256::new();
    digest.update(wallet.0.to_be_bytes());
    digest.update(code);
    digest.finalize().into()
}

/// How much history is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HistoryRequest {
    /// At most so many events.
    pub events: u16,
    /// Journal position to go on from; `None` for the newest.
    pub from: Option<Position>,
    /// What is available after the newest, where it begins with that.
    pub available: Option<Balance>,
}

/// What is configured for all wallets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Rules {
    /// What may be spent.
    pub limits: Limits,
    /// A session that was not used for so many milliseconds has ended.
    pub session_idle: u64,
    /// So many milliseconds after its opening every session has ended.
    pub session_max_age: u64,
    /// A card is renewed so many milliseconds before it expires; 0: it is not.
    pub renew_before: u64,
    /// For so many milliseconds the password counts that was right last; 0: it is needed each time.
    pub confirmed_for: u64,
    /// Payers can have passkeys.
    pub passkeys: bool,
    /// What payers can be notified by.
    pub channels: Channels,
    /// For so many milliseconds an authorization holds money.
    pub hold_valid_for: u64,
    /// What is approved while the host can't be asked.
    pub stand_in: StandIn,
    /// Outcomes for tests are played; never in production.
    pub sandbox: bool,
}

/// The configured channels of notifications.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Channels {
    /// E-mail.
    pub email: bool,
    /// Short messages.
    pub mobile: bool,
    /// Notifications in browsers.
    pub push: bool,
}

impl Channels {
    /// As the wallet server reads them: `email,mobile,push`, empty for none.
    pub(crate) fn to_text(self) -> String {
        let channels = [
            (self.email, ContactChannel::Email.word()),
            (self.mobile, ContactChannel::Mobile.word()),
            (self.push, "push"),
        ];
        let words: Vec<&str> = channels
            .into_iter()
            .filter(|(is_configured, _)| *is_configured)
            .map(|(_, word)| word)
            .collect();
        words.join(",")
    }
}

/// What may be approved in the host's stead, in minor units; nothing where all are zero.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct StandIn {
    /// One purchase.
    pub per_transaction: u64,
    /// The sum of a wallet's approvals that the host has not acknowledged yet.
    pub per_wallet: u64,
    /// All of all wallets until a line to the host is up again.
    pub overall: u64,
}

/// What is handed in to a decision.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// The time at which it is decided.
    pub now: Timestamp,
    /// A STAN for the host that is not in flight; none where the command can send nothing new there.
    pub host_trace: Option<Stan>,
    /// Whether a line to the host is up.
    pub host_up: bool,
    /// What is configured for all wallets.
    pub rules: &'a Rules,
    /// What the operator has decided about all wallets.
    pub operator_policy: &'a Supervision,
    /// So much of what may be approved in the host's stead is not used yet, in minor units.
    pub stand_in_left: u64,
    /// For what the wallet does by itself: neither this one nor those after it are given.
    pub next_reference: Reference,
}

impl Context<'_> {
    /// The STAN of what the decision sends to the host.
    pub(crate) fn host_stan(&self) -> Stan {
        let Some(stan) = self.host_trace else {
            invariant::fail("a request to the host has a STAN", None, None)
        };
        stan
    }
}
