//! The rules: what a command does to a wallet. Pure: nothing is read but what is handed in, nothing
//! is changed; `apply` makes the events true and the gate lets the effects out.

mod account;
mod administration;
mod browsers;
mod cards;
mod claims;
mod completed;
mod completion;
mod elsewhere;
mod find;
mod funding;
mod host;
mod import;
mod passkeys;
mod purchase;
mod refund;
mod replies;
mod reversal;
mod stand_in;
mod status;
mod supervise;

pub use import::{BookedRequest, Booking, NotImported, import};
use smallvec::{SmallVec, smallvec};
use tessera_protocol::{Amount, ResponseCode};

use super::transaction::{Kind, Status, Transaction};
use super::{
    Action, Ask, Command, Context, Details, Effect, Event, OrderState, Outcome, Reference, Rule,
    Source, Verdict, Wallet,
};

/// What a command comes to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Decision {
    /// To be journaled and applied, in this order.
    pub events: SmallVec<[Event; 1]>,
    /// To be let out when the events are durable, in this order.
    pub effects: SmallVec<[Effect; 2]>,
}

/// Decides `command` for `wallet`.
pub fn decide(wallet: &Wallet, command: &Command, context: &Context) -> Decision {
    match command {
        Command::Ask(ask) => decide_ask(wallet, ask, context),
        Command::HostAnswered(reference, code) => {
            host::answered(wallet, *reference, *code, context)
        }
        Command::HostIssuedCard(reference, card, expiry) => {
            host::issued_card(wallet, *reference, card, *expiry, context)
        }
        Command::HostSilent(reference) => host::silent(wallet, *reference, context),
        Command::HostUnreached(reference) => host::unreached(wallet, *reference, context),
        Command::AdviceAnswered(reference, subject) => {
            host::advice_answered(wallet, *reference, *subject)
        }
        Command::AdviceRefused(reference, subject, code) => {
            supervise::refused(wallet, *reference, *subject, *code, context)
        }
        Command::Reconcile(reconciled) => supervise::reconcile(reconciled),
        Command::AskForTotals(day) => supervise::ask_for_totals(wallet, *day),
        Command::CompareTotals(compared) => supervise::compare_totals(compared),
        // For advices that were never sent.
        Command::HostTotals(..) => Decision::default(),
        Command::ChangeKey(directed) => supervise::change_key(wallet, directed),
        Command::Direct(directed) => supervise::direct(wallet, directed),
        Command::Inspect => Decision::answer(Outcome::approved()),
        Command::AskStatus(query) => Decision::answer(match wallet.status_of(query, context.now) {
            Some(report) => Outcome {
                details: Details::Status(Box::new(report)),
                ..Outcome::approved()
            },
            None => Outcome::declined(Rule::StatusUnknown),
        }),
        Command::Wake => completion::expire(wallet, context),
        Command::Recover => host::recover(wallet, context),
        Command::Renew => cards::renew(wallet, context),
        Command::BrowserGone(number) => browsers::gone(wallet, *number),
        Command::Reseal => Decision {
            effects: smallvec![Effect::Reseal],
            ..Decision::default()
        },
    }
}

/// Whether the requester may do this: a valid session, and the password if it is needed.
pub fn is_admitted(wallet: &Wallet, ask: &Ask, context: &Context) -> bool {
    claims::admit(wallet, ask, context).is_ok()
}

fn decide_ask(wallet: &Wallet, ask: &Ask, context: &Context) -> Decision {
    // A repeat gets the answer again, even if the operation ended the session or changed the password that it used.
    // Only a card number is not shown without it.
    if ask.claims.is_some()
        && let Some(seen) = wallet.transactions.by_key(&ask.opening.key)
        && seen.kind != Kind::CardIssue
    {
        return answer_again(seen, ask, wallet);
    }
    let used = match claims::admit(wallet, ask, context) {
        Ok(used) => used,
        Err(decided) => return *decided,
    };
    let mut decision = decide_admitted(wallet, ask, context);
    // Only a session is used: most requests copy nothing here.
    if !used.is_empty() {
        decision.events.extend(used);
    }
    decision
}

fn decide_admitted(wallet: &Wallet, ask: &Ask, context: &Context) -> Decision {
    // Inquiries change nothing and are answered afresh; everything else is applied once.
    match &ask.action {
        Action::Inquiry => return purchase::inquire(wallet, &ask.opening, context),
        Action::History(request) => return administration::read_history(wallet, *request),
        Action::Unwatch => {
            let answer = Effect::Answer(Outcome::approved());
            return Decision {
                effects: smallvec![Effect::Unwatch, answer],
                ..Decision::default()
            };
        }
        Action::Purchase { .. }
        | Action::Complete { .. }
        | Action::Post { .. }
        | Action::Verify { .. }
        | Action::Refund { .. }
        | Action::Reverse { .. }
        | Action::Open
        | Action::IssueCard
        | Action::RenewCard
        | Action::Load(_)
        | Action::Announce { .. }
        | Action::Cancel
        | Action::Account(_) => {}
    }
    if let Some(seen) = wallet.transactions.by_key(&ask.opening.key) {
        return answer_again(seen, ask, wallet);
    }
    if (ask.opening.repeat || is_advice(&ask.action))
        && let Some(seen) = import::find(wallet, ask)
    {
        return Decision::answer(import::answer_again(seen, &ask.opening));
    }
    match &ask.action {
        Action::Purchase { barred } => purchase::purchase(wallet, &ask.opening, *barred, context),
        Action::Refund { original } => {
            refund::refund(wallet, &ask.opening, original.as_ref(), context)
        }
        Action::Complete {
            original,
            several,
            elsewhere,
        } => {
            let terms = completion::Terms {
                several: *several,
                elsewhere: *elsewhere,
            };
            completion::complete(wallet, &ask.opening, original, terms, context)
        }
        Action::Post { twin } => elsewhere::advise(wallet, &ask.opening, twin, context),
        Action::Reverse {
            original,
            replacement,
            advice,
            was_waiting,
        } => {
            let terms = reversal::Terms {
                replacement: *replacement,
                advice: *advice,
                was_waiting: *was_waiting,
            };
            reversal::reverse(wallet, &ask.opening, original, terms, context)
        }
        Action::Open => administration::open(wallet, &ask.opening),
        Action::IssueCard => cards::issue(wallet, &ask.opening, false, context),
        Action::RenewCard => cards::issue(wallet, &ask.opening, true, context),
        Action::Load(from) => funding::load(wallet, &ask.opening, from, context),
        Action::Verify { barred } => purchase::verify(wallet, &ask.opening, *barred, context),
        Action::Announce {
            expires_at,
            description,
            reversed,
        } => administration::announce(wallet, ask, *expires_at, description, reversed, context),
        Action::Cancel => administration::cancel(wallet, &ask.opening),
        Action::Account(action) => account::decide(wallet, ask, action, context),
        Action::Inquiry | Action::History(_) | Action::Unwatch => Decision::default(),
    }
}

/// Wire protocol, section 5, "Duplicates": the same request is answered alike, and the same key with
/// other contents is refused.
fn answer_again(seen: &Transaction, ask: &Ask, wallet: &Wallet) -> Decision {
    let opening = &ask.opening;
    // What a payout comes to, the wallet says.
    let same = (seen.amount == opening.amount || seen.kind == Kind::Payout)
        && seen.payer == opening.payer.tag()
        && seen.terminal == opening.terminal_tag()
        && seen.acceptor == opening.acceptor_tag()
        && seen.currency == opening.currency;
    if !same {
        return Decision::answer(contradiction());
    }
    let effect = match seen.status {
        // Only a card is still requested after its requester was answered 91.
        Status::Pending if host::is_late(seen) => Effect::Answer(Outcome::declined(Rule::HostLate)),
        Status::Pending => Effect::Await(seen.reference),
        // An advice is never declined, even if its request was answered 25.
        _ if is_advice(&ask.action) && seen.code == ResponseCode::NOT_FOUND => {
            Effect::Answer(Outcome::unmatched(true))
        }
        Status::Approved | Status::Declined => Effect::Answer(answer_of(seen, wallet)),
    };
    let new_time = !seen.was_sent_at(opening.transmission);
    let repeated = Event::Repeated {
        reference: seen.reference,
        transmission: opening.transmission,
    };
    Decision {
        events: if new_time {
            smallvec![repeated]
        } else {
            SmallVec::new()
        },
        effects: smallvec![effect],
    }
}

/// The same key came with other contents.
fn contradiction() -> Outcome {
    Outcome::declined(Rule::OtherContents)
}

fn is_advice(action: &Action) -> bool {
    matches!(
        action,
        Action::Reverse { advice: true, .. } | Action::Complete { .. } | Action::Post { .. }
    )
}

/// The answer that a closed transaction got, and gets again.
fn answer_of(transaction: &Transaction, wallet: &Wallet) -> Outcome {
    let approved = transaction.code.is_approved();
    let forwarded = matches!(
        transaction.kind,
        Kind::Purchase | Kind::Authorization | Kind::Refund | Kind::Load | Kind::Payout
    ) && transaction.host_trace.is_some();
    if let Some(card) = wallet.cards.issued_by(transaction.reference)
        && transaction.kind == Kind::CardIssue
        && approved
    {
        return cards::issued(wallet, card);
    }
    let sources = wallet.account.as_ref().map(|account| &account.sources);
    let added = |source: &&Source| source.added_by == transaction.reference;
    if let Some(source) = sources.into_iter().flatten().find(added) {
        return account::stored(source);
    }
    if transaction.more().unmatched {
        return Outcome::unmatched(approved);
    }
    if !approved {
        return Outcome::declined(Verdict::with_code(Rule::DecidedBefore, transaction.code));
    }
    Outcome {
        approval: forwarded.then(|| transaction.approval()),
        ..self::approved(transaction.amount, transaction.more().granted)
    }
}

/// Approved, wholly or in part.
fn approved(asked: Amount, granted: Option<Amount>) -> Outcome {
    match granted {
        None => Outcome::approved(),
        Some(granted) => Outcome {
            code: ResponseCode::PARTLY_APPROVED,
            details: Details::Part { granted, of: asked },
            ..Outcome::approved()
        },
    }
}

/// Approved, with this to say; nothing is journaled.
fn answer_with(details: Details) -> Decision {
    Decision::answer(Outcome {
        details,
        ..Outcome::approved()
    })
}

/// The order that `reference` pays, if it pays one, turned to `state`.
fn order_turned(wallet: &Wallet, reference: Reference, state: OrderState) -> Option<Effect> {
    let order = wallet.orders.paid_by(reference)?;
    Some(Effect::OrderTurned(order.key, state, order.expires_at))
}

impl Decision {
    /// Only an answer; nothing is journaled.
    fn answer(outcome: Outcome) -> Self {
        Self {
            events: SmallVec::new(),
            effects: smallvec![Effect::Answer(outcome)],
        }
    }
}
