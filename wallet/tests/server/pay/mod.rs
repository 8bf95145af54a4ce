//! The pay window.

mod agreeing;
mod obstacles;
mod way;

use crate::fake::browser::Answer;
use crate::fake::wallets::Wallet;
use crate::fake::{Browser, MALL, World};

const PASSWORD: &str = "correct horse";
const LINES: &str = r#"[{"text":"<i>Cup</i>","amount":1500},{"text":"Saucer","amount":499}]"#;

fn purchase(order: &'static str) -> Vec<(&'static str, &'static str)> {
    vec![
        ("mall", "MALL-0001"),
        ("order", order),
        ("amount", "1999"),
        ("currency", "USD"),
        ("lines", LINES),
    ]
}

/// A member with money.
fn rich(world: &World) -> (Browser, String) {
    let (browser, client) = world.member(PASSWORD);
    turn(world, &client, |wallet| wallet.available = 5_000);
    (browser, client)
}

/// Opens the window as our own script does after the handshake.
fn open(browser: &mut Browser, order: &'static str) -> Answer {
    let mut fields = purchase(order);
    fields.push(("origin", MALL));
    let answer = browser.send("/pay/open", "", &fields);
    assert_eq!(answer.status, 303, "{}", answer.body);
    let location = answer.header("location").to_owned();
    browser.get(&location)
}

/// Opens it for another amount than the others are about.
fn open_for(browser: &mut Browser, order: &'static str, amount: &'static str) -> Answer {
    let fields = [
        ("mall", "MALL-0001"),
        ("order", order),
        ("amount", amount),
        ("currency", "USD"),
        ("origin", MALL),
    ];
    let answer = browser.send("/pay/open", "", &fields);
    browser.get(answer.header("location"))
}

/// Opens the window without a popup, as a form of the mall's page does.
fn open_page(browser: &mut Browser, order: &'static str) -> Answer {
    let mut fields = purchase(order);
    fields.push(("return_url", "http://127.0.0.1:8081/done"));
    let answer = browser.post("/pay", &[("Origin", MALL)], &fields);
    browser.get(answer.header("location"))
}

fn press(browser: &mut Browser, page: &Answer, path: &str) -> Answer {
    let action = page.action(path);
    browser.send(&action, "", &[("name", "")])
}

/// Agrees; where the window goes then.
fn agree(browser: &mut Browser, page: &Answer) -> String {
    let answer = press(browser, page, "/pay/agree");
    answer.header("location").to_owned()
}

/// Changes a payer's wallet, as the mall or the switch would.
fn turn(world: &World, client: &str, change: impl FnOnce(&mut Wallet)) {
    world.switch.change(|wallets| {
        let (number, wallet) = wallets.of(client);
        change(wallet);
        number
    });
}
