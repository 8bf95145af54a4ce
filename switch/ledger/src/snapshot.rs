//! A wallet as the store keeps it.
//!
//! ```text
//! little endian
//! ┌─────────┬────────────┬─────────────────────────────┬───────────────────┬────────────────────────────┐
//! │version12│ currency 2 │ available 8, held 8, owed 8 │ position 8, seq. 8│ cards, requests, orders,   │
//! └─────────┴────────────┴─────────────────────────────┴───────────────────┤ remembered, transactions,  │
//!                                        each list: a count of 4, its items │ spending, account, operator│
//!                                                                           └────────────────────────────┘
//! ```
//!
//! Settled transactions and orders stand beside it, one list for each snapshot that found some: a byte that says which it is, then
//! 31 or 32 bytes.

use bytes::BufMut;
use tessera_protocol::{Amount, Currency, OrderKey};

use super::bytes::{Reader, Unreadable, write_optional_time};
use super::cards::{Card, Terms};
use super::event::Wanted;
use super::event::parts::{
    read_amount, read_card, read_code, read_currency, read_institution, read_stan, read_usage,
    write_card, write_institution, write_stan, write_usage,
};
use super::original::{PayerTag, UnseenOriginal};
use super::spending::Spending;
use super::transaction::{Advice, GivenUp, Hold, HoldState, Kind, More, Status, Transaction};
use super::{
    Balance, DuplicateKey, Order, OrderState, Owed, PayersAccount, Reference, SettledOrder,
    Supervision, Wallet, WalletId,
};
use super::{End, Settled};
use tessera_kit::record::{Position, Sequence};

const VERSION: u8 = 12;
const NO_CURRENCY: u16 = u16::MAX;

impl Wallet {
    /// Appends the wallet to `out`.
    pub fn write_snapshot(&self, out: &mut Vec<u8>) {
        out.put_u8(VERSION);
        out.put_u16_le(self.currency.map_or(NO_CURRENCY, Currency::code));
        out.put_u64_le(self.available.value());
        out.put_u64_le(self.held.value());
        out.put_u64_le(self.owed.value());
        out.put_u64_le(self.last_position.map_or(0, Position::to_stored));
        out.put_u64_le(self.last_sequence.map_or(0, Sequence::to_stored));
        write_list(out, self.cards.iter(), write_wallet_card);
        let requests = self.cards.requests().iter();
        write_list(out, requests, |out, (reference, wanted)| {
            out.put_u64_le(reference.0);
            wanted.write(out);
        });
        write_list(out, self.orders.iter(), write_order);
        write_list(out, self.remembered.iter(), |out, unseen| unseen.write(out));
        write_list(out, self.transactions.iter(), write_transaction);
        write_spending(out, &self.spending);
        out.put_u8(u8::from(self.account.is_some()));
        if let Some(account) = &self.account {
            account.write(out);
        }
        out.put_u8(u8::from(self.supervision.is_some()));
        if let Some(supervision) = &self.supervision {
            supervision.write(out);
        }
    }

    /// Reads what [`Wallet::write_snapshot`] wrote.
    pub fn read_snapshot(id: WalletId, bytes: &[u8]) -> Result<Self, Unreadable> {
        let mut from = Reader::new(bytes);
        let version = from.u8()?;
        if version != VERSION {
            return Err(from.unknown("version of a snapshot", version, VERSION));
        }
        let mut wallet = Self::new(id);
        let currency = from.u16()?;
        if currency != NO_CURRENCY {
            wallet.currency = Some(Currency::new(currency).ok_or(from.fault("a currency"))?);
        }
        wallet.available = Balance(from.u64()?);
        wallet.held = Balance(from.u64()?);
        wallet.owed = Balance(from.u64()?);
        wallet.last_position = Position::from_stored(from.u64()?);
        wallet.last_sequence = Sequence::from_stored(from.u64()?);
        for _ in 0..from.u32()? {
            wallet.cards.restore(read_wallet_card(&mut from)?);
        }
        for _ in 0..from.u32()? {
            let reference = Reference(from.u64()?);
            wallet.cards.request(reference, Wanted::read(&mut from)?);
        }
        for _ in 0..from.u32()? {
            wallet.orders.put(read_order(&mut from)?);
        }
        for _ in 0..from.u32()? {
            wallet.remembered.push(UnseenOriginal::read(&mut from)?);
        }
        for _ in 0..from.u32()? {
            wallet.transactions.push(read_transaction(&mut from)?);
        }
        wallet.spending = read_spending(&mut from)?;
        wallet.account = match from.u8()? {
            0 => None,
            _ => Some(Box::new(PayersAccount::read(&mut from)?)),
        };
        wallet.supervision = match from.u8()? {
            0 => None,
            _ => Some(Box::new(Supervision::read(&mut from)?)),
        };
        from.end()?;
        Ok(wallet)
    }
}

fn write_list<T>(
    out: &mut Vec<u8>,
    items: impl ExactSizeIterator<Item = T>,
    write: impl Fn(&mut Vec<u8>, T),
) {
    out.put_u32_le(items.len() as u32);
    items.for_each(|item| write(out, item));
}

fn write_wallet_card(out: &mut Vec<u8>, card: &Card) {
    write_card(out, &card.number);
    out.put_u16_le(card.expiry);
    out.put_u32_le(card.serial);
    out.put_u64_le(card.issued_by.0);
    out.put_u8(u8::from(card.dead));
    out.put_u8(u8::from(card.terms.is_some()));
    if let Some(terms) = &card.terms {
        write_usage(out, terms.usage);
        out.put_u64_le(terms.limit.value());
        let (institution, acceptor) = terms.mall.unwrap_or_default();
        out.put_u8(u8::from(terms.mall.is_some()));
        write_institution(out, institution);
        out.put_slice(&acceptor);
        out.put_u64_le(terms.used_by.map_or(0, |reference| reference.0));
    }
}

fn read_wallet_card(from: &mut Reader<'_>) -> Result<Card, Unreadable> {
    Ok(Card {
        number: read_card(from)?,
        expiry: from.u16()?,
        serial: from.u32()?,
        issued_by: Reference(from.u64()?),
        dead: from.u8()? != 0,
        terms: match from.u8()? {
            0 => None,
            _ => Some(Box::new(read_terms(from)?)),
        },
    })
}

fn read_terms(from: &mut Reader<'_>) -> Result<Terms, Unreadable> {
    let (usage, limit) = (read_usage(from)?, read_amount(from)?);
    let has_mall = from.u8()? != 0;
    let mall = (read_institution(from)?, from.array()?);
    let used_by = Reference(from.u64()?);
    Ok(Terms {
        usage,
        limit,
        mall: has_mall.then_some(mall),
        used_by: (used_by.0 != 0).then_some(used_by),
    })
}

fn write_spending(out: &mut Vec<u8>, spending: &Spending) {
    out.put_u32_le(spending.day);
    out.put_u16_le(spending.month);
    out.put_u64_le(spending.day_amount);
    out.put_u64_le(spending.month_amount);
    out.put_u32_le(spending.day_count);
    out.put_u32_le(spending.month_count);
}

fn read_spending(from: &mut Reader<'_>) -> Result<Spending, Unreadable> {
    Ok(Spending {
        day: from.u32()?,
        month: from.u16()?,
        day_amount: from.u64()?,
        month_amount: from.u64()?,
        day_count: from.u32()?,
        month_count: from.u32()?,
    })
}

fn write_order(out: &mut Vec<u8>, order: &Order) {
    out.put_slice(&order.key.0);
    out.put_u64_le(order.amount.value());
    out.put_u16_le(order.currency.code());
    out.put_u64_le(order.expires_at.milliseconds());
    out.put_u64_le(order.position.to_stored());
    let (state, reference) = match order.state {
        OrderState::Open => (0, 0),
        OrderState::Paying(reference) => (1, reference.0),
        OrderState::Paid(reference) => (2, reference.0),
        OrderState::Cancelled => (3, 0),
    };
    out.put_u8(state);
    out.put_u64_le(reference);
}

fn read_order(from: &mut Reader<'_>) -> Result<Order, Unreadable> {
    let key = OrderKey(from.array()?);
    let amount = read_amount(from)?;
    let currency = read_currency(from)?;
    let expires_at = from.timestamp()?;
    let position = from.position()?;
    let state = from.u8()?;
    let reference = Reference(from.u64()?);
    let state = match state {
        0 => OrderState::Open,
        1 => OrderState::Paying(reference),
        2 => OrderState::Paid(reference),
        3 => OrderState::Cancelled,
        _ => return Err(from.fault("an order's state")),
    };
    Ok(Order {
        key,
        amount,
        currency,
        expires_at,
        state,
        position,
    })
}

fn write_transaction(out: &mut Vec<u8>, transaction: &Transaction) {
    out.put_slice(&transaction.key.0);
    out.put_u64_le(transaction.reference.0);
    out.put_u64_le(transaction.position.to_stored());
    write_institution(out, transaction.institution);
    out.put_u64_le(transaction.amount.value());
    out.put_u64_le(transaction.standing.value());
    out.put_u64_le(transaction.payer.0);
    out.put_u32_le(transaction.transmission);
    write_stan(out, transaction.trace);
    out.put_u32_le(transaction.local);
    out.put_u32_le(transaction.terminal);
    out.put_u32_le(transaction.acceptor);
    out.put_slice(&transaction.retrieval);
    write_stan(out, transaction.host_trace);
    out.put_u16_le(transaction.currency.code());
    out.put_slice(transaction.code.as_bytes());
    out.put_u8(match transaction.kind {
        Kind::Purchase => 0,
        Kind::Reversal => 1,
        Kind::Load => 2,
        Kind::CardIssue => 3,
        Kind::Administration => 4,
        Kind::Refund => 5,
        Kind::Payout => 6,
        Kind::Retirement => 7,
        Kind::Authorization => 8,
        Kind::Completion => 9,
    });
    out.put_u8(match transaction.status {
        Status::Pending => 0,
        Status::Approved => 1,
        Status::Declined => 2,
    });
    out.put_u8(advice_byte(transaction.advice));
    out.put_u8(u8::from(transaction.more.is_some()));
    if let Some(more) = &transaction.more {
        out.put_u64_le(more.used.value());
        write_optional_time(more.used_at, out);
        Reference::write_optional(more.original, out);
        out.put_u8(u8::from(more.early));
        out.put_u64_le(more.granted.map_or(0, Amount::value));
        write_hold(out, more.hold);
        out.put_u8(advice_byte(more.posting));
        out.put_u8(u8::from(more.asked.is_some()));
        out.put_u64_le(more.asked.map_or(0, Amount::value));
        write_list(out, more.repeats.iter(), |out, time| out.put_u32_le(*time));
        write_list(out, more.given_up.iter(), |out, given_up| {
            out.put_u8(given_up.owed.byte());
            out.put_slice(given_up.code.as_bytes());
            out.put_u64_le(given_up.at.milliseconds());
        });
        out.put_u8(u8::from(more.unmatched));
        write_optional_time(more.taken_back_at, out);
    }
}

const TRANSACTION: u8 = 0;
const ORDER: u8 = 1;

impl Settled {
    /// How long one is.
    pub const BYTES: usize = 32;

    /// Appends it to `out`. Lists of them are one behind the other.
    pub fn write(&self, out: &mut Vec<u8>) {
        out.put_u8(TRANSACTION);
        out.put_u64_le(self.reference.0);
        out.put_u64_le(self.position.to_stored());
        write_stan(out, self.trace);
        out.put_u32_le(self.key);
        out.put_u32_le(self.retrieval);
        out.put_slice(&self.code);
        out.put_u8(self.end.to_byte());
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, Unreadable> {
        Ok(Self {
            reference: Reference(from.u64()?),
            position: from.position()?,
            trace: read_stan(from)?,
            key: from.u32()?,
            retrieval: from.u32()?,
            code: *read_code(from)?.as_bytes(),
            end: End::from_byte(from.u8()?).ok_or(from.fault("a transaction's end"))?,
        })
    }
}

impl SettledOrder {
    /// How long one is.
    pub const BYTES: usize = 33;

    /// Appends it to `out`, in the same list.
    pub fn write(&self, out: &mut Vec<u8>) {
        let (key, place, at) = self.parts();
        out.put_u8(ORDER);
        out.put_slice(&key.0);
        out.put_u64_le(place);
        out.put_u64_le(at.0);
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, Unreadable> {
        let key = OrderKey(from.array()?);
        let (place, at) = (from.u64()?, Reference(from.u64()?));
        Self::from_parts(key, place, at).ok_or(from.fault("the place of an order"))
    }
}

impl Wallet {
    /// Takes back a list of what had settled that was kept beside a snapshot.
    pub fn restore_settled(&mut self, list: &[u8]) -> Result<(), Unreadable> {
        let mut from = Reader::new(list);
        let mut settled = Vec::with_capacity(list.len() / Settled::BYTES);
        while !from.is_at_end() {
            match from.u8()? {
                TRANSACTION => settled.push(Settled::read(&mut from)?),
                ORDER => self.orders.restore(SettledOrder::read(&mut from)?),
                _ => return Err(from.fault("something settled")),
            }
        }
        self.transactions.restore(&settled);
        Ok(())
    }
}

fn read_transaction(from: &mut Reader<'_>) -> Result<Transaction, Unreadable> {
    Ok(Transaction {
        key: DuplicateKey(from.array()?),
        reference: Reference(from.u64()?),
        position: from.position()?,
        institution: read_institution(from)?,
        amount: read_amount(from)?,
        standing: read_amount(from)?,
        payer: PayerTag(from.u64()?),
        transmission: from.u32()?,
        trace: read_stan(from)?,
        local: from.u32()?,
        terminal: from.u32()?,
        acceptor: from.u32()?,
        retrieval: from.array()?,
        host_trace: read_stan(from)?,
        currency: read_currency(from)?,
        code: read_code(from)?,
        kind: match from.u8()? {
            0 => Kind::Purchase,
            1 => Kind::Reversal,
            2 => Kind::Load,
            3 => Kind::CardIssue,
            4 => Kind::Administration,
            5 => Kind::Refund,
            6 => Kind::Payout,
            7 => Kind::Retirement,
            8 => Kind::Authorization,
            9 => Kind::Completion,
            _ => return Err(from.fault("a transaction's kind")),
        },
        status: match from.u8()? {
            0 => Status::Pending,
            1 => Status::Approved,
            2 => Status::Declined,
            _ => return Err(from.fault("a transaction's status")),
        },
        advice: read_advice(from)?,
        more: match from.u8()? {
            0 => None,
            _ => Some(Box::new(read_more(from)?)),
        },
    })
}

fn advice_byte(advice: Advice) -> u8 {
    match advice {
        Advice::None => 0,
        Advice::Open => 1,
        Advice::Acknowledged => 2,
    }
}

fn read_advice(from: &mut Reader<'_>) -> Result<Advice, Unreadable> {
    Ok(match from.u8()? {
        0 => Advice::None,
        1 => Advice::Open,
        2 => Advice::Acknowledged,
        _ => return Err(from.fault("a transaction's advice")),
    })
}

fn write_hold(out: &mut Vec<u8>, hold: Option<Hold>) {
    let Some(hold) = hold else {
        out.put_u8(0);
        return;
    };
    out.put_u8(match hold.state {
        HoldState::Open => 1,
        HoldState::Expired => 2,
        HoldState::Completed => 3,
    });
    out.put_u64_le(hold.held.value());
    out.put_u64_le(hold.most.value());
    out.put_u64_le(hold.expires_at.milliseconds());
}

fn read_hold(from: &mut Reader<'_>) -> Result<Option<Hold>, Unreadable> {
    let state = match from.u8()? {
        0 => return Ok(None),
        1 => HoldState::Open,
        2 => HoldState::Expired,
        3 => HoldState::Completed,
        _ => return Err(from.fault("a hold's state")),
    };
    Ok(Some(Hold {
        state,
        held: read_amount(from)?,
        most: read_amount(from)?,
        expires_at: from.timestamp()?,
    }))
}

fn read_more(from: &mut Reader<'_>) -> Result<More, Unreadable> {
    Ok(More {
        used: read_amount(from)?,
        used_at: from.optional_timestamp()?,
        original: Reference::read_optional(from)?,
        early: from.u8()? != 0,
        granted: Some(read_amount(from)?).filter(|granted| !granted.is_zero()),
        hold: read_hold(from)?,
        posting: read_advice(from)?,
        asked: match (from.u8()?, read_amount(from)?) {
            (0, _) => None,
            (_, asked) => Some(asked),
        },
        repeats: (0..from.u32()?)
            .map(|_| from.u32())
            .collect::<Result<_, _>>()?,
        given_up: (0..from.u32()?)
            .map(|_| read_given_up(from))
            .collect::<Result<_, _>>()?,
        unmatched: from.u8()? != 0,
        taken_back_at: from.optional_timestamp()?,
    })
}

fn read_given_up(from: &mut Reader<'_>) -> Result<GivenUp, Unreadable> {
    Ok(GivenUp {
        owed: Owed::read(from)?,
        code: read_code(from)?,
        at: from.timestamp()?,
    })
}
