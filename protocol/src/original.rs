//! Field 90: the original that a reversal, completion or refund names.

use crate::bcd;
use crate::institution::Institution;
use crate::mti::Mti;
use crate::stan::Stan;

/// MTI 4, trace number 6, transmission date and time 10, institution 11, forwarding institution 11: 42 digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OriginalData {
    /// Of the original or of its repeat.
    pub mti: Mti,
    /// Field 11 of the original; absent where the digits are zeros.
    pub trace: Option<Stan>,
    /// Field 7 of the original or of any of its repeats, MMDDhhmmss; 0 if absent.
    pub transmission: u32,
    /// Field 32 of the original; absent where the digits are zeros.
    pub institution: Option<Institution>,
    /// Field 33 of the original.
    pub forwarding: Option<Institution>,
}

impl OriginalData {
    /// Bytes of field 90.
    pub const BYTES: usize = 21;

    /// From the body of field 90; `None` where it has another length or a nibble above 9.
    pub fn parse(body: &[u8]) -> Option<Self> {
        let body: &[u8; Self::BYTES] = body.try_into().ok()?;
        if bcd::first_wrong(body, Self::BYTES).is_some() {
            return None;
        }
        // Digits 0-3, 4-9, 10-19 stand on whole bytes; 20-30 end and 31-41 begin within byte 15.
        let front = bcd::number(&body[10..15])?;
        let institution = front * 10 + u64::from(body[15] >> 4);
        let forwarding = u64::from(body[15] & 0xF) * 10_000_000_000 + bcd::number(&body[16..])?;
        Some(Self {
            mti: Mti::new(u16::from_be_bytes([body[0], body[1]]))?,
            trace: Stan::new(bcd::number(&body[2..5])? as u32),
            transmission: bcd::number(&body[5..10])? as u32,
            institution: Institution::new(institution),
            forwarding: Institution::new(forwarding),
        })
    }

    /// The body of field 90.
    pub fn pack(&self) -> [u8; Self::BYTES] {
        let mut body = [0; Self::BYTES];
        body[..2].copy_from_slice(&self.mti.value().to_be_bytes());
        bcd::write(u64::from(Stan::digits(self.trace)), &mut body[2..5]);
        bcd::write(u64::from(self.transmission), &mut body[5..10]);
        let institution = Institution::digits(self.institution);
        bcd::write(institution / 10, &mut body[10..15]);
        bcd::write(Institution::digits(self.forwarding), &mut body[15..]);
        body[15] |= ((institution % 10) as u8) << 4;
        body
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_it_writes() {
        let original = OriginalData {
            mti: Mti::PURCHASE,
            trace: Stan::new(1),
            transmission: 1_122_094_500,
            institution: Institution::new(20_000_000_001),
            forwarding: Institution::new(12_345_678_901),
        };
        let body = original.pack();
        let text: String = body.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(text, "020000000111220945002000000000112345678901");
        assert_eq!(OriginalData::parse(&body), Some(original));
        assert_eq!(OriginalData::parse(&body[1..]), None);
    }
}
