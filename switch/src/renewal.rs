//! Cards are renewed before they expire: once a day every wallet is checked, and those that are due get a command.

use std::sync::Arc;
use std::thread::sleep;
use std::time::Duration;

use crate::dispatch::Inboxes;
use crate::message::WalletMessage;
use tessera_kit::clock;
use tessera_ledger::Command;
use tessera_metrics::LinkStats;
use tessera_store::Store;

/// How often it is asked whether the lines are up.
const LOOK_AGAIN: Duration = Duration::from_secs(1);
const DAILY: Duration = Duration::from_secs(24 * 60 * 60);
/// After so many wallets that were looked at a rest, so that nobody else notices.
const AT_ONCE: u64 = 500;
/// And after this many commands, because each wallet is loaded and sends a request to the financial system.
const COMMANDS_AT_ONCE: u64 = 20;
const REST: Duration = Duration::from_millis(20);

/// Looks through the store as soon as the financial system can be asked and then every day, as long as it is polled.
pub(crate) async fn keep(
    store: Arc<Store>,
    inboxes: Inboxes,
    lines: Vec<Arc<LinkStats>>,
    before: Duration,
) {
    let before = before.as_millis() as u64;
    if before == 0 {
        return;
    }
    loop {
        while !lines.iter().any(|worker| worker.is_up()) {
            tokio::time::sleep(LOOK_AGAIN).await;
        }
        let (store, inboxes) = (Arc::clone(&store), inboxes.clone());
        let looked = tokio::task::spawn_blocking(move || look_through(&store, &inboxes, before));
        if looked.await.is_err() {
            tracing::error!("card renewal has stopped");
        }
        tokio::time::sleep(DAILY).await;
    }
}

fn look_through(store: &Store, inboxes: &Inboxes, before: u64) {
    let (mut seen, mut due) = (0_u64, 0_u64);
    let looked = store.each_wallet(&mut |wallet| {
        seen += 1;
        if wallet.expiring(clock::now(), before).is_some() {
            due += 1;
            inboxes.send(wallet.id, WalletMessage::unasked(Command::Renew));
            if due % COMMANDS_AT_ONCE == 0 {
                sleep(REST);
            }
        }
        if seen % AT_ONCE == 0 {
            sleep(REST);
        }
    });
    match looked {
        Err(error) => tracing::error!(%error, "the search for cards that expire soon failed"),
        Ok(()) if due > 0 => tracing::info!(cards = due, "renewing cards that expire soon"),
        Ok(()) => {}
    }
}
