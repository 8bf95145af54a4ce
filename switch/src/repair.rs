//! Accepts a journal whose references fall, as earlier builds left it after a clock was set back: proves that the journal
//! is whole, and records an operator's acceptance.
//!
//! ```text
//! audit ──▶ nothing irregular, or recorded already: nothing is written
//!       ──▶ a violation:                            nothing is written
//!       ──▶ the totals agree ──▶ replay ──▶ one event of the operator's wallet: what was found, who accepts it, why
//! ```
//! No event is changed, moved or left out. Nothing that reads a journal needs the record to read it: it says that an
//! operator has looked, and the audit finds by it what is new.

use crate::cluster::open_data;
use crate::recovery::{Data, journal_location};
use tessera_config::Settings;
use tessera_kit::clock;
use tessera_ledger::{Directed, Directive, Entry, Event, Wallet, WalletId};
use tessera_reports::audit::{Totals, audit};
use tessera_store::Snapshot;

/// What there was to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Repaired {
    /// All references rise.
    Nothing,
    /// Some do not, which was recorded before.
    Before(Totals),
    /// Some do not, and that was recorded now.
    Recorded(Totals),
}

/// Audits the journal of a stopped switch, and records references that do not rise, with the operator who accepts them
/// and the reason.
///
/// # Errors
/// With the audit's first violation; or when journal or store can't be opened or written, or a switch has them open.
pub fn repair(settings: &Settings, by: &str, reason: &str) -> anyhow::Result<Repaired> {
    anyhow::ensure!(!by.is_empty(), "state who accepts it: --by");
    anyhow::ensure!(!reason.is_empty(), "state why it is accepted: --reason");
    let totals = audit(&journal_location(settings, Some(&settings.data_keys()?)))?;
    if totals.irregular.wallets == 0 {
        return Ok(Repaired::Nothing);
    }
    if totals.accepted {
        return Ok(Repaired::Before(totals));
    }
    let (
        Data {
            lock: _lock,
            keys: _,
            journal,
            store,
            recovered,
        },
        member,
    ) = open_data(settings)?;
    anyhow::ensure!(
        recovered.last == totals.last,
        "a switch has written to the journal meanwhile: stop it, and run this again"
    );
    let id = WalletId::OPERATOR;
    let mut operator_policy = store.wallet(id)?.unwrap_or_else(|| Wallet::new(id));
    let entry = Entry {
        wallet: id,
        previous: operator_policy.last_position,
        at: clock::now(),
        available: operator_policy.available,
        held: operator_policy.held,
        owed: operator_policy.owed,
        event: Event::Directed(Box::new(Directed {
            directive: Directive::AcceptReferences(totals.irregular),
            by: by.into(),
            reason: reason.into(),
        })),
    };
    let mut payload = Vec::with_capacity(256);
    entry.write(&mut payload);
    let appended = journal.append(id.partition(settings.partitions), &payload);
    operator_policy.apply(&entry, appended.position, appended.sequence)?;
    let mut batch = vec![Snapshot::take(&mut operator_policy)];
    let mark = Some(appended.into());
    crate::provision::write(journal.as_ref(), &store, &mut batch, mark)?;
    journal.close()?;
    store.sync()?;
    if let Some(member) = member {
        member.end();
    }
    Ok(Repaired::Recorded(totals))
}
