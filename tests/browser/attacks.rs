//! What an attacker can do to a payer: other sites, other malls, guessers, and those who send what no browser sends.

use serde_json::{Value, json};
use tessera_protocol::ClientNumber;

use crate::hostile::requests_are_hostile;
use crate::payer::{PASSWORD, Payer};
use crate::plain::Plain;
use crate::rig::http::{ask, form};
use crate::rig::wire::{MALL, OTHER_MALL, Wire, order_purchase};
use crate::world::World;

/// A mall's name that would do something if it were ever taken for markup.
const HOSTILE: &str = "<img src=x onerror=window.harmed=1>";

/// All of them, against one world.
pub fn all_come_to_nothing() {
    let name = format!("name = \"{HOSTILE}\"");
    let world = World::with_wallet(&[("name = \"Lantern Books\"", &name)]);
    other_sites_send_forms(&world);
    a_session_is_planted(&world);
    passwords_are_guessed(&world);
    orders_are_tampered_with(&world);
    a_mall_asks_too_early(&world);
    texts_hold_markup(&world);
    a_page_is_tampered_with(&world);
    requests_are_hostile(&world);
}

fn other_sites_send_forms(world: &World) {
    let mut victim = Plain::register(world);
    let token = victim.token("/limits");
    let own = world.wallet.origin.clone();
    let shop = world.teacup("");
    let from = |origin: &'static str| vec![("origin", origin), ("sec-fetch-site", "cross-site")];
    let mut attempts = vec![
        (vec![("origin", own.as_str())], String::new()),
        (vec![("origin", own.as_str())], "0".repeat(token.len())),
        (vec![], token.clone()),
        (from("https://evil.example"), token.clone()),
        (from("null"), token.clone()),
        (vec![("origin", shop.as_str())], token.clone()),
        (
            vec![("origin", own.as_str()), ("sec-fetch-site", "same-site")],
            token.clone(),
        ),
    ];
    // Somebody else's.
    let mut other = Plain::register(world);
    attempts.push((vec![("origin", own.as_str())], other.token("/limits")));
    for (headers, token) in &attempts {
        let answer = victim.posts_raw("/limits/freeze", headers, &form(&[("form_token", token)]));
        assert_eq!(answer.status, 403, "{headers:?} {token}");
    }
    assert!(!victim.get("/limits").text.contains("id=\"frozen\""));
    let answer = victim.posts("/limits", "/limits/freeze", &[]);
    assert_eq!(answer.header("location"), "/limits?done=frozen");
    assert!(victim.get("/limits").text.contains("id=\"frozen\""));
    // Nor does the extension's interface answer a page.
    let headers = [
        ("origin", shop.as_str()),
        ("content-type", "application/json"),
    ];
    let body = json!({ "client": victim.client, "password": PASSWORD }).to_string();
    let answer = ask(
        world.wallet.address,
        "POST /extension/v1/session",
        &headers,
        &body,
    );
    assert_eq!(answer.status, 403);
}

fn a_session_is_planted(world: &World) {
    let victim = Plain::register(world);
    let attacker = Plain::register(world);
    for planted in [attacker.session.clone(), "0".repeat(64), "x".into()] {
        let mut browser = Plain::new(world);
        browser.session.clone_from(&planted);
        let answer = browser.posts_with_entry_token("/sign-in", &victim.client, PASSWORD);
        assert_eq!(answer.header("location"), "/home", "{}", answer.text);
        assert_ne!(browser.session, planted);
        assert_eq!(browser.session.len(), 64);
        // What the attacker has kept opens nothing of the victim's.
        let mut kept = Plain::new(world);
        kept.session = planted;
        assert_eq!(kept.get("/home").status, 303);
    }
}

fn passwords_are_guessed(world: &World) {
    let victim = Plain::register(world);
    let unknown = ClientNumber::from_random(4_815_162_342);
    let unknown = String::from_utf8(unknown.expose().to_vec()).expect("digits");
    let mut seen = Vec::new();
    for client in [&victim.client, &unknown] {
        let mut guesser = Plain::new(world);
        let mut statuses = Vec::new();
        for guess in 0..8 {
            let answer = guesser.sign_in(client, &format!("guess number {guess}"));
            assert!(guesser.session.is_empty());
            let token = answer
                .between("name=\"form_token\" value=\"", "\"")
                .to_owned();
            statuses.push((answer.status, answer.text.replace(&token, "")));
            if answer.status == 429 {
                let seconds: u64 = answer.header("retry-after").parse().expect("seconds");
                assert!((1..=900).contains(&seconds));
                // How many seconds are left is another matter each time.
                statuses.pop();
                break;
            }
        }
        assert!(
            (1..8).contains(&statuses.len()),
            "slowed down after {}",
            statuses.len()
        );
        seen.push(statuses);
        if client == &victim.client {
            // Even the right password waits now.
            let mut victim_again = Plain::new(world);
            assert_eq!(victim_again.sign_in(client, PASSWORD).status, 429);
        }
    }
    assert_eq!(
        seen[0], seen[1],
        "who guesses learns nothing about who exists"
    );
}

fn orders_are_tampered_with(world: &World) {
    let (mall, other) = (world.teacup(""), "http://127.0.0.1:8084");
    let mut payer = Plain::register(world);
    payer.load("100.00");
    // Less than the shop asks.
    let order = place_order(world);
    let agreed = payer.agrees(&mall, "MALL-0001", &order, "1");
    assert_eq!(agreed.status, 303, "{}", agreed.text);
    assert_eq!(collect(world, &order)["code"], "13");
    // For another mall.
    let order = place_order(world);
    let agreed = payer.agrees(other, "MALL-0002", &order, "1450");
    assert_eq!(agreed.status, 303, "{}", agreed.text);
    assert_eq!(collect(world, &order)["code"], "25");
    assert_eq!(payer.available(), "$100.00");
    // In the name of a mall whose page it is not.
    for (origin, mall) in [
        (other, "MALL-0001"),
        ("https://evil.example", "MALL-0001"),
        (other, "MALL-0009"),
    ] {
        assert_eq!(payer.is_asked(origin, mall, "X-1", "1450", "").status, 403);
    }

    // Paid once, even if the shop asks again or the payer agrees again.
    let order = place_order(world);
    payer.agrees(&mall, "MALL-0001", &order, "1450");
    assert_eq!(collect(world, &order)["status"], "paid");
    assert_eq!(payer.available(), "$85.50");
    let mut wire = Wire::signed_on(&world.rig, &MALL);
    let again = wire.ask(&order_purchase(&MALL, &order, 1_450));
    assert_eq!(again.code(), "94", "{}", again.reason());
    let agreed = payer.agrees(&mall, "MALL-0001", &order, "1450");
    assert_ne!(agreed.status, 200, "{}", agreed.text);
    let again = wire.ask(&order_purchase(&MALL, &order, 1_450));
    assert_eq!(again.code(), "94", "{}", again.reason());
    let mut third = Plain::register(world);
    third.load("50.00");
    let refused = third.agrees(&mall, "MALL-0001", &order, "1450");
    assert!(
        refused.text.contains("another wallet has agreed"),
        "{}",
        refused.text
    );
    let mut foreign = Wire::signed_on(&world.rig, &OTHER_MALL);
    let other_mall = foreign.ask(&order_purchase(&OTHER_MALL, &order, 1_450));
    assert_eq!(other_mall.code(), "25", "{}", other_mall.reason());
    assert_eq!(
        (payer.available(), third.available()),
        ("$85.50".into(), "$50.00".into())
    );
}

fn a_mall_asks_too_early(world: &World) {
    let mall = world.teacup("");
    let mut payer = Plain::register(world);
    payer.load("100.00");
    let order = place_order(world);
    assert_eq!(collect(world, &order)["code"], "25", "nobody has agreed");
    // The payer agrees when the mall has given up.
    let agreed = payer.agrees(&mall, "MALL-0001", &order, "1450");
    assert_eq!(agreed.status, 303, "{}", agreed.text);
    assert_eq!(payer.available(), "$100.00", "agreeing moves no money");
    let status = agreed.header("location").to_owned();
    assert!(payer.get(&status).text.contains("data-state=\"agreed\""));
    // It may ask once more, and is paid once.
    let mut wire = Wire::signed_on(&world.rig, &MALL);
    let paid = wire.ask(&order_purchase(&MALL, &order, 1_450));
    assert_eq!(paid.code(), "00", "{}", paid.reason());
    assert!(payer.get(&status).text.contains("data-state=\"paid\""));
    assert_eq!(payer.available(), "$85.50");
}

fn texts_hold_markup(world: &World) {
    let mut payer = Plain::register(world);
    payer.load("100.00");
    let lines =
        json!([{ "text": "\"><script>window.harmed=1</script>", "amount": 1450 }]).to_string();
    let asked = payer.is_asked(
        "http://127.0.0.1:8084",
        "MALL-0002",
        "<b>1</b>",
        "1450",
        &lines,
    );
    let review = asked.header("location").to_owned();
    let page = payer.get(&review);
    assert_eq!(page.status, 200);
    for raw in ["<script>window", "<b>1", HOSTILE] {
        assert!(!page.text.contains(raw), "{}", page.text);
    }
    assert!(page.text.contains("&lt;img src=x") && page.text.contains("&lt;script&gt;"));
    let policy = page.header("content-security-policy");
    assert!(
        policy.contains("script-src 'self'") && !policy.contains("unsafe"),
        "{policy}"
    );
    for lines in [
        "[",
        "{}",
        "[{\"text\":\"\",\"amount\":1450}]",
        "[{\"text\":\"a\",\"amount\":1}]",
    ] {
        let asked = payer.is_asked("http://127.0.0.1:8084", "MALL-0002", "B-1", "1450", lines);
        assert_eq!(asked.status, 403, "{lines}");
    }
}

/// In a real browser: the shop's page is made to ask for a cent, with names that would do something.
fn a_page_is_tampered_with(world: &World) {
    let payer = Payer::register(world, &[]);
    payer.does("/home", "issue-card", &[], "ready");
    payer.add_source("card", "9902000000000018");
    payer.load("0018", "50.00");
    let browser = &payer.browser;
    payer.order("cup");
    let shop = browser.window();
    let lines = json!([{ "text": HOSTILE, "amount": 1 }]).to_string();
    let tamper = "const asked = document.getElementById('pay').dataset; asked.amount = '1'; asked.lines = arguments[0]";
    browser.script(tamper, &[Value::from(lines)]);
    payer.opens_pay_window();
    browser.wait_text("table.lines", HOSTILE);
    assert!(!browser.has("main img"));
    assert_eq!(
        browser.script("return window.harmed ?? null", &[]),
        Value::Null
    );
    browser.press("#agree button");
    browser.wait_text(
        "#pay-state[data-state=declined]",
        "amount differs from the agreement",
    );
    browser.close_window();
    browser.look_at(&shop);
    browser.wait("the shop to know", || {
        browser.has("#order[data-status=declined]")
    });
    assert_eq!(browser.text("#code"), "13");
    payer.open("/transactions");
    assert!(
        browser
            .text("#content")
            .contains("Declined: it was not the amount that you agreed to")
    );
    assert_eq!(
        browser.script("return window.harmed ?? null", &[]),
        Value::Null
    );
    assert_eq!(payer.available(), "$50.00");
}

/// A cup at the affiliated shop; the order's number.
fn place_order(world: &World) -> String {
    let shop = world.shops.affiliated;
    let kind = ("content-type", "application/x-www-form-urlencoded");
    let basket = ask(shop, "POST /basket", &[kind], "good=cup&add=1");
    let cookie = format!("basket={}", basket.cookie("basket").expect("a basket"));
    let placed = ask(shop, "POST /orders", &[kind, ("cookie", &cookie)], "");
    let order = placed.header("location").trim_start_matches("/orders/");
    order.trim_end_matches("/pay").to_owned()
}

/// The switch's answer to the shop.
fn collect(world: &World, order: &str) -> Value {
    let asked = ask(
        world.shops.affiliated,
        &format!("POST /orders/{order}/collect"),
        &[],
        "",
    );
    assert_eq!(asked.status, 200, "{}", asked.text);
    // Chunked or not, the JSON is one line of it.
    let line = asked
        .text
        .lines()
        .find(|line| line.starts_with('{'))
        .expect("JSON");
    serde_json::from_str(line).expect("JSON")
}
