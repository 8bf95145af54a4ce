//! A report as JUnit XML, as build servers read it.

use std::fmt::Write as _;

use super::report::{Outcome, Report, Result};

/// The report as one document: a suite for each section.
pub fn junit(report: &Report) -> String {
    let mut text = String::from(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"tessera certify\">\n",
    );
    let mut rest = report.results.as_slice();
    while let Some(first) = rest.first() {
        let section = first.case.section();
        let count = rest
            .iter()
            .take_while(|result| result.case.section() == section)
            .count();
        let (suite, behind) = rest.split_at(count);
        rest = behind;
        write_suite(section, suite, &mut text);
    }
    text.push_str("</testsuites>\n");
    text
}

fn write_suite(section: &str, results: &[Result], text: &mut String) {
    let count = |wanted: fn(&Outcome) -> bool| {
        let all = results.iter();
        all.filter(|result| wanted(&result.outcome)).count()
    };
    let seconds: f64 = results.iter().map(|result| result.took.as_secs_f64()).sum();
    let _ = writeln!(
        text,
        "  <testsuite name=\"section {section}\" tests=\"{}\" failures=\"{}\" skipped=\"{}\" time=\"{seconds:.3}\">",
        results.len(),
        count(|outcome| matches!(outcome, Outcome::Failed(_))),
        count(|outcome| matches!(outcome, Outcome::Skipped(_))),
    );
    for result in results {
        let _ = writeln!(
            text,
            "    <testcase classname=\"section {section}\" name=\"{} {}\" time=\"{:.3}\">",
            result.case.number,
            escaped(result.case.title),
            result.took.as_secs_f64(),
        );
        match &result.outcome {
            Outcome::Passed => {}
            Outcome::Skipped(why) => {
                let _ = writeln!(text, "      <skipped message=\"{}\"/>", escaped(why));
            }
            Outcome::Failed(faults) => {
                let words: Vec<String> = faults
                    .iter()
                    .map(|fault| {
                        format!(
                            "{}: expected {}, found {}",
                            fault.place, fault.expected, fault.found
                        )
                    })
                    .collect();
                let _ = writeln!(
                    text,
                    "      <failure message=\"{}\">{}</failure>",
                    escaped(&words.join("; ")),
                    escaped(&result.details()),
                );
            }
        }
        text.push_str("    </testcase>\n");
    }
    text.push_str("  </testsuite>\n");
}

/// What XML 1.0 takes, in text and in attributes.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' | '\t' => out.push(character),
            character if character.is_control() => out.push('\u{FFFD}'),
            '\u{FFFE}' | '\u{FFFF}' => out.push('\u{FFFD}'),
            character => out.push(character),
        }
    }
    out
}
