//! What a switch would decide, in a few lines: enough for every page to have something to show.

mod browsers;
mod orders;
mod passkeys;
mod wallet;

use std::collections::HashMap;

use tessera_protocol::leased::{Operation, SessionKind, SessionRow, tag};
use tessera_protocol::tlv;

pub use browsers::PUSH_KEY;
pub use passkeys::CHALLENGE;
use passkeys::{no_passkeys, refused_passkey};
pub use wallet::Wallet;

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
            | O::AddBrowser
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
            | O::RemoveBrowser
            | O::Close
    )
}
