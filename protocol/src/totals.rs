//! The totals of a reconciliation: fields 74-77, 86-89 and 97.

use crate::bcd;
use crate::message::Message;
use crate::packer::Packer;

/// Counts, and amounts in minor units of sixteen digits. Debits are purchases, credits are refunds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Totals {
    /// Field 74.
    pub credits: u64,
    /// Field 75.
    pub credit_reversals: u64,
    /// Field 76.
    pub debits: u64,
    /// Field 77.
    pub debit_reversals: u64,
    /// Field 86.
    pub credit_amount: u64,
    /// Field 87.
    pub credit_reversal_amount: u64,
    /// Field 88.
    pub debit_amount: u64,
    /// Field 89.
    pub debit_reversal_amount: u64,
    /// Field 97: what is left of all that; below zero where debits outweigh (`D` on the wire).
    pub net: i64,
}

impl Totals {
    /// Reads the fields; the number of the first that is missing or wrong otherwise.
    pub fn read(message: &Message<'_>) -> Result<Self, u8> {
        let number = |field: u8| message.number(field).ok_or(field);
        Ok(Self {
            credits: number(74)?,
            credit_reversals: number(75)?,
            debits: number(76)?,
            debit_reversals: number(77)?,
            credit_amount: number(86)?,
            credit_reversal_amount: number(87)?,
            debit_amount: number(88)?,
            debit_reversal_amount: number(89)?,
            net: message.raw(97).and_then(parse_signed).ok_or(97)?,
        })
    }

    /// The net amount that the others make: credits less their reversals, less debits less theirs.
    pub fn net_of_amounts(&self) -> i64 {
        let signed = |amount: u64| i64::try_from(amount).unwrap_or(i64::MAX);
        let credits =
            signed(self.credit_amount).saturating_sub(signed(self.credit_reversal_amount));
        let debits = signed(self.debit_amount).saturating_sub(signed(self.debit_reversal_amount));
        credits.saturating_sub(debits)
    }

    /// Adds others to these, but for the net amount.
    pub fn add(&mut self, more: &Self) {
        for (sum, more) in [
            (&mut self.credits, more.credits),
            (&mut self.credit_reversals, more.credit_reversals),
            (&mut self.debits, more.debits),
            (&mut self.debit_reversals, more.debit_reversals),
            (&mut self.credit_amount, more.credit_amount),
            (
                &mut self.credit_reversal_amount,
                more.credit_reversal_amount,
            ),
            (&mut self.debit_amount, more.debit_amount),
            (&mut self.debit_reversal_amount, more.debit_reversal_amount),
        ] {
            *sum = sum.saturating_add(more);
        }
    }

    /// Adds the fields to a message that carries no field 90.
    pub fn pack(&self, packer: &mut Packer<'_>) {
        self.pack_before_90(packer);
        self.pack_net(packer);
    }

    pub(crate) fn pack_before_90(&self, packer: &mut Packer<'_>) {
        packer
            .number(74, self.credits)
            .number(75, self.credit_reversals)
            .number(76, self.debits)
            .number(77, self.debit_reversals)
            .number(86, self.credit_amount)
            .number(87, self.credit_reversal_amount)
            .number(88, self.debit_amount)
            .number(89, self.debit_reversal_amount);
    }

    pub(crate) fn pack_net(&self, packer: &mut Packer<'_>) {
        packer.raw(97, &pack_signed(self.net));
    }
}

/// `A 17`: `C` or `D`, then sixteen digits.
fn parse_signed(body: &[u8]) -> Option<i64> {
    let (sign, digits) = body.split_first()?;
    let amount = i64::try_from(bcd::number(digits)?).ok()?;
    match sign {
        b'C' => Some(amount),
        b'D' => Some(-amount),
        _ => None,
    }
}

fn pack_signed(net: i64) -> [u8; 9] {
    let mut body = [if net < 0 { b'D' } else { b'C' }; 9];
    bcd::write(net.unsigned_abs(), &mut body[1..]);
    body
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn net_amounts_carry_their_sign() {
        for net in [0, 1, -1, 417_500, -417_500] {
            assert_eq!(parse_signed(&pack_signed(net)), Some(net));
        }
        assert_eq!(pack_signed(-417_500), *b"D\x00\x00\x00\x00\x00\x41\x75\x00");
        assert_eq!(parse_signed(b"X\x00\x00\x00\x00\x00\x41\x75\x00"), None);
    }

    #[test]
    fn debits_weigh_against_credits() {
        let totals = Totals {
            credit_amount: 500,
            debit_amount: 420_000,
            debit_reversal_amount: 2_000,
            ..Totals::default()
        };
        assert_eq!(totals.net_of_amounts(), -417_500);
    }
}
