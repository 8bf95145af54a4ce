//! The lines of the other workers, for a worker whose own lines take nothing.
//!
//! ```text
//! worker 0, no line up                        worker 1, a line up
//! link ──▶ borrowed ──Requests──▶ inbox ──▶ share ──▶ line ══TLS══▶ financial system
//! in flight ◀── share ◀── inbox ◀──Answers── receive ◀═════
//! ```
//! A request waits in the table of the worker that it belongs to, whatever line carries it: its trace number
//! says whose it is. The worker with the line keeps nothing of it. Where that line is lost after
//! a request may have left, its deadline makes it silent. A request is handed over once: what did not leave
//! over the other worker's line goes out over a line of its own, or is unsent.

use std::rc::Rc;
use std::time::Instant;

use bytes::BytesMut;

use super::frames;
use super::line::Line;
use super::link::Link;
use super::links::{LinkInbox, Passed};
use super::receive::receive_passed;

/// Takes what other workers pass, as long as the worker lives.
pub(super) async fn share(link: Rc<Link>, mut inbox: LinkInbox) {
    loop {
        tokio::select! {
            passed = inbox.passed.recv() => match passed {
                Some(Passed::Requests { from, frames, until }) => link.carry(from, frames, until),
                Some(Passed::Answers(answers)) => receive_passed(&link, &answers),
                Some(Passed::Unsent(frames)) => {
                    link.give_back(&link.borrowed, frames::behind(&frames, 0));
                    link.flush();
                }
                None => return,
            },
            changed = inbox.came_up.changed() => {
                if changed.is_err() {
                    return;
                }
                if !link.lines.iter().any(Line::is_up) {
                    link.wake_repeater();
                }
            }
        }
    }
}

impl Link {
    /// Requests of another worker go out over a line of this one.
    fn carry(&self, from: usize, frames: BytesMut, until: Instant) {
        match self.line_of_batch() {
            Some(line) if Instant::now() < until => {
                line.write(|out| out.extend_from_slice(&frames));
                line.flush();
            }
            _ => {
                let _ = self.links.pass(from, Passed::Unsent(frames));
            }
        }
    }
}
