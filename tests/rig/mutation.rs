//! Inputs that are nearly right: seeds with some of their bytes changed, at random.

#![allow(dead_code, reason = "each test uses its own part")]

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

/// Another one by `TESSERA_FUZZ_SEED`.
const SEED: u64 = 20_261_129;
const BYTES_MAX: usize = 64 * 1024;
/// Bytes that stand at the edge of something: signs, separators, ends of ranges.
const EDGES: &[u8] = b"\x00\x01\x0a\x0d\x20\"&+,-.09=AZ\\_az\x7f\x80\x99\xf0\xff";

pub struct Mutation {
    random: StdRng,
    seeds: Vec<Vec<u8>>,
}

impl Mutation {
    /// Prints its seed.
    #[allow(clippy::print_stdout, reason = "to repeat a failure")]
    pub fn of(seeds: Vec<Vec<u8>>) -> Self {
        let seed = std::env::var("TESSERA_FUZZ_SEED").ok();
        let seed = seed.map_or(SEED, |seed| seed.parse().expect("a number"));
        println!("TESSERA_FUZZ_SEED={seed}");
        assert!(!seeds.is_empty());
        Self {
            random: StdRng::seed_from_u64(seed),
            seeds,
        }
    }

    /// Calls `run` with so many inputs, the seeds themselves first; names the input that it panics at.
    pub fn run(mut self, cases: usize, run: impl Fn(&[u8])) {
        for case in 0..cases {
            let input = match self.seeds.get(case) {
                Some(seed) => seed.clone(),
                None => self.input(),
            };
            let _named = Named(&input);
            run(&input);
        }
    }

    /// One seed, changed in one to eight places.
    pub fn input(&mut self) -> Vec<u8> {
        let seed = self.seed();
        self.changed(seed)
    }

    /// This one, changed likewise.
    pub fn changed(&mut self, mut input: Vec<u8>) -> Vec<u8> {
        for _ in 0..1 << self.random.random_range(0..4) {
            self.change(&mut input);
        }
        input.truncate(BYTES_MAX);
        input
    }

    fn seed(&mut self) -> Vec<u8> {
        let index = self.random.random_range(0..self.seeds.len());
        self.seeds[index].clone()
    }

    fn change(&mut self, input: &mut Vec<u8>) {
        let at = self.random.random_range(0..=input.len());
        let end = (at + self.random.random_range(1..=16)).min(input.len());
        match self.random.random_range(0..7) {
            0 => input.insert(at, self.edge()),
            1 => input.truncate(at),
            2 => drop(input.drain(at..end)),
            3 => {
                let again = input[at..end].to_vec();
                input.splice(at..at, again);
            }
            4 => {
                let other = self.seed();
                let from = self.random.random_range(0..=other.len());
                input.truncate(at);
                input.extend_from_slice(&other[from..]);
            }
            5 if at < input.len() => input[at] = self.edge(),
            _ if at < input.len() => input[at] ^= 1 << self.random.random_range(0..8),
            _ => {}
        }
    }

    fn edge(&mut self) -> u8 {
        EDGES[self.random.random_range(0..EDGES.len())]
    }
}

/// The input of the case that is under way.
struct Named<'a>(&'a [u8]);

impl Drop for Named<'_> {
    #[allow(clippy::print_stderr, reason = "for the analysis of a failure")]
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("the input: {}", self.0.escape_ascii());
        }
    }
}
