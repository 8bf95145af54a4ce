//! `tessera demo` as a newcomer meets it: everything is there, a wallet is opened, loaded and spent from, its mail comes, and in the
//! end the totals agree.

#[path = "../../wallet/tests/server/fake/browser.rs"]
#[allow(dead_code, reason = "the wallet server's own tests use the rest")]
mod browser;

use std::ffi::OsString;
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use browser::Browser;

const PATIENCE: Duration = Duration::from_secs(180);
/// In the folder of a demo: programs that it finds before those of the system.
const BIN: &str = "bin";
const PASSWORD: &str = "correct horse battery";

static ALONE: Mutex<()> = Mutex::new(());

/// The demo, killed where a test fails.
struct Demo {
    child: Child,
    output: BufReader<ChildStdout>,
    /// Two that start at the same moment may find the same ports free.
    _alone: MutexGuard<'static, ()>,
    /// What it has said.
    said: String,
    _folder: Arc<tempfile::TempDir>,
}

impl Demo {
    /// Started, and read as far as the list of what a visitor can do.
    fn start(more: &[&str]) -> Self {
        Self::start_in(alone(), &new_folder(), more)
    }

    /// The same, in this folder.
    fn start_in(
        alone: MutexGuard<'static, ()>,
        folder: &Arc<tempfile::TempDir>,
        more: &[&str],
    ) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_tessera"))
            .args(["demo", "--data"])
            .arg(folder.path())
            .args(more)
            // A browser is opened by what a test has put there.
            .env("PATH", with_folder_in_front(&folder.path().join(BIN)))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .expect("tessera starts");
        let output = BufReader::new(child.stdout.take().expect("a pipe"));
        let mut demo = Self {
            child,
            output,
            _alone: alone,
            said: String::new(),
            _folder: Arc::clone(folder),
        };
        demo.read_until("\nothers ");
        demo
    }

    /// The addresses behind a verb, in their order.
    fn origins(&self, verb: &str) -> Vec<String> {
        let lines = self.said.lines().filter(|line| line.starts_with(verb));
        let words = lines.filter_map(|line| line.split_whitespace().nth(1));
        words.map(str::to_owned).collect()
    }

    /// Reads what it says until a text has come.
    fn read_until(&mut self, text: &str) {
        while !self.said.contains(text) {
            let read = self.output.read_line(&mut self.said).expect("a line");
            assert!(read > 0, "it ended without `{text}`: {}", self.said);
        }
    }

    /// SIGKILL for the child that runs this subcommand.
    fn kill_child(&self, name: &str) {
        let ours = self.child.id().to_string();
        let command = format!("tessera {name} ");
        let found = Command::new("pgrep")
            .args(["-P", &ours, "-f", &command])
            .output()
            .expect("pgrep runs");
        let process = only(
            String::from_utf8_lossy(&found.stdout)
                .lines()
                .map(str::to_owned)
                .collect(),
        );
        let kill = Command::new("kill").args(["-KILL", &process]).status();
        assert!(kill.expect("kill runs").success());
    }

    /// Everything that it says until it ends, and whether it was content.
    fn finish(mut self) -> (String, bool) {
        self.output
            .read_to_string(&mut self.said)
            .expect("its output");
        let status = self.child.wait().expect("a child");
        (std::mem::take(&mut self.said), status.success())
    }

    fn interrupt(&self) {
        let process = self.child.id().to_string();
        let kill = Command::new("kill").args(["-INT", &process]).status();
        assert!(kill.expect("kill runs").success());
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        // It may have ended by itself. Its children end with it.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn alone() -> MutexGuard<'static, ()> {
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

fn with_folder_in_front(folder: &Path) -> OsString {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let all = std::iter::once(folder.to_owned()).chain(std::env::split_paths(&path));
    std::env::join_paths(all).expect("no colon in a path")
}

fn new_folder() -> Arc<tempfile::TempDir> {
    Arc::new(tempfile::tempdir().expect("a folder"))
}

fn browser(origin: &str) -> Browser {
    let address = origin
        .replace("http://", "")
        .replace("localhost", "127.0.0.1");
    let address: SocketAddr = address.parse().expect("an address");
    Browser::new(address, origin)
}

fn only(mut origins: Vec<String>) -> String {
    assert_eq!(origins.len(), 1, "{origins:?}");
    origins.remove(0)
}

/// Waits for a condition, not for a time.
fn wait_for<T>(what: &str, mut condition: impl FnMut() -> Option<T>) -> T {
    let started = Instant::now();
    loop {
        if let Some(found) = condition() {
            return found;
        }
        assert!(started.elapsed() < PATIENCE, "waited too long for {what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// The text of the newest letter that `fits`.
fn letter(mail: &mut Browser, fits: impl Fn(&str) -> bool) -> String {
    wait_for("a letter", || {
        let list = mail.get("/").body;
        let numbers = list.split("href=\"/letters/").skip(1);
        let numbers: Vec<_> = numbers
            .filter_map(|rest| rest.split('"').next().map(str::to_owned))
            .collect();
        let mut texts = numbers
            .iter()
            .map(|number| mail.get(&format!("/letters/{number}")).text_of("text"));
        texts.find(|text| fits(text))
    })
}

#[test]
fn a_newcomer_opens_a_wallet_loads_it_buys_and_reads_the_mail() {
    let mut demo = Demo::start(&[]);
    let mut wallet = browser(&only(demo.origins("open ")));
    let mut mail = browser(&only(demo.origins("read ")));
    let shops = demo.origins("buy ");
    assert_eq!(shops.len(), 2);
    for origin in &shops {
        assert_eq!(browser(origin).get("/").status, 200, "{origin}");
    }
    for browser in [&mut wallet, &mut mail] {
        assert_eq!(browser.get("/").status, 200, "{}", browser.origin);
    }

    wallet.get("/register");
    let fields = [("password", PASSWORD), ("again", PASSWORD)];
    wallet.send("/register", "register", &fields);
    let client = wallet.get("/welcome").text_of("client-number");
    let digits = client.chars().filter(char::is_ascii_digit);
    assert_eq!(digits.count(), 15, "{client}");
    wallet.get("/home");
    let done = wallet.send("/card/issue", "issue-card", &[]);
    assert_eq!(done.status, 303, "{}", done.body);

    wallet.get("/notifications");
    let fields = [
        ("kind", "email"),
        ("address", "newcomer@payer.example"),
        ("password", PASSWORD),
    ];
    let done = wallet.send("/notifications/contact", "contact", &fields);
    assert_eq!(done.status, 303, "{}", done.body);
    let code = |text: &str| {
        let digits = |word: &&str| word.len() == 6 && word.bytes().all(|b| b.is_ascii_digit());
        text.split_whitespace().find(digits).map(str::to_owned)
    };
    let text = letter(&mut mail, |text| code(text).is_some());
    let code = code(&text).expect("a code");
    wallet.get("/notifications");
    let done = wallet.send("/notifications/confirm", "confirm", &[("code", &code)]);
    assert_eq!(done.status, 303, "{}", done.body);

    let done = wallet.add_source("card", "9902 0000 0000 0018", PASSWORD);
    assert_eq!(done.status, 303, "{}", done.body);
    let page = wallet.get("/money").body;
    let (_, source) = page.split_once("id=\"source-").expect("a source");
    let source = source.split('"').next().unwrap_or_default();
    let fields = [
        ("source", source),
        ("amount", "100.00"),
        ("password", PASSWORD),
    ];
    let done = wallet.send("/money/load", "load", &fields);
    assert_eq!(done.status, 303, "{}", done.body);
    assert_eq!(available(&mut wallet), "$100.00");

    wallet.get("/card");
    let revealed = wallet.send("/card/reveal", "reveal", &[("password", PASSWORD)]);
    let revealed = wallet.get(revealed.header("location"));
    let shown = revealed.text_of("card-number");
    let number: String = shown.chars().filter(char::is_ascii_digit).collect();
    assert_eq!(number.len(), 16, "{}", revealed.body);
    // One of fifty purchases is declined by the financial system of the demo.
    let mut shop = browser(&shops[1]);
    wait_for("a purchase to be approved", || {
        let checkout = shop.get("/buy/round/plain");
        let order = checkout.hidden("order").expect("a number");
        let fields = [
            ("order", &*order),
            ("name", "A"),
            ("number", &*number),
            ("expiry", "12/31"),
            ("csc", ""),
        ];
        let bought = shop.post("/buy/round/plain", &[], &fields);
        assert_eq!(bought.status, 303, "{}", bought.body);
        let order = bought
            .header("location")
            .trim_end_matches("/pay")
            .to_owned();
        let page = shop.get(&order).body;
        page.contains("data-status=\"paid\"").then_some(())
    });
    assert_eq!(available(&mut wallet), "$87.50");
    letter(&mut mail, |text| text.contains("12.50"));

    // The purchase is marked on the start page and in the lines, and those of the simulated customers are not.
    let mut start = browser(&only(demo.origins("start ")));
    wait_for("the newcomer's purchase on the start page", || {
        let live = start.get("/live").body;
        let own = live.split_once("id=\"own\"")?.1.split_once("</p>")?.0;
        let has = |text: &str| own.contains(text);
        (has(">You<") && has("12.50 USD") && has("Paper Lantern") && has("approved")).then_some(())
    });
    let line = "  you      purchase Paper Lantern    12.50 USD              00 approved\n";
    demo.read_until(line);
    assert!(!demo.said.contains("you      purchase Teacup"));

    demo.interrupt();
    assert_content(demo.finish());
}

fn available(wallet: &mut Browser) -> String {
    wallet.get("/home").text_of("available")
}

#[test]
fn it_ends_by_itself_in_time_also_where_the_usual_ports_are_taken() {
    // No other demo has found them free and not used them yet.
    let alone = alone();
    // Existing installations get them too.
    let _taken: Vec<_> = [8080, 8081, 8082, 8083, 8090, 1025, 8025]
        .into_iter()
        .map(|port| std::net::TcpListener::bind(("127.0.0.1", port)))
        .collect();
    let folder = new_folder();
    let opened = folder.path().join("opened");
    fs::create_dir(folder.path().join(BIN)).expect("a folder");
    let opener = folder.path().join(BIN).join("xdg-open");
    let script = format!("#!/bin/sh\necho \"$1\" > {}\n", opened.display());
    fs::write(&opener, script).expect("a file");
    // The demo refuses a folder that others may read.
    for private in [folder.path(), &folder.path().join(BIN), &opener] {
        fs::set_permissions(private, fs::Permissions::from_mode(0o700)).expect("a mode");
    }
    let demo = Demo::start_in(alone, &folder, &["--for", "3s", "--open"]);
    let origin = only(demo.origins("open "));
    assert!(!origin.ends_with(":8080"), "{origin}");
    let named = demo.said.lines().find(|line| line.contains(" 8080 "));
    let named = named.expect("the port that is taken is named");
    let port = origin.rsplit(':').next().expect("a port");
    let expected =
        format!("port      8080 is taken by another program; {port} is used for the wallets");
    assert_eq!(named, expected);

    let start = only(demo.origins("start "));
    assert!(!start.ends_with(":8090"), "{start}");
    let page = browser(&start).get("/");
    let mut linked = demo.origins("buy ");
    linked.extend(demo.origins("read "));
    linked.push(format!("{origin}/register"));
    for address in linked {
        let link = format!("href=\"{address}\"");
        assert!(page.body.contains(&link), "{link} in {}", page.body);
    }
    let live = wait_for("live figures", || {
        let live = browser(&start).get("/live").body;
        live.contains("everything is up: running").then_some(live)
    });
    assert!(
        live.contains("of 2 up") || live.contains("of 1 up"),
        "{live}"
    );
    let address = wait_for("the opened address", || {
        fs::read_to_string(&opened)
            .ok()
            .filter(|text| text.ends_with('\n'))
    });
    assert_eq!(address.trim(), start);
    let (said, content) = demo.finish();
    assert_content((said.clone(), content));
    let announced = word_after(&said, "about ");
    let announced: u64 = announced.parse().expect("MiB");
    let takes = word_after(&said, "which takes ");
    let takes: u64 = takes.parse().expect("MiB");
    assert!(
        takes <= announced && takes > announced / 2,
        "{takes} MiB, announced: {announced}"
    );
}

#[test]
fn what_is_killed_or_cut_comes_back_with_the_money_right() {
    let failures = [
        "--cut-link-after",
        "1s",
        "--kill-host-after",
        "9s",
        "--kill-after",
        "17s",
    ];
    let demo = Demo::start(&[&failures[..], &["--for", "18s"]].concat());
    let (said, content) = demo.finish();
    assert_content((said.clone(), content));
    let events = [
        "event     link is cut, ",
        "  link back in ",
        "event     link is back: ",
        "event     host is killed (SIGKILL): ",
        "  host back in ",
        "event     host starts again",
        "event     host is ready again",
        "event     switch is killed (SIGKILL): ",
        "  switch back in ",
        "event     switch is ready again",
    ];
    let mut rest = &*said;
    for event in events {
        let (_, after) = rest
            .split_once(event)
            .unwrap_or_else(|| panic!("{event} in {said}"));
        rest = after;
    }
    assert!(!said.contains("WRONG"), "{said}");
}

#[test]
fn a_part_that_dies_is_started_again_and_named() {
    let mut demo = Demo::start(&[]);
    let shop = demo.origins("buy ").remove(0);
    demo.kill_child("shop");
    demo.read_until("event     shop ended by itself: it is started again\n");
    demo.read_until("event     shop is ready again\n");
    assert_eq!(browser(&shop).get("/").status, 200);
    demo.interrupt();
    assert_content(demo.finish());
}

#[cfg(feature = "demo-cluster")]
#[test]
fn a_cluster_goes_on_when_its_active_node_is_killed_and_in_the_next_run() {
    let folder = new_folder();
    let options = ["--cluster", "--kill-after", "1s", "--for", "6s"];
    let demo = Demo::start_in(alone(), &folder, &options);
    let said = demo.finish();
    assert_content(said.clone());
    let events = [
        " is killed (SIGKILL)",
        " takes over, epoch ",
        " starts again",
    ];
    for event in events {
        assert!(said.0.contains(event), "{event} in {}", said.0);
    }
    assert_ne!(take_overs(&said.0), 0, "{}", said.0);
    // Approvals went on after the longest gap, which is less than the whole time.
    let gap = word_after(&said.0, "longest time without answers ");
    let gap: f64 = gap.parse().expect("seconds");
    assert!((1.0..60.0).contains(&gap), "{}", said.0);

    let said = Demo::start_in(alone(), &folder, &["--cluster", "--for", "1s"]).finish();
    assert_content(said.clone());
    assert!(said.0.contains("made by an earlier run"), "{}", said.0);
    take_overs(&said.0);
}

/// How many the summary counts; the journals are compared too.
#[cfg(feature = "demo-cluster")]
fn take_overs(said: &str) -> u64 {
    let journals = "\njournals  n1, n2 and n3 have the same ";
    assert!(said.contains(journals), "{said}");
    // The last such line: those before it say what has happened.
    let count = word_after(said, "\ncluster   ");
    count.parse().expect("a number")
}

fn word_after<'a>(said: &'a str, before: &str) -> &'a str {
    let (_, rest) = said.rsplit_once(before).unwrap_or_else(|| panic!("{said}"));
    rest.split_whitespace().next().expect("a word")
}

#[cfg(not(feature = "demo-cluster"))]
#[test]
fn a_build_without_etcd_names_the_one_that_has_it() {
    let demo = Command::new(env!("CARGO_BIN_EXE_tessera"))
        .args(["demo", "--cluster"])
        .output()
        .expect("tessera starts");
    let said = String::from_utf8_lossy(&demo.stderr);
    assert!(!demo.status.success());
    assert!(
        said.contains("--features demo-cluster -- demo --cluster"),
        "{said}"
    );
}

fn assert_content((said, content): (String, bool)) {
    assert!(content, "{said}");
    assert!(said.contains("\naudit     the totals agree"), "{said}");
    assert!(said.contains("the totals agree"), "{said}");
    assert!(said.contains("counts the same money"), "{said}");
}
