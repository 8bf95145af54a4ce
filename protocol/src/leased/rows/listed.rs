//! What a wallet has several of: sources, sessions, further card numbers.

use std::fmt;
use std::str::FromStr;

use sha2::{Digest as _, Sha256};

use super::{NumberState, NumberUse, RowError, SessionKind, SourceKind, parse, parts};

/// A funding source: `number,kind,as it may be shown`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceRow {
    /// Within the wallet.
    pub number: u32,
    /// What it is.
    pub kind: SourceKind,
    /// Masked.
    pub shown: String,
}

impl fmt::Display for SourceRow {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{},{},{}", self.number, self.kind, self.shown)
    }
}

impl FromStr for SourceRow {
    type Err = RowError;

    fn from_str(row: &str) -> Result<Self, RowError> {
        let [number, kind, shown] = parts(row, "source")?;
        Ok(Self {
            number: parse(number, "source")?,
            kind: kind.parse()?,
            shown: shown.to_owned(),
        })
    }
}

/// Automatic reload: `source,threshold,amount`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReloadRow {
    /// Number of the source.
    pub source: u32,
    /// Below how much available, in minor units.
    pub threshold: u64,
    /// How much, in minor units.
    pub amount: u64,
}

impl fmt::Display for ReloadRow {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "{},{},{}",
            self.source, self.threshold, self.amount
        )
    }
}

impl FromStr for ReloadRow {
    type Err = RowError;

    fn from_str(row: &str) -> Result<Self, RowError> {
        let [source, threshold, amount] = parts(row, "reload")?;
        Ok(Self {
            source: parse(source, "reload")?,
            threshold: parse(threshold, "reload")?,
            amount: parse(amount, "reload")?,
        })
    }
}

/// An open session: `number,kind,opened,used,current,device`. Times in milliseconds since 1970; current is 1 for the one that asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionRow {
    /// Within the wallet.
    pub number: u32,
    /// Where it was opened.
    pub kind: SessionKind,
    /// When.
    pub opened_at: u64,
    /// When it was last used, to a minute.
    pub used_at: u64,
    /// Whether it is the one that asks.
    pub current: bool,
    /// What the payer knows the device by.
    pub device: String,
}

impl fmt::Display for SessionRow {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "{},{},{},{},{},{}",
            self.number,
            self.kind,
            self.opened_at,
            self.used_at,
            u8::from(self.current),
            self.device
        )
    }
}

impl FromStr for SessionRow {
    type Err = RowError;

    fn from_str(row: &str) -> Result<Self, RowError> {
        let [number, kind, opened_at, used_at, current, device] = parts(row, "session")?;
        Ok(Self {
            number: parse(number, "session")?,
            kind: kind.parse()?,
            opened_at: parse(opened_at, "session")?,
            used_at: parse(used_at, "session")?,
            current: current == "1",
            device: device.to_owned(),
        })
    }
}

/// A further card number: `number,use,state,last four digits,expiry,limit,acceptor`. A limit of 0 is none; the acceptor is that of
/// the mall that has used it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NumberRow {
    /// Within the wallet.
    pub number: u32,
    /// What it is for.
    pub usage: NumberUse,
    /// What has become of it.
    pub state: NumberState,
    /// Its last four digits.
    pub last_four: String,
    /// YYMM.
    pub expiry: String,
    /// What a purchase with it may come to, in minor units.
    pub limit: u64,
    /// Card acceptor (field 42) that has used it; empty before.
    pub acceptor: String,
}

impl fmt::Display for NumberRow {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "{},{},{},{},{},{},{}",
            self.number,
            self.usage,
            self.state,
            self.last_four,
            self.expiry,
            self.limit,
            self.acceptor
        )
    }
}

impl FromStr for NumberRow {
    type Err = RowError;

    fn from_str(row: &str) -> Result<Self, RowError> {
        let [number, usage, state, last_four, expiry, limit, acceptor] =
            parts(row, "card number row")?;
        Ok(Self {
            number: parse(number, "card number row")?,
            usage: usage.parse()?,
            state: state.parse()?,
            last_four: last_four.to_owned(),
            expiry: expiry.to_owned(),
            limit: parse(limit, "card number row")?,
            acceptor: acceptor.to_owned(),
        })
    }
}

/// A passkey: `number,added,used,synced,name`. Times in milliseconds since 1970; synced is 1 for one that its provider copies to
/// the payer's other devices.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PasskeyRow {
    /// Within the wallet.
    pub number: u32,
    /// When it was added.
    pub added_at: u64,
    /// When it was last used, to a minute.
    pub used_at: u64,
    /// Whether it is copied to other devices.
    pub synced: bool,
    /// What the payer calls it.
    pub name: String,
}

impl fmt::Display for PasskeyRow {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "{},{},{},{},{}",
            self.number,
            self.added_at,
            self.used_at,
            u8::from(self.synced),
            self.name
        )
    }
}

impl FromStr for PasskeyRow {
    type Err = RowError;

    fn from_str(row: &str) -> Result<Self, RowError> {
        let [number, added_at, used_at, synced, name] = parts(row, "passkey")?;
        Ok(Self {
            number: parse(number, "passkey")?,
            added_at: parse(added_at, "passkey")?,
            used_at: parse(used_at, "passkey")?,
            synced: synced == "1",
            name: name.to_owned(),
        })
    }
}

/// A browser that shows notifications: `number,added,digest,name`. The time in milliseconds since 1970; the digest in hexadecimal, by
/// which a browser finds its own row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BrowserRow {
    /// Within the wallet.
    pub number: u32,
    /// When it was added.
    pub added_at: u64,
    /// As [`BrowserRow::digest`] makes it.
    pub digest: [u8; 32],
    /// What the payer knows it by.
    pub name: String,
}

impl BrowserRow {
    /// The SHA-256 of the wallet's number in 16 hexadecimal digits, a space, and the address of the browser. The same browser has
    /// another one in another wallet: what is stored does not link the two.
    pub fn digest(wallet: u64, address: &str) -> [u8; 32] {
        Sha256::digest(format!("{wallet:016x} {address}")).into()
    }
}

impl fmt::Display for BrowserRow {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{},{},", self.number, self.added_at)?;
        for byte in self.digest {
            write!(formatter, "{byte:02x}")?;
        }
        write!(formatter, ",{}", self.name)
    }
}

impl FromStr for BrowserRow {
    type Err = RowError;

    fn from_str(row: &str) -> Result<Self, RowError> {
        let [number, added_at, digest, name] = parts(row, "browser")?;
        Ok(Self {
            number: parse(number, "browser")?,
            added_at: parse(added_at, "browser")?,
            digest: from_hexadecimal(digest).ok_or(RowError("browser"))?,
            name: name.to_owned(),
        })
    }
}

fn from_hexadecimal(digits: &str) -> Option<[u8; 32]> {
    let is_digit = |digit: &u8| matches!(digit, b'0'..=b'9' | b'a'..=b'f');
    if digits.len() != 64 || !digits.as_bytes().iter().all(is_digit) {
        return None;
    }
    let mut bytes = [0; 32];
    for (place, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&digits[2 * place..2 * place + 2], 16).ok()?;
    }
    Some(bytes)
}
