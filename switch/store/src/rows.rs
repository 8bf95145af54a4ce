//! The rows of the store, byte for byte.

use tessera_kit::clock::Timestamp;
use tessera_protocol::{Institution, Totals};

use super::{StoreError, StoredCard, StoredOrder, unreadable};
use tessera_journal::{Mark, Sequence};
use tessera_ledger::{Day, OrderState, Reader, Reference, Unreadable, WalletId, write_totals};

/// With the highest time that any event up to the mark can have.
pub(super) fn mark(mark: Mark, time: Timestamp) -> [u8; 24] {
    let mut row = [0; 24];
    row[..16].copy_from_slice(&mark.to_bytes());
    row[16..].copy_from_slice(&time.milliseconds().to_le_bytes());
    row
}

pub(super) fn read_mark(row: &[u8]) -> Result<(Option<Mark>, Timestamp), StoreError> {
    whole("mark", row, |from| {
        Ok((Mark::from_bytes(from.array()?), from.timestamp()?))
    })
}

pub(super) fn read_reach(row: &[u8]) -> Result<Mark, StoreError> {
    whole("reach", row, |from| {
        Mark::from_bytes(from.array()?).ok_or(from.fault("a record"))
    })
}

pub(super) fn settled_key(wallet: WalletId, at: Timestamp, sequence: Option<Sequence>) -> [u8; 24] {
    let sequence = sequence.map_or(0, Sequence::to_stored);
    let mut key = [0; 24];
    key[..8].copy_from_slice(&wallet.0.to_be_bytes());
    key[8..16].copy_from_slice(&at.milliseconds().to_be_bytes());
    key[16..].copy_from_slice(&sequence.to_be_bytes());
    key
}

pub(super) fn totals_key(institution: Option<Institution>, day: Day) -> [u8; 12] {
    let mut key = [0; 12];
    key[..8].copy_from_slice(&Institution::digits(institution).to_be_bytes());
    key[8..].copy_from_slice(&day.0.to_be_bytes());
    key
}

pub(super) fn read_totals_key(key: &[u8]) -> Result<(Option<Institution>, Day), StoreError> {
    whole("totals' key", key, |from| {
        let institution = match from.array().map(u64::from_be_bytes)? {
            0 => None,
            number => Some(Institution::new(number).ok_or(from.fault("an institution"))?),
        };
        let day = from.array().map(u32::from_be_bytes)?;
        Ok((institution, Day(day)))
    })
}

pub(super) fn totals(totals: &Totals) -> Vec<u8> {
    let mut row = Vec::with_capacity(72);
    write_totals(&mut row, totals);
    row
}

pub(super) fn read_totals(row: &[u8]) -> Result<Totals, StoreError> {
    whole("totals", row, tessera_ledger::read_totals)
}

pub(super) fn card(card: StoredCard) -> [u8; 12] {
    let mut row = [0; 12];
    row[..8].copy_from_slice(&card.wallet.0.to_le_bytes());
    row[8..].copy_from_slice(&card.serial.to_le_bytes());
    row
}

pub(super) fn read_card(row: &[u8]) -> Result<StoredCard, StoreError> {
    whole("card", row, |from| {
        Ok(StoredCard {
            wallet: WalletId(from.u64()?),
            serial: from.u32()?,
        })
    })
}

pub(super) fn read_time(row: &[u8]) -> Result<Timestamp, StoreError> {
    whole("hold", row, |from| from.timestamp())
}

pub(super) fn read_wallet_key(key: &[u8]) -> Result<WalletId, StoreError> {
    whole("open wallet", key, |from| {
        from.array().map(u64::from_be_bytes).map(WalletId)
    })
}

pub(super) fn order(order: &StoredOrder) -> [u8; 33] {
    let (state, reference) = match order.state {
        OrderState::Open => (0, 0),
        OrderState::Paying(reference) => (1, reference.0),
        OrderState::Paid(reference) => (2, reference.0),
        OrderState::Cancelled => (3, 0),
    };
    let mut row = [0; 33];
    row[..8].copy_from_slice(&order.wallet.0.to_le_bytes());
    row[8] = state;
    row[9..17].copy_from_slice(&reference.to_le_bytes());
    row[17..25].copy_from_slice(&order.expires_at.milliseconds().to_le_bytes());
    row[25..].copy_from_slice(&order.position.to_stored().to_le_bytes());
    row
}

pub(super) fn read_order(row: &[u8]) -> Result<StoredOrder, StoreError> {
    whole("order", row, |from| {
        let wallet = WalletId(from.u64()?);
        let (state, reference) = (from.u8()?, Reference(from.u64()?));
        let state = match state {
            0 => OrderState::Open,
            1 => OrderState::Paying(reference),
            2 => OrderState::Paid(reference),
            3 => OrderState::Cancelled,
            _ => return Err(from.fault("an order's state")),
        };
        Ok(StoredOrder {
            wallet,
            state,
            expires_at: from.timestamp()?,
            position: from.position()?,
        })
    })
}

fn whole<T>(
    what: &'static str,
    row: &[u8],
    read: impl FnOnce(&mut Reader<'_>) -> Result<T, Unreadable>,
) -> Result<T, StoreError> {
    let mut from = Reader::new(row);
    read(&mut from)
        .and_then(|value| from.end().map(|()| value))
        .map_err(unreadable(what))
}
