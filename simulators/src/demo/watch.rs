//! The customers while they are there: their requests, the view of them, and what a visitor asks for meanwhile.

use std::io::IsTerminal as _;
use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use tessera_console::{output_is_terminal, say};

use super::folder::Folder;
use super::own::{Follower, Own};
use super::ports::{Ports, address};
use super::screen::{Asked, Screen};
use super::start_page::StartPage;
use super::steps::steps;
use super::supervision::parts::{Failure, Parts};
use super::traffic::Customer;
use super::view::{View, Watcher};
use super::{gauges, plain};
use crate::load::{self, Report};
use crate::signals::Ending;

/// Between two pictures.
const FRAME: Duration = Duration::from_millis(200);

/// Seconds between two looks at all files.
const DISK_EVERY: u64 = 5;

/// What is looked at while the customers are there.
pub struct Watched<'a> {
    /// The customers.
    pub customers: &'a [Customer; 2],
    /// Where everything is.
    pub ports: &'a Ports,
    /// With the files of all programs.
    pub folder: &'a Folder,
    /// What may fail.
    pub parts: &'a Parts,
    /// The same view for browsers.
    pub start_page: &'a StartPage,
    /// What fails, once, so long after the start.
    pub failures: &'a [(Failure, Duration)],
}

/// Both customers at once, watched, until the time is over or somebody stops them.
pub async fn serve(
    watched: &Watched<'_>,
    duration: Option<Duration>,
) -> anyhow::Result<Vec<(&'static str, Report)>> {
    let run = |customer: &Customer| load::run(customer.options.clone(), Rc::clone(&customer.live));
    let ([by_card, by_order], ports) = (watched.customers, watched.ports);
    let both = async { tokio::try_join!(run(by_card), run(by_order)) };
    tokio::pin!(both);
    let mut view = View {
        duration,
        steps: steps(ports),
        mall_addresses: ports
            .switches()
            .map(|switch| address(switch.mall))
            .collect(),
        metrics_address: format!("http://{}/metrics", address(ports.switch.operations)),
        ..View::default()
    };
    let reports = tokio::select! {
        reports = &mut both => reports,
        ended = watch(watched, &mut view) => {
            ended?;
            both.await
        }
    };
    watched.parts.events.show(false);
    let (card, order) = reports.context("the customers could not be served")?;
    Ok(vec![(by_card.name, card), (by_order.name, order)])
}

/// Shows the view for as long as the customers are there; stops them where somebody asks for it. Ends only with an
/// error, or when it has nothing more to show.
async fn watch(watched: &Watched<'_>, view: &mut View) -> anyhow::Result<()> {
    let mut screen = match output_is_terminal() && std::io::stdin().is_terminal() {
        true => {
            // The lines so far are on the terminal before the screen is.
            tessera_console::finish();
            watched.parts.events.show(true);
            Some(Screen::take()?)
        }
        false => None,
    };
    let stop = || {
        let customers = watched.customers.iter();
        customers.for_each(|customer| customer.live.stop());
    };
    let mut ending = Ending::listen()?;
    let shops = [watched.ports.affiliated, watched.ports.unaffiliated];
    let mut samples = Samples {
        failures: watched.failures.to_vec(),
        shops: shops.map(|port| Follower::new(address(port))).into(),
        ..Samples::default()
    };
    let mut frames = tokio::time::interval(FRAME);
    let started = Instant::now();
    view.started = Some(started);
    let mut stopping = false;
    loop {
        tokio::select! {
            _ = frames.tick() => {}
            () = ending.asked() => { stopping = true; stop() }
        }
        view.elapsed = started.elapsed();
        samples.take(watched, view).await;
        let Some(on) = &mut screen else {
            samples.say(view);
            continue;
        };
        // The picture has them.
        samples.unsaid.clear();
        match on.draw(view).and_then(|()| on.asked()) {
            Ok(None) => {}
            // A second request ends the display; the final checks still run.
            Ok(Some(Asked::Stop)) if stopping => return Ok(()),
            Ok(Some(Asked::Stop)) => {
                stopping = true;
                stop();
            }
            Ok(Some(Asked::Fail(failure))) => watched.parts.fail(failure),
            // The terminal has gone: the totals agree without a picture.
            Err(_) => {
                screen = None;
                watched.parts.events.show(false);
                stopping = true;
                stop();
            }
        }
    }
}

/// What was looked at so far.
#[derive(Default)]
struct Samples {
    watcher: Watcher,
    /// The second of the last look; none before the first one.
    second: Option<u64>,
    /// The second of the last line.
    said: u64,
    /// What has not failed yet.
    failures: Vec<(Failure, Duration)>,
    /// Where the visitor buys.
    shops: Vec<Follower>,
    /// What the visitor has done, and no line has said yet.
    unsaid: Vec<Own>,
}

impl Samples {
    /// Brings the view up to date.
    async fn take(&mut self, watched: &Watched<'_>, view: &mut View) {
        view.phase = watched.customers[0].live.phase().word();
        self.watcher.glance(watched.customers, view);
        let parts = watched.parts;
        // What can't fail at that moment, because no node is active for example, does as soon as it can.
        let is_due = |(failure, after): &mut (Failure, Duration)| {
            view.elapsed >= *after && parts.can_fail(*failure)
        };
        for (failure, _) in self.failures.extract_if(.., is_due) {
            parts.fail(failure);
        }
        view.parts = parts.view();
        view.cluster = parts.cluster.as_ref().map(|board| board.view());
        let second = view.elapsed.as_secs();
        // The first picture has everything too: a switch that nobody has asked is not one that does not answer.
        if self.second.is_none_or(|last| second > last) {
            self.second = Some(second);
            if second.is_multiple_of(DISK_EVERY) {
                view.disk_bytes = watched.folder.disk_bytes();
            }
            let active = match &parts.cluster {
                Some(board) => board.active(),
                None => parts.switch.is_up().then_some(0),
            };
            let port = active.and_then(|node| watched.ports.switches().nth(node));
            view.gauges = match port {
                Some(port) => gauges::read(&address(port.operations)).await,
                None => None,
            };
            self.watcher.look(watched.customers, view);
            for shop in &mut self.shops {
                let news = shop.look(view.elapsed).await;
                news.iter().for_each(|own| view.add_own(own));
                self.unsaid.extend(news);
            }
            watched.start_page.show(view);
        }
    }

    /// A line for each second, and one for everything that the visitor has done.
    fn say(&mut self, view: &View) {
        for own in self.unsaid.drain(..) {
            say(format_args!("{}", plain::own(&own)));
        }
        let second = self.second.unwrap_or_default();
        if second > self.said {
            self.said = second;
            say(format_args!("{}", plain::line(view)));
        }
    }
}
