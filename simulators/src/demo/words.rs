//! Figures, times and outcomes as people read them. The load asks in US dollars.

use tessera_protocol::{Currency, ResponseCode, money_text, plain_amount};

use crate::load::words::separated;
pub use crate::load::words::{clock, count};

/// An amount without its currency, for a column that names it: `-1,234.56`.
pub fn amount(minor: i64) -> String {
    separated(&plain_amount(minor, Currency::USD))
}

/// An amount: `-1,234.56 USD`.
pub fn money(minor: i64) -> String {
    separated(&money_text(minor, Currency::USD))
}

/// Bytes of memory or of a disk: `38 MiB`, `1.5 GiB`.
pub fn size(bytes: u64) -> String {
    let mebibytes = bytes as f64 / 1_048_576.0;
    match mebibytes {
        0.0..1_000.0 => format!("{mebibytes:.0} MiB"),
        _ => format!("{:.1} GiB", mebibytes / 1_024.0),
    }
}

/// The longest text of [`outcome`].
#[cfg(test)]
pub const OUTCOME: usize = 17;

/// What a response code means, in less words than the protocol has.
pub fn outcome(code: [u8; 2]) -> &'static str {
    match &code {
        b"03" => "unknown acceptor",
        b"05" => "declined by host",
        b"12" => "invalid request",
        b"25" => "no such order",
        b"54" => "expired",
        b"57" | b"58" => "not permitted",
        b"61" | b"65" => "above a limit",
        b"63" => "MAC violation",
        b"68" => "too late",
        b"91" => "host unreachable",
        b"94" => "duplicate",
        b"96" => "switch fault",
        _ => ResponseCode::new(code).meaning().unwrap_or("unknown code"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_has_separators_and_its_currency() {
        assert_eq!(money(5), "0.05 USD");
        assert_eq!(money(-123_456), "-1,234.56 USD");
        assert_eq!(amount(-12_345), "-123.45");
        assert_eq!(amount(10_000_000_000), "100,000,000.00");
    }

    #[test]
    fn sizes_have_a_unit() {
        assert_eq!(size(38 << 20), "38 MiB");
        assert_eq!(size(3 << 29), "1.5 GiB");
    }

    #[test]
    fn every_outcome_fits_into_its_column() {
        let mut known = 0;
        for code in 0..100 {
            let digits = format!("{code:02}");
            let code: [u8; 2] = digits.as_bytes().try_into().unwrap();
            let words = outcome(code);
            assert!(words.len() <= OUTCOME, "{digits}: {words}");
            let is_known = ResponseCode::new(code).meaning().is_some();
            assert_eq!(is_known, words != "unknown code", "{digits}");
            known += usize::from(is_known);
        }
        assert!(known >= 20, "{known} codes");
    }
}
