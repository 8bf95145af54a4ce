//! Which limit a purchase would go beyond, and until when.

use tessera_protocol::leased::{Limits, Spent};
use time::{Month, OffsetDateTime, Time};

/// The limits of a wallet, and what is used of them.
#[derive(Debug, Clone, Copy)]
pub struct Headroom {
    /// The payer's own.
    pub own: Limits,
    /// The operator's.
    pub allowed: Limits,
    /// What was spent.
    pub spent: Spent,
}

/// What is limited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limited {
    /// The amount of one purchase.
    Purchase,
    /// What is spent on a day.
    Day,
    /// What is spent in a month.
    Month,
    /// Purchases on a day.
    DayCount,
    /// Purchases in a month.
    MonthCount,
}

/// A limit that a purchase would go beyond.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reached {
    /// What is limited.
    pub what: Limited,
    /// The limit: minor units, or purchases.
    pub most: u64,
    /// What is used of it.
    pub used: u64,
    /// Whether it is the payer's own, which they can raise.
    pub is_own: bool,
    /// When it begins anew, in milliseconds since 1970; `None` for the limit of a purchase.
    pub ends_at: Option<u64>,
}

/// The first limit that a purchase of this amount would go beyond.
pub fn reached(of: Headroom, amount: u64, now: OffsetDateTime) -> Option<Reached> {
    let Headroom {
        own,
        allowed,
        spent,
    } = of;
    let most = own.stricter(allowed).to_array();
    let (day, month) = (day_ends(now), month_ends(now));
    let rows = [
        (Limited::Purchase, 0, amount, None),
        (Limited::Day, spent.day, amount, day),
        (Limited::Month, spent.month, amount, month),
        (Limited::DayCount, spent.day_count, 1, day),
        (Limited::MonthCount, spent.month_count, 1, month),
    ];
    let limits = own.to_array().into_iter().zip(most);
    let mut found = rows.into_iter().zip(limits);
    found.find_map(|((what, used, more, ends_at), (own, most))| {
        (most > 0 && used.saturating_add(more) > most).then_some(Reached {
            what,
            most,
            used,
            is_own: own == most,
            ends_at,
        })
    })
}

/// The end of the day, in UTC.
pub fn day_ends(now: OffsetDateTime) -> Option<u64> {
    let next = now.date().next_day()?;
    milliseconds(next.with_time(Time::MIDNIGHT).assume_utc())
}

/// The end of the month, in UTC.
pub fn month_ends(now: OffsetDateTime) -> Option<u64> {
    let first = now.date().replace_day(1).ok()?;
    let year = first.year() + i32::from(first.month() == Month::December);
    let next = first.replace_year(year).ok()?;
    let next = next.replace_month(first.month().next()).ok()?;
    milliseconds(next.with_time(Time::MIDNIGHT).assume_utc())
}

fn milliseconds(at: OffsetDateTime) -> Option<u64> {
    u64::try_from(at.unix_timestamp()).ok()?.checked_mul(1_000)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tessera_texts::locale::iso;

    /// The evening of the last day of a year.
    fn evening() -> OffsetDateTime {
        OffsetDateTime::from_unix_timestamp(1_798_751_400).unwrap()
    }

    fn with(own: [u64; 5], allowed: [u64; 5]) -> Headroom {
        Headroom {
            own: Limits::from_array(own),
            allowed: Limits::from_array(allowed),
            spent: Spent {
                day: 4_000,
                month: 30_000,
                day_count: 2,
                month_count: 9,
            },
        }
    }

    #[test]
    fn days_and_months_end_in_utc() {
        assert_eq!(iso(1_798_751_400_000), "2026-12-31T21:10:00Z");
        let midnight = Some(1_798_761_600_000);
        assert_eq!(
            (day_ends(evening()), month_ends(evening())),
            (midnight, midnight)
        );
        let january = OffsetDateTime::from_unix_timestamp(1_798_848_000 + 29 * 86_400).unwrap();
        assert_eq!(iso(month_ends(january).unwrap()), "2027-02-01T00:00:00Z");
    }

    #[test]
    fn finds_the_limit_and_whose_it_is() {
        let none = with([0; 5], [0; 5]);
        assert_eq!(reached(none, u64::MAX, evening()), None);
        let own = with([0, 5_000, 0, 0, 0], [0, 9_000, 0, 0, 0]);
        assert_eq!(reached(own, 1_000, evening()), None, "just fits");
        let found = reached(own, 1_001, evening()).unwrap();
        assert_eq!(
            (found.what, found.most, found.used),
            (Limited::Day, 5_000, 4_000)
        );
        assert!(found.is_own && found.ends_at == day_ends(evening()));
        let theirs = with([0, 0, 90_000, 0, 0], [0, 0, 30_500, 0, 0]);
        let found = reached(theirs, 501, evening()).unwrap();
        assert_eq!((found.what, found.is_own), (Limited::Month, false));
        let purchase = with([800, 0, 0, 2, 0], [0; 5]);
        let found = reached(purchase, 801, evening()).unwrap();
        assert_eq!((found.what, found.ends_at), (Limited::Purchase, None));
        let found = reached(purchase, 1, evening()).unwrap();
        assert_eq!((found.what, found.most), (Limited::DayCount, 2));
        let count = with([0; 5], [0, 0, 0, 0, 9]);
        let found = reached(count, 1, evening()).unwrap();
        assert_eq!((found.what, found.is_own), (Limited::MonthCount, false));
    }
}
