//! A scenario made larger or smaller by options: its shape stays.

use std::time::Duration;

use super::faults::Faults;
use super::plan::{Course, Stage};
use crate::load::mix::Mix;

/// What options state beside a scenario.
#[derive(Debug, Clone, Copy, Default)]
pub struct Scale {
    /// How long all stages take together.
    pub duration: Option<Duration>,
    /// The largest rate.
    pub rate: Option<f64>,
    /// Requests in flight on each connection.
    pub window: Option<u32>,
    /// Most connections of a closed loop. In an open one they change nothing here.
    pub connections: Option<u32>,
    /// The mix of all stages.
    pub mix: Option<Mix>,
    /// The faults of all stages.
    pub faults: Option<Faults>,
}

impl Scale {
    /// The stages with this scale. An error where the option is of the other loop.
    pub fn apply(&self, mut stages: Vec<Stage>) -> Result<Vec<Stage>, String> {
        if stages.is_empty() {
            return Ok(stages);
        }
        let most = |of: fn(&Course) -> f64| {
            stages
                .iter()
                .map(|stage| of(&stage.course))
                .fold(0.0, f64::max)
        };
        let rate = most(|course| match course {
            Course::Rate { from, to } => from.max(*to),
            Course::Connections { .. } | Course::Pause => 0.0,
        });
        let connections = most(|course| match course {
            Course::Connections { from, to, .. } => from.max(*to),
            Course::Rate { .. } | Course::Pause => 0.0,
        });
        if self.rate.is_some() && rate == 0.0 {
            return Err(
                "--rate: the stages of this scenario state connections, not rates".to_owned(),
            );
        }
        if self.window.is_some() && rate > 0.0 {
            return Err("--window: the stages of this scenario state rates".to_owned());
        }
        let whole: Duration = stages.iter().map(|stage| stage.duration).sum();
        let longer = self
            .duration
            .map_or(1.0, |duration| duration.as_secs_f64() / whole.as_secs_f64());
        let faster = self.rate.map_or(1.0, |wanted| wanted / rate);
        let wider = self
            .connections
            .map_or(1.0, |wanted| f64::from(wanted) / connections);
        for stage in &mut stages {
            stage.duration = stage.duration.mul_f64(longer);
            match &mut stage.course {
                Course::Rate { from, to } => {
                    *from *= faster;
                    *to *= faster;
                }
                Course::Connections { from, to, window } => {
                    *from = (*from * wider).max(1.0);
                    *to = (*to * wider).max(1.0);
                    *window = self.window.unwrap_or(*window);
                }
                Course::Pause => {}
            }
            stage.mix = self.mix.unwrap_or(stage.mix);
            stage.faults = self.faults.unwrap_or(stage.faults);
        }
        Ok(stages)
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
            mix: Mix::default(),
            faults: Faults::default(),
        }
    }

    #[test]
    fn the_shape_stays() {
        let stages = vec![
            stage(
                30,
                Course::Rate {
                    from: 10.0,
                    to: 100.0,
                },
            ),
            stage(10, Course::Pause),
            stage(
                20,
                Course::Rate {
                    from: 50.0,
                    to: 50.0,
                },
            ),
        ];
        let scale = Scale {
            duration: Some(Duration::from_secs(6)),
            rate: Some(200.0),
            mix: Some(Mix::PURCHASES),
            ..Scale::default()
        };
        let scaled = scale.apply(stages.clone()).unwrap();
        let seconds: Vec<_> = scaled
            .iter()
            .map(|stage| stage.duration.as_secs_f64())
            .collect();
        assert_eq!(seconds, [3.0, 1.0, 2.0]);
        assert_eq!(
            scaled[0].course,
            Course::Rate {
                from: 20.0,
                to: 200.0
            }
        );
        assert_eq!(
            scaled[2].course,
            Course::Rate {
                from: 100.0,
                to: 100.0
            }
        );
        assert_eq!(scaled[1].mix, Mix::PURCHASES);
        assert_eq!(Scale::default().apply(stages.clone()), Ok(stages.clone()));
        let window = Scale {
            window: Some(3),
            ..Scale::default()
        };
        assert!(window.apply(stages).unwrap_err().contains("--window"));
    }

    #[test]
    fn connections_are_scaled_and_never_none() {
        let stages = vec![stage(
            1,
            Course::Connections {
                from: 1.0,
                to: 64.0,
                window: 8,
            },
        )];
        let scale = Scale {
            connections: Some(16),
            window: Some(2),
            ..Scale::default()
        };
        let scaled = scale.apply(stages.clone()).unwrap();
        assert_eq!(
            scaled[0].course,
            Course::Connections {
                from: 1.0,
                to: 16.0,
                window: 2
            }
        );
        let rate = Scale {
            rate: Some(3.0),
            ..Scale::default()
        };
        assert!(rate.apply(stages).unwrap_err().contains("--rate"));
    }
}
