//! The closed list of rules that decline: each with a text of its own, which label, tag 09, log and journal share.

use std::collections::BTreeMap;
use std::path::Path;
use std::{env, fs};

use tessera_kit::clock::Timestamp;

use super::bench::by_card;
use crate::{Balance, Entry, Event, Reason, Rule, WalletId};

fn declined(reason: Reason) -> Entry {
    Entry {
        wallet: WalletId(1),
        previous: None,
        at: Timestamp::from_milliseconds(1),
        available: Balance::ZERO,
        held: Balance::ZERO,
        owed: Balance::ZERO,
        event: Event::Declined {
            opening: by_card(1, 1, 100),
            code: tessera_protocol::ResponseCode::DECLINED,
            reason,
        },
    }
}

fn written(entry: &Entry) -> Vec<u8> {
    let mut bytes = Vec::new();
    entry.write(&mut bytes);
    bytes
}

#[test]
fn every_rule_has_a_text_of_its_own() {
    let mut rules = BTreeMap::new();
    for rule in Rule::all() {
        assert!(!rule.text().is_empty() && rule.text().is_ascii(), "{rule}");
        let other = rules.insert(rule.text(), rule);
        assert_eq!(other, None, "{rule}: {rule:?} and another rule");
        assert_eq!(Rule::with_text(rule.text()), Some(rule));
        assert!(!rule.code().is_approved(), "{rule}");
    }
    assert_eq!(Rule::with_text(""), None);
}

#[test]
fn the_journal_has_the_text_and_gives_the_rule_back() {
    for rule in Rule::all() {
        let entry = declined(rule.into());
        let bytes = written(&entry);
        let text = rule.text().as_bytes();
        assert!(bytes.ends_with(text), "{rule}");
        assert_eq!(usize::from(bytes[bytes.len() - text.len() - 1]), text.len());
        assert_eq!(Entry::read(&bytes), Ok(entry));
    }
}

/// No decision depends on it, so that another build's journal is read all the same.
#[test]
fn a_rule_of_another_build_stays_as_it_was_written() {
    for text in ["", "insufficient funds", "not enough money "] {
        let entry = declined(Reason::Other(text.into()));
        let bytes = written(&entry);
        let read = Entry::read(&bytes);
        assert_eq!(read.as_ref(), Ok(&entry), "{text}");
        assert_eq!(written(&read.expect("an entry")), bytes);
    }
}

/// The list for developers and operators; a text that changes is another time series, and stays out of old journals.
#[test]
fn the_document_lists_every_rule() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/declines.md");
    let rows: Vec<String> = Rule::all()
        .map(|rule| format!("| {} | {rule} |", rule.code()))
        .collect();
    let document = fs::read_to_string(&file).unwrap_or_default();
    let mut listed = Vec::new();
    for line in document.lines() {
        let Some(row) = line
            .strip_prefix("| ")
            .and_then(|row| row.strip_suffix(" |"))
        else {
            continue;
        };
        if !row.starts_with(|first: char| first.is_ascii_digit()) {
            continue;
        }
        let cells: Vec<&str> = row.split(" | ").collect();
        let [code, text, cause, remedy] = cells[..] else {
            panic!("code, text, cause and remedy are needed: {line}");
        };
        // A cause that only repeats the text helps nobody.
        assert!(
            cause.len() > 10 && cause != text && !remedy.is_empty(),
            "{line}"
        );
        listed.push(format!("| {code} | {text} |"));
    }
    assert_eq!(
        listed,
        rows,
        "{}: these are the first cells of the rows\n{}",
        file.display(),
        rows.join("\n")
    );
}

/// A rule whose text changed would be explained to payers no more.
#[test]
fn payers_read_reasons_of_rules_that_there_are() {
    for text in tessera_texts::rules::rules() {
        let rule = Rule::with_text(text);
        assert!(rule.is_some(), "no rule has the text {text:?}");
    }
}
