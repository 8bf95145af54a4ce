//! Where an answer's fields are. Answers of one kind have the same bitmap and lengths, so the first is read by
//! the protocol crate and the rest by the places learnt from it; anything that does not look exactly like a
//! known one is read in full again.

use tessera_protocol::Message;

use super::model::Stated;

/// How many shapes are remembered; one more takes the place of the oldest.
const LAYOUTS_MAX: usize = 8;

/// MTI and both bitmaps.
const HEAD_MAX: usize = 18;

/// The places of an answer's fields, from the first byte of its MTI; 0 stands for a field that is not there.
#[derive(Debug, Clone, Copy, Default)]
pub struct Layout {
    /// The MTI, as BCD.
    pub mti: u16,
    head: [u8; HEAD_MAX],
    head_length: usize,
    length: usize,
    /// Length prefixes that must be as they were: place and byte.
    prefixes: [(usize, u8); 4],
    trace: usize,
    amount: usize,
    reference: usize,
    terminal: usize,
    acceptor: usize,
    code: usize,
    approval: usize,
    balances: usize,
    /// Whether it carries a card number.
    pub shows_card: bool,
}

impl Layout {
    fn learn(frame: &[u8]) -> Option<Self> {
        let message = Message::parse(frame).ok()?;
        let at = |field: u8| {
            message
                .raw(field)
                .map_or(0, |body| body.as_ptr() as usize - frame.as_ptr() as usize)
        };
        let head_length = if frame.get(2)? & 0x80 == 0 {
            10
        } else {
            HEAD_MAX
        };
        let mut head = [0; HEAD_MAX];
        head[..head_length].copy_from_slice(frame.get(..head_length)?);
        let mut prefixes = [(0, frame[0]); 4];
        let lengths = [
            at(2).wrapping_sub(1),
            at(32).wrapping_sub(1),
            at(54).wrapping_sub(1),
            at(54).wrapping_sub(2),
        ];
        for (prefix, place) in prefixes.iter_mut().zip(lengths) {
            if let Some(&byte) = frame.get(place) {
                *prefix = (place, byte);
            }
        }
        Some(Self {
            mti: message.mti().value(),
            head,
            head_length,
            length: frame.len(),
            prefixes,
            trace: message.number(11).map(|_| at(11))?,
            amount: at(4),
            reference: at(37),
            terminal: at(41),
            acceptor: at(42),
            code: message.raw(39).map(|_| at(39))?,
            approval: at(38),
            balances: if message.raw(54).is_some_and(|body| body.len() == 40) {
                at(54)
            } else {
                0
            },
            shows_card: message.has(2),
        })
    }

    /// Other fields of varying length are known to be absent, or the shape is not kept at all.
    fn fixed(&self) -> bool {
        // Fields 44 to 48 (reason texts) vary freely.
        self.head[2 + 5] & 0b0001_1111 == 0
    }

    #[inline]
    fn fits(&self, frame: &[u8]) -> bool {
        frame.len() == self.length
            && frame[..self.head_length] == self.head[..self.head_length]
            && self
                .prefixes
                .iter()
                .all(|&(place, byte)| frame[place] == byte)
    }

    /// Field 11.
    #[inline]
    pub fn trace(&self, frame: &[u8]) -> u32 {
        frame[self.trace..self.trace + 3]
            .iter()
            .fold(0, |number, byte| {
                number * 100 + u32::from(byte >> 4) * 10 + u32::from(byte & 0xF)
            })
    }

    /// Field 39.
    #[inline]
    pub fn code(&self, frame: &[u8]) -> [u8; 2] {
        [frame[self.code], frame[self.code + 1]]
    }

    /// Field 38.
    #[inline]
    pub fn approval(&self, frame: &[u8]) -> Option<[u8; 6]> {
        optional(frame, self.approval)
    }

    /// Field 4.
    #[inline]
    pub fn amount(&self, frame: &[u8]) -> Option<[u8; 6]> {
        optional(frame, self.amount)
    }

    /// Field 37.
    #[inline]
    pub fn reference(&self, frame: &[u8]) -> Option<[u8; 12]> {
        optional(frame, self.reference)
    }

    /// Fields 41 and 42, which stand side by side.
    #[inline]
    pub fn acceptor(&self, frame: &[u8]) -> Option<[u8; 23]> {
        if self.acceptor != self.terminal + 8 {
            return None;
        }
        optional(frame, self.terminal)
    }

    /// Field 54 of two groups: ledger and available balance in minor units.
    pub fn balances(&self, frame: &[u8]) -> Option<Stated> {
        let body = optional::<40>(frame, self.balances)?;
        let balances = tessera_protocol::Balances::parse(&body)?;
        Some(Stated {
            ledger: balances.ledger()?.value() as i64,
            available: balances.available()?.value() as i64,
        })
    }
}

#[inline]
fn optional<const N: usize>(frame: &[u8], at: usize) -> Option<[u8; N]> {
    if at == 0 {
        return None;
    }
    frame.get(at..at + N)?.try_into().ok()
}

/// The shapes of answers that a connection has seen.
#[derive(Debug, Default)]
pub struct Layouts {
    known: Vec<Layout>,
    oldest: usize,
    /// The last one that is not worth keeping.
    passing: Layout,
}

impl Layouts {
    /// Where the fields of this answer are. `None` where it is no message, or lacks field 11 or 39.
    #[inline]
    pub fn of(&mut self, frame: &[u8]) -> Option<&Layout> {
        match self.known.iter().position(|layout| layout.fits(frame)) {
            Some(place) => Some(&self.known[place]),
            None => self.learn(frame),
        }
    }

    #[cold]
    fn learn(&mut self, frame: &[u8]) -> Option<&Layout> {
        let layout = Layout::learn(frame)?;
        if !layout.fixed() {
            self.passing = layout;
            return Some(&self.passing);
        }
        if self.known.len() < LAYOUTS_MAX {
            self.known.push(layout);
            return self.known.last();
        }
        let place = self.oldest;
        self.oldest = (place + 1) % LAYOUTS_MAX;
        self.known[place] = layout;
        Some(&self.known[place])
    }
}

#[cfg(test)]
mod tests {
    use bytes::BytesMut;
    use tessera_protocol::{Amount, Balances, Currency, Mti, Packer};

    use super::*;

    fn answer(trace: u32, reason: Option<&str>, institution: u64) -> BytesMut {
        let mut frame = BytesMut::new();
        let mut packer = Packer::new(&mut frame, Mti::AUTHORIZATION.answer());
        packer
            .number(4, 1234)
            .number(11, trace.into())
            .number(32, institution)
            .text(37, b"REFERENCE012")
            .text(38, b"A1B2C3")
            .text(39, b"00")
            .text(41, b"TERMINAL")
            .text(42, b"SHOP-77");
        if let Some(reason) = reason {
            packer.text(48, reason.as_bytes());
        }
        let amount = |minor| Amount::new(minor).unwrap();
        packer.text(
            54,
            &Balances::new(amount(900), amount(800), Currency::USD).pack(),
        );
        packer.finish();
        frame
    }

    #[test]
    fn reads_the_second_like_the_first() {
        let mut layouts = Layouts::default();
        for trace in [1, 123_456, 999_999] {
            let frame = answer(trace, None, 20_000_000_001);
            let frame = &frame[2..];
            let layout = layouts.of(frame).unwrap();
            assert_eq!(layout.trace(frame), trace);
            assert_eq!(layout.code(frame), *b"00");
            assert_eq!(layout.approval(frame), Some(*b"A1B2C3"));
            assert_eq!(layout.reference(frame), Some(*b"REFERENCE012"));
            assert_eq!(layout.acceptor(frame), Some(*b"TERMINALSHOP-77        "));
            assert_eq!(
                layout.balances(frame),
                Some(Stated {
                    ledger: 900,
                    available: 800
                })
            );
            assert_eq!(layout.mti, 0x0110);
        }
        assert_eq!(layouts.known.len(), 1);
    }

    #[test]
    fn another_length_is_another_shape() {
        let mut layouts = Layouts::default();
        // Same bitmap, one byte less in field 32, one byte more at the end: the places must not be trusted.
        for institution in [20_000_000_001, 2_000_000_001, 20_001] {
            let frame = answer(7, None, institution);
            let layout = layouts.of(&frame[2..]).unwrap();
            assert_eq!(layout.reference(&frame[2..]), Some(*b"REFERENCE012"));
        }
        let frame = answer(7, Some("09002no"), 20_001);
        let known = layouts.known.len();
        assert_eq!(layouts.of(&frame[2..]).unwrap().trace(&frame[2..]), 7);
        assert_eq!(layouts.known.len(), known);
        assert!(layouts.of(&frame[2..20]).is_none());
    }
}
