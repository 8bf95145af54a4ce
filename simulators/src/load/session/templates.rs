//! Requests by copy and patch: each kind is packed once per connection by the protocol's packer, and from then
//! on copied whole with the few fields overwritten that differ, then sealed.
//!
//! ```text
//! length MTI  bitmap  2 or 48    3  4       7  11 12 13 ... 37            ... 90               MAC
//!        ^^^^         payer         amount  ^^ ^^ ^^ ^^     last six of 12     trace, 7 of the original
//! ```

use bytes::BytesMut;
use tessera_protocol::{CardNumber, Institution, MacKey, Message, OriginalData, Packer, Stan, tlv};

use super::shapes::Shape;
use super::tab::FollowUp;
use crate::load::clock::{Stamp, bcd, bcd3, bcd6};
use crate::load::speakers::{Speaker, Way};

/// Bytes of the length in front of a message.
pub const PREFIX: usize = 2;

const EXPIRY: u64 = 3112;

/// Tag of field 48: `1` where the terminal takes an approval of less.
const TAKES_A_PART: u8 = 4;

const MAC_BYTES: usize = 8;

/// Digits of an order's number after the terminal id.
const ORDER_DIGITS: usize = 8;

/// What is put into a template.
#[derive(Debug, Clone, Copy)]
pub struct Fill {
    /// Whether it is sent as a repeat (0201, 0421).
    pub repeat: bool,
    /// Field 11, and the end of field 37.
    pub trace: u32,
    /// Serial number of the card, or number of the order.
    pub payer: u32,
    /// Field 4.
    pub amount: u64,
    /// Field 7.
    pub transmission: Stamp,
    /// Fields 12 and 13.
    pub local: Stamp,
    /// Trace number and transmission time of the original, reversals only.
    pub original: Option<(u32, Stamp)>,
}

/// A request with its places to patch, as offsets from the frame's first byte.
#[derive(Debug)]
pub struct Template {
    frame: Vec<u8>,
    way: Way,
    payer: usize,
    amount: usize,
    transmission: usize,
    trace: usize,
    time: usize,
    date: usize,
    reference: usize,
    original: Option<usize>,
}

impl Template {
    /// Appends the request, sealed where there is a key.
    #[inline]
    pub fn write(&self, fill: &Fill, key: Option<&MacKey>, out: &mut Vec<u8>) {
        let start = out.len();
        out.extend_from_slice(&self.frame);
        let frame = &mut out[start..];
        if fill.repeat {
            frame[PREFIX + 1] |= 1;
        }
        match self.way {
            Way::Card => put(frame, self.payer, &card_tail(fill.payer)),
            Way::Order => put(frame, self.payer, &order_tail(fill.payer)),
        }
        put(frame, self.amount, &bcd6(fill.amount));
        put(
            frame,
            self.transmission,
            &fill.transmission.transmission_bytes(),
        );
        let trace = bcd3(fill.trace);
        put(frame, self.trace, &trace);
        put(frame, self.time, &fill.local.time_bytes());
        put(frame, self.date, &fill.local.date_bytes());
        put(frame, self.reference, &characters(trace));
        if let (Some(at), Some((trace, transmission))) = (self.original, fill.original) {
            put(frame, at, &bcd3(trace));
            put(frame, at + 3, &transmission.transmission_bytes());
        }
        if let Some(key) = key {
            let (covered, mac) = frame.split_at_mut(frame.len() - MAC_BYTES);
            mac.copy_from_slice(&key.mac(&covered[PREFIX..]));
        }
    }

    /// Takes a packed frame apart. `None` where a field to patch is missing.
    fn new(frame: &[u8], way: Way) -> Option<Self> {
        let message = Message::parse(&frame[PREFIX..]).ok()?;
        let at = |field: u8| {
            let body = message.raw(field)?;
            Some(body.as_ptr() as usize - frame.as_ptr() as usize)
        };
        Some(Self {
            way,
            payer: match way {
                // The first three bytes are 990000.
                Way::Card => at(2)? + 3,
                // Tag 2, length 3, terminal id 8.
                Way::Order => at(48)? + 5 + 8,
            },
            amount: at(4)?,
            transmission: at(7)?,
            trace: at(11)?,
            time: at(12)?,
            date: at(13)?,
            reference: at(37)? + 6,
            // After the MTI.
            original: at(90).map(|at| at + 2),
            frame: frame.to_vec(),
        })
    }
}

/// The requests of one connection.
#[derive(Debug)]
pub struct Templates {
    /// 0200/00.
    pub purchase: Template,
    /// 0420.
    pub reversal: Template,
    /// 0100/31; by card only.
    pub inquiry: Option<Template>,
}

impl Templates {
    /// Packs them. `None` only where the protocol crate would not read what it packed.
    pub fn new(speaker: &Speaker, terminal: [u8; 8], key: Option<&MacKey>) -> Option<Self> {
        let fill = Fill {
            repeat: false,
            trace: 0,
            payer: 0,
            amount: 0,
            transmission: Stamp::at(0),
            local: Stamp::at(0),
            original: Some((0, Stamp::at(0))),
        };
        let template = |shape| {
            let mut frame = BytesMut::new();
            pack(&mut frame, shape, speaker, terminal, &fill, key);
            Template::new(&frame, speaker.way)
        };
        Some(Self {
            purchase: template(Shape::Purchase)?,
            reversal: template(Shape::Reversal)?,
            inquiry: match speaker.way {
                Way::Card => Some(template(Shape::Inquiry)?),
                Way::Order => None,
            },
        })
    }
}

/// Packs a request field by field: the slow way, from which the templates are made and which the tests hold
/// them to.
pub fn pack(
    out: &mut BytesMut,
    shape: Shape,
    speaker: &Speaker,
    terminal: [u8; 8],
    fill: &Fill,
    key: Option<&MacKey>,
) {
    let mti = shape.mti();
    let mut packer = Packer::new(out, if fill.repeat { mti.repeat() } else { mti });
    if speaker.way == Way::Card {
        packer.card(&CardNumber::development(fill.payer.into()));
    }
    packer
        .number(3, shape.processing_code())
        .number(4, fill.amount)
        .number(7, fill.transmission.transmission().into())
        .number(11, fill.trace.into())
        .number(12, fill.local.time().into())
        .number(13, fill.local.date().into());
    if shape.has_entry_mode() {
        // A refund may go to a card that has expired.
        if speaker.way == Way::Card && shape.original().is_none() {
            packer.number(14, EXPIRY);
        }
        packer.number(18, 5999).number(22, 812).number(25, 59);
    }
    packer
        .number(32, speaker.party)
        .text(37, &reference(terminal, fill.trace))
        .text(41, &terminal)
        .text(42, speaker.acceptor.as_bytes());
    let mut tags = tlv::TlvWriter::new();
    if speaker.way == Way::Order {
        tags.add(tlv::ORDER, &order_number(terminal, fill.payer));
    }
    if shape == Shape::Partial {
        tags.add(TAKES_A_PART, b"1");
    }
    if !tags.as_bytes().is_empty() {
        packer.text(48, tags.as_bytes());
    }
    packer.text(49, b"840");
    if let (Some(mti), Some((trace, stamp))) = (shape.original(), fill.original) {
        let original = OriginalData {
            mti,
            trace: Stan::new(trace),
            transmission: stamp.transmission(),
            institution: Institution::new(speaker.party),
            forwarding: None,
        };
        packer.raw(90, &original.pack());
    }
    if let Shape::Following(FollowUp::Reverse { down_to }, _) = shape
        && down_to > 0
    {
        packer.text(95, format!("{down_to:012}{:030}", 0).as_bytes());
    }
    packer.close(key);
}

/// Field 37 of a request: six characters of the terminal, six digits of the trace number.
pub fn reference(terminal: [u8; 8], trace: u32) -> [u8; 12] {
    let mut reference = [0; 12];
    // The last six: the first two change once in hours, the last three distinguish the connections.
    reference[..6].copy_from_slice(&terminal[2..]);
    reference[6..].copy_from_slice(&characters(bcd3(trace)));
    reference
}

/// The name of an order: the terminal that will ask for it, and its number.
pub fn order_number(terminal: [u8; 8], number: u32) -> [u8; 8 + ORDER_DIGITS] {
    let mut order = [0; 8 + ORDER_DIGITS];
    order[..8].copy_from_slice(&terminal);
    order[8..].copy_from_slice(&order_tail(number));
    order
}

#[inline]
fn put(frame: &mut [u8], at: usize, bytes: &[u8]) {
    frame[at..at + bytes.len()].copy_from_slice(bytes);
}

/// Three bytes of BCD as six characters.
#[inline]
pub fn characters(bcd: [u8; 3]) -> [u8; 6] {
    let [a, b, c] = bcd.map(|byte| [b'0' + (byte >> 4), b'0' + (byte & 0xF)]);
    [a[0], a[1], b[0], b[1], c[0], c[1]]
}

fn order_tail(number: u32) -> [u8; ORDER_DIGITS] {
    let head = bcd(number / 1_000_000 % 100);
    let tail = characters(bcd3(number % 1_000_000));
    let mut digits = [b'0'; ORDER_DIGITS];
    digits[0] += head >> 4;
    digits[1] += head & 0xF;
    digits[2..].copy_from_slice(&tail);
    digits
}

/// The last ten digits of a development card: nine of the serial number and the Luhn check digit.
#[inline]
fn card_tail(serial: u32) -> [u8; 5] {
    let serial = serial % 1_000_000_000;
    let pairs = [
        serial / 10_000_000,
        serial / 100_000 % 100,
        serial / 1_000 % 100,
        serial / 10 % 100,
    ];
    let last = serial % 10;
    // 9 + (2 * 9 = 18 -> 9) of the six digits in front.
    let mut sum = 18 + doubled(last);
    let mut tail = [0; 5];
    for (byte, pair) in tail.iter_mut().zip(pairs) {
        *byte = bcd(pair);
        sum += doubled(pair / 10) + pair % 10;
    }
    tail[4] = ((last << 4) | ((10 - sum % 10) % 10)) as u8;
    tail
}

/// A digit doubled, its digits added, as the Luhn check has it.
#[inline]
const fn doubled(digit: u32) -> u32 {
    if digit > 4 { digit * 2 - 9 } else { digit * 2 }
}

#[cfg(test)]
mod tests {
    use tessera_protocol::Mti;

    use super::*;

    fn speaker(way: Way) -> Speaker {
        Speaker {
            party: 10_000_000_001,
            acceptor: "MALL-0001".to_owned(),
            key: None,
            way,
        }
    }

    #[test]
    fn patched_bytes_equal_packed_bytes() {
        let key = MacKey::from_hex("000102030405060708090a0b0c0d0e0f").unwrap();
        let terminal = *b"AB12Z00Z";
        for way in [Way::Card, Way::Order] {
            for key in [None, Some(&key)] {
                let templates = Templates::new(&speaker(way), terminal, key).unwrap();
                let shapes = [
                    (Shape::Purchase, Some(&templates.purchase)),
                    (Shape::Reversal, Some(&templates.reversal)),
                    (Shape::Inquiry, templates.inquiry.as_ref()),
                ];
                for (shape, template) in shapes {
                    let Some(template) = template else { continue };
                    for number in [1, 99, 123_456, 999_999] {
                        let fill = Fill {
                            repeat: number % 2 == 0,
                            trace: number,
                            payer: number * 997,
                            amount: u64::from(number) * 999_999,
                            transmission: Stamp::at(1_795_340_700 + number),
                            local: Stamp::at(1_795_340_700),
                            original: Some((number / 2, Stamp::at(1_795_000_000))),
                        };
                        let mut packed = BytesMut::new();
                        pack(&mut packed, shape, &speaker(way), terminal, &fill, key);
                        let mut patched = Vec::new();
                        template.write(&fill, key, &mut patched);
                        assert_eq!(patched, packed, "{shape:?} {way:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn what_is_sent_is_a_whole_request() {
        let templates = Templates::new(&speaker(Way::Card), *b"AB12Z00Z", None).unwrap();
        let fill = Fill {
            repeat: false,
            trace: 1,
            payer: 1,
            amount: 100,
            transmission: Stamp::at(1_795_340_700),
            local: Stamp::at(1_795_340_700),
            original: Some((1, Stamp::at(1_795_340_700))),
        };
        let inquiry = templates.inquiry.as_ref().unwrap();
        for (template, amount) in [
            (&templates.purchase, 100),
            (&templates.reversal, 100),
            (inquiry, 0),
        ] {
            let mut frame = Vec::new();
            template.write(&Fill { amount, ..fill }, None, &mut frame);
            let message = Message::parse(&frame[PREFIX..]).unwrap();
            let request = tessera_protocol::Request::read(&message);
            assert!(request.is_ok(), "{:?}", request.err());
        }
    }

    #[test]
    fn what_has_no_template_is_a_whole_request_too() {
        let original = Mti::PURCHASE;
        for shape in [
            Shape::Authorization,
            Shape::Partial,
            Shape::Decided { held: true },
            Shape::Decided { held: false },
            Shape::Following(FollowUp::Complete { amount: 5 }, Mti::AUTHORIZATION),
            Shape::Following(FollowUp::Refund { amount: 5 }, original),
            Shape::Following(FollowUp::Reverse { down_to: 0 }, original),
            Shape::Following(FollowUp::Reverse { down_to: 5 }, Mti::AUTHORIZATION),
            Shape::Following(FollowUp::ReverseRefund, original),
        ] {
            let fill = Fill {
                repeat: false,
                trace: 7,
                payer: 1,
                amount: 100,
                transmission: Stamp::at(1_795_340_700),
                local: Stamp::at(1_795_340_700),
                original: Some((1, Stamp::at(1_795_340_700))),
            };
            for way in [Way::Card, Way::Order] {
                let mut frame = BytesMut::new();
                pack(&mut frame, shape, &speaker(way), *b"AB12Z00Z", &fill, None);
                let message = Message::parse(&frame[PREFIX..]).unwrap();
                let request = tessera_protocol::Request::read(&message);
                assert!(request.is_ok(), "{shape:?}: {:?}", request.err());
                assert_eq!(message.has(90), shape.original().is_some());
            }
        }
    }

    #[test]
    fn cards_carry_their_check_digit() {
        for serial in [0, 1, 2, 9, 10, 123_456_789, 987_654_321, 999_999_999] {
            let digits = CardNumber::development(serial.into()).expose() % 10_000_000_000;
            let tail = card_tail(serial).iter().fold(0, |number, byte| {
                number * 100 + u64::from(byte >> 4) * 10 + u64::from(byte & 0xF)
            });
            assert_eq!(tail, digits);
        }
    }
}
