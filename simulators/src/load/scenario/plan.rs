//! When requests are due: stages, one after the other, each with a pace that may change from its beginning to its end.
//!
//! ```text
//! rate                     ____________            the instant of request k: the area under the line up to it is k
//!              _____------            \
//! ____---------                        \____
//! |  ramp     |  ramp      |   steady   |pause|
//! ```

use std::fmt;
use std::time::Duration;

use super::faults::Faults;
use crate::load::mix::Mix;

/// Never.
const NEVER: u64 = u64::MAX;

/// How much is asked in a stage, at its beginning and at its end.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Course {
    /// Requests per second over all connections.
    Rate {
        /// At the beginning.
        from: f64,
        /// At the end.
        to: f64,
    },
    /// Connections that ask, and requests in flight on each of them.
    Connections {
        /// At the beginning.
        from: f64,
        /// At the end.
        to: f64,
        /// Requests in flight on each.
        window: u32,
    },
    /// Nothing is asked; connections stay.
    Pause,
}

/// A stage.
#[derive(Debug, Clone, PartialEq)]
pub struct Stage {
    /// Its name.
    pub name: String,
    /// How long it takes.
    pub duration: Duration,
    /// How much is asked.
    pub course: Course,
    /// What is asked.
    pub mix: Mix,
    /// What is done wrong on purpose.
    pub faults: Faults,
}

impl fmt::Display for Course {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Rate { from, to } if from == to => write!(formatter, "{from}/s"),
            Self::Rate { from, to } => write!(formatter, "{from} to {to}/s"),
            Self::Connections { from, to, window } if from == to => {
                write!(formatter, "{from} x {window} in flight")
            }
            Self::Connections { from, to, window } => {
                write!(formatter, "{from} to {to} x {window} in flight")
            }
            Self::Pause => formatter.write_str("pause"),
        }
    }
}

/// The stages of a run, with what is known of them beforehand.
#[derive(Debug, Clone)]
pub struct Plan {
    stages: Vec<Stage>,
    /// Nanoseconds from the first request to the beginning of each stage, and to the end of the last.
    starts: Vec<u64>,
    /// Requests planned before each stage, and in all; open loop.
    before: Vec<f64>,
}

impl Plan {
    /// That of these stages, of which there is at least one.
    pub fn new(stages: Vec<Stage>) -> Self {
        let (mut starts, mut before) = (vec![0], vec![0.0]);
        let (mut start, mut count) = (0, 0.0);
        for stage in &stages {
            start += stage.duration.as_nanos() as u64;
            if let Course::Rate { from, to } = stage.course {
                count += (from + to) / 2.0 * stage.duration.as_secs_f64();
            }
            starts.push(start);
            before.push(count);
        }
        Self {
            stages,
            starts,
            before,
        }
    }

    /// All stages.
    pub fn stages(&self) -> &[Stage] {
        &self.stages
    }

    /// How long all stages take, in nanoseconds.
    pub fn duration(&self) -> u64 {
        self.starts.last().copied().unwrap_or(0)
    }

    /// When each stage begins, in nanoseconds since the first request.
    pub fn starts(&self) -> &[u64] {
        &self.starts[..self.stages.len()]
    }

    /// The place of the stage at `at` nanoseconds since the first request; the last one after the end.
    #[inline]
    pub fn stage_at(&self, at: u64) -> usize {
        let later = self.starts[1..self.stages.len()].iter();
        later.take_while(|start| **start <= at).count()
    }

    /// How many requests are planned in all, open loop.
    pub fn count(&self) -> u64 {
        // A sum that should be whole may come out a little larger.
        (self.before.last().copied().unwrap_or(0.0) - 1e-6)
            .ceil()
            .max(0.0) as u64
    }

    /// How many of them until `at`.
    pub fn count_until(&self, at: u64) -> f64 {
        let stage = self.stage_at(at);
        let into = at.min(self.duration()).saturating_sub(self.starts[stage]) as f64 / 1e9;
        match self.stages[stage].course {
            Course::Rate { from, to } => {
                let slope = (to - from) / self.stages[stage].duration.as_secs_f64();
                self.before[stage] + from * into + slope * into * into / 2.0
            }
            Course::Connections { .. } | Course::Pause => self.before[stage],
        }
    }

    /// When request `place` is planned, counted from 0, in nanoseconds since the first one.
    #[inline]
    pub fn instant(&self, place: u64) -> u64 {
        if self.stages.len() == 1
            && let Course::Rate { from, to } = self.stages[0].course
            && from == to
        {
            return (place as f64 * 1e9 / from) as u64;
        }
        self.instant_in_stages(place)
    }

    fn instant_in_stages(&self, place: u64) -> u64 {
        if place >= self.count() {
            return NEVER;
        }
        let wanted = place as f64;
        let later = self.before[1..self.stages.len()].iter();
        let stage = later.take_while(|before| **before <= wanted).count();
        let Course::Rate { from, to } = self.stages[stage].course else {
            return NEVER;
        };
        let within = wanted - self.before[stage];
        let slope = (to - from) / self.stages[stage].duration.as_secs_f64();
        // Solves `from t + slope t^2 / 2 = within`, in the form that is exact where the slope is small.
        let root = (from * from + 2.0 * slope * within).max(0.0).sqrt();
        let seconds = match from + root {
            0.0 => 0.0,
            sum => 2.0 * within / sum,
        };
        let end = self.starts[stage + 1];
        (self.starts[stage] + (seconds * 1e9) as u64).min(end)
    }

    /// Requests that a connection may have in flight at `at`, closed loop.
    #[inline]
    pub fn window(&self, connection: u32, at: u64) -> u32 {
        let stage = self.stage_at(at);
        match self.stages[stage].course {
            Course::Connections { window, .. } if self.level(stage, at) > f64::from(connection) => {
                window
            }
            _ => 0,
        }
    }

    /// Connections that ask at `at`, with a fraction.
    fn level(&self, stage: usize, at: u64) -> f64 {
        match self.stages[stage].course {
            Course::Connections { from, to, .. } if from != to => {
                let duration = self.stages[stage].duration.as_nanos() as f64;
                let into = at.saturating_sub(self.starts[stage]) as f64 / duration;
                from + (to - from) * into.min(1.0)
            }
            Course::Connections { from, .. } => from,
            Course::Rate { .. } | Course::Pause => 0.0,
        }
    }

    /// Whether a connection is to stay at `at`: it asks, or there is a pause.
    pub fn stays(&self, connection: u32, at: u64) -> bool {
        let stage = self.stage_at(at);
        match self.stages[stage].course {
            Course::Connections { .. } => self.level(stage, at) > f64::from(connection),
            Course::Rate { .. } | Course::Pause => true,
        }
    }

    /// When a connection is wanted, at `at` or after it; never, where it is not.
    pub fn wanted_from(&self, connection: u32, at: u64) -> Option<u64> {
        let wanted = f64::from(connection);
        (self.stage_at(at)..self.stages.len()).find_map(|stage| {
            let (start, end) = (self.starts[stage].max(at), self.starts[stage + 1]);
            let Course::Connections { from, to, .. } = self.stages[stage].course else {
                return Some(start);
            };
            if self.level(stage, start) > wanted {
                return Some(start);
            }
            // It rises above the connection somewhere in this stage, or not at all.
            if to <= from || to <= wanted {
                return None;
            }
            let into = ((wanted - from) / (to - from)).max(0.0);
            let duration = self.stages[stage].duration.as_nanos() as f64;
            // The next nanosecond but one: above, not equal.
            let instant = self.starts[stage] + (into * duration) as u64 + 2;
            Some(instant.max(start)).filter(|instant| *instant < end)
        })
    }

    /// Connections that are there when asking begins, closed loop; all of them in an open one.
    pub fn connections_at_first(&self, connections: u32) -> u32 {
        (0..connections)
            .filter(|connection| self.stays(*connection, 0))
            .count() as u32
    }

    /// The largest rate, where requests are planned.
    pub fn rate_max(&self) -> Option<f64> {
        let rates = self.stages.iter().filter_map(|stage| match stage.course {
            Course::Rate { from, to } => Some(from.max(to)),
            Course::Connections { .. } | Course::Pause => None,
        });
        rates.reduce(f64::max)
    }

    /// The largest window, where requests follow answers.
    pub fn window_max(&self) -> Option<u32> {
        let windows = self.stages.iter().filter_map(|stage| match stage.course {
            Course::Connections { window, .. } => Some(window),
            Course::Rate { .. } | Course::Pause => None,
        });
        windows.max()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stage(seconds: u64, course: Course) -> Stage {
        Stage {
            name: String::new(),
            duration: Duration::from_secs(seconds),
            course,
            mix: Mix::PURCHASES,
            faults: Faults::default(),
        }
    }

    fn rate(from: f64, to: f64) -> Course {
        Course::Rate { from, to }
    }

    fn connections(from: f64, to: f64) -> Course {
        Course::Connections {
            from,
            to,
            window: 7,
        }
    }

    const SECOND: u64 = 1_000_000_000;

    #[test]
    fn a_constant_rate_is_planned_evenly() {
        let plan = Plan::new(vec![stage(2, rate(1_000.0, 1_000.0))]);
        assert_eq!((plan.count(), plan.duration()), (2_000, 2 * SECOND));
        assert_eq!(plan.instant(0), 0);
        assert_eq!(plan.instant(3), 3_000_000);
        assert_eq!(plan.count_until(SECOND), 1_000.0);
    }

    #[test]
    fn ramps_and_pauses_have_as_many_requests_as_their_area() {
        let plan = Plan::new(vec![
            stage(10, rate(0.0, 100.0)),
            stage(5, Course::Pause),
            stage(10, rate(100.0, 50.0)),
        ]);
        assert_eq!(plan.count(), 500 + 750);
        let instants: Vec<_> = (0..plan.count()).map(|place| plan.instant(place)).collect();
        assert!(instants.is_sorted());
        let within = |from: u64, to: u64| {
            let (from, to) = (from * SECOND, to * SECOND);
            instants
                .iter()
                .filter(|at| (from..to).contains(*at))
                .count()
        };
        // Half of the area of a ramp from nothing is in its last three tenths.
        assert_eq!((within(0, 5), within(5, 10)), (125, 375));
        assert_eq!((within(10, 15), within(15, 25)), (0, 750));
        for place in [0, 100, 499, 500, 900, 1_249] {
            let counted = plan.count_until(plan.instant(place));
            assert!((counted - place as f64).abs() < 1e-3, "{place}: {counted}");
        }
        assert_eq!(plan.instant(plan.count()), NEVER);
    }

    #[test]
    fn stages_follow_each_other() {
        let plan = Plan::new(vec![
            stage(1, rate(1.0, 1.0)),
            stage(2, rate(5.0, 5.0)),
            stage(3, Course::Pause),
        ]);
        let at = [0, SECOND - 1, SECOND, 3 * SECOND, 9 * SECOND].map(|at| plan.stage_at(at));
        assert_eq!(at, [0, 0, 1, 2, 2]);
        assert_eq!((plan.rate_max(), plan.window_max()), (Some(5.0), None));
        assert_eq!(plan.starts(), [0, SECOND, 3 * SECOND]);
    }

    #[test]
    fn connections_come_and_go_with_the_level() {
        let plan = Plan::new(vec![
            stage(10, connections(1.0, 11.0)),
            stage(5, Course::Pause),
            stage(10, connections(4.0, 4.0)),
        ]);
        assert_eq!(plan.connections_at_first(11), 1);
        assert_eq!((plan.window(0, 0), plan.window(1, 0)), (7, 0));
        let from = plan.wanted_from(5, 0).unwrap();
        assert!((4 * SECOND..4 * SECOND + 9).contains(&from), "{from}");
        assert!(plan.stays(5, from) && !plan.stays(5, from - 9));
        // A pause asks nothing, and everybody stays.
        assert_eq!(plan.window(0, 12 * SECOND), 0);
        assert!(plan.stays(10, 12 * SECOND));
        assert_eq!(plan.window(3, 16 * SECOND), 7);
        assert!(!plan.stays(4, 16 * SECOND));
        assert_eq!(plan.wanted_from(4, 16 * SECOND), None);
        assert_eq!(plan.wanted_from(4, 12 * SECOND), Some(12 * SECOND));
        assert_eq!(plan.window_max(), Some(7));
    }
}
