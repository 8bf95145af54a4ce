//! What happens without the payer: money comes by itself, and without a connection nothing is shown that is not so.

use serde_json::json;

use crate::chromium::Browser;
use crate::payer::{PASSWORD, Payer};
use crate::rig::Rig;
use crate::world::World;

/// Automatic reload, then the switch is killed, then the wallet server.
pub fn is_left_alone() {
    let mut world = World::start();
    let browser = {
        let payer = Payer::register(&world, &[]);
        payer.does("/home", "issue-card", &[], "card is ready");
        money_comes_by_itself(&payer);
        can_be_installed(&payer);
        payer.browser
    };
    let origin = world.wallet.origin.clone();
    knows_when_it_is_old(&browser, &origin, &mut world.rig);
    drop(world.wallet.running);
    browser.wait_text("#live", "No connection. As of");
    // Neither from the worker's cache nor from the browser's.
    for path in ["/home", "/transactions", "/card"] {
        let address = format!("{origin}{path}");
        browser.open(&address);
        let shown = browser.text("body");
        assert!(shown.contains("No connection"), "{path}: {shown}");
        assert!(!shown.contains('$') && !shown.contains("••••"), "{shown}");
        let styled = "return getComputedStyle(document.body).fontFamily !== '' \
            && [...document.styleSheets].some((sheet) => sheet.cssRules.length > 0)";
        assert_eq!(browser.script(styled, &[]), true, "the shell is kept");
    }
}

/// A page that was up to date when the switch was killed.
fn knows_when_it_is_old(browser: &Browser, origin: &str, rig: &mut Rig) {
    let is_dimmed = "return getComputedStyle(document.getElementById('available')).opacity < 1";
    browser.open(&format!("{origin}/home"));
    browser.wait_text("#live", "Up to date");
    assert_eq!(browser.script(is_dimmed, &[]), false);
    rig.kill_switch();
    browser.wait_text("#live", "No connection. As of");
    assert_eq!(browser.script(is_dimmed, &[]), true);
    browser.reload();
    browser.wait_text("a.button", "Try again");
    rig.start_switch();
    rig.wait_until_ready();
    browser.wait("the page", || {
        browser.reload();
        browser.has("#live")
    });
    browser.wait_text("#live", "Up to date");
    assert_eq!(browser.script(is_dimmed, &[]), false);
    // The switch is killed and comes back: the same page goes on.
    rig.kill_switch();
    browser.wait_text("#live", "No connection");
    rig.start_switch();
    browser.wait_text("#live", "Up to date");
    assert_eq!(browser.script(is_dimmed, &[]), false);
}

fn money_comes_by_itself(payer: &Payer<'_>) {
    let browser = &payer.browser;
    payer.add_source("card", "9902000000000018");
    payer.load("0018", "30.00");
    let source = payer.choice("/money", "reload-source", "0018");
    let fields = [
        ("source", source.as_str()),
        ("threshold", "20"),
        ("amount", "25.00"),
        ("password", PASSWORD),
    ];
    payer.does("/money", "reload", &fields, "loading");
    let state = browser.text("#reload-state");
    assert!(
        state.contains("25.00") && state.contains("20.00"),
        "{state}"
    );

    let first = browser.window();
    let home = browser.new_window();
    payer.open("/home");
    browser.wait_text("#live", "Up to date");
    browser.look_at(&first);
    // 30.00 less 14.50 is below 20.00, and 25.00 come.
    payer.buys("cup");
    browser.look_at(&home);
    browser.wait_text("#available", "$40.50");
    browser.look_at(&first);
    // 26.00 are left of that: enough.
    payer.buys("cup");
    payer.does(
        "/money",
        "reload-off",
        &[("password", PASSWORD)],
        "loading is off",
    );
    payer.buys("cup");
    assert_eq!(payer.available(), "$11.50");
    assert_eq!(payer.world.given_from("0018"), 55_00);
}

fn can_be_installed(payer: &Payer<'_>) {
    let browser = &payer.browser;
    payer.open("/home");
    let ready = "const done = arguments[0]; navigator.serviceWorker.ready.then(() => done(true))";
    browser.script_with_end(ready, &[]);
    let wrong = browser.devtools("Page.getInstallabilityErrors", &json!({}));
    assert_eq!(wrong["value"]["installabilityErrors"], json!([]), "{wrong}");
    let manifest = browser.devtools("Page.getAppManifest", &json!({}));
    assert_eq!(manifest["value"]["errors"], json!([]), "{manifest}");
    // All that is kept is the same for everybody.
    let kept = "const done = arguments[0]; \
        const texts = async () => { \
            const found = []; \
            for (const name of await caches.keys()) { \
                const cache = await caches.open(name); \
                for (const request of await cache.keys()) { \
                    const answer = await cache.match(request); \
                    found.push(new URL(request.url).pathname + '\\n' + await answer.text()); \
                } \
            } \
            return found; \
        }; \
        texts().then(done)";
    let kept = browser.script_with_end(kept, &[]);
    let kept = kept.as_array().expect("texts");
    assert!(kept.len() > 3, "{kept:?}");
    for text in kept.iter().filter_map(|text| text.as_str()) {
        let path = text.lines().next().unwrap_or_default();
        assert!(path.starts_with("/assets/") || path == "/offline", "{path}");
        let is_amount = |after: &str| after.starts_with(|sign: char| sign.is_ascii_digit());
        // A picture may have any bytes.
        let has_amount = !path.ends_with(".png") && text.split('$').skip(1).any(is_amount);
        assert!(!has_amount && !text.contains(&payer.client), "{path}");
    }
}
