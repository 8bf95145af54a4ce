//! A demo from its folder to its summary: the wiring.

use std::path::PathBuf;
use std::rc::Rc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tessera_console::say;

use super::children::complete;
use super::cluster::system::Cluster;
use super::configuration::OPERATOR;
use super::folder::Folder;
use super::ports::{Finder, Ports, address};
use super::programs::Programs;
use super::start_page::{self, StartPage};
use super::steps::{OTHERS, page_of, steps};
use super::summary::Summary;
use super::supervision::events::Events;
use super::supervision::parts::{Failure, Parts};
use super::traffic::{BALANCE_MINOR, CARDS, customers};
use super::watch::{Watched, serve};
use super::words::size;
use crate::load::tally::{self, Counted};

/// What a demo takes on the disk: journal segments are allocated at once, and a purchase takes some 700 bytes. In a cluster
/// there are 25 of them in a second, on three nodes.
const DISK: &str = "about 70 MiB at first, and 100 MiB more for each day";
const CLUSTER_DISK: &str = "about 400 MiB at first, and 5 GiB more for each day";

/// The options of the demo.
#[derive(Debug, Clone)]
pub struct Options {
    /// How long the customers stay; until they are stopped, if not stated.
    pub duration: Option<Duration>,
    /// The folder, which may be there from an earlier run.
    pub data: PathBuf,
    /// The program etcd, for three nodes in place of one switch.
    pub etcd: Option<PathBuf>,
    /// Whether the start page is opened in a browser.
    pub opens_browser: bool,
    /// What fails, once, so long after the customers came.
    pub failures: Vec<(Failure, Duration)>,
}

/// Runs the demo; whether everything was right.
pub fn run(options: &Options) -> anyhow::Result<bool> {
    let summary = actix_web::rt::System::new().block_on(demo(options))?;
    say(format_args!("\n{summary}"));
    Ok(summary.clean())
}

async fn demo(options: &Options) -> anyhow::Result<Summary> {
    let mut finder = Finder::default();
    let ports = Ports::free(&mut finder, options.etcd.is_some())?;
    let folder = Folder::prepare(&options.data, &ports)?;
    say(format_args!("folder    {}", folder.path.display()));
    let needs = match &options.etcd {
        Some(_) => CLUSTER_DISK,
        None => DISK,
    };
    let takes = size(folder.disk_bytes());
    say(format_args!("disk      {takes} now; it takes {needs}"));
    let events = Rc::new(Events::default());
    let cluster = match &options.etcd {
        Some(etcd) => Some(Cluster::prepare(&folder, &ports, &mut finder, etcd, &events).await?),
        None => None,
    };
    let board = cluster.as_ref().map(|cluster| &cluster.board);
    let parts = Rc::new(Parts::new(&events, board));
    for replaced in &finder.replaced {
        say(format_args!("port      {replaced}"));
    }
    provision(&folder, cluster.as_ref()).await?;
    let token = operator(&folder).await?;
    let mut programs = Programs::start(&folder, &ports, &parts, cluster).await?;
    for switch in ports.switches() {
        let operations = address(switch.operations);
        say(format_args!("metrics   http://{operations}/metrics"));
    }
    let start_page = StartPage::start(&ports, folder.path.display().to_string(), token)?;
    say("");
    for step in steps(&ports) {
        say(format_args!("{}", step.line()));
    }
    say(format_args!("others    {OTHERS}\n"));
    if options.opens_browser {
        start_page::open(page_of(ports.start), &events);
    }
    // Visitors buy with cards that the financial system has issued, so these cards are the customers' alone.
    let tallied = (address(ports.tally), Counted::DevelopmentCards);
    let before = tally::read(&tallied.0, tallied.1)
        .await
        .map_err(anyhow::Error::msg)?;
    let seed = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
    let customers = customers(&folder, &ports, options.duration, seed)?;
    let watched = Watched {
        customers: &customers,
        ports: &ports,
        folder: &folder,
        parts: &parts,
        start_page: &start_page,
        failures: &options.failures,
    };
    let served = async {
        let reports = serve(&watched, options.duration).await?;
        let net = reports.iter().map(|(_, report)| report.net_approved).sum();
        let tally = tally::moved(&tallied.0, tallied.1, before, net).await;
        Ok::<_, anyhow::Error>((reports, tally))
    };
    let (reports, tally) = tokio::select! {
        served = served => served?,
        error = programs.keep() => return Err(error),
    };
    say(format_args!(
        "stopping the shops, the wallet server, the switch, and those behind it"
    ));
    start_page.stop().await;
    let cluster = programs.stop().await?;
    let switch = || folder.file("switch.toml");
    let configuration = cluster
        .as_ref()
        .map_or_else(switch, |cluster| cluster.configuration.clone());
    let audit = complete(&["audit", "--config"], &configuration, &[]).await?;
    Ok(Summary {
        reports,
        tally,
        cluster,
        audit,
        folder: folder.path.display().to_string(),
        disk_bytes: folder.disk_bytes(),
    })
}

/// The account of the demo's operator: its token, which is another one at each start.
async fn operator(folder: &Folder) -> anyhow::Result<String> {
    let config = folder.file("console.toml");
    let ways = [["add", OPERATOR], ["replace", OPERATOR]];
    for [way, name] in ways {
        let more = ["--role", "admin", "--reason", "the demo begins"];
        let command = ["console", way, name, "--config"];
        if let (printed, true) = complete(&command, &config, &more).await? {
            // Behind it may be a note that the switch does not answer yet.
            return Ok(printed.lines().next().unwrap_or_default().to_owned());
        }
    }
    anyhow::bail!("the account of the operators' console could not be made")
}

/// Makes the cards, unless an earlier run has made them.
async fn provision(folder: &Folder, cluster: Option<&Cluster>) -> anyhow::Result<()> {
    if folder.provisioned() {
        say(format_args!(
            "cards     made by an earlier run, which this one continues"
        ));
        return Ok(());
    }
    let (cards, balance) = (CARDS.to_string(), BALANCE_MINOR.to_string());
    let more = ["--cards", &cards, "--test-cards", "--balance", &balance];
    let switch = || folder.file("switch.toml");
    let config = cluster.map_or_else(switch, Cluster::first_configuration);
    let (report, content) = complete(&["provision", "--config"], &config, &more).await?;
    anyhow::ensure!(content, "the cards could not be made: {report}");
    say(format_args!(
        "cards     {}",
        report.lines().last().unwrap_or_default()
    ));
    folder.set_provisioned(&report)
}
