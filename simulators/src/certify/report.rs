//! What a run found: one line per case, and for what failed the bytes, the answers and the fields.

use std::fmt::{self, Write as _};
use std::time::Duration;

use serde_json::{Value, json};
use tessera_protocol::{Secrets, describe};

use super::case::{Case, Line};
use super::judge::Fault;

/// What was sent, came or happened.
#[derive(Debug, Clone)]
pub struct Entry {
    /// `sent`, `came` or nothing.
    direction: &'static str,
    line: Line,
    /// What it is.
    words: String,
    bytes: Vec<u8>,
    /// In the binary packing, where it is a message.
    message: Option<Vec<u8>>,
}

impl Entry {
    /// Bytes that were sent, and the message in them.
    pub fn sent(
        line: Line,
        words: impl Into<String>,
        bytes: &[u8],
        message: Option<&[u8]>,
    ) -> Self {
        Self {
            direction: "sent",
            line,
            words: words.into(),
            bytes: bytes.to_vec(),
            message: message.map(<[u8]>::to_vec),
        }
    }

    /// A message that came.
    pub fn came(line: Line, bytes: &[u8], message: &[u8]) -> Self {
        Self {
            direction: "came",
            line,
            words: String::new(),
            bytes: bytes.to_vec(),
            message: Some(message.to_vec()),
        }
    }

    /// Something else.
    pub fn note(line: Line, words: impl Into<String>) -> Self {
        Self {
            direction: "",
            line,
            words: words.into(),
            bytes: Vec::new(),
            message: None,
        }
    }
}

impl Entry {
    /// For programs: direction, what it is, the bytes, and the message field by field.
    fn json(&self) -> Value {
        let message = self.message.as_ref();
        json!({
            "direction": if self.direction.is_empty() { "note" } else { self.direction },
            "what": self.words,
            "bytes": self.bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>(),
            "message": message.map(|message| describe(message, Secrets::Shown).to_json()),
        })
    }
}

impl fmt::Display for Entry {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let line = match self.line {
            0 => String::new(),
            line => format!(" (connection {})", line + 1),
        };
        if self.direction.is_empty() {
            return writeln!(out, "- {}{line}", self.words);
        }
        let space = if self.words.is_empty() { "" } else { " " };
        writeln!(
            out,
            "- {}{space}{}{line}, {} bytes",
            self.direction,
            self.words,
            self.bytes.len()
        )?;
        hexadecimal(&self.bytes, out)?;
        if let Some(message) = &self.message {
            for row in describe(message, Secrets::Shown).to_string().lines() {
                writeln!(out, "      {row}")?;
            }
        }
        Ok(())
    }
}

/// Lines of 32 bytes in groups of four.
pub fn hexadecimal(bytes: &[u8], out: &mut dyn fmt::Write) -> fmt::Result {
    for line in bytes.chunks(32) {
        out.write_str("    ")?;
        for (at, byte) in line.iter().enumerate() {
            let space = if at % 4 == 0 { " " } else { "" };
            write!(out, "{space}{byte:02x}")?;
        }
        out.write_str("\n")?;
    }
    Ok(())
}

/// How a case ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// All is as it has to be.
    Passed,
    /// What is not.
    Failed(Vec<Fault>),
    /// Why it was not played.
    Skipped(String),
}

/// A case and how it ended.
#[derive(Debug, Clone)]
pub struct Result {
    /// The case.
    pub case: Case,
    /// How it ended.
    pub outcome: Outcome,
    /// What was sent and came.
    pub transcript: Vec<Entry>,
    /// How long it took.
    pub took: Duration,
}

impl Result {
    /// What was sent and came, for programs.
    pub fn transcript_json(&self) -> Value {
        self.transcript.iter().map(Entry::json).collect()
    }

    /// The bytes, the answers, and what is wrong with them.
    pub fn details(&self) -> String {
        let case = &self.case;
        let heading = format!("{} {}\n  section {}\n", case.number, case.title, case.rule);
        heading + &self.transcript_text()
    }

    /// The same without the case.
    pub fn transcript_text(&self) -> String {
        let mut text = String::new();
        for entry in &self.transcript {
            for line in entry.to_string().lines() {
                let _ = writeln!(text, "  {line}");
            }
        }
        if let Outcome::Failed(faults) = &self.outcome {
            for fault in faults {
                let _ = writeln!(
                    text,
                    "  ✗ {}: expected {}, found {}",
                    fault.place, fault.expected, fault.found
                );
            }
        }
        text
    }
}

/// What a run found.
#[derive(Debug, Clone)]
pub struct Report {
    /// Who was certified, and where.
    pub heading: String,
    /// Every case, in order.
    pub results: Vec<Result>,
    /// How long it took.
    pub took: Duration,
}

impl Report {
    /// Whether no case failed.
    pub fn clean(&self) -> bool {
        self.count(|outcome| matches!(outcome, Outcome::Failed(_))) == 0
    }

    /// How many cases ended so.
    pub fn count(&self, wanted: impl Fn(&Outcome) -> bool) -> usize {
        let all = self.results.iter();
        all.filter(|result| wanted(&result.outcome)).count()
    }

    /// Counts, and every case with its result; faults with what was expected and found.
    pub fn json(&self) -> Value {
        let cases = self.results.iter().map(|result| {
            let (outcome, faults, reason) = match &result.outcome {
                Outcome::Passed => ("passed", &[][..], None),
                Outcome::Failed(faults) => ("failed", faults.as_slice(), None),
                Outcome::Skipped(why) => ("skipped", &[][..], Some(why)),
            };
            let faults = faults.iter().map(|fault| {
                json!({ "place": fault.place, "expected": fault.expected, "found": fault.found })
            });
            json!({
                "number": result.case.number,
                "title": result.case.title,
                "rule": result.case.rule,
                "outcome": outcome,
                "reason": reason,
                "faults": faults.collect::<Vec<_>>(),
                "milliseconds": result.took.as_millis() as u64,
            })
        });
        json!({
            "certified": self.heading,
            "passed": self.count(|outcome| *outcome == Outcome::Passed),
            "failed": self.count(|outcome| matches!(outcome, Outcome::Failed(_))),
            "skipped": self.count(|outcome| matches!(outcome, Outcome::Skipped(_))),
            "milliseconds": self.took.as_millis() as u64,
            "cases": cases.collect::<Vec<_>>(),
        })
    }

    /// Everything that was sent and came, case by case.
    pub fn details(&self) -> String {
        let mut text = format!("{self}\n");
        for result in &self.results {
            if !result.transcript.is_empty() {
                text.push_str(&result.details());
                text.push('\n');
            }
        }
        text
    }
}

impl fmt::Display for Report {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(out, "{}\n", self.heading)?;
        let mut section = "";
        for result in &self.results {
            if result.case.section() != section {
                section = result.case.section();
                writeln!(out, "Section {section}")?;
            }
            let (mark, more) = match &result.outcome {
                Outcome::Passed => ("ok  ", String::new()),
                Outcome::Failed(_) => ("FAIL", String::new()),
                Outcome::Skipped(why) => ("skip", format!("  -- {why}")),
            };
            writeln!(
                out,
                "  {mark} {} {}{more}",
                result.case.number, result.case.title
            )?;
        }
        let failed = |outcome: &Outcome| matches!(outcome, Outcome::Failed(_));
        for result in self.results.iter().filter(|result| failed(&result.outcome)) {
            write!(out, "\n{}", result.details())?;
        }
        writeln!(
            out,
            "\n{} passed, {} failed, {} skipped, in {:.1} s",
            self.count(|outcome| *outcome == Outcome::Passed),
            self.count(failed),
            self.count(|outcome| matches!(outcome, Outcome::Skipped(_))),
            self.took.as_secs_f64(),
        )
    }
}
