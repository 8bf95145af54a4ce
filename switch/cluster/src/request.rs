//! What a person asks of a cluster: that the active node hands over, or that another node takes over from one that hangs.
//!
//! ```text
//! hand over    put the request ──▶ the active node answers ──▶ refused
//!                                                         └─▶ resigns ──▶ another node begins an epoch ──▶ serves
//! force        put the request (for the other standbys) ──▶ seize the claim ──▶ wait until the former owner's fence is shut for
//!              certain ──▶ give the claim up ──▶ a standby begins an epoch, as after any end of a lease ──▶ serves
//! ```

use std::thread;
use std::time::{Duration, Instant};

use rand::TryRng as _;
use rand::rngs::SysRng;
use tessera_kit::fence::Boottime;

use crate::hand_over::cannot_take_over;
use crate::{HandOver, HandOverAnswer, Head, Lease, LogError, NodeId, ReplicatedLog};

/// The active node looks for requests each quarter of a second.
const ANSWER_WITHIN: Duration = Duration::from_secs(5);
/// A request that the active node has seen in the last moment is answered by then.
const SEEN_WITHIN: Duration = Duration::from_secs(2);
/// Until another node serves: it answers what is under way, another node takes over, replays and signs on.
const SERVE_WITHIN: Duration = Duration::from_secs(60);
const LOOK_EVERY: Duration = Duration::from_millis(50);
const RENEW_EVERY: Duration = Duration::from_secs(1);
/// The request is there as long as the command is, and a while longer where that is killed.
const REQUEST_LIVES: Duration = Duration::from_secs(90);
/// etcd makes leases longer where its election timeout does not allow short ones.
const LEASE_LONGER_MAX: Duration = Duration::from_secs(10);
/// Between the lease for that claim and the claim.
const PAUSED_MAX_MS: u64 = 20_000;
/// The claim that keeps all nodes away lives so much longer than it has to, where nobody ends it.
const BARRIER_LIVES_LONGER: Duration = Duration::from_secs(30);

/// Who is active now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TakenOver {
    /// Which node.
    pub node: NodeId,
    /// The epoch that it has begun.
    pub epoch: u64,
    /// Since it was asked for.
    pub after: Duration,
}

/// Why there was no change of the active node, or none as asked for.
#[derive(Debug, thiserror::Error)]
pub enum RequestError {
    /// The log does not answer, or can't be used.
    #[error("{0}")]
    Log(#[from] LogError),
    /// It can't be done now. Nothing was changed.
    #[error("{0}. Nothing was changed")]
    Refused(String),
    /// What came of it is not known.
    #[error("{0}: `tessera cluster status` shows what has come of it")]
    Unknown(String),
}

/// Asks the active node to resign, and waits until another one serves.
///
/// # Errors
/// Where that is refused, or not known after some time.
pub fn hand_over(log: &dyn ReplicatedLog, to: Option<NodeId>) -> Result<TakenOver, RequestError> {
    let head = head(log)?;
    let Some(owner) = head.owner else {
        return Err(RequestError::Refused("no node is active".to_owned()));
    };
    let request = HandOver {
        id: random()?,
        epoch: head.epoch,
        to,
        forced: false,
    };
    let asked = Instant::now();
    let lease = put(log, &request)?;
    if let Some(answer) = answer(log, &owner, &request, ANSWER_WITHIN) {
        let taken_over = answer.and_then(|()| serving(log, head.epoch, None, asked));
        // It ends by itself.
        let _ = lease.revoke();
        return taken_over;
    }
    let withdrawn = lease.revoke();
    withdrawn.map_err(|error| RequestError::Unknown(error.to_string()))?;
    // It is not there any more, so it is not done later. But it may have been seen in the last moment.
    match answer(log, &owner, &request, SEEN_WITHIN) {
        Some(answer) => answer.and_then(|()| serving(log, head.epoch, None, asked)),
        None => Err(RequestError::Unknown(format!(
            "{owner} has not answered the request, which was withdrawn"
        ))),
    }
}

/// Has another node take over from one that hangs and whose lease lives for `ttl` after each renewal. Waits until its effects have
/// certainly ended, then until another node serves. `begins` is called with the node and the time that the first of it takes.
///
/// # Errors
/// Where that can't be done now, or what came of it is not known.
pub fn take_over_by_force(
    log: &dyn ReplicatedLog,
    node: &NodeId,
    ttl: Duration,
    begins: impl FnOnce(&NodeId, Duration),
) -> Result<TakenOver, RequestError> {
    let refused = |why: String| Err(RequestError::Refused(why));
    let head = head(log)?;
    let Some(from) = log.claimed()? else {
        return refused("no node has claimed the log: a standby that can take over does so".into());
    };
    if from == *node {
        return refused(format!("{node} has claimed the log already"));
    }
    let nodes = log.nodes()?;
    let Some(report) = nodes.iter().find(|report| report.node == *node) else {
        return refused(format!("{node} does not follow: its lease does not live"));
    };
    if let Some(why) = cannot_take_over(report) {
        return refused(why);
    }
    let asked = Instant::now();
    let preference = put(
        log,
        &HandOver {
            id: random()?,
            epoch: head.epoch,
            to: Some(node.clone()),
            forced: true,
        },
    )?;
    let ended = end_by_force(log, &from, node, ttl, begins);
    let taken_over = ended.and_then(|()| serving(log, head.epoch, Some(&from), asked));
    // It ends by itself.
    let _ = preference.revoke();
    taken_over
}

/// Takes the claim from a node, and returns when that one certainly does nothing more that rests on it. Until then nobody else has it.
fn end_by_force(
    log: &dyn ReplicatedLog,
    from: &NodeId,
    node: &NodeId,
    ttl: Duration,
    begins: impl FnOnce(&NodeId, Duration),
) -> Result<(), RequestError> {
    // It keeps the others away, and lives long enough for that even where this process ends now.
    let mut barrier = log.lease(ttl + BARRIER_LIVES_LONGER)?;
    let longest = ttl + LEASE_LONGER_MAX;
    let granted = Boottime::now();
    let seized = barrier.seize(from, node, longest).map_err(|error| {
        if let LogError::Unusable(why) = error {
            return RequestError::Refused(why);
        }
        let within = (ttl + BARRIER_LIVES_LONGER).as_secs();
        RequestError::Unknown(format!(
            "{error}; if the claim was seized, another node takes over within {within} s"
        ))
    })?;
    let Some(fence) = seized else {
        return Err(RequestError::Refused(format!(
            "{from} has given up its claim meanwhile"
        )));
    };
    // The renewals on which its fence rests were sent before this moment.
    let since = Instant::now();
    // This process may have been paused between: the claim has to live until that fence is shut for certain.
    let lives = barrier.renew();
    if !matches!(lives, Ok(true)) || Boottime::now() > granted.plus(PAUSED_MAX_MS) {
        return Err(RequestError::Unknown(format!(
            "the claim of {from} was seized, and may have ended before {from} noticed: stop the switch of {from}"
        )));
    }
    begins(from, fence);
    while since.elapsed() < fence {
        thread::sleep(RENEW_EVERY.min(fence.saturating_sub(since.elapsed())));
        // It need not live longer than it does.
        let _ = barrier.renew();
    }
    // From here on this is an end of a lease like any other. Where the log does not answer, it ends by itself.
    let _ = barrier.revoke();
    Ok(())
}

/// What the active node says to the request, or that it has resigned; `None` where it says nothing for so long.
fn answer(
    log: &dyn ReplicatedLog,
    owner: &NodeId,
    request: &HandOver,
    within: Duration,
) -> Option<Result<(), RequestError>> {
    let until = Instant::now() + within;
    loop {
        if let (Ok(nodes), Ok(Some((head, _)))) = (log.nodes(), log.head()) {
            let report = nodes.iter().find(|report| report.node == *owner);
            let answer = report.and_then(|report| report.state.answer.clone());
            match answer.filter(|answer| answer.id == request.id) {
                Some(HandOverAnswer {
                    refused: Some(why), ..
                }) => return Some(Err(RequestError::Refused(why))),
                Some(HandOverAnswer { refused: None, .. }) => return Some(Ok(())),
                None if head.owner.is_none() || head.epoch > request.epoch => return Some(Ok(())),
                None => {}
            }
        }
        if Instant::now() >= until {
            return None;
        }
        thread::sleep(LOOK_EVERY);
    }
}

/// Waits until a node of a later epoch serves, and not this one. While etcd does not answer, it waits too.
fn serving(
    log: &dyn ReplicatedLog,
    epoch: u64,
    not: Option<&NodeId>,
    asked: Instant,
) -> Result<TakenOver, RequestError> {
    while asked.elapsed() < SERVE_WITHIN {
        thread::sleep(LOOK_EVERY);
        let (Ok(Some((head, _))), Ok(nodes)) = (log.head(), log.nodes()) else {
            continue;
        };
        let is_later = |owner: &NodeId| head.epoch > epoch && Some(owner) != not;
        let Some(owner) = head.owner.filter(is_later) else {
            continue;
        };
        let serves = nodes.iter().any(|report| {
            let state = &report.state;
            report.node == owner && state.serves && state.epoch == head.epoch
        });
        if serves {
            return Ok(TakenOver {
                node: owner,
                epoch: head.epoch,
                after: asked.elapsed(),
            });
        }
    }
    let seconds = SERVE_WITHIN.as_secs();
    Err(RequestError::Unknown(format!(
        "no node serves in a later epoch than {epoch} after {seconds} s"
    )))
}

fn head(log: &dyn ReplicatedLog) -> Result<Head, RequestError> {
    let found = log.head()?;
    found
        .map(|(head, _)| head)
        .ok_or_else(|| RequestError::Refused("the cluster has no log".to_owned()))
}

/// Puts the request under a lease of its own.
fn put(log: &dyn ReplicatedLog, request: &HandOver) -> Result<Box<dyn Lease>, RequestError> {
    let mut lease = log.lease(REQUEST_LIVES)?;
    match lease.ask_hand_over(request)? {
        true => Ok(lease),
        false => Err(RequestError::Refused(
            "another request to change the active node is under way: it is gone after 90 s at the latest".to_owned(),
        )),
    }
}

fn random() -> Result<u64, RequestError> {
    let mut bytes = [0; 8];
    let none = |error| RequestError::Refused(format!("there are no random numbers: {error}"));
    SysRng.try_fill_bytes(&mut bytes).map_err(none)?;
    Ok(u64::from_le_bytes(bytes))
}
