//! Field 54: ledger and available balance, in groups of twenty characters.

use arrayvec::ArrayVec;

use crate::amount::Amount;
use crate::currency::Currency;
use crate::replacement::{digits, to_digits};

const GROUP_BYTES: usize = 20;
const GROUPS_MAX: usize = 6;

/// One group: account type 2, amount type 2, currency 3, `C` or `D`, amount 12.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Balance {
    /// Account type, 0 to 99; 0 is the default account.
    pub account: u8,
    /// The balances.
    pub kind: BalanceKind,
    /// In which currency.
    pub currency: Currency,
    /// Whether it is owed (`D`), not owned (`C`).
    pub debit: bool,
    /// How much.
    pub amount: Amount,
}

/// The amount type of a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BalanceKind {
    /// 01.
    Ledger,
    /// 02.
    Available,
    /// 57: what the request asked for, where less is approved.
    Original,
    /// Any other, 0 to 99.
    Other(u8),
}

/// The groups of a field 54, six at most.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Balances(ArrayVec<Balance, GROUPS_MAX>);

impl Balances {
    /// The answer to an inquiry: the ledger balance, and what of it is available.
    pub fn new(ledger: Amount, available: Amount, currency: Currency) -> Self {
        let group = |kind, amount| Balance {
            account: 0,
            kind,
            currency,
            debit: false,
            amount,
        };
        let mut groups = ArrayVec::new();
        groups.push(group(BalanceKind::Ledger, ledger));
        groups.push(group(BalanceKind::Available, available));
        Self(groups)
    }

    /// The answer to a request that is approved in part: what it asked for.
    pub fn of_original(amount: Amount, currency: Currency) -> Self {
        let mut groups = ArrayVec::new();
        groups.push(Balance {
            account: 0,
            kind: BalanceKind::Original,
            currency,
            debit: true,
            amount,
        });
        Self(groups)
    }

    /// From the body of field 54; `None` where it is not whole, well-formed groups.
    pub fn parse(body: &[u8]) -> Option<Self> {
        let (groups, rest) = body.as_chunks::<GROUP_BYTES>();
        if !rest.is_empty() || groups.len() > GROUPS_MAX {
            return None;
        }
        let groups: Option<ArrayVec<_, GROUPS_MAX>> = groups.iter().map(parse_group).collect();
        groups.map(Self)
    }

    /// The body of field 54.
    pub fn pack(&self) -> ArrayVec<u8, { GROUP_BYTES * GROUPS_MAX }> {
        self.0.iter().flat_map(pack_group).collect()
    }

    /// The groups.
    pub fn groups(&self) -> &[Balance] {
        &self.0
    }

    /// The ledger balance, if present and not negative.
    pub fn ledger(&self) -> Option<Amount> {
        self.owned(BalanceKind::Ledger)
    }

    /// The available balance, if present and not negative.
    pub fn available(&self) -> Option<Amount> {
        self.owned(BalanceKind::Available)
    }

    fn owned(&self, kind: BalanceKind) -> Option<Amount> {
        let mut groups = self.0.iter();
        let group = groups.find(|group| group.kind == kind && !group.debit)?;
        Some(group.amount)
    }
}

impl BalanceKind {
    fn of(number: u8) -> Self {
        match number {
            1 => Self::Ledger,
            2 => Self::Available,
            57 => Self::Original,
            other => Self::Other(other),
        }
    }

    /// The two digits on the wire.
    pub fn number(self) -> u8 {
        match self {
            Self::Ledger => 1,
            Self::Available => 2,
            Self::Original => 57,
            Self::Other(other) => other,
        }
    }
}

fn parse_group(group: &[u8; GROUP_BYTES]) -> Option<Balance> {
    Some(Balance {
        account: digits(&group[..2])?.value() as u8,
        kind: BalanceKind::of(digits(&group[2..4])?.value() as u8),
        currency: Currency::from_text(&group[4..7])?,
        debit: match group[7] {
            b'C' => false,
            b'D' => true,
            _ => return None,
        },
        amount: digits(&group[8..])?,
    })
}

fn pack_group(balance: &Balance) -> [u8; GROUP_BYTES] {
    let mut group = [0; GROUP_BYTES];
    group[..2].copy_from_slice(&two_digits(balance.account));
    group[2..4].copy_from_slice(&two_digits(balance.kind.number()));
    group[4..7].copy_from_slice(&balance.currency.to_text());
    group[7] = if balance.debit { b'D' } else { b'C' };
    group[8..].copy_from_slice(&to_digits(balance.amount));
    group
}

fn two_digits(number: u8) -> [u8; 2] {
    [b'0' + number / 10 % 10, b'0' + number % 10]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_it_writes() {
        let body = b"0001840C0000001000000002840C000000090000";
        let amount = |minor| Amount::new(minor).unwrap();
        let balances = Balances::new(amount(100_000), amount(90_000), Currency::USD);
        assert_eq!(&balances.pack()[..], body);
        assert_eq!(Balances::parse(body), Some(balances));
        assert_eq!(Balances::parse(&body[..39]), None);
        assert_eq!(Balances::parse(b"0001840X000000100000"), None);
    }
}
