//! The data of an operation, and what is needed to read it.

use std::sync::Arc;

use tessera_protocol::leased::tag;
use tessera_protocol::{Administrative, Amount, Currency, Institution, tlv};

use tessera_config::WebPushSettings;
use tessera_ledger::{ContactChannel, Rule, Secret};
use tessera_vault::Vault;

use crate::passkeys::Passkeys;

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
    /// Makes challenges for passkeys, and reads what they answer; none where they are not configured.
    pub passkeys: Option<Arc<Passkeys>>,
    /// The push services that browsers may name, and the key that browsers subscribe with; none where they are not configured.
    pub web_push: Option<(WebPushSettings, String)>,
}

/// Fields 60 and 62.
pub(super) struct Data<'a> {
    pub(super) open: &'a [u8],
    pub(super) secret: &'a [u8],
}

impl<'a> Data<'a> {
    pub(super) fn of(administrative: &Administrative<'a>) -> Self {
        Self {
            open: administrative.data[0].unwrap_or_default(),
            secret: administrative.data[2].unwrap_or_default(),
        }
    }

    pub(super) fn find(&self, tag: u8) -> Result<Option<&'a [u8]>, Rule> {
        tlv::find(self.open, tag).map_err(|_| Rule::OpenDataFormat)
    }

    pub(super) fn secret(&self, tag: u8) -> Result<Option<&'a [u8]>, Rule> {
        tlv::find(self.secret, tag).map_err(|_| Rule::SecretDataFormat)
    }

    /// An eight-digit digest of an operation's data, independent of order: the same operation with other data is a
    /// different one. What is secret is left out, as nothing may be kept that could be guessed from; and what proves who asks.
    pub(super) fn contents(&self) -> Result<[u8; 8], Rule> {
        let mut sum = 0u32;
        for item in tlv::iterate(self.open) {
            let (tag, value) = item.map_err(|_| Rule::OpenDataFormat)?;
            if tag != tag::SOURCE && tag != tag::CLIENT_DATA {
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

    pub(super) fn currency(&self) -> Result<Option<Currency>, Rule> {
        let Some(text) = self.find(tag::CURRENCY)? else {
            return Ok(None);
        };
        Currency::from_text(text)
            .map(Some)
            .ok_or(Rule::CurrencyFormat)
    }

    pub(super) fn acceptor(&self) -> Result<[u8; 15], Rule> {
        let text = self.find(tag::ACCEPTOR)?.unwrap_or_default();
        if text.len() > 15 {
            return Err(Rule::AcceptorTooLong);
        }
        let mut acceptor = [b' '; 15];
        acceptor[..text.len()].copy_from_slice(text);
        Ok(acceptor)
    }
}
