//! A switch that has run for days, of which it keeps four: what is older is proven, deleted, and nothing else goes with it.

use std::fs::{self, Permissions};
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use crate::rig::clock::FakeClock;
use crate::rig::payer::{Payer, with_card};
use crate::rig::totals::far_off;
use crate::rig::wire::{ACQUIRER, Hand, Wire, card_purchase, network, rig_with, time_of};
use crate::rig::{Rig, Running, http_get, wait_for};

const CARDS: u64 = 3_000;
const BALANCE: u64 = 100_000_000;
const DAY: i64 = 86_400;
/// Enough to begin another segment.
const PURCHASES: u64 = 200;

struct World {
    rig: Rig,
    ahead: i64,
    /// Takes what payers are sent, and shows it.
    _mail: Running,
    letters: SocketAddr,
}

impl World {
    /// It forgets requests after a day.
    fn new(more: &[(&str, &str)]) -> Self {
        let cutover = far_off();
        let settings = [
            ("settlement_cutover", cutover.as_str()),
            ("segment_bytes", "\"64KiB\""),
            ("checkpoint_every", "\"200ms\""),
            ("snapshot_every", "\"1s\""),
            ("transactions_kept", "\"1d\""),
            ("give_up_after", "\"1d\""),
            ("keep", "\"4d\""),
        ];
        let mut rig = rig_with(CARDS, BALANCE, &[&settings[..], more].concat());
        let (mail, smtp, letters) = rig.start_mail();
        let path = rig.path("switch.toml");
        let text = fs::read_to_string(&path).expect("a configuration");
        let email = format!(
            "\n[notify.email]\nserver = \"{smtp}\"\ntls = \"plain\"\nfrom = \"no-reply@tessera.example\"\n"
        );
        fs::write(path, text + &email).expect("a file");
        rig.clock = Some(FakeClock::right(rig.folder.path()));
        rig.start_host(&[]);
        rig.start_switch();
        rig.wait_until_ready();
        Self {
            rig,
            ahead: 0,
            _mail: mail,
            letters,
        }
    }

    /// A payer with money who gets mail. Their card.
    fn payer_with_mail(&self) -> (String, String) {
        let mut payer = Payer::with(&self.rig, 1_000);
        payer.proven("170", &[(24, "email")], &[(26, "payer@example.com")]);
        let mut code = None;
        wait_for("the letter with the code", || {
            let letter = http_get(self.letters, "/letters/1");
            let is_code =
                |word: &&str| word.len() == 6 && word.bytes().all(|byte| byte.is_ascii_digit());
            code = letter.split_whitespace().find(is_code).map(str::to_owned);
            code.is_some()
        });
        payer.done("171", &[], &[(27, &code.expect("a code"))]);
        payer.card()
    }

    fn is_notified_of_a_purchase(&self, card: &(String, String)) {
        let mut wire = self.sign_on();
        let bought = with_card(card_purchase(&ACQUIRER, 1, 100), card);
        let answer = wire.ask(&self.now(bought));
        assert_eq!(answer.code(), "00", "{}", answer.reason());
        wait_for("the letter about the purchase", || {
            http_get(self.letters, "/").contains("Paid: $1.00")
        });
    }

    /// The switch is stopped and started so many days later.
    fn later(&mut self, days: i64) {
        assert_eq!(
            self.rig.stop_switch(),
            Some(0),
            "{}",
            self.rig.log("switch")
        );
        self.ahead += days * DAY;
        self.rig.clock.as_ref().expect("a clock").set(self.ahead);
        self.start();
    }

    fn start(&mut self) {
        self.rig.start_switch();
        self.rig.wait_until_ready();
    }

    fn now(&self, message: Hand) -> Hand {
        message.with(7, &time_of(self.ahead))
    }

    fn sign_on(&self) -> Wire {
        let mut wire = Wire::connect(self.rig.addresses.malls);
        wire.ask(&self.now(network(&ACQUIRER, "001")));
        wire
    }

    /// Field 37 of an approved purchase of the first card.
    fn buy(&self, wire: &mut Wire) -> String {
        let answer = wire.ask(&self.now(card_purchase(&ACQUIRER, 1, 100)));
        assert_eq!(answer.code(), "00", "{}", answer.reason());
        answer.text(37)
    }

    fn buy_many(&self) -> String {
        let mut wire = self.sign_on();
        let bought = self.buy(&mut wire);
        for _ in 1..PURCHASES {
            self.buy(&mut wire);
        }
        bought
    }

    /// Buys until a condition is met: a full snapshot is written when there is something new.
    fn buy_until(&self, what: &str, condition: impl Fn() -> bool) {
        let mut wire = self.sign_on();
        wait_for(what, || {
            self.buy(&mut wire);
            condition()
        });
    }

    fn files(&self, folder: &str, extension: &str) -> Vec<PathBuf> {
        let Ok(entries) = fs::read_dir(self.rig.path(folder)) else {
            return Vec::new();
        };
        let paths = entries.map(|entry| entry.expect("a file").path());
        let mut paths: Vec<_> = paths
            .filter(|path| path.extension().is_some_and(|is| is == extension))
            .collect();
        paths.sort();
        paths
    }

    /// The names of segments, archived or not.
    fn segments(&self) -> Vec<String> {
        let journal = self.files("data/journal", "journal");
        let all = journal
            .into_iter()
            .chain(self.files("data/archive", "archive"));
        let mut names: Vec<_> = all
            .map(|path| path.file_stem().expect("a name").display().to_string())
            .collect();
        names.sort();
        names.dedup();
        names
    }

    fn audit(&self, more: &[&str]) -> String {
        let arguments = [&["audit", "--config", "switch.toml"], more].concat();
        let output = self.rig.run(&arguments);
        String::from_utf8(output.stdout).expect("UTF-8")
    }

    /// What a command says that fails.
    fn refused(&self, arguments: &[&str]) -> String {
        let output = self.rig.try_run(arguments);
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8_lossy(&said).into_owned();
        assert!(!output.status.success(), "{said}");
        said
    }
}

/// Sums of money that do not depend on what else goes on.
fn loaded(audit: &str) -> &str {
    let line = audit.lines().find(|line| line.starts_with("loaded"));
    line.expect("a sum")
}

#[test]
fn what_is_older_than_it_keeps_is_proven_and_deleted() {
    let mut world = World::new(&[]);
    let card = world.payer_with_mail();
    let old = world.buy_many();
    let loaded_first = loaded(&world.audit(&[])).to_owned();
    let first_day = world.segments();
    world.later(3);
    world.buy_many();
    assert_eq!(world.segments()[0], first_day[0], "none is old enough");
    // All of both days are old, so that it does not matter which of their segments are indexed first.
    world.later(5);
    let new = world.buy_many();
    // Killed while the opening balances are being written, or after that; and when the first segment is gone.
    world.buy_until("opening balances", || {
        let partial = world.files("data/opening", "partial");
        !partial.is_empty() || !world.files("data/opening", "opening").is_empty()
    });
    world.rig.kill_switch();
    assert!(world.audit(&[]).contains("the totals agree"));
    world.start();
    world.buy_until("the first segment to be deleted", || {
        world.segments()[0] != first_day[0]
    });
    world.rig.kill_switch();
    assert!(world.audit(&[]).contains("the totals agree"));
    world.start();
    let newest = first_day.last().expect("a segment").clone();
    world.buy_until("all segments of the first day to be deleted", || {
        world.segments()[0] > newest
    });
    assert_eq!(world.files("data/opening", "opening").len(), 1);
    let indexes = world.files("data/journal", "index");
    let first = indexes[0].file_stem().expect("a name");
    assert!(*first > *newest, "{first:?}");

    // The rest is proven from then on, and an operator can sign for what was before.
    let audit = world.audit(&[]);
    assert!(audit.contains("proven from"), "{audit}");
    assert!(audit.contains("not attested"), "{audit}");
    assert_eq!(loaded(&audit), loaded_first);
    let signed = world.audit(&["--attest"]);
    let hash = signed.lines().next().expect("a SHA-256").to_owned();
    assert!(audit.contains(&hash), "{audit}{signed}");
    fs::write(world.rig.path("signed"), &signed).expect("a file");
    for attested in [hash.as_str(), "signed"] {
        let audit = world.audit(&["--attested", attested]);
        assert!(audit.contains(", attested)"), "{audit}");
    }
    let other = "00".repeat(32);
    let said = world.refused(&["audit", "--config", "switch.toml", "--attested", &other]);
    assert!(said.contains(&hash) && said.contains(&other), "{said}");

    // What is kept is found, and what is not is said to be older.
    let named = |reference| {
        [
            "explain",
            "--config",
            "switch.toml",
            "--reference",
            reference,
        ]
    };
    let page = world.rig.run(&named(&new));
    assert!(String::from_utf8_lossy(&page.stdout).contains("approved"));
    let said = world.refused(&named(&old));
    assert!(said.contains("older than the journal keeps"), "{said}");
    let said = world.refused(&["recon", "--config", "switch.toml", "--date", "2020-01-01"]);
    assert!(said.contains("older than the journal keeps"), "{said}");
    let export = |from| {
        [
            "export",
            "--config",
            "switch.toml",
            "--format",
            "csv",
            "--from",
            from,
            "--to",
            "2100-01-01",
            "--out",
            "rows.csv",
        ]
    };
    let said = world.refused(&export("2020-01-01"));
    assert!(said.contains("older than the journal keeps"), "{said}");

    // A start without a store needs a full snapshot. Without an outbox, payers get their messages all the same.
    assert_eq!(world.rig.stop_switch(), Some(0));
    for folder in ["data/store", "data/outbox"] {
        fs::remove_dir_all(world.rig.path(folder)).expect("a folder");
    }
    world.start();
    world.is_notified_of_a_purchase(&card);
    world.buy_many();
    assert_eq!(world.rig.stop_switch(), Some(0));
    assert_eq!(loaded(&world.audit(&["--attested", &hash])), loaded_first);

    // Without one, nothing that is there is deleted, and nothing but the disk's word is said of a disk that refuses.
    let [store, aside, snapshots] =
        ["data/store", "data/store.old", "data/snapshots"].map(|name| world.rig.path(name));
    let switch = ["switch", "--config", "switch.toml"];
    fs::rename(&snapshots, world.rig.path("kept")).expect("a folder");
    damage(&store);
    let said = world.refused(&switch);
    assert!(said.contains("damaged and can't be rebuilt"), "{said}");
    assert!(store.exists() && !aside.exists());
    fs::rename(&store, &aside).expect("a folder");
    fs::write(&store, "no folder").expect("a file");
    fs::set_permissions(&store, Permissions::from_mode(0o600)).expect("a file");
    let said = world.refused(&switch);
    assert!(said.contains("can't start without the store"), "{said}");
    fs::remove_file(&store).expect("a file");
    let said = world.refused(&switch);
    assert!(said.contains("restore a full snapshot"), "{said}");

    // As a start leaves it that was killed while it put another store in the place of the damaged one.
    assert!(aside.exists());
    fs::rename(world.rig.path("kept"), &snapshots).expect("a folder");
    world.start();
    assert!(store.exists() && !aside.exists());
    world.buy_many();
    assert_eq!(world.rig.stop_switch(), Some(0));
    assert_eq!(loaded(&world.audit(&["--attested", &hash])), loaded_first);
}

/// Every file of a store has other bytes.
fn damage(folder: &Path) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            damage(&path);
            continue;
        }
        let mut bytes = fs::read(&path).expect("a file");
        bytes.iter_mut().for_each(|byte| *byte ^= 0x55);
        fs::write(&path, bytes).expect("a file");
    }
}

/// Without the financial system's word on its totals.
#[test]
fn a_date_that_is_not_agreed_upon_keeps_its_segments() {
    let mut world = World::new(&[("reconcile_after", "\"0s\"")]);
    world.buy_many();
    let first_day = world.segments();
    world.later(3);
    world.buy_many();
    world.later(5);
    world.buy_many();
    world.buy_until("the reason to be in the log", || {
        let log = world.rig.log("switch");
        log.contains("until the financial system agrees upon the totals")
    });
    assert!(world.segments().starts_with(&first_day));
    assert!(world.files("data/opening", "opening").is_empty());
    assert!(world.audit(&[]).contains("the totals agree"));
}
