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
struct OtherRow {
    side: String,
    amount: u64,
    reference: String,
    trace: String,
}

/// Where a list of the other side has what is compared.
struct Columns {
    side: usize,
    amount: usize,
    reference: usize,
    trace: usize,
}

impl Columns {
    fn of(titles: &csv::StringRecord) -> Result<Self, ReconError> {
        let mut missing = Vec::new();
        let mut find = |wanted: &'static str| {
            let found = titles.iter().position(|title| title.trim() == wanted);
            if found.is_none() {
                missing.push(wanted);
            }
            found.unwrap_or_default()
        };
        let columns = Self {
            side: find("side"),
            amount: find("amount"),
            reference: find("reference"),
            trace: find("trace"),
        };
        if missing.is_empty() {
            return Ok(columns);
        }
        let found: Vec<_> = titles.iter().map(|title| format!("`{title}`")).collect();
        Err(ReconError::Titles {
            missing: missing.join(", "),
            found: found.join(", "),
        })
    }

    /// Row `number`, from 1, the titles aside.
    fn read(&self, record: &csv::StringRecord, number: u64) -> Result<OtherRow, ReconError> {
        let text = |place: usize| record.get(place).unwrap_or_default().trim();
        let wrong = |column, place: usize, what| ReconError::Cell {
            row: number,
            column,
            place: place + 1,
            value: text(place).to_owned(),
            what,
        };
        let side = text(self.side);
        if !["debit", "debit_reversal", "credit", "credit_reversal"].contains(&side) {
            let what = "not debit, debit_reversal, credit or credit_reversal";
            return Err(wrong("side", self.side, what));
        }
        let amount = text(self.amount).parse().map_err(|_| {
            let what = "not an amount in minor units: digits alone, as in 1999 for 19.99";
            wrong("amount", self.amount, what)
        })?;
        let trace = text(self.trace);
        let is_trace =
            (1..=6).contains(&trace.len()) && trace.bytes().all(|it| it.is_ascii_digit());
        if !is_trace {
            return Err(wrong(
                "trace",
                self.trace,
                "not a trace number of one to six digits",
            ));
        }
        Ok(OtherRow {
            side: side.to_owned(),
            amount,
            // A reference may begin with a space.
            reference: record.get(self.reference).unwrap_or_default().to_owned(),
            trace: trace.to_owned(),
        })
    }
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
/// When it is no list with the columns `side`, `amount`, `reference` and `trace`, or a row is wrong.
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
    let columns = Columns::of(&titles)?;
    for (row, number) in theirs.byte_records().zip(1..) {
        let OtherRow {
            side,
            amount,
            reference,
            trace,
        } = columns.read(
            &text_record(row.map_err(|error| of_list(error, number))?),
            number,
        )?;
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

/// An error at row `number` of a list: it has more or fewer columns than titles, or can't be read.
fn of_list(error: csv::Error, number: u64) -> ReconError {
    if let csv::ErrorKind::UnequalLengths {
        expected_len, len, ..
    } = error.kind()
    {
        return ReconError::Length {
            row: number,
            columns: *len,
            titles: *expected_len,
        };
    }
    error.into()
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
        let refused = |list: &str| {
            let error = differences(&[], list.as_bytes()).unwrap_err();
            error.to_string()
        };
        assert_eq!(
            refused("side,amount,trace\ndebit,1,1\n"),
            "the list has no column reference: its titles are `side`, `amount`, `trace`"
        );
        let titles = "side,amount,reference,trace\n";
        for (row, what) in [
            (
                "debit,19.99,A,1",
                "column 2 (amount): `19.99` is not an amount in minor units: digits alone, as in 1999 for 19.99",
            ),
            (
                "debit,-1,A,1",
                "column 2 (amount): `-1` is not an amount in minor units: digits alone, as in 1999 for 19.99",
            ),
            (
                "Debit,1,A,1",
                "column 1 (side): `Debit` is not debit, debit_reversal, credit or credit_reversal",
            ),
            (
                "debit,1,A,",
                "column 4 (trace): `` is not a trace number of one to six digits",
            ),
            (
                "debit,1,A,1234567",
                "column 4 (trace): `1234567` is not a trace number of one to six digits",
            ),
        ] {
            let list = format!("{titles}credit,5,B,2\n{row}\n");
            assert_eq!(refused(&list), format!("row 2 of the list, {what}"));
        }
        assert_eq!(
            refused(&format!("{titles}debit,1,A\n")),
            "row 1 of the list has 3 columns, and there are 4 titles"
        );
    }
}
