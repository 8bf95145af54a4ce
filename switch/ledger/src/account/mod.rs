//! The account of a payer: what they sign in with, their sessions, funding sources, limits and preferences.
//!
//! It is part of the wallet, changes by the wallet's events alone, and holds nothing in clear that would say who
//! the payer is: passwords are hashed, sources and addresses sealed.

mod browser;
pub(crate) mod bytes;
mod change;
mod passkey;
mod secret;

use tessera_kit::clock::Timestamp;
use tessera_protocol::leased::{
    LanguageCode, Limits, NotificationPreferences, SessionKind, SourceKind,
};

pub use browser::Browser;
pub use change::{Change, ContactChannel};
pub use passkey::{Passkey, PasskeyUse};
pub use secret::Secret;

use super::Reference;

/// Sessions at the same time; one more ends the oldest.
pub const SESSIONS_MAX: usize = 20;
/// Funding sources of a wallet.
pub const SOURCES_MAX: usize = 5;
/// Further card numbers of a wallet that can be used.
pub const NUMBERS_MAX: usize = 64;
/// Wrong codes after which a new one must be asked for.
pub const CODE_TRIES_MAX: u8 = 5;
/// How long a confirmation code is good, in milliseconds.
pub const CODE_VALID_FOR: u64 = 15 * 60 * 1000;
/// After an automatic reload that failed, for how many milliseconds none is tried.
pub const RELOAD_PAUSE: u64 = 60 * 60 * 1000;
/// How exactly it is known when a session was last used, in milliseconds.
pub const SESSION_USED_GRAIN: u64 = 60 * 1000;

/// See the head of this file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// The password's argon2id hash in the PHC string format; empty where nobody can sign in any more.
    pub password: Box<str>,
    /// Open sessions, oldest first; those that have run out stay until they are replaced.
    pub sessions: Vec<Session>,
    /// Where money can be loaded from.
    pub sources: Vec<Source>,
    /// Automatic reload.
    pub reload: Option<Reload>,
    /// The payer's own limits.
    pub limits: Limits,
    /// Purchases are refused.
    pub frozen: bool,
    /// The wallet has ended.
    pub closed: bool,
    /// Where details are sent.
    pub contact: Option<Contact>,
    /// An address that is not confirmed yet.
    pub proposed: Option<ProposedContact>,
    /// The payer's notification preferences.
    pub preferences: NotificationPreferences,
    /// The payout that will end the wallet, while it is under way.
    pub closing: Option<Reference>,
    /// How many numbers were given to sessions, sources, passkeys and browsers.
    pub numbers: u32,
    /// The recovery code's hash, like the password's.
    pub recovery: Option<Box<str>>,
    /// The language of messages, where one was set.
    pub language: Option<LanguageCode>,
    /// Its passkeys, oldest first.
    pub passkeys: Vec<Passkey>,
    /// What passkeys know the wallet by, sealed with the operator's key; none before the first passkey.
    pub passkey_user: Option<Box<[u8]>>,
    /// The browsers that show notifications, oldest first.
    pub browsers: Vec<Browser>,
}

/// A session, known by the digest of its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Within the wallet.
    pub number: u32,
    /// SHA-256 of its secret.
    pub digest: [u8; 32],
    /// Where it was opened.
    pub kind: SessionKind,
    /// When it was opened.
    pub opened_at: Timestamp,
    /// When it was last used, to a minute.
    pub used_at: Timestamp,
    /// What the payer knows the device by.
    pub device: Box<str>,
}

/// A funding source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// Within the wallet.
    pub number: u32,
    /// The request that stored it; 0 before it is stored.
    pub added_by: Reference,
    /// What it is.
    pub kind: SourceKind,
    /// Its number, sealed by the vault.
    pub sealed: Box<[u8]>,
    /// Its number as it may be shown.
    pub shown: Box<str>,
}

/// Automatic reload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reload {
    /// Number of the source.
    pub source: u32,
    /// Below how much available, in minor units.
    pub threshold: u64,
    /// How much, in minor units.
    pub amount: u64,
    /// The load under way.
    pub under_way: Option<Reference>,
    /// When one last failed.
    pub failed_at: Option<Timestamp>,
}

/// Where details are sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contact {
    /// By which channel.
    pub channel: ContactChannel,
    /// The address, sealed by the vault.
    pub sealed: Box<[u8]>,
    /// The address as it may be shown.
    pub shown: Box<str>,
}

/// An address that waits for its code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProposedContact {
    /// The address.
    pub contact: Contact,
    /// SHA-256 of the code with the wallet's number before it.
    pub code: [u8; 32],
    /// Until when the code is good.
    pub until: Timestamp,
    /// Wrong codes so far.
    pub tries: u8,
}

impl Account {
    /// An account with this password and nothing else.
    pub fn new(password: Box<str>) -> Self {
        Self {
            password,
            sessions: Vec::new(),
            sources: Vec::new(),
            reload: None,
            limits: Limits::default(),
            frozen: false,
            closed: false,
            contact: None,
            proposed: None,
            preferences: NotificationPreferences::DEFAULT,
            closing: None,
            numbers: 0,
            recovery: None,
            language: None,
            passkeys: Vec::new(),
            passkey_user: None,
            browsers: Vec::new(),
        }
    }

    /// What is left of an account that was ended: nobody can sign in, and nothing is known about the payer.
    pub fn ended() -> Self {
        Self {
            closed: true,
            ..Self::new("".into())
        }
    }

    /// The session whose secret has this digest.
    pub fn session(&self, digest: &[u8; 32]) -> Option<&Session> {
        self.sessions
            .iter()
            .rev()
            .find(|session| session.digest == *digest)
    }

    /// The source of this number.
    pub fn source(&self, number: u32) -> Option<&Source> {
        self.sources.iter().find(|source| source.number == number)
    }
}
