//! The members of etcd and the nodes, from their start to the comparison of their journals.

use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::Duration;

use anyhow::Context as _;
use tessera_console::say;

use super::board::Board;
use super::ports::ClusterPorts;
use super::{etcd, journals, layout, observe};
use crate::demo::children::{Program, command_of_cluster, complete};
use crate::demo::folder::Folder;
use crate::demo::ports::{Finder, Ports, address};
use crate::demo::supervision::events::Events;
use crate::demo::supervision::supervised::Supervised;

/// How long the cluster may take to be complete: at the start, and at the end after a kill in the last moment.
const COMPLETE_WITHIN: Duration = Duration::from_secs(90);

/// Between two looks at the board.
const PAUSE: Duration = Duration::from_millis(50);

/// See the head of this file.
pub struct Cluster {
    /// What is known of it, and what may be asked for.
    pub board: Rc<Board>,
    ports: Ports,
    cluster: ClusterPorts,
    folder: Folder,
    members: [Supervised; 3],
    nodes: [Supervised; 3],
}

/// What came of it.
pub struct Outcome {
    /// The node that was active last.
    pub active: &'static str,
    /// Its configuration.
    pub configuration: PathBuf,
    /// Its epoch.
    pub epoch: u64,
    /// Changes of the active node.
    pub take_overs: u64,
    /// How much of the journals was compared, in words; or where they differ.
    pub journals: Result<String, String>,
}

impl Cluster {
    /// Writes what the nodes read, starts etcd, and begins the log where no earlier run has. No node runs yet.
    pub async fn prepare(
        folder: &Folder,
        ports: &Ports,
        finder: &mut Finder,
        program: &Path,
        events: &Rc<Events>,
    ) -> anyhow::Result<Self> {
        let cluster = ClusterPorts::find(folder, finder)?;
        for (name, text) in layout::files(ports, &cluster)? {
            folder.write(&name, &text)?;
        }
        let board = Rc::new(Board::new(events));
        let member = |number: usize| {
            let (folder, program) = (folder.clone(), program.to_owned());
            let launch = move || {
                let command = etcd::command(&program, &folder, &cluster, number)?;
                Program::launch(&folder, etcd::MEMBERS[number], command)
            };
            Supervised::new(&board.members[number], events, launch)
        };
        let node = |number: usize| {
            let folder = folder.clone();
            let launch = move || {
                let name = layout::NODES[number];
                let mut command = command_of_cluster(&["switch", "--config"])?;
                command.arg(configuration(&folder, name));
                Program::launch(&folder, name, command)
            };
            Supervised::new(&board.nodes[number], events, launch)
        };
        let (members, nodes) = ([0, 1, 2].map(member), [0, 1, 2].map(node));
        let mut this = Self {
            board,
            ports: *ports,
            cluster,
            folder: folder.clone(),
            members,
            nodes,
        };
        this.members.iter_mut().try_for_each(Supervised::start)?;
        this.wait("etcd is not complete", Board::etcd_is_healthy)
            .await?;
        say(format_args!(
            "etcd      three members at {}",
            folder.file("etcd").display()
        ));
        this.begin().await?;
        Ok(this)
    }

    /// Begins the log, once in the life of the folder. Where that was interrupted, the same is done again.
    async fn begin(&self) -> anyhow::Result<()> {
        const BEGUN: &str = "etcd/begun";
        if self.folder.file(BEGUN).exists() {
            return Ok(());
        }
        let config = self.first_configuration();
        let (report, content) = complete(&["cluster", "begin", "--config"], &config, &[]).await?;
        anyhow::ensure!(content, "the log could not be begun: {report}");
        self.folder.write(BEGUN, &report)
    }

    /// Starts the nodes; returns when one is active and the others follow.
    pub async fn start(&mut self) -> anyhow::Result<()> {
        self.nodes.iter_mut().try_for_each(Supervised::start)?;
        self.wait("the nodes are not complete", Board::is_complete)
            .await?;
        for (node, switch) in layout::NODES.iter().zip(self.ports.switches()) {
            say(format_args!(
                "{node:9} malls={} wallet-server={} operations={}",
                address(switch.mall),
                address(switch.leased),
                address(switch.operations)
            ));
        }
        Ok(())
    }

    /// Keeps everything running, and observes it. Resolves when something can't be kept running. May be dropped and called
    /// again at any time.
    pub async fn ended(&mut self) -> anyhow::Error {
        let ([a, b, c], [d, e, f]) = (&mut self.members, &mut self.nodes);
        tokio::select! {
            error = a.keep() => error,
            error = b.keep() => error,
            error = c.keep() => error,
            error = d.keep() => error,
            error = e.keep() => error,
            error = f.keep() => error,
            never = observe::observe(&self.board, &self.ports, &self.cluster) => match never {},
        }
    }

    /// Waits for a condition, while everything is kept running.
    async fn wait(&mut self, not: &str, condition: impl Fn(&Board) -> bool) -> anyhow::Result<()> {
        let board = Rc::clone(&self.board);
        let holds = async {
            while !condition(&board) {
                tokio::time::sleep(PAUSE).await;
            }
        };
        let folder = self.folder.path.display().to_string();
        let late = || format!("{not} after {COMPLETE_WITHIN:?}: see the logs in {folder}");
        tokio::select! {
            held = tokio::time::timeout(COMPLETE_WITHIN, holds) => held.ok().with_context(late),
            error = self.ended() => Err(error),
        }
    }

    /// The configuration of the node that provisions.
    pub fn first_configuration(&self) -> PathBuf {
        configuration(&self.folder, layout::NODES[0])
    }

    /// Once no client sends any more: waits until every node has everything.
    pub async fn settle(&mut self) -> anyhow::Result<()> {
        if !self.board.is_complete() {
            say("waiting until every node runs and has everything");
        }
        self.wait("the nodes are not complete", Board::is_complete)
            .await
    }

    /// Stops the standbys, the active node, and etcd.
    pub async fn stop(self) -> anyhow::Result<Outcome> {
        let seen = self.board.seen.borrow().clone();
        let active = seen.active_last.context("no node was active")?;
        let mut nodes: Vec<_> = self.nodes.into_iter().zip(layout::NODES).collect();
        let last = nodes.remove(active);
        for (node, name) in nodes.into_iter().chain([last]) {
            anyhow::ensure!(
                node.stop().await?,
                "{name} did not end in order: see {name}.log"
            );
        }
        // At once: two of them are needed for anything. One that has ended by the signal has ended in order.
        let [first, second, third] = self.members;
        let _ = tokio::try_join!(first.stop(), second.stop(), third.stop())?;
        let journals = layout::NODES.map(|node| self.folder.file(node).join("journal"));
        Ok(Outcome {
            active: layout::NODES[active],
            configuration: configuration(&self.folder, layout::NODES[active]),
            epoch: seen.nodes[active].epoch,
            take_overs: self.board.take_overs(),
            journals: journals::compare(&journals.each_ref().map(AsRef::as_ref)),
        })
    }
}

fn configuration(folder: &Folder, node: &str) -> PathBuf {
    folder.file(&layout::file_of(node))
}
