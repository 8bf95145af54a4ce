//! A run from its first connection to its report: the wiring.

use std::rc::Rc;
use std::time::Duration;

use tessera_protocol::MacKey;
use tokio::sync::Notify;
use tokio::task::{JoinSet, LocalSet};

use super::connections::access::{Access, wallet_server_tls};
use super::connections::line::Line;
use super::connections::sign_on::SignOnError;
use super::connections::terminal::Terminal;
use super::options::{Options, Pace};
use super::pacer;
use super::report::tally::Counted;
use super::report::{Latency, tally, verify};
use super::report::{Mark, Report, Steady};
use super::scenario::threshold::{Figures, Threshold};
use super::session::Session;
use super::session::model::{Model, Stated};
use super::session::orders::Stock;
use super::shared::{Live, Phase, Shared};
use super::speakers::{Speaker, Way, cast};
use super::view::{self, Display};
use crate::signals::Ending;

/// How long connecting and signing on may take, at the start.
const CONNECT_PATIENCE: Duration = Duration::from_secs(15);

/// Less is no sign of anything.
const SILENCE_MIN: Duration = Duration::from_millis(100);

/// Between two looks whether a second is over.
const TICK: Duration = Duration::from_millis(100);

/// Why a run could not begin. What goes wrong after that is in its report.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The options make no sense together.
    #[error("{0}")]
    Options(String),
    /// The switch, its leased line or the tally could not be used.
    #[error("{0}")]
    Opening(String),
    /// Stopped before its final checks.
    #[error("interrupted before the balances were verified")]
    Interrupted,
    /// The system refused something.
    #[error("{0}")]
    System(#[from] std::io::Error),
}

/// Runs on a runtime of its own, on this thread.
pub fn run_here(options: Options, live: Rc<Live>) -> Result<Report, LoadError> {
    runtime()?.block_on(run(options, live))
}

/// The same, shown while it goes on. SIGINT, SIGTERM or SIGHUP, or a key in the picture, ends the asking early, a second one
/// everything.
pub fn run_watched(options: Options, display: Display) -> Result<Report, LoadError> {
    let live = Rc::new(Live::default());
    let key = Notify::new();
    runtime()?.block_on(async {
        let beside = async {
            let mut ending = Ending::listen()?;
            for is_last in [false, true] {
                tokio::select! {
                    () = ending.asked() => {}
                    () = key.notified() => {}
                }
                live.stop();
                if is_last {
                    break;
                }
            }
            Err(LoadError::Interrupted)
        };
        let run = async {
            tokio::join!(
                run(options, Rc::clone(&live)),
                view::show(Rc::clone(&live), display, &key)
            )
            .0
        };
        tokio::select! {
            report = run => report,
            interrupted = beside => interrupted,
        }
    })
}

fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
}

/// Runs; `live` can be watched meanwhile, and stops it early. The future stays on its thread.
pub async fn run(options: Options, live: Rc<Live>) -> Result<Report, LoadError> {
    let shared = Rc::new(Shared::new(options, live));
    let local = LocalSet::new();
    let report = local.run_until(run_local(Rc::clone(&shared))).await;
    shared.live.enter(Phase::Done);
    report
}

fn check(options: &Options) -> Result<(), LoadError> {
    let wrong = if options.connections == 0 || options.connections > 46_000 {
        "connections: 1 to 46000"
    } else if options.cards == 0 || options.first_card == 0 {
        "cards: at least one, serial numbers from 1"
    } else if matches!(options.pace, Pace::Rate(rate) if !(rate.is_finite() && rate > 0.0)) {
        "rate: more than 0 per second"
    } else if matches!(options.pace, Pace::Window(window) if !(1..=16_384).contains(&window)) {
        "window: 1 to 16384"
    } else if options.silence < SILENCE_MIN {
        "silence: 100ms or more"
    } else {
        return Ok(());
    };
    Err(LoadError::Options(wrong.to_owned()))
}

async fn run_local(shared: Rc<Shared>) -> Result<Report, LoadError> {
    check(&shared.options)?;
    let speakers = cast(&shared.options);
    let lines = Lines::start(&shared, &speakers)?;
    read_balances(&shared, lines.balances()).await?;
    let host = match &shared.options.host_tally {
        Some(address) => Some(
            tally::read(address, Counted::Everybody)
                .await
                .map_err(LoadError::Opening)?,
        ),
        None => None,
    };
    let (terminals, wakes) = terminals(&shared, speakers, &lines)?;
    let mut tasks = JoinSet::new();
    for terminal in terminals {
        tasks.spawn_local(terminal.run());
    }
    await_sign_ons(&shared).await?;
    shared.begin();
    shared.live.enter(Phase::Asking);
    match shared.plan.rate_max() {
        Some(_) => {
            tokio::task::spawn_local(pacer::pace(Rc::clone(&shared), wakes.clone()));
        }
        None => {
            tokio::task::spawn_local(wake_at_stages(Rc::clone(&shared), wakes.clone()));
        }
    }
    tokio::task::spawn_local(tick(Rc::clone(&shared)));
    let steady = measure(&shared).await;
    let asked = Duration::from_nanos(shared.clock.now() - shared.began.get());
    shared.live.enter(Phase::Draining);
    wakes.iter().for_each(|wake| wake.notify_one());
    let mut unanswered = 0;
    while let Some(ended) = tasks.join_next().await {
        unanswered += ended.map(u64::from).map_err(std::io::Error::other)?;
    }
    shared.live.statistics.borrow_mut().end(shared.clock.now());
    shared.live.enter(Phase::Verifying);
    let verified = verify::verify(&shared, lines.balances()).await;
    let agrees = match (&shared.options.host_tally, host) {
        (Some(address), Some(before)) => Some(tally_agrees(&shared, address, before).await),
        _ => None,
    };
    Ok(Report::new(
        &shared, asked, steady, unanswered, verified, agrees,
    ))
}

/// The connections beside the measured ones.
struct Lines {
    acquirer: Option<Rc<Line>>,
    wallet_server: Option<Rc<Line>>,
}

impl Lines {
    fn start(shared: &Rc<Shared>, speakers: &[Speaker]) -> Result<Self, LoadError> {
        let options = &shared.options;
        let acquirer = speakers.iter().find(|speaker| speaker.way == Way::Card);
        let acquirer = match acquirer {
            Some(speaker) => {
                let key = key_of(shared, speaker)?.map(Box::new);
                let line = shared.party_line(speaker).cloned().map(Box::new);
                let (speaker, target) = (speaker.clone(), options.target.clone());
                let access = Access::Acquirer {
                    speaker,
                    key,
                    target,
                    line,
                };
                Some(Line::start(Rc::clone(shared), access, options.connections))
            }
            None => None,
        };
        let wallet_server = if speakers.iter().any(|speaker| speaker.way == Way::Order) {
            let tls = wallet_server_tls(&options.certificates)?;
            let access = Access::WalletServer {
                tls,
                target: options.wallet_line.clone(),
            };
            Some(Line::start(
                Rc::clone(shared),
                access,
                options.connections + 1,
            ))
        } else {
            None
        };
        Ok(Self {
            acquirer,
            wallet_server,
        })
    }

    /// The one that reads balances.
    fn balances(&self) -> &Line {
        let line = self.acquirer.as_ref().or(self.wallet_server.as_ref());
        // There is at least one connection, and it speaks by card or by order.
        line.expect("every way of speaking has its line")
    }
}

async fn read_balances(shared: &Shared, line: &Line) -> Result<(), LoadError> {
    let accounts: Vec<u32> = (0..shared.options.cards).collect();
    let balances = line
        .balances(&accounts, shared.options.opening)
        .await
        .map_err(LoadError::Opening)?;
    let mut opening = vec![0; accounts.len()];
    for (account, balance) in balances {
        let Some(Stated { ledger, available }) = balance else {
            let serial = shared.options.first_card + account;
            let fault = line
                .fault()
                .unwrap_or_else(|| "no balance in the answer".to_owned());
            return Err(LoadError::Opening(format!(
                "development card {serial} cannot be used: {fault}; has it been provisioned?"
            )));
        };
        if ledger != available {
            let serial = shared.options.first_card + account;
            return Err(LoadError::Opening(format!(
                "development card {serial} holds money already: ledger {ledger}, available {available}"
            )));
        }
        opening[account as usize] = ledger;
    }
    let is_full = shared.plan.stages().iter().any(|stage| stage.mix.is_full());
    *shared.model.borrow_mut() = Model::open(opening, is_full);
    Ok(())
}

type Terminals = (Vec<Terminal>, Vec<Rc<Notify>>);

fn terminals(
    shared: &Rc<Shared>,
    speakers: Vec<Speaker>,
    lines: &Lines,
) -> Result<Terminals, LoadError> {
    let mut terminals = Vec::with_capacity(speakers.len());
    let mut wakes = Vec::with_capacity(speakers.len());
    for (connection, speaker) in (0..).zip(speakers) {
        let wake = Rc::new(Notify::new());
        let key = key_of(shared, &speaker)?;
        let stock = (speaker.way == Way::Order).then(|| {
            let terminal = shared.terminal(connection);
            Rc::new(Stock::new(
                terminal,
                speaker.acceptor.clone(),
                Rc::clone(&wake),
            ))
        });
        let line = stock.as_ref().and(lines.wallet_server.clone());
        let session = Session::new(shared, connection, speaker, key, stock)
            .ok_or_else(|| LoadError::Options("these requests cannot be packed".to_owned()))?;
        wakes.push(Rc::clone(&wake));
        terminals.push(Terminal {
            shared: Rc::clone(shared),
            session,
            wake,
            line,
        });
    }
    Ok((terminals, wakes))
}

/// The key with which a speaker's messages are sealed in the binary packing.
fn key_of(shared: &Shared, speaker: &Speaker) -> Result<Option<MacKey>, LoadError> {
    if let Some(profile) = shared.profile(speaker) {
        return Ok(profile.line.inner_key().cloned());
    }
    let key = speaker.key.as_deref().map(MacKey::from_hex).transpose();
    key.map_err(|error| LoadError::Options(format!("key: {error}")))
}

async fn await_sign_ons(shared: &Shared) -> Result<(), LoadError> {
    let connected = || shared.live.statistics.borrow().connected;
    let refused = || {
        let fault = shared.fault.borrow();
        let mut failures = fault.iter().flat_map(|unreached| &unreached.0);
        failures.any(|(_, error)| matches!(error, SignOnError::Refused { .. }))
    };
    let wanted = shared.plan.connections_at_first(shared.options.connections);
    let all = async {
        while connected() < wanted && !refused() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    let in_time = tokio::time::timeout(CONNECT_PATIENCE, all).await.is_ok();
    if in_time && !refused() {
        return Ok(());
    }
    let (connected, connections) = (connected(), wanted);
    let fault = shared.fault.take();
    let fault = fault.map_or_else(|| "no answer came".to_owned(), |fault| fault.to_string());
    Err(LoadError::Opening(format!(
        "{connected} of {connections} connections signed on: {fault}"
    )))
}

/// Waits until asking has ended; the figures between warming up and then.
async fn measure(shared: &Shared) -> Steady {
    let duration = Duration::from_nanos(shared.plan.duration());
    let warm_up = (duration / 10).min(Duration::from_secs(1));
    let wait = async |wait| {
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = shared.live.stopping() => {}
        }
    };
    wait(warm_up).await;
    let from = Mark::of(shared);
    wait(duration - warm_up).await;
    Steady::between(from, Mark::of(shared))
}

/// Ends seconds in which no answer comes.
async fn tick(shared: Rc<Shared>) {
    while matches!(shared.live.phase(), Phase::Asking | Phase::Draining) {
        tokio::time::sleep(TICK).await;
        let now = shared.clock.now();
        shared.live.statistics.borrow_mut().tick(now);
        check_thresholds(&shared, now);
    }
}

/// Ends the run where a threshold says so.
fn check_thresholds(shared: &Shared, now: u64) {
    let asked = Duration::from_nanos(shared.of_plan(now));
    let due = |threshold: &&Threshold| threshold.abort_on_fail && asked >= threshold.after;
    if shared.live.stopped() || shared.live.phase() != Phase::Asking {
        return;
    }
    let mut due = shared.options.thresholds.iter().filter(due).peekable();
    if due.peek().is_none() {
        return;
    }
    let statistics = shared.live.statistics.borrow();
    let figures = Figures {
        latency: Latency::from(statistics.latencies_so_far()),
        statistics: &statistics,
        counted: statistics.counted(),
        seconds: asked.as_secs_f64(),
    };
    let failed = due.find(|threshold| !threshold.outcome(&figures).passed);
    if let Some(failed) = failed {
        shared.live.end_by(&failed.text);
    }
}

/// Wakes all connections when a stage of a closed loop begins: after a pause nothing else does.
async fn wake_at_stages(shared: Rc<Shared>, wakes: Vec<Rc<Notify>>) {
    for start in shared.plan.starts() {
        let now = shared.of_plan(shared.clock.now());
        tokio::time::sleep(Duration::from_nanos(start.saturating_sub(now))).await;
        wakes.iter().for_each(|wake| wake.notify_one());
    }
}

async fn tally_agrees(shared: &Shared, address: &str, before: tally::Tally) -> bool {
    let expected = shared.live.statistics.borrow().net_approved;
    match tally::moved(address, Counted::Everybody, before, expected).await {
        Ok(()) => true,
        Err(fault) => {
            shared.live.statistics.borrow_mut().violations.add(|| fault);
            false
        }
    }
}
