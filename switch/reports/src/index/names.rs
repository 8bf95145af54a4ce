//! What a record of the journal is found by.

use tessera_kit::clock::Timestamp;
use tessera_ledger::{Entry, Event, Opening, Payer, Reference, WalletId};
use tessera_protocol::{Institution, OrderKey, Stan};

/// What a record is called. Requests are found by the record that opened them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Name {
    /// A request, by the switch's own reference.
    Reference(Reference),
    /// A request, by its field 37, the retrieval reference number.
    Retrieval([u8; 12]),
    /// A request, by the parts of its idempotency key that a party knows: field 32, field 11 and field 13 (MMDD).
    Trace {
        /// Field 32.
        institution: Option<Institution>,
        /// Field 11.
        trace: Option<Stan>,
        /// Field 13.
        local_date: u32,
    },
    /// A request, by its order.
    Order(OrderKey),
    /// The last event of a wallet.
    Wallet(WalletId),
}

/// The bytes of the longest: a kind, and an order.
const BYTES_MAX: usize = 33;

impl Name {
    /// Field 37 as people write it.
    pub fn retrieval(text: &[u8]) -> Option<Self> {
        let mut padded = [b' '; 12];
        let text = text.trim_ascii();
        padded.get_mut(..text.len())?.copy_from_slice(text);
        Some(Self::Retrieval(padded))
    }

    /// The names of a request.
    pub fn of(opening: &Opening) -> impl Iterator<Item = Self> {
        let order = match &opening.payer {
            Payer::Order(key) => Some(Self::Order(*key)),
            Payer::Card(..) | Payer::Wallet => None,
        };
        let named = [
            Some(Self::Reference(opening.reference)),
            Self::retrieval(&opening.retrieval),
            Some(Self::Trace {
                institution: opening.institution,
                trace: opening.trace,
                local_date: opening.local_date,
            }),
            order,
        ];
        named.into_iter().flatten()
    }

    /// Different bytes for different names.
    pub(super) fn bytes(&self) -> ([u8; BYTES_MAX], usize) {
        let mut bytes = [0; BYTES_MAX];
        let mut end = 1;
        let mut put = |part: &[u8]| {
            bytes[end..end + part.len()].copy_from_slice(part);
            end += part.len();
        };
        let kind = match self {
            Self::Reference(reference) => {
                put(&reference.0.to_le_bytes());
                1
            }
            Self::Retrieval(retrieval) => {
                put(retrieval);
                2
            }
            Self::Trace {
                institution,
                trace,
                local_date,
            } => {
                put(&Institution::digits(*institution).to_le_bytes());
                put(&Stan::digits(*trace).to_le_bytes());
                put(&local_date.to_le_bytes());
                3
            }
            Self::Order(key) => {
                put(&key.0);
                4
            }
            Self::Wallet(wallet) => {
                put(&wallet.0.to_le_bytes());
                5
            }
        };
        bytes[0] = kind;
        (bytes, end)
    }
}

/// Milliseconds of an hour.
pub(super) const HOUR: u64 = 3_600_000;

/// The hour of a moment, since 1970.
pub(super) fn hour_of(moment: Timestamp) -> u32 {
    u32::try_from(moment.milliseconds() / HOUR).unwrap_or(u32::MAX)
}

/// To which moment's settlement date an event may add an item; `None` where it adds none.
pub(super) fn item_time(entry: &Entry) -> Option<Timestamp> {
    match &entry.event {
        Event::Approved { reference } | Event::StoodIn { reference } => Some(reference.given_at()),
        Event::Advised { opening, .. }
        | Event::Completed { opening, .. }
        | Event::Reversed { opening, .. } => Some(opening.reference.given_at()),
        Event::ReversedFurther { at, .. } => Some(*at),
        Event::Opened(_)
        | Event::Provisioned { .. }
        | Event::CardRequested { .. }
        | Event::CardIssued { .. }
        | Event::CardRetired { .. }
        | Event::LoadRequested { .. }
        | Event::PayoutRequested { .. }
        | Event::RefundRequested { .. }
        | Event::Held { .. }
        | Event::Expired { .. }
        | Event::PostingAcknowledged { .. }
        | Event::Released { .. }
        | Event::Declined { .. }
        | Event::ReversalNoted { .. }
        | Event::AdviceAcknowledged { .. }
        | Event::Repeated { .. }
        | Event::OrderAnnounced { .. }
        | Event::OrderCancelled { .. }
        | Event::Account { .. }
        | Event::Closed { .. }
        | Event::GivenUp { .. }
        | Event::Directed(_)
        | Event::Reconciled(_)
        | Event::CardLate { .. } => None,
    }
}
