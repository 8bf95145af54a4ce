//! The decision about a transaction and its reasons, from the journal alone.
//!
//! Input: the name of a transaction. Output: text. Requests and answers are rebuilt from what the journal
//! keeps of them: MACs, texts for the payer and what the switch does not use are not kept. Card numbers are masked.

mod timeline;
mod wire;

use std::path::Path;

use hashbrown::HashMap;
use tessera_protocol::{Institution, OrderKey, Stan};

use crate::gate::advice;
use tessera_encryption::DataKeys;
use tessera_journal::{JournalError, Location, Position, Reader, RecordRef, Sequence};
use tessera_ledger::{
    About, Advice, Broken, Entry, Event, Opening, Owed, Payer, Reference, Unreadable, Wallet,
    WalletId,
};
use tessera_store::recorded_mark;

/// What a transaction is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Named {
    /// By field 37: the party's, or ours towards the financial system.
    Reference(String),
    /// By field 32, field 11 and field 13 (MMDD).
    Trace {
        /// Field 32.
        institution: Option<Institution>,
        /// Field 11.
        trace: Option<Stan>,
        /// Field 13.
        local_date: u32,
    },
    /// By card acceptor and order number.
    Order(OrderKey),
}

/// Why there is no page.
#[derive(Debug, thiserror::Error)]
pub enum ExplainError {
    /// The journal can't be read.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// A record is no event.
    #[error("record {0}: {1}")]
    Unreadable(Sequence, Unreadable),
    /// An event does not follow from what came before it: `tessera audit` says more.
    #[error("record {0}: {1}")]
    Broken(Sequence, Broken),
    /// Nothing is called so.
    #[error(
        "the journal has no such transaction: what no wallet was asked (an unknown card, a wrong MAC, a format error) is \
         answered before it reached a wallet, counted by `tessera_declines_total` and logged at debug"
    )]
    Unknown,
}

/// An event, and the wallet's balances behind it.
struct Step {
    position: Position,
    sequence: Sequence,
    entry: Entry,
    /// Available, held and owed, minor units.
    after: [u64; 3],
}

/// A page for each transaction of that name, oldest first.
///
/// # Errors
/// When there is none, or the journal in `data` can't be read, or is shorter than the store knows.
pub fn explain(
    data: &Path,
    keys: Option<&DataKeys>,
    named: &Named,
) -> Result<Vec<String>, ExplainError> {
    let mut found: Vec<(WalletId, Reference)> = Vec::new();
    let journal = tessera_journal::reader(&Location::in_data(data, keys));
    let journal = journal.as_ref();
    each(data, journal, &mut |_, entry| {
        if let Some(opening) = entry.event.opening()
            && named.means(opening)
        {
            found.push((entry.wallet, opening.reference));
        }
        Ok(())
    })?;
    if found.is_empty() {
        return Err(ExplainError::Unknown);
    }
    let mut wallets: HashMap<WalletId, Wallet> = HashMap::new();
    let operator_policy = WalletId::OPERATOR;
    wallets.insert(operator_policy, Wallet::new(operator_policy));
    let mut steps: Vec<Vec<Step>> = found.iter().map(|_| Vec::new()).collect();
    for (wallet, _) in &found {
        wallets.insert(*wallet, Wallet::new(*wallet));
    }
    each(data, journal, &mut |record, entry| {
        let Some(wallet) = wallets.get_mut(&entry.wallet) else {
            return Ok(());
        };
        wallet
            .apply(entry, record.position, record.sequence)
            .map_err(|error| ExplainError::Broken(record.sequence, error))?;
        let after = [wallet.available, wallet.held, wallet.owed].map(|balance| balance.value());
        for ((owner, reference), steps) in found.iter().zip(&mut steps) {
            if *owner == entry.wallet && concerns(&entry.event, *reference) {
                steps.push(Step {
                    position: record.position,
                    sequence: record.sequence,
                    entry: entry.clone(),
                    after,
                });
            }
        }
        Ok(())
    })?;
    let decided = wallets[&operator_policy]
        .supervision
        .clone()
        .unwrap_or_default();
    let date = |moment| decided.days.of(moment).month_and_day();
    let pages = found.iter().zip(&steps).map(|((owner, reference), steps)| {
        let wallet = &wallets[owner];
        let advices = advised(wallet, *reference).filter_map(|owed| {
            let unread = crate::wallet::unread(wallet, *reference, owed, date)?;
            // Without the event that opened it there would be no page.
            let message = advice::read(|at| journal.read(at), &unread).ok()?;
            Some(tessera_host::write_out(&message, *reference))
        });
        timeline::page(steps, &advices.collect::<Vec<_>>())
    });
    Ok(pages.collect())
}

/// The advices about a transaction to the financial system.
fn advised(wallet: &Wallet, reference: Reference) -> impl Iterator<Item = Owed> {
    let found = wallet.transactions.by_reference(reference);
    let advices = found.map_or([Advice::None; 2], |found| {
        [found.more().posting, found.advice]
    });
    let owed = [Owed::Posting, Owed::Undo].into_iter().zip(advices);
    owed.filter(|(_, advice)| *advice != Advice::None)
        .map(|(owed, _)| owed)
}

/// Shows every event.
fn each(
    data: &Path,
    journal: &dyn Reader,
    visit: &mut dyn FnMut(&RecordRef<'_>, &Entry) -> Result<(), ExplainError>,
) -> Result<(), ExplainError> {
    let known = recorded_mark(&data.join("store"));
    let mut failure = None;
    let read = journal.scan(known, &mut |record| {
        let sequence = record.sequence;
        let entry =
            Entry::read(record.payload).map_err(|error| ExplainError::Unreadable(sequence, error));
        entry
            .and_then(|entry| visit(&record, &entry))
            .map_err(|error| {
                failure = Some(error);
                "no page could be written".into()
            })
    });
    match (failure, read) {
        (Some(error), _) => Err(error),
        (None, Err(error)) => Err(error.into()),
        (None, Ok(_)) => Ok(()),
    }
}

impl Named {
    fn means(&self, opening: &Opening) -> bool {
        match self {
            Self::Reference(text) => {
                let text = text.as_bytes();
                opening.retrieval.trim_ascii() == text || opening.reference.to_text() == text
            }
            Self::Trace {
                institution,
                trace,
                local_date,
            } => {
                (opening.institution, opening.trace, opening.local_date)
                    == (*institution, *trace, *local_date)
            }
            Self::Order(key) => opening.payer == Payer::Order(*key),
        }
    }
}

/// Whether an event opens the transaction, or is about it.
fn concerns(event: &Event, reference: Reference) -> bool {
    let opens = event.opening().is_some_and(|it| it.reference == reference);
    opens || matches!(event.about(), About::Reference(about) if about == reference)
}
