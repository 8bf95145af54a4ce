//! Events of a wallet.

use std::fmt;
use std::str::FromStr;

use super::{EventKind, Purpose, RowError, parse, parts};

/// One event of a wallet, newest first in a list:
/// `milliseconds since 1970,kind,reference,original,amount,available,held,code,institution,acceptor,card,order,text`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistoryRow {
    /// Milliseconds since 1970.
    pub at: u64,
    /// What it was.
    pub kind: EventKind,
    /// The transaction that it opens or is about, 12 characters; empty where there is none.
    pub reference: String,
    /// The transaction that a reversal or a refund is about; empty where there is none.
    pub original: String,
    /// In minor units: of the request; of a reversal what is left of the original.
    pub amount: u64,
    /// Available before the event, in minor units. What is there after it stands in the next newer event.
    pub available: u64,
    /// Held before the event, in minor units.
    pub held: u64,
    /// Field 39, where it decided something.
    pub code: String,
    /// Institution of the party; 0 where there is none.
    pub institution: u64,
    /// Card acceptor (field 42), trimmed.
    pub acceptor: String,
    /// Last four digits of the card number concerned; empty where there is none.
    pub card: String,
    /// Identifies the order, 16 hexadecimal digits; empty if there is none.
    pub order: String,
    /// What was bought, the masked source, the device, whatever words there are.
    pub text: String,
    /// What the request of a party says besides, in a tag of its own behind the row's.
    pub request: Option<RequestRow>,
}

/// What the request of a party says besides: `purpose,retrieval reference,merchant,reason`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestRow {
    /// What the party asked for.
    pub purpose: Purpose,
    /// Field 37, trimmed: the party's own reference of it.
    pub retrieval: String,
    /// Field 43, the merchant's name and location, without commas; empty where there is none.
    pub place: String,
    /// Why the switch declined it, as in tag 09 of field 48; empty where it did not.
    pub reason: String,
}

impl fmt::Display for RequestRow {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            purpose,
            retrieval,
            place,
            reason,
        } = self;
        write!(formatter, "{purpose},{retrieval},{place},{reason}")
    }
}

impl FromStr for RequestRow {
    type Err = RowError;

    fn from_str(row: &str) -> Result<Self, RowError> {
        let [purpose, retrieval, place, reason] = parts(row, "request")?;
        Ok(Self {
            purpose: purpose.parse()?,
            retrieval: retrieval.to_owned(),
            place: place.to_owned(),
            reason: reason.to_owned(),
        })
    }
}

impl fmt::Display for HistoryRow {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "{},{},{},{},{},{},{},{},{},{},{},{},{}",
            self.at,
            self.kind,
            self.reference,
            self.original,
            self.amount,
            self.available,
            self.held,
            self.code,
            self.institution,
            self.acceptor,
            self.card,
            self.order,
            self.text
        )
    }
}

impl FromStr for HistoryRow {
    type Err = RowError;

    fn from_str(row: &str) -> Result<Self, RowError> {
        let parts = parts::<13>(row, "event")?;
        let number = |place: usize| parse(parts[place], "event");
        Ok(Self {
            at: number(0)?,
            kind: parts[1].parse()?,
            reference: parts[2].to_owned(),
            original: parts[3].to_owned(),
            amount: number(4)?,
            available: number(5)?,
            held: number(6)?,
            code: parts[7].to_owned(),
            institution: number(8)?,
            acceptor: parts[9].to_owned(),
            card: parts[10].to_owned(),
            order: parts[11].to_owned(),
            text: parts[12].to_owned(),
            request: None,
        })
    }
}
