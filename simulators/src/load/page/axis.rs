//! Axes: from figures to places on a picture, and the round figures that are written beside it.

use crate::load::words::latency;

/// How an axis spreads its figures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scale {
    /// Equal steps are equally wide.
    Linear,
    /// Equal ratios are equally wide.
    Log,
}

/// An axis of figures.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Axis {
    scale: Scale,
    from: f64,
    to: f64,
}

impl Axis {
    /// From nothing to a round figure that is not below `most`.
    pub fn linear(most: f64) -> Self {
        let step = step(most / 4.0);
        Self {
            scale: Scale::Linear,
            from: 0.0,
            to: (most / step).ceil().max(1.0) * step,
        }
    }

    /// From 0 to exactly `to`.
    pub fn exact(to: f64) -> Self {
        Self {
            scale: Scale::Linear,
            from: 0.0,
            to: to.max(f64::MIN_POSITIVE),
        }
    }

    /// From a round figure that is not above `least` to one that is not below `most`; both above 0.
    pub fn log(least: f64, most: f64) -> Self {
        let (least, most) = (least.max(1e-9), most.max(1e-9));
        let from = below(least);
        let to = above(most);
        Self {
            scale: Scale::Log,
            from,
            to: if to > from { to } else { from * 10.0 },
        }
    }

    /// Where a figure is, from 0 at the beginning to 1 at the end.
    pub fn place(&self, figure: f64) -> f64 {
        let place = match self.scale {
            Scale::Linear => (figure - self.from) / (self.to - self.from),
            Scale::Log => (figure.max(1e-9) / self.from).ln() / (self.to / self.from).ln(),
        };
        place.clamp(0.0, 1.0)
    }

    /// Figures to write beside it.
    pub fn ticks(&self) -> Vec<f64> {
        match self.scale {
            Scale::Linear => {
                let step = step(self.to / 4.0);
                let count = (self.to / step + 1e-6) as u32;
                (0..=count).map(|tick| f64::from(tick) * step).collect()
            }
            Scale::Log => {
                let all: Vec<_> = rounds()
                    .filter(|round| *round >= self.from * 0.999 && *round <= self.to * 1.001)
                    .collect();
                // Three to each tenfold where they are few, one where they are many.
                match all.len() {
                    0..=7 => all,
                    _ => (all.into_iter())
                        .filter(|round| (round.log10() - round.log10().round()).abs() < 1e-6)
                        .collect(),
                }
            }
        }
    }
}

/// A latency as it stands beside an axis: `5 ms`, where a table has `5.00 ms`.
pub fn latency_words(microseconds: f64) -> String {
    let words = latency(microseconds);
    match words.split_once(' ') {
        Some((figure, unit)) if figure.contains('.') => {
            let figure = figure.trim_end_matches('0').trim_end_matches('.');
            format!("{figure} {unit}")
        }
        _ => words,
    }
}

/// The least of 1, 2, 5, 10, 20, ... that is not below `least`.
fn step(least: f64) -> f64 {
    let least = least.max(1e-6);
    rounds()
        .find(|round| *round >= least * 0.999_999)
        .unwrap_or(least)
}

fn below(figure: f64) -> f64 {
    let under = rounds().take_while(|round| *round <= figure * 1.000_001);
    under.last().unwrap_or(figure)
}

fn above(figure: f64) -> f64 {
    step(figure)
}

/// 1, 2 and 5 of every power of ten that can occur.
fn rounds() -> impl Iterator<Item = f64> {
    (-9..16).flat_map(|power| [1.0, 2.0, 5.0].map(|times| times * 10f64.powi(power)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_axis_ends_at_a_round_figure() {
        for (most, end, ticks) in [
            (0.0, 1e-6, 2),
            (7.0, 8.0, 5),
            (980.0, 1_000.0, 3),
            (1_234.0, 1_500.0, 4),
        ] {
            let axis = Axis::linear(most);
            assert!((axis.to - end).abs() < end * 1e-6, "{most}: {axis:?}");
            let made = axis.ticks();
            assert_eq!(made.len(), ticks, "{most}: {made:?}");
            assert_eq!(made[0], 0.0);
        }
    }

    #[test]
    fn latencies_beside_an_axis_have_no_needless_digits() {
        let words = [200.0, 5_000.0, 10_000.0, 2_500.0, 1e6].map(latency_words);
        assert_eq!(words, ["200 µs", "5 ms", "10 ms", "2.5 ms", "1 s"]);
    }

    #[test]
    fn a_logarithmic_axis_gives_equal_ratios_equal_widths() {
        let axis = Axis::log(13.0, 95_000.0);
        assert_eq!(axis.place(10.0), 0.0);
        assert_eq!(axis.place(100_000.0), 1.0);
        let step = axis.place(100.0);
        assert!((axis.place(1_000.0) - 2.0 * step).abs() < 1e-9);
        let ticks: Vec<_> = axis.ticks().iter().map(|tick| tick.round()).collect();
        assert_eq!(ticks, [10.0, 100.0, 1_000.0, 10_000.0, 100_000.0]);
        let narrow: Vec<_> = Axis::log(11.0, 40.0).ticks();
        assert_eq!(narrow.len(), 3, "{narrow:?}");
        // One figure alone has an axis too.
        assert!(Axis::log(10.0, 10.0).place(10.0) == 0.0);
    }
}
