//! A full database, and how a cluster is set up.

use super::*;
use crate::protocol::{Appending, Verdict};

#[test]
fn a_full_database_is_full() {
    let folder = tempfile::tempdir().unwrap();
    let rig = EtcdRig::start(&Options {
        quota_bytes: 16 << 20,
        ..options(folder.path(), 1)
    });
    let log = rig.connect("full");
    let mut revision = begin(&log);
    let mut number = 0;
    let entry = vec![7; 1 << 20];
    while let Some(new) = taken(&log, revision, &head(number + 1), &entry) {
        number += 1;
        revision = new;
        assert!(number < 64);
    }
    assert!(number > 0);
    assert_eq!(log.head().unwrap(), Some((head(number), revision)));
    wait_until(|| !log.status().unwrap().alarms.is_empty());
    let warnings = log.check().unwrap().warnings;
    assert!(
        warnings.iter().any(|warning| warning.contains("NOSPACE")),
        "{warnings:?}"
    );
}

/// Appends as an owner does; the new revision, or `None` where the log is full. etcd compares its size with the quota before it
/// takes an entry and once more while it writes it: by the second comparison it answers that it is full, and has the entry all
/// the same. A slow disk is not a full one.
fn taken(log: &Etcd, expected: Revision, head: &Head, entry: &[u8]) -> Option<Revision> {
    let mut appending = Appending::new(expected, head.clone());
    let since = Instant::now();
    loop {
        let answer = log.append(expected, head, entry, 0);
        let is_full = matches!(answer, Err(LogError::Full(_)));
        let mut verdict = appending.answered(answer);
        if verdict == Verdict::Ask {
            verdict = appending.head_is(log.head());
        }
        match verdict {
            Verdict::Done(revision) => return Some(revision),
            Verdict::SendAgain if is_full => return None,
            Verdict::SendAgain => assert!(since.elapsed() < PATIENCE, "no answer"),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn refuses_an_entry_that_etcd_would_not_take() {
    let shared = one_member();
    let log = shared.rig.connect("too-long");
    let revision = begin(&log);
    let entry = vec![0; crate::etcd::ENTRY_BYTES_MAX + 1];
    let error = log.append(revision, &head(1), &entry, 0).unwrap_err();
    assert!(matches!(error, LogError::Unusable(_)), "{error}");
}

#[test]
fn compares_the_set_up_with_what_it_should_be() {
    let folder = tempfile::tempdir().unwrap();
    let mut options = options(folder.path(), 3);
    options.quota_bytes = 4 << 30;
    let mut rig = EtcdRig::start(&options);
    let log = rig.connect("set-up");
    let found = log.check().unwrap();
    assert_eq!(found.warnings, Vec::<String>::new());
    assert_eq!((found.status.members, found.status.members_up), (3, 3));
    // Not the one that leads, since an election would be a warning too.
    let others = [2, 1].into_iter().find(|member| *member != rig.leader());
    rig.kill(others.unwrap());
    let mut settings = rig.settings("set-up");
    settings.endpoints.remove(0);
    let warnings = Etcd::new(settings).unwrap().check().unwrap().warnings;
    assert_eq!(
        warnings,
        [
            "etcd has 3 voting members and 2 endpoints are named: name all of them",
            "only 1 of the 2 endpoints answer: start the others"
        ]
    );
}

/// Two logs behind one name would both have owners.
#[test]
fn refuses_members_of_two_clusters() {
    let folder = tempfile::tempdir().unwrap();
    let shared = one_member();
    let other = EtcdRig::start(&options(folder.path(), 1));
    let mut settings = shared.rig.settings("two");
    settings.endpoints.extend(other.settings("two").endpoints);
    let log = Etcd::new(settings).unwrap();
    log.head().unwrap();
    let error = log.check().unwrap_err();
    assert!(matches!(error, LogError::Unusable(_)), "{error}");
    assert!(
        error.to_string().contains("belongs to the etcd cluster"),
        "{error}"
    );
}

#[test]
fn refuses_settings_that_do_not_fit() {
    let settings = |endpoints: &[&str]| EtcdSettings {
        endpoints: endpoints
            .iter()
            .map(|text| Endpoint::parse(text).unwrap())
            .collect(),
        tls: None,
        cluster: node("one"),
    };
    for endpoints in [&[][..], &["https://127.0.0.1:1"]] {
        let error = Etcd::new(settings(endpoints)).err().unwrap();
        assert!(matches!(error, LogError::Unusable(_)), "{error}");
    }
    // Nobody listens there: worth trying again.
    let log = Etcd::new(settings(&["http://127.0.0.1:1"])).unwrap();
    let error = log.head().unwrap_err();
    assert!(matches!(error, LogError::Unavailable(_)), "{error}");
    assert!(error.to_string().contains("127.0.0.1:1"), "{error}");
}
