//! The rules of a wallet, pure: `decide` and `apply`.
//!
//! What comes in: commands (a mall's request, the wallet server's, the host's answer). What leaves:
//! events for the journal and effects for the gate. What never happens in the rules: a clock is
//! read, a socket is touched, a disk is waited for; time and ids are handed in.

// So that a new event, command or kind is decided upon in every place, by name.
#![cfg_attr(not(test), deny(clippy::wildcard_enum_match_arm))]

// The bench of the tests serves another crate too.
#[cfg(test)]
extern crate self as tessera_ledger;

mod about;
mod account;
mod apply;
mod balance;
mod balances;
mod blocks;
mod bytes;
mod card_name;
mod cards;
mod command;
pub mod controls;
mod days;
mod decide;
mod event;
mod key;
pub mod moment;
mod opening;
mod orders;
mod original;
mod outcome;
mod owed;
mod payer;
mod recall;
mod reference;
mod rule;
mod snapshot;
mod spending;
mod state;
mod supervision;
mod supervision_bytes;
#[cfg(test)]
mod tests;
mod transaction;
mod transactions;

pub use about::About;
pub use account::{
    Account as PayersAccount, Browser, Change, Contact, ContactChannel, Passkey, PasskeyUse,
    ProposedContact, Reload, Secret, Session, Source,
};
pub use balance::Balance;
pub use blocks::{Block, Blocks, CardRange, Subject};
pub use bytes::{NameCard, Reader, Unreadable};
pub use card_name::{CardName, LastFour};
pub use cards::{Card, CardNumbers, Cards, Terms};
pub use command::{
    AccountAction, Action, AdviceSubject, Ask, Assertion, Channels, Claims, Command,
    ContactAndCode, Context, HistoryRequest, LoadFrom, NewBrowser, NewPasskey, NewSession, Proof,
    Rules, ShownPasskey, StandIn, code_digest,
};
pub use days::{DAYS_KEPT, Day, Days};
pub use decide::{BookedRequest, Booking, Decision, NotImported, decide, import, is_admitted};
pub use event::{
    Account, Broken, Detail, Entry, Event, HostPurpose, Line, NotedOriginal, Posting, Postings,
    Reconciled, ToHost, Wanted,
};
pub use event::{Item, Items, Side};
pub use event::{read_totals, write_totals};
pub use key::{DuplicateKey, KeyFields, KeyPayer};
pub use opening::{Class, Merchant, Opening};
pub use orders::{Order, OrderState, Orders, SettledOrder};
pub use original::{NamedOriginal, PayerTag, StatusQuery, Traits, UnseenOriginal};
pub use outcome::{Details, Effect, Outcome, Sources};
pub use owed::Owed;
pub use payer::Payer;
pub use recall::Strange;
pub use reference::Reference;
pub use rule::{Reason, Rule, Verdict};
pub use spending::Spending;
pub use state::Wallet;
pub use supervision::{
    AccountAct, ChangedKey, ConsoleAccount, Directed, Directive, Irregular, KeyChange, Outbox,
    Supervision, Undelivered,
};
pub use transaction::{Advice, GivenUp, Hold, HoldState, Kind, More, Status, Transaction};
pub use transactions::{ALIKE_MAX, End, Settled, Transactions};

use tessera_protocol::{ClientNumber, OrderKey};

/// A wallet's number in the switch. Never shown to a mall.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct WalletId(pub u64);

impl WalletId {
    const NOBODY: u64 = 1 << 63;

    /// The wallet of the operator: no money, but what was decided about all wallets.
    pub const OPERATOR: Self = Self(0);

    /// The wallet of nobody that remembers what was said about an order which no payer has
    /// announced yet: it has no card and no money, and dies with its memory after a day.
    pub fn of_nobody(order: &OrderKey) -> Self {
        Self(order.head() | Self::NOBODY)
    }

    /// The wallet that a request to create one makes: the request's own key names it, so that the
    /// same request sent again names the same wallet.
    pub fn created_by(key: &DuplicateKey) -> Self {
        Self(key.head() & !Self::NOBODY)
    }

    /// The wallet of a payer: their identification number leads to it, and nothing leads back.
    pub fn of_client(number: &ClientNumber) -> Self {
        use sha2::Digest;
        let mut digest = sha2::Sha256::new();
        digest.update(b"tessera client ");
        digest.update(number.expose());
        let head: [u8; 32] = digest.finalize().into();
        let head = std::array::from_fn(|place| head[place]);
        Self(u64::from_be_bytes(head) & !Self::NOBODY)
    }

    /// Whether this is a wallet of nobody.
    pub fn is_nobody(self) -> bool {
        self.0 & Self::NOBODY != 0
    }

    /// The partition that owns it: a fixed hash, so that it is the same on every machine.
    pub fn partition(self, partitions: u16) -> u16 {
        let mixed = self.0.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
        ((mixed * u64::from(partitions)) >> 32) as u16
    }
}

/// How many numbers the layouts of events have: of kinds, changes, decisions, and ways to name the payer. It rises with each new
/// one, so that builds can compare what they read.
pub const NUMBERS_GIVEN: u32 = event::bytes::NEWEST_KIND as u32
    + account::bytes::NEWEST_CHANGE as u32
    + supervision_bytes::NEWEST_DECISION as u32
    + event::parts::NEWEST_WAY as u32;
