//! Parties as their files describe them: what each may send, how it speaks, from where, and what a new description
//! changes while the switch runs.

#[path = "profiles/dialects.rs"]
mod dialects;
#[path = "profiles/permissions.rs"]
mod permissions;
#[path = "profiles/proxied.rs"]
mod proxied;
#[path = "profiles/reload.rs"]
mod reload;
mod rig;
#[path = "profiles/slow.rs"]
mod slow;
#[path = "profiles/tls.rs"]
mod tls;

const BALANCE: u64 = 1_000_000;
