//! The orders of a wallet: those that something may still happen to, and what is kept of the others.
//!
//! An order is *at hand* with what its payer agreed to for as long as it can be paid, or the transaction that pays it is at hand.
//! Then it is *settled*: 32 bytes of it are kept, found by its key, and the rest stands in the journal where it was
//! announced. A command or an event that names a settled order has it read back before it is decided or applied.

use hashbrown::HashTable;
use tessera_kit::clock::Timestamp;
use tessera_protocol::{Amount, Currency, OrderKey};

use super::{Event, Payer, Reference};
use tessera_kit::invariant;
use tessera_kit::record::Position;

/// An order that the payer agreed to pay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// Mall and order number.
    pub key: OrderKey,
    /// What the payer agreed to.
    pub amount: Amount,
    /// In which currency.
    pub currency: Currency,
    /// Until when.
    pub expires_at: Timestamp,
    /// What became of it.
    pub state: OrderState,
    /// Journal position of its announcement.
    pub position: Position,
}

/// What became of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OrderState {
    /// It may be paid.
    Open,
    /// A purchase for it is with the host.
    Paying(Reference),
    /// It is paid, and stays so.
    Paid(Reference),
    /// The payer took it back.
    Cancelled,
}

/// An order to which nothing more happens by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SettledOrder {
    /// Mall and order number.
    pub key: OrderKey,
    /// Journal position of its announcement, and in the highest two bits how it ended.
    place: u64,
    /// The purchase that paid it; of one that was not paid, when the agreement ended.
    at: Reference,
}

/// See the head of this file. In one piece of memory of its own: most wallets have none.
#[derive(Debug, Clone, Default)]
pub struct Orders(Option<Box<Lists>>);

#[derive(Debug, Clone, Default)]
struct Lists {
    /// Oldest first.
    at_hand: Vec<Order>,
    settled: HashTable<SettledOrder>,
    /// What has settled since the last snapshot.
    unsaved: Vec<SettledOrder>,
    /// What was forgotten since then.
    forgotten: Vec<OrderKey>,
}

impl Orders {
    fn at_hand(&self) -> &[Order] {
        match &self.0 {
            Some(lists) => &lists.at_hand,
            None => &[],
        }
    }

    fn at_hand_mut(&mut self) -> &mut [Order] {
        match &mut self.0 {
            Some(lists) => &mut lists.at_hand,
            None => &mut [],
        }
    }

    /// The order of this key, if it is at hand.
    pub fn get(&self, key: &OrderKey) -> Option<&Order> {
        self.at_hand().iter().find(|order| order.key == *key)
    }

    /// Those at hand.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Order> {
        self.at_hand().iter()
    }

    /// The one that this transaction is paying or has paid, if it is at hand.
    pub fn paid_by(&self, reference: Reference) -> Option<&Order> {
        self.at_hand()
            .iter()
            .find(|order| order.is_paid_by(reference))
    }

    /// Adds one, in the place of what was agreed before under its key.
    pub fn put(&mut self, order: Order) {
        let at_hand = &mut self.0.get_or_insert_default().at_hand;
        at_hand.retain(|other| other.key != order.key);
        at_hand.push(order);
    }

    /// Turns the order of this key, if it is at hand.
    pub fn turn(&mut self, key: &OrderKey, state: OrderState) {
        let mut orders = self.at_hand_mut().iter_mut();
        if let Some(order) = orders.find(|order| order.key == *key) {
            order.state = state;
        }
    }

    /// Turns the order that this transaction is paying or has paid; one that is by now paid by another is left alone.
    pub fn turn_paid_by(&mut self, reference: Reference, state: OrderState) {
        let mut orders = self.at_hand_mut().iter_mut();
        if let Some(order) = orders.find(|order| order.is_paid_by(reference)) {
            order.state = state;
        }
    }

    /// Takes back every agreement that still stands at this time.
    pub fn cancel_open(&mut self, now: Timestamp) {
        for order in self.at_hand_mut() {
            if order.state == OrderState::Open && order.expires_at >= now {
                order.state = OrderState::Cancelled;
            }
        }
    }

    /// Lets go of what can be read again, as its position is durable: agreements that ended before `now`, and
    /// orders whose transaction is not at hand any more.
    pub fn settle(
        &mut self,
        is_durable: impl Fn(Position) -> bool,
        now: Timestamp,
        at_hand: impl Fn(Reference) -> bool,
    ) {
        let Some(lists) = &mut self.0 else { return };
        let mut index = 0;
        while let Some(order) = lists.at_hand.get(index) {
            let over = match order.state {
                OrderState::Open | OrderState::Cancelled => order.expires_at < now,
                OrderState::Paid(reference) => !at_hand(reference),
                OrderState::Paying(_) => false,
            };
            if !over || !is_durable(order.position) {
                index += 1;
                continue;
            }
            let settled = SettledOrder::of(order);
            lists.at_hand.remove(index);
            lists.unsaved.push(settled);
            lists.insert(settled);
        }
    }

    /// Where the order of this key was announced, if it is settled.
    pub fn settled(&self, key: &OrderKey) -> Option<Position> {
        let settled = &self.0.as_ref()?.settled;
        let found = settled.find(key.head(), |settled| settled.key == *key);
        found.map(|settled| settled.position())
    }

    /// Takes a settled order to hand again: `event` is its announcement. False where it is none.
    pub fn bring_back(&mut self, event: &Event, position: Position) -> bool {
        let Some(announced) = Order::announced_by(event, position) else {
            return false;
        };
        let Some(lists) = &mut self.0 else {
            return false;
        };
        let key = announced.key;
        let found = lists
            .settled
            .find_entry(key.head(), |settled| settled.key == key);
        let Ok(found) = found else { return false };
        if found.get().position() != position {
            return false;
        }
        let (settled, _) = found.remove();
        lists.unsaved.retain(|unsaved| unsaved.key != key);
        let state = settled.state();
        lists.at_hand.push(Order { state, ..announced });
        true
    }

    /// What has settled and was not taken yet.
    pub fn unsaved(&self) -> impl Iterator<Item = OrderKey> {
        let unsaved = self.0.iter().flat_map(|lists| &lists.unsaved);
        unsaved.map(|settled| settled.key)
    }

    /// What has settled since this was last asked, which is kept beside a snapshot.
    pub fn take_unsaved(&mut self) -> Vec<SettledOrder> {
        let lists = self.0.as_deref_mut();
        lists.map_or_else(Vec::new, |lists| std::mem::take(&mut lists.unsaved))
    }

    /// What was forgotten since this was last asked.
    pub fn take_forgotten(&mut self) -> Vec<OrderKey> {
        let lists = self.0.as_deref_mut();
        lists.map_or_else(Vec::new, |lists| std::mem::take(&mut lists.forgotten))
    }

    /// Takes back what was kept beside a snapshot, in the order in which it was kept.
    pub fn restore(&mut self, settled: SettledOrder) {
        // What is at hand had settled before it was brought back.
        if self.get(&settled.key).is_none() {
            self.0.get_or_insert_default().insert(settled);
        }
    }

    /// Forgets those whose agreement or purchase is older than this.
    pub fn forget_before(&mut self, moment: Timestamp) {
        let Some(lists) = &mut self.0 else { return };
        let forgotten = &mut lists.forgotten;
        lists.at_hand.retain(|order| {
            let keeps = order.expires_at >= moment || matches!(order.state, OrderState::Paying(_));
            if !keeps {
                forgotten.push(order.key);
            }
            keeps
        });
        let old = |settled: &mut SettledOrder| settled.at.given_at() < moment;
        forgotten.extend(lists.settled.extract_if(old).map(|settled| settled.key));
        lists
            .unsaved
            .retain(|settled| settled.at.given_at() >= moment);
    }
}

impl Lists {
    fn insert(&mut self, settled: SettledOrder) {
        let same = |other: &SettledOrder| other.key == settled.key;
        let hash = |other: &SettledOrder| other.key.head();
        match self.settled.find_mut(settled.key.head(), same) {
            Some(known) => *known = settled,
            None => {
                self.settled
                    .insert_unique(settled.key.head(), settled, hash);
            }
        }
    }
}

impl Order {
    /// What `event`, which stands at `position`, announces; `None` where it announces nothing.
    pub fn announced_by(event: &Event, position: Position) -> Option<Self> {
        match event {
            Event::OrderAnnounced {
                opening,
                expires_at,
                ..
            } => match opening.payer {
                Payer::Order(key) => Some(Self {
                    key,
                    amount: opening.amount,
                    currency: opening.currency,
                    expires_at: *expires_at,
                    state: OrderState::Open,
                    position,
                }),
                Payer::Card(..) | Payer::Wallet => None,
            },
            Event::Opened(_)
            | Event::Provisioned { .. }
            | Event::CardRequested { .. }
            | Event::CardIssued { .. }
            | Event::CardRetired { .. }
            | Event::LoadRequested { .. }
            | Event::PayoutRequested { .. }
            | Event::RefundRequested { .. }
            | Event::Held { .. }
            | Event::Advised { .. }
            | Event::Completed { .. }
            | Event::Expired { .. }
            | Event::StoodIn { .. }
            | Event::PostingAcknowledged { .. }
            | Event::Approved { .. }
            | Event::Released { .. }
            | Event::Declined { .. }
            | Event::Reversed { .. }
            | Event::ReversedFurther { .. }
            | Event::ReversalNoted { .. }
            | Event::AdviceAcknowledged { .. }
            | Event::Repeated { .. }
            | Event::OrderCancelled { .. }
            | Event::Account { .. }
            | Event::Closed { .. }
            | Event::GivenUp { .. }
            | Event::Directed(_)
            | Event::Reconciled(_)
            | Event::CardLate { .. } => None,
        }
    }

    fn is_paid_by(&self, reference: Reference) -> bool {
        let by = [OrderState::Paying(reference), OrderState::Paid(reference)];
        by.contains(&self.state)
    }
}

impl SettledOrder {
    const POSITION: u64 = u64::MAX >> 2;
    const PAID: u64 = 1 << 62;
    const CANCELLED: u64 = 2 << 62;

    fn of(order: &Order) -> Self {
        let position = order.position.to_stored();
        invariant!(
            position <= Self::POSITION,
            "a position leaves two bits for how an order ended",
            None,
            None
        );
        let ended = Reference::first(order.expires_at, 0);
        let (end, at) = match order.state {
            OrderState::Open => (0, ended),
            OrderState::Cancelled => (Self::CANCELLED, ended),
            OrderState::Paid(reference) | OrderState::Paying(reference) => (Self::PAID, reference),
        };
        Self {
            key: order.key,
            place: position | end,
            at,
        }
    }

    /// The parts that it is stored as.
    pub fn parts(self) -> (OrderKey, u64, Reference) {
        (self.key, self.place, self.at)
    }

    /// One of what was stored; `None` where it has no position.
    pub fn from_parts(key: OrderKey, place: u64, at: Reference) -> Option<Self> {
        let has_position = place & Self::POSITION != 0;
        has_position.then_some(Self { key, place, at })
    }

    /// Journal position of its announcement.
    pub fn position(&self) -> Position {
        // There is no other way to make one than the two above, which make none without a position.
        Position::from_stored(self.place & Self::POSITION).expect("a position")
    }

    /// What became of it.
    pub fn state(&self) -> OrderState {
        match self.place & !Self::POSITION {
            Self::PAID => OrderState::Paid(self.at),
            Self::CANCELLED => OrderState::Cancelled,
            _ => OrderState::Open,
        }
    }

    /// When the agreement ends or ended as far as it is known here.
    pub fn ends_at(&self) -> Timestamp {
        self.at.given_at()
    }
}

/// It makes no difference what is at hand and what is not.
impl PartialEq for Orders {
    fn eq(&self, other: &Self) -> bool {
        let all = |of: &Self| {
            let settled = of.0.iter().flat_map(|lists| lists.settled.iter());
            let settled = settled.map(|settled| (*settled, settled.state()));
            let at_hand = of
                .iter()
                .map(|order| (SettledOrder::of(order), order.state));
            let mut all: Vec<_> = settled.chain(at_hand).collect();
            all.sort_unstable_by_key(|(order, _)| (order.key.0, order.place));
            all
        };
        all(self) == all(other)
    }
}
