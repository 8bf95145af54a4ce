//! What may be spent, and what was.

use std::fmt;
use std::str::FromStr;

use super::{RowError, numbers};

/// How many limits there are.
pub const LIMITS: usize = 5;

/// Limits of spending: `transaction,day,month,day count,month count`, 0 for none. Amounts in minor units; days and
/// months are those of UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Limits {
    /// Of one purchase.
    pub transaction: u64,
    /// Of all purchases of a day.
    pub day: u64,
    /// Of all purchases of a month.
    pub month: u64,
    /// How many purchases a day.
    pub day_count: u64,
    /// How many purchases a month.
    pub month_count: u64,
}

impl Limits {
    /// In the order in which they are written.
    pub fn to_array(self) -> [u64; LIMITS] {
        [
            self.transaction,
            self.day,
            self.month,
            self.day_count,
            self.month_count,
        ]
    }

    /// From the order in which they are written.
    pub fn from_array([transaction, day, month, day_count, month_count]: [u64; LIMITS]) -> Self {
        Self {
            transaction,
            day,
            month,
            day_count,
            month_count,
        }
    }

    /// Whether none of these is wider than the other's; where nothing is said, the other's stands.
    pub fn is_within(self, other: Self) -> bool {
        let mut pairs = self.to_array().into_iter().zip(other.to_array());
        pairs.all(|(own, other)| own == 0 || other == 0 || own <= other)
    }

    /// The stricter of both, limit by limit.
    pub fn stricter(self, other: Self) -> Self {
        let (one, other) = (self.to_array(), other.to_array());
        Self::from_array(std::array::from_fn(|place| {
            match (one[place], other[place]) {
                (0, limit) | (limit, 0) => limit,
                (one, other) => one.min(other),
            }
        }))
    }
}

impl fmt::Display for Limits {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, e] = self.to_array();
        write!(formatter, "{a},{b},{c},{d},{e}")
    }
}

impl FromStr for Limits {
    type Err = RowError;

    fn from_str(row: &str) -> Result<Self, RowError> {
        numbers(row, "limits").map(Self::from_array)
    }
}

/// What was spent: `day,month,day count,month count`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Spent {
    /// Today, in minor units.
    pub day: u64,
    /// This month, in minor units.
    pub month: u64,
    /// Purchases today.
    pub day_count: u64,
    /// Purchases this month.
    pub month_count: u64,
}

impl fmt::Display for Spent {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            day,
            month,
            day_count,
            month_count,
        } = self;
        write!(formatter, "{day},{month},{day_count},{month_count}")
    }
}

impl FromStr for Spent {
    type Err = RowError;

    fn from_str(row: &str) -> Result<Self, RowError> {
        let [day, month, day_count, month_count] = numbers(row, "spent amounts")?;
        Ok(Self {
            day,
            month,
            day_count,
            month_count,
        })
    }
}
