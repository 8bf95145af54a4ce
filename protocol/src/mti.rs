//! The message type indicator: four digits that say what a message is.

use std::fmt;

/// Four BCD digits: version, class, function, origin (`0x0200` is a financial request).
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Mti(u16);

impl Mti {
    /// 0100: authorization, or balance inquiry.
    pub const AUTHORIZATION: Self = Self(0x0100);
    /// 0120: advice of an authorization that was decided elsewhere.
    pub const AUTHORIZATION_ADVICE: Self = Self(0x0120);
    /// 0200: purchase, refund or load.
    pub const PURCHASE: Self = Self(0x0200);
    /// 0220: completion advice of an authorization, or advice of a purchase that was decided elsewhere.
    pub const COMPLETION: Self = Self(0x0220);
    /// 0302: card issue, replacement or cancellation at the financial system.
    pub const CARD: Self = Self(0x0302);
    /// 0400: reversal request.
    pub const REVERSAL: Self = Self(0x0400);
    /// 0420: reversal advice.
    pub const REVERSAL_ADVICE: Self = Self(0x0420);
    /// 0500: reconciliation.
    pub const RECONCILIATION: Self = Self(0x0500);
    /// 0520: reconciliation advice.
    pub const RECONCILIATION_ADVICE: Self = Self(0x0520);
    /// 0600: operation of the wallet server, or status inquiry of a party.
    pub const ADMINISTRATIVE: Self = Self(0x0600);
    /// 0620: an event of a wallet that the wallet server watches.
    pub const ADMINISTRATIVE_ADVICE: Self = Self(0x0620);
    /// 0800: network management.
    pub const NETWORK: Self = Self(0x0800);

    /// From BCD; `None` where a nibble is above 9.
    pub const fn new(bcd: u16) -> Option<Self> {
        let above_nine = bcd & ((bcd << 1) | (bcd << 2)) & 0x8888;
        if above_nine == 0 {
            Some(Self(bcd))
        } else {
            None
        }
    }

    /// The four digits as BCD.
    pub const fn value(self) -> u16 {
        self.0
    }

    /// The second digit: 1 authorization, 2 financial, 4 reversal, 5 reconciliation, 8 network.
    pub const fn class(self) -> u8 {
        ((self.0 >> 8) & 0xF) as u8
    }

    /// The MTI of the answer: third digit + 1, last digit 0, so that a repeat is answered like its
    /// original. File messages (03xx) come from the issuer's side, whose origin digit 2 stays. An answer,
    /// which nobody answers, stays what it is.
    pub const fn answer(self) -> Self {
        if self.is_answer() {
            return self;
        }
        let origin = if self.class() == 3 { self.0 & 0x2 } else { 0 };
        Self(((self.0 & 0xFFF0) + 0x10) | origin)
    }

    /// The MTI without its repeat mark: 0201 -> 0200.
    pub const fn original(self) -> Self {
        Self(self.0 & !1)
    }

    /// The MTI with its repeat mark: 0200 -> 0201.
    pub const fn repeat(self) -> Self {
        Self(self.0 | 1)
    }

    /// Whether it is one that ISO 8583:1987 knows: version 0, and a class, a function and an origin that exist. Digits of
    /// something else that are read as an MTI rarely are.
    pub const fn is_plausible(self) -> bool {
        let [class, function, origin] = [self.0 >> 8 & 0xF, self.0 >> 4 & 0xF, self.0 & 0xF];
        self.0 >> 12 == 0 && class >= 1 && class <= 8 && class != 7 && function <= 5 && origin <= 5
    }

    /// Whether the third digit is odd.
    pub const fn is_answer(self) -> bool {
        self.0 & 0x10 != 0
    }

    /// Whether the last digit is odd.
    pub const fn is_repeat(self) -> bool {
        self.0 & 1 != 0
    }

    /// Whether the third digit is 2: an advice, not a request.
    pub const fn is_advice(self) -> bool {
        self.0 & 0xF0 == 0x20
    }
}

impl fmt::Display for Mti {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04x}", self.0)
    }
}

impl fmt::Debug for Mti {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_a_repeat_like_its_original() {
        for (request, answer) in [
            (0x0200, "0210"),
            (0x0201, "0210"),
            (0x0421, "0430"),
            (0x0302, "0312"),
            (0x0303, "0312"),
            (0x0800, "0810"),
            (0x0990, "0990"),
        ] {
            assert_eq!(Mti(request).answer().to_string(), answer);
        }
    }

    #[test]
    fn refuses_nibbles_above_nine() {
        assert_eq!(Mti::new(0x0A00), None);
        assert_eq!(Mti::new(0x000F), None);
        assert_eq!(Mti::new(0x9999), Some(Mti(0x9999)));
    }
}
