//! A wallet on its way to the store.

use zeroize::Zeroizing;

use tessera_protocol::{CardNumber, Institution, OrderKey, Totals};

use tessera_journal::{Mark, Position, Sequence};
use tessera_kit::clock::{self, Timestamp};
use tessera_ledger::{Day, Item, OrderState, Settled, SettledOrder, Unreadable, Wallet, WalletId};

/// What the store writes of a wallet.
#[derive(Debug, Clone)]
pub struct Snapshot {
    pub(super) wallet: WalletId,
    /// The sequence of the last event in it: it must be durable before the snapshot is written, or
    /// the store would know what the journal does not. `None` where there is none.
    pub(super) sequence: Option<Sequence>,
    /// Where that event is.
    pub(super) position: Option<Position>,
    /// When it was taken.
    pub(super) at: Timestamp,
    pub(super) bytes: Zeroizing<Vec<u8>>,
    /// What has settled since the snapshot before: transactions and orders.
    pub(super) settled: Vec<u8>,
    /// What settled before this time need not be kept any longer; `None` where that is not looked at.
    pub(super) settled_from: Option<Timestamp>,
    /// Serial and number of each card.
    pub(super) cards: Vec<(u32, CardNumber)>,
    /// Those that may have changed since the snapshot before.
    pub(super) orders: Vec<(OrderKey, StoredOrder)>,
    /// Those that were forgotten since then.
    pub(super) forgotten: Vec<OrderKey>,
    /// Whether something of it is to be settled; `None` where the store knows.
    pub(super) open: Option<bool>,
    /// When the first of its holds expires, `Some(None)` for never; `None` where the store knows.
    pub(super) wakes_at: Option<Option<Timestamp>>,
    /// What it adds to totals since the snapshot before.
    pub(super) turnover: Vec<Turnover>,
}

/// Which card it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoredCard {
    /// Whose.
    pub wallet: WalletId,
    /// Which of the wallet's cards, from 1.
    pub serial: u32,
}

/// What the store knows of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoredOrder {
    /// Whose payer agreed to it last.
    pub wallet: WalletId,
    /// What became of it.
    pub state: OrderState,
    /// Until when it stands.
    pub expires_at: Timestamp,
    /// Journal position of its announcement: a wallet that announced it earlier has nothing to say of it any more.
    pub position: Position,
}

/// What the events of a wallet between two snapshots add to the totals of a party and date.
#[derive(Debug, Clone)]
pub struct Turnover {
    /// The party.
    pub institution: Option<Institution>,
    /// The settlement date.
    pub day: Day,
    /// So much.
    pub totals: Totals,
    /// The snapshot that brought it, by the sequence of its last event: it is added once, with that.
    pub(super) sequence: Option<Sequence>,
}

impl Turnover {
    /// Adds an item of this date to what a wallet has turned over since its last snapshot.
    pub fn add(all: &mut Vec<Self>, item: &Item, day: Day) {
        let same = |one: &&mut Self| (one.institution, one.day) == (item.institution, day);
        if let Some(one) = all.iter_mut().find(same) {
            return item.add_to(&mut one.totals);
        }
        let mut totals = Totals::default();
        item.add_to(&mut totals);
        // One as a rule: a vector that grows by itself begins with four, which is most of what a wallet takes.
        all.reserve_exact(1);
        all.push(Self {
            institution: item.institution,
            day,
            totals,
            sequence: None,
        });
    }
}

/// What the store has of a wallet or will have soon, so that not every snapshot says it again.
#[derive(Debug, Clone, Copy)]
pub struct Known {
    /// The newest card's serial.
    pub(super) cards: u32,
    pub(super) open: Option<bool>,
    pub(super) wakes_at: Option<Option<Timestamp>>,
}

impl Known {
    /// Of a wallet as the store has it, or as it will soon; of a new one, of which it has nothing.
    pub fn of(wallet: &Wallet) -> Self {
        Self {
            cards: wallet.cards.iter().last().map_or(0, |card| card.serial),
            open: Some(wallet.is_open()),
            wakes_at: Some(wallet.wakes_at()),
        }
    }
}

impl Snapshot {
    /// The wallet as it is now, which from now on counts what has settled as kept.
    pub fn take(wallet: &mut Wallet) -> Self {
        let unsaved = wallet.transactions.take_unsaved();
        let mut settled = Vec::with_capacity(Settled::BYTES * unsaved.len());
        unsaved.iter().for_each(|one| one.write(&mut settled));
        let unsaved = wallet.orders.take_unsaved();
        settled.reserve_exact(SettledOrder::BYTES * unsaved.len());
        unsaved.iter().for_each(|one| one.write(&mut settled));
        let settled_orders = unsaved.iter().map(|one| {
            let (state, expires_at) = (one.state(), one.ends_at());
            (one.key, state, expires_at, one.position())
        });
        let at_hand = wallet.orders.iter();
        let orders = at_hand
            .map(|order| (order.key, order.state, order.expires_at, order.position))
            .chain(settled_orders)
            .map(|(key, state, expires_at, position)| {
                let order = StoredOrder {
                    wallet: wallet.id,
                    state,
                    expires_at,
                    position,
                };
                (key, order)
            })
            .collect();
        // Enough for most: what a vector leaves behind when it grows is not wiped.
        let (transactions, cards) = (wallet.transactions.iter(), wallet.cards.iter());
        let bytes = 256 + 112 * transactions.len() + 64 * cards.len();
        let mut bytes = Zeroizing::new(Vec::with_capacity(bytes));
        wallet.write_snapshot(&mut bytes);
        Self {
            wallet: wallet.id,
            sequence: wallet.last_sequence,
            position: wallet.last_position,
            at: clock::now(),
            bytes,
            settled,
            settled_from: None,
            cards: wallet
                .cards
                .iter()
                .map(|card| (card.serial, card.number.clone()))
                .collect(),
            orders,
            forgotten: wallet.orders.take_forgotten(),
            open: Some(wallet.is_open()),
            wakes_at: Some(wallet.wakes_at()),
            turnover: Vec::new(),
        }
    }

    /// The same, with what the wallet has turned over since its last snapshot.
    pub fn having(mut self, mut turnover: Vec<Turnover>) -> Self {
        for one in &mut turnover {
            one.sequence = self.sequence;
        }
        self.turnover = turnover;
        self
    }

    /// What it brings is in the store already, as far as the snapshot with this sequence brought it.
    pub(super) fn has_been_added(&mut self, sequence: Option<Sequence>) {
        self.turnover.retain(|one| one.sequence > sequence);
    }

    /// The same without what the store knows of it, which then knows what this snapshot has.
    pub fn beside(mut self, known: &mut Known) -> Self {
        let present = Known {
            cards: self.cards.last().map_or(known.cards, |(serial, _)| *serial),
            open: self.open,
            wakes_at: self.wakes_at,
        };
        self.cards.retain(|(serial, _)| *serial > known.cards);
        self.open = self.open.filter(|_| self.open != known.open);
        self.wakes_at = self.wakes_at.filter(|_| self.wakes_at != known.wakes_at);
        *known = present;
        self
    }

    /// The same, and nothing that settled before `moment` is kept any longer.
    pub fn keeping_from(self, moment: Timestamp) -> Self {
        Self {
            settled_from: Some(moment),
            ..self
        }
    }

    /// The last event in it.
    pub(super) fn last(&self) -> Option<Mark> {
        Some(Mark {
            sequence: self.sequence?,
            position: self.position?,
        })
    }

    /// Stands for the snapshot before it too, which may not be written any more.
    pub(super) fn replacing(mut self, before: &Self) -> Self {
        let mut settled = before.settled.clone();
        settled.append(&mut self.settled);
        let mut cards = before.cards.clone();
        cards.append(&mut self.cards);
        let mut orders = before.orders.clone();
        orders.append(&mut self.orders);
        let mut forgotten = before.forgotten.clone();
        forgotten.append(&mut self.forgotten);
        let mut turnover = before.turnover.clone();
        turnover.append(&mut self.turnover);
        Self {
            turnover,
            settled,
            cards,
            orders,
            forgotten,
            open: self.open.or(before.open),
            wakes_at: self.wakes_at.or(before.wakes_at),
            settled_from: self.settled_from.max(before.settled_from),
            ..self
        }
    }

    /// The wallet that it was taken of, without what had settled before that.
    pub(super) fn wallet(&self) -> Result<Wallet, Unreadable> {
        Wallet::read_snapshot(self.wallet, &self.bytes)
    }
}
