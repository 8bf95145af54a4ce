//! A scenario as a file. What is wrong with it is said with its line.

use std::path::Path;

use serde::Deserialize;
use toml::Spanned;

use super::faults::Faults;
use super::plan::{Course, Stage};
use super::threshold::{DELAY, Threshold};
use super::units::{Ramp, Share, Time};
use crate::load::mix::{Kind, Mix};
use crate::load::options::AmountRange;

/// Requests in flight on each connection of a closed loop where a stage does not say.
const WINDOW: u32 = 64;

/// A scenario: everything that it says itself. `None` leaves the default.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Scenario {
    /// Its name.
    pub name: Option<String>,
    /// Institution code of the party.
    pub party: Option<u64>,
    /// Development cards.
    pub cards: Option<u32>,
    /// Serial number of the first.
    pub first_card: Option<u32>,
    /// Connections.
    pub connections: Option<u32>,
    /// Amounts of purchases.
    pub amount: Option<AmountRange>,
    /// Seed of all choices.
    pub seed: Option<u64>,
    /// Its stages.
    pub stages: Vec<Stage>,
    /// What must hold.
    pub thresholds: Vec<Threshold>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    name: Option<String>,
    party: Option<u64>,
    cards: Option<u32>,
    first_card: Option<u32>,
    connections: Option<Spanned<u32>>,
    amount: Option<Spanned<String>>,
    seed: Option<u64>,
    mix: Option<Spanned<MixTable>>,
    faults: Option<FaultTable>,
    stages: Spanned<Vec<Spanned<StageTable>>>,
    #[serde(default)]
    thresholds: Vec<ThresholdTable>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StageTable {
    name: Option<String>,
    duration: Spanned<Time>,
    rate: Option<Spanned<Ramp>>,
    connections: Option<Spanned<Ramp>>,
    window: Option<Spanned<u32>>,
    #[serde(default)]
    pause: bool,
    mix: Option<Spanned<MixTable>>,
    faults: Option<FaultTable>,
}

/// Shares by kind: the file's own names are checked by serde, so that a wrong one has its line.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct MixTable {
    purchases: u16,
    repeats: u16,
    reversals: u16,
    inquiries: u16,
    authorizations: u16,
    completions: u16,
    refunds: u16,
    advices: u16,
    partials: u16,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct FaultTable {
    duplicates: Option<Share>,
    late_repeats: Option<Share>,
    late_after: Option<Time>,
    disconnects: Option<Share>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ThresholdTable {
    check: Spanned<String>,
    #[serde(default)]
    abort_on_fail: bool,
    after: Option<Time>,
}

impl MixTable {
    fn mix(&self) -> Result<Mix, String> {
        let Self {
            purchases,
            repeats,
            reversals,
            inquiries,
            authorizations,
            completions,
            refunds,
            advices,
            partials,
        } = *self;
        Mix::of(|kind| match kind {
            Kind::Purchase => purchases,
            Kind::Repeat => repeats,
            Kind::Reversal => reversals,
            Kind::Inquiry => inquiries,
            Kind::Authorization => authorizations,
            Kind::Completion => completions,
            Kind::Refund => refunds,
            Kind::Advice => advices,
            Kind::Partial => partials,
        })
    }
}

impl FaultTable {
    fn faults(&self) -> Faults {
        let usual = Faults::default();
        Faults {
            duplicates: self.duplicates.unwrap_or(usual.duplicates),
            late_repeats: self.late_repeats.unwrap_or(usual.late_repeats),
            late_after: self.late_after.map_or(usual.late_after, |after| after.0),
            disconnects: self.disconnects.unwrap_or(usual.disconnects),
        }
    }
}

/// Something wrong at a place of the file.
struct Wrong {
    at: usize,
    what: String,
}

fn wrong<T, V>(of: &Spanned<T>, what: impl Into<String>) -> Result<V, Wrong> {
    Err(Wrong {
        at: of.span().start,
        what: what.into(),
    })
}

impl Scenario {
    /// Reads a file; its name stands in for the scenario's where it has none.
    pub fn read(path: &Path) -> Result<Self, String> {
        let shown = path.display();
        let text = std::fs::read_to_string(path).map_err(|error| format!("{shown}: {error}"))?;
        let mut scenario = Self::parse(&text).map_err(|why| format!("{shown}: {why}"))?;
        if scenario.name.is_none() {
            let name = path.file_stem().map(|name| name.to_string_lossy());
            scenario.name = name.map(|name| name.into_owned());
        }
        Ok(scenario)
    }

    fn parse(text: &str) -> Result<Self, String> {
        let line = |at: usize| text[..at.min(text.len())].matches('\n').count() + 1;
        let file: File = toml::from_str(text).map_err(|error| match error.span() {
            Some(span) => format!("line {}: {}", line(span.start), error.message()),
            None => error.message().to_owned(),
        })?;
        file.scenario()
            .map_err(|wrong| format!("line {}: {}", line(wrong.at), wrong.what))
    }
}

impl File {
    fn scenario(self) -> Result<Scenario, Wrong> {
        if self.stages.get_ref().is_empty() {
            return wrong(&self.stages, "at least one stage is needed");
        }
        let mix = match &self.mix {
            Some(table) => mix(table)?,
            None => Mix::default(),
        };
        let faults = self
            .faults
            .as_ref()
            .map_or_else(Faults::default, FaultTable::faults);
        let mut stages = Vec::new();
        for (at, table) in self.stages.get_ref().iter().enumerate() {
            stages.push(stage(at, table, mix, faults)?);
        }
        let is_open = |stage: &Stage| matches!(stage.course, Course::Rate { .. });
        let is_closed = |stage: &Stage| matches!(stage.course, Course::Connections { .. });
        let mut paced = stages.iter().zip(self.stages.get_ref());
        let first_open = stages
            .iter()
            .find(|stage| !matches!(stage.course, Course::Pause));
        let Some(first_open) = first_open.map(is_open) else {
            return wrong(&self.stages, "a scenario of pauses alone asks nothing");
        };
        if let Some((_, other)) = paced.find(|(stage, _)| match first_open {
            true => is_closed(stage),
            false => is_open(stage),
        }) {
            return wrong(
                other,
                "either all stages have a `rate` (open loop) or all have `connections` (closed loop)",
            );
        }
        let most = stages.iter().filter_map(|stage| match stage.course {
            Course::Connections { from, to, .. } => Some(from.max(to).ceil() as u32),
            Course::Rate { .. } | Course::Pause => None,
        });
        let connections = match (&self.connections, most.max()) {
            (Some(stated), Some(_)) => {
                return wrong(stated, "the stages state the connections of a closed loop");
            }
            (Some(stated), None) if *stated.get_ref() == 0 => {
                return wrong(stated, "at least one connection is needed");
            }
            (Some(stated), None) => Some(*stated.get_ref()),
            (None, most) => most,
        };
        let amount = match &self.amount {
            Some(text) => Some(AmountRange::parse(text.get_ref()).or_else(|why| wrong(text, why))?),
            None => None,
        };
        let thresholds = self
            .thresholds
            .iter()
            .map(threshold)
            .collect::<Result<_, _>>()?;
        Ok(Scenario {
            name: self.name,
            party: self.party,
            cards: self.cards,
            first_card: self.first_card,
            connections,
            amount,
            seed: self.seed,
            stages,
            thresholds,
        })
    }
}

fn mix(table: &Spanned<MixTable>) -> Result<Mix, Wrong> {
    table.get_ref().mix().or_else(|why| wrong(table, why))
}

fn stage(
    at: usize,
    table: &Spanned<StageTable>,
    usual: Mix,
    faults: Faults,
) -> Result<Stage, Wrong> {
    let stated = table.get_ref();
    if stated.duration.get_ref().0.is_zero() {
        return wrong(&stated.duration, "a stage takes more than no time");
    }
    let window = stated.window.as_ref();
    if let Some(window) = window.filter(|window| !(1..=16_384).contains(window.get_ref())) {
        return wrong(window, "window: 1 to 16384");
    }
    let course = match (&stated.rate, &stated.connections, stated.pause) {
        (Some(rate), None, false) => {
            if let Some(window) = window {
                return wrong(window, "a stage with a `rate` has no `window`");
            }
            let Ramp { from, to } = *rate.get_ref();
            if from.max(to) <= 0.0 {
                return wrong(
                    rate,
                    "a rate is more than 0 at one end; `pause = true` asks nothing",
                );
            }
            Course::Rate { from, to }
        }
        (None, Some(connections), false) => {
            let Ramp { from, to } = *connections.get_ref();
            if from.min(to) < 1.0 || from.max(to) > 46_000.0 {
                return wrong(connections, "connections: 1 to 46000");
            }
            let window = window.map_or(WINDOW, |window| *window.get_ref());
            Course::Connections { from, to, window }
        }
        (None, None, true) => Course::Pause,
        _ => {
            return wrong(
                table,
                "a stage has exactly one of `rate`, `connections` and `pause = true`",
            );
        }
    };
    Ok(Stage {
        name: match &stated.name {
            Some(name) => name.clone(),
            None => format!("stage {}", at + 1),
        },
        duration: stated.duration.get_ref().0,
        course,
        mix: match &stated.mix {
            Some(table) => mix(table)?,
            None => usual,
        },
        faults: stated.faults.as_ref().map_or(faults, FaultTable::faults),
    })
}

fn threshold(table: &ThresholdTable) -> Result<Threshold, Wrong> {
    let parsed = Threshold::parse(table.check.get_ref()).or_else(|why| wrong(&table.check, why))?;
    let after = table.after.map_or(DELAY, |after| after.0);
    Ok(parsed.ending_the_run(table.abort_on_fail, after))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const WHOLE: &str = r#"
name = "a day in a minute"
party = 20000000001
cards = 500
first_card = 7
connections = 16
amount = "100..500"
seed = 3

[mix]
purchases = 90
repeats = 10

[faults]
duplicates = "1%"

[[stages]]
name = "morning"
duration = "20s"
rate = "10..200"

[[stages]]
duration = "5s"
pause = true

[[stages]]
duration = "10s"
rate = 200
mix = { purchases = 1 }
faults = { disconnects = 0.001, late_repeats = "2%", late_after = "3s" }

[[thresholds]]
check = "p99 < 50ms"

[[thresholds]]
check = "errors < 0.1%"
abort_on_fail = true
after = "2s"
"#;

    #[test]
    fn reads_everything_that_there_is() {
        let scenario = Scenario::parse(WHOLE).unwrap();
        assert_eq!(scenario.name.as_deref(), Some("a day in a minute"));
        assert_eq!(
            (scenario.cards, scenario.first_card, scenario.connections),
            (Some(500), Some(7), Some(16))
        );
        assert_eq!(
            (scenario.party, scenario.seed),
            (Some(20_000_000_001), Some(3))
        );
        let [morning, pause, noon] = &scenario.stages[..] else {
            panic!("{scenario:?}")
        };
        assert_eq!(
            morning.course,
            Course::Rate {
                from: 10.0,
                to: 200.0
            }
        );
        assert_eq!(morning.mix.to_string(), "purchases=90,repeats=10");
        assert_eq!(morning.faults.to_string(), "duplicates=1%");
        assert_eq!(
            (pause.name.as_str(), pause.course),
            ("stage 2", Course::Pause)
        );
        assert_eq!(noon.mix, Mix::PURCHASES);
        assert_eq!(
            noon.faults.to_string(),
            "late_repeats=2%,disconnects=0.1%,late_after=3s"
        );
        let [first, second] = &scenario.thresholds[..] else {
            panic!("{scenario:?}")
        };
        assert!(!first.abort_on_fail && second.abort_on_fail);
        assert_eq!(second.after, Duration::from_secs(2));
    }

    #[test]
    fn a_closed_loop_has_as_many_connections_as_its_largest_stage() {
        let text = "[[stages]]\nduration = \"1s\"\nconnections = \"1..32\"\nwindow = 4\n";
        let scenario = Scenario::parse(text).unwrap();
        assert_eq!(scenario.connections, Some(32));
        let course = Course::Connections {
            from: 1.0,
            to: 32.0,
            window: 4,
        };
        assert_eq!(scenario.stages[0].course, course);
    }

    /// A wrong file, and what is said of it.
    const WRONG: &[(&str, &str)] = &[
        ("stages = []", "line 1: at least one stage"),
        ("cards = 5\n", "missing field `stages`"),
        ("speed = 5\n", "line 1: unknown field `speed`"),
        (
            "[[stages]]\nduration = \"1s\"\nrate = 5\nramp = 9\n",
            "line 4: unknown field `ramp`",
        ),
        (
            "[[stages]]\nduration = \"soon\"\nrate = 5\n",
            "line 2: `soon` is not a time",
        ),
        (
            "[[stages]]\nduration = \"0s\"\nrate = 5\n",
            "line 2: a stage takes more than no time",
        ),
        (
            "[[stages]]\nduration = \"1s\"\nrate = \"5..x\"\n",
            "line 3: `5..x` is neither a number nor a ramp",
        ),
        (
            "[[stages]]\nduration = \"1s\"\nrate = 0\n",
            "line 3: a rate is more than 0",
        ),
        (
            "[[stages]]\nduration = \"1s\"\nrate = true\n",
            "line 3: invalid type: boolean",
        ),
        (
            "[[stages]]\nduration = \"1s\"\nrate = 5\nwindow = 4\n",
            "line 4: a stage with a `rate` has no `window`",
        ),
        (
            "[[stages]]\nduration = \"1s\"\nconnections = 0\n",
            "line 3: connections: 1 to 46000",
        ),
        (
            "[[stages]]\nduration = \"1s\"\nconnections = 4\nwindow = 0\n",
            "line 4: window: 1 to 16384",
        ),
        (
            "[[stages]]\nduration = \"1s\"\n",
            "line 1: a stage has exactly one of",
        ),
        (
            "[[stages]]\nduration = \"1s\"\npause = true\n",
            "line 1: a scenario of pauses alone",
        ),
        (
            "[[stages]]\nduration = \"1s\"\nrate = 5\n[[stages]]\nduration = \"1s\"\nconnections = 5\n",
            "line 4: either all stages have a `rate`",
        ),
        (
            "connections = 3\n[[stages]]\nduration = \"1s\"\nconnections = 5\n",
            "line 1: the stages state the connections",
        ),
        (
            "connections = 0\n[[stages]]\nduration = \"1s\"\nrate = 5\n",
            "line 1: at least one connection",
        ),
        (
            "amount = \"9..5\"\n[[stages]]\nduration = \"1s\"\nrate = 5\n",
            "line 1: `9..5`: need 0 < MIN <= MAX",
        ),
        (
            "[[stages]]\nduration = \"1s\"\nrate = 5\nmix = { gifts = 3 }\n",
            "line 4: unknown field `gifts`",
        ),
        (
            "[[stages]]\nduration = \"1s\"\nrate = 5\nmix = { repeats = 3 }\n",
            "line 4: a mix needs purchases",
        ),
        (
            "[[stages]]\nduration = \"1s\"\nrate = 5\nfaults = { duplicates = \"200%\" }\n",
            "line 4: `200%` is not a share",
        ),
        (
            "[[stages]]\nduration = \"1s\"\nrate = 5\n[[thresholds]]\ncheck = \"p98 < 5ms\"\n",
            "line 5: `p98` is none of",
        ),
    ];

    #[test]
    fn what_is_wrong_is_said_with_its_line() {
        for (text, expected) in WRONG {
            let error = Scenario::parse(text).unwrap_err();
            assert!(error.contains(expected), "{text}\n{error}");
        }
    }
}
