//! Settlement dates, as the operator's wallet has begun them.

use tessera_kit::clock::Timestamp;
use tessera_ledger::{Day, Directive, Event};

/// All that were ever begun, oldest first.
#[derive(Debug, Default)]
pub(super) struct Dates {
    begun: Vec<(Timestamp, Day)>,
}

/// Milliseconds of a day.
const DAY: u64 = 86_400_000;

impl Dates {
    /// Takes in an event of the operator's wallet. Dates rise; only the newest may be said to begin earlier than it was.
    pub fn enter(&mut self, event: &Event) {
        let Event::Directed(directed) = event else {
            return;
        };
        let Directive::BeginDay(moment, day) = directed.directive else {
            return;
        };
        self.begin(moment, day);
    }

    /// This date begins then.
    pub fn begin(&mut self, moment: Timestamp, day: Day) {
        self.begun
            .pop_if(|(begins, last)| *last == day && moment < *begins);
        let rises = |(begins, last): &(Timestamp, Day)| *begins < moment && *last < day;
        if self.begun.last().is_none_or(rises) {
            self.begun.push((moment, day));
        }
    }

    /// The date of a moment. What comes before the first of them belongs to it; where none was begun, dates begin at midnight.
    pub fn of(&self, moment: Timestamp) -> Day {
        let after = self.begun.partition_point(|(begins, _)| *begins <= moment);
        match self.begun.get(after.saturating_sub(1)) {
            Some((_, day)) => *day,
            None => Day((moment.milliseconds() / DAY) as u32),
        }
    }

    /// When a date begins and the next one does; `None` where it has never been.
    pub fn span(&self, day: Day) -> Option<(Timestamp, Timestamp)> {
        if self.begun.is_empty() {
            let begins = Timestamp::from_milliseconds(u64::from(day.0) * DAY);
            return Some((begins, begins.plus(DAY)));
        }
        let place = self.begun.iter().position(|(_, begun)| *begun == day)?;
        let begins = match place {
            0 => Timestamp::EPOCH,
            _ => self.begun[place].0,
        };
        let ends = self.begun.get(place + 1).map(|(ends, _)| *ends);
        Some((
            begins,
            ends.unwrap_or(Timestamp::from_milliseconds(u64::MAX)),
        ))
    }
}
