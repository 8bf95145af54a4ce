//! The end of a wallet: its money is paid out to its source, and the host gets an advice for each of its card numbers.

use tessera_protocol::leased::NumberUse;
use tessera_protocol::{CardNumber, ResponseCode};

use super::bench::{EXPIRY, balances, by_card, entry_at, forwarded, name, settled};
use super::payer::{Payers, code, session};
use crate::{AccountAction, Advice, CardName, Command, Effect, Event, Reference, Status, Wanted};

/// The cards in cancellations to the host.
fn cancelled(payers: &Payers, effects: &[Effect]) -> Vec<CardName> {
    let advised = effects.iter().filter_map(|effect| match effect {
        Effect::Advise(reference) => Some(*reference),
        _ => None,
    });
    advised
        .filter_map(|reference| retired(payers, reference))
        .collect()
}

/// The card that the event names which opened this transaction, as the gate reads it.
fn retired(payers: &Payers, reference: Reference) -> Option<CardName> {
    let transaction = payers.bench.wallet.transactions.by_reference(reference)?;
    assert_eq!(transaction.advice, Advice::Open);
    match &entry_at(&payers.bench.entries, transaction.position).event {
        Event::CardRetired { card, .. } => Some(*card),
        _ => None,
    }
}

fn names(serials: &[u32]) -> Vec<CardName> {
    serials.iter().copied().map(name).collect()
}

#[test]
fn a_wallet_ends_when_its_money_is_back() {
    let mut payers = Payers::with(1000);
    let source = payers.source_number();
    let refused = payers.proven(AccountAction::Close(None), true);
    assert_eq!(code(&refused), Some(ResponseCode::INVALID_TRANSACTION));
    let pending = payers.buy(10).unwrap();
    let refused = payers.proven(AccountAction::Close(Some(source)), true);
    assert_eq!(code(&refused), Some(ResponseCode::DUPLICATE));
    payers
        .bench
        .send(Command::HostAnswered(pending, ResponseCode::APPROVED));
    // The source does not take it: the wallet is as it was.
    let reference = forwarded(&payers.proven(AccountAction::Close(Some(source)), true));
    assert_eq!(balances(&payers.bench), (0, 990));
    assert_eq!(payers.buy(1), Err(ResponseCode::WALLET_BLOCKED));
    payers
        .bench
        .send(Command::HostAnswered(reference, ResponseCode::DECLINED));
    assert_eq!(balances(&payers.bench), (990, 0));
    assert!(payers.buy(1).is_ok());
    let pending = payers.buy(1).unwrap();
    payers.bench.send(Command::HostUnreached(pending));
    let first = payers
        .bench
        .wallet
        .transactions
        .iter()
        .find(|found| found.status == Status::Pending);
    let first = first.map(|found| found.reference).unwrap();
    payers.bench.send(Command::HostUnreached(first));
    let reference = forwarded(&payers.proven(AccountAction::Close(Some(source)), true));
    let effects = payers
        .bench
        .send(Command::HostAnswered(reference, ResponseCode::APPROVED));
    assert_eq!(settled(&effects).code, ResponseCode::APPROVED);
    assert_eq!(cancelled(&payers, &effects), names(&[1]));
    assert_eq!(balances(&payers.bench), (0, 0));
    assert_eq!(payers.buy(1), Err(ResponseCode::NO_SUCH_CARD));
    let gone = payers.proven(AccountAction::SignIn(session([1; 32])), false);
    assert_eq!(code(&gone), Some(ResponseCode::SECURITY_VIOLATION));
    let account = payers.bench.wallet.account.as_ref().unwrap();
    assert!(account.password.is_empty() && account.sources.is_empty());
    assert_eq!(payers.bench.replayed(), payers.bench.wallet);
}

#[test]
fn money_that_comes_in_while_the_wallet_ends_keeps_it_open() {
    let mut payers = Payers::with(1000);
    let bought = payers.buy(100).unwrap();
    payers
        .bench
        .send(Command::HostAnswered(bought, ResponseCode::APPROVED));
    let trace = payers.traces;
    let source = payers.source_number();
    let reference = forwarded(&payers.proven(AccountAction::Close(Some(source)), true));
    let undo = super::bench::reversal(trace, None, true);
    payers.bench.ask(by_card(4, 1, 100), undo);
    let effects = payers
        .bench
        .send(Command::HostAnswered(reference, ResponseCode::APPROVED));
    assert!(cancelled(&payers, &effects).is_empty());
    assert_eq!(balances(&payers.bench), (100, 0));
    assert!(!payers.bench.wallet.account.as_ref().unwrap().closed);
    assert!(payers.buy(100).is_ok());
}

#[test]
fn the_host_gets_an_advice_for_every_number_of_a_wallet_that_ends() {
    let mut payers = Payers::with(1000);
    payers.further(NumberUse::Mall, 0, 2);
    let used = payers.further(NumberUse::Once, 0, 3);
    let bought = payers.buy_with(used, *b"SHOP-77        ", 1000).unwrap();
    payers
        .bench
        .send(Command::HostAnswered(bought, ResponseCode::APPROVED));
    payers.further(NumberUse::Once, 0, 4);
    let serial = payers.bench.wallet.cards.iter().last().unwrap().serial;
    payers.account(AccountAction::RetireNumber(serial));
    let effects = payers.proven(AccountAction::Close(None), true);
    assert_eq!(code(&effects), Some(ResponseCode::APPROVED));
    assert_eq!(cancelled(&payers, &effects), names(&[1, 2, 3]));
    assert_eq!(payers.bench.replayed(), payers.bench.wallet);
    // A crash took the end of what was written.
    payers
        .bench
        .entries
        .truncate(payers.bench.entries.len() - 2);
    payers.bench.wallet = payers.bench.replayed();
    assert!(payers.bench.wallet.is_open());
    let effects = payers.bench.send(Command::Recover);
    let again = cancelled(&payers, &effects);
    assert!(
        names(&[1, 2, 3])
            .iter()
            .all(|number| again.contains(number))
    );
    assert!(payers.bench.wallet.cards.known_to_host().next().is_none());
}

#[test]
fn a_card_that_comes_after_the_end_is_cancelled() {
    let mut payers = Payers::with(0);
    let reissue = forwarded(&payers.proven(AccountAction::ReissueCard, true));
    payers.bench.send(Command::HostSilent(reissue));
    let closed = payers.proven(AccountAction::Close(None), true);
    assert_eq!(code(&closed), Some(ResponseCode::APPROVED));
    assert_eq!(cancelled(&payers, &closed), names(&[1]));
    // It is asked for as before, also after a restart.
    payers.bench.wallet = payers.bench.replayed();
    let effects = payers.bench.send(Command::Recover);
    assert!(effects.contains(&Effect::AskForCardAgain(reissue)));
    let wanted = payers.bench.wallet.cards.requested(reissue);
    assert_eq!(wanted, Some(&Wanted::Replacement(name(1))));
    let issued = Command::HostIssuedCard(reissue, CardNumber::development(2), EXPIRY);
    let effects = payers.bench.send(issued);
    assert_eq!(cancelled(&payers, &effects), names(&[2]));
    let open: Vec<Reference> = payers
        .bench
        .wallet
        .transactions
        .iter()
        .filter(|found| found.is_open())
        .map(|found| found.reference)
        .collect();
    for reference in open {
        payers.bench.acknowledge(reference);
    }
    assert!(!payers.bench.wallet.is_open());
    assert_eq!(payers.bench.replayed(), payers.bench.wallet);
}
