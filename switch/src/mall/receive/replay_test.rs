//! A replay of purchases through a worker: frames in, sessions, actors, rules, a journal in a folder, the gate, answers out.
//! There are no sockets, and the financial system approves at once in the same thread. Every run does the same, so that
//! counted instructions show what a change costs; `benches/replay.py` counts them. Other threads write the frames and read
//! the answers, so that neither is counted with the worker. One half of the wallets buys first, then the other: the memory
//! that comes with those is what wallets in use take.

use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::mpsc::{self, SyncSender, channel, sync_channel};
use std::thread::{self, JoinHandle};
use std::time::Instant;

use bytes::{Bytes, BytesMut};
use tessera_admission::{Arrival, Carrier, Connection, Parties, PlaceLimits, Places};
use tessera_config::Settings;
use tessera_encryption::DataKeys;
use tessera_host::{HostAnswer, HostOutcome};
use tessera_journal::testing::Memory;
use tessera_journal::{Journal, Location, Options};
use tessera_kit::clock;
use tessera_ledger::{Entry, Event, Rules, Wallet, WalletId};
use tessera_metrics::Metrics;
use tessera_protocol::{Amount, CardNumber, Currency, Message};
use tessera_store::Snapshot;

use super::{Received, Receiver};
use crate::hand::{self, ACQUIRER, PLAIN};
use crate::mall::{Neighbours, SessionContext};
use crate::router::Worker;
use crate::testing::Bench;
use crate::wallet::WalletActor;

const BALANCE: u64 = 999_999_999;
const PRICE: u64 = 100;

/// What is sent.
#[derive(Clone, Copy)]
struct Load {
    purchases: usize,
    connections: usize,
    /// Purchases of a connection that are under way at the same time.
    window: usize,
    /// Whether they have a MAC.
    sealed: bool,
    /// Which wallets buy, in turn.
    first_wallet: u64,
    wallets: u64,
}

impl Load {
    /// What the environment asks for: `TESSERA_REPLAY=100000`, `TESSERA_REPLAY_WALLETS=5000`, `TESSERA_REPLAY_SHAPE=8x64`,
    /// `TESSERA_REPLAY_MAC=off`. Without it, what a test needs.
    fn asked() -> Self {
        let number = |text: &str| text.parse::<usize>().expect("a number");
        let asked = |name: &str| std::env::var(name).ok();
        let wallets = asked("TESSERA_REPLAY_WALLETS").map_or(1_000, |asked| number(&asked));
        let shape = asked("TESSERA_REPLAY_SHAPE").unwrap_or("8x64".into());
        let (connections, window) = shape.split_once('x').expect("connections x window");
        Self {
            purchases: asked("TESSERA_REPLAY").map_or(1_024, |asked| number(&asked)),
            connections: number(connections),
            window: number(window),
            sealed: asked("TESSERA_REPLAY_MAC").as_deref() != Some("off"),
            first_wallet: 1,
            wallets: wallets as u64,
        }
    }

    /// Of one half of the wallets after the other.
    fn halves(self) -> [Self; 2] {
        let half = Self {
            purchases: self.purchases / 2,
            wallets: self.wallets / 2,
            ..self
        };
        let other = Self {
            first_wallet: half.first_wallet + half.wallets,
            ..half
        };
        [half, other]
    }

    fn in_a_round(self) -> usize {
        self.connections * self.window
    }

    fn rounds(self) -> usize {
        self.purchases.div_ceil(self.in_a_round())
    }
}

/// Writes the frames of one round after another, and reads the answers of all.
struct Client {
    frames: mpsc::Receiver<Vec<Bytes>>,
    answers: SyncSender<BytesMut>,
    threads: [JoinHandle<usize>; 2],
}

impl Client {
    fn start(load: Load) -> Self {
        let (to_worker, frames) = sync_channel(2);
        let (answers, from_worker) = sync_channel::<BytesMut>(1_024);
        let writes = thread::spawn(move || {
            let mut sent = 0;
            for _ in 0..load.rounds() {
                let round: Vec<_> = (sent..sent + load.in_a_round())
                    .map(|number| purchase(load, number))
                    .collect();
                sent += round.len();
                to_worker.send(round).expect("the worker takes it");
            }
            sent
        });
        let reads = thread::spawn(move || from_worker.iter().map(|bytes| approved(&bytes)).sum());
        Self {
            frames,
            answers,
            threads: [writes, reads],
        }
    }
}

fn purchase(load: Load, number: usize) -> Bytes {
    let party = match load.sealed {
        true => &ACQUIRER,
        false => &PLAIN,
    };
    let serial = load.first_wallet + number as u64 % load.wallets;
    let purchase = hand::card_purchase(party, serial, PRICE);
    purchase.message().into()
}

/// How many answers there are; each has to be an approval.
fn approved(mut bytes: &[u8]) -> usize {
    let mut answers = 0;
    while let Some((length, rest)) = bytes.split_first_chunk() {
        let (answer, rest) = rest.split_at(usize::from(u16::from_be_bytes(*length)));
        let answer = Message::parse(answer).expect("an answer");
        assert_eq!(answer.text(39), Some(&b"00"[..]));
        answers += 1;
        bytes = rest;
    }
    answers
}

/// A worker, and the connections of its party.
struct Rig {
    bench: Bench,
    lines: Vec<(Arc<Connection>, Receiver)>,
    journal: Arc<dyn Journal>,
    synced: mpsc::Receiver<()>,
}

impl Rig {
    fn new(load: Load) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let keys = DataKeys::for_tests(folder.path());
        let options = Options {
            by_turns: true,
            ..Options::default()
        };
        let opened = tessera_journal::open(
            &Location::in_data(folder.path(), &keys).with_segment_bytes(64 << 20),
            options,
            None,
            &mut |_| Ok(()),
            Box::new(|fault| panic!("{fault}")),
        );
        let journal = opened.expect("a journal").journal;
        let (rings, synced) = channel();
        journal.subscribe(Box::new(move || {
            // At the end nobody listens.
            let _ = rings.send(());
        }));
        let bench = Bench::on(
            Arc::clone(&journal),
            Memory::by_hand(),
            folder,
            (Rules::default(), 0),
        );
        let mut rig = Self {
            lines: Vec::new(),
            bench,
            journal,
            synced,
        };
        rig.provision(load.wallets);
        rig.connect(load);
        rig
    }

    /// Wallet n has card n.
    fn provision(&self, wallets: u64) {
        let services = &self.bench.services;
        for number in 1..=wallets {
            let mut wallet = Wallet::new(WalletId(number));
            let entry = Entry {
                wallet: wallet.id,
                previous: None,
                at: clock::now(),
                available: wallet.available,
                held: wallet.held,
                owed: wallet.owed,
                event: Event::Provisioned {
                    currency: Currency::USD,
                    card: CardNumber::development(number),
                    expiry: 3_112,
                    balance: Amount::new(BALANCE).expect("twelve digits"),
                },
            };
            let appended = services.events.append(&entry);
            wallet
                .apply(&entry, appended.position, appended.sequence)
                .expect("it fits");
            for card in wallet.cards.iter() {
                services.directory.add(card, wallet.id);
            }
            services.snapshots.hand_over(Snapshot::take(&mut wallet));
        }
        self.sync();
    }

    fn connect(&mut self, load: Load) {
        let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("../config/switch.toml");
        let mut settings = Settings::read(&shipped).expect("the shipped configuration");
        let metrics = Metrics::new();
        let parties = std::mem::take(&mut settings.parties);
        let parties = Parties::new(parties, settings.mall.in_flight_max, &metrics.admission);
        let places = Places::new(PlaceLimits::of_malls(&settings.mall), Vec::new());
        let services = &self.bench.services;
        let keeper = Rc::new(SessionContext::new(
            Arc::new(parties),
            None,
            settings.mall.clone(),
            None,
            Neighbours {
                outgoing: Rc::clone(&services.outgoing),
                directory: Arc::clone(&services.directory),
                orders: Arc::clone(&services.orders),
                purchases: Rc::clone(&services.purchases),
                policy: Rc::clone(&services.policy),
                metrics: Rc::clone(&services.metrics),
                register: Arc::default(),
            },
        ));
        let party = match load.sealed {
            true => &ACQUIRER,
            false => &PLAIN,
        };
        for _ in 0..load.connections {
            let connection = Connection::sealed();
            let place = places.admit(None).expect("a place");
            let arrival = Arrival::from(None, Carrier::Plain);
            let mut receiver =
                Receiver::new(Rc::clone(&keeper), Arc::clone(&connection), arrival, place);
            let signs_on = hand::network(party, "001").message().into();
            assert!(matches!(
                receiver.receive(signs_on, Instant::now()),
                Received::Done
            ));
            assert_eq!(approved(&connection.take()), 1, "it has signed on");
            self.lines.push((connection, receiver));
        }
    }

    /// Ends the turn, and waits until all that was appended is durable.
    fn sync(&self) {
        self.journal.end_turn();
        loop {
            let progress = self.journal.progress();
            if progress.durable == progress.appended {
                return;
            }
            self.synced.recv().expect("the journal writes");
        }
    }

    /// Runs the actors until so many effects wait, and lets them out.
    async fn decide(&self, effects: usize) {
        let gate = &self.bench.services.gate;
        while gate.len() < effects {
            tokio::task::yield_now().await;
        }
        self.sync();
        gate.open();
        assert!(gate.is_empty());
    }

    /// So many purchases, from their frames to their answers.
    async fn round(&mut self, frames: Vec<Bytes>, answers: &SyncSender<BytesMut>) {
        let now = Instant::now();
        let count = frames.len();
        let window = count / self.lines.len();
        let mut frames = frames.into_iter();
        for (_, receiver) in &mut self.lines {
            for frame in frames.by_ref().take(window) {
                let received = receiver.receive(frame, now);
                assert!(matches!(received, Received::Done), "it is admitted");
            }
        }
        self.decide(count).await;
        for request in self.bench.lines.requests.take() {
            self.bench.services.outgoing.deliver(HostAnswer {
                wallet: request.wallet,
                reference: request.reference,
                outcome: HostOutcome::Answered {
                    code: *b"00",
                    approval: Some(*b"123456"),
                },
            });
        }
        self.decide(count).await;
        for (connection, _) in &self.lines {
            connection.flush();
            answers.send(connection.take()).expect("they are read");
        }
    }
}

#[test]
fn every_purchase_of_a_replay_is_approved() {
    let load = Load::asked();
    actix::System::new().block_on(async {
        let mut rig = Rig::new(load);
        let services = &rig.bench.services;
        let worker = Rc::new(Worker::new(
            Rc::clone(services),
            Rc::clone(&rig.bench.active),
        ));
        actix::spawn(worker.hand_out());
        let mut sent = 0;
        let mut taken = Vec::new();
        for half in load.halves() {
            let Client {
                frames,
                answers,
                threads,
            } = Client::start(half);
            for frames in frames {
                rig.round(frames, &answers).await;
            }
            drop(answers);
            let [written, approved] = threads.map(|thread| thread.join().expect("right answers"));
            assert_eq!(written, half.rounds() * half.in_a_round());
            assert_eq!(approved, written);
            sent += written;
            taken.push(memory());
        }
        // Provisioned, and then two events for each purchase.
        let appended = rig.journal.progress().appended;
        assert_eq!(appended, load.wallets + 2 * sent as u64);
        if std::env::var_os("TESSERA_REPLAY").is_some() {
            println!(
                "{} bytes for each wallet after {} purchases, {} of them its actor",
                taken[1].saturating_sub(taken[0]) / (load.wallets / 2),
                sent as u64 / load.wallets,
                size_of::<WalletActor>(),
            );
        }
    });
}

/// Bytes of memory that this process has for itself.
fn memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("RssAnon:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().nth(1));
    kilobytes.map_or(0, |number| number.parse::<u64>().unwrap_or(0) * 1_024)
}
