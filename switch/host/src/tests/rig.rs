//! A link, and everything that it said.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use tessera_protocol::{Amount, CardNumber, Currency, Institution, Mti, Stan};
use tokio::task::LocalSet;
use tokio::time::{sleep, timeout};

use super::peer::FinancialSystem;
use crate::{
    Advice, Deliver, Forwarder, HostAnswer, HostMessage, HostOutcome, HostRequest, Link, LinkInbox,
    Links, TraceShare,
};
use tessera_config::HostLinkSettings;
use tessera_ledger::{Reference, WalletId};
use tessera_metrics::LinkStats;

/// Nothing in a test takes this long.
const PATIENCE: Duration = Duration::from_secs(120);
/// A purchase as a mall sent it: by order, with a MAC.
pub const MALL_REQUEST: &str = concat!(
    "02003238448108c180010000000000000123451122094500000001094500112259990812591110000000001036",
    "33323630393030303030315445524d303030314d414c4c2d30303031202020202020002430313030374f524445",
    "522d31303230303732207820746561383430b3ee8d556079a389",
);

pub struct Rig {
    pub host: FinancialSystem,
    pub link: Rc<Link>,
    pub stats: Arc<LinkStats>,
    answers: Rc<RefCell<Vec<HostAnswer>>>,
    next: Cell<u64>,
}

impl Rig {
    /// With settings that are over soon. The other worker never has a line.
    pub fn new(adjust: impl FnOnce(&mut HostLinkSettings)) -> Self {
        let host = FinancialSystem::new();
        let mut settings = settings(&host);
        adjust(&mut settings);
        let of_other = Arc::new(LinkStats::new(1));
        let stats = Arc::new(LinkStats::new(settings.lines_per_worker));
        let (links, mut inboxes) = Links::new(&[of_other, stats.clone()]);
        Self::start(host, &settings, 1, stats, (links, inboxes.remove(1)))
    }

    /// Two workers, each with a host of its own.
    pub fn pair() -> [Self; 2] {
        let stats = [0, 1].map(|_| Arc::new(LinkStats::new(1)));
        let (links, inboxes) = Links::new(&stats);
        let mut inboxes = inboxes.into_iter();
        [0, 1].map(|index| {
            let host = FinancialSystem::new();
            let settings = settings(&host);
            let shared = (links.clone(), inboxes.next().unwrap());
            Self::start(host, &settings, index, stats[index].clone(), shared)
        })
    }

    fn start(
        host: FinancialSystem,
        settings: &HostLinkSettings,
        index: usize,
        stats: Arc<LinkStats>,
        shared: (Links, LinkInbox),
    ) -> Self {
        let (answers, deliver) = listener();
        let share = TraceShare {
            index: index as u32,
            count: 2,
        };
        let client = host.client.clone();
        let link = Link::start(settings, client, share, stats.clone(), shared, deliver);
        Self {
            host,
            link: link.unwrap(),
            stats,
            answers,
            next: Cell::new(1),
        }
    }

    /// The forwarder, and what it delivers.
    pub fn forwarder(
        &self,
        answer_within: Duration,
    ) -> (Rc<Forwarder>, Rc<RefCell<Vec<HostAnswer>>>) {
        let (answers, deliver) = listener();
        (
            Forwarder::start(
                self.link.clone(),
                answer_within,
                Rc::new(move |answer, _, _| deliver(answer)),
            ),
            answers,
        )
    }

    /// Encodes a request and says whose it is.
    pub fn send(&self, message: HostMessage, within: Duration) -> u64 {
        self.send_until(message, Instant::now() + within)
    }

    pub fn send_until(&self, message: HostMessage, deadline: Instant) -> u64 {
        let id = self.next.replace(self.next.get() + 1);
        self.link.send(HostRequest {
            wallet: WalletId(id),
            reference: Reference(id),
            trace: self.link.next_trace(),
            transmission: 1_122_094_501,
            deadline,
            message,
        });
        id
    }

    /// A purchase that may take as long as it likes.
    pub fn purchase(&self) -> u64 {
        self.send(purchase(), PATIENCE)
    }

    pub fn purchases(&self, count: usize) {
        for _ in 0..count {
            self.purchase();
        }
    }

    pub async fn up(&self) {
        until(|| self.link.up()).await;
    }

    /// Waits for so many answers and takes them.
    pub async fn answers(&self, count: usize) -> Vec<HostAnswer> {
        until(|| self.answers.borrow().len() >= count).await;
        let answers = std::mem::take(&mut *self.answers.borrow_mut());
        assert_eq!(answers.len(), count);
        answers
    }

    pub async fn outcome(&self) -> HostOutcome {
        self.answers(1).await.remove(0).outcome
    }

    pub fn nothing_was_said(&self) -> bool {
        self.answers.borrow().is_empty()
    }
}

fn settings(host: &FinancialSystem) -> HostLinkSettings {
    HostLinkSettings {
        address: host.address(),
        connect_within: Duration::from_secs(5),
        echo_after: Duration::from_secs(60),
        reconnect_min: Duration::from_millis(1),
        reconnect_max: Duration::from_millis(20),
        repeat_min: Duration::from_millis(1),
        repeat_max: Duration::from_millis(5),
        ..HostLinkSettings::default()
    }
}

fn listener() -> (Rc<RefCell<Vec<HostAnswer>>>, Deliver) {
    let answers = Rc::new(RefCell::new(Vec::new()));
    let received = answers.clone();
    (
        answers,
        Rc::new(move |answer| received.borrow_mut().push(answer)),
    )
}

pub fn purchase() -> HostMessage {
    HostMessage::Forward {
        granted: None,
        original: None,
        frame: Bytes::from(unhex(MALL_REQUEST)),
        card: CardNumber::development(1),
        expiry: 3112,
        settlement_date: 1_123,
        processing_code: None,
    }
}

pub fn advice(original_trace: u32) -> Advice {
    Advice {
        repeat: false,
        card: CardNumber::development(1),
        processing_code: 0,
        amount: Amount::new(12_345).unwrap(),
        replacement: None,
        currency: Currency::USD,
        original_mti: Mti::PURCHASE,
        original_trace: Stan::new(original_trace),
        original_transmission: 1_122_094_501,
        original_institution: Institution::new(10_000_000_001),
        local_time: 94_500,
        local_date: 1_122,
        settlement_date: 1_123,
        terminal: *b"TERM0001",
        acceptor: *b"MALL-0001      ",
        reference_of_original: Reference::from_text(b"0HOST0000042").unwrap(),
        in_doubt: true,
    }
}

pub const fn approved() -> HostOutcome {
    HostOutcome::Answered {
        code: *b"00",
        approval: Some(*b"A1B2C3"),
    }
}

pub async fn until(condition: impl Fn() -> bool) {
    let waited = timeout(PATIENCE, async {
        while !condition() {
            sleep(Duration::from_millis(1)).await;
        }
    });
    waited.await.expect("it did not happen");
}

/// Runs a test on a worker of its own.
pub fn on_worker(test: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let worker = LocalSet::new();
    let ended = worker.block_on(&runtime, async { timeout(PATIENCE, test).await });
    ended.expect("the test hangs");
}

pub fn unhex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text
        .chars()
        .filter_map(|digit| digit.to_digit(16))
        .map(|digit| digit as u8)
        .collect();
    digits
        .chunks(2)
        .map(|pair| pair[0] << 4 | pair[1])
        .collect()
}

pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
