//! The clients of `clients/`, which malls copy: their own tests, in their own languages, before the real switch.
//!
//! Where there is no compiler of Java, this says so on the terminal; with `TESSERA_JAVA=required`, as under `make`, it fails.

use std::io::Write as _;
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::rig::http::{ask, try_ask};
use crate::rig::leased::Line;
use crate::rig::proxy::Proxy;
use crate::rig::totals::settles_with_the_host;
use crate::rig::wire::{MALL, Party, started};
use crate::rig::{Rig, Running, at_home, free_port, wait_for};

/// What every test of a client asks for: an order of 19.99 each, and the answer of one is lost on the way.
const ORDERS: usize = 5;
const PRICE: u64 = 1_999;

/// What is spent at the end: two purchases, and 5.00 of a third.
const SPENT: u64 = 2 * PRICE + 500;

/// A purchase by order has more bytes, a sign-on fewer.
const PURCHASE_BYTES_MIN: u64 = 90;

#[test]
#[ignore = "needs the Python peers: make test AREA=peers"]
fn the_client_in_python_passes_its_tests() {
    let python = std::env::var("TESSERA_PYTHON").expect("TESSERA_PYTHON names an interpreter");
    passes(|_| {
        let mut command = Command::new(&python);
        command
            .args(["-B", "-m", "unittest", "discover", "--verbose"])
            .current_dir(clients("python"));
        command
    });
}

#[test]
#[ignore = "needs Node.js: make test AREA=peers"]
fn the_client_in_javascript_passes_its_tests() {
    let node = std::env::var("TESSERA_NODE").unwrap_or_else(|_| "node".to_owned());
    passes(|_| {
        let mut command = Command::new(&node);
        command.arg("--test").current_dir(clients("javascript"));
        command
    });
}

#[test]
#[ignore = "needs Java: make test AREA=peers"]
fn the_client_in_java_passes_its_tests() {
    if Command::new("javac").arg("-version").output().is_err() {
        return cannot("There is no javac on this machine.");
    }
    passes(|folder| {
        let classes = folder.join("classes");
        let sources =
            ["Mall", "Message", "MallTest"].map(|name| format!("tessera/mall/{name}.java"));
        let mut compiler = Command::new("javac");
        at_home(&mut compiler, folder);
        compiler
            .args(["-Xlint:all,-serial", "-Werror", "-encoding", "UTF-8", "-d"])
            .arg(&classes)
            .args(sources)
            .current_dir(clients("java"));
        succeeds(compiler);
        let mut command = Command::new("java");
        command
            .arg("-cp")
            .arg(&classes)
            .arg("tessera.mall.MallTest")
            .arg(top().join("protocol/tests/vectors.json"));
        command
    });
}

#[test]
#[ignore = "needs the Python peers: make test AREA=peers"]
fn the_specifications_for_other_libraries_pack_the_golden_messages() {
    let mut command =
        Command::new(std::env::var("TESSERA_PYTHON").expect("TESSERA_PYTHON names an interpreter"));
    at_home(&mut command, Path::new("/nonexistent"));
    command.arg(top().join("tests/peers/packing.py"));
    succeeds(command);
}

/// The party of docs/first-order.md.
const CORNER_SHOP: Party = Party {
    code: "10000000007",
    acceptor: "CORNER-SHOP",
    key: Some("30313233343536373839303132333435"),
    name: "Corner Shop",
};

#[test]
#[ignore = "needs the Python peers: make test AREA=peers"]
fn the_shop_of_the_guide_sells_and_survives_a_lost_answer_and_a_crash() {
    let rig = Rig::new(0, 0);
    let guide = std::fs::read_to_string(top().join("docs/first-order.md")).expect("the guide");
    let (_, rest) = guide.split_once("```toml\n").expect("a profile");
    let (profile, _) = rest.split_once("```").expect("its end");
    rig.write_party("corner-shop.toml", profile);
    let key = rig.path("parties/corner-shop.key");
    std::fs::write(&key, CORNER_SHOP.key.unwrap()).expect("a key");
    let private = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    std::fs::set_permissions(&key, private).expect("a file of ours");
    let mut rig = started(rig, &[]);
    let mut line = Line::signed_on(&rig);
    let wallet = line.wallet_with(50_000);
    let losing = Proxy::to(rig.addresses.malls);

    let shop = Shop::start(&rig, &losing);
    let order = shop.places_an_order();
    let agreed = line.announce(&wallet, &CORNER_SHOP, &order, PRICE);
    assert_eq!(agreed.code(), "00", "{}", agreed.reason());
    losing.lose_answer_from(PURCHASE_BYTES_MIN);
    assert_eq!(shop.charges(&order), "paid", "after a repeat");
    assert_eq!(losing.lost(), 1);
    assert_eq!(shop.charges(&order), "paid", "and not once more");
    assert_eq!(line.balance(&wallet).0, 50_000 - PRICE);

    // The switch is away when the payer agrees, and the shop is killed while it waits.
    let order = shop.places_an_order();
    let agreed = line.announce(&wallet, &CORNER_SHOP, &order, PRICE);
    assert_eq!(agreed.code(), "00", "{}", agreed.reason());
    rig.kill_switch();
    let address = shop.address;
    let path = format!("POST /orders/{order}/charge");
    let asks = std::thread::spawn(move || try_ask(address, &path, &[], ""));
    wait_for("the shop to charge", || shop.state(&order) == "paying");
    drop(shop);
    assert!(asks.join().expect("a thread").is_none(), "no answer");
    rig.start_switch();
    rig.wait_until_ready();
    let shop = Shop::start(&rig, &losing);
    wait_for("the shop to know", || shop.state(&order) == "paid");
    let mut line = Line::signed_on(&rig);
    assert_eq!(line.balance(&wallet).0, 50_000 - 2 * PRICE);
    drop((line, shop));
    settles_with_the_host(rig);
}

/// The shop of the guide, with its orders in the rig's folder.
struct Shop {
    _process: Running,
    address: SocketAddr,
}

impl Shop {
    fn start(rig: &Rig, switch: &Proxy) -> Self {
        let address = free_port();
        let python = std::env::var("TESSERA_PYTHON").expect("TESSERA_PYTHON names an interpreter");
        let mut command = Command::new(python);
        at_home(&mut command, rig.folder.path());
        command
            .args(["-B", "corner_shop.py", "--key"])
            .arg(rig.path("parties/corner-shop.key"))
            .args(["--switch", &switch.address.to_string()])
            .args(["--port", &address.port().to_string(), "--data"])
            .arg(rig.path("corner_shop.db"))
            .current_dir(clients("python"))
            .stdout(Stdio::null());
        let process = Running(command.spawn().expect("the interpreter runs"));
        wait_for("the shop", || TcpStream::connect(address).is_ok());
        Self {
            _process: process,
            address,
        }
    }

    /// Its number.
    fn places_an_order(&self) -> String {
        let placed = ask(self.address, "GET /", &[], "");
        let location = placed.header("location");
        location
            .strip_prefix("/orders/")
            .unwrap_or_else(|| panic!("{placed:?}"))
            .to_owned()
    }

    /// What the page's script does when the payer has agreed.
    fn charges(&self, order: &str) -> String {
        let path = format!("POST /orders/{order}/charge");
        ask(self.address, &path, &[], "").text
    }

    fn state(&self, order: &str) -> String {
        let page = ask(self.address, &format!("GET /orders/{order}"), &[], "");
        page.between("<strong id=\"state\">", "<").to_owned()
    }
}

fn top() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn clients(language: &str) -> PathBuf {
    top().join("clients").join(language)
}

/// Runs a client's tests with a switch, a payer who has agreed to its orders, and a line that loses an answer. The money is
/// then where the client has left it, and the financial system agrees.
fn passes(tests: impl FnOnce(&Path) -> Command) {
    let over_tls = free_port();
    let table = format!(
        "[mall.tls]\nlisten = \"{over_tls}\"\ncertificate = \"certs/switch.pem\"\nkey = \"certs/switch.key\"\n"
    );
    let rig = started(Rig::with(0, 0, &[("#[mall.tls]", &table)]), &[]);
    let mut line = Line::signed_on(&rig);
    let wallet = line.wallet_with(50_000);
    let orders: Vec<_> = (1..=ORDERS)
        .map(|order| format!("CLIENT-{order}"))
        .collect();
    for order in &orders {
        let agreed = line.announce(&wallet, &MALL, order, PRICE);
        assert_eq!(agreed.code(), "00", "{}", agreed.reason());
    }
    let losing = Proxy::to(rig.addresses.malls);
    losing.lose_answer_from(PURCHASE_BYTES_MIN);
    let mut command = tests(rig.folder.path());
    at_home(&mut command, rig.folder.path());
    command
        .env("TESSERA_SWITCH", rig.addresses.malls.to_string())
        .env("TESSERA_LOSING", losing.address.to_string())
        .env("TESSERA_ORDERS", orders.join(","))
        .env("TESSERA_TLS", format!("localhost:{}", over_tls.port()))
        .env("TESSERA_AUTHORITY", rig.path("certs/ca.pem"));
    succeeds(command);
    assert_eq!(losing.lost(), 1, "an answer was lost");
    let left = 50_000 - SPENT;
    assert_eq!(line.balance(&wallet), (left, left));
    drop(line);
    settles_with_the_host(rig);
}

fn succeeds(mut command: Command) {
    let output = command.output().expect("the program runs");
    assert!(
        output.status.success(),
        "{command:?}: {}\n{}{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
}

/// Says that nothing was tested, where that is allowed. Not by a macro, whose words a passing test keeps for itself.
#[allow(clippy::disallowed_methods, reason = "a test has no log")]
fn cannot(why: &str) {
    let required = std::env::var("TESSERA_JAVA").is_ok_and(|value| value == "required");
    assert!(!required, "{why}");
    let said = writeln!(std::io::stderr(), "NOT TESTED: the client in Java. {why}");
    said.expect("a terminal");
}
