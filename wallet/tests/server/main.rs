//! The wallet server over HTTP, with a switch in memory behind the real line.

mod fake;
mod live;
mod pages;
mod pay;
