//! What Prometheus sees.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tessera_console::listing;
use tessera_ledger::{Rule, Verdict};
use tessera_protocol::ResponseCode;

use super::LinkStats;
use super::*;

fn metrics() -> Metrics {
    Metrics::new()
}

/// A metric in which everything has happened once.
fn busy() -> Metrics {
    let metrics = metrics();
    let worker = WorkerMetrics::new(&metrics, 0);
    worker.request(Kind::Purchase);
    worker.answered(
        Kind::Purchase,
        Verdict::APPROVED,
        Duration::from_micros(720),
    );
    worker.answered(
        Kind::Purchase,
        Verdict::with_code(Rule::HostDeclined, ResponseCode::new(*b"Z9")),
        Duration::from_millis(2),
    );
    worker.answered(
        Kind::Purchase,
        Verdict::with_code(Rule::HostDeclined, ResponseCode::new(*b"99")),
        Duration::from_millis(2),
    );
    worker.stage(Stage::Journal, Duration::from_micros(130));
    worker.order_waited(Duration::from_millis(30));
    worker.connected();
    worker.connected();
    worker.connected();
    worker.signed_on();
    metrics.admission.party("Acquirer").connections.set(1);
    worker.disconnected(ConnectionClosed::NoSignOn);
    worker.connection_refused(ConnectionRefused::PartyFull);
    worker.frame_refused(FrameRefused::TooLong);
    metrics.admission.party("Mall \"1\"").mac_failures.inc();
    worker.actor_started();
    worker.queue(Queue::Gate, 17);
    worker.flush();
    metrics.watch_link(0, Arc::new(LinkStats::new(2)));
    metrics.certificate_ends(Certificate::Malls, 1_800_000_000);
    metrics
}

#[test]
fn exports_the_counts_of_a_worker() {
    let text = busy().text();
    for line in [
        "tessera_requests_total{kind=\"purchase\"} 1",
        "tessera_requests_total{kind=\"reversal\"} 0",
        "tessera_answers_total{code=\"00\",kind=\"purchase\"} 1",
        "tessera_answers_total{code=\"other\",kind=\"purchase\"} 2",
        "tessera_declines_total{code=\"05\",reason=\"declined by the financial system\"} 2",
        "tessera_request_duration_seconds_bucket{kind=\"purchase\",le=\"0.00075\"} 1",
        "tessera_request_duration_seconds_count{kind=\"purchase\"} 3",
        "tessera_stage_duration_seconds_count{stage=\"journal\"} 1",
        "tessera_order_wait_seconds_count 1",
        "tessera_connections_accepted_total 3",
        "tessera_connections_not_signed_on 1",
        "tessera_party_connections{party=\"Acquirer\"} 1",
        "tessera_connections_closed_total{reason=\"no_sign_on\"} 1",
        "tessera_connections_refused_total{reason=\"party_full\"} 1",
        "tessera_frames_refused_total{reason=\"too_long\"} 1",
        "tessera_party_mac_failures_total{party=\"Mall \\\"1\\\"\"} 1",
        "tessera_wallet_actors_active 1",
        "tessera_certificate_not_after_timestamp_seconds{line=\"malls\"} 1800000000",
        "tessera_host_line_up{line=\"1\",worker=\"0\"} 0",
        "tessera_store_and_forward_oldest_seconds{worker=\"0\"} 0",
        "tessera_queue_depth{queue=\"gate\",worker=\"0\"} 17",
    ] {
        assert!(
            text.lines().any(|exported| exported == line),
            "{line} in\n{text}"
        );
    }
}

#[test]
fn shows_nothing_before_it_is_flushed_and_nothing_twice() {
    let metrics = metrics();
    let (one, other) = (
        WorkerMetrics::new(&metrics, 0),
        WorkerMetrics::new(&metrics, 1),
    );
    one.connected();
    other.connected();
    other.connected();
    assert_eq!(metrics.admission.not_signed_on.get(), 0);
    one.flush();
    other.flush();
    one.flush();
    assert_eq!(metrics.admission.not_signed_on.get(), 3);
    other.signed_on();
    other.flush();
    assert_eq!(metrics.admission.not_signed_on.get(), 2);
}

#[test]
fn asks_for_fresh_figures_before_each_reading() {
    let metrics = metrics();
    metrics.before_reading(|metrics| metrics.journal.gathered.set(42));
    assert!(
        metrics
            .text()
            .contains("\ntessera_journal_gathered_bytes 42\n")
    );
    let resident = metrics.text();
    let resident = resident
        .lines()
        .find_map(|line| line.strip_prefix("process_resident_memory_bytes "));
    assert!(resident.unwrap().parse::<f64>().unwrap() > 1e5);
}

#[test]
fn adds_up_the_lines_of_all_workers() {
    let metrics = metrics();
    let links = [0, 1].map(|worker| {
        let stats = Arc::new(LinkStats::new(1));
        metrics.watch_link(worker, Arc::clone(&stats));
        stats
    });
    links[0].answered.set(5);
    links[1].answered.set(7);
    links[1].in_flight.set(3);
    assert!(
        metrics
            .text()
            .contains("\ntessera_host_outcomes_total{outcome=\"answered\"} 12\n")
    );
    links[0].answered.set(6);
    links[0].late.set(1);
    let text = metrics.text();
    assert!(text.contains("\ntessera_host_outcomes_total{outcome=\"answered\"} 13\n"));
    assert!(text.contains("\ntessera_host_answers_unmatched_total{reason=\"late\"} 1\n"));
    assert!(text.contains("\ntessera_host_requests_in_flight{worker=\"0\"} 0\n"));
    assert!(text.contains("\ntessera_host_requests_in_flight{worker=\"1\"} 3\n"));
}

/// The rules of `promtool check metrics`.
#[test]
fn keeps_the_conventions_of_prometheus() {
    let text = busy().text();
    let mut types = HashMap::new();
    let mut helped = Vec::new();
    for line in text.lines() {
        if let Some(help) = line.strip_prefix("# HELP ") {
            let (name, help) = help.split_once(' ').unwrap();
            assert!(help.ends_with('.') && help.len() > 10, "{line}");
            helped.push(name);
        } else if let Some(kind) = line.strip_prefix("# TYPE ") {
            let (name, kind) = kind.split_once(' ').unwrap();
            assert!(types.insert(name, kind).is_none(), "{name} twice");
        } else {
            let name = line.split(['{', ' ']).next().unwrap();
            let family = ["_bucket", "_sum", "_count"]
                .iter()
                .find_map(|end| {
                    name.strip_suffix(end)
                        .filter(|name| types.contains_key(name))
                })
                .unwrap_or(name);
            assert!(types.contains_key(family), "{line}");
        }
    }
    assert_eq!(types.len(), helped.len());
    assert!(types.len() >= 43, "{} families", types.len());
    for (name, kind) in types {
        assert!(
            name.starts_with("tessera_") || name.starts_with("process_"),
            "{name}"
        );
        assert!(
            name.bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte == b'_'),
            "{name}"
        );
        assert_eq!(
            name.ends_with("_total"),
            kind == "counter",
            "{name} is a {kind}"
        );
        assert!(
            !name.contains("milli") && !name.contains("micro") && !name.ends_with("_count"),
            "{name}"
        );
        if kind == "histogram" {
            let unit = name.rsplit('_').next().unwrap();
            assert!(["seconds", "bytes", "records"].contains(&unit), "{name}");
        }
    }
}

/// The rules for Prometheus and the dashboards are compared with this document, so they name what is exported.
#[test]
fn the_document_lists_every_metric() {
    // Another test may have run on this thread.
    register::KNOWN.with_borrow_mut(Vec::clear);
    metrics().cluster();
    let rows = register::KNOWN.with_borrow(|known| listing::table(known));
    assert!(rows.lines().count() > 60, "{rows}");
    let document = include_str!("../../../docs/metrics.md");
    let listed = listing::section(document, "The switch");
    assert_eq!(listed, rows, "docs/metrics.md: these are the rows\n{rows}");
}

/// An alert looks at its increase.
#[test]
fn answers_96_are_counted_from_zero() {
    let metrics = metrics();
    let _worker = WorkerMetrics::new(&metrics, 0);
    let text = metrics.text();
    assert!(text.contains("\ntessera_answers_total{code=\"96\",kind=\"purchase\"} 0\n"));
    assert!(!text.contains("tessera_answers_total{code=\"00\""));
}

#[test]
fn a_disk_that_cannot_be_measured_has_no_figure() {
    let metrics = metrics();
    let space = Space {
        free: 5_000,
        size: 9_000,
    };
    metrics.disk.has(Folder::Archive, None);
    metrics.disk.has(Folder::Data, Some(space));
    let text = metrics.text();
    assert!(text.contains("\ntessera_disk_free_bytes{folder=\"data\"} 5000\n"));
    assert!(text.contains("\ntessera_disk_size_bytes{folder=\"data\"} 9000\n"));
    metrics.disk.has(Folder::Data, None);
    assert!(!metrics.text().contains("tessera_disk_"));
}

#[test]
fn every_label_value_has_a_name_of_its_own_and_its_place() {
    fn check<L: Label>() {
        let mut names: Vec<_> = L::ALL.iter().map(|value| value.name()).collect();
        assert!(
            L::ALL
                .iter()
                .enumerate()
                .all(|(place, value)| value.index() == place)
        );
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), L::ALL.len());
    }
    check::<Kind>();
    check::<Stage>();
    check::<Queue>();
    check::<FrameRefused>();
    check::<ConnectionRefused>();
    check::<ConnectionClosed>();
    check::<Reloaded>();
    check::<Certificate>();
    check::<Folder>();
    check::<LinkOutcome>();
    check::<UnmatchedAnswer>();
}
