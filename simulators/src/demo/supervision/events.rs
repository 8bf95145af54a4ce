//! What has happened to the parts of the demo.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::time::Instant;

use tessera_console::say;

use crate::demo::words::clock;

/// Events that are kept for the view.
pub const EVENTS_MAX: usize = 40;

/// Something that happened.
#[derive(Debug, Clone)]
pub struct Event {
    /// When.
    pub at: Instant,
    /// What.
    pub text: String,
}

impl Event {
    /// When it happened, as the view counts; 0:00 for what was before.
    pub fn when(&self, started: Option<Instant>) -> String {
        let since = started.map(|started| self.at.saturating_duration_since(started));
        clock(since.unwrap_or_default())
    }
}

/// Events, the newest last. Each is a line of the output too, except while a picture shows them.
#[derive(Default)]
pub struct Events {
    kept: RefCell<VecDeque<Event>>,
    shown: Cell<bool>,
}

impl Events {
    /// Another one.
    pub fn add(&self, text: String) {
        let mut kept = self.kept.borrow_mut();
        if kept.len() == EVENTS_MAX {
            kept.pop_front();
        }
        if !self.shown.get() {
            say(format_args!("event     {text}"));
        }
        let at = Instant::now();
        kept.push_back(Event { at, text });
    }

    /// Whether a picture shows them from now on.
    pub fn show(&self, shown: bool) {
        self.shown.set(shown);
    }

    /// Those that are kept.
    pub fn all(&self) -> Vec<Event> {
        self.kept.borrow().iter().cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_events_are_kept() {
        let events = Events::default();
        for number in 0..EVENTS_MAX + 5 {
            events.add(number.to_string());
        }
        let all = events.all();
        assert_eq!((all.len(), &*all[0].text), (EVENTS_MAX, "5"));
    }
}
