//! The events of the real switch as rows.

use crate::rig::totals::settles;
use crate::rig::wire::{ACQUIRER, Wire, card_number, card_purchase, rig_with, started};

#[test]
fn events_are_exported_while_the_switch_runs() {
    let rig = started(rig_with(10, 10_000, &[]), &[]);
    let mut wire = Wire::signed_on(&rig, &ACQUIRER);
    let bought = wire.ask(&card_purchase(&ACQUIRER, 1, 3_000));
    assert_eq!(bought.code(), "00");
    let too_much = wire.ask(&card_purchase(&ACQUIRER, 1, 20_000));
    assert_eq!(too_much.code(), "51");
    let command = |more: &[&str]| {
        let all = ["export", "--config", "switch.toml"];
        rig.try_run(&[&all, more].concat())
    };
    let always = ["--from", "2026-01-01", "--to", "2999-12-31T23:59:59Z"];
    let csv = command(&[&always[..], &["--format", "csv"]].concat());
    let csv = String::from_utf8(csv.stdout).expect("CSV");
    for (event, count) in [
        ("wallet_provisioned", 10),
        ("held", 1),
        ("approved", 1),
        ("declined", 1),
    ] {
        let rows = csv
            .lines()
            .filter(|row| row.split(',').nth(3) == Some(event));
        assert_eq!(rows.count(), count, "{event} in\n{csv}");
    }
    assert!(!csv.contains(&card_number(1)), "{csv}");
    let lines = command(&[&always[..], &["--format", "jsonl"]].concat()).stdout;
    let lines = String::from_utf8(lines).expect("JSON");
    assert_eq!(lines.lines().count() + 1, csv.lines().count());

    let file = rig.path("events.parquet");
    let out = [
        "--format",
        "parquet",
        "--out",
        file.to_str().expect("a path"),
    ];
    assert!(command(&[&always[..], &out].concat()).status.success());
    let parquet = std::fs::read(&file).expect("a file");
    assert!(parquet.starts_with(b"PAR1") && parquet.ends_with(b"PAR1"));

    for wrong in [
        ["--from", "yesterday", "--to", "2026-11-29"],
        ["--from", "2026-11-29", "--to", "2026-11-29"],
    ] {
        let refused = command(&[&wrong[..], &["--format", "csv"]].concat());
        assert!(!refused.status.success() && refused.stdout.is_empty());
    }
    settles(rig, 100_000);
}
