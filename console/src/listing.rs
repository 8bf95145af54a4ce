//! The table of metrics that `docs/metrics.md` has of each program.

use std::collections::{BTreeMap, BTreeSet};

use prometheus::core::Collector;
use prometheus::proto::MetricType;

/// A row for each metric, by name: type, labels with the values that are there from the start, help.
pub fn table(collectors: &[Box<dyn Collector>]) -> String {
    let mut rows = BTreeMap::new();
    for collector in collectors {
        let families = collector.collect();
        for described in collector.desc() {
            let name = &described.fq_name;
            let family = families
                .iter()
                .find(|family| family.name() == name)
                .unwrap_or_else(|| panic!("{name} is not collected"));
            let kind = match family.get_field_type() {
                MetricType::COUNTER => "counter",
                MetricType::GAUGE => "gauge",
                MetricType::HISTOGRAM => "histogram",
                other => panic!("{name} is a {other:?}"),
            };
            let mut labels = Vec::new();
            for label in &described.variable_labels {
                // The one depends on the build, the others on what else this process does.
                if label == "version" || name == "tessera_log_lines_suppressed_total" {
                    labels.push(format!("`{label}`"));
                    continue;
                }
                let pairs = family.get_metric().iter().flat_map(|one| one.get_label());
                let values: BTreeSet<_> = pairs
                    .filter(|pair| pair.name() == label)
                    .map(|pair| pair.value())
                    .collect();
                let values: Vec<_> = values.into_iter().collect();
                labels.push(match values.as_slice() {
                    [] => format!("`{label}`"),
                    values => format!("`{label}`: {}", values.join(", ")),
                });
            }
            let help = described.help.trim_end_matches('.');
            let row = format!("| `{name}` | {kind} | {} | {help} |\n", labels.join("; "));
            assert!(rows.insert(name.clone(), row).is_none(), "{name} twice");
        }
    }
    rows.into_values().collect()
}

/// The rows of the table below a heading of a document.
pub fn section(document: &str, heading: &str) -> String {
    let heading = format!("\n## {heading}\n");
    let (_, below) = document.split_once(&heading).unwrap_or_default();
    let rows = below
        .lines()
        .take_while(|line| !line.starts_with("## "))
        .filter(|line| line.starts_with("| `"));
    rows.map(|row| format!("{row}\n")).collect()
}
