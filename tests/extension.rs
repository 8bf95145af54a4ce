//! The browser extension, unpacked in a headless Chromium, pays at a real shop before a real switch.

#[path = "shop/browser.rs"]
#[allow(dead_code, reason = "the shops' own test uses the rest")]
mod browser;
mod rig;

use std::path::Path;
use std::process::Command;

use browser::Shops;
use rig::Rig;
use rig::wire::card_number;

#[test]
#[ignore = "needs Chromium and Selenium: make browser"]
fn the_extension_fills_all_three_checkouts_and_every_form() {
    let python = std::env::var("TESSERA_PYTHON").expect("TESSERA_PYTHON names an interpreter");
    let rig = Rig::started(1, 1_000_000);
    let shops = Shops::start(&rig, &[]);
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("wallet/extension/tests/browser.py");
    let number = card_number(1);
    let output = Command::new(python)
        .arg(script)
        .args([shops.unaffiliated.to_string(), number.clone()])
        .output()
        .expect("the interpreter runs");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success(),
        "{said}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    // The shop's server got the number, three times.
    let captured =
        std::fs::read_to_string(rig.path("data/shop/unaffiliated.capture")).expect("a file");
    let bodies = captured
        .lines()
        .filter(|line| line.contains(&number) && !line.starts_with("hex"));
    assert_eq!(bodies.count(), 3, "{said}");
}
