//! Reads an operation of the wallet server from its message.

use tessera_kit::clock::Timestamp;
use tessera_protocol::leased::{Operation as Code, SESSION_DIGITS, tag};
use tessera_protocol::{Administrative, ClientNumber, Message, OrderKey, Stan};

use super::data::{Data, Reading};
use super::{browser, passkey, payer};
use tessera_journal::Position;
use tessera_ledger::{
    Action, Ask, Claims, Class, DuplicateKey, HistoryRequest, KeyFields, KeyPayer, LoadFrom,
    Merchant, Opening, Payer, Reference, Rule, Secret, WalletId,
};

/// What fits into one answer, about.
const EVENTS_MAX: u16 = 16;

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
        now: Timestamp,
    ) -> Result<Self, Rule> {
        let code = Code::of(administrative.operation).ok_or(Rule::NoSuchOperation)?;
        let retrieval: [u8; 12] = message
            .raw(37)
            .and_then(|text| text.try_into().ok())
            .ok_or(Rule::NoRetrieval)?;
        let data = Data::of(administrative);
        let key = key_of(message).ok_or(Rule::NoKey)?;
        let (wallet, claims) = who(code, &data, &key, reading)?;
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
                expires_at: now.plus(reading.order_valid_for),
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
                    available: None,
                })
            }
            Code::Unwatch => Action::Unwatch,
            Code::PasskeyChallenge
            | Code::PasskeySignIn
            | Code::BeginPasskey
            | Code::AddPasskey
            | Code::RenamePasskey
            | Code::RemovePasskey
            | Code::ListPasskeys => {
                let session = claims.as_ref().and_then(|claims| claims.session);
                let asked = passkey::Asked {
                    wallet,
                    session,
                    key: &key,
                    now,
                };
                Action::Account(Box::new(passkey::read(code, &asked, &data, reading)?))
            }
            Code::AddBrowser | Code::RemoveBrowser | Code::ListBrowsers => {
                Action::Account(Box::new(browser::read(code, wallet, &data, reading)?))
            }
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
            | Code::SetLanguage
            | Code::Close
            | Code::Watch
            | Code::Register
            | Code::SignIn
            | Code::Recover
            | Code::SetRecovery
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
            place: None,
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
    reading: &Reading,
) -> Result<(WalletId, Option<Box<Claims>>), Rule> {
    let mut claims = Claims {
        password: data.secret(tag::PASSWORD)?.map(Secret::new),
        new_password: data.secret(tag::NEW_PASSWORD)?.map(Secret::new),
        address: data.secret(tag::ADDRESS)?.map(Secret::new),
        // What makes a passkey proves nothing.
        assertion: match code == Code::AddPasskey {
            true => None,
            false => passkey::assertion(data, reading)?,
        },
        ..Claims::default()
    };
    let wallet = match code {
        Code::CreateWallet => return Ok((WalletId::created_by(key), None)),
        Code::Register | Code::SignIn | Code::Recover => {
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
        Code::PasskeySignIn => passkey::wallet_of(data, reading)?,
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
        | Code::SetLanguage
        | Code::Close
        | Code::Watch
        | Code::Unwatch
        | Code::SignOut
        | Code::SignOutEverywhere
        | Code::ListSessions
        | Code::ChangePassword
        | Code::EndSession
        | Code::SetRecovery
        | Code::PasskeyChallenge
        | Code::BeginPasskey
        | Code::AddPasskey
        | Code::RenamePasskey
        | Code::RemovePasskey
        | Code::ListPasskeys
        | Code::AddBrowser
        | Code::RemoveBrowser
        | Code::ListBrowsers
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
        payer: KeyPayer::Wallet,
    }))
}

const _: () = assert!(SESSION_DIGITS == 64);
