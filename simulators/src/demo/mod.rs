//! The demo: the whole payment switch at work with one command and nothing prepared. In comes a folder, which may
//! be empty; out come six programs (financial system, switch, wallet server, shops, mail catcher, console) as child processes, a
//! gentle mix of purchases by card and by order, a view of it with what a visitor may do and make fail, the same as a page
//! for browsers, and in the end the verdict of the audit. A second run goes on where the first one stopped. With `cluster`,
//! three nodes and etcd are there in place of the switch. What never happens here: a child outlives the demo.
//!
//! ```text
//! folder ─▶ ports ─▶ configuration ─▶ provision ─▶ programs ─▶ traffic + view ─▶ programs stop ─▶ audit
//!                                                     ▲ supervision   └─▶ terminal, lines, start page
//! ```

mod children;
mod cluster;
mod configuration;
mod folder;
mod gauges;
mod own;
mod panels;
mod plain;
mod ports;
mod programs;
mod run;
mod screen;
mod start_page;
mod steps;
mod summary;
mod supervision;
mod traffic;
mod view;
mod watch;
mod words;

pub use children::end_with_parent;
pub use run::{Options, run};
pub use supervision::parts::Failure;
