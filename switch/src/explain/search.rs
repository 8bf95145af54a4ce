//! Lists transactions out of a span of the journal, for those who don't have a name of theirs.

use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};

use tessera_common::text::{latin_1, visible};
use tessera_journal::Location;
use tessera_kit::clock::Timestamp;
use tessera_ledger::{Class, Opening, Payer, Reference, WalletId};
use tessera_protocol::{Amount, Currency, Institution, ResponseCode, mask_card_numbers};
use tessera_reports::audit::Opening as OpeningBalances;
use tessera_reports::index::{Index, Walked};

use super::facts::outcome;
use super::{ExplainError, Named, Step, all, replay, summary};

/// Rows of a list.
pub const ROWS_MAX: usize = 50;
/// Where the first digits of the card are asked for, so many rows with the right last four are looked at.
const CANDIDATES_MAX: usize = 500;

/// What is looked for. Whatever is `None` does not matter.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// Field 32.
    pub institution: Option<Institution>,
    /// Field 42, without the spaces behind it.
    pub acceptor: Option<String>,
    /// The first six digits of the card number.
    pub first_six: Option<u32>,
    /// The last four digits of the card number.
    pub last_four: Option<String>,
    /// Field 4, minor units.
    pub amount: Option<Amount>,
    /// Only those that were declined.
    pub declined: bool,
}

/// One transaction.
#[derive(Debug, Clone)]
pub struct Row {
    /// When the request came.
    pub at: Timestamp,
    /// The switch's own reference.
    pub reference: String,
    /// Field 37.
    pub party_reference: String,
    /// As in the summary of its page.
    pub kind: &'static str,
    /// Field 32.
    pub institution: Option<Institution>,
    /// Field 42.
    pub acceptor: String,
    /// The last four digits of the card, where it was paid by card.
    pub last_four: Option<String>,
    /// Whether it was paid by order.
    pub is_order: bool,
    /// Whose.
    pub wallet: WalletId,
    /// Field 4.
    pub amount: Amount,
    /// Field 49.
    pub currency: Currency,
    /// What was answered; `None` while it is open.
    pub code: Option<ResponseCode>,
    /// Why.
    pub because: String,
}

/// Transactions, the newest first.
#[derive(Debug)]
pub struct Listed {
    /// At most [`ROWS_MAX`].
    pub rows: Vec<Row>,
    /// Where the list goes on: what came before this moment was not looked at, or did not fit.
    pub goes_on: Option<Timestamp>,
    /// Whether time was up before anything is certain.
    pub gave_up: bool,
}

/// Lists the requests that came from the first moment up to and without the second, and what was answered. Takes little longer than
/// `patience`.
///
/// # Errors
/// When the journal can't be read, or is shorter than the store knows.
pub fn search(
    location: &Location,
    (from, to): (Timestamp, Timestamp),
    wanted: &Wanted,
    patience: Duration,
) -> Result<Listed, ExplainError> {
    let until = Instant::now() + patience;
    let index = Index::open(location)?;
    let capacity = match wanted.first_six {
        Some(_) => CANDIDATES_MAX,
        None => ROWS_MAX,
    };
    let mut found = Found::new(capacity);
    let walked = {
        let found = std::cell::RefCell::new(&mut found);
        index.walk_back(
            (from, to),
            until,
            &mut |position, sequence, entry| {
                let mut found = found.borrow_mut();
                let opening = entry.event.opening();
                let opens = opening.filter(|opening| wanted.fits(&entry.event, opening));
                let reference = match (opens, entry.event.about()) {
                    (Some(opening), _) => found.open(opening.reference),
                    (None, tessera_ledger::About::Reference(about)) => about,
                    (None, _) => return,
                };
                found.add(
                    reference,
                    Step {
                        position,
                        sequence,
                        entry,
                        after: [0; 3],
                    },
                );
            },
            &mut || found.borrow_mut().end_part(),
        )?
    };
    let reached = match walked {
        Walked::All => None,
        Walked::Enough(at) | Walked::TimeUp(at) => Some(at),
        Walked::Nowhere => {
            return Ok(Listed {
                rows: Vec::new(),
                goes_on: Some(from),
                gave_up: true,
            });
        }
    };
    let mut goes_on = reached.max(found.dropped);
    let mut opening = OpeningBalances::of(location, index.journal().as_ref())?;
    let mut rows = Vec::new();
    for steps in found.newest_first() {
        let Some(mut row) = row(&steps) else { continue };
        if reached.is_some_and(|reached| row.at < reached) {
            continue;
        }
        if rows.len() == ROWS_MAX {
            goes_on = rows.last().map(|row: &Row| row.at);
            break;
        }
        if let Some(first_six) = wanted.first_six
            && first_digits(&index, opening.as_mut(), &steps)? != Some(first_six)
        {
            continue;
        }
        if row.code.is_none() {
            answered_later(&index, &mut opening, &mut row)?;
        }
        if wanted.declined && !row.code.is_some_and(is_decline) {
            continue;
        }
        rows.push(row);
    }
    Ok(Listed {
        rows,
        goes_on,
        gave_up: false,
    })
}

/// Neither approved nor approved in part.
pub fn is_decline(code: ResponseCode) -> bool {
    !matches!(code, ResponseCode::APPROVED | ResponseCode::PARTLY_APPROVED)
}

impl Wanted {
    /// Requests of payers about their wallets are no transactions, except where money moves.
    fn fits(&self, event: &tessera_ledger::Event, opening: &Opening) -> bool {
        let is_transaction = opening.class != Class::Administrative || !opening.amount.is_zero();
        let of_card = |digits: &String| match opening.payer {
            Payer::Card(card, _) => card.last_four.to_string() == *digits,
            Payer::Order(_) | Payer::Wallet => false,
        };
        let at = |acceptor: &String| latin_1(&opening.acceptor).trim() == acceptor;
        let refused = || matches!(event, tessera_ledger::Event::Held { .. });
        is_transaction
            && self.institution.is_none_or(|it| opening.institution == Some(it))
            && self.amount.is_none_or(|amount| opening.amount == amount)
            && self.last_four.as_ref().is_none_or(of_card)
            && self.first_six.is_none_or(|_| matches!(opening.payer, Payer::Card(..)))
            && self.acceptor.as_ref().is_none_or(at)
            // One that was accepted at first may be declined by the financial system.
            && (!self.declined || refused() || matches!(event, tessera_ledger::Event::Declined { .. }))
    }
}

/// The newest transactions so far. In come events in the order of one part after the other.
struct Found {
    capacity: usize,
    /// Of the part that is read.
    part: VecDeque<Reference>,
    /// Of the newer parts, the newest first.
    newer: Vec<Reference>,
    steps: HashMap<Reference, Vec<Step>>,
    /// When the newest came for which there was no place.
    dropped: Option<Timestamp>,
}

impl Found {
    fn new(capacity: usize) -> Self {
        Self {
            capacity,
            part: VecDeque::new(),
            newer: Vec::new(),
            steps: HashMap::new(),
            dropped: None,
        }
    }

    fn open(&mut self, reference: Reference) -> Reference {
        if self.newer.len() + self.part.len() == self.capacity
            && let Some(oldest) = self.part.pop_front()
        {
            let steps = self.steps.remove(&oldest).unwrap_or_default();
            let came = steps.first().map(|step| step.entry.at);
            // The next list begins with it.
            self.dropped = self.dropped.max(came.map(|came| came.plus(1)));
        }
        self.part.push_back(reference);
        self.steps.entry(reference).or_default();
        reference
    }

    fn add(&mut self, reference: Reference, step: Step) {
        if let Some(steps) = self.steps.get_mut(&reference) {
            steps.push(step);
        }
    }

    /// Whether there is enough.
    fn end_part(&mut self) -> bool {
        self.newer.extend(self.part.drain(..).rev());
        self.newer.len() >= self.capacity
    }

    fn newest_first(mut self) -> impl Iterator<Item = Vec<Step>> {
        self.end_part();
        let mut steps = self.steps;
        self.newer
            .into_iter()
            .filter_map(move |reference| steps.remove(&reference))
    }
}

fn row(steps: &[Step]) -> Option<Row> {
    let first = steps.first()?;
    let opening = first.entry.event.opening()?;
    let outcome = outcome(steps);
    let text = |bytes: &[u8]| mask_card_numbers(&visible(latin_1(bytes).trim())).into_owned();
    Some(Row {
        at: first.entry.at,
        reference: text(&opening.reference.to_text()),
        party_reference: text(&opening.retrieval),
        kind: summary::kind(&first.entry.event, opening),
        institution: opening.institution,
        acceptor: text(&opening.acceptor),
        last_four: match opening.payer {
            Payer::Card(card, _) => Some(card.last_four.to_string()),
            Payer::Order(_) | Payer::Wallet => None,
        },
        is_order: matches!(opening.payer, Payer::Order(_)),
        wallet: first.entry.wallet,
        amount: opening.amount,
        currency: opening.currency,
        code: outcome.code,
        because: mask_card_numbers(&outcome.rule).into_owned(),
    })
}

/// Of the card that paid.
fn first_digits(
    index: &Index,
    opening: Option<&mut OpeningBalances>,
    steps: &[Step],
) -> Result<Option<u32>, ExplainError> {
    let Some(first) = steps.first() else {
        return Ok(None);
    };
    let Some(Payer::Card(name, _)) = first.entry.event.opening().map(|opening| opening.payer)
    else {
        return Ok(None);
    };
    let wallet = replay(index, opening, first.entry.wallet, &mut |_| {})?;
    let numbers = wallet.cards.numbers();
    let first_six = numbers.of(name).map(|card| {
        let behind = card.length().saturating_sub(6) as u32;
        // Six digits.
        (card.expose() / 10_u64.pow(behind)) as u32
    });
    Ok(first_six)
}

/// The answer may be in a part of the journal that was read before the one of the request.
fn answered_later(
    index: &Index,
    opening: &mut Option<OpeningBalances>,
    row: &mut Row,
) -> Result<(), ExplainError> {
    let named = Named::Reference(row.reference.clone());
    let mut visit = |steps: &[Step]| {
        if steps.first().is_some_and(|first| first.entry.at == row.at) {
            let outcome = outcome(steps);
            (row.code, row.because) = (outcome.code, mask_card_numbers(&outcome.rule).into_owned());
        }
    };
    match all(index, opening, &named) {
        Ok(found) => found.iter().for_each(|one| visit(&one.steps)),
        // It is older than what can be explained.
        Err(ExplainError::Unknown(_)) => {}
        Err(other) => return Err(other),
    }
    Ok(())
}
