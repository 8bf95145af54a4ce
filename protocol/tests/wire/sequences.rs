//! The sequence diagrams of `docs/flows.md` against the worked examples: an arrow below `%% example: NAME` shows the
//! message of that example, with its type, and each field as `4=000000001999`, or a tag of a field as `48.01=ORDER-1`.

use std::collections::BTreeSet;

use crate::common::hex;
use crate::tables::made;
use crate::worked::examples;
use tessera_protocol::{FIELDS, Message, Mti, Packing, tlv};

const FLOWS: &str = "docs/flows.md";
const MARK: &str = "%% example: ";

/// The lines of all diagrams, each arrow with the example that it names.
fn arrows() -> Vec<(Option<String>, String)> {
    let text = made::read(FLOWS);
    let diagrams = text.split("```mermaid\n").skip(1);
    let mut arrows = Vec::new();
    for diagram in diagrams {
        let (lines, _) = diagram.split_once("```").unwrap();
        let mut lines = lines.lines().map(str::trim);
        assert_eq!(lines.next(), Some("sequenceDiagram"));
        let mut example = None;
        for line in lines {
            if let Some(name) = line.strip_prefix(MARK) {
                example = Some(name.to_owned());
            } else if line.contains("->>") || line.contains("--x") {
                arrows.push((example.take(), line.to_owned()));
            } else {
                let plain = ["actor ", "participant ", "Note over "];
                assert!(plain.iter().any(|word| line.starts_with(word)), "{line}");
            }
        }
    }
    arrows
}

/// The value of `4`, or of the tag `48.01`.
fn value(message: &Message<'_>, place: &str) -> Option<String> {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim_end().to_owned();
    if let Some((field, tag)) = place.split_once('.') {
        let tag = tag.parse().ok()?;
        return tlv::find(message.raw(field.parse().ok()?)?, tag)
            .ok()?
            .map(text);
    }
    let field: u8 = place.parse().ok()?;
    if let Some(characters) = message.text(field) {
        return Some(text(characters));
    }
    // Digits are packed by two, with a zero in front of an odd number of them.
    let digits = hex(message.raw(field)?).replace(' ', "");
    let Packing::Numeric(length) = FIELDS[usize::from(field) - 1].packing else {
        return Some(digits);
    };
    Some(digits[digits.len() - usize::from(length)..].to_owned())
}

#[test]
fn every_message_of_a_flow_is_the_example_that_it_names() {
    let examples = examples();
    let mut shown = BTreeSet::new();
    for (name, arrow) in arrows() {
        let (who, said) = arrow.split_once(": ").unwrap();
        let (first, rest) = said.split_once(' ').unwrap_or((said, ""));
        let number = (first.len() == 4).then(|| u16::from_str_radix(first, 16).ok());
        let Some(number) = number.flatten() else {
            assert_eq!(name, None, "{arrow}");
            continue;
        };
        let Some(name) = name else {
            // It is a message of the protocol all the same.
            assert!(Mti::new(number).is_some(), "{arrow}");
            continue;
        };
        let example = examples.iter().find(|example| example.name == name);
        let example = example.unwrap_or_else(|| panic!("no example {name}: {arrow}"));
        let message = Message::parse(&example.frame[2..]).unwrap();
        assert_eq!(message.mti().value(), number, "{arrow}");
        let is_answer = who.starts_with('S');
        assert_eq!(message.mti().is_answer(), is_answer, "{arrow}");
        let mut fields = Vec::new();
        for part in rest.split(' ') {
            match part.split_once('=') {
                Some((place, value)) => fields.push((place, value.to_owned())),
                // A value may have spaces.
                None => fields.last_mut().unwrap().1.push_str(&format!(" {part}")),
            }
        }
        assert!(!fields.is_empty(), "{arrow}");
        for (place, stated) in fields {
            let found = value(&message, place);
            assert_eq!(found.as_deref(), Some(&*stated), "field {place}: {arrow}");
        }
        shown.insert(name);
    }
    for name in [
        "announce-order",
        "purchase-by-order",
        "order-approved",
        "purchase-by-card",
        "purchase-declined",
        "authorization",
        "completion",
        "reversal",
        "partial-reversal",
        "refund",
    ] {
        assert!(shown.contains(name), "{name} is in no flow");
    }
}

#[test]
fn there_are_six_flows() {
    let text = made::read(FLOWS);
    let flows = text.lines().filter(|line| {
        line.strip_prefix("## ")
            .is_some_and(|title| title.starts_with(|first: char| first.is_ascii_digit()))
    });
    assert_eq!(flows.count(), 6);
}
