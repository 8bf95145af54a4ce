//! A run second by second. A second begins with the first request and ends exactly one second later, whatever
//! stalls: seconds in which nothing came are there too, with zeros.

use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};

use super::latency::{Latency, rounded};
use super::reason::Reasons;

const SECOND: u64 = 1_000_000_000;

/// What the counters were at an instant, or what they counted between two.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counted {
    /// Requests sent for the first time.
    pub sent: u64,
    /// Requests answered.
    pub answered: u64,
    /// Purchases and authorizations approved.
    pub approved: u64,
    /// Purchases and authorizations not approved.
    pub declined: u64,
    /// Answers that say that nothing could be decided (68, 91, 96), and answers that were wrong.
    pub errors: u64,
    /// Requests sent again because no answer came.
    pub resent: u64,
    /// Connections that were lost.
    pub lost_connections: u64,
    /// Answers by class.
    pub reasons: Reasons,
}

impl Counted {
    fn since(&self, before: &Self) -> Self {
        Self {
            sent: self.sent - before.sent,
            answered: self.answered - before.answered,
            approved: self.approved - before.approved,
            declined: self.declined - before.declined,
            errors: self.errors - before.errors,
            resent: self.resent - before.resent,
            lost_connections: self.lost_connections - before.lost_connections,
            reasons: self.reasons.since(&before.reasons),
        }
    }
}

/// One second.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Second {
    /// Seconds from the first request to its beginning.
    pub at: u32,
    /// How long it was: 1, and less for the last one.
    pub seconds: f64,
    /// Requests planned in it; open loop.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub planned: Option<f64>,
    /// What was counted in it.
    #[serde(flatten)]
    pub counted: Counted,
    /// Latencies of the answers that came in it; zeros where none came.
    #[serde(flatten)]
    pub latency: Latency,
    /// Connections signed on at its end.
    pub connections: u32,
}

impl Second {
    /// Answers per second.
    pub fn rate(&self) -> f64 {
        match self.seconds > 0.0 {
            true => self.counted.answered as f64 / self.seconds,
            false => 0.0,
        }
    }

    /// Whether it is a whole one.
    pub fn is_whole(&self) -> bool {
        self.seconds >= 0.999
    }
}

/// The seconds so far, and the one that is counted now.
#[derive(Debug, Clone)]
pub struct Seconds {
    /// When the current one ends, on the run's clock; never, before the first request.
    ends: u64,
    before: Counted,
    pub(super) latency: Histogram<u64>,
    /// Of all seconds that are over.
    total: Histogram<u64>,
    /// When each stage begins, in nanoseconds since the first request, and the latencies of the seconds that began in it.
    stages: Vec<(u64, Histogram<u64>)>,
    done: Vec<Second>,
}

impl Seconds {
    /// None yet.
    pub fn new(latency: Histogram<u64>) -> Self {
        Self {
            ends: u64::MAX,
            before: Counted::default(),
            total: latency.clone(),
            latency,
            stages: Vec::new(),
            done: Vec::new(),
        }
    }

    /// The first one begins.
    pub fn begin(&mut self, now: u64) {
        self.ends = now + SECOND;
    }

    /// Keeps the latencies of each stage, too.
    pub fn follow(&mut self, starts: &[u64]) {
        let mut none = self.latency.clone();
        none.reset();
        self.stages = starts.iter().map(|start| (*start, none.clone())).collect();
    }

    /// The latencies of each stage.
    pub fn stages(&self) -> impl Iterator<Item = &Histogram<u64>> {
        self.stages.iter().map(|(_, latencies)| latencies)
    }

    /// Whether the current one is over.
    #[inline]
    pub fn is_over(&self, now: u64) -> bool {
        now >= self.ends
    }

    /// Ends the current one, and those after it that are over too.
    #[cold]
    pub fn end_second(&mut self, now: u64, counted: Counted, connections: u32) {
        while self.is_over(now) {
            self.push(1.0, counted, connections);
            self.ends += SECOND;
        }
    }

    /// Ends the last one, however long it was; nothing is counted any more.
    pub fn end(&mut self, now: u64, counted: Counted, connections: u32) {
        if self.ends == u64::MAX {
            return;
        }
        self.end_second(now, counted, connections);
        let length = (now + SECOND).saturating_sub(self.ends) as f64 / 1e9;
        if counted != self.before {
            self.push(length, counted, connections);
        }
        self.ends = u64::MAX;
    }

    fn push(&mut self, seconds: f64, counted: Counted, connections: u32) {
        self.done.push(Second {
            at: self.done.len() as u32,
            seconds: rounded(seconds, 1_000.0),
            planned: None,
            counted: counted.since(&self.before),
            latency: Latency::from(&self.latency),
            connections,
        });
        self.before = counted;
        // Cannot fail: both have the same bounds.
        let _ = self.total.add(&self.latency);
        let began = (self.done.len() as u64 - 1) * SECOND;
        let stage = self.stages.iter_mut().rfind(|(start, _)| *start <= began);
        if let Some((_, latencies)) = stage {
            let _ = latencies.add(&self.latency);
        }
        self.latency.reset();
    }

    /// The latencies of the seconds that are over.
    pub fn total(&self) -> &Histogram<u64> {
        &self.total
    }

    /// The seconds that are over.
    pub fn done(&self) -> &[Second] {
        &self.done
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted(answered: u64) -> Counted {
        Counted {
            answered,
            ..Counted::default()
        }
    }

    #[test]
    fn every_second_is_there_even_if_nothing_came() {
        let mut seconds = Seconds::new(Histogram::new(3).unwrap());
        assert!(!seconds.is_over(u64::MAX - 1));
        seconds.begin(500);
        assert!(!seconds.is_over(SECOND));
        seconds.latency.record(7).unwrap();
        let now = 500 + 3 * SECOND + 1;
        assert!(seconds.is_over(now));
        seconds.end_second(now, counted(5), 2);
        seconds.latency.record(9).unwrap();
        seconds.end(now + SECOND / 4, counted(6), 1);
        let rows: Vec<_> = (seconds.done().iter())
            .map(|second| (second.at, second.counted.answered, second.latency.max_us))
            .collect();
        assert_eq!(rows, [(0, 5, 7), (1, 0, 0), (2, 0, 0), (3, 1, 9)]);
        let last = seconds.done()[3];
        assert!((0.24..0.26).contains(&last.seconds), "{last:?}");
        assert!(!last.is_whole() && seconds.done()[0].is_whole());
        assert!(!seconds.is_over(u64::MAX - 1));
    }

    #[test]
    fn is_read_as_it_was_written() {
        let mut seconds = Seconds::new(Histogram::new(3).unwrap());
        seconds.begin(0);
        seconds.end_second(SECOND, counted(5), 2);
        let second = seconds.done()[0];
        let json = serde_json::to_string(&second).unwrap();
        assert!(json.contains(r#""answered":5"#), "{json}");
        assert_eq!(serde_json::from_str::<Second>(&json).unwrap(), second);
    }
}
