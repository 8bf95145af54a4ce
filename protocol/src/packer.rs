//! Writing a message into the caller's buffer.

use bytes::{BufMut, BytesMut};

use crate::bcd;
use crate::bitmap::Bitmap;
use crate::card::CardNumber;
use crate::fields::{FIELDS, Packing};
use crate::frame::FRAME_BYTES_MAX;
use crate::mac::{MAC_BYTES, MacKey};
use crate::message::Message;
use crate::mti::Mti;

/// Offsets from the frame's first byte: length 2, MTI 2, primary bitmap 8, then the secondary or the fields.
const MTI_AT: usize = 2;
const PRIMARY_AT: usize = 4;
const SECONDARY_AT: usize = 12;
const BITMAP_BYTES: usize = 8;
const SECONDARY_BIT: u64 = 1 << 63;

/// Capacity for any common message of the protocol, so that its fields do not grow the buffer one by one.
const CAPACITY_BYTES: usize = 256;

/// No shorter than most runs of fields that an answer copies.
const RUN_BYTES: usize = 32;

/// One frame in the making, at the end of a buffer that may hold others before it. Fields are added in
/// ascending order; [`Packer::finish`] or [`Packer::seal`] ends it.
///
/// ```
/// use bytes::BytesMut;
/// use tessera_protocol::{MacKey, Mti, Packer};
///
/// let key = MacKey::from_hex("000102030405060708090a0b0c0d0e0f")?;
/// let mut out = BytesMut::new();
/// Packer::new(&mut out, Mti::NETWORK)
///     .number(7, 1_122_094_500)
///     .number(11, 1)
///     .number(70, 1)
///     .seal(&key);
/// assert_eq!(usize::from(u16::from_be_bytes([out[0], out[1]])), out.len() - 2);
/// assert!(key.verify(&out[2..]));
/// # Ok::<(), tessera_protocol::MacKeyError>(())
/// ```
#[derive(Debug)]
pub struct Packer<'b> {
    buffer: &'b mut BytesMut,
    frame_at: usize,
    primary: u64,
    secondary: u64,
    /// The field added last, against mistakes in their order.
    last: u8,
}

impl<'b> Packer<'b> {
    /// Begins a frame.
    #[inline]
    pub fn new(buffer: &'b mut BytesMut, mti: Mti) -> Self {
        let frame_at = buffer.len();
        buffer.reserve(CAPACITY_BYTES);
        let mut head = [0; SECONDARY_AT];
        head[MTI_AT..PRIMARY_AT].copy_from_slice(&mti.value().to_be_bytes());
        buffer.put_slice(&head);
        Self {
            buffer,
            frame_at,
            primary: 0,
            secondary: 0,
            last: 1,
        }
    }

    /// A field of digits, by its value. Digits beyond the field's length are cut off on the left; a field
    /// of varying length gets as many digits as the value has.
    #[inline]
    pub fn number(&mut self, field: u8, value: u64) -> &mut Self {
        match FIELDS[usize::from(field) - 1].packing {
            Packing::NumericUpTo(_) => self.digits_left(field, value, decimal_length(value)),
            Packing::Numeric(digits) => {
                self.announce(field);
                let mut body = [0; 24];
                let body = &mut body[..usize::from(digits.div_ceil(2))];
                bcd::write(value, body);
                if digits % 2 == 1 {
                    body[0] &= 0xF;
                }
                self.buffer.put_slice(body);
                self
            }
            packing => {
                debug_assert!(false, "field {field} is no number but {packing:?}");
                self
            }
        }
    }

    /// A text field. Fixed ones are padded with spaces on the right; what is too long is cut off.
    #[inline]
    pub fn text(&mut self, field: u8, text: &[u8]) -> &mut Self {
        let packing = FIELDS[usize::from(field) - 1].packing;
        let length = text.len().min(packing.length_max());
        self.raw(field, &text[..length]);
        if let Packing::Text(fixed) = packing {
            self.buffer.put_bytes(b' ', usize::from(fixed) - length);
        }
        self
    }

    /// Field 2.
    pub fn card(&mut self, card: &CardNumber) -> &mut Self {
        self.digits_left(2, card.expose(), card.length())
    }

    /// A field by its body in wire packing. The length in front is written here; an odd count of digits cannot be
    /// recognized in a body, so that fields 2, 32 and their like take [`Packer::number`] or [`Packer::digits`] instead.
    #[inline]
    pub fn raw(&mut self, field: u8, body: &[u8]) -> &mut Self {
        self.announce(field);
        let packing = FIELDS[usize::from(field) - 1].packing;
        let length = match packing {
            Packing::NumericUpTo(_) | Packing::TrackUpTo(_) => body.len() * 2,
            _ => body.len(),
        };
        self.length(packing, length);
        self.buffer.put_slice(body);
        self
    }

    /// The field of another message, byte for byte; nothing where that has none.
    #[inline]
    pub fn copy(&mut self, message: &Message<'_>, field: u8) -> &mut Self {
        if let Some(wire) = message.wire(field) {
            self.wire(field, wire);
        }
        self
    }

    /// Those of these fields (2 to 64) that another message has, byte for byte. Fields that stand side by
    /// side there are copied at once.
    pub(crate) fn copy_all(&mut self, message: &Message<'_>, fields: Bitmap) -> &mut Self {
        let present = message.bitmap();
        let mut wanted = present.primary & fields.primary;
        let unwanted = present.primary & !fields.primary & !SECONDARY_BIT;
        debug_assert!(
            wanted.leading_zeros() >= u32::from(self.last),
            "out of order"
        );
        self.primary |= wanted;
        if wanted != 0 {
            self.last = 64 - wanted.trailing_zeros() as u8;
        }
        while wanted != 0 {
            let first = wanted.leading_zeros();
            // The run ends where the next field that is not wanted begins.
            let behind = unwanted & (u64::MAX >> first);
            let end = behind.leading_zeros();
            let (bytes, length) = message.between(first as u8 + 1, end as u8 + 1);
            self.put_run(bytes, length);
            wanted &= u64::MAX.checked_shr(end).unwrap_or(0);
        }
        self
    }

    /// The first `length` of these bytes.
    #[inline]
    fn put_run(&mut self, bytes: &[u8], length: usize) {
        match bytes.first_chunk::<RUN_BYTES>() {
            // A copy of fixed length is a few instructions; what is too much of it is cut off again.
            Some(chunk) if length <= RUN_BYTES => {
                let end = self.buffer.len() + length;
                self.buffer.put_slice(chunk);
                self.buffer.truncate(end);
            }
            _ => self.buffer.put_slice(&bytes[..length]),
        }
    }

    /// A field as it stands on the wire, its length included.
    pub(crate) fn wire(&mut self, field: u8, wire: &[u8]) -> &mut Self {
        self.announce(field);
        self.buffer.put_slice(wire);
        self
    }

    /// A field of digits, of a signed amount (`C` or `D` in front) or of track 2 (`=` allowed), by its text.
    pub fn digits(&mut self, field: u8, text: &str) -> &mut Self {
        self.announce(field);
        let packing = FIELDS[usize::from(field) - 1].packing;
        let mut nibbles = text.as_bytes();
        self.length(packing, nibbles.len());
        if let (Packing::Signed(_), Some((sign, rest))) = (packing, nibbles.split_first()) {
            self.buffer.put_u8(*sign);
            nibbles = rest;
        }
        if let (Packing::Numeric(_), 1, Some((first, rest))) =
            (packing, nibbles.len() % 2, nibbles.split_first())
        {
            self.buffer.put_u8(nibble(*first));
            nibbles = rest;
        }
        for pair in nibbles.chunks(2) {
            let low = pair.get(1).map_or(0, |&character| nibble(character));
            self.buffer.put_u8(nibble(pair[0]) << 4 | low);
        }
        self
    }

    /// Ends the frame without a MAC.
    #[inline]
    pub fn finish(&mut self) {
        let has_secondary = self.has_secondary();
        let frame = &mut self.buffer[self.frame_at..];
        debug_assert!(
            frame.len() - MTI_AT <= FRAME_BYTES_MAX,
            "longer than a frame"
        );
        let length = (frame.len() - MTI_AT) as u16;
        frame[..MTI_AT].copy_from_slice(&length.to_be_bytes());
        frame[PRIMARY_AT..SECONDARY_AT].copy_from_slice(&self.primary.to_be_bytes());
        if has_secondary {
            frame[SECONDARY_AT..SECONDARY_AT + BITMAP_BYTES]
                .copy_from_slice(&self.secondary.to_be_bytes());
        }
    }

    /// Ends the frame with its MAC: field 128 where there is a secondary bitmap, field 64 otherwise.
    pub fn seal(&mut self, key: &MacKey) {
        self.announce(if self.has_secondary() { 128 } else { 64 });
        self.buffer.put_bytes(0, MAC_BYTES);
        self.finish();
        let frame = &mut self.buffer[self.frame_at + MTI_AT..];
        let (covered, mac) = frame.split_at_mut(frame.len() - MAC_BYTES);
        mac.copy_from_slice(&key.mac(covered));
    }

    /// [`Packer::seal`] with a key, [`Packer::finish`] without.
    pub fn close(&mut self, key: Option<&MacKey>) {
        match key {
            Some(key) => self.seal(key),
            None => self.finish(),
        }
    }

    fn has_secondary(&self) -> bool {
        self.primary & SECONDARY_BIT != 0
    }

    #[inline]
    fn announce(&mut self, field: u8) {
        debug_assert!(
            field > self.last && field <= 128,
            "field {field} after {}",
            self.last
        );
        self.last = field;
        if field <= 64 {
            self.primary |= 1 << (64 - field);
            return;
        }
        if !self.has_secondary() {
            self.open_secondary();
        }
        self.secondary |= 1 << (128 - field);
    }

    /// Inserts the secondary bitmap in front of the fields that were added.
    #[cold]
    fn open_secondary(&mut self) {
        self.primary |= SECONDARY_BIT;
        let body_at = self.frame_at + SECONDARY_AT;
        let end = self.buffer.len();
        self.buffer.put_bytes(0, BITMAP_BYTES);
        self.buffer
            .copy_within(body_at..end, body_at + BITMAP_BYTES);
    }

    #[inline]
    fn length(&mut self, packing: Packing, length: usize) {
        let mut prefix = [0; 2];
        let prefix = &mut prefix[..packing.prefix_bytes()];
        if !prefix.is_empty() {
            bcd::write(length as u64, prefix);
            self.buffer.put_slice(prefix);
        }
    }

    /// `LN`: the digits begin in the first nibble, an odd count leaves a 0 at the end.
    #[inline]
    fn digits_left(&mut self, field: u8, value: u64, count: usize) -> &mut Self {
        self.announce(field);
        let packing = FIELDS[usize::from(field) - 1].packing;
        self.length(packing, count);
        let mut body = [0; 10];
        let body = &mut body[..count.div_ceil(2)];
        match body.split_last_mut() {
            Some((last, whole)) if count % 2 == 1 => {
                bcd::write(value / 10, whole);
                *last = ((value % 10) as u8) << 4;
            }
            _ => bcd::write(value, body),
        }
        self.buffer.put_slice(body);
        self
    }
}

fn decimal_length(value: u64) -> usize {
    value.checked_ilog10().map_or(1, |log| log as usize + 1)
}

fn nibble(character: u8) -> u8 {
    match character {
        b'=' | b'D' => 0xD,
        digit => digit.wrapping_sub(b'0') & 0xF,
    }
}
