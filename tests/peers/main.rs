//! Clients, servers and dissectors that others wrote, before the real switch.

mod attack;
mod browsers;
mod clients;
mod malls;
mod notifications;
#[path = "../rig/mod.rs"]
mod rig;
mod webhooks;
mod wireshark;
