//! The audit of a large journal: `cargo bench -p tessera-reports --bench audit -- WALLETS PURCHASES [FOLDER]`.
//!
//! Writes a journal of so many wallets and purchases (each is a hold and an approval, of any wallet), audits it, audits it again
//! from the result, and shows for each its time, its passes and the peak of the process's memory. Then the times of lookups, and what archiving saves and costs.

#![expect(clippy::print_stdout, reason = "the figures are what it is for")]

use std::path::Path;
use std::time::Instant;

use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use tessera_encryption::DataKeys;
use tessera_journal::{Journal, Location, Options, Position};
use tessera_kit::clock::Timestamp;
use tessera_ledger::{
    Balance, CardName, Class, Day, DuplicateKey, Entry, Event, KeyFields, KeyPayer, Merchant,
    Opening, Payer, Reference, WalletId,
};
use tessera_protocol::{Amount, CardNumber, Currency, Institution, Stan};
use tessera_reports::audit::Audit;
use tessera_reports::index::{Index, Name};
use tessera_reports::recon;

const EXPIRY: u16 = 3112;
/// Of records at random.
const READS: u32 = 5_000;
const BALANCE: u64 = 1_000_000;

/// The first card of a wallet.
fn card(wallet: u64) -> CardName {
    CardName::new(1, &CardNumber::development(wallet))
}

/// That of the product.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [step, data] = &arguments[..]
        && matches!(step.as_str(), "full" | "since")
    {
        return audit(Path::new(data), step == "since");
    }
    let numbers: Vec<u64> = arguments
        .iter()
        .filter_map(|one| one.parse().ok())
        .collect();
    let (wallets, purchases) = match numbers[..] {
        [wallets, purchases] => (wallets, purchases),
        _ => (10_000, 20_000),
    };
    let chosen = arguments.iter().find(|one| one.starts_with('/'));
    let folder = tempfile::tempdir().expect("a folder");
    let data = chosen.map_or(folder.path(), Path::new);
    let keys = DataKeys::for_tests(data);
    let started = Instant::now();
    write(data, wallets, purchases);
    println!("written in {:.1} s", started.elapsed().as_secs_f64());
    // Each in a process of its own, whose peak is its own.
    for step in ["full", "since"] {
        let this = std::env::current_exe().expect("this program");
        let ran = std::process::Command::new(this)
            .arg(step)
            .arg(data)
            .status();
        assert!(ran.is_ok_and(|status| status.success()));
    }
    look_up(data, &keys);
    archive(&Location::in_data(data, &keys));
}

/// Moves all closed segments to the archive, and reads records at random before and after that.
fn archive(location: &Location) {
    let journal = tessera_journal::reader(location);
    let first = journal.parts().expect("a journal").into_iter().next();
    let mut positions = Vec::new();
    let read = journal.scan_part(&first.expect("a segment"), &mut |record| {
        positions.push(record.position);
        Ok(())
    });
    read.expect("a segment");
    let read = |what: &str| {
        let journal = tessera_journal::reader(location);
        let mut random = SmallRng::seed_from_u64(1);
        let started = Instant::now();
        for _ in 0..READS {
            let position = positions[random.random_range(0..positions.len())];
            journal.read(position).expect("a record");
        }
        let each = started.elapsed().as_secs_f64() / f64::from(READS);
        println!("{what}: {:.1} us for a record at random", each * 1e6);
    };
    read("segment");
    let (started, mut before, mut after) = (Instant::now(), 0, 0);
    while let Some(part) = tessera_journal::to_archive(location, Position::MAX).expect("a disk") {
        let archived = tessera_journal::archive(location, &part, &mut || true).expect("a disk");
        before += archived.bytes_before;
        after += archived.bytes_after;
    }
    println!(
        "archived {} MiB in {:.1} s: {:.2} times smaller",
        before >> 20,
        started.elapsed().as_secs_f64(),
        before as f64 / after as f64
    );
    read("archive");
}

fn audit(data: &Path, since: bool) {
    let keys = DataKeys::for_tests(data);
    let result = data.join("result");
    let started = Instant::now();
    let mut passes = 0;
    let totals = Audit::of(&Location::in_data(data, &keys))
        .since(since.then(|| result.clone()))
        .with_result(Some(result.clone()))
        .with_progress(|progress| passes = progress.pass)
        .run()
        .expect("an intact journal");
    println!(
        "{} events of {} wallets: {:.1} s, {passes} passes, peak {} MiB, result {} MiB",
        totals.events,
        totals.wallets,
        started.elapsed().as_secs_f64(),
        peak_kib() / 1024,
        std::fs::metadata(&result).expect("a result").len() >> 20,
    );
}

/// Opens the index, which makes the missing files, and then finds a purchase, its wallet's events and the items of its date.
fn look_up(data: &Path, keys: &DataKeys) {
    let lap = |what: &str, started: Instant| {
        println!("{what}: {:.3} s", started.elapsed().as_secs_f64());
    };
    let started = Instant::now();
    drop(Index::open(&Location::in_data(data, keys)).expect("a journal"));
    lap("index made", started);
    let started = Instant::now();
    let index = Index::open(&Location::in_data(data, keys)).expect("a journal");
    lap("index opened", started);
    let reference = Reference::first(Timestamp::from_milliseconds(1_790_000_000_001), 1);
    let started = Instant::now();
    let found = index.find(&Name::Reference(reference)).expect("a journal");
    let wallet = index.entry(found[0]).expect("an event").wallet;
    let events = index.chain(wallet).expect("a chain").len();
    lap(
        &format!("purchase found, and {events} events of its wallet"),
        started,
    );
    let started = Instant::now();
    let day = Day::at(reference.given_at(), 0);
    let items = recon::items(&Location::in_data(data, keys), day, None).expect("items");
    lap(&format!("{} items of its date", items.rows.len()), started);
}

fn peak_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux");
    let line = status.lines().find(|line| line.starts_with("VmHWM"));
    let number = line.and_then(|line| line.split_ascii_whitespace().nth(1));
    number.and_then(|number| number.parse().ok()).unwrap_or(0)
}

/// As much of a wallet as its next event says.
#[derive(Clone, Copy, Default)]
struct State {
    last: Option<Position>,
    available: u64,
    held: u64,
}

struct Writer {
    journal: std::sync::Arc<dyn Journal>,
    states: Vec<State>,
    now: Timestamp,
    appended: u64,
}

impl Writer {
    fn append(&mut self, wallet: u64, event: Event, moves: impl Fn(&mut State)) {
        let state = &mut self.states[wallet as usize];
        let entry = Entry {
            wallet: WalletId(wallet),
            previous: state.last,
            at: self.now,
            available: Balance(state.available),
            held: Balance(state.held),
            owed: Balance::ZERO,
            event,
        };
        let mut payload = Vec::with_capacity(256);
        entry.write(&mut payload);
        state.last = Some(self.journal.append(0, &payload).position);
        moves(state);
        self.appended += 1;
        if self.appended.is_multiple_of(100_000) {
            self.journal.sync().expect("a disk");
        }
    }
}

fn write(data: &Path, wallets: u64, purchases: u64) {
    let (options, stop) = (Options::default(), Box::new(|_: &_| {}));
    let opened = tessera_journal::open(
        &Location::in_data(data, &DataKeys::for_tests(data)),
        options,
        None,
        &mut |_| Err("the folder has a journal".into()),
        stop,
    );
    let mut writer = Writer {
        journal: opened.expect("an empty folder").journal,
        states: vec![State::default(); wallets as usize + 1],
        now: Timestamp::from_milliseconds(1_790_000_000_000),
        appended: 0,
    };
    for wallet in 1..=wallets {
        let event = Event::Provisioned {
            currency: Currency::USD,
            card: CardNumber::development(wallet),
            expiry: EXPIRY,
            balance: amount(BALANCE),
        };
        writer.append(wallet, event, |state| state.available = BALANCE);
    }
    let mut random = SmallRng::seed_from_u64(1);
    let mut last = Reference(0);
    for number in 0..purchases {
        let wallet = random.random_range(1..=wallets);
        if number.is_multiple_of(10) {
            writer.now = writer.now.plus(1);
        }
        let reference = Reference::first(writer.now, 1).max(last.next());
        last = reference;
        let event = Event::Held {
            opening: opening(reference, wallet, number),
            host_trace: stan(number),
            card: card(wallet),
            expiry: EXPIRY,
            granted: None,
            expires_at: None,
        };
        writer.append(wallet, event, |state| {
            state.available -= 1;
            state.held += 1;
        });
        writer.append(wallet, Event::Approved { reference }, |state| {
            state.held -= 1
        });
    }
    writer.journal.close().expect("a disk");
}

fn opening(reference: Reference, wallet: u64, number: u64) -> Opening {
    let payer = Payer::Card(card(wallet), Some(EXPIRY));
    let (terminal, acceptor) = (*b"TERM0001", *b"MALL-0001      ");
    let (institution, trace) = (Institution::new(20_000_000_001), Some(stan(number)));
    Opening {
        reference,
        key: DuplicateKey::of(KeyFields {
            institution,
            terminal: &terminal,
            acceptor: &acceptor,
            trace,
            local_time: 0,
            local_date: 1129,
            class: 2,
            processing_code: 0,
            payer: KeyPayer::Wallet,
        }),
        institution,
        class: Class::Financial,
        processing_code: 0,
        trace,
        transmission: 1_129_000_000,
        local_time: 0,
        local_date: 1129,
        terminal,
        acceptor,
        repeat: false,
        retrieval: reference.to_text(),
        amount: amount(1),
        currency: Currency::USD,
        payer,
        merchant: Merchant::default(),
        place: None,
    }
}

fn stan(number: u64) -> Stan {
    let digits = number % u64::from(Stan::MAX) + 1;
    Stan::new(digits as u32).expect("not 0")
}

fn amount(minor: u64) -> Amount {
    Amount::new(minor).expect("at most twelve digits")
}
