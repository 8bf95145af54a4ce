//! Rows as CSV, and where another list differs from them.

use std::collections::BTreeMap;
use std::io::{Read, Write};

use serde::{Deserialize, Serialize};
use tessera_common::bounded::Lines;
use tessera_common::csv::cell;
use tessera_common::text::latin_1;

use super::error::ReconError;

/// One item, as a row of a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    /// Field 15, with its year.
    pub settlement_date: String,
    /// Field 32; `0` for loads and payouts, which no party asked for.
    pub party: String,
    /// `debit`, `debit_reversal`, `credit` or `credit_reversal`.
    pub side: String,
    /// Minor units.
    pub amount: u64,
    /// Field 49.
    pub currency: String,
    /// Field 37 of the request.
    pub reference: String,
    /// Field 11 of the request.
    pub trace: String,
    /// Field 7 of the request.
    pub transmission: String,
    /// Field 41.
    pub terminal: String,
    /// Field 42.
    pub acceptor: String,
    /// Field 37 towards the financial system; of a reversal that of its original.
    pub switch_reference: String,
}

/// The longest line of another list: a row of ours has 200 bytes.
pub(super) const LINE_BYTES_MAX: usize = 64 * 1024;

/// What another list must have for a row of it to be compared; more columns do no harm.
#[derive(Debug, Deserialize)]
struct OtherRow {
    side: String,
    amount: u64,
    reference: String,
    trace: String,
}

/// A row that only one side has, or both with another amount.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// `only ours`, `only theirs`, or `another amount`.
    pub found: &'static str,
    /// The side of an item: debit, credit or a reversal of one.
    pub side: String,
    /// Field 37.
    pub reference: String,
    /// Field 11.
    pub trace: String,
    /// Minor units here; empty where only the other side has it.
    pub ours: Option<u64>,
    /// Minor units there; empty where only we have it.
    pub theirs: Option<u64>,
}

/// Writes rows with a line of titles above them.
///
/// # Errors
/// When it can't be written.
pub fn write<T: Serialize>(rows: &[T], out: impl Write) -> Result<(), ReconError> {
    let mut list = csv::Writer::from_writer(out);
    for row in rows {
        list.serialize(row)?;
    }
    list.flush().map_err(csv::Error::from)?;
    Ok(())
}

/// Where another list of the same date differs: rows are the same that agree in side, fields 37 and 11. It may be in UTF-8 or
/// in ISO 8859-1, and its texts as the parties sent them or as [`write()`] writes them.
///
/// # Errors
/// When it is no list with the columns `side`, `amount`, `reference` and `trace`.
pub fn differences(ours: &[Row], theirs: impl Read) -> Result<Vec<Difference>, ReconError> {
    type Key = (String, String, String);
    let mut both: BTreeMap<Key, [Vec<u64>; 2]> = BTreeMap::new();
    let mut add = |which: usize, key: Key, amount| both.entry(key).or_default()[which].push(amount);
    for row in ours {
        let key = (row.side.clone(), row.reference.clone(), row.trace.clone());
        add(0, key, row.amount);
    }
    let mut theirs = csv::Reader::from_reader(Lines::new(theirs, LINE_BYTES_MAX));
    let titles = text_record(theirs.byte_headers()?.clone());
    for row in theirs.byte_records() {
        let OtherRow {
            side,
            amount,
            reference,
            trace,
        } = text_record(row?).deserialize(Some(&titles))?;
        let reference = cell(reference.trim_end_matches(' '));
        // Six digits, whatever a spreadsheet made of them.
        add(1, (side, reference, format!("{trace:0>6}")), amount);
    }
    let mut differences = Vec::new();
    for ((side, reference, trace), [mut ours, mut theirs]) in both {
        ours.retain(
            |amount| match theirs.iter().position(|other| other == amount) {
                Some(place) => {
                    theirs.swap_remove(place);
                    false
                }
                None => true,
            },
        );
        for place in 0..ours.len().max(theirs.len()) {
            let (ours, theirs) = (ours.get(place).copied(), theirs.get(place).copied());
            differences.push(Difference {
                found: match (ours, theirs) {
                    (Some(_), Some(_)) => "another amount",
                    (Some(_), None) => "only ours",
                    _ => "only theirs",
                },
                side: side.clone(),
                reference: reference.clone(),
                trace: trace.clone(),
                ours,
                theirs,
            });
        }
    }
    Ok(differences)
}

/// A file that is not UTF-8 is read as ISO 8859-1, as on the wire.
pub(super) fn text_record(record: csv::ByteRecord) -> csv::StringRecord {
    csv::StringRecord::from_byte_record(record).unwrap_or_else(|error| {
        let record = error.into_byte_record();
        record.iter().map(latin_1).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(side: &str, reference: &str, trace: &str, amount: u64) -> Row {
        Row {
            settlement_date: "2026-11-23".into(),
            party: "20000000001".into(),
            side: side.into(),
            amount,
            currency: "840".into(),
            reference: reference.into(),
            trace: trace.into(),
            transmission: "1123000000".into(),
            terminal: "TERM0001".into(),
            acceptor: "SHOP-77".into(),
            switch_reference: "0".into(),
        }
    }

    fn found(ours: &[Row], theirs: &str) -> Vec<(&'static str, String, Option<u64>, Option<u64>)> {
        let differences = differences(ours, theirs.as_bytes()).unwrap();
        let facts = differences.into_iter();
        facts
            .map(|one| (one.found, one.trace, one.ours, one.theirs))
            .collect()
    }

    #[test]
    fn a_list_equals_itself() {
        let rows = [
            row("debit", "A", "000001", 100),
            row("debit", "A", "000001", 100),
            row("credit", "B", "000002", 50),
        ];
        let mut list = Vec::new();
        write(&rows, &mut list).unwrap();
        assert_eq!(found(&rows, std::str::from_utf8(&list).unwrap()), []);
    }

    #[test]
    fn a_difference_is_listed_once() {
        let ours = [
            row("debit", "A", "000001", 100),
            row("debit", "B", "000002", 200),
            row("debit", "C", "000003", 300),
            row("debit", "C", "000003", 300),
        ];
        let theirs = "amount,side,more,trace,reference\n100,debit,x,1,A\n201,debit,x,2,B\n\
                      300,debit,x,3,C\n7,credit,x,4,D\n";
        let text = |text: &str| text.to_owned();
        assert_eq!(
            found(&ours, theirs),
            [
                ("only theirs", text("000004"), None, Some(7)),
                ("another amount", text("000002"), Some(200), Some(201)),
                ("only ours", text("000003"), Some(300), None),
            ]
        );
    }

    #[test]
    fn what_parties_send_is_neither_a_formula_nor_lost() {
        let sent = [
            &b"=cmd|' /C x"[..],
            b"-2+3",
            b"@SUM(1)",
            b"\x1b[2J\t\r\n",
            b"K\xe4se,\"\x85",
        ];
        let rows: Vec<_> = sent
            .iter()
            .map(|bytes| row("debit", &cell(&latin_1(bytes)), "000001", 100))
            .collect();
        let mut ours = Vec::new();
        write(&rows, &mut ours).unwrap();
        let ours = String::from_utf8(ours).unwrap();
        assert_eq!(ours.lines().count(), 1 + sent.len());
        for cell in [
            "'=cmd|' /C x",
            "'-2+3",
            "'@SUM(1)",
            "\\x1b[2J\\x09\\x0d\\x0a",
            "\"Käse,\"\"\\x85\"",
        ] {
            assert!(ours.contains(&format!(",{cell},")), "{cell}\n{ours}");
        }
        assert_eq!(found(&rows, &ours), []);
        // The other side's own list, with what the party sent as it stands, in either character set.
        let list = |encode: &dyn Fn(&[u8]) -> Vec<u8>| {
            let mut list = csv::Writer::from_writer(Vec::new());
            list.write_record(["side", "amount", "trace", "reference"])
                .unwrap();
            for bytes in sent {
                list.write_record([&b"debit"[..], b"100", b"1", &encode(bytes)])
                    .unwrap();
            }
            list.into_inner().unwrap()
        };
        for theirs in [
            list(&|bytes| bytes.to_vec()),
            list(&|bytes| latin_1(bytes).into_bytes()),
        ] {
            assert_eq!(differences(&rows, &theirs[..]).unwrap(), []);
        }
    }

    #[test]
    fn a_list_without_end_is_refused() {
        assert!(differences(&[], std::io::repeat(b'a')).is_err());
    }

    #[test]
    fn a_list_that_is_none_says_what_it_lacks() {
        let error = differences(&[], "side,amount,trace\ndebit,1,1\n".as_bytes()).unwrap_err();
        assert!(error.to_string().contains("reference"), "{error}");
    }
}
