//! The scheduler: which of all that could happen does, and for how long.

use super::net::{Carries, Thread};
use super::random::Random;
use super::threads::THREADS;
use super::world::{Seen, World};

/// Steps with faults, of most seeds, and of the others.
const FAULTY: u64 = 4_000;
const LONG: u64 = 20_000;
/// Steps without, within which all has to go on.
const CALM: u64 = 40_000;
/// A question without an answer is given up after this.
const PATIENCE: u64 = 1_500;
/// Messages that nobody waits for any more get lost above this.
const FLIGHTS_MAX: usize = 30;

const ALL: [Thread; 4] = [Thread::Main, Thread::Keeper, Thread::Watch, Thread::Claim];

/// What a run has come to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    pub runs: u64,
    pub steps: u64,
    pub entries: u64,
    pub epochs: u64,
    pub released: u64,
    pub trimmed: u64,
    pub seen: Seen,
    /// The most steps that it took until all went on, after the faults.
    pub calm_max: u64,
}

impl Report {
    pub fn add(&mut self, other: &Self) {
        self.runs += other.runs;
        self.steps += other.steps;
        self.entries += other.entries;
        self.epochs += other.epochs;
        self.released += other.released;
        self.trimmed += other.trimmed;
        self.seen.add(&other.seen);
        self.calm_max = self.calm_max.max(other.calm_max);
    }
}

/// Runs the world of a seed.
///
/// # Errors
/// What was violated.
pub fn run(seed: u64) -> Result<Report, String> {
    let mut world = World::new(seed);
    let often = [2, 10, 30][(seed % 3) as usize];
    let mut steps = 0;
    let faulty = if seed % 16 == 15 { LONG } else { FAULTY };
    for step in 0..faulty {
        if world.random.chance(often) {
            world.fault();
        }
        world.step();
        steps += 1;
        world.ends(step)?;
    }
    let calm = world.calms_down()?;
    let oracle = &world.oracle;
    Ok(Report {
        runs: 1,
        steps: steps + calm,
        seen: world.seen.clone(),
        entries: oracle.entries() as u64,
        epochs: oracle.epochs(),
        released: oracle.released(),
        trimmed: oracle.trimmed(),
        calm_max: calm,
    })
}

impl World {
    fn ends(&mut self, step: u64) -> Result<(), String> {
        match self.oracle.violation.take() {
            Some(why) => Err(format!("step {step}, at {} ms: {why}", self.now)),
            None => Ok(()),
        }
    }

    /// Without faults some node owns the log, releases something, and all nodes get there. The steps it took.
    fn calms_down(&mut self) -> Result<u64, String> {
        self.faults = false;
        self.log_is_full = false;
        for node in &mut self.nodes {
            (node.paused_until, node.cut_until) = (0, 0);
        }
        let released = self.oracle.released();
        for step in 0..CALM {
            self.step();
            self.ends(step)?;
            self.is_quiet = self.oracle.released() >= released + 3;
            if self.is_quiet && self.is_equal() {
                return Ok(step);
            }
        }
        let new = self.oracle.released() - released;
        Err(format!(
            "{new} entries were released in {CALM} steps without faults"
        ))
    }

    /// All nodes run, and have all there is.
    fn is_equal(&self) -> bool {
        let all = self.oracle.batches();
        self.nodes
            .iter()
            .all(|node| node.process.is_some() && node.disk.synced == all)
    }

    /// One thing happens.
    fn step(&mut self) {
        self.now += self.random.below(10);
        self.expire();
        for _ in 0..40 {
            if self.something_happens() {
                return;
            }
        }
        self.now += 40;
    }

    /// Whether it did.
    fn something_happens(&mut self) -> bool {
        let threads = self.nodes.len() as u64 * THREADS;
        let at = self.random.below(threads + self.flights.len() as u64);
        if at >= threads {
            return self.flies((at - threads) as usize);
        }
        let (node, thread) = ((at / THREADS) as usize, at % THREADS);
        if self.now < self.nodes[node].paused_until {
            return false;
        }
        if self.nodes[node].process.is_none() {
            let is_time = self.now >= self.nodes[node].starts_at;
            if is_time {
                self.starts(node);
            }
            return is_time;
        }
        self.gives_up(node, thread) || self.go_on(node, thread)
    }

    /// A thread that has waited for too long.
    fn gives_up(&mut self, node: usize, thread: u64) -> bool {
        let Some(thread) = ALL.get(thread as usize) else {
            return false;
        };
        let Some(wait) = *self.process(node).wait(*thread) else {
            return false;
        };
        let is_over = self.now > wait.sent + PATIENCE || self.faults && self.random.chance(10);
        if is_over {
            self.answered(node, *thread, None);
        }
        is_over
    }

    /// Which thread waits for this answer.
    fn waits_for(&mut self, node: usize, ticket: u64) -> Option<Thread> {
        let process = self.nodes[node].process.as_mut()?;
        let is_it = |thread: &&Thread| {
            let wait = process.waits[**thread as usize];
            wait.is_some_and(|wait| wait.ticket == ticket)
        };
        ALL.iter().find(is_it).copied()
    }

    /// A message goes on, or not.
    fn flies(&mut self, at: usize) -> bool {
        let (lost, twice) = (self.random.chance(20), self.random.chance(20));
        let node = self.flights[at].node;
        if self.faults && lost || self.flights.len() > FLIGHTS_MAX {
            self.flights.swap_remove(at);
            return true;
        }
        if self.now < self.nodes[node].cut_until {
            return false;
        }
        let mut flight = self.flights.swap_remove(at);
        match flight.carries.clone() {
            Carries::Ask(ask) => {
                if self.faults && twice {
                    self.flights.push(flight.clone());
                }
                let entries = self.oracle.entries();
                flight.carries = Carries::Answer(self.perform(node, ask));
                let took_effect = self.oracle.entries() > entries;
                let late = took_effect && self.waits_for(node, flight.ticket).is_none();
                self.seen.late += u64::from(late);
                self.flights.push(flight);
            }
            Carries::Answer(answer) => {
                if self.now < self.nodes[node].paused_until {
                    self.flights.push(flight);
                    return false;
                }
                if let Some(thread) = self.waits_for(node, flight.ticket) {
                    self.answered(node, thread, Some(answer));
                }
            }
        }
        true
    }

    /// Something breaks.
    fn fault(&mut self) {
        let node = self.random.below(3) as usize;
        let long = |random: &mut Random| match random.chance(300) {
            true => random.below(9_000),
            false => random.below(1_500),
        };
        match self.random.below(21) {
            0..2 => {
                let disk = &mut self.nodes[node].disk;
                disk.lose_power(&mut self.random);
                self.exit(node);
            }
            2..4 => self.exit(node),
            4..9 => self.nodes[node].paused_until = self.now + long(&mut self.random),
            9..14 => self.nodes[node].cut_until = self.now + long(&mut self.random),
            14..17 => {
                let process = self.nodes[node].process.as_ref();
                if let Some(lease) = process.and_then(|process| process.keeper.lease) {
                    self.log.end(lease);
                }
            }
            17 => self.log_is_full = true,
            18 => self.log_is_full = false,
            19 => self.seize(node),
            _ => self.flights.clear(),
        }
        // It is full for a while only.
        if self.random.chance(500) {
            self.log_is_full = false;
        }
    }
}
