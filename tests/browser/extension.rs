//! The extension as the real wallet server packs it. For the test its popup is in its own window and gets the id of its
//! tab.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::Command;

use serde_json::Value;
use sha2::{Digest, Sha256};
use tempfile::TempDir;

use crate::payer::{PASSWORD, Payer};
use crate::rig::services::Wallet;
use crate::world::World;

/// The ways to check out of the shop that takes cards.
const WAYS: [&str; 3] = ["plain", "controlled", "framed"];

/// Downloads the extension from this world's wallet server: its folder, and Chromium's arguments.
pub fn download(world: &World) -> (TempDir, Vec<String>) {
    let target = tempfile::tempdir().expect("a folder");
    let archive = target.path().join("tessera-chromium.zip");
    fs::write(&archive, get(&world.wallet, "/extension.zip")).expect("a file");
    let python = std::env::var("TESSERA_PYTHON").expect("TESSERA_PYTHON names an interpreter");
    let unpacked = Command::new(python)
        .args(["-m", "zipfile", "-e"])
        .args([&archive, &folder(target.path())])
        .status();
    assert!(unpacked.expect("the interpreter runs").success());
    prepare(&folder(target.path()));
    let arguments = vec![
        format!("--load-extension={}", folder(target.path()).display()),
        "--disable-features=DisableLoadExtensionCommandLineSwitch".to_owned(),
    ];
    (target, arguments)
}

/// For a test it may look into the shop's pages without asking, and its popup may be in a tab.
fn prepare(folder: &Path) {
    change(&folder.join("build.js"), "TEST = false", "TEST = true");
    let more = "\"host_permissions\": [\n    \"http://127.0.0.1/*\",\n    \"http://localhost/*\",";
    let manifest = folder.join("manifest.json");
    change(&manifest, "\"host_permissions\": [", more);
}

fn change(file: &Path, from: &str, to: &str) {
    let text = fs::read_to_string(file).expect("a file of the package");
    assert!(text.contains(from), "{}: {text}", file.display());
    fs::write(file, text.replacen(from, to, 1)).expect("a file");
}

/// The bytes of a file that the wallet server serves.
fn get(wallet: &Wallet, path: &str) -> Vec<u8> {
    let mut socket = TcpStream::connect(wallet.address).expect("a connection");
    let request = format!(
        "GET {path} HTTP/1.1\r\nhost: localhost:{}\r\nconnection: close\r\n\r\n",
        wallet.address.port()
    );
    socket.write_all(request.as_bytes()).expect("a request");
    let mut answer = Vec::new();
    socket.read_to_end(&mut answer).expect("an answer");
    assert!(answer.starts_with(b"HTTP/1.1 200 "), "{path}");
    let mut windows = answer.windows(4);
    let head = windows.position(|four| four == b"\r\n\r\n");
    answer.split_off(head.expect("a head") + 4)
}

fn folder(target: &Path) -> std::path::PathBuf {
    target.join("extension")
}

/// The popup's address: browsers name an unpacked extension by the digest of its path.
fn popup(target: &Path) -> String {
    let path = folder(target);
    let digest = Sha256::digest(path.as_os_str().as_encoded_bytes());
    let nibbles = digest
        .iter()
        .take(16)
        .flat_map(|byte| [byte >> 4, byte & 15]);
    let identity: String = nibbles.map(|nibble| char::from(b'a' + nibble)).collect();
    format!("chrome-extension://{identity}/popup.html")
}

/// What the extension has held of a payer.
pub struct Held {
    /// The numbers that were drawn, one for each way.
    pub numbers: Vec<String>,
    /// The handle of its session.
    pub session: String,
}

/// Signs in, and buys on all three forms.
pub fn buys_on_all_forms(payer: &Payer<'_>, target: &Path) -> Held {
    let browser = &payer.browser;
    let address = popup(target);
    let page = browser.window();
    let popup = browser.new_window();
    browser.open(&address);
    browser.fill("client", &payer.client);
    browser.fill("password", PASSWORD);
    browser.press("#sign-in button");
    browser.wait("the card", || !browser.text("#shown-card").is_empty());
    let kept = "const end = arguments[0]; \
        chrome.storage.session.get('session').then(({ session }) => end(session.session))";
    let kept = browser.script_with_end(kept, &[]);
    let session = kept.as_str().expect("a handle").to_owned();
    let mut numbers = Vec::new();
    for way in WAYS {
        browser.look_at(&page);
        browser.open(&payer.world.lantern(&format!("/buy/round/{way}")));
        let tab = {
            let here = Value::from(browser.address());
            browser.look_at(&popup);
            let find = "const [url, end] = arguments; \
                chrome.tabs.query({}).then((tabs) => end(tabs.find((tab) => tab.url === url)?.id ?? null))";
            browser.script_with_end(find, &[here])
        };
        browser.open(&format!("{address}?tab={tab}"));
        browser.find("button.offer");
        browser.press("button.offer");
        browser.wait_text("#said", "Filled: card number, expiry, name");
        browser.look_at(&page);
        let typed = "return [...document.querySelectorAll('#number, .pieces input')].map((one) => one.value).join('')";
        let typed = browser.script(typed, &[]);
        browser.wait("the form to be complete", || {
            browser.has("form.panel button:enabled")
        });
        browser.press("form.panel button");
        browser.wait("the shop to know", || {
            browser.has("#order[data-status=paid]")
        });
        let number = match way {
            "framed" => given_to_the_frame(payer.world),
            _ => typed.as_str().expect("text").to_owned(),
        };
        let number: String = number.chars().filter(char::is_ascii_digit).collect();
        assert_eq!(number.len(), 16, "{way}: {number}");
        assert!(!numbers.contains(&number), "{way}: drawn before");
        numbers.push(number);
    }
    payer.open("/home");
    browser.wait_text("#recent", "card ending");
    browser.look_at(&popup);
    browser.close_window();
    browser.look_at(&page);
    Held { numbers, session }
}

/// The number that the payment service of the shop has got: no page of another origin can be asked for it.
fn given_to_the_frame(world: &World) -> String {
    let capture = world.rig.path("data/shop/unaffiliated.capture");
    let capture = fs::read_to_string(capture).expect("a capture");
    let (_, body) = capture.rsplit_once("{\"number\":\"").expect("a card");
    let (number, _) = body.split_once('"').expect("a number");
    number.to_owned()
}
