//! The switch's ledger against that of the financial system.

use tessera_ledger::Day;
use tessera_protocol::{Currency, money_text};

use super::{Rig, http_get, wait_for};

/// Nothing is open any more, and the totals are those of the host.
pub fn settles_with_the_host(rig: Rig) {
    settles(rig, 0);
}

/// The same of a switch in which so much was provisioned, which the host knows nothing of.
pub fn settles(mut rig: Rig, provisioned: i64) {
    sums_agree(&rig, provisioned);
    agrees_with_the_host(&rig);
    assert_eq!(rig.stop_switch(), Some(0));
}

/// Nothing is open any more, and the host has the same sums over all dates.
pub fn sums_agree(rig: &Rig, provisioned: i64) {
    let audit = acknowledged_by_the_host(rig);
    let tally = http_get(rig.addresses.tally, "/tally");
    let (_, tally) = tally.split_once("\r\n\r\n").expect("a body");
    let tally: serde_json::Value = serde_json::from_str(tally).expect("JSON");
    let sum = |name: &str| tally[name]["amount"].as_i64().expect("a sum");
    let loaded = sum("loads") - sum("loads_reversed") - sum("payouts") + sum("payouts_reversed");
    let loaded = loaded + provisioned;
    assert_eq!(figure(&audit, "loaded"), loaded, "{audit}{tally}");
    let payable = sum("approved") + sum("completed") - sum("purchases_reversed") - sum("refunded")
        + sum("refunds_reversed");
    assert_eq!(figure(&audit, "party"), payable, "{audit}{tally}");
}

/// What the audit says once the host has acknowledged all advices.
pub fn acknowledged_by_the_host(rig: &Rig) -> String {
    let mut audit = String::new();
    wait_for("all advices to be acknowledged", || {
        let output = rig.run(&["audit", "--config", "switch.toml"]);
        audit = String::from_utf8_lossy(&output.stdout).into_owned();
        figure(&audit, "open at host") == 0 && figure(&audit, "advices open") == 0
    });
    audit
}

/// The date that is open ends, and of all that are over the host has the same totals: it says so, and they are.
pub fn agrees_with_the_host(rig: &Rig) {
    let before = today(rig);
    begin_day(rig);
    wait_for("the next date", || today(rig) != before);
    wait_for("the financial system to have the same totals", || {
        unsettled(rig).is_empty()
    });
    let today = Day::from_text(&today(rig)).expect("a date");
    let dates = http_get(rig.addresses.tally, "/dates");
    let (_, dates) = dates.split_once("\r\n\r\n").expect("a body");
    for line in dates.lines() {
        let theirs: serde_json::Value = serde_json::from_str(line).expect("JSON");
        let said = theirs["date"].as_str().expect("a date").parse();
        let mut recent = (0..62).map(|ago| Day(today.0 - ago));
        let day = recent.find(|day| said == Ok(day.month_and_day()));
        let day = day.expect("a recent date").to_string();
        let listed = rig.run(&["recon", "--config", "switch.toml", "--date", &day]);
        let listed = String::from_utf8(listed.stderr).expect("UTF-8");
        let net = theirs["net"].as_i64().unwrap();
        let ours = format!("; net {}", money_text(net, Currency::USD));
        assert!(listed.contains(&ours), "{day}: {line} there, here {listed}");
    }
}

/// The operator begins the next settlement date.
pub fn begin_day(rig: &Rig) {
    let begin = ["control", "--config", "switch.toml", "begin-day"];
    rig.run(&[&begin[..], &["--by", "Ada", "--reason", "a test"]].concat());
}

/// The sum of the first figures of these lines, a decimal point left out.
fn figure(audit: &str, what: &str) -> i64 {
    let lines = audit.lines().filter_map(|line| line.strip_prefix(what));
    let figures = lines.map(|line| {
        let mut words = line.split_whitespace();
        let figure = words.nth(usize::from(what == "party"));
        let digits = figure.expect("a figure").replace('.', "");
        digits.parse::<i64>().expect("a number")
    });
    figures.sum()
}

/// A cutover that does not come while a test runs.
pub fn far_off() -> String {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let hour = since.expect("after 1970").as_secs() / 3_600;
    format!("\"{:02}:00\"", (hour + 12) % 24)
}

/// The settlement date that is open, as 2026-11-23.
pub fn today(rig: &Rig) -> String {
    let date = shown(rig)["today"].as_str().expect("a date").to_owned();
    assert_eq!(date.len(), 10);
    date
}

/// Those that are over, and of which the host has not the same totals.
pub fn unsettled(rig: &Rig) -> Vec<String> {
    let shown = shown(rig);
    let dates = shown["unsettled"].as_array().expect("dates").iter();
    dates
        .map(|date| date.as_str().expect("a date").to_owned())
        .collect()
}

fn shown(rig: &Rig) -> serde_json::Value {
    let shown = rig.run(&["control", "--config", "switch.toml", "show", "--json"]);
    serde_json::from_slice(&shown.stdout).expect("JSON")
}
