//! The node that serves is lost, and another one goes on with the same accounts at another address.

use std::rc::Rc;
use std::time::Duration;

use super::fake_switch::{FakeSwitch, Life, Manners, Standby};
use super::options;
use crate::load::{Live, Options, Report, run};

/// Answers before the loss, and after it.
const ENOUGH: u64 = 2_000;

const SILENCE: Duration = Duration::from_millis(400);

fn fail_over(life: Life) -> (Report, FakeSwitch) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let local = tokio::task::LocalSet::new();
    local.block_on(&runtime, async {
        let first = FakeSwitch::start(Manners::default()).await;
        let standby = Standby::bind();
        // The standby is the first of the list: it is passed over.
        let both = format!("{},{}", standby.address(), first.address());
        let options = Options {
            target: both.parse().unwrap(),
            silence: SILENCE,
            ..options(&first)
        };
        let live = Rc::new(Live::default());
        let watched = Rc::clone(&live);
        let course = async {
            answered(&watched, ENOUGH).await;
            first.lose(life);
            until(|| watched.statistics.borrow().connected == 0).await;
            let second = first.take_over(standby);
            let before = watched.statistics.borrow().answered_total();
            answered(&watched, before + ENOUGH).await;
            watched.stop();
            second
        };
        let (report, second) = tokio::join!(run(options, live), course);
        (report.unwrap(), second)
    })
}

async fn answered(live: &Live, count: u64) {
    until(|| live.statistics.borrow().answered_total() >= count).await;
}

async fn until(condition: impl Fn() -> bool) {
    while !condition() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

fn is_right(report: &Report, switch: &FakeSwitch) {
    assert!(report.clean(), "{report}");
    assert_eq!(report.lost_connections, 4, "{report}");
    assert!(report.resent > 0, "{report}");
    assert_eq!(report.net_approved, switch.spent(), "{report}");
    let said = format!("4 connections lost, {} requests sent again", report.resent);
    assert!(report.to_string().contains(&said), "{report}");
    let json: serde_json::Value = serde_json::from_str(&report.to_json()).unwrap();
    assert_eq!(json["longest_gap_ms"], report.longest_gap_ms);
}

#[test]
fn goes_on_at_the_address_that_takes_over() {
    let (report, switch) = fail_over(Life::Gone);
    is_right(&report, &switch);
    assert!(report.longest_gap_ms > 0.0, "{report}");
}

#[test]
fn a_node_that_hangs_is_given_up() {
    let (report, switch) = fail_over(Life::Hung);
    is_right(&report, &switch);
    // An answer may have come right before.
    let gap = Duration::from_secs_f64(report.longest_gap_ms / 1_000.0);
    assert!(gap >= SILENCE / 2, "{report}");
}
