//! `tessera version`.

use clap::Args;
use serde_json::{Value, json};
use tessera_cluster::Formats;
use tessera_console::print;
use tessera_ledger::NUMBERS_GIVEN;

/// Print version, build and the formats of stored data
#[derive(Args)]
pub struct Version {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Where the build says so: `make package` does.
const COMMIT: Option<&str> = option_env!("TESSERA_COMMIT");

/// The optional parts of this build.
const FEATURES: &[&str] = &[
    #[cfg(feature = "demo-cluster")]
    "demo-cluster",
];

impl Version {
    pub fn run(&self) -> anyhow::Result<()> {
        let version = version();
        print(match self.json {
            true => serde_json::to_string_pretty(&version)? + "\n",
            false => text(&version),
        })?;
        Ok(())
    }
}

/// What other builds can read of what this one writes is decided by the formats: see "Versions and upgrades" in
/// `docs/operations.md`.
fn version() -> Value {
    json!({
        "version": env!("CARGO_PKG_VERSION"),
        "commit": COMMIT,
        "profile": env!("TESSERA_PROFILE"),
        "target": format!("{}-{}", std::env::consts::ARCH, std::env::consts::OS),
        "features": FEATURES,
        "formats": {
            "journal": tessera_journal::SEGMENT_VERSION,
            "journal_oldest": tessera_journal::OLDEST_SEGMENT_VERSION,
            "event": NUMBERS_GIVEN,
            "snapshot": tessera_store::SNAPSHOT_VERSION,
            "cluster": Formats::of_build(NUMBERS_GIVEN).entry,
            "backup": tessera_backup::MANIFEST_VERSION,
        },
    })
}

fn text(version: &Value) -> String {
    let words = |value: &Value| match value {
        Value::Null => "not known".to_owned(),
        Value::String(text) => text.clone(),
        Value::Array(list) if list.is_empty() => "none".to_owned(),
        Value::Array(list) => {
            let list: Vec<_> = list.iter().filter_map(Value::as_str).collect();
            list.join(", ")
        }
        other => other.to_string(),
    };
    let formats = &version["formats"];
    let rows = [
        ("commit", words(&version["commit"])),
        ("profile", words(&version["profile"])),
        ("target", words(&version["target"])),
        ("features", words(&version["features"])),
        (
            "journal",
            format!(
                "format {}, and formats from {} on are read",
                formats["journal"], formats["journal_oldest"]
            ),
        ),
        ("events", format!("kinds 1 to {}", formats["event"])),
        ("snapshots", format!("format {}", formats["snapshot"])),
        ("cluster log", format!("format {}", formats["cluster"])),
        ("backups", format!("format {}", formats["backup"])),
    ];
    let rows = rows
        .iter()
        .map(|(name, value)| format!("  {name:<13}{value}\n"));
    format!(
        "tessera {}\n{}",
        words(&version["version"]),
        rows.collect::<String>()
    )
}
