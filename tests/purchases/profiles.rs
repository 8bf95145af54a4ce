//! Parties as their files describe them: what each may send, how it speaks, from where, and what a new description
//! changes while the switch runs.

mod dialects;
mod permissions;
mod proxied;
mod reload;
mod slow;
mod tls;

const BALANCE: u64 = 1_000_000;
