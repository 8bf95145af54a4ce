//! Two demonstration shops and what stands between them and the switch. In come browsers; out go purchases, refunds and reversals
//! over TCP, as a mall and as an acquirer. What never happens here: a shop learns who pays, an order stays in doubt, a price is
//! taken from a page.
//!
//! ```text
//! affiliated    (8081) ──order number──┐                               ◀──webhooks── switch
//! unaffiliated  (8082) ──card number───┴─▶ acquiring ──0200, 0400──▶ switch
//!     └─ card_frame (8083, its own origin) ──token──▶ unaffiliated
//! ```
//!
//! Pages are made on the server; each server has one thread, the connections to the switch share another.

mod acquiring;
mod affiliated;
mod capture;
mod card_frame;
mod cards;
mod clerk;
mod events;
mod goods;
mod guard;
mod log;
mod orders;
mod page;
mod serve;
mod settings;
#[allow(
    clippy::module_inception,
    reason = "the file is about one shop, the folder about both"
)]
mod shop;
mod unaffiliated;
mod webhook;

pub use acquiring::{Client, Party, Payer, Refund, RefundState, Standing, State, Times, Why};
pub use capture::Capture;
pub use log::LogError;
pub use serve::run;
pub use settings::{
    AcquiringSettings, AffiliatedSettings, Key, Origin, PartyCode, Settings, SettingsError,
    UnaffiliatedSettings,
};
pub use webhook::Secrets;
