//! The rows of the outbox, byte for byte.

use std::fmt;
use std::str::FromStr;

use tessera_kit::clock::Timestamp;
use tessera_protocol::leased::{LanguageCode, NotificationPreferences};

use super::OutboxError;
use tessera_journal::{Mark, Position};
use tessera_ledger::{ContactChannel, Reader, Unreadable, WalletId};

/// How a message reaches the payer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ChannelKind {
    /// E-mail.
    Email,
    /// Short messages.
    Mobile,
    /// Notifications in browsers.
    Browser,
}

impl ChannelKind {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Email, Self::Mobile, Self::Browser];

    /// Its name in metrics and log lines.
    pub fn name(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Mobile => "sms",
            Self::Browser => "push",
        }
    }
}

impl From<ContactChannel> for ChannelKind {
    fn from(channel: ContactChannel) -> Self {
        match channel {
            ContactChannel::Email => Self::Email,
            ContactChannel::Mobile => Self::Mobile,
        }
    }
}

/// Which message: of which event, and to whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// Journal position of the event.
    pub position: Position,
    /// To whom.
    pub to: To,
}

/// To whom a message goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum To {
    /// The wallet's confirmed contact, as it is when the message is sent.
    Contact,
    /// The address that the event itself says: a code goes there.
    Proposed,
    /// The contact that this event removed, which gets the notification of its removal.
    Former,
    /// The wallet's browser of this number.
    Browser(u32),
}

/// Which contact of a wallet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// Confirmed.
    Confirmed,
    /// Waits for its code.
    Proposed,
}

/// A message that is to be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Waiting {
    /// By which channel, as far as is known.
    pub channel: ChannelKind,
    /// When it is tried next.
    pub due: Timestamp,
    /// When its event happened.
    pub since: Timestamp,
    /// How often it was tried.
    pub attempts: u32,
}

/// A message that was given up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dead {
    /// By which channel.
    pub channel: ChannelKind,
    /// When its event happened.
    pub since: Timestamp,
    /// How often it was tried.
    pub attempts: u32,
    /// Why, without the address.
    pub why: String,
}

/// A payer's contact or browser, and preferences.
#[derive(Debug, Clone, PartialEq)]
pub struct KnownContact {
    /// By which channel.
    pub channel: ChannelKind,
    /// Of what.
    pub preferences: NotificationPreferences,
    /// The language of messages, where one was set.
    pub language: Option<LanguageCode>,
    /// The address, or where a browser is reached and its keys, sealed by the vault.
    pub sealed: Box<[u8]>,
}

impl fmt::Display for Key {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:x}.", self.position.to_stored())?;
        match self.to {
            To::Browser(number) => write!(formatter, "b{number}"),
            To::Contact | To::Proposed | To::Former => write!(formatter, "{}", self.to.digit()),
        }
    }
}

impl FromStr for Key {
    type Err = OutboxError;

    fn from_str(text: &str) -> Result<Self, OutboxError> {
        let parts = text.split_once('.');
        let key = parts.and_then(|(position, to)| {
            Some(Self {
                position: Position::from_stored(u64::from_str_radix(position, 16).ok()?)?,
                to: match to.strip_prefix('b') {
                    Some(number) => To::Browser(number.parse().ok()?),
                    None => To::of(to.parse().ok()?)?,
                },
            })
        });
        key.ok_or(OutboxError::Unreadable("id"))
    }
}

/// In the place of the digit of a receiver: its number follows.
const OF_BROWSER: u8 = 3;

impl To {
    fn digit(self) -> u8 {
        match self {
            Self::Contact => 0,
            Self::Proposed => 1,
            Self::Former => 2,
            Self::Browser(_) => OF_BROWSER,
        }
    }

    fn of(digit: u8) -> Option<Self> {
        [Self::Contact, Self::Proposed, Self::Former]
            .into_iter()
            .find(|to| to.digit() == digit)
    }
}

impl Key {
    /// Before all others.
    pub const FIRST: Self = Self {
        position: Position::MIN,
        to: To::Contact,
    };
    /// After all others.
    pub const LAST: Self = Self {
        position: Position::MAX,
        to: To::Browser(u32::MAX),
    };

    pub(super) fn to_bytes(self) -> Vec<u8> {
        let mut bytes = self.position.to_stored().to_be_bytes().to_vec();
        bytes.push(self.to.digit());
        if let To::Browser(number) = self.to {
            bytes.extend_from_slice(&number.to_be_bytes());
        }
        bytes
    }

    pub(super) fn read(bytes: &[u8]) -> Result<Self, OutboxError> {
        whole("key", bytes, |from| {
            Ok(Self {
                position: Position::from_stored(from.array().map(u64::from_be_bytes)?)
                    .ok_or(from.fault("a journal position"))?,
                to: match from.u8()? {
                    OF_BROWSER => To::Browser(from.array().map(u32::from_be_bytes)?),
                    digit => To::of(digit).ok_or(from.fault("a receiver"))?,
                },
            })
        })
    }
}

impl Waiting {
    pub(super) fn to_bytes(self) -> [u8; 20] {
        let mut bytes = [0; 20];
        bytes[..8].copy_from_slice(&self.due.milliseconds().to_le_bytes());
        bytes[8..16].copy_from_slice(&self.since.milliseconds().to_le_bytes());
        bytes[16..].copy_from_slice(&self.attempts.to_le_bytes());
        bytes
    }

    pub(super) fn read(channel: ChannelKind, bytes: &[u8]) -> Result<Self, OutboxError> {
        whole("message", bytes, |from| {
            Ok(Self {
                channel,
                due: from.timestamp()?,
                since: from.timestamp()?,
                attempts: from.u32()?,
            })
        })
    }
}

impl Dead {
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(13 + self.why.len());
        bytes.push(channel_byte(self.channel));
        bytes.extend_from_slice(&self.since.milliseconds().to_le_bytes());
        bytes.extend_from_slice(&self.attempts.to_le_bytes());
        bytes.extend_from_slice(self.why.as_bytes());
        bytes
    }

    pub(super) fn read(bytes: &[u8]) -> Result<Self, OutboxError> {
        whole("dead letter", bytes, |from| {
            let channel = read_channel(from)?;
            let (since, attempts) = (from.timestamp()?, from.u32()?);
            let why = from.take(bytes.len().saturating_sub(13))?;
            Ok(Self {
                channel,
                since,
                attempts,
                why: String::from_utf8_lossy(why).into_owned(),
            })
        })
    }
}

impl KnownContact {
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = vec![channel_byte(self.channel)];
        if let Some(language) = self.language {
            bytes[0] |= HAS_LANGUAGE;
            bytes.extend_from_slice(&language.letters());
        }
        let preferences = self.preferences.to_string();
        bytes.push(preferences.len() as u8);
        bytes.extend_from_slice(preferences.as_bytes());
        bytes.extend_from_slice(&self.sealed);
        bytes
    }

    pub(super) fn read(bytes: &[u8]) -> Result<Self, OutboxError> {
        whole("contact", bytes, |from| {
            let first = from.u8()?;
            let channel = channel_of(first & !HAS_LANGUAGE).ok_or(from.fault("a channel"))?;
            let language = match first & HAS_LANGUAGE {
                0 => None,
                _ => {
                    let code = LanguageCode::from_letters(from.array()?);
                    Some(code.ok_or(from.fault("a language"))?)
                }
            };
            let preferences = str::from_utf8(from.counted()?).ok();
            let preferences = preferences.and_then(|preferences| preferences.parse().ok());
            let preferences: NotificationPreferences =
                preferences.ok_or(from.fault("preferences"))?;
            let before = if language.is_some() { 4 } else { 2 };
            let rest = bytes.len() - before - preferences.to_string().len();
            Ok(Self {
                channel,
                preferences,
                language,
                sealed: from.take(rest)?.into(),
            })
        })
    }
}

fn channel_byte(channel: ChannelKind) -> u8 {
    match channel {
        ChannelKind::Email => 0,
        ChannelKind::Mobile => 1,
        ChannelKind::Browser => 2,
    }
}

fn read_channel(from: &mut Reader<'_>) -> Result<ChannelKind, Unreadable> {
    channel_of(from.u8()?).ok_or(from.fault("a channel"))
}

fn channel_of(byte: u8) -> Option<ChannelKind> {
    match byte {
        0 => Some(ChannelKind::Email),
        1 => Some(ChannelKind::Mobile),
        2 => Some(ChannelKind::Browser),
        _ => None,
    }
}

/// Set in the byte of a contact's channel where a language stands behind it. Outboxes before 0.3.0 had none.
const HAS_LANGUAGE: u8 = 0x80;

/// Messages of a channel stand together, in the order of the journal.
pub(super) fn waiting_key(channel: ChannelKind, key: Key) -> Vec<u8> {
    let mut row = vec![channel_byte(channel)];
    row.extend(key.to_bytes());
    row
}

pub(super) fn read_waiting_key(row: &[u8]) -> Result<(ChannelKind, Key), OutboxError> {
    let (channel, key) = row.split_at(row.len().min(1));
    Ok((whole("channel", channel, read_channel)?, Key::read(key)?))
}

pub(super) fn contact_key(wallet: WalletId, which: Which) -> [u8; 9] {
    let mut key = [0; 9];
    key[..8].copy_from_slice(&wallet.0.to_be_bytes());
    key[8] = match which {
        Which::Confirmed => 0,
        Which::Proposed => 1,
    };
    key
}

pub(super) fn read_contact_key(key: &[u8]) -> Result<(WalletId, Which), OutboxError> {
    whole("contact's wallet", key, |from| {
        let wallet = from.array().map(u64::from_be_bytes)?;
        let which = match from.u8()? {
            0 => Which::Confirmed,
            1 => Which::Proposed,
            _ => return Err(from.fault("a contact")),
        };
        Ok((WalletId(wallet), which))
    })
}

pub(super) fn browser_key(wallet: WalletId, number: u32) -> [u8; 12] {
    let mut key = [0; 12];
    key[..8].copy_from_slice(&wallet.0.to_be_bytes());
    key[8..].copy_from_slice(&number.to_be_bytes());
    key
}

pub(super) fn read_browser_key(key: &[u8]) -> Result<(WalletId, u32), OutboxError> {
    whole("browser", key, |from| {
        let wallet = from.array().map(u64::from_be_bytes)?;
        Ok((WalletId(wallet), from.array().map(u32::from_be_bytes)?))
    })
}

pub(super) fn read_former_key(key: &[u8]) -> Result<Position, OutboxError> {
    whole("former contact's position", key, |from| {
        let position = from.array().map(u64::from_be_bytes)?;
        Position::from_stored(position).ok_or(from.fault("a journal position"))
    })
}

pub(super) fn read_mark(row: &[u8]) -> Result<Option<Mark>, OutboxError> {
    whole("cursor", row, |from| from.array().map(Mark::from_bytes))
}

fn whole<T>(
    what: &'static str,
    row: &[u8],
    read: impl FnOnce(&mut Reader<'_>) -> Result<T, Unreadable>,
) -> Result<T, OutboxError> {
    let mut from = Reader::new(row);
    read(&mut from)
        .and_then(|value| from.end().map(|()| value))
        .map_err(|_| OutboxError::Unreadable(what))
}
