//! Whether two runs differ by more than each of them differs from itself.
//!
//! The seconds of a run are no independent measurements: a checkpoint or a noisy neighbour lasts for several of them. So the
//! run is cut into pieces, and the spread of their means says how well the mean of the run is known:
//!
//! ```text
//! error of a mean = spread of the means of the pieces / root of their number
//! difference      = mean of B - mean of A, in units of both errors together
//! ```

use serde::Serialize;

/// Pieces of a run.
const PIECES: usize = 8;

/// Seconds of a run that is long enough: two for each piece.
pub const SECONDS_MIN: usize = 2 * PIECES;

/// A difference of so many errors is noise.
const NOISE_MAX: f64 = 2.0;

/// From so many on it is none: chance does this once in some hundred comparisons, slow drift within the runs included.
const DIFFERENCE_MIN: f64 = 4.0;

/// What is to be thought of a difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Noise {
    /// Either run is too short to say.
    TooShort,
    /// Each run differs from itself by as much.
    Within,
    /// Neither clearly noise nor clearly none.
    Near,
    /// The runs differ.
    Beyond,
}

impl Noise {
    /// In words.
    pub const fn words(self) -> &'static str {
        match self {
            Self::TooShort => "too short to say",
            Self::Within => "within the noise",
            Self::Near => "near the noise",
            Self::Beyond => "larger than the noise",
        }
    }

    /// Compares the figures of each second of two runs.
    pub fn between(a: &[f64], b: &[f64]) -> Self {
        let (Some((a, error_a)), Some((b, error_b))) = (mean(a), mean(b)) else {
            return Self::TooShort;
        };
        let error = (error_a * error_a + error_b * error_b).sqrt();
        let difference = (b - a).abs();
        // Figures are rounded: what is as good as nothing is nothing.
        if difference <= a.abs() * 1e-6 {
            return Self::Within;
        }
        match difference / error {
            ..NOISE_MAX => Self::Within,
            ..DIFFERENCE_MIN => Self::Near,
            _ => Self::Beyond,
        }
    }
}

/// The mean of a run's figures and its error.
fn mean(figures: &[f64]) -> Option<(f64, f64)> {
    if figures.len() < SECONDS_MIN {
        return None;
    }
    let average = |figures: &[f64]| figures.iter().sum::<f64>() / figures.len() as f64;
    let edge = |piece: usize| figures.len() * piece / PIECES;
    let pieces: Vec<f64> = (0..PIECES)
        .map(|piece| average(&figures[edge(piece)..edge(piece + 1)]))
        .collect();
    let mean = average(&pieces);
    let squares = pieces.iter().map(|piece| (piece - mean).powi(2));
    let spread = (squares.sum::<f64>() / (PIECES - 1) as f64).sqrt();
    Some((mean, spread / (PIECES as f64).sqrt()))
}

#[cfg(test)]
mod tests {
    use rand::rngs::SmallRng;
    use rand::{RngExt as _, SeedableRng as _};

    use super::*;

    /// A minute of figures around `mean`, which drift slowly.
    fn figures(mean: f64, dice: &mut SmallRng) -> Vec<f64> {
        let mut drift = 0.0;
        let mut next = || {
            drift = drift * 0.8 + dice.random_range(-1.0..1.0);
            mean + drift + dice.random_range(-2.0..2.0)
        };
        (0..60).map(|_| next()).collect()
    }

    #[test]
    fn two_runs_of_the_same_seldom_differ() {
        let mut dice = SmallRng::seed_from_u64(7);
        let mut beyond = 0;
        for _ in 0..500 {
            let (a, b) = (figures(100.0, &mut dice), figures(100.0, &mut dice));
            beyond += u32::from(Noise::between(&a, &b) == Noise::Beyond);
        }
        assert!(beyond <= 15, "{beyond} of 500");
    }

    #[test]
    fn a_difference_is_seen() {
        let mut dice = SmallRng::seed_from_u64(7);
        for _ in 0..100 {
            let (a, b) = (figures(100.0, &mut dice), figures(105.0, &mut dice));
            assert_eq!(Noise::between(&a, &b), Noise::Beyond);
        }
        assert_eq!(Noise::between(&[5.0; 20], &[5.0; 20]), Noise::Within);
        assert_eq!(Noise::between(&[5.0; 20], &[6.0; 20]), Noise::Beyond);
        assert_eq!(Noise::between(&[5.0; 15], &[6.0; 20]), Noise::TooShort);
    }
}
