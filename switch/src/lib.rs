//! The switch: a mall's request comes in over TCP, a wallet decides, the financial system confirms,
//! the answer leaves once everything it rests on is durable.

pub mod config;
pub mod host;
pub mod journal;
pub mod ops;
pub mod wallet;
