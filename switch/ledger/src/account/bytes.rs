//! Accounts and their changes as bytes, in events and snapshots. A change begins with its kind. Kinds 1 to 28 were given.

use bytes::BufMut;
use tessera_protocol::leased::{
    LIMITS, LanguageCode, Limits, NotificationPreferences, SessionKind, SourceKind,
};

use super::super::Reference;
use super::super::bytes::{Reader, Unreadable, write_optional_time};
use super::{
    Account, Browser, Change, Contact, ContactChannel, Passkey, PasskeyUse, ProposedContact,
    Reload, Session, Source,
};

/// The highest number of a change that was ever given; rises with each new one.
pub(crate) const NEWEST_CHANGE: u8 = 28;

impl Account {
    /// Appends the account to `out`.
    pub(in super::super) fn write(&self, out: &mut Vec<u8>) {
        write_text(out, &self.password);
        write_list(out, &self.sessions, Session::write);
        write_list(out, &self.sources, Source::write);
        write_option(out, self.reload.as_ref(), Reload::write);
        write_limits(out, self.limits);
        let flags = [
            self.frozen,
            self.closed,
            self.recovery.is_some(),
            self.language.is_some(),
            self.passkey_user.is_some(),
            !self.browsers.is_empty(),
        ];
        let bits = flags.into_iter().enumerate();
        out.put_u8(bits.fold(0, |bits, (place, flag)| bits | u8::from(flag) << place));
        write_option(out, self.contact.as_ref(), Contact::write);
        write_option(out, self.proposed.as_ref(), ProposedContact::write);
        write_preferences(out, self.preferences);
        Reference::write_optional(self.closing, out);
        out.put_u32_le(self.numbers);
        if let Some(recovery) = &self.recovery {
            write_text(out, recovery);
        }
        if let Some(language) = self.language {
            out.put_slice(&language.letters());
        }
        if let Some(user) = &self.passkey_user {
            write_bytes(out, user);
            write_list(out, &self.passkeys, Passkey::write);
        }
        if !self.browsers.is_empty() {
            write_list(out, &self.browsers, Browser::write);
        }
    }

    /// Reads what [`Account::write`] wrote.
    pub(in super::super) fn read(from: &mut Reader<'_>) -> Result<Self, Unreadable> {
        let password = read_text(from)?;
        let sessions = read_list(from, Session::read)?;
        let sources = read_list(from, Source::read)?;
        let reload = read_option(from, Reload::read)?;
        let limits = read_limits(from)?;
        let flags = from.u8()?;
        let mut account = Self {
            password,
            sessions,
            sources,
            reload,
            limits,
            frozen: flags & 1 != 0,
            closed: flags & 2 != 0,
            contact: read_option(from, Contact::read)?,
            proposed: read_option(from, ProposedContact::read)?,
            preferences: read_preferences(from)?,
            closing: Reference::read_optional(from)?,
            numbers: from.u32()?,
            recovery: match flags & 4 {
                0 => None,
                _ => Some(read_text(from)?),
            },
            language: match flags & 8 {
                0 => None,
                _ => Some(read_language(from)?),
            },
            passkeys: Vec::new(),
            passkey_user: None,
            browsers: Vec::new(),
        };
        if flags & 16 != 0 {
            account.passkey_user = Some(read_bytes(from)?);
            account.passkeys = read_list(from, Passkey::read)?;
        }
        if flags & 32 != 0 {
            account.browsers = read_list(from, Browser::read)?;
        }
        Ok(account)
    }
}

impl Change {
    /// Appends the change to `out`.
    pub(in super::super) fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Registered(password) => {
                out.put_u8(1);
                write_text(out, password);
            }
            Self::SignedIn(session) => {
                out.put_u8(2);
                session.write(out);
            }
            Self::SignedOut(number) => {
                out.put_u8(3);
                out.put_u32_le(number.unwrap_or(0));
            }
            Self::SessionUsed(number) => {
                out.put_u8(4);
                out.put_u32_le(*number);
            }
            Self::PasswordChanged { password, keeps } => {
                out.put_u8(5);
                write_text(out, password);
                out.put_u32_le(*keeps);
            }
            Self::SourceAdded(source) => {
                out.put_u8(6);
                source.write(out);
            }
            Self::SourceRemoved(number) => {
                out.put_u8(7);
                out.put_u32_le(*number);
            }
            Self::SourceResealed(number, sealed) => {
                out.put_u8(8);
                out.put_u32_le(*number);
                write_bytes(out, sealed);
            }
            Self::ReloadSet(reload) => {
                out.put_u8(9);
                write_option(out, reload.as_ref(), Reload::write);
            }
            Self::Frozen => out.put_u8(10),
            Self::Unfrozen => out.put_u8(11),
            Self::LimitsSet(limits) => {
                out.put_u8(12);
                write_limits(out, *limits);
            }
            Self::ContactProposed {
                proposed,
                sealed_code,
            } => {
                out.put_u8(13);
                proposed.write(out);
                write_bytes(out, sealed_code);
            }
            Self::CodeMissed => out.put_u8(14),
            Self::ContactConfirmed(preferences) => {
                out.put_u8(15);
                write_preferences(out, *preferences);
            }
            Self::ContactResealed(sealed) => {
                out.put_u8(16);
                write_bytes(out, sealed);
            }
            Self::ContactRemoved => out.put_u8(17),
            Self::PreferencesSet(preferences) => {
                out.put_u8(18);
                write_preferences(out, *preferences);
            }
            Self::Disputed(reference) => {
                out.put_u8(19);
                out.put_u64_le(reference.0);
            }
            Self::RecoverySet(recovery) => {
                out.put_u8(20);
                write_text(out, recovery);
            }
            Self::Recovered(password) => {
                out.put_u8(21);
                write_text(out, password);
            }
            Self::LanguageSet(language) => {
                out.put_u8(22);
                out.put_slice(&language.letters());
            }
            Self::PasskeyAdded { passkey, user } => {
                out.put_u8(23);
                passkey.write(out);
                write_bytes(out, user);
            }
            Self::PasskeyUsed(used) => {
                out.put_u8(24);
                used.write(out);
            }
            Self::PasskeyRenamed(number, name) => {
                out.put_u8(25);
                out.put_u32_le(*number);
                write_bytes(out, name);
            }
            Self::PasskeyRemoved(number) => {
                out.put_u8(26);
                out.put_u32_le(*number);
            }
            Self::BrowserAdded(browser, preferences) => {
                out.put_u8(27);
                browser.write(out);
                write_preferences(out, *preferences);
            }
            Self::BrowserRemoved(number) => {
                out.put_u8(28);
                out.put_u32_le(*number);
            }
        }
    }

    /// Reads what [`Change::write`] wrote.
    pub(in super::super) fn read(from: &mut Reader<'_>) -> Result<Self, Unreadable> {
        Ok(match from.u8()? {
            1 => Self::Registered(read_text(from)?),
            2 => Self::SignedIn(Session::read(from)?),
            3 => {
                let number = from.u32()?;
                Self::SignedOut((number != 0).then_some(number))
            }
            4 => Self::SessionUsed(from.u32()?),
            5 => Self::PasswordChanged {
                password: read_text(from)?,
                keeps: from.u32()?,
            },
            6 => Self::SourceAdded(Source::read(from)?),
            7 => Self::SourceRemoved(from.u32()?),
            8 => Self::SourceResealed(from.u32()?, read_bytes(from)?),
            9 => Self::ReloadSet(read_option(from, Reload::read)?),
            10 => Self::Frozen,
            11 => Self::Unfrozen,
            12 => Self::LimitsSet(read_limits(from)?),
            13 => Self::ContactProposed {
                proposed: ProposedContact::read(from)?,
                sealed_code: read_bytes(from)?,
            },
            14 => Self::CodeMissed,
            15 => Self::ContactConfirmed(read_preferences(from)?),
            16 => Self::ContactResealed(read_bytes(from)?),
            17 => Self::ContactRemoved,
            18 => Self::PreferencesSet(read_preferences(from)?),
            19 => Self::Disputed(Reference(from.u64()?)),
            20 => Self::RecoverySet(read_text(from)?),
            21 => Self::Recovered(read_text(from)?),
            22 => Self::LanguageSet(read_language(from)?),
            23 => Self::PasskeyAdded {
                passkey: Passkey::read(from)?,
                user: read_bytes(from)?,
            },
            24 => Self::PasskeyUsed(PasskeyUse::read(from)?),
            25 => Self::PasskeyRenamed(from.u32()?, read_bytes(from)?),
            26 => Self::PasskeyRemoved(from.u32()?),
            27 => Self::BrowserAdded(Browser::read(from)?, read_preferences(from)?),
            28 => Self::BrowserRemoved(from.u32()?),
            kind => return Err(from.unknown("kind of change", kind, NEWEST_CHANGE)),
        })
    }
}

impl Session {
    fn write(&self, out: &mut Vec<u8>) {
        out.put_u32_le(self.number);
        out.put_slice(&self.digest);
        out.put_u8(match self.kind {
            SessionKind::Web => 0,
            SessionKind::Extension => 1,
        });
        out.put_u64_le(self.opened_at.milliseconds());
        out.put_u64_le(self.used_at.milliseconds());
        write_text(out, &self.device);
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, Unreadable> {
        Ok(Self {
            number: from.u32()?,
            digest: from.array()?,
            kind: match from.u8()? {
                0 => SessionKind::Web,
                1 => SessionKind::Extension,
                kind => return Err(from.unknown("kind of session", kind, 1)),
            },
            opened_at: from.timestamp()?,
            used_at: from.timestamp()?,
            device: read_text(from)?,
        })
    }
}

impl Source {
    fn write(&self, out: &mut Vec<u8>) {
        out.put_u32_le(self.number);
        out.put_u64_le(self.added_by.0);
        out.put_u8(match self.kind {
            SourceKind::Card => 0,
            SourceKind::Account => 1,
        });
        write_bytes(out, &self.sealed);
        write_text(out, &self.shown);
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, Unreadable> {
        Ok(Self {
            number: from.u32()?,
            added_by: Reference(from.u64()?),
            kind: match from.u8()? {
                0 => SourceKind::Card,
                1 => SourceKind::Account,
                kind => return Err(from.unknown("kind of source", kind, 1)),
            },
            sealed: read_bytes(from)?,
            shown: read_text(from)?,
        })
    }
}

impl Reload {
    fn write(&self, out: &mut Vec<u8>) {
        out.put_u32_le(self.source);
        out.put_u64_le(self.threshold);
        out.put_u64_le(self.amount);
        Reference::write_optional(self.under_way, out);
        write_optional_time(self.failed_at, out);
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, Unreadable> {
        Ok(Self {
            source: from.u32()?,
            threshold: from.u64()?,
            amount: from.u64()?,
            under_way: Reference::read_optional(from)?,
            failed_at: from.optional_timestamp()?,
        })
    }
}

impl Contact {
    fn write(&self, out: &mut Vec<u8>) {
        out.put_u8(match self.channel {
            ContactChannel::Email => 0,
            ContactChannel::Mobile => 1,
        });
        write_bytes(out, &self.sealed);
        write_text(out, &self.shown);
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, Unreadable> {
        Ok(Self {
            channel: match from.u8()? {
                0 => ContactChannel::Email,
                1 => ContactChannel::Mobile,
                channel => return Err(from.unknown("channel", channel, 1)),
            },
            sealed: read_bytes(from)?,
            shown: read_text(from)?,
        })
    }
}

impl ProposedContact {
    fn write(&self, out: &mut Vec<u8>) {
        self.contact.write(out);
        out.put_slice(&self.code);
        out.put_u64_le(self.until.milliseconds());
        out.put_u8(self.tries);
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, Unreadable> {
        Ok(Self {
            contact: Contact::read(from)?,
            code: from.array()?,
            until: from.timestamp()?,
            tries: from.u8()?,
        })
    }
}

impl Passkey {
    fn write(&self, out: &mut Vec<u8>) {
        out.put_u32_le(self.number);
        out.put_slice(&self.digest);
        write_bytes(out, &self.sealed);
        write_text(out, &self.name);
        write_bytes(out, self.renamed.as_deref().unwrap_or_default());
        out.put_u64_le(self.added_at.milliseconds());
        out.put_u64_le(self.used_at.milliseconds());
        out.put_u32_le(self.counter);
        out.put_u8(u8::from(self.synced));
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, Unreadable> {
        Ok(Self {
            number: from.u32()?,
            digest: from.array()?,
            sealed: read_bytes(from)?,
            name: read_text(from)?,
            renamed: Some(read_bytes(from)?).filter(|sealed| !sealed.is_empty()),
            added_at: from.timestamp()?,
            used_at: from.timestamp()?,
            counter: from.u32()?,
            synced: from.u8()? != 0,
        })
    }
}

impl PasskeyUse {
    fn write(&self, out: &mut Vec<u8>) {
        out.put_u32_le(self.number);
        out.put_u32_le(self.counter);
        out.put_u8(u8::from(self.synced));
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, Unreadable> {
        Ok(Self {
            number: from.u32()?,
            counter: from.u32()?,
            synced: from.u8()? != 0,
            // Of the request, not of the passkey.
            again: false,
        })
    }
}

impl Browser {
    fn write(&self, out: &mut Vec<u8>) {
        out.put_u32_le(self.number);
        out.put_slice(&self.digest);
        write_bytes(out, &self.sealed);
        write_text(out, &self.name);
        out.put_u64_le(self.added_at.milliseconds());
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, Unreadable> {
        Ok(Self {
            number: from.u32()?,
            digest: from.array()?,
            sealed: read_bytes(from)?,
            name: read_text(from)?,
            added_at: from.timestamp()?,
        })
    }
}

fn write_limits(out: &mut Vec<u8>, limits: Limits) {
    limits
        .to_array()
        .iter()
        .for_each(|limit| out.put_u64_le(*limit));
}

fn read_limits(from: &mut Reader<'_>) -> Result<Limits, Unreadable> {
    let mut limits = [0; LIMITS];
    for limit in &mut limits {
        *limit = from.u64()?;
    }
    Ok(Limits::from_array(limits))
}

fn write_preferences(out: &mut Vec<u8>, preferences: NotificationPreferences) {
    let NotificationPreferences {
        purchases,
        declines,
        loads,
        refunds,
        security,
    } = preferences;
    let flags = [purchases, declines, loads, refunds, security];
    let bits = flags.into_iter().enumerate();
    out.put_u8(bits.fold(0, |bits, (place, flag)| bits | u8::from(flag) << place));
}

fn read_preferences(from: &mut Reader<'_>) -> Result<NotificationPreferences, Unreadable> {
    let bits = from.u8()?;
    Ok(NotificationPreferences {
        purchases: bits & 1 != 0,
        declines: bits & 2 != 0,
        loads: bits & 4 != 0,
        refunds: bits & 8 != 0,
        security: bits & 16 != 0,
    })
}

fn read_language(from: &mut Reader<'_>) -> Result<LanguageCode, Unreadable> {
    let letters = from.array()?;
    LanguageCode::from_letters(letters).ok_or(from.fault("a language"))
}

/// At most 65,535 bytes, which what came in a field cannot be.
fn write_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    let bytes = &bytes[..bytes.len().min(usize::from(u16::MAX))];
    out.put_u16_le(bytes.len() as u16);
    out.put_slice(bytes);
}

fn read_bytes(from: &mut Reader<'_>) -> Result<Box<[u8]>, Unreadable> {
    let length = from.u16()?;
    Ok(from.take(usize::from(length))?.into())
}

fn write_text(out: &mut Vec<u8>, text: &str) {
    write_bytes(out, text.as_bytes());
}

fn read_text(from: &mut Reader<'_>) -> Result<Box<str>, Unreadable> {
    let bytes = read_bytes(from)?;
    let text = str::from_utf8(&bytes).map_err(|_| from.fault("a text"))?;
    Ok(text.into())
}

fn write_list<T>(out: &mut Vec<u8>, items: &[T], write: impl Fn(&T, &mut Vec<u8>)) {
    out.put_u16_le(items.len() as u16);
    items.iter().for_each(|item| write(item, out));
}

fn read_list<T>(
    from: &mut Reader<'_>,
    read: impl Fn(&mut Reader<'_>) -> Result<T, Unreadable>,
) -> Result<Vec<T>, Unreadable> {
    let count = from.u16()?;
    (0..count).map(|_| read(from)).collect()
}

fn write_option<T>(out: &mut Vec<u8>, item: Option<&T>, write: impl Fn(&T, &mut Vec<u8>)) {
    out.put_u8(u8::from(item.is_some()));
    if let Some(item) = item {
        write(item, out);
    }
}

fn read_option<T>(
    from: &mut Reader<'_>,
    read: impl Fn(&mut Reader<'_>) -> Result<T, Unreadable>,
) -> Result<Option<T>, Unreadable> {
    match from.u8()? {
        0 => Ok(None),
        _ => read(from).map(Some),
    }
}
