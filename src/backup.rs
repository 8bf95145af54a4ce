//! `tessera backup`.

mod follow;
mod line;
mod receive;
mod stop;
mod to;

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Args;
use serde_json::{Value, json};
use tessera_backup::{Copied, Durable, Folder, Stored, Target, expect_apart, yield_to_others};
use tessera_config::Settings;
use tessera_console::{note, print};
use tessera_encryption::DataKeys;
use tessera_journal::{Location, Sequence};
use tessera_ledger::moment::rfc_3339;

use crate::operations;
use crate::switch::Configured;
use line::{Line, Programs};
use to::To;

/// Copy the data of a switch, also while it runs
///
/// Copies what is new since the last time, and verifies it.
#[derive(Args)]
pub struct Backup {
    #[command(flatten)]
    configured: Configured,
    /// The folder of the backup, best on another disk; or one on another machine, over SSH: user@host:DIR, or
    /// ssh://user@host:port/DIR
    #[arg(long, value_name = "DIR", value_parser = To::parse, required_unless_present = "receive")]
    to: Option<To>,
    /// Verify the whole backup, and not only what is new
    #[arg(long)]
    verify: bool,
    /// Continue, so that the copy is at most a second behind, until SIGTERM
    #[arg(long, conflicts_with = "verify")]
    follow: bool,
    /// Print what was copied as JSON
    #[arg(long, conflicts_with = "follow")]
    json: bool,
    /// The program that reaches the other machine, with arguments of its own
    #[arg(long, value_name = "COMMAND", default_value = "ssh")]
    ssh_command: String,
    /// This program on the other machine
    #[arg(long, value_name = "FILE", default_value = "tessera")]
    remote_program: String,
    /// Be the program on the other machine: write what comes from standard input to this folder
    #[arg(long, value_name = "DIR", conflicts_with_all = ["to", "verify", "follow", "config", "data", "json"])]
    receive: Option<PathBuf>,
}

impl Backup {
    pub fn run(self) -> anyhow::Result<()> {
        yield_to_others();
        if let Some(folder) = &self.receive {
            return receive::receive(folder);
        }
        let to = self.to.context("--to names the folder")?;
        let settings = self.configured.settings_with_journal()?;
        let location = tessera_switch::journal_to_read(&settings)?;
        let keys = keys(&location)?;
        if let To::Folder(folder) = &to {
            expect_apart(&settings.data, folder)?;
        }
        let backup = tessera_backup::Backup::new(&location, keys);
        let programs = Programs {
            ssh: self.ssh_command,
            remote: self.remote_program,
        };
        if self.follow {
            return follow::follow(&settings, backup, &to, &programs);
        }
        let (copied, name) = match &to {
            To::Folder(folder) => {
                // Held until the end: no other backup removes what is verified.
                let mut target = Folder::open(folder)?;
                let copied = copy(backup, &settings, &mut target)?;
                let stored = Stored::open(folder)?;
                let only = (!self.verify).then_some(&copied.segments);
                stored.verify(&stored_keys(&settings, &stored)?, only, &mut |_, _| {})?;
                (copied, folder.display().to_string())
            }
            To::Remote(machine) => {
                anyhow::ensure!(
                    !self.verify,
                    "--verify works on a local folder only: copy the backup to a machine that has the master key, and run `tessera restore` there"
                );
                let mut line = Line::start(machine, &programs)?;
                let copied = copy(backup, &settings, &mut line.greet()?)?;
                (copied, format!("{}:{}", machine.host, machine.folder))
            }
        };
        print(match self.json {
            true => serde_json::to_string_pretty(&in_json(&copied, &name))? + "\n",
            false => report(&copied, &name),
        })?;
        Ok(())
    }
}

fn copy(
    mut backup: tessera_backup::Backup,
    settings: &Settings,
    target: &mut dyn Target,
) -> anyhow::Result<Copied> {
    backup.begin(target, u64::MAX)?;
    let durable = durable(&settings.operations_socket())?;
    let copied = backup.finish(target, durable)?;
    anyhow::ensure!(copied.last.is_some(), "there is nothing in the journal yet");
    Ok(copied)
}

/// The keys of the data, which has to be encrypted.
fn keys(location: &Location) -> anyhow::Result<DataKeys> {
    location.keys().cloned().with_context(|| {
        format!(
            "{} is data of 0.2, which has no keys: stop the switch, and copy the folder",
            location.data().display()
        )
    })
}

/// The keys of a backup.
pub fn stored_keys(settings: &Settings, stored: &Stored) -> anyhow::Result<DataKeys> {
    let mut settings = settings.clone();
    settings.data = stored.keys_folder()?;
    Ok(settings.data_keys_to_read()?)
}

/// How far the journal is durable: the running switch says so.
fn durable(socket: &Path) -> anyhow::Result<Durable> {
    Ok(match operations::durable(socket)? {
        Some(durable) => Durable::To(durable.and_then(Sequence::from_stored)),
        None => {
            note("backup: no switch runs");
            Durable::Stopped
        }
    })
}

/// The same as [`report`] for programs.
fn in_json(copied: &Copied, to: &str) -> Value {
    json!({
        "to": to,
        "copied_bytes": copied.bytes,
        "last_record": copied.last.map(Sequence::to_stored),
        "until": copied.until.map(rfc_3339),
    })
}

fn report(copied: &Copied, to: &str) -> String {
    let last = copied.last.map_or(0, Sequence::to_stored);
    let until = copied.until.map(rfc_3339).unwrap_or_default();
    format!(
        "copied {} bytes; {to} has the journal up to record {last}, of {until}\n",
        copied.bytes
    )
}
