//! Holds an answer to the rule for every answer (section 4) and to what its case expects beside.

use std::collections::BTreeMap;

use tessera_protocol::MacKey;

use super::answer::{Answer, Expected};
use super::keys::Key;
use super::packing::FilledMessage;
use super::seen::Seen;

/// What every answer echoes as far as its message had it.
const ECHOED: [u8; 15] = [2, 3, 4, 7, 11, 12, 13, 15, 32, 37, 41, 42, 49, 70, 90];

/// What the answer to a message that could not be read echoes, as far as that goes.
const READABLE: [u8; 6] = [7, 11, 32, 37, 41, 42];

/// Where a decline says why, and where balances stand.
const REASON: u8 = 48;
const APPROVAL: u8 = 38;
const CODE: u8 = 39;

/// One thing that is not as it has to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The field, or what else.
    pub place: String,
    /// What it has to be.
    pub expected: String,
    /// What it is.
    pub found: String,
}

impl Fault {
    /// Made of three texts.
    pub fn new(
        place: impl Into<String>,
        expected: impl Into<String>,
        found: impl Into<String>,
    ) -> Self {
        Self {
            place: place.into(),
            expected: expected.into(),
            found: found.into(),
        }
    }
}

/// Everything that one answer is compared with.
pub struct Bench<'a> {
    /// What was asked.
    pub asked: &'a FilledMessage,
    /// The answers to the case's earlier messages, the first at 0.
    pub earlier: &'a [Option<Seen>],
    /// What the answer has to be sealed with.
    pub key: Option<(Key, &'a MacKey)>,
    /// What was available before the message, where that is known.
    pub available: Option<i64>,
    /// Values that are named and not written down, by name.
    pub value: &'a dyn Fn(u8, &super::message::Value) -> String,
}

/// The message type of an answer.
pub fn answer_mti(mti: &str) -> String {
    // Section 7: 0302 is answered by 0312.
    if mti == "0302" {
        return "0312".to_owned();
    }
    let mut digits: Vec<char> = mti.chars().collect();
    if let Some(third) = digits.get_mut(2) {
        *third = char::from_digit(third.to_digit(10).unwrap_or(0) + 1, 10).unwrap_or('?');
    }
    if let Some(last) = digits.get_mut(3) {
        *last = '0';
    }
    digits.into_iter().collect()
}

/// What each field of the answer has to be; a field that is not named here has to be absent. Field 39 is left to the codes.
pub fn expectations(asked: &FilledMessage, answer: &Answer) -> BTreeMap<u8, Expected> {
    let mut expected = BTreeMap::new();
    if answer.format_error {
        for field in READABLE {
            expected.insert(field, Expected::EchoedIfAtAll);
        }
    } else {
        for field in ECHOED {
            let echoed = asked.fields.contains_key(&field);
            expected.insert(
                field,
                if echoed {
                    Expected::Echoed
                } else {
                    Expected::Absent
                },
            );
        }
    }
    let approves = answer.codes.iter().all(|code| ["00", "10"].contains(code));
    if approves {
        let inquiry = asked.text(3).is_some_and(|code| code.starts_with("31"));
        let numbered = match asked.mti.as_bytes() {
            [_, b'1' | b'2', b'0', _] if !inquiry => Expected::Present(6),
            // An advice may get an authorization code.
            [_, b'1' | b'2', b'2', _] => Expected::Anything,
            _ => Expected::Absent,
        };
        expected.insert(APPROVAL, numbered);
        expected.insert(
            54,
            if inquiry {
                Expected::Balances
            } else {
                Expected::Absent
            },
        );
    } else {
        // Tag 09, for a developer's eyes.
        expected.insert(REASON, Expected::Anything);
        if answer.codes.contains(&"00") {
            expected.insert(APPROVAL, Expected::Anything);
        }
    }
    for (field, wanted) in &answer.fields {
        expected.insert(*field, wanted.clone());
    }
    expected
}

/// Everything about an answer that is not as it has to be.
pub fn judge(bench: &Bench<'_>, answer: &Answer, seen: &Seen) -> Vec<Fault> {
    let mut faults = Vec::new();
    if let Some(fault) = &seen.fault {
        faults.push(Fault::new("message", "well-formed", fault.as_str()));
    }
    let mti = answer_mti(&bench.asked.mti);
    if seen.mti != mti {
        faults.push(Fault::new("message type", mti, seen.mti.as_str()));
    }
    let code = seen.text(CODE).unwrap_or("absent");
    if !answer.codes.is_empty() && !answer.codes.contains(&code) {
        let why = seen.reason().map(|why| format!(" ({why})"));
        let found = format!("{code}{}", why.unwrap_or_default());
        faults.push(Fault::new("field 39", answer.codes.join(" or "), found));
    }
    let expected = expectations(bench.asked, answer);
    let known = |field: &u8| expected.contains_key(field) || [CODE, 64, 128].contains(field);
    for (field, found) in seen.fields.iter().filter(|(field, _)| !known(field)) {
        faults.push(Fault::new(format!("field {field}"), "absent", shown(found)));
    }
    for (&field, wanted) in &expected {
        let found = seen.text(field);
        if let Err(words) = bench.compare(field, wanted, found, seen) {
            let found = found.map_or_else(|| "absent".to_owned(), shown);
            faults.push(Fault::new(format!("field {field}"), words, found));
        }
    }
    let has_mac = seen.fields.contains_key(&64) || seen.fields.contains_key(&128);
    match bench.key {
        Some((_, key)) if has_mac && seen.is_sealed_with(key) => {}
        Some((key, _)) if has_mac => {
            let expected = format!("under {}", key.words());
            faults.push(Fault::new("MAC", expected, "another"));
        }
        Some(_) => faults.push(Fault::new("MAC", "present", "absent")),
        None if has_mac => faults.push(Fault::new("MAC", "absent", "present")),
        None => {}
    }
    faults
}

impl Bench<'_> {
    /// `Err` says what it should be.
    fn compare(
        &self,
        field: u8,
        wanted: &Expected,
        found: Option<&str>,
        seen: &Seen,
    ) -> Result<(), String> {
        let equal = |wanted: Option<&str>| {
            if found == wanted {
                return Ok(());
            }
            Err(wanted.map_or_else(|| "absent".to_owned(), shown))
        };
        match wanted {
            Expected::Anything => Ok(()),
            Expected::Absent => equal(None),
            Expected::Echoed => equal(self.asked.text(field)),
            Expected::EchoedIfAtAll => match found {
                None => Ok(()),
                Some(_) => equal(self.asked.text(field)),
            },
            Expected::Exactly(value) => equal(Some(&(self.value)(field, value))),
            Expected::AsAnswer(number) => {
                let earlier = number.checked_sub(1).and_then(|at| self.earlier.get(at));
                let earlier = earlier.and_then(Option::as_ref);
                equal(earlier.and_then(|earlier| earlier.text(field)))
            }
            Expected::Present(count) => match found {
                Some(text) if text.chars().count() == *count && !text.contains(' ') => Ok(()),
                _ => Err(format!("{count} characters")),
            },
            Expected::Says(words) => match seen.reason() {
                Some(reason) if reason.contains(words.as_ref()) => Ok(()),
                _ => Err(format!("tag 09 with `{words}` in it")),
            },
            Expected::Tags(wanted) => {
                let found = |tag| seen.tag(tag).unwrap_or_default();
                let other = wanted
                    .iter()
                    .find(|(tag, value)| found(*tag) != value.as_ref());
                other.map_or(Ok(()), |(tag, value)| {
                    Err(format!("tag {tag:02} with {}", shown(value)))
                })
            }
            Expected::Balances => {
                let both = seen.additional_amount("01").is_some()
                    && seen.additional_amount("02").is_some();
                if both {
                    Ok(())
                } else {
                    Err("ledger (01) and available (02) balance".to_owned())
                }
            }
            Expected::WhatWasAvailable => match self.available {
                None => Ok(()),
                Some(available) => equal(Some(&format!("{available:012}"))),
            },
        }
    }
}

/// As it stands in a report: what is not printable is not printed.
pub fn shown(text: &str) -> String {
    let printable = text.chars().map(|character| match character {
        character if character.is_control() => '.',
        character => character,
    });
    format!("`{}`", printable.collect::<String>())
}
