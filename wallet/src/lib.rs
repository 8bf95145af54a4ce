//! The wallet server. Browsers, malls' pay windows and the browser extension come in by HTTP; operations leave over the leased line to
//! the switch. Nothing is kept here: a session is a handle that the browser holds and the switch knows, so that any number of
//! these servers can stand side by side.
//!
//! No card number, password, client number or session is ever logged, counted or put into an address.

mod caller;
mod drawn;
mod encrypted;
mod extension;
mod headroom;
mod history;
mod line;
mod malls;
mod metrics;
mod package;
mod pages;
mod passkey_models;
mod pay;
mod policy;
mod reload;
mod server;
mod session;
mod settings;
mod strength;
mod switch;
mod tls;
mod web;
mod words;

pub use caller::{Caller, ForwardedHeader};
pub use package::{Browser, OriginError, Package};
pub use server::{Addresses, run};
pub use settings::{HttpsSettings, LineSettings, Mall, Settings, SettingsError};
