//! What a wallet in use takes of memory, and keeps of each purchase, by an allocator that counts. docs/performance.md states these
//! numbers.

use actix::{Actor, ActorFuture, AsyncContext, Context as Mailbox};
use peak_alloc::PeakAlloc;
use smallvec::SmallVec;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;
use tessera_encryption::DataKeys;
use tessera_journal::testing::Memory;
use tessera_journal::{Position, Sequence};
use tessera_kit::clock::Timestamp;
use tessera_ledger::{
    Action, Ask, CardName, Class, Command, Context, DuplicateKey, Effect, Entry, Event, KeyFields,
    KeyPayer, Merchant, Opening, Payer, Reference, Rules, Strange, Supervision, Wallet, WalletId,
    decide,
};
use tessera_protocol::leased::Operation;
use tessera_protocol::{Amount, CardNumber, Currency, Institution, OrderKey, ResponseCode, Stan};
use tessera_store::{Checkpointer, Snapshot, Store, Turnover};
use tessera_switch::orders::Orders;
use tessera_switch::wallet::WalletActor;

#[global_allocator]
static ALLOCATOR: PeakAlloc = PeakAlloc;

const BYTES_PER_CARD_PURCHASE: usize = 48;
const BYTES_PER_ORDER_PURCHASE: usize = 176;
/// Of a wallet in use after [`FIRST_PURCHASES`]: its actor with what actix and the runtime need for it, what it remembers, and its
/// totals since the last snapshot. Not the entries of the worker's tables.
const BYTES_IN_USE: usize = 2_032;
const FIRST_PURCHASES: u32 = 20;
/// Wallets that are counted together.
const IN_USE: u64 = 1_000;

const NOW: Timestamp = Timestamp::from_milliseconds(1_790_000_000_000);
const EXPIRY: u16 = 3112;
const ACCEPTOR: [u8; 15] = *b"MALL-0001      ";
const WALLETS: u64 = 20;
const PURCHASES: u32 = 2_000;
/// Purchases of a wallet between two checkpoints.
const CHECKPOINT: u32 = 100;

/// A wallet as its actor leads it, without a journal: what is decided is applied at once, and all of it can be read back.
struct Led {
    wallet: Wallet,
    events: u64,
    given: u64,
}

impl Led {
    fn new(number: u64) -> Self {
        let mut led = Self {
            wallet: Wallet::new(WalletId(number)),
            events: 0,
            given: 0,
        };
        led.apply(Event::Provisioned {
            currency: Currency::USD,
            card: CardNumber::development(number),
            expiry: EXPIRY,
            balance: Amount::new(999_999_999).expect("twelve digits"),
        });
        led
    }

    fn apply(&mut self, event: Event) {
        self.events += 1;
        let entry = Entry {
            wallet: self.wallet.id,
            previous: self.wallet.last_position,
            at: NOW,
            available: self.wallet.available,
            held: self.wallet.held,
            owed: self.wallet.owed,
            event,
        };
        let sequence = Sequence::FIRST.after(self.events - 1);
        let position = Position::from_stored(self.events).expect("above 0");
        self.wallet
            .apply(&entry, position, sequence)
            .expect("it fits");
    }

    fn send(&mut self, mut command: Command) -> SmallVec<[Effect; 2]> {
        if let Command::Ask(ask) = &mut command {
            self.given += 1;
            ask.opening.reference = Reference(Reference::first(NOW, 0).0 + self.given);
        }
        let (rules, operator_policy) = (Rules::default(), Supervision::default());
        let context = Context {
            now: NOW,
            host_trace: Stan::new(1),
            host_up: true,
            rules: &rules,
            operator_policy: &operator_policy,
            stand_in_left: 0,
            next_reference: Reference(Reference::first(NOW, 0).0 + self.given + 1),
        };
        let unread =
            |_| -> Result<Option<Entry>, Strange> { unreachable!("nothing is repeated here") };
        self.wallet
            .recall(command.about(), command.order(), unread)
            .expect("nothing to read");
        let decision = decide(&self.wallet, &command, &context);
        decision
            .events
            .into_iter()
            .for_each(|event| self.apply(event));
        self.wallet.settle(|_| true, NOW);
        decision.effects
    }

    fn ask(&mut self, opening: Opening, action: Action) -> SmallVec<[Effect; 2]> {
        self.send(Command::Ask(Box::new(Ask {
            opening,
            action,
            claims: None,
        })))
    }

    /// A purchase that the host approves.
    fn buy(&mut self, opening: Opening) -> SmallVec<[Effect; 2]> {
        let effects = self.ask(opening, Action::Purchase { barred: None });
        let forwarded = effects.iter().find_map(|effect| match effect {
            Effect::Forward(reference) => Some(*reference),
            _ => None,
        });
        let reference = forwarded.expect("a request for the host");
        self.send(Command::HostAnswered(reference, ResponseCode::APPROVED))
    }
}

fn opening(class: u8, trace: u32, in_key: KeyPayer<'_>, payer: Payer) -> Opening {
    let terminal = *b"TERM0001";
    let processing_code = match class {
        6 => u32::from(Operation::AnnounceOrder.number()),
        _ => 0,
    };
    Opening {
        reference: Reference(0),
        key: DuplicateKey::of(KeyFields {
            institution: Institution::new(10_000_000_001),
            terminal: &terminal,
            acceptor: &ACCEPTOR,
            trace: Stan::new(trace),
            local_time: 94_500,
            local_date: 1_122,
            class,
            processing_code,
            payer: in_key,
        }),
        institution: Institution::new(10_000_000_001),
        class: Class::numbered(class).expect("a class"),
        processing_code,
        trace: Stan::new(trace),
        transmission: 1_122_094_500,
        local_time: 94_500,
        local_date: 1_122,
        terminal,
        acceptor: ACCEPTOR,
        repeat: false,
        retrieval: *b"632609000001",
        amount: Amount::new(100).expect("twelve digits"),
        currency: Currency::USD,
        payer,
        merchant: Merchant::default(),
        place: None,
    }
}

/// As large as a wallet's actor, and started like one: no address is kept, and a task without an end waits for what the worker has.
struct Started(#[allow(dead_code, reason = "only its size counts")] [u64; WORDS]);

const WORDS: usize = size_of::<WalletActor>() / size_of::<u64>();

struct Waits;

impl Actor for Started {
    type Context = Mailbox<Self>;

    fn started(&mut self, mailbox: &mut Mailbox<Self>) {
        mailbox.spawn(Waits);
    }
}

impl ActorFuture<Started> for Waits {
    type Output = ();

    fn poll(
        self: Pin<&mut Self>,
        _: &mut Started,
        _: &mut Mailbox<Started>,
        _: &mut std::task::Context<'_>,
    ) -> Poll<()> {
        Poll::Pending
    }
}

/// Bytes of an actor that is started, in all its pieces.
fn started_actor() -> usize {
    assert_eq!(size_of::<WalletActor>(), size_of::<Started>());
    actix::System::new().block_on(async {
        let start = async || {
            for _ in 0..IN_USE {
                drop(Started([0; WORDS]).start());
            }
            // They run before what yields comes back.
            tokio::task::yield_now().await;
            ALLOCATOR.current_usage()
        };
        // The first ones make the runtime's queue as long as it has to be.
        let before = start().await;
        let with_others = start().await;
        with_others.saturating_sub(before) / IN_USE as usize
    })
}

/// Bytes that a wallet takes beside its actor after its first purchases, all by card.
fn remembered() -> usize {
    let mut wallets = Vec::with_capacity(IN_USE as usize);
    let before = ALLOCATOR.current_usage();
    wallets.extend((1..=IN_USE).map(Led::new));
    for trace in 0..FIRST_PURCHASES {
        wallets.iter_mut().for_each(|led| buy_by_card(led, trace));
    }
    ALLOCATOR.current_usage().saturating_sub(before) / wallets.len()
}

fn buy_by_card(led: &mut Led, trace: u32) {
    let card = CardNumber::development(led.wallet.id.0);
    let payer = Payer::Card(CardName::new(1, &card), Some(EXPIRY));
    led.buy(opening(2, trace, KeyPayer::Card(&card), payer));
}

/// Bytes that each of so many purchases of so many wallets leaves in memory.
fn kept_of_each(
    mut led: Vec<Led>,
    mut buy: impl FnMut(&mut Led, u32),
    mut checkpoint: impl FnMut(&mut Led),
) -> usize {
    // What is there once, however much is bought.
    led.iter_mut().for_each(|led| buy(led, PURCHASES));
    led.iter_mut().for_each(&mut checkpoint);
    let before = ALLOCATOR.current_usage();
    for trace in 0..PURCHASES {
        led.iter_mut().for_each(|led| buy(led, trace));
        if trace % CHECKPOINT == CHECKPOINT - 1 {
            led.iter_mut().for_each(&mut checkpoint);
        }
    }
    let kept = ALLOCATOR.current_usage().saturating_sub(before);
    kept / (led.len() * PURCHASES as usize)
}

fn wallets() -> Vec<Led> {
    (1..=WALLETS).map(Led::new).collect()
}

#[test]
fn a_wallet_in_use_takes_little_memory_and_a_purchase_leaves_little() {
    let (actor, remembered) = (started_actor(), remembered());
    let in_use = actor + remembered + size_of::<Turnover>();
    println!(
        "{in_use} bytes of a wallet in use: {actor} for its actor, {remembered} for what it remembers"
    );
    let three_percent = BYTES_IN_USE * 3 / 100;
    // Where it is less, the number is to be lowered.
    assert!(
        in_use.abs_diff(BYTES_IN_USE) <= three_percent,
        "{in_use} bytes"
    );

    let by_card = kept_of_each(wallets(), buy_by_card, |led| {
        drop(Snapshot::take(&mut led.wallet))
    });
    println!("{by_card} bytes of a purchase by card");
    assert!(by_card <= BYTES_PER_CARD_PURCHASE, "{by_card} bytes");

    let folder = tempfile::tempdir().expect("a folder");
    let keys = DataKeys::for_tests(folder.path());
    let store = Store::open(&folder.path().join("store"), 1 << 20, keys);
    let store = Arc::new(store.expect("a store"));
    let journal = Arc::new(Memory::default());
    let (checkpointer, _writer) = Checkpointer::new(Arc::clone(&store), journal, 64);
    let orders = Orders::new(store, checkpointer);
    let turn = |led: &Led, effects: SmallVec<[Effect; 2]>| {
        for effect in effects {
            if let Effect::OrderTurned(key, state, until) = effect {
                let waited = orders.turn(key, led.wallet.id, state, until);
                assert!(waited.expect("the store").is_empty());
            }
        }
    };
    let by_order = kept_of_each(
        wallets(),
        |led, trace| {
            let number = format!("{}-{trace}", led.wallet.id.0);
            let key = OrderKey::of(&ACCEPTOR, number.as_bytes());
            let announce = Action::Announce {
                expires_at: NOW.plus(900_000),
                description: Vec::new(),
                reversed: Vec::new(),
            };
            let announced = led.ask(
                opening(6, trace, KeyPayer::Order(&key), Payer::Order(key)),
                announce,
            );
            turn(led, announced);
            let paid = led.buy(opening(2, trace, KeyPayer::Order(&key), Payer::Order(key)));
            turn(led, paid);
        },
        |led| {
            let settled: Vec<OrderKey> = led.wallet.orders.unsaved().collect();
            drop(Snapshot::take(&mut led.wallet));
            // The store has it.
            orders.find_in_store(led.wallet.id, settled.into_iter());
        },
    );
    println!("{by_order} bytes of a purchase by order");
    assert!(by_order <= BYTES_PER_ORDER_PURCHASE, "{by_order} bytes");

    let stated = std::fs::read_to_string("../docs/performance.md").expect("the document");
    // The document wraps its lines anywhere.
    let stated = stated.split_whitespace().collect::<Vec<_>>().join(" ");
    let in_use = format!("{BYTES_IN_USE} bytes of a wallet in use");
    assert!(stated.contains(&in_use), "{in_use} are not stated");
    for bytes in [BYTES_PER_CARD_PURCHASE, BYTES_PER_ORDER_PURCHASE] {
        assert!(
            stated.contains(&format!("{bytes} bytes for each purchase")),
            "{bytes} is not stated"
        );
    }
}
