//! `tessera cluster`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Subcommand;
use tessera_cluster::NodeReport;
use tessera_config::Settings;
use tessera_console::print;
use tessera_switch::{ClusterView, begin_cluster, leave_cluster, view_cluster};

use crate::switch;

/// Sets up a cluster of switches, and shows it
#[derive(clap::Args)]
pub struct Cluster {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Begin the replicated log from this node's data; its switch must be stopped
    ///
    /// Once in the life of a cluster. The other nodes start without data, and copy that of this node.
    Begin(Configured),
    /// Detach this node's data from the cluster; its switch must be stopped
    ///
    /// For the case that etcd's data is lost: the node that was active last has all that was ever confirmed.
    Leave {
        #[command(flatten)]
        configured: Configured,
        /// Use a standby's copy, because the folder of the node that was active last is lost. Transactions that are missing from the copy
        /// are lost
        #[arg(long)]
        accept_standby_copy: bool,
    },
    /// Show the nodes, how far each is, and the state of etcd
    #[command(
        after_help = "Exit code 0: the log has an owner, and that node is there. 1: not so, or etcd can't be reached."
    )]
    Status(Configured),
}

#[derive(clap::Args)]
struct Configured {
    /// The switch's configuration, with its table `[cluster]`
    #[arg(long, value_name = "FILE", default_value = "config/switch.toml")]
    config: PathBuf,
    /// The folder of journal and store, in place of the configured one
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
}

impl Cluster {
    /// Does what was asked for.
    pub fn run(self) -> anyhow::Result<ExitCode> {
        match self.action {
            Action::Begin(configured) => {
                let log = begin_cluster(&configured.settings()?)?;
                print(format_args!(
                    "began log {log}\nstart this node, then the others: they copy its data\n"
                ))?;
                Ok(ExitCode::SUCCESS)
            }
            Action::Leave {
                configured,
                accept_standby_copy,
            } => {
                let last = leave_cluster(&configured.settings()?, accept_standby_copy)?;
                print(format_args!(
                    "this data no longer belongs to a cluster; it ends with record {last}. Next: remove [cluster] from the configuration and start \
                     the switch alone, or run `tessera cluster begin`\n"
                ))?;
                Ok(ExitCode::SUCCESS)
            }
            Action::Status(configured) => {
                let view = view_cluster(&configured.settings()?)?;
                print(format_args!("{}", text(&view)))?;
                let is_there = view
                    .nodes
                    .iter()
                    .any(|report| Some(&report.node) == view.head.owner.as_ref());
                Ok(match is_there {
                    true => ExitCode::SUCCESS,
                    false => ExitCode::FAILURE,
                })
            }
        }
    }
}

impl Configured {
    fn settings(self) -> anyhow::Result<Settings> {
        switch::read(&self.config, self.data)
    }
}

fn text(view: &ClusterView) -> String {
    let ClusterView {
        head,
        first,
        nodes,
        engine,
    } = view;
    let mut lines = vec![format!(
        "epoch {}, entry {}, sequence {}",
        head.epoch,
        head.number,
        head.place.sequence.saturating_sub(1)
    )];
    lines.push(format!(
        "{:<12} {:<8} {:>10} {:>8}  {}",
        "node", "role", "synced", "behind", "build"
    ));
    for NodeReport {
        node,
        synced,
        build,
        ..
    } in nodes
    {
        let role = if head.owner.as_ref() == Some(node) {
            "active"
        } else {
            "standby"
        };
        let behind = head.number.saturating_sub(*synced);
        lines.push(format!(
            "{node:<12} {role:<8} {synced:>10} {behind:>8}  {build}"
        ));
    }
    let held = first.map_or(0, |first| (head.number + 1).saturating_sub(first));
    lines.push(format!(
        "etcd {}: {} of {} members answer, {} entries in the log, database {} KiB{}",
        engine.version,
        engine.members_up,
        engine.members,
        held,
        engine.database_bytes / 1024,
        match engine.alarms.as_slice() {
            [] => String::new(),
            alarms => format!(", ALARMS: {}", alarms.join(", ")),
        }
    ));
    lines.join("\n") + "\n"
}
