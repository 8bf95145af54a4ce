//! Messages written by hand, field by field.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use tessera_protocol::MacKey;

/// A client: institution code, card acceptor, MAC key.
#[derive(Debug, Clone, Copy)]
pub struct Party {
    pub code: &'static str,
    pub acceptor: &'static str,
    pub key: Option<&'static str>,
    /// As metrics name it.
    pub name: &'static str,
}

pub const MALL: Party = Party {
    code: "10000000001",
    acceptor: "MALL-0001",
    key: Some("000102030405060708090a0b0c0d0e0f"),
    name: "Teacup & Co",
};
pub const OTHER_MALL: Party = Party {
    code: "10000000002",
    acceptor: "MALL-0002",
    key: Some("101112131415161718191a1b1c1d1e1f"),
    name: "Development mall 2",
};
pub const ACQUIRER: Party = Party {
    code: "20000000001",
    acceptor: "SHOP-77",
    key: Some("202122232425262728292a2b2c2d2e2f"),
    name: "Development acquirer 1",
};
/// Without a MAC.
pub const PLAIN: Party = Party {
    code: "20000000002",
    acceptor: "SHOP-88",
    key: None,
    name: "Development acquirer 2",
};

/// A message, written by hand.
#[derive(Debug, Clone)]
pub struct Hand {
    mti: Vec<u8>,
    fields: BTreeMap<u8, Vec<u8>>,
    key: Option<&'static str>,
}

impl Hand {
    pub fn new(mti: &str, party: &Party) -> Self {
        Self {
            mti: hex(mti),
            fields: BTreeMap::new(),
            key: party.key,
        }
    }

    /// The bytes of a field as they travel, length prefix and all.
    pub fn with(mut self, field: u8, bytes: &str) -> Self {
        self.fields.insert(field, hex(bytes));
        self
    }

    /// The characters of a field as they travel.
    pub fn text(mut self, field: u8, characters: &str) -> Self {
        self.fields.insert(field, characters.as_bytes().to_vec());
        self
    }

    /// Field 48, 60 or the like: two bytes of BCD length in front.
    pub fn tags(mut self, field: u8, tags: &[(u8, &str)]) -> Self {
        let body: String = tags
            .iter()
            .map(|(tag, value)| format!("{tag:02}{:03}{value}", value.len()))
            .collect();
        let mut bytes = hex(&format!("{:04}", body.len()));
        bytes.extend_from_slice(body.as_bytes());
        self.fields.insert(field, bytes);
        self
    }

    pub fn without(mut self, field: u8) -> Self {
        self.fields.remove(&field);
        self
    }

    pub fn mti(mut self, mti: &str) -> Self {
        self.mti = hex(mti);
        self
    }

    /// Sealed with another key, or with none.
    pub fn key(mut self, key: Option<&'static str>) -> Self {
        self.key = key;
        self
    }

    /// The bytes of a field, for a repeat or a reversal.
    pub fn field(&self, field: u8) -> String {
        self.fields[&field]
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect()
    }

    /// The message without its length.
    pub fn message(&self) -> Vec<u8> {
        let secondary = self.fields.keys().any(|&field| field > 64);
        let mac_field = if secondary { 128 } else { 64 };
        let mut bitmap = [0u8; 16];
        let present = self
            .fields
            .keys()
            .copied()
            .chain(self.key.map(|_| mac_field));
        for field in present.chain(secondary.then_some(1)) {
            let bit = usize::from(field) - 1;
            bitmap[bit / 8] |= 0x80 >> (bit % 8);
        }
        let mut bytes = self.mti.clone();
        bytes.extend_from_slice(if secondary { &bitmap } else { &bitmap[..8] });
        self.fields
            .values()
            .for_each(|field| bytes.extend_from_slice(field));
        if let Some(key) = self.key {
            bytes.extend_from_slice(&mac(key, &bytes));
        }
        bytes
    }

    /// The message with its length in front.
    pub fn frame(&self) -> Vec<u8> {
        framed(&self.message())
    }
}

/// Two bytes of length, then these.
pub fn framed(message: &[u8]) -> Vec<u8> {
    let mut frame = (message.len() as u16).to_be_bytes().to_vec();
    frame.extend_from_slice(message);
    frame
}

/// The MAC of these bytes.
pub fn mac(key: &str, bytes: &[u8]) -> [u8; 8] {
    MacKey::from_hex(key).expect("a key").mac(bytes)
}

/// Hexadecimal digits, spaces wherever they help.
pub fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text
        .bytes()
        .filter(|byte| !byte.is_ascii_whitespace())
        .collect();
    let digit = |byte: u8| (byte as char).to_digit(16).expect("a hexadecimal digit") as u8;
    digits
        .chunks(2)
        .map(|pair| digit(pair[0]) << 4 | digit(pair[1]))
        .collect()
}

/// A number that nobody in this process has used yet, for fields 11 and 37.
pub fn fresh() -> u32 {
    static NEXT: AtomicU32 = AtomicU32::new(1);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

/// MMDDhhmmss in UTC, so many seconds from now.
pub fn time_of(offset: i64) -> String {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .expect("after 1970");
    let seconds = since.as_secs() as i64 + offset;
    let (mut days, second) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    let mut year = 1970;
    let leap = |year: i64| year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    while days >= 365 + i64::from(leap(year)) {
        days -= 365 + i64::from(leap(year));
        year += 1;
    }
    let lengths = [
        31,
        28 + i64::from(leap(year)),
        31,
        30,
        31,
        30,
        31,
        31,
        30,
        31,
        30,
        31,
    ];
    let mut month = 0;
    while days >= lengths[month] {
        days -= lengths[month];
        month += 1;
    }
    let (hour, minute) = (second / 3600, second / 60 % 60);
    format!(
        "{:02}{:02}{hour:02}{minute:02}{:02}",
        month + 1,
        days + 1,
        second % 60
    )
}

/// 0800 with this network code.
pub fn network(party: &Party, code: &str) -> Hand {
    Hand::new("0800", party)
        .with(7, &time_of(0))
        .with(11, &format!("{:06}", fresh()))
        .with(32, &format!("11 {}0", party.code))
        .with(70, &format!("0{code}"))
}

/// 0200, processing code 00, without anyone who pays.
pub fn purchase(party: &Party, amount: u64) -> Hand {
    let number = fresh();
    let time = time_of(0);
    Hand::new("0200", party)
        .with(3, "000000")
        .with(4, &format!("{amount:012}"))
        .with(7, &time)
        .with(11, &format!("{number:06}"))
        .with(12, &time[4..])
        .with(13, &time[..4])
        .with(18, "5999")
        .with(22, "0812")
        .with(25, "59")
        .with(32, &format!("11 {}0", party.code))
        .text(37, &format!("{number:012}"))
        .text(41, "TERM0001")
        .text(42, &format!("{:15}", party.acceptor))
        .text(49, "840")
}

/// 0200 by card.
pub fn card_purchase(party: &Party, serial: u64, amount: u64) -> Hand {
    purchase(party, amount)
        .with(2, &format!("16 {}", card_number(serial)))
        .with(14, "3112")
}

/// 0200 by order number.
pub fn order_purchase(party: &Party, order: &str, amount: u64) -> Hand {
    purchase(party, amount).tags(48, &[(1, order)])
}

/// 0100, processing code 31.
pub fn inquiry(party: &Party, serial: u64) -> Hand {
    card_purchase(party, serial, 0)
        .mti("0100")
        .with(3, "310000")
}

/// The reversal of a request, by card or by order.
pub fn reversal(mti: &str, original: &Hand) -> Hand {
    let number = fresh();
    let institution = original.field(32);
    let named = format!(
        "{} {} {} {} {:011} 0",
        original
            .mti
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect::<String>(),
        original.field(11),
        original.field(7),
        &institution[2..13],
        0
    );
    let mut digits: String = named.split_whitespace().collect();
    digits.truncate(42);
    original
        .clone()
        .mti(mti)
        .without(14)
        .without(18)
        .without(22)
        .without(25)
        .with(7, &time_of(0))
        .with(11, &format!("{number:06}"))
        .text(37, &format!("{number:012}"))
        .with(90, &digits)
}

/// A refund of a purchase, or of a part of it, named as the purchase named its payer.
pub fn refund(original: &Hand, amount: u64) -> Hand {
    reversal("0200", original)
        .with(3, "200000")
        .with(4, &format!("{amount:012}"))
        .with(18, &original.field(18))
        .with(22, &original.field(22))
        .with(25, &original.field(25))
}

/// The completion of an authorization: so much of it is debited.
pub fn completion(authorization: &Hand, amount: u64) -> Hand {
    let time = time_of(0);
    reversal("0220", authorization)
        .with(4, &format!("{amount:012}"))
        .with(12, &time[4..])
        .with(13, &time[..4])
}

/// Section 9: 990000, nine digits, Luhn.
pub fn card_number(serial: u64) -> String {
    let digits = format!("990000{serial:09}");
    let doubled = |digit: u32| if digit > 4 { digit * 2 - 9 } else { digit * 2 };
    let sum: u32 = digits
        .chars()
        .rev()
        .enumerate()
        .map(|(at, digit)| (at, digit.to_digit(10).expect("a digit")))
        .map(|(at, digit)| if at % 2 == 0 { doubled(digit) } else { digit })
        .sum();
    format!("{digits}{}", (10 - sum % 10) % 10)
}
