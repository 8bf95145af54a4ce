//! What stands in one tag and has parts: values with a comma between them, the last of which may hold commas itself.

mod history;
mod language;
mod limits;
mod listed;
mod preferences;
mod words;

use std::str::FromStr;

pub use history::{HistoryRow, RequestRow};
pub use language::LanguageCode;
pub use limits::{LIMITS, Limits, Spent};
pub use listed::{BrowserRow, NumberRow, PasskeyRow, ReloadRow, SessionRow, SourceRow};
pub use preferences::NotificationPreferences;
pub use words::{EventKind, NumberState, NumberUse, Purpose, SessionKind, SourceKind};

/// A row that the other side did not write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no {0}")]
pub struct RowError(pub &'static str);

pub(super) fn parts<'a, const COUNT: usize>(
    row: &'a str,
    what: &'static str,
) -> Result<[&'a str; COUNT], RowError> {
    let mut parts = row.splitn(COUNT, ',');
    let mut found = [""; COUNT];
    for place in &mut found {
        *place = parts.next().ok_or(RowError(what))?;
    }
    Ok(found)
}

pub(super) fn parse<T: FromStr>(text: &str, what: &'static str) -> Result<T, RowError> {
    text.parse().map_err(|_| RowError(what))
}

pub(super) fn numbers<const COUNT: usize>(
    row: &str,
    what: &'static str,
) -> Result<[u64; COUNT], RowError> {
    let parts = parts::<COUNT>(row, what)?;
    let mut numbers = [0; COUNT];
    for (number, part) in numbers.iter_mut().zip(parts) {
        *number = parse(part, what)?;
    }
    Ok(numbers)
}

#[cfg(test)]
mod tests {
    use std::fmt;

    use super::*;

    fn reads_what_it_writes<T>(row: &T)
    where
        T: fmt::Display + FromStr<Err = RowError> + PartialEq + fmt::Debug,
    {
        assert_eq!(row.to_string().parse().as_ref(), Ok(row), "{row}");
    }

    #[test]
    fn every_row_is_read_as_it_was_written() {
        reads_what_it_writes(&HistoryRow {
            at: 1_795_000_000_000,
            kind: EventKind::Held,
            reference: "0ABCDEFGHIJK".into(),
            original: String::new(),
            amount: 1999,
            available: 5000,
            held: 0,
            code: String::new(),
            institution: 10_000_000_001,
            acceptor: "MALL-0001".into(),
            card: "0017".into(),
            order: "00112233445566ff".into(),
            text: "2 cups, one saucer".into(),
            request: None,
        });
        reads_what_it_writes(&RequestRow {
            purpose: Purpose::Refund,
            retrieval: "RRN000000042".into(),
            place: "LANTERN STORE        SEOUL        KR".into(),
            reason: "more than what is left, of the purchase".into(),
        });
        reads_what_it_writes(&Limits::from_array([1, 2, 3, 4, 5]));
        reads_what_it_writes(&Spent {
            day: 1,
            month: 2,
            day_count: 3,
            month_count: 4,
        });
        reads_what_it_writes(&SourceRow {
            number: 1,
            kind: SourceKind::Account,
            shown: "DE89 **** 3000".into(),
        });
        reads_what_it_writes(&ReloadRow {
            source: 1,
            threshold: 2000,
            amount: 5000,
        });
        reads_what_it_writes(&SessionRow {
            number: 7,
            kind: SessionKind::Extension,
            opened_at: 1,
            used_at: 2,
            current: true,
            device: "Firefox, on a phone".into(),
        });
        reads_what_it_writes(&PasskeyRow {
            number: 8,
            added_at: 1,
            used_at: 2,
            synced: true,
            name: "Chrome, at work".into(),
        });
        reads_what_it_writes(&BrowserRow {
            number: 9,
            added_at: 1,
            digest: [0xAB; 32],
            name: "Firefox, on a phone".into(),
        });
        reads_what_it_writes(&NumberRow {
            number: 3,
            usage: NumberUse::Mall,
            state: NumberState::Live,
            last_four: "0017".into(),
            expiry: "3112".into(),
            limit: 0,
            acceptor: String::new(),
        });
        reads_what_it_writes(&NotificationPreferences::DEFAULT);
        reads_what_it_writes(&LanguageCode::from_letters(*b"de").unwrap());
    }

    #[test]
    fn a_browser_has_another_digest_in_each_wallet() {
        let digest = |wallet| -> String {
            let digest = BrowserRow::digest(wallet, "https://push.example/1");
            digest.iter().map(|byte| format!("{byte:02x}")).collect()
        };
        // Of Python's `hashlib`; the script of the page makes the same.
        let expected = "72a5cafdf9c7a8ea3452561691f742895d8f0172cfb5f5ce03d91bcb0a678394";
        assert_eq!(digest(4711), expected);
        assert_ne!(digest(4712), expected);
    }

    #[test]
    fn what_is_no_row_is_an_error() {
        assert!("".parse::<HistoryRow>().is_err());
        assert!("1,held".parse::<HistoryRow>().is_err());
        assert!("gift,R,,".parse::<RequestRow>().is_err());
        assert!("refund,R".parse::<RequestRow>().is_err());
        assert!("1,2,3,4".parse::<Limits>().is_err());
        assert!("1,2,3,4,x".parse::<Limits>().is_err());
        assert!("x".parse::<NotificationPreferences>().is_err());
        for wrong in ["", "d", "deu", "DE", "d1", "\u{e4}"] {
            assert!(wrong.parse::<LanguageCode>().is_err(), "{wrong}");
        }
        assert!("1,card".parse::<SourceRow>().is_err());
        for digest in [
            "",
            "ab",
            &"ab".repeat(33),
            &"AB".repeat(32),
            &"é".repeat(32),
        ] {
            assert!(
                format!("9,1,{digest},Firefox")
                    .parse::<BrowserRow>()
                    .is_err()
            );
        }
    }

    #[test]
    fn the_stricter_limit_counts() {
        let allowed = Limits::from_array([100, 0, 500, 0, 9]);
        let own = Limits::from_array([200, 50, 0, 0, 3]);
        let both = Limits::from_array([100, 50, 500, 0, 3]);
        assert_eq!(allowed.stricter(own), both);
    }
}
