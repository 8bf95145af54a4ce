//! The wallet server over HTTP, with a switch in memory behind the real line.

mod browsers;
mod confirmed;
mod extension;
mod fail_over;
mod fake;
mod languages;
mod live;
mod money;
#[path = "../../../tests/rig/mutation.rs"]
mod mutation;
mod package;
mod pages;
mod passkeys;
mod pay;
mod random_input;
mod register;
mod transactions;
