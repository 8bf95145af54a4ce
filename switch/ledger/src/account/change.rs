//! What can happen to an account, and what each change makes of it.

use tessera_kit::clock::Timestamp;
use tessera_protocol::ResponseCode;
use tessera_protocol::leased::{LanguageCode, Limits, NotificationPreferences};

use super::super::Reference;
use super::{
    Account, Browser, Contact, Passkey, PasskeyUse, ProposedContact, Reload, SESSIONS_MAX, Session,
    Source,
};

/// How details reach the payer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ContactChannel {
    /// E-mail.
    Email,
    /// Short messages.
    Mobile,
}

impl ContactChannel {
    /// As the wallet server names it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Mobile => "mobile",
        }
    }

    /// The channel of a word.
    pub fn of(word: &[u8]) -> Option<Self> {
        match word {
            b"email" => Some(Self::Email),
            b"mobile" => Some(Self::Mobile),
            _ => None,
        }
    }
}

/// A change of an account. Numbers of new sessions and sources are not said: they follow from the account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// The account was opened with this password hash.
    Registered(Box<str>),
    /// A session was opened; its number is given when it is applied.
    SignedIn(Session),
    /// A session was ended, or all of them (`None`).
    SignedOut(Option<u32>),
    /// A session was used, to a minute.
    SessionUsed(u32),
    /// Another password; all sessions but this one ended.
    PasswordChanged {
        /// Its hash.
        password: Box<str>,
        /// The session that stays.
        keeps: u32,
    },
    /// Another recovery code, of which this is the hash.
    RecoverySet(Box<str>),
    /// The recovery code was used: another password, of which this is the hash; all sessions ended.
    Recovered(Box<str>),
    /// A source was stored; its number is given when it is applied.
    SourceAdded(Source),
    /// A source was forgotten, and a reload from it with it.
    SourceRemoved(u32),
    /// A source was sealed with another key.
    SourceResealed(u32, Box<[u8]>),
    /// Automatic reload was switched on or off.
    ReloadSet(Option<Reload>),
    /// Purchases are refused.
    Frozen,
    /// Purchases are allowed.
    Unfrozen,
    /// The payer does not recognise this transaction: purchases are refused.
    Disputed(Reference),
    /// The payer's own limits.
    LimitsSet(Limits),
    /// An address was given, and a code is sent to it. The code stands sealed beside it, for the outbox.
    ContactProposed {
        /// What is kept of it.
        proposed: ProposedContact,
        /// The code, sealed by the vault.
        sealed_code: Box<[u8]>,
    },
    /// A wrong code came.
    CodeMissed,
    /// The address is confirmed; the notification preferences stay the same.
    ContactConfirmed(NotificationPreferences),
    /// The address was sealed with another key.
    ContactResealed(Box<[u8]>),
    /// The address was forgotten.
    ContactRemoved,
    /// The payer's notification preferences.
    PreferencesSet(NotificationPreferences),
    /// The language of messages.
    LanguageSet(LanguageCode),
    /// A passkey was added; its number is given when it is applied.
    PasskeyAdded {
        /// The passkey.
        passkey: Passkey,
        /// What it knows the wallet by.
        user: Box<[u8]>,
    },
    /// A passkey was used: its counter has risen, or a minute has passed since its last use.
    PasskeyUsed(PasskeyUse),
    /// A passkey has another name, sealed by the vault.
    PasskeyRenamed(u32, Box<[u8]>),
    /// A passkey was removed.
    PasskeyRemoved(u32),
    /// A browser shows notifications from now on; its number is given when it is applied. The notification preferences stay the same.
    BrowserAdded(Browser, NotificationPreferences),
    /// A browser shows no more notifications: the payer does not want it, or its push service no longer knows it.
    BrowserRemoved(u32),
}

impl Change {
    /// Field 39 of the answer to the requester.
    pub fn code(&self) -> ResponseCode {
        match self {
            Self::CodeMissed => ResponseCode::SECURITY_VIOLATION,
            Self::Registered(_)
            | Self::SignedIn(_)
            | Self::SignedOut(_)
            | Self::SessionUsed(_)
            | Self::PasswordChanged { .. }
            | Self::RecoverySet(_)
            | Self::Recovered(_)
            | Self::SourceAdded(_)
            | Self::SourceRemoved(_)
            | Self::SourceResealed(..)
            | Self::ReloadSet(_)
            | Self::Frozen
            | Self::Unfrozen
            | Self::Disputed(_)
            | Self::LimitsSet(_)
            | Self::ContactProposed { .. }
            | Self::ContactConfirmed(_)
            | Self::ContactResealed(_)
            | Self::ContactRemoved
            | Self::PreferencesSet(_)
            | Self::LanguageSet(_)
            | Self::PasskeyAdded { .. }
            | Self::PasskeyUsed(_)
            | Self::PasskeyRenamed(..)
            | Self::PasskeyRemoved(_)
            | Self::BrowserAdded(..)
            | Self::BrowserRemoved(_) => ResponseCode::APPROVED,
        }
    }
}

impl Account {
    /// Makes the change true; it happened at this time.
    pub fn apply(&mut self, change: &Change, at: Timestamp) {
        match change {
            Change::Registered(password) => self.password.clone_from(password),
            Change::SignedIn(session) => self.sign_in(session),
            Change::SignedOut(Some(number)) => {
                self.sessions.retain(|session| session.number != *number)
            }
            Change::SignedOut(None) => self.sessions.clear(),
            Change::SessionUsed(number) => {
                for session in &mut self.sessions {
                    if session.number == *number {
                        session.used_at = at;
                    }
                }
            }
            Change::PasswordChanged { password, keeps } => {
                self.password.clone_from(password);
                self.sessions.retain(|session| session.number == *keeps);
            }
            Change::RecoverySet(recovery) => self.recovery = Some(recovery.clone()),
            Change::Recovered(password) => {
                self.password.clone_from(password);
                self.recovery = None;
                self.sessions.clear();
            }
            Change::SourceAdded(source) => {
                self.numbers = source.number;
                self.sources.push(source.clone());
            }
            Change::SourceRemoved(number) => {
                self.sources.retain(|source| source.number != *number);
                self.reload = self.reload.filter(|reload| reload.source != *number);
            }
            Change::SourceResealed(number, sealed) => {
                for source in &mut self.sources {
                    if source.number == *number {
                        source.sealed.clone_from(sealed);
                    }
                }
            }
            Change::ReloadSet(reload) => {
                let before = self.reload;
                self.reload = reload.map(|reload| Reload {
                    under_way: before.map_or(reload.under_way, |before| before.under_way),
                    ..reload
                });
            }
            Change::Frozen | Change::Disputed(_) => self.frozen = true,
            Change::Unfrozen => self.frozen = false,
            Change::LimitsSet(limits) => self.limits = *limits,
            Change::ContactProposed { proposed, .. } => self.proposed = Some(proposed.clone()),
            Change::CodeMissed => {
                if let Some(proposed) = &mut self.proposed {
                    proposed.tries = proposed.tries.saturating_add(1);
                }
            }
            Change::ContactConfirmed(_) => {
                self.contact = self.proposed.take().map(|proposed| proposed.contact);
            }
            Change::ContactResealed(sealed) => {
                if let Some(contact) = &mut self.contact {
                    *contact = Contact {
                        sealed: sealed.clone(),
                        ..contact.clone()
                    };
                }
            }
            Change::ContactRemoved => {
                self.contact = None;
                self.proposed = None;
            }
            Change::PreferencesSet(preferences) => self.preferences = *preferences,
            Change::LanguageSet(language) => self.language = Some(*language),
            Change::PasskeyAdded { passkey, user } => self.add_passkey(passkey, user),
            Change::PasskeyUsed(used) => self.change_passkey(used.number, |passkey| {
                passkey.used_at = at;
                passkey.counter = used.counter;
                passkey.synced = used.synced;
            }),
            Change::PasskeyRenamed(number, name) => {
                self.change_passkey(*number, |passkey| passkey.renamed = Some(name.clone()));
            }
            Change::PasskeyRemoved(number) => {
                self.passkeys.retain(|passkey| passkey.number != *number);
            }
            Change::BrowserAdded(browser, _) => self.add_browser(browser),
            Change::BrowserRemoved(number) => {
                self.browsers.retain(|browser| browser.number != *number);
            }
        }
    }

    fn sign_in(&mut self, session: &Session) {
        if self.sessions.len() >= SESSIONS_MAX {
            // The one that was not used for the longest time.
            let oldest = self.sessions.iter().map(|session| session.used_at).min();
            let place = self
                .sessions
                .iter()
                .position(|session| Some(session.used_at) == oldest);
            if let Some(place) = place {
                self.sessions.remove(place);
            }
        }
        self.numbers += 1;
        self.sessions.push(Session {
            number: self.numbers,
            ..session.clone()
        });
    }
}
