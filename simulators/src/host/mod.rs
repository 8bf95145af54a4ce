//! The financial system as seen by a switch: it receives frames over mutual TLS, sends answers, and keeps its own
//! accounts.
//!
//! ```text
//! session (a connection) ──▶ responder ──▶ rules   (decline? delay, drop, double, cut?)
//!                             ├────▶ sources (where loads come from, and what each of them does)
//!                             └────▶ ledger  (requests, accounts, tally) ──▶ log
//! ops (HTTP) ──▶ tally, accounts
//! ```
//!
//! It never reads the switch's data: tests prove that the two agree in the end. It is as correct as a real host should
//! be (every request once, by its reference; reversals in any order), and as unkind as the configuration says. One
//! thread; connections share the ledger without a lock.

mod approval;
mod calls;
mod delay;
mod items;
mod later;
mod ledger;
mod line;
mod ops;
mod overrides;
mod responder;
mod rules;
mod server;
mod session;
mod settings;
mod sources;
mod tally;
mod units;

pub use line::LineError;
pub use server::{Host, HostError, Tallies};
pub use settings::{
    DelaySettings, FaultSettings, RuleSettings, Settings, SettingsError, TlsSettings,
};
pub use sources::{Balance, Behaviour, SourceKind, SourceSettings};
pub use units::{Code, CurrencyCode, Forced, Share, Span};

use tessera_console::say;
use tokio::signal::unix::{SignalKind, signal};

use crate::signals::Ending;

/// Serves until SIGTERM, SIGINT or SIGHUP; says when it is ready, and prints its tally on SIGUSR1 and at the end.
pub fn run(settings: &Settings) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let local = tokio::task::LocalSet::new();
    local.block_on(&runtime, async {
        let host = Host::open(settings).await?;
        let (address, ops) = host.addresses()?;
        let tallies = host.tally();
        let mut ending = Ending::listen()?;
        let mut asked = signal(SignalKind::user_defined1())?;
        say(format_args!("ready host={address} tally={ops}"));
        let stop = async {
            loop {
                tokio::select! {
                    () = ending.asked() => return,
                    _ = asked.recv() => say(&tallies),
                }
            }
        };
        let ended = host.serve(stop).await;
        say(&tallies);
        ended.map_err(anyhow::Error::from)
    })
}
