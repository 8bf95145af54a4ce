//! A demo from its folder to its summary: the wiring.

use std::io::IsTerminal as _;
use std::path::PathBuf;
use std::rc::Rc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::Context as _;
use tessera_console::{output_is_terminal, say};

use super::children::complete;
use super::folder::Folder;
use super::ports::{Ports, address};
use super::programs::Programs;
use super::screen::Screen;
use super::steps::{OTHERS, steps};
use super::summary::Summary;
use super::traffic::{BALANCE_MINOR, CARDS, Customer, customers};
use super::view::{View, Watcher};
use super::{gauges, plain};
use crate::load::tally::{self, Counted};
use crate::load::{self, Report};
use crate::signals::Ending;

/// Between two pictures.
const FRAME: Duration = Duration::from_millis(200);

/// The options of the demo.
#[derive(Debug, Clone)]
pub struct Options {
    /// How long the customers stay; until they are stopped, if not stated.
    pub duration: Option<Duration>,
    /// The folder, which may be there from an earlier run.
    pub data: PathBuf,
}

/// Runs the demo; whether everything was right.
pub fn run(options: &Options) -> anyhow::Result<bool> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let summary = runtime.block_on(demo(options))?;
    say(format_args!("\n{summary}"));
    Ok(summary.clean())
}

async fn demo(options: &Options) -> anyhow::Result<Summary> {
    let ports = Ports::free()?;
    let folder = Folder::prepare(&options.data, &ports)?;
    say(format_args!("folder    {}", folder.path.display()));
    provision(&folder).await?;
    let mut programs = Programs::start(&folder, &ports).await?;
    say(format_args!(
        "metrics   http://{}/metrics",
        address(ports.operations)
    ));
    say("");
    for step in steps(&ports) {
        say(format_args!("{}", step.line()));
    }
    say(format_args!("others    {OTHERS}\n"));
    // Visitors buy with cards that the financial system has issued, so these cards are the customers' alone.
    let tallied = (address(ports.tally), Counted::DevelopmentCards);
    let before = tally::read(&tallied.0, tallied.1)
        .await
        .map_err(anyhow::Error::msg)?;
    let seed = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
    let customers = customers(&folder, &ports, options.duration, seed);
    let reports = tokio::select! {
        reports = serve(&customers, &ports, options.duration) => reports?,
        ended = programs.ended() => return Err(ended),
    };
    let net = reports.iter().map(|(_, report)| report.net_approved).sum();
    let tally = tally::moved(&tallied.0, tallied.1, before, net).await;
    say(format_args!(
        "stopping the shops, the wallet server, the switch, and those behind it"
    ));
    programs.stop().await?;
    let audit = complete(&["audit", "--config"], &folder.file("switch.toml"), &[]).await?;
    let folder = folder.path.display().to_string();
    Ok(Summary {
        reports,
        tally,
        audit,
        folder,
    })
}

/// Makes the cards, unless an earlier run has made them.
async fn provision(folder: &Folder) -> anyhow::Result<()> {
    if folder.provisioned() {
        say(format_args!(
            "cards     made by an earlier run, which this one continues"
        ));
        return Ok(());
    }
    let (cards, balance) = (CARDS.to_string(), BALANCE_MINOR.to_string());
    let more = ["--cards", &cards, "--balance", &balance];
    let config = folder.file("switch.toml");
    let (report, content) = complete(&["provision", "--config"], &config, &more).await?;
    anyhow::ensure!(content, "the cards could not be made: {report}");
    say(format_args!(
        "cards     {}",
        report.lines().last().unwrap_or_default()
    ));
    folder.set_provisioned(&report)
}

/// Both customers at once, watched, until the time is over or somebody stops them.
async fn serve(
    customers: &[Customer; 2],
    ports: &Ports,
    duration: Option<Duration>,
) -> anyhow::Result<Vec<(&'static str, Report)>> {
    let run = |customer: &Customer| load::run(customer.options.clone(), Rc::clone(&customer.live));
    let [by_card, by_order] = customers;
    let both = async { tokio::try_join!(run(by_card), run(by_order)) };
    tokio::pin!(both);
    let mut view = View {
        duration,
        steps: steps(ports),
        mall_address: address(ports.mall),
        metrics_address: format!("http://{}/metrics", address(ports.operations)),
        ..View::default()
    };
    let reports = tokio::select! {
        reports = &mut both => reports,
        watched = watch(customers, ports, &mut view) => {
            watched?;
            both.await
        }
    };
    let (card, order) = reports.context("the customers could not be served")?;
    Ok(vec![(by_card.name, card), (by_order.name, order)])
}

/// Shows the view for as long as the customers are there; stops them where somebody asks for it. Ends only with an
/// error, or when it has nothing more to show.
async fn watch(customers: &[Customer; 2], ports: &Ports, view: &mut View) -> anyhow::Result<()> {
    let mut screen = match output_is_terminal() && std::io::stdin().is_terminal() {
        true => {
            // The lines so far are on the terminal before the screen is.
            tessera_console::finish();
            Some(Screen::take()?)
        }
        false => None,
    };
    let stop = || customers.iter().for_each(|customer| customer.live.stop());
    let mut ending = Ending::listen()?;
    let mut watcher = Watcher::default();
    let mut frames = tokio::time::interval(FRAME);
    let mut second = 0;
    let started = Instant::now();
    let mut stopping = false;
    loop {
        tokio::select! {
            _ = frames.tick() => {}
            () = ending.asked() => { stopping = true; stop() }
        }
        view.elapsed = started.elapsed();
        view.phase = customers[0].live.phase().word();
        if view.elapsed.as_secs() > second {
            second = view.elapsed.as_secs();
            view.gauges = gauges::read(&address(ports.operations)).await;
            watcher.look(customers, view);
            if screen.is_none() {
                say(format_args!("{}", plain::line(view)));
            }
        }
        let Some(on) = &mut screen else {
            continue;
        };
        match on.draw(view).and_then(|()| on.asked_to_stop()) {
            Ok(false) => {}
            // A second request ends the display; the final checks still run.
            Ok(true) if stopping => return Ok(()),
            Ok(true) => {
                stopping = true;
                stop();
            }
            // The terminal has gone: the totals agree without a picture.
            Err(_) => {
                screen = None;
                stopping = true;
                stop();
            }
        }
    }
}
