//! The decision about a transaction and its reasons, from the journal alone.
//!
//! Input: the name of a transaction. Output: a page, for people and for programs. Requests and answers are rebuilt from what the journal
//! keeps of them: MACs, texts for the payer and what the switch does not use are not kept. Card numbers are masked.

mod facts;
mod json;
mod search;
mod summary;
mod timeline;
mod wire;

use tessera_protocol::{Institution, OrderKey, Stan};

pub use search::{Listed, ROWS_MAX, Row, Wanted, is_decline, search};

use crate::gate::advice;
use tessera_journal::{JournalError, Location, Position, Sequence};
use tessera_kit::clock::Timestamp;
use tessera_ledger::{
    About, Advice, Broken, CardNumbers, Change, Entry, Event, Opening, Owed, Payer, Reference,
    Unreadable, Wallet, WalletId,
};
use tessera_reports::audit::{Opening as OpeningBalances, ResultError};
use tessera_reports::index::{Index, IndexError, Name};
use tessera_store::read_back_kept;

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
    /// Nothing can be looked up in it.
    #[error(transparent)]
    Index(#[from] IndexError),
    /// A record is no event.
    #[error("record {0}: {1}")]
    Unreadable(Sequence, Unreadable),
    /// An event does not follow from what came before it: `tessera audit` says more.
    #[error("record {0}: {1}")]
    Broken(Sequence, Broken),
    /// Nothing is called so.
    #[error(
        "the journal has no such transaction: what no wallet was asked (an unknown card, a wrong MAC, a format error) is \
         answered before it reached a wallet, counted by `tessera_declines_total` and logged at debug{}",
        older(*.0)
    )]
    Unknown(Option<Timestamp>),
    /// What was proven of deleted events can't be read.
    #[error(transparent)]
    Opening(#[from] ResultError),
}

/// What else may be the reason where only events after a moment can be explained.
fn older(kept_from: Option<Timestamp>) -> String {
    let words = |at| {
        format!(
            "; or it is older than the journal keeps: transactions after {} can be explained",
            facts::moment(at)
        )
    };
    kept_from.map(words).unwrap_or_default()
}

/// What is known of one transaction.
pub struct Explanation {
    /// For people: a summary, then everything.
    pub page: String,
    /// For programs.
    pub json: serde_json::Value,
}

/// What a page is made of.
struct Transaction<'a> {
    /// Its events, oldest first.
    steps: &'a [Step],
    /// Of a purchase by order: where the payer agreed to it.
    agreement: Option<&'a Step>,
    /// The advices about it to the financial system, as sent over the line.
    advices: &'a [Vec<u8>],
    /// The card numbers of the wallet.
    cards: &'a CardNumbers,
}

/// An event, and the wallet's balances behind it.
struct Step {
    position: Position,
    sequence: Sequence,
    entry: Entry,
    /// Available, held and owed, minor units.
    after: [u64; 3],
}

impl Step {
    /// The same before the event.
    fn before(&self) -> [u64; 3] {
        let entry = &self.entry;
        [entry.available, entry.held, entry.owed].map(|balance| balance.value())
    }
}

/// Each transaction of that name, oldest first. The payer's agreement to an order is a part of the purchase. Data of 0.2 has no keys before a switch has opened it.
///
/// # Errors
/// When there is none, or the journal can't be read, or is shorter than the store knows.
pub fn explain(location: &Location, named: &Named) -> Result<Vec<Explanation>, ExplainError> {
    let index = Index::open(location)?;
    let mut opening = OpeningBalances::of(location, index.journal().as_ref())?;
    let found = all(&index, &mut opening, named)?;
    let operator_policy = replay(&index, opening.as_mut(), WalletId::OPERATOR, &mut |_| {})?;
    let decided = operator_policy.supervision.unwrap_or_default();
    let date = |moment| decided.days.of(moment).month_and_day();
    let journal = index.journal();
    let pages = found.iter().map(|one| {
        let (wallet, reference) = (&one.wallet, one.reference);
        let advices = advised(wallet, reference).filter_map(|owed| {
            let unread = crate::wallet::unread(wallet, reference, owed, date)?;
            // Without the event that opened it there would be no page.
            let message = advice::read(|at| journal.read(at), &unread).ok()?;
            Some(tessera_host::write_out(&message, reference))
        });
        timeline::explanation(&Transaction {
            steps: &one.steps,
            agreement: one.agreement.as_ref(),
            advices: &advices.collect::<Vec<_>>(),
            cards: &wallet.cards.numbers(),
        })
    });
    Ok(pages.flatten().collect())
}

/// A transaction, and its wallet as all events leave it.
struct Read {
    reference: Reference,
    steps: Vec<Step>,
    agreement: Option<Step>,
    wallet: Wallet,
}

/// Each transaction of that name, oldest first.
fn all(
    index: &Index,
    opening: &mut Option<OpeningBalances>,
    named: &Named,
) -> Result<Vec<Read>, ExplainError> {
    let reflected = opening.as_ref().map(|opening| opening.mark().position);
    let mut found: Vec<Found> = Vec::new();
    for position in named.positions(index)? {
        // How the wallet came to it is not known any more.
        if Some(position) <= reflected {
            continue;
        }
        let entry = index.entry(position)?;
        if let Some(opening) = entry.event.opening()
            && named.means(opening)
        {
            found.push(Found {
                owner: entry.wallet,
                reference: opening.reference,
                payer: opening.payer,
                is_agreement: matches!(entry.event, Event::OrderAnnounced { .. }),
            });
        }
    }
    if found.is_empty() {
        let at = opening.as_ref().map(OpeningBalances::at);
        return Err(ExplainError::Unknown(at));
    }
    let others = found.clone();
    found.retain(|one| !others.iter().any(|other| one.is_agreement_to(other)));
    let read = found.iter().map(|of| {
        let (owner, reference) = (of.owner, of.reference);
        let mut steps = Vec::new();
        let mut agreement = None;
        let wallet = replay(index, opening.as_mut(), owner, &mut |step| {
            if concerns(&step.entry.event, reference) {
                steps.push(step);
            } else if steps.is_empty() && of.was_agreed_by(&step.entry.event) {
                agreement = Some(step);
            }
        })?;
        Ok(Read {
            reference,
            steps,
            agreement,
            wallet,
        })
    });
    read.collect()
}

/// A request of that name.
#[derive(Clone)]
struct Found {
    owner: WalletId,
    reference: Reference,
    payer: Payer,
    /// The payer's, to pay an order.
    is_agreement: bool,
}

impl Found {
    /// Whether `other` is the purchase, or another request of the mall, that this agreement is about.
    fn is_agreement_to(&self, other: &Self) -> bool {
        let same = (self.owner, self.payer) == (other.owner, other.payer);
        self.is_agreement && !other.is_agreement && same
    }

    /// Whether the payer agreed to this request with that event.
    fn was_agreed_by(&self, event: &Event) -> bool {
        let Event::OrderAnnounced { opening, .. } = event else {
            return false;
        };
        matches!(self.payer, Payer::Order(_)) && !self.is_agreement && opening.payer == self.payer
    }
}

/// A wallet as all of its events leave it, each of which is shown that the opening balances do not reflect.
fn replay(
    index: &Index,
    opening: Option<&mut OpeningBalances>,
    id: WalletId,
    visit: &mut dyn FnMut(Step),
) -> Result<Wallet, ExplainError> {
    let reflected = opening.as_ref().map(|opening| opening.mark().position);
    let mut wallet = match opening {
        Some(opening) => opening.wallet(id)?,
        None => Wallet::new(id),
    };
    let chain = index.chain(id)?.into_iter();
    for position in chain.filter(|position| Some(*position) > reflected) {
        let record = index.journal().read(position)?;
        let sequence = record.sequence;
        let entry = Entry::read(&record.payload);
        let entry = entry.map_err(|error| ExplainError::Unreadable(sequence, error))?;
        let recalled = wallet.recall(entry.event.about(), None, |at| {
            read_back_kept(index.journal().read(at))
        });
        recalled.map_err(IndexError::from)?;
        wallet
            .apply(&entry, position, sequence)
            .map_err(|error| ExplainError::Broken(sequence, error))?;
        let after = [wallet.available, wallet.held, wallet.owed].map(|balance| balance.value());
        visit(Step {
            position,
            sequence,
            entry,
            after,
        });
    }
    Ok(wallet)
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

impl Named {
    /// Where the index says that requests of this name may be, oldest first.
    fn positions(&self, index: &Index) -> Result<Vec<Position>, IndexError> {
        let names = match self {
            Self::Reference(text) => [
                Name::retrieval(text.as_bytes()),
                Reference::from_text(text.as_bytes()).map(Name::Reference),
            ],
            Self::Trace {
                institution,
                trace,
                local_date,
            } => {
                let name = Name::Trace {
                    institution: *institution,
                    trace: *trace,
                    local_date: *local_date,
                };
                [Some(name), None]
            }
            Self::Order(key) => [Some(Name::Order(*key)), None],
        };
        let mut positions = Vec::new();
        for name in names.iter().flatten() {
            positions.extend(index.find(name)?);
        }
        positions.sort_unstable();
        positions.dedup();
        Ok(positions)
    }

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
    let disputes = matches!(event, Event::Account { change: Change::Disputed(about), .. } if *about == reference);
    let decides =
        matches!(event, Event::Directed(directed) if directed.concerns() == Some(reference));
    opens
        || disputes
        || decides
        || matches!(event.about(), About::Reference(about) if about == reference)
}
