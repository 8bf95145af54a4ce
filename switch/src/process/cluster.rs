//! The process as a node of a cluster: a standby until it is active.

use std::sync::{Arc, OnceLock};
use std::thread;

use anyhow::Context as _;
use tessera_cluster::Standing;
use tessera_config::Settings;
use tokio::signal::unix::Signal;
use tokio::sync::oneshot;

use super::base::Base;
use super::ending::Ending;
use super::waiting::Waiting;
use crate::cluster::{Member, digests};
use crate::gauges;
use crate::recovery::{Keeps, Promoted};

/// What has come of joining the cluster.
pub(super) enum Joined {
    /// There is none.
    Alone,
    /// This node owns the log, and its journal has all that the log has.
    /// The last: its parties are to be read again, because a person has asked for that meanwhile.
    Active(Box<Promoted>, Member, (Ending, Waiting, bool)),
    /// It was asked to stop while it was a standby.
    Stopped(Member),
}

/// Returns when this process is to serve, or to end.
///
/// A standby has nothing to reload, but its files are compared with those of other nodes: at SIGHUP it looks at them again. What it read
/// at its start it reads again once it is active.
pub(super) async fn join(base: &Base, hangups: &mut Signal) -> anyhow::Result<Joined> {
    let Some(cluster) = &base.settings.cluster else {
        return Ok(Joined::Alone);
    };
    let mut ending = Ending::listen()?;
    let (settings, cluster) = (Arc::clone(&base.settings), cluster.clone());
    let peers = crate::cluster::listen_for_peers(&cluster)?;
    let (health, (done, ended)) = (Arc::clone(&base.health), oneshot::channel());
    let metrics = Arc::clone(&base.metrics);
    let stopper: Arc<OnceLock<Arc<Standing>>> = Arc::default();
    let stops = Arc::clone(&stopper);
    // A thread of its own: it waits for etcd and for the disk.
    thread::Builder::new()
        .name("standby".to_owned())
        .spawn(move || {
            let run = || -> anyhow::Result<_> {
                let member = Member::start(&settings, &cluster)?;
                health.watch_cluster(Arc::clone(member.standing()));
                gauges::refresh_cluster_before_reading(&metrics, member.standing());
                let _ = stops.set(Arc::clone(member.standing()));
                let waiting = Waiting::start(Arc::clone(member.standing()))?;
                let ended = member.stand_by(&settings, peers, Keeps::Needed(&metrics))?;
                Ok((ended, member, waiting))
            };
            // Nobody waits where the process ends meanwhile.
            let _ = done.send(run());
        })?;
    tokio::pin!(ended);
    let mut has_changed = false;
    loop {
        tokio::select! {
            ended = &mut ended => {
                return match ended.context("the standby's thread has panicked")?? {
                    // It was asked to stop in the last moment: another node takes over.
                    (Some(_), member, _) if member.standing().is_stopping() => {
                        Ok(Joined::Stopped(member))
                    }
                    (Some(promoted), member, waiting) => {
                        let asked = (ending, waiting, has_changed);
                        Ok(Joined::Active(Box::new(promoted), member, asked))
                    }
                    (None, member, _) => Ok(Joined::Stopped(member)),
                };
            }
            _ = hangups.recv() => {
                has_changed = true;
                if let Some(standing) = stopper.get() {
                    look_again(&base.settings, standing);
                }
                continue;
            }
            () = ending.asked() => {}
        }
        match stopper.get() {
            Some(standing) => standing.stop(),
            // It has not begun to follow.
            None => anyhow::bail!("stopped before it joined the cluster"),
        }
    }
}

/// The files that have to be the same on all nodes may have changed.
fn look_again(settings: &Settings, standing: &Standing) {
    let read = || digests(settings, &settings.read_parties()?);
    match read() {
        Ok(digests) => standing.set_digests(digests),
        Err(error) => {
            tracing::warn!(%error, "the parties' files can't be used: this node would refuse them once it is active")
        }
    }
}
