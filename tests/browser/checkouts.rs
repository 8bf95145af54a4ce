//! The browser extension, unpacked in a headless Chromium, pays at a real shop before a real switch.

use std::path::Path;
use std::process::Command;

use crate::one_browser;
use crate::rig::shop::Shops;
use crate::rig::wire::card_number;
use crate::rig::{Rig, free_port};

/// The shops of a rig, their card frame on another host's name, as a payment service has it.
fn shops(rig: &Rig) -> (Shops, String) {
    let frame = free_port();
    let origin = format!("localhost:{}", frame.port());
    let changes = [
        ("frame = \"127.0.0.1:0\"", format!("frame = \"{frame}\"")),
        (
            "#frame_origin = \"http://127.0.0.1:8083\"",
            format!("frame_origin = \"http://{origin}\""),
        ),
    ];
    let changes = changes
        .each_ref()
        .map(|(shipped, changed)| (*shipped, changed.as_str()));
    (Shops::start(rig, &changes), origin)
}

/// What a script of the extension's tests prints; it ends with an error where something is not as it should be.
fn run(script: &str, arguments: &[&str]) -> String {
    let python = std::env::var("TESSERA_PYTHON").expect("TESSERA_PYTHON names an interpreter");
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("wallet/extension/tests");
    let home = tempfile::tempdir().expect("a folder");
    let mut command = Command::new(python);
    crate::rig::at_home(&mut command, home.path());
    let output = command
        .env("TESSERA", env!("CARGO_BIN_EXE_tessera"))
        .arg(folder.join(script))
        .args(arguments)
        .output()
        .expect("the interpreter runs");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}{complaint}");
    said
}

#[test]
#[ignore = "needs Chromium and Selenium: make test AREA=browser"]
fn the_extension_fills_all_three_checkouts_and_every_form() {
    let _one = one_browser();
    let rig = Rig::started(1, 1_000_000);
    let (shops, _) = shops(&rig);
    let number = card_number(1);
    let said = run("browser.py", &[&shops.unaffiliated.to_string(), &number]);
    // The shop's server got the number, three times.
    let capture = rig.path("data/shop/unaffiliated.capture");
    let captured = std::fs::read_to_string(capture).expect("a file");
    let lines = captured.lines().map(|line| line.replace(' ', ""));
    let bodies = lines.filter(|line| line.contains(&number) && !line.starts_with("hex"));
    assert_eq!(bodies.count(), 3, "{said}");
}

#[test]
#[ignore = "needs Chromium: make test AREA=browser"]
fn nothing_is_filled_before_the_payer_presses() {
    let _one = one_browser();
    let rig = Rig::started(1, 1_000_000);
    let (shops, frame) = shops(&rig);
    let shop = shops.unaffiliated.to_string();
    run("popup.py", &[&shop, &frame, &card_number(1)]);
}

#[test]
#[ignore = "needs Firefox: make test AREA=browser"]
fn the_extension_fills_in_firefox_what_a_person_can_see() {
    let _one = one_browser();
    let rig = Rig::started(1, 1_000_000);
    let (shops, frame) = shops(&rig);
    let shop = shops.unaffiliated.to_string();
    run("firefox.py", &[&shop, &frame, &card_number(1)]);
}
