//! What the members say of themselves, and whether they are set up as they should be.

use futures_util::future::join_all;
use tokio::time::Instant;

use super::fault::{Fault, Kind, shortened};
use super::limits::ATTEMPT;
use super::link::Link;
use super::wire::{MemberListRequest, StatusRequest, StatusResponse};
use crate::LogStatus;

/// The oldest version whose linearizable reads and watches are known to keep what they promise.
const VERSION_MIN: [u32; 3] = [3, 5, 9];

/// Below this, a log that is not trimmed for some time fills it before the switch stops taking purchases.
const QUOTA_BYTES_MIN: u64 = 4 << 30;

/// How etcd was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SetUp {
    /// What was asked for the other checks.
    pub status: LogStatus,
    /// What works, and should be changed: each a sentence that says what to do.
    pub warnings: Vec<String>,
}

/// Members with and without a vote.
struct Census {
    voters: usize,
    learners: usize,
}

/// Asks all members, at the same time.
pub async fn status(all: &[Link], reads: &Link) -> Result<LogStatus, Fault> {
    let (status, ..) = look(all, reads).await?;
    Ok(status)
}

/// What makes etcd unusable is an error; the rest are warnings.
pub async fn check(all: &[Link], reads: &Link) -> Result<SetUp, Fault> {
    let (status, answers, census) = look(all, reads).await?;
    for answer in &answers {
        if version(&answer.version).is_none_or(|version| version < VERSION_MIN) {
            return Err(Fault::new(
                Kind::Refused,
                format_args!(
                    "a member runs etcd {}: 3.5.9 or later is needed, on all of them",
                    shortened(&answer.version)
                ),
            ));
        }
    }
    let warnings = warnings(&status, &answers, &census, all.len());
    Ok(SetUp { status, warnings })
}

fn warnings(
    status: &LogStatus,
    answers: &[StatusResponse],
    census: &Census,
    endpoints: usize,
) -> Vec<String> {
    let mut warnings = Vec::new();
    let Census { voters, learners } = *census;
    if voters < 3 || voters % 2 == 0 {
        warnings.push(format!(
            "etcd has {voters} voting members: three or five bear the loss of one or two"
        ));
    }
    if learners > 0 {
        warnings.push(format!(
            "etcd has {learners} learners, which can't be asked: promote or remove them"
        ));
    }
    if endpoints != voters {
        warnings.push(format!(
            "etcd has {voters} voting members and {endpoints} endpoints are named: name all of them"
        ));
    }
    if answers.len() < endpoints {
        let answered = answers.len();
        warnings.push(format!(
            "only {answered} of the {endpoints} endpoints answer: start the others"
        ));
    }
    let small = status.quota_bytes.filter(|quota| *quota < QUOTA_BYTES_MIN);
    if let Some(quota) = small {
        warnings.push(format!(
            "a member stops at {quota} bytes: start all with --quota-backend-bytes {QUOTA_BYTES_MIN} or more"
        ));
    }
    for alarm in &status.alarms {
        warnings.push(format!("etcd has an alarm: {alarm}"));
    }
    warnings
}

async fn look(
    all: &[Link],
    reads: &Link,
) -> Result<(LogStatus, Vec<StatusResponse>, Census), Fault> {
    let answers = join_all(all.iter().map(ask)).await;
    let members = reads
        .ask(&MemberListRequest {
            linearizable: false,
        })
        .await?;
    let learners = members
        .members
        .iter()
        .filter(|member| member.is_learner)
        .count();
    let census = Census {
        voters: members.members.len() - learners,
        learners,
    };
    let mut first = None;
    let mut answered: Vec<StatusResponse> = Vec::new();
    for answer in answers {
        match answer {
            Ok(answer) => answered.push(answer),
            Err(fault) if fault.kind == Kind::Refused => return Err(fault),
            Err(fault) => first = first.or(Some(fault)),
        }
    }
    match (answered.is_empty(), first) {
        (true, Some(fault)) => Err(fault),
        _ => Ok((combined(&answered, members.members.len()), answered, census)),
    }
}

async fn ask(link: &Link) -> Result<StatusResponse, Fault> {
    link.attempt(StatusRequest {}, Instant::now() + ATTEMPT)
        .await
}

/// Whether the member says that it leads.
#[cfg(any(test, feature = "testing"))]
pub async fn leads(link: &Link) -> bool {
    ask(link).await.is_ok_and(|answer| {
        let id = answer.header.map_or(0, |header| header.member_id);
        answer.leader != 0 && answer.leader == id
    })
}

fn combined(answers: &[StatusResponse], members: usize) -> LogStatus {
    let term =
        |answer: &StatusResponse| answer.header.as_ref().map_or(0, |header| header.raft_term);
    let id = |answer: &StatusResponse| answer.header.as_ref().map_or(0, |header| header.member_id);
    // The member that has seen the newest election knows best.
    let newest = answers
        .iter()
        .max_by_key(|answer| (term(answer), answer.leader != 0));
    let mut up: Vec<u64> = answers.iter().map(id).collect();
    up.sort_unstable();
    up.dedup();
    let mut alarms: Vec<String> = answers
        .iter()
        .flat_map(|answer| answer.errors.iter().take(10))
        .map(|text| shortened(text))
        .collect();
    alarms.sort_unstable();
    alarms.dedup();
    let largest = |bytes: fn(&StatusResponse) -> i64| {
        let all = answers.iter().map(|answer| u64::try_from(bytes(answer)));
        all.map(|bytes| bytes.unwrap_or(0)).max().unwrap_or(0)
    };
    let quotas = answers
        .iter()
        .filter_map(|answer| u64::try_from(answer.quota_bytes).ok());
    LogStatus {
        version: newest.map_or_else(String::new, |answer| shortened(&answer.version)),
        leader: newest.map_or(0, |answer| answer.leader),
        database_bytes: largest(|answer| answer.database_bytes),
        used_bytes: largest(|answer| answer.used_bytes),
        quota_bytes: quotas.filter(|quota| *quota > 0).min(),
        members_up: up.len() as u32,
        members: u32::try_from(members).unwrap_or(u32::MAX),
        alarms,
    }
}

/// Of `3.5.9`, and of `3.6.0-rc.1`.
fn version(text: &str) -> Option<[u32; 3]> {
    let core = text.split(['-', '+']).next()?;
    let mut parts = core.split('.').map(|part| part.parse().ok());
    let version = [parts.next()??, parts.next()??, parts.next()??];
    parts.next().is_none().then_some(version)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_by_number() {
        assert_eq!(version("3.5.9"), Some(VERSION_MIN));
        assert!(version("3.5.21") > Some(VERSION_MIN));
        assert!(version("3.6.0-rc.1") > Some(VERSION_MIN));
        assert!(version("3.4.34") < Some(VERSION_MIN));
        for text in ["", "3", "3.5", "3.5.x", "3.5.9.1"] {
            assert_eq!(version(text), None, "{text}");
        }
    }
}
