//! Cards are renewed before they expire: once a day every wallet is checked, and those that are due get a command.

use std::io;
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

/// Looks through the store as soon as the financial system can be asked, and then every day, on a thread of its own for as long as
/// the process lives: with many wallets that takes minutes, and the process ends without waiting for it.
///
/// # Errors
/// When the system has no thread.
pub(crate) fn start(
    store: Arc<Store>,
    inboxes: Inboxes,
    lines: Vec<Arc<LinkStats>>,
    before: Duration,
) -> io::Result<()> {
    let before = before.as_millis() as u64;
    if before == 0 {
        return Ok(());
    }
    let run = move || {
        loop {
            while !lines.iter().any(|worker| worker.is_up()) {
                sleep(LOOK_AGAIN);
            }
            look_through(&store, &inboxes, before);
            sleep(DAILY);
        }
    };
    std::thread::Builder::new()
        .name("renewal".into())
        .spawn(run)
        .map(drop)
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
