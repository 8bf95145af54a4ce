//! The kinds of request, each with messages that the reader takes. Which field a kind must have, may have and leaves
//! unread is found by asking the reader, so that a table of it can't say anything else.

use bytes::BytesMut;
use tessera_protocol::{FIELDS, Message, Mti, Packer, Packing, Refusal, Request};

use crate::common::set;

/// What a reader makes of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// Refused without it, always.
    Mandatory,
    /// Refused without it, depending on what else is there.
    Conditional,
    /// Read where it is there.
    Optional,
    /// Not looked at.
    Unread,
}

pub type Fields = Vec<(u8, String)>;

/// A column of the table.
pub struct Kind {
    pub head: &'static str,
    pub mtis: &'static [u16],
    /// Together they have every field that the reader looks at.
    pub samples: Vec<Fields>,
}

const COMMON: &str = "7=1122094500 11=000002 12=104500 13=1122 32=20000000001 37=632609000002 41=TERM0001 42=SHOP-77 49=840";
const SOLD: &str = "18=5999 22=812 25=59";
const CARD: &str = "2=9900000000000010 14=3112";
const ORDER: &str = "48=01007ORDER-1";
const ORIGINAL: &str = "90=020000000211220945002000000000100000000000";
const STATUS: &str = "7=1122094600 11=000012 24=310 32=10000000001 41=TERM0001 42=MALL-0001";
const NAMED: &str = "3=200000 4=000000001999 12=104500 13=1122 37=632609000002";
const NETWORK: &str = "7=1122094459 11=000001 32=10000000001 70=001";
const TOTALS: &str = "7=1122094459 11=000001 32=10000000001 15=1121 74=0000000001 75=0000000000 76=0000000002 77=0000000000 \
     86=0000000000000700 87=0000000000000000 88=0000000000005000 89=0000000000000000";

/// All that may come over the malls' port.
pub fn kinds() -> Vec<Kind> {
    let kind = |head, mtis, samples| Kind {
        head,
        mtis,
        samples,
    };
    let bought = "3=000000 4=000000001999";
    let refunded = "3=200000 4=000000001999";
    let asked = "3=310000 4=000000000000";
    let verified = "3=380000 4=000000000000";
    let shrunk = format!("95=000000000500{}", "0".repeat(30));
    vec![
        kind(
            "0800",
            &[0x0800],
            vec![fields(&[NETWORK]), fields(&[NETWORK, "48=03002AA"])],
        ),
        kind(
            "0100, 0120, 0200: `00`",
            &[0x0100, 0x0120, 0x0200],
            vec![
                fields(&[bought, COMMON, SOLD, CARD]),
                fields(&[bought, COMMON, SOLD, ORDER]),
                fields(&[bought, COMMON, SOLD, CARD, "19=840 48=040011"]),
            ],
        ),
        kind(
            "0200: `20`",
            &[0x0200],
            vec![
                fields(&[refunded, COMMON, SOLD, CARD, ORIGINAL]),
                fields(&[refunded, COMMON, SOLD, ORDER]),
            ],
        ),
        kind(
            "0100: `31`",
            &[0x0100],
            vec![fields(&[asked, COMMON, SOLD, CARD])],
        ),
        kind(
            "0100: `38`",
            &[0x0100],
            vec![
                fields(&[verified, COMMON, SOLD, CARD]),
                fields(&[verified, COMMON, SOLD, CARD, "19=840"]),
            ],
        ),
        kind(
            "0220",
            &[0x0220],
            vec![
                fields(&[bought, COMMON, SOLD, CARD, ORIGINAL, "19=840"]),
                fields(&[bought, COMMON, ORDER]),
            ],
        ),
        kind(
            "0400, 0420",
            &[0x0400, 0x0420],
            vec![
                fields(&[bought, COMMON, CARD, ORIGINAL, &shrunk]),
                fields(&[bought, COMMON, ORDER, ORIGINAL]),
            ],
        ),
        kind("0500, 0520", &[0x0500, 0x0520], vec![totals()]),
        kind(
            "0600",
            &[0x0600],
            vec![
                fields(&[STATUS, "48=01007ORDER-1"]),
                fields(&[STATUS, CARD, ORIGINAL, NAMED]),
            ],
        ),
    ]
}

fn totals() -> Fields {
    let mut fields = fields(&[TOTALS]);
    fields.push((97, "D4300".to_owned()));
    fields
}

fn fields(lists: &[&str]) -> Fields {
    let pairs = lists.iter().flat_map(|list| list.split_whitespace());
    let mut fields: Fields = pairs
        .map(|pair| {
            let (field, value) = pair.split_once('=').unwrap();
            (field.parse().unwrap(), value.to_owned())
        })
        .collect();
    fields.sort();
    fields
}

impl Kind {
    /// What the reader makes of a field, in every message type of this kind.
    pub fn mark(&self, field: u8) -> Mark {
        let marks: Vec<_> = self
            .mtis
            .iter()
            .map(|mti| self.mark_in(*mti, field))
            .collect();
        assert!(
            marks.iter().all(|mark| *mark == marks[0]),
            "{}: field {field}: {marks:?}",
            self.head
        );
        marks[0]
    }

    fn mark_in(&self, mti: u16, field: u8) -> Mark {
        let mut refused = 0;
        let mut read = false;
        for sample in &self.samples {
            let with = pack(mti, sample);
            let without: Fields = sample
                .iter()
                .filter(|(at, _)| *at != field)
                .cloned()
                .collect();
            assert_eq!(refusal(&with), None, "{}: a sample", self.head);
            if without.len() == sample.len() {
                let mut more = sample.clone();
                more.push((field, any_value(field)));
                more.sort();
                read |= read_otherwise(&pack(mti, &more), &with);
                continue;
            }
            let without = pack(mti, &without);
            match refusal(&without) {
                // A message without an order number is asked for a card number.
                Some(refusal) => {
                    assert!(
                        refusal.field == Some(field) || (field, refusal.field) == (48, Some(2)),
                        "{}: without field {field}: {refusal}",
                        self.head
                    );
                    refused += 1;
                }
                None => read |= read_otherwise(&with, &without),
            }
        }
        let known = self.samples.iter().flatten().any(|(at, _)| *at == field);
        assert!(known || !read, "{}: no sample has field {field}", self.head);
        match refused {
            0 if read => Mark::Optional,
            0 => Mark::Unread,
            _ if refused == self.samples.len() => Mark::Mandatory,
            _ => Mark::Conditional,
        }
    }
}

/// A message of these fields, in the binary packing and without a MAC.
pub fn pack(mti: u16, fields: &Fields) -> Vec<u8> {
    let mut buffer = BytesMut::new();
    let mut packer = Packer::new(&mut buffer, Mti::new(mti).unwrap());
    for (field, value) in fields {
        match FIELDS[usize::from(*field) - 1].packing {
            Packing::Signed(_) => packer.raw(*field, &signed(*field, value)),
            _ => {
                set(&mut packer, *field, value);
                &mut packer
            }
        };
    }
    packer.finish();
    buffer[2..].to_vec()
}

/// A sign character and the digits behind it.
fn signed(field: u8, value: &str) -> Vec<u8> {
    let digits = FIELDS[usize::from(field) - 1].packing.length_max() - 1;
    let (sign, number) = value.split_at(1);
    let mut body = sign.as_bytes().to_vec();
    body.extend(crate::common::unhex(&format!("{number:0>digits$}")));
    body
}

fn refusal(message: &[u8]) -> Option<Refusal> {
    Request::read(&Message::parse(message).unwrap()).err()
}

fn read_otherwise(one: &[u8], other: &[u8]) -> bool {
    let (one, other) = (Message::parse(one).unwrap(), Message::parse(other).unwrap());
    Request::read(&one) != Request::read(&other)
}

/// Something that can be packed into a field which no sample has.
fn any_value(field: u8) -> String {
    match FIELDS[usize::from(field) - 1].packing {
        Packing::Numeric(digits) => "1".repeat(usize::from(digits)),
        Packing::Signed(_) => "C1".to_owned(),
        Packing::Binary(bytes) => "11".repeat(usize::from(bytes)),
        Packing::BinaryUpTo(_) => "1111".to_owned(),
        Packing::NumericUpTo(_) | Packing::TrackUpTo(_) => "11111111".to_owned(),
        _ if field == 48 => "01001x".to_owned(),
        _ if field == 49 => "978".to_owned(),
        Packing::Text(characters) => "1".repeat(usize::from(characters)),
        _ => "1".to_owned(),
    }
}
