//! How long the machine takes for each page of a payer's way from the first page to the first purchase: real processes, a
//! headless browser, nobody who reads or types. It prints a table, and no time makes it fail.

use std::time::Instant;

use crate::chromium::Browser;
use crate::payer::{PASSWORD, Payer};
use crate::world::World;

/// Payers, one after the other, each with a new wallet in a new browser.
const WALKS: usize = 5;

/// What was done, and the milliseconds until the page after it was there.
type Step = (&'static str, f64);

/// Walks, and prints what it took.
pub fn is_timed() {
    let world = World::start();
    let walks: Vec<Vec<Step>> = (0..WALKS).map(|_| walk(&world)).collect();
    print(&table(&walks));
}

fn walk(world: &World) -> Vec<Step> {
    let mut payer = Payer::new(world, &[]);
    let mut steps = Vec::new();
    payer.open("/register");
    steps.push(("the page to open a wallet", loading(&payer.browser)));
    payer.posts_registration();
    steps.push(("the wallet is opened", loading(&payer.browser)));
    let browser = &payer.browser;
    let mut page = |what| steps.push((what, loading(browser)));
    browser.go(|| browser.press("#continue"));
    page("its first page");
    browser.submit("issue-card", &[]);
    page("the card is made");
    payer.open("/money");
    page("the page of money");
    let source = [("kind", "card"), ("source", "9902000000000018")];
    browser.submit("add-source", &source);
    page("the source is checked");
    browser.submit("confirm-source", &[("password", PASSWORD)]);
    page("the source is added");
    let from = browser.attribute("#load-source option:not([value=''])", "value");
    let load = [("source", from.as_str()), ("amount", "100")];
    browser.submit("load", &load);
    page("the load is reviewed");
    browser.submit("load", &[("password", PASSWORD)]);
    page("the money is loaded");
    browser.open(&world.teacup("/"));
    page("the shop's first page");
    browser.go(|| browser.press("input[name=good][value=cup] ~ button"));
    page("the basket");
    browser.go(|| browser.press("#checkout"));
    page("the checkout");

    // These end with what a script shows, and not with a page.
    let shop = browser.window();
    let mut until = |what, action: &dyn Fn()| {
        let started = Instant::now();
        action();
        steps.push((what, started.elapsed().as_secs_f64() * 1_000.0));
    };
    until("the pay window has the purchase", &|| {
        payer.opens_pay_window();
        browser.find("#agree button");
    });
    until("agreed: the window says that it is paid", &|| {
        browser.press("#agree button");
        browser.find("#pay-state[data-state=paid]");
    });
    until("the shop's page of the order", &|| {
        browser.close_window();
        browser.look_at(&shop);
        browser.find("#order[data-status=paid]");
    });
    steps
}

/// Milliseconds from the click, or the address, to the end of loading, with all redirects between.
fn loading(browser: &Browser) -> f64 {
    let mut took = 0.0;
    browser.wait("the end of loading", || {
        let script = "return performance.getEntriesByType('navigation')[0].duration";
        took = browser.script(script, &[]).as_f64().unwrap_or_default();
        took > 0.0
    });
    took
}

/// The steps with the median and the slowest of all walks, and their sums.
fn table(walks: &[Vec<Step>]) -> String {
    let mut text = String::from("| until | median | slowest |\n| --- | --- | --- |\n");
    let mut row = |what: &str, mut took: Vec<f64>| {
        took.sort_by(f64::total_cmp);
        let median = took[took.len() / 2];
        let slowest = took[took.len() - 1];
        text += &format!("| {what} | {median:.0} ms | {slowest:.0} ms |\n");
    };
    for (place, (what, _)) in walks[0].iter().enumerate() {
        row(what, walks.iter().map(|walk| walk[place].1).collect());
    }
    let sum = |walk: &Vec<Step>| -> f64 { walk.iter().map(|(_, took)| took).sum() };
    row("all of it", walks.iter().map(sum).collect());
    text
}

#[allow(clippy::print_stdout, reason = "the table is what this is for")]
fn print(table: &str) {
    println!("\n{table}");
}
