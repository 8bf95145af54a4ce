//! What the host says unasked, because somebody at its operations port wants it to: that a settlement date begins, or that
//! it has all of one.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::time::{SystemTime, UNIX_EPOCH};

use bytes::BytesMut;
use tessera_protocol::{Mti, Packer};
use tokio::sync::Notify;

use super::ledger::SettlementDate;
use crate::load::clock::Stamp;

/// Field 32: the host's own.
const INSTITUTION: u64 = 99_000_000_000;
/// Field 70.
const BEGIN_DATE: u64 = 201;
const DATE_IS_COMPLETE: u64 = 202;
/// More than these that no connection has taken are not kept.
const CALLS_MAX: usize = 8;

/// An 0800 of the host's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Call {
    /// This date begins.
    Begin(SettlementDate),
    /// All of the date before it is there.
    Complete,
}

/// Calls that wait for a connection that is signed on.
#[derive(Debug, Default)]
pub(super) struct Calls {
    waiting: RefCell<VecDeque<Call>>,
    trace: Cell<u32>,
    rung: Notify,
}

impl Calls {
    /// The next connection that can says it; `false` where too many wait.
    pub(super) fn add(&self, call: Call) -> bool {
        let mut waiting = self.waiting.borrow_mut();
        let has_space = waiting.len() < CALLS_MAX;
        if has_space {
            waiting.push_back(call);
            self.rung.notify_one();
        }
        has_space
    }

    /// Until there is one.
    pub(super) async fn rung(&self) {
        self.rung.notified().await;
    }

    /// Appends the frame of the first, where there is one.
    pub(super) fn take(&self, out: &mut BytesMut) {
        let Some(call) = self.waiting.borrow_mut().pop_front() else {
            return;
        };
        if !self.waiting.borrow().is_empty() {
            self.rung.notify_one();
        }
        self.trace.set(self.trace.get() % 999_999 + 1);
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        // Seconds fit until 2106.
        let now = Stamp::at(since.unwrap_or_default().as_secs() as u32);
        let mut packer = Packer::new(out, Mti::NETWORK);
        packer
            .number(7, u64::from(now.transmission()))
            .number(11, u64::from(self.trace.get()));
        let code = match call {
            Call::Begin(date) => {
                packer.number(15, u64::from(date));
                BEGIN_DATE
            }
            Call::Complete => DATE_IS_COMPLETE,
        };
        packer.number(32, INSTITUTION).number(70, code).finish();
    }
}
