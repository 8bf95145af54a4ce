//! `tessera cluster`.

use std::process::ExitCode;
use std::time::Duration;

use clap::Subcommand;
use tessera_cluster::{NodeId, TakenOver};
use tessera_common::private;
use tessera_console::{note, print};
use tessera_switch::{
    begin_cluster, check_join, cluster_status, hand_over, leave_cluster, take_over_by_force,
    view_cluster,
};

use crate::findings::show;
use crate::switch::Configured;

/// Set up, show and move a cluster of switches
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
        /// Use a standby's copy, because the folder of the node that was active last is lost. Transactions
        /// that are missing from the copy are lost
        #[arg(long)]
        accept_standby_copy: bool,
    },
    /// Show the nodes, how far behind each is, and the state of etcd
    #[command(
        after_help = "Exit code 0: the log has an owner, and that node is there. 1: not so, or etcd can't be reached."
    )]
    Status {
        #[command(flatten)]
        configured: Configured,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Check all that this node needs to join: its configuration, etcd, the log, other nodes, the master key, its data folder
    ///
    /// Nothing is changed. To join is to start the switch: it copies what it lacks.
    Join(Configured),
    /// Move the active role to another node; clients wait for less than a second
    ///
    /// The active node answers what is under way, resigns, ends, and comes back as a standby: its supervisor starts it again.
    #[command(
        after_help = "Exit code 0: another node serves, and it is the one of --to. 1: not so; the message says whether anything was changed."
    )]
    HandOver {
        #[command(flatten)]
        configured: Configured,
        /// The node that is to be active; without it, the standby that is fastest
        #[arg(long, value_name = "NODE")]
        to: Option<String>,
    },
    /// Have this node take over from an active node that hangs, but still renews its lease
    ///
    /// The claim of the active node is taken away, and after one lease, when that node certainly does nothing more, this one takes
    /// over as after a crash. If the active node still answers, use `tessera cluster hand-over` instead.
    #[command(
        after_help = "Exit code 0: the node serves. 1: not so; the message says whether anything was changed."
    )]
    TakeOver {
        #[command(flatten)]
        configured: Configured,
        /// Required. Unless the active node hangs, a standby takes over by itself once that node's lease has ended
        #[arg(long, required = true)]
        force: bool,
        /// The node that takes over, in place of this one
        #[arg(long, value_name = "NODE")]
        node: Option<String>,
    },
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
            Action::Join(configured) => {
                let settings = configured.settings()?;
                settings.check()?;
                private::check(&settings.data)?;
                show(&check_join(&settings)?)?;
                print("ready: start the switch of this node\n")?;
                Ok(ExitCode::SUCCESS)
            }
            Action::Status { configured, json } => {
                let view = view_cluster(&configured.settings()?)?;
                print(match json {
                    true => serde_json::to_string_pretty(&cluster_status::json(&view))? + "\n",
                    false => cluster_status::text(&view),
                })?;
                let is_there = view
                    .nodes
                    .iter()
                    .any(|report| Some(&report.node) == view.head.owner.as_ref());
                Ok(match is_there {
                    true => ExitCode::SUCCESS,
                    false => ExitCode::FAILURE,
                })
            }
            Action::HandOver { configured, to } => {
                let taken_over = hand_over(&configured.settings()?, to.as_deref())?;
                finished(&taken_over, to.as_deref())
            }
            Action::TakeOver {
                configured,
                force: _,
                node,
            } => {
                let settings = configured.settings()?;
                let wanted = node.or_else(|| Some(settings.cluster.as_ref()?.node.clone()));
                let begins = |from: &NodeId, fence: Duration| {
                    note(format_args!(
                        "seized the claim of {from}: waiting {} s until its fence is closed",
                        fence.as_secs()
                    ));
                };
                let taken_over = take_over_by_force(&settings, wanted.as_deref(), begins)?;
                finished(&taken_over, wanted.as_deref())
            }
        }
    }
}

/// Another node serves. Is it the one that was asked for?
fn finished(taken_over: &TakenOver, wanted: Option<&str>) -> anyhow::Result<ExitCode> {
    let TakenOver { node, epoch, after } = taken_over;
    print(format_args!(
        "{node} is active in epoch {epoch}, {:.1} s after the request\n",
        after.as_secs_f64()
    ))?;
    Ok(match wanted {
        Some(wanted) if wanted != node.as_str() => {
            note(format_args!(
                "{wanted} did not take over in time, and {node} did"
            ));
            ExitCode::FAILURE
        }
        Some(_) | None => ExitCode::SUCCESS,
    })
}
