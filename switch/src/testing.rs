//! A worker's neighbours for unit tests: a journal in memory whose durability is up to the test, lines to the host that
//! record, and a connection whose answers can be read.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::{BufMut, Bytes, BytesMut};
use tessera_admission::{Admission, Admitted, Arrival, Bound, Carrier, Connection, Requester};
use tessera_encryption::DataKeys;
use tessera_host::{HostMessage, HostRequest};
use tessera_journal::Journal;
use tessera_journal::testing::Memory;
use tessera_kit::clock::Timestamp;
use tessera_ledger::{
    Action, Ask, Card, CardName, Command, Opening, Outcome, Payer, Reference, Rules, Supervision,
    WalletId,
};
use tessera_metrics::{Kind, Metrics, WorkerMetrics};
use tessera_protocol::leased::Operation;
use tessera_protocol::{Amount, CardNumber, Currency, OrderKey, Stan};
use tessera_store::{Checkpointer, Store};
use tessera_vault::Vault;
use tokio::sync::mpsc::unbounded_channel;

use crate::dispatch::{Batch, Inbox, Inboxes, Outgoing, Wakes};
use crate::gate::{DeadLetters, Gate, HostLines};
use crate::message::WalletMessage;
use crate::orders::{Orders, WaitingPurchases};
use crate::passkeys::Passkeys;
use crate::passwords::{Passwords, Throttle, ThrottleSettings};
use crate::router::ActiveWallets;
use crate::shared::{Directory, OperatorPolicy, PartyTotals, PolicyReader, StandInBudget};
use crate::wallet::{EventLog, Numbers, Services, Snapshots};

pub(crate) const PARTITIONS: u16 = 16;

/// Lines to the host that record what they take.
#[derive(Default)]
pub(crate) struct Lines {
    pub(crate) down: Cell<bool>,
    pub(crate) requests: RefCell<Vec<HostRequest>>,
    pub(crate) advices: RefCell<Vec<(WalletId, Reference, HostMessage)>>,
    pub(crate) flushes: Cell<usize>,
    traces: Cell<u32>,
}

impl HostLines for Lines {
    fn is_up(&self) -> bool {
        !self.down.get()
    }

    fn next_trace(&self) -> Stan {
        self.traces.set(self.traces.get() + 1);
        Stan::new(self.traces.get()).expect("a test has few")
    }

    fn send(&self, request: HostRequest) {
        self.requests.borrow_mut().push(request);
    }

    fn advise(&self, wallet: WalletId, reference: Reference, message: HostMessage) {
        self.advices.borrow_mut().push((wallet, reference, message));
    }

    fn flush(&self) {
        self.flushes.set(self.flushes.get() + 1);
    }
}

/// A worker without sessions, alone in its switch.
pub(crate) struct Bench {
    pub(crate) journal: Memory,
    pub(crate) lines: Rc<Lines>,
    pub(crate) policy: Arc<OperatorPolicy>,
    pub(crate) active: Rc<ActiveWallets>,
    pub(crate) services: Rc<Services>,
    pub(crate) connection: Arc<Connection>,
    /// Unanswered requests.
    pub(crate) in_flight: Arc<Admission>,
    /// Its end stays open: what is sent to this worker by others.
    _inbox: Inbox,
    _folder: tempfile::TempDir,
}

impl Bench {
    /// With nothing in the store, and a journal that makes nothing durable by itself.
    pub(crate) fn new(rules: Rules, stand_in: u64) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let journal = Memory::by_hand();
        let shared: Arc<dyn Journal> = Arc::new(journal.clone());
        Self::on(shared, journal, folder, (rules, stand_in))
    }

    /// With this journal, which need not be the one in memory.
    pub(crate) fn on(
        shared: Arc<dyn Journal>,
        journal: Memory,
        folder: tempfile::TempDir,
        (rules, stand_in): (Rules, u64),
    ) -> Self {
        let keys = DataKeys::for_tests(folder.path());
        let store = Store::open(&folder.path().join("store"), 1 << 20, keys).expect("a store");
        let store = Arc::new(store);
        let (checkpointer, writer) =
            Checkpointer::new(Arc::clone(&store), Arc::clone(&shared), PARTITIONS);
        // Ends with the bench, which has the senders.
        std::thread::spawn(move || writer.run(|_| {}));
        let vault = Vault::for_tests(folder.path());

        let (sender, inbox) = unbounded_channel();
        let inboxes = Inboxes::new(vec![sender], PARTITIONS);
        let outgoing = Rc::new(Outgoing::new(0, inboxes.clone()));
        let lines = Rc::new(Lines::default());
        let policy = Arc::new(OperatorPolicy::new(Supervision::default()));
        let reader = Rc::new(PolicyReader::new(Arc::clone(&policy)));
        let metrics = Rc::new(WorkerMetrics::new(&Metrics::new(), 0));
        let orders = Arc::new(Orders::new(Arc::clone(&store), checkpointer.clone()));
        let active = Rc::new(ActiveWallets::default());
        let throttle = Throttle::new(ThrottleSettings {
            account_tries: 5,
            address_tries: 30,
        });
        let give_back = inboxes;
        let passkeys = Arc::new(Passkeys::new("http://localhost:8080").expect("random numbers"));
        let passwords = Passwords::start(
            1,
            1,
            throttle,
            Some(Arc::clone(&passkeys)),
            Arc::new(move |wallet, message| give_back.send(wallet, message)),
        );
        let services = Rc::new(Services {
            worker: 0,
            events: EventLog::new(Arc::clone(&shared), Rc::clone(&outgoing), PARTITIONS),
            numbers: Numbers::new(0, Rc::clone(&reader)),
            gate: Rc::new(Gate::new(
                Arc::clone(&shared),
                PARTITIONS,
                Rc::clone(&lines) as Rc<dyn HostLines>,
                Rc::clone(&metrics),
                Arc::clone(&policy),
                Box::new(|news, out| out.put_slice(format!("{:?};", news.wallet).as_bytes())),
            )),
            host: Rc::clone(&lines) as Rc<dyn HostLines>,
            snapshots: Snapshots::new(checkpointer),
            purchases: Rc::new(WaitingPurchases::new(
                Arc::clone(&orders),
                Rc::clone(&outgoing),
                Rc::clone(&metrics),
            )),
            outgoing,
            wakes: Rc::new(Wakes::default()),
            active: Rc::clone(&active) as Rc<dyn crate::wallet::ActiveList>,
            orders,
            directory: Arc::new(Directory::new(Arc::clone(&store)).unwrap()),
            stand_in: Arc::new(StandInBudget::new(stand_in)),
            totals: Arc::new(PartyTotals::new([], 1)),
            dead_letters: Arc::new(DeadLetters::default()),
            ended_wallets: Arc::default(),
            policy: reader,
            passwords: passwords.expect("threads"),
            vault: Arc::new(vault),
            metrics,
            rules,
            answer_within: Duration::from_secs(15),
            transactions_kept: 7 * 24 * 3_600_000,
        });
        let in_flight = Admission::new(1_000);
        let connection = Connection::sealed();
        connection.bind(Bound {
            listed: None,
            arrival: Arrival::from(None, Carrier::Plain),
            limits: [
                Admission::new(1_000),
                Admission::new(1_000),
                Arc::clone(&in_flight),
            ],
        });
        Self {
            journal,
            lines,
            policy,
            active,
            services,
            _inbox: inbox,
            connection,
            in_flight,
            _folder: folder,
        }
    }

    /// Makes durable what was appended, and opens the gate.
    pub(crate) fn sync(&self) {
        self.journal.sync().expect("memory");
        self.services.gate.open();
    }

    /// Somebody who waits on the connection: the answer is what was asked and the response code.
    pub(crate) fn requester(&self, question: &'static str) -> Requester {
        Requester {
            admitted: Admitted::take(&self.connection).expect("a place"),
            frame: Bytes::from_static(question.as_bytes()),
            header: Default::default(),
            arrived: Instant::now(),
            kind: Kind::Purchase,
            key: None,
            reply: answer,
        }
    }

    /// A request that somebody waits for.
    pub(crate) fn ask(
        &self,
        question: &'static str,
        opening: Opening,
        action: Action,
    ) -> WalletMessage {
        let ask = Ask {
            opening,
            action,
            claims: None,
        };
        WalletMessage::asked(Command::Ask(Box::new(ask)), self.requester(question))
    }

    /// What was answered on the connection since the last time.
    pub(crate) fn answers(&self) -> String {
        let written = self.connection.take();
        String::from_utf8(written.to_vec()).expect("text")
    }

    /// What was sent to wallets since the last time.
    pub(crate) async fn sent(&self) -> Batch {
        let mut sent = Vec::new();
        self.services.outgoing.gather(&mut sent).await;
        sent
    }
}

fn answer(requester: &Requester, outcome: &Outcome, out: &mut BytesMut) {
    out.put_slice(&requester.frame);
    out.put_slice(format!(" {};", outcome.code).as_bytes());
}

/// A wallet's first card, with this number.
pub(crate) fn card_of(number: &CardNumber) -> Card {
    Card {
        number: number.clone(),
        expiry: 3112,
        serial: 1,
        issued_by: Reference(0),
        dead: false,
        terms: None,
    }
}

/// A balance inquiry by a card.
pub(crate) fn inquiry(amount: Amount) -> Opening {
    let card = CardName::new(1, &CardNumber::development(1));
    let payer = Payer::Card(card, Some(3112));
    opening(1, amount, payer)
}

/// A mall's purchase for an order; `trace` distinguishes purchases.
pub(crate) fn order_purchase(order: OrderKey, trace: u32) -> (Opening, Action) {
    let amount = Amount::new(1_000).expect("twelve digits");
    let action = Action::Purchase { barred: None };
    (opening(trace, amount, Payer::Order(order)), action)
}

fn opening(trace: u32, amount: Amount, payer: Payer) -> Opening {
    let by_itself = Opening::by_itself(
        Reference(0),
        Reference(u64::from(trace)),
        b"TEST    ",
        Operation::Load,
        Currency::USD,
        Timestamp::EPOCH,
    );
    Opening {
        amount,
        payer,
        trace: Stan::new(trace),
        ..by_itself
    }
}
