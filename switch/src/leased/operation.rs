//! Reads an operation of the wallet server from its message.

use std::sync::Arc;

use tessera_protocol::leased::{Operation as Code, SESSION_DIGITS, tag};
use tessera_protocol::{
    Administrative, Amount, ClientNumber, Currency, Institution, Message, OrderKey, Stan, tlv,
};

use super::payer;
use tessera_journal::Position;
use tessera_ledger::{
    Action, Ask, Claims, Class, ContactChannel, DuplicateKey, HistoryRequest, KeyFields, LoadFrom,
    Merchant, Opening, Payer, Reference, Rule, Secret, WalletId,
};
use tessera_vault::Vault;

/// What fits into one answer, about.
const EVENTS_MAX: u16 = 16;

/// What is needed to read operations.
#[derive(Debug)]
pub struct Reading {
    /// The wallet server's institution code.
    pub institution: Institution,
    /// The currency of a wallet where the operation names none.
    pub currency: Currency,
    /// For how many milliseconds an agreement is valid.
    pub order_valid_for: u64,
    /// What seals sources and addresses.
    pub vault: Arc<Vault>,
    /// The configured channels of notifications.
    pub channels: Vec<ContactChannel>,
}

/// What an operation asks, and of which wallet.
#[derive(Debug)]
pub(super) struct Operation {
    pub(super) wallet: WalletId,
    pub(super) ask: Ask,
}

impl Operation {
    /// Reads the operation off its message. `now` gives an announced order its end.
    pub(super) fn read(
        message: &Message<'_>,
        administrative: &Administrative<'_>,
        reading: &Reading,
        now: u64,
    ) -> Result<Self, Rule> {
        let code = Code::of(administrative.operation).ok_or(Rule::NoSuchOperation)?;
        let retrieval: [u8; 12] = message
            .raw(37)
            .and_then(|text| text.try_into().ok())
            .ok_or(Rule::NoRetrieval)?;
        let data = Data {
            open: administrative.data[0].unwrap_or_default(),
            secret: administrative.data[2].unwrap_or_default(),
        };
        let key = key_of(message).ok_or(Rule::NoKey)?;
        let (wallet, claims) = who(code, &data, &key)?;
        let acceptor = data.acceptor()?;
        let payer = match data.find(tag::ORDER)? {
            Some(order) if (1..=32).contains(&order.len()) => {
                Payer::Order(OrderKey::of(&acceptor, order))
            }
            Some(_) => return Err(Rule::OrderNumberLength),
            None => Payer::Wallet,
        };
        let action = match code {
            Code::CreateWallet => Action::Open,
            Code::IssueCard => Action::IssueCard,
            Code::Load => Action::Load(match data.small(tag::NUMBER)? {
                Some(source) => LoadFrom::Source(source),
                None => LoadFrom::Number(data.source()?),
            }),
            Code::AnnounceOrder => Action::Announce {
                expires_at: now + reading.order_valid_for,
                description: data.find(tag::DESCRIPTION)?.unwrap_or_default().to_vec(),
                reversed: Vec::new(),
            },
            Code::CancelOrder => Action::Cancel,
            Code::ReadBalance => Action::Inquiry,
            Code::ReadHistory => {
                let events = data.number(tag::COUNT)?.unwrap_or(u64::from(EVENTS_MAX));
                Action::History(HistoryRequest {
                    events: events.clamp(1, u64::from(EVENTS_MAX)) as u16,
                    from: data.number(tag::POSITION)?.and_then(Position::from_stored),
                })
            }
            Code::Unwatch => Action::Unwatch,
            Code::RevealCard
            | Code::ReissueCard
            | Code::IssueNumber
            | Code::RetireNumber
            | Code::ListNumbers
            | Code::AddSource
            | Code::RemoveSource
            | Code::SetReload
            | Code::ReadOrder
            | Code::Freeze
            | Code::Unfreeze
            | Code::SetLimits
            | Code::ProposeContact
            | Code::ConfirmContact
            | Code::RemoveContact
            | Code::SetPreferences
            | Code::Close
            | Code::Watch
            | Code::Register
            | Code::SignIn
            | Code::SignOut
            | Code::SignOutEverywhere
            | Code::ListSessions
            | Code::ChangePassword
            | Code::EndSession
            | Code::Overview => {
                Action::Account(Box::new(payer::read(code, wallet, &data, reading)?))
            }
        };
        let opening = Opening {
            // The wallet's own worker gives it one.
            reference: Reference(0),
            key,
            institution: Some(reading.institution),
            class: Class::Administrative,
            processing_code: u32::from(administrative.operation),
            trace: administrative.trace,
            transmission: administrative.transmission,
            local_time: administrative.transmission % 1_00_00_00,
            local_date: administrative.transmission / 1_00_00_00,
            terminal: data.contents()?,
            acceptor,
            repeat: false,
            retrieval,
            amount: data.amount()?,
            currency: data.currency()?.unwrap_or(reading.currency),
            payer,
            merchant: Merchant::default(),
        };
        Ok(Self {
            wallet,
            ask: Ask {
                opening,
                action,
                claims,
            },
        })
    }
}

/// Which wallet is asked, and what shows that its payer wants it.
fn who(
    code: Code,
    data: &Data<'_>,
    key: &DuplicateKey,
) -> Result<(WalletId, Option<Box<Claims>>), Rule> {
    let mut claims = Claims {
        password: data.secret(tag::PASSWORD)?.map(Secret::new),
        new_password: data.secret(tag::NEW_PASSWORD)?.map(Secret::new),
        address: data.secret(tag::ADDRESS)?.map(Secret::new),
        ..Claims::default()
    };
    let wallet = match code {
        Code::CreateWallet => return Ok((WalletId::created_by(key), None)),
        Code::Register | Code::SignIn => {
            let text = data.secret(tag::CLIENT)?.unwrap_or_default();
            let number = str::from_utf8(text)
                .ok()
                .and_then(|text| ClientNumber::from_text(text).ok())
                .ok_or(Rule::ClientFormat)?;
            if code == Code::Register {
                claims.new_password = claims.password.take();
            }
            WalletId::of_client(&number)
        }
        Code::IssueCard
        | Code::RevealCard
        | Code::ReissueCard
        | Code::IssueNumber
        | Code::RetireNumber
        | Code::ListNumbers
        | Code::Load
        | Code::AddSource
        | Code::RemoveSource
        | Code::SetReload
        | Code::AnnounceOrder
        | Code::CancelOrder
        | Code::ReadOrder
        | Code::ReadBalance
        | Code::ReadHistory
        | Code::Freeze
        | Code::Unfreeze
        | Code::SetLimits
        | Code::ProposeContact
        | Code::ConfirmContact
        | Code::RemoveContact
        | Code::SetPreferences
        | Code::Close
        | Code::Watch
        | Code::Unwatch
        | Code::SignOut
        | Code::SignOutEverywhere
        | Code::ListSessions
        | Code::ChangePassword
        | Code::EndSession
        | Code::Overview => match data.secret(tag::SESSION)? {
            Some(handle) => {
                let (wallet, digest) = payer::session(handle).ok_or(Rule::SessionFormat)?;
                claims.session = Some(digest);
                wallet
            }
            None => {
                let wallet = data.number(tag::WALLET)?.ok_or(Rule::WalletOrSession)?;
                return Ok((WalletId(wallet), None));
            }
        },
    };
    let passwords = [&claims.password, &claims.new_password];
    if passwords
        .into_iter()
        .flatten()
        .any(|password| !payer::is_password(password))
    {
        return Err(Rule::PasswordLength);
    }
    Ok((wallet, Some(Box::new(claims))))
}

/// An operation is named by who asks, 11, 24 and 37: sent again with the same ones it is applied
/// once. Field 7 may be new.
pub(super) fn key_of(message: &Message<'_>) -> Option<DuplicateKey> {
    let mut acceptor = [b' '; 15];
    acceptor[..12].copy_from_slice(message.raw(37).filter(|text| text.len() == 12)?);
    Some(DuplicateKey::of(KeyFields {
        institution: Some(message.institution()?),
        terminal: b"        ",
        acceptor: &acceptor,
        trace: Stan::new(message.number(11)? as u32),
        local_time: 0,
        local_date: 0,
        class: Class::Administrative.number(),
        processing_code: message.number(24)? as u32,
        // Which is asked what the operation names: another wallet makes another operation.
        payer: &Payer::Wallet,
    }))
}

/// Fields 60 and 62.
pub(super) struct Data<'a> {
    open: &'a [u8],
    secret: &'a [u8],
}

impl<'a> Data<'a> {
    pub(super) fn find(&self, tag: u8) -> Result<Option<&'a [u8]>, Rule> {
        tlv::find(self.open, tag).map_err(|_| Rule::OpenDataFormat)
    }

    pub(super) fn secret(&self, tag: u8) -> Result<Option<&'a [u8]>, Rule> {
        tlv::find(self.secret, tag).map_err(|_| Rule::SecretDataFormat)
    }

    /// An eight-digit digest of an operation's data, independent of order: the same operation with other data is a
    /// different one. What is secret is left out, as nothing may be kept that could be guessed from.
    fn contents(&self) -> Result<[u8; 8], Rule> {
        let mut sum = 0u32;
        for item in tlv::iterate(self.open) {
            let (tag, value) = item.map_err(|_| Rule::OpenDataFormat)?;
            if tag != tag::SOURCE {
                sum = sum.wrapping_add(crc32c::crc32c_append(crc32c::crc32c(&[tag]), value));
            }
        }
        let mut digits = [0; 8];
        for (place, digit) in digits.iter_mut().enumerate() {
            *digit = b"0123456789abcdef"[(sum >> (4 * place)) as usize & 15];
        }
        Ok(digits)
    }

    /// The value as text of the kind that `tag` names, `Err(rule)` where it is none.
    pub(super) fn parsed<T: std::str::FromStr>(
        &self,
        tag: u8,
        rule: Rule,
    ) -> Result<Option<T>, Rule> {
        let Some(text) = self.find(tag)? else {
            return Ok(None);
        };
        let parsed = str::from_utf8(text).ok().and_then(|text| text.parse().ok());
        parsed.map(Some).ok_or(rule)
    }

    pub(super) fn number(&self, tag: u8) -> Result<Option<u64>, Rule> {
        self.parsed(tag, Rule::NumberFormat)
    }

    pub(super) fn small(&self, tag: u8) -> Result<Option<u32>, Rule> {
        self.parsed(tag, Rule::NumberFormat)
    }

    pub(super) fn amount(&self) -> Result<Amount, Rule> {
        let minor = self.number(tag::AMOUNT)?.unwrap_or(0);
        Amount::new(minor).ok_or(Rule::AmountTooLong)
    }

    /// The number of a funding source.
    pub(super) fn source(&self) -> Result<Secret, Rule> {
        let source = match self.secret(tag::SOURCE)? {
            Some(source) => source,
            None => self.find(tag::SOURCE)?.unwrap_or_default(),
        };
        match (1..=28).contains(&source.len()) {
            true => Ok(Secret::new(source)),
            false => Err(Rule::SourceLength),
        }
    }

    fn currency(&self) -> Result<Option<Currency>, Rule> {
        let Some(text) = self.find(tag::CURRENCY)? else {
            return Ok(None);
        };
        Currency::from_text(text)
            .map(Some)
            .ok_or(Rule::CurrencyFormat)
    }

    fn acceptor(&self) -> Result<[u8; 15], Rule> {
        let text = self.find(tag::ACCEPTOR)?.unwrap_or_default();
        if text.len() > 15 {
            return Err(Rule::AcceptorTooLong);
        }
        let mut acceptor = [b' '; 15];
        acceptor[..text.len()].copy_from_slice(text);
        Ok(acceptor)
    }
}

const _: () = assert!(SESSION_DIGITS == 64);
