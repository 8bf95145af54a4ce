//! One change of the ledger, and its bytes.
//!
//! ```text
//!  0      1       2      4            16     24       32      36             40            48     50
//!  ┌──────┬───────┬──────┬────────────┬──────┬────────┬───────┬──────────────┬─────────────┬──────┐
//!  │ what │ which │ code │ reference  │ card │ amount │ trace │ transmission │ institution │ date │
//!  └──────┴───────┴──────┴────────────┴──────┴────────┴───────┴──────────────┴─────────────┴──────┘
//! ```
//!
//! | what | which | code | card | amount | trace, transmission, institution |
//! | --- | --- | --- | --- | --- | --- |
//! | 1 posted | kind of posting | answered | paying | minor units | fields 11, 7, 32 |
//! | 3 forestalled (reversed before it came) | map   | 0 | paying | 0 | 0 |
//! | 4 card | operation | 0 | new or cancelled | the card replaced | 0 |
//! | 5 source of the posting behind it | 0 | 0 | 28 characters from here on, then zeros | | |
//! | 6 original of the refund behind it | its map | 0 | its reference from here on, then zeros | | |
//! | 7 undone | map | 0 | 0 | minor units that were to be left | 0 |
//!
//! Kinds 1 to 7 were given; this format has no kind 2.
//!
//! `date` is field 15 of what was posted or of what undid it, 0 for all else.
//!
//! Numbers are little-endian. Card numbers are not masked here: this is the issuer's own data, and the log encrypts it.

use super::concern::{Detail, Source};
use super::request::{CardOperation, Posting, PostingKind, Reference, SettlementDate, TableName};

/// Bytes of a record.
pub(super) const BYTES: usize = 50;
/// The highest number in the first column that was ever given; rises with each new kind of record.
pub(super) const NEWEST_KIND: u8 = 7;

/// Why bytes are no record.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Unreadable {
    /// It is not what was written, or a value is none of the drawing's.
    Damaged,
    /// Whole, but of a kind above the newest.
    Newer(u8),
}

/// One change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::host) enum Record {
    /// A posting was answered.
    Posted { posting: Posting, code: [u8; 2] },
    /// A part of a posting, or all of it, was to be undone, down to what was asked.
    Undone {
        request_table: TableName,
        reference: Reference,
        asked: u64,
        settlement_date: SettlementDate,
    },
    /// A reversal came before its original.
    Forestalled {
        request_table: TableName,
        reference: Reference,
        card: u64,
    },
    /// A card was issued, replaced or cancelled.
    Card {
        operation: CardOperation,
        reference: Reference,
        card: u64,
        former: u64,
    },
    /// What the posting that follows is about. Without that posting, which a kill may have cut off, it says nothing.
    Detail {
        reference: Reference,
        detail: Detail,
    },
}

/// The fields of the drawing, in its order.
#[derive(Default)]
struct Fields {
    what: u8,
    which: u8,
    code: [u8; 2],
    reference: Reference,
    card: u64,
    amount: u64,
    trace: u32,
    transmission: u32,
    institution: u64,
    date: SettlementDate,
}

/// From `card` on.
const TEXT: usize = 32;

impl Fields {
    /// Text in the place of the numbers; no longer than they are.
    fn with_text(text: &[u8]) -> Self {
        let mut padded = [0; TEXT];
        padded[..text.len()].copy_from_slice(text);
        let [a, b, c, d, e, f, g, h] = std::array::from_fn(|word| {
            let at = word * 4;
            u32::from_le_bytes([padded[at], padded[at + 1], padded[at + 2], padded[at + 3]])
        });
        let wide = |low: u32, high: u32| u64::from(low) | u64::from(high) << 32;
        Self {
            card: wide(a, b),
            amount: wide(c, d),
            trace: e,
            transmission: f,
            institution: wide(g, h),
            ..Self::default()
        }
    }

    fn text(&self) -> [u8; TEXT] {
        let mut text = [0; TEXT];
        text[..8].copy_from_slice(&self.card.to_le_bytes());
        text[8..16].copy_from_slice(&self.amount.to_le_bytes());
        text[16..20].copy_from_slice(&self.trace.to_le_bytes());
        text[20..24].copy_from_slice(&self.transmission.to_le_bytes());
        text[24..].copy_from_slice(&self.institution.to_le_bytes());
        text
    }
}

impl Record {
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        let fields = self.fields();
        out.extend_from_slice(&[fields.what, fields.which]);
        out.extend_from_slice(&fields.code);
        out.extend_from_slice(&fields.reference);
        out.extend_from_slice(&fields.card.to_le_bytes());
        out.extend_from_slice(&fields.amount.to_le_bytes());
        out.extend_from_slice(&fields.trace.to_le_bytes());
        out.extend_from_slice(&fields.transmission.to_le_bytes());
        out.extend_from_slice(&fields.institution.to_le_bytes());
        out.extend_from_slice(&fields.date.to_le_bytes());
    }

    pub(super) fn read(bytes: &[u8; BYTES]) -> Result<Self, Unreadable> {
        match bytes[0] {
            kind if kind > NEWEST_KIND => Err(Unreadable::Newer(kind)),
            _ => Self::from_bytes(bytes).ok_or(Unreadable::Damaged),
        }
    }

    fn from_bytes(bytes: &[u8; BYTES]) -> Option<Self> {
        let fields = Fields {
            what: bytes[0],
            which: bytes[1],
            code: part(bytes, 2)?,
            reference: part(bytes, 4)?,
            card: u64::from_le_bytes(part(bytes, 16)?),
            amount: u64::from_le_bytes(part(bytes, 24)?),
            trace: u32::from_le_bytes(part(bytes, 32)?),
            transmission: u32::from_le_bytes(part(bytes, 36)?),
            institution: u64::from_le_bytes(part(bytes, 40)?),
            date: u16::from_le_bytes(part(bytes, 48)?),
        };
        Self::from_fields(&fields)
    }

    fn fields(&self) -> Fields {
        match *self {
            Self::Posted { posting, code } => Fields {
                what: 1,
                which: posting.kind as u8,
                code,
                reference: posting.reference,
                card: posting.card,
                amount: posting.amount,
                trace: posting.trace,
                transmission: posting.transmission,
                institution: posting.institution,
                date: posting.settlement_date,
            },
            Self::Undone {
                request_table,
                reference,
                asked,
                settlement_date,
            } => Fields {
                what: 7,
                which: request_table as u8,
                reference,
                amount: asked,
                date: settlement_date,
                ..Fields::default()
            },
            Self::Forestalled {
                request_table,
                reference,
                card,
            } => Fields {
                what: 3,
                which: request_table as u8,
                reference,
                card,
                ..Fields::default()
            },
            Self::Card {
                operation,
                reference,
                card,
                former,
            } => Fields {
                what: 4,
                which: operation as u8,
                reference,
                card,
                amount: former,
                ..Fields::default()
            },
            Self::Detail { reference, detail } => match detail {
                Detail::Source(source) => Fields {
                    what: 5,
                    reference,
                    ..Fields::with_text(source.padded())
                },
                Detail::Original {
                    request_table,
                    reference: original,
                } => Fields {
                    what: 6,
                    which: request_table as u8,
                    reference,
                    ..Fields::with_text(&original)
                },
            },
        }
    }

    fn from_fields(fields: &Fields) -> Option<Self> {
        let request_table = || {
            TableName::ALL
                .into_iter()
                .find(|&request_table| request_table as u8 == fields.which)
        };
        Some(match fields.what {
            1 => Self::Posted {
                posting: Posting {
                    kind: PostingKind::ALL
                        .into_iter()
                        .find(|&kind| kind as u8 == fields.which)?,
                    reference: fields.reference,
                    card: fields.card,
                    amount: fields.amount,
                    trace: fields.trace,
                    transmission: fields.transmission,
                    institution: fields.institution,
                    settlement_date: fields.date,
                },
                code: fields.code,
            },
            7 => Self::Undone {
                request_table: request_table()?,
                reference: fields.reference,
                asked: fields.amount,
                settlement_date: fields.date,
            },
            3 => Self::Forestalled {
                request_table: request_table()?,
                reference: fields.reference,
                card: fields.card,
            },
            4 => Self::Card {
                operation: CardOperation::from_digit(fields.which.wrapping_add(b'0'))?,
                reference: fields.reference,
                card: fields.card,
                former: fields.amount,
            },
            5 => Self::Detail {
                reference: fields.reference,
                detail: Detail::Source(Source::new(&fields.text()[..Source::LENGTH])?),
            },
            6 => Self::Detail {
                reference: fields.reference,
                detail: Detail::Original {
                    request_table: request_table()?,
                    reference: *fields.text().first_chunk()?,
                },
            },
            _ => return None,
        })
    }
}

fn part<const N: usize>(bytes: &[u8; BYTES], at: usize) -> Option<[u8; N]> {
    bytes.get(at..at + N)?.try_into().ok()
}
