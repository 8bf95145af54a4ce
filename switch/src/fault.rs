//! Ends the process after faults that it cannot continue from: the state of the disk is unknown, and only a restart reads
//! it again.

use std::fmt::Display;
use std::sync::OnceLock;

use tessera_cluster::MembershipError;
use tessera_common::lock_file::LockFileError;
use tessera_journal::JournalError;
use tessera_kit::{fence, invariant};
use tessera_notify::NotifyError;
use tessera_notify::outbox::OutboxError;
use tessera_store::StoreError;
use tessera_vault::WalletKeysError;

use crate::upgrade::UpgradeError;

/// Exit code of a process that a fault of the disk, or of what is on it, ended (`EX_IOERR`).
const EXIT_CODE: u8 = 74;
/// Exit code of a process that a bug of its own ended (`EX_SOFTWARE`).
const BROKEN_EXIT_CODE: u8 = 70;
/// Exit code of a process whose role another node of the cluster has (`EX_TEMPFAIL`).
const SUPERSEDED_EXIT_CODE: u8 = 75;

/// Exit code of a process that was asked to end and could not do so in order, because the replicated log takes nothing
/// (`EX_UNAVAILABLE`).
const UNFINISHED_EXIT_CODE: u8 = 69;

/// See [`before_the_end`].
static BEFORE_THE_END: OnceLock<Box<dyn Fn() + Send + Sync>> = OnceLock::new();

/// Has this called before a fault ends the process, so that another node need not wait for the end of its lease. It has to return
/// soon.
pub fn before_the_end(call: Box<dyn Fn() + Send + Sync>) {
    // A process joins one cluster, once.
    let _ = BEFORE_THE_END.set(call);
}

/// Logs and ends the process at once: nothing else may leave it.
pub fn stop(what: &str, error: &dyn Display) -> ! {
    tracing::error!(%error, "{what}: stopping at once");
    // What is under way waits for the journal or the store, so nothing leaves meanwhile.
    end(EXIT_CODE)
}

/// Ends the process at once because another node is active: what this one has decided since does not count. A supervisor starts it
/// again, as a standby.
pub fn superseded(why: &str) -> ! {
    fence::close();
    tracing::error!(why, "another node is active: stopping at once");
    exit(SUPERSEDED_EXIT_CODE)
}

/// Logs and ends the process at once, as if it were killed: it was asked to end, and the replicated log takes nothing. What is under
/// way is resolved as after a crash.
pub fn unfinished() -> ! {
    tracing::error!(
        "asked to end while the replicated log takes nothing: ending without it. What was under way is resolved by the next node that \
         is active"
    );
    end(UNFINISHED_EXIT_CODE)
}

/// From now on a broken invariant ends the process, in the same way.
pub fn end_on_broken_invariants() {
    invariant::end_by(|| end(BROKEN_EXIT_CODE));
}

fn end(code: u8) -> ! {
    // Another node may be active at once.
    if let Some(call) = BEFORE_THE_END.get() {
        fence::close();
        call();
    }
    exit(code)
}

fn exit(code: u8) -> ! {
    tessera_console::finish();
    std::process::exit(code.into());
}

/// A process that has ended because a person asked for another node to be active: as after a take-over, a supervisor starts it again.
#[derive(Debug, thiserror::Error)]
#[error("handed over to another node: start this one again, and it goes on as a standby")]
pub(crate) struct HandedOver;

/// The exit code of a process that could not start or go on, where it is not the usual one.
pub fn exit_code(error: &anyhow::Error) -> Option<u8> {
    if error.is::<HandedOver>() {
        return Some(SUPERSEDED_EXIT_CODE);
    }
    let is_of_the_disk = |cause: &(dyn std::error::Error + 'static)| {
        if let Some(error) = cause.downcast_ref::<JournalError>() {
            return !matches!(error, JournalError::Locked { .. });
        }
        if let Some(error) = cause.downcast_ref::<StoreError>() {
            return !matches!(error, StoreError::Locked);
        }
        matches!(cause.downcast_ref(), Some(NotifyError::Outbox(_)))
            || matches!(cause.downcast_ref(), Some(LockFileError::Io { .. }))
            || matches!(cause.downcast_ref(), Some(WalletKeysError::Io { .. }))
            || cause.is::<MembershipError>()
            || matches!(cause.downcast_ref(), Some(UpgradeError::Disk { .. }))
            || cause.is::<OutboxError>()
    };
    error.chain().any(is_of_the_disk).then_some(EXIT_CODE)
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use tessera_journal::{Position, Sequence};
    use tessera_kit::clock::Timestamp;
    use tessera_ledger::{Entry, Event, Wallet, WalletId};
    use tessera_protocol::{Amount, CardNumber, Currency};

    use super::*;

    const CHILD: &str = "TESSERA_TEST_BREAKS_AN_INVARIANT";
    const CARD: u64 = 7;

    fn provisioned(wallet: &Wallet) -> Entry {
        Entry {
            wallet: wallet.id,
            previous: None,
            at: Timestamp::from_milliseconds(1),
            available: wallet.available,
            held: wallet.held,
            owed: wallet.owed,
            event: Event::Provisioned {
                currency: Currency::USD,
                card: CardNumber::development(CARD),
                expiry: 3112,
                balance: Amount::new(5).expect("an amount"),
            },
        }
    }

    /// In a process of its own, which is this test again.
    #[test]
    fn a_broken_invariant_ends_the_process_with_a_report() {
        if std::env::var_os(CHILD).is_some() {
            let settings = serde_json::from_str(r#"{"format": "json"}"#).expect("settings");
            tessera_console::start_logging(&settings).expect("a log");
            end_on_broken_invariants();
            let mut wallet = Wallet::new(WalletId(4711));
            let entry = provisioned(&wallet);
            let [first, second] =
                [64, 128].map(|stored| Position::from_stored(stored).expect("one"));
            let ninth = Sequence::FIRST.after(8);
            wallet.apply(&entry, first, ninth).expect("it fits");
            let entry = provisioned(&wallet);
            let _ = wallet.apply(&entry, second, ninth);
            unreachable!("a sequence does not come twice");
        }
        let child = Command::new(std::env::current_exe().expect("this test"))
            .args([
                "--exact",
                "fault::tests::a_broken_invariant_ends_the_process_with_a_report",
            ])
            .arg("--nocapture")
            .env(CHILD, "1")
            .env_remove("RUST_LOG")
            .output()
            .expect("this test again");
        let log = String::from_utf8(child.stderr).expect("a log");
        assert_eq!(child.status.code(), Some(BROKEN_EXIT_CODE.into()), "{log}");
        let report = log.lines().find(|line| line.contains("incident: "));
        let report: serde_json::Value =
            serde_json::from_str(report.expect("a report")).expect("JSON");
        assert_eq!(report["level"], "ERROR");
        assert_eq!(
            report["what"],
            "sequences and positions of a wallet's events rise"
        );
        assert_eq!(
            (&report["wallet"], &report["sequence"]),
            (&4711.into(), &9.into())
        );
        let place = report["place"].as_str().expect("a place");
        assert!(place.contains("state.rs:"), "{place}");
        let card = CardNumber::development(CARD).expose().to_string();
        assert!(!log.contains(&card), "{log}");
    }
}
