//! What a request said, as the event that opened its transaction keeps it.

use tessera_protocol::leased::Operation;
use tessera_protocol::{Amount, Currency, Institution, Mti, OrderKey, Stan};

use crate::{DuplicateKey, KeyFields, KeyPayer, Payer, Reference};
use tessera_kit::clock::{self, Timestamp};

/// What a request said when it came, for as long as the journal is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opening {
    /// The switch's own id of the transaction.
    pub reference: Reference,
    /// What makes a repeat of it a repeat.
    pub key: DuplicateKey,
    /// Field 32.
    pub institution: Option<Institution>,
    /// What kind of message it is.
    pub class: Class,
    /// Field 3, or field 24 on the wallet server's line.
    pub processing_code: u32,
    /// Field 11.
    pub trace: Option<Stan>,
    /// Field 7, MMDDhhmmss.
    pub transmission: u32,
    /// Field 12, hhmmss.
    pub local_time: u32,
    /// Field 13, MMDD.
    pub local_date: u32,
    /// Field 41; for the wallet server, which has no terminals, a digest of its field 60.
    pub terminal: [u8; 8],
    /// Field 42.
    pub acceptor: [u8; 15],
    /// Whether the MTI marked a repeat: the original, with a time of its own, never came through.
    pub repeat: bool,
    /// Field 37.
    pub retrieval: [u8; 12],
    /// Field 4.
    pub amount: Amount,
    /// Field 49.
    pub currency: Currency,
    /// How the request named the payer.
    pub payer: Payer,
    /// What the request said about the merchant.
    pub merchant: Merchant,
    /// Field 43, the merchant's name and location, without padding; 1 to 40 characters in Latin-1, where the request had any.
    pub place: Option<Box<[u8]>>,
}

/// The second digit of the MTI (ISO 8583-1), as far as messages are about a wallet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// 01xx.
    Authorization,
    /// 02xx.
    Financial,
    /// 04xx.
    Reversal,
    /// 06xx: the wallet server's operations.
    Administrative,
}

impl Class {
    /// The class of an MTI; `None` where no wallet takes such messages.
    pub fn of(mti: Mti) -> Option<Self> {
        Self::numbered(mti.class())
    }

    /// The class with this digit.
    pub fn numbered(digit: u8) -> Option<Self> {
        Some(match digit {
            1 => Self::Authorization,
            2 => Self::Financial,
            4 => Self::Reversal,
            6 => Self::Administrative,
            _ => return None,
        })
    }

    /// The request of this class, as field 90 names it.
    pub fn request(self) -> Mti {
        match self {
            Self::Authorization => Mti::AUTHORIZATION,
            Self::Financial => Mti::PURCHASE,
            Self::Reversal => Mti::REVERSAL,
            Self::Administrative => Mti::ADMINISTRATIVE,
        }
    }

    /// Its digit.
    pub fn number(self) -> u8 {
        match self {
            Self::Authorization => 1,
            Self::Financial => 2,
            Self::Reversal => 4,
            Self::Administrative => 6,
        }
    }
}

/// What a request says about the merchant; zeros where it does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Merchant {
    /// Field 18, the merchant category (ISO 18245).
    pub category: u16,
    /// Field 19, the country (numeric ISO 3166).
    pub country: u16,
    /// Field 22, the entry mode.
    pub entry_mode: u16,
    /// Field 25, the condition: 59 is e-commerce.
    pub condition: u8,
    /// Field 48 tag 04: less than the amount may be approved, and the party may have it so.
    pub takes_part: bool,
}

/// Field 3 of a refund.
pub(crate) const REFUND: u32 = 200_000;

impl Opening {
    /// The order that it names.
    pub(crate) fn order(&self) -> Option<OrderKey> {
        match self.payer {
            Payer::Order(key) => Some(key),
            Payer::Card(..) | Payer::Wallet => None,
        }
    }

    /// What the wallet does by itself: `cause` gives it its key, so that it comes once for it.
    pub fn by_itself(
        reference: Reference,
        cause: Reference,
        terminal: &[u8; 8],
        operation: Operation,
        currency: Currency,
        now: Timestamp,
    ) -> Self {
        let mut acceptor = [b' '; 15];
        acceptor[..12].copy_from_slice(&cause.to_text());
        let processing_code = u32::from(operation.number());
        let key = DuplicateKey::of(KeyFields {
            institution: None,
            terminal,
            acceptor: &acceptor,
            trace: None,
            local_time: 0,
            local_date: 0,
            class: Class::Administrative.number(),
            processing_code,
            payer: KeyPayer::Wallet,
        });
        let transmission = clock::transmission(now);
        Self {
            reference,
            key,
            institution: None,
            class: Class::Administrative,
            processing_code,
            trace: None,
            transmission,
            local_time: transmission % 1_000_000,
            local_date: transmission / 1_000_000,
            terminal: [b' '; 8],
            acceptor: [b' '; 15],
            repeat: false,
            retrieval: cause.to_text(),
            amount: Amount::ZERO,
            currency,
            payer: Payer::Wallet,
            merchant: Merchant::default(),
            place: None,
        }
    }

    /// Whether a party asks to give money (field 3): to give it back, or to load it.
    pub fn credits(&self) -> bool {
        self.is_load() || self.class == Class::Financial && self.processing_code == REFUND
    }

    /// Whether a party asks to load money that was paid to it.
    pub fn is_load(&self) -> bool {
        self.class == Class::Financial && matches!(self.processing_code, 210_000 | 280_000)
    }

    /// Field 3 towards the host, to which whatever a party gives is a refund.
    pub fn host_processing_code(&self) -> u32 {
        match self.is_load() {
            true => REFUND,
            false => self.processing_code,
        }
    }

    /// Whether its processing code is that of a refund or load, whatever its class: a reversal has its original's.
    pub fn credits_by_code(&self) -> bool {
        credits(self.processing_code)
    }

    /// Fields 13 and 12 as one, MMDDhhmmss.
    pub fn local(&self) -> u32 {
        self.local_date * 1_000_000 + self.local_time
    }

    /// Field 41 in four bytes: enough to distinguish a party's terminals.
    pub fn terminal_tag(&self) -> u32 {
        short_tag(&self.terminal)
    }

    /// Field 42 likewise.
    pub fn acceptor_tag(&self) -> u32 {
        short_tag(&self.acceptor)
    }
}

/// Whether a processing code is that of a refund or load.
pub(crate) fn credits(processing_code: u32) -> bool {
    matches!(processing_code, REFUND | 210_000 | 280_000)
}

/// A field in four bytes.
pub(crate) fn short_tag(field: &[u8]) -> u32 {
    crc32c::crc32c(field)
}
