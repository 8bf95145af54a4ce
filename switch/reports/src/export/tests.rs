use std::collections::BTreeMap;
use std::path::Path;

use ::parquet::file::reader::{FileReader, SerializedFileReader};
use ::parquet::record::Field;
use tessera_encryption::DataKeys;
use tessera_ledger::Day;

use super::*;
use crate::audit::audit;
use crate::recon;
use crate::testing::{BEGIN, Traffic};

const DAY: u64 = 86_400_000;
const ALL: (Timestamp, Timestamp) = (
    Timestamp::EPOCH,
    Timestamp::from_milliseconds(i64::MAX as u64),
);

fn journal() -> (tempfile::TempDir, DataKeys, Traffic) {
    let folder = tempfile::tempdir().unwrap();
    let keys = Traffic::keys(folder.path());
    let mut traffic = Traffic::new(folder.path(), 16 << 10);
    traffic.sync_every = 16;
    traffic.provision(100);
    for day in 1..=2 {
        traffic.begin_day(Day(20_000 + day));
        traffic.round(100);
        traffic.now = traffic.now.plus(DAY);
    }
    traffic.sync();
    (folder, keys, traffic)
}

fn exported(data: &Path, keys: &DataKeys, span: (Timestamp, Timestamp), format: Format) -> Vec<u8> {
    let mut out = Vec::new();
    export(&Location::in_data(data, keys), span, format, &mut out).unwrap();
    out
}

type Table = Vec<BTreeMap<String, String>>;

/// Rows as texts, without what is empty.
fn csv_rows(bytes: &[u8]) -> Table {
    let mut rows = csv::Reader::from_reader(bytes);
    let rows = rows.deserialize::<BTreeMap<String, String>>();
    rows.map(|row| {
        let mut row = row.unwrap();
        row.retain(|_, value| !value.is_empty());
        row
    })
    .collect()
}

fn jsonl_rows(bytes: &[u8]) -> Table {
    let lines = bytes.split(|byte| *byte == b'\n');
    let lines = lines.filter(|line| !line.is_empty());
    lines
        .map(|line| {
            let row: BTreeMap<String, serde_json::Value> = serde_json::from_slice(line).unwrap();
            let texts = row.into_iter().map(|(name, value)| match value {
                serde_json::Value::String(text) => (name, text),
                other => (name, other.to_string()),
            });
            texts.collect()
        })
        .collect()
}

fn parquet_rows(bytes: Vec<u8>) -> Table {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(&bytes).unwrap();
    let reader = SerializedFileReader::new(file).unwrap();
    let rows = reader.get_row_iter(None).unwrap();
    rows.map(|row| {
        let row = row.unwrap();
        let values = row.get_column_iter().filter_map(|(name, field)| {
            let text = match field {
                Field::Null => return None,
                Field::Str(text) => text.clone(),
                Field::Long(number) => number.to_string(),
                Field::TimestampMillis(at) => {
                    rfc_3339(Timestamp::from_milliseconds(u64::try_from(*at).unwrap()))
                }
                other => panic!("{name}: {other:?}"),
            };
            Some((name.clone(), text))
        });
        values.collect()
    })
    .collect()
}

#[test]
fn all_formats_say_the_same() {
    let (folder, keys, _traffic) = journal();
    let of = |format| exported(folder.path(), &keys, ALL, format);
    let rows = csv_rows(&of(Format::Csv));
    let events = audit(&Location::in_data(folder.path(), &keys))
        .unwrap()
        .events;
    assert_eq!(rows.len() as u64, events);
    assert_eq!(jsonl_rows(&of(Format::Jsonl)), rows);
    assert_eq!(parquet_rows(of(Format::Parquet)), rows);
    let sequences = rows
        .iter()
        .map(|row| row["sequence"].parse::<u64>().unwrap());
    assert!(sequences.eq(1..=events));
}

#[test]
fn rows_come_to_the_totals_of_audit_and_reconciliation() {
    let (folder, keys, _traffic) = journal();
    let rows = csv_rows(&exported(folder.path(), &keys, ALL, Format::Csv));
    let name = |row: &BTreeMap<String, String>| (row["wallet"].clone(), row["reference"].clone());
    let number =
        |row: &BTreeMap<String, String>, column: &str| row[column].parse::<i128>().unwrap();
    let mut asked = BTreeMap::new();
    let (mut loaded, mut debits, mut credits) = (0, (0, 0), (0, 0));
    for row in &rows {
        match row["event"].as_str() {
            "wallet_provisioned" => loaded += number(row, "amount_minor"),
            "held" | "refund_requested" => {
                asked.insert(
                    name(row),
                    (row["event"].clone(), number(row, "amount_minor")),
                );
            }
            "approved" => {
                let (event, amount) = &asked[&name(row)];
                let sum = match event.as_str() {
                    "held" => &mut debits,
                    _ => &mut credits,
                };
                *sum = (sum.0 + 1, sum.1 + amount);
            }
            _ => {}
        }
    }
    let totals = audit(&Location::in_data(folder.path(), &keys)).unwrap();
    assert_eq!(totals.funding, loaded);
    assert_eq!(totals.parties[0].approved, debits);
    assert_eq!(totals.parties[0].refunded, credits);
    let days = [20_001, 20_002].map(|day| {
        let items = recon::items(&Location::in_data(folder.path(), &keys), Day(day), None);
        items.unwrap().totals
    });
    let sum = |of: fn(&tessera_protocol::Totals) -> u64| days.iter().map(of).sum::<u64>();
    assert_eq!(i128::from(sum(|totals| totals.debit_amount)), debits.1);
    assert_eq!(i128::from(sum(|totals| totals.credit_amount)), credits.1);
}

#[test]
fn an_export_has_the_events_of_its_time_and_no_others() {
    let (folder, keys, traffic) = journal();
    let of = |from, to| csv_rows(&exported(folder.path(), &keys, (from, to), Format::Csv));
    let middle = BEGIN.plus(DAY / 2);
    let (before, after) = (of(BEGIN, middle), of(middle, traffic.now));
    assert!(!before.is_empty() && !after.is_empty());
    let whole = of(Timestamp::EPOCH, traffic.now);
    assert_eq!([before, after].concat(), whole);
    assert_eq!(of(traffic.now, traffic.now.plus(1)).len(), 0);
}

#[test]
fn an_export_has_no_card_number() {
    let (folder, keys, _traffic) = journal();
    for format in [Format::Csv, Format::Jsonl] {
        let text = String::from_utf8(exported(folder.path(), &keys, ALL, format)).unwrap();
        for serial in 1..=100 {
            let card = tessera_protocol::CardNumber::development(serial).expose();
            assert!(!text.contains(&card.to_string()), "{serial}");
            let last_four = format!("{:04}", card % 10_000);
            assert!(text.contains(&last_four), "{serial}");
        }
    }
}

#[test]
fn the_documentation_has_all_columns_and_events() {
    let top = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let text = std::fs::read_to_string(top.join("docs/export.md")).unwrap();
    let rows = text.lines().filter_map(|line| {
        let mut cells = line.strip_prefix("| ")?.split(" | ");
        Some((cells.next()?.to_owned(), cells.next()?.to_owned()))
    });
    let documented: Vec<_> = rows.skip(2).collect();
    let columns = COLUMNS.iter();
    let columns = columns.map(|column| (column.name.to_owned(), column.of.name().to_owned()));
    assert_eq!(documented, columns.collect::<Vec<_>>());
    let source = std::fs::read_to_string(top.join("switch/reports/src/export/kinds.rs")).unwrap();
    let kinds = source.lines().filter_map(|line| line.split('"').nth(1));
    let (_, events) = text.split_once("## Events").unwrap();
    let mut count = 0;
    for kind in kinds {
        assert!(events.contains(&format!("`{kind}`")), "{kind}");
        count += 1;
    }
    assert_eq!(events.matches('`').count(), 2 * count);
}
