//! The cases as a specification, without a target: what has to be so before, each message field by field and as bytes, and
//! what has to come back.

mod words;

use std::fmt::Write as _;

use serde_json::{Value, json};
use tessera_protocol::{Currency, FIELDS, plain_amount};

use super::answer::{Answer, Expected, Sealed};
use super::case::{Case, Expect, Need, Step};
use super::connection::{framed, raw_bytes};
use super::fill::{Clock, Filler};
use super::judge::{answer_mti, expectations, shown};
use super::keys::{Key, Keys};
use super::message::{Message, Seal, Spoiled, echo};
use super::packing::FilledMessage;
use super::party::{Kind, Party};
use super::payer::Payer;
use super::report::hexadecimal;
use words::words;

/// The cases with a party's messages: times, trace numbers and payers are examples.
pub fn listing(cases: &[Case], party: &Party) -> String {
    let mut text = String::new();
    let (clock, payer) = (Clock::example(), Payer::development(1));
    let keys = Keys::example(party);
    for case in cases {
        let mut example = Example {
            party,
            keys: &keys,
            clock: &clock,
            payer: &payer,
            case,
            filled: Vec::new(),
            sealed: Vec::new(),
        };
        // Writing to a string cannot fail.
        let _ = example.write(&mut text);
    }
    text
}

/// The cases for programs: number, title and rule of each.
pub fn listing_json(cases: &[Case]) -> Value {
    let cases = cases.iter().map(|case| {
        json!({ "number": case.number, "section": case.section(), "title": case.title, "rule": case.rule })
    });
    cases.collect()
}

struct Example<'a> {
    party: &'a Party,
    keys: &'a Keys,
    clock: &'a Clock,
    payer: &'a Payer,
    case: &'a Case,
    filled: Vec<FilledMessage>,
    /// With which key each of them is sealed.
    sealed: Vec<Key>,
}

impl Example<'_> {
    fn write(&mut self, out: &mut String) -> std::fmt::Result {
        let case = self.case;
        writeln!(out, "{} {}", case.number, case.title)?;
        writeln!(out, "  rule: section {}", case.rule)?;
        let mut before: Vec<String> = case
            .needs
            .iter()
            .filter_map(|need| self.need(*need))
            .collect();
        if !case.signs_on_itself() {
            before.push("the connection is signed on".to_owned());
        }
        if !before.is_empty() {
            writeln!(out, "  before: {}", before.join("; "))?;
        }
        for step in &case.steps {
            self.step(step, out)?;
        }
        writeln!(out)
    }

    fn need(&self, need: Need) -> Option<String> {
        Some(match need {
            Need::Payer => match self.party.kind {
                Kind::Acquirer => "a card with money".to_owned(),
                Kind::Mall => "a payer with money".to_owned(),
            },
            Need::Acquirer => "the party is an acquirer".to_owned(),
            Need::Mall => "the party is a mall".to_owned(),
            Need::MacKey => "the party has a MAC key".to_owned(),
            Need::NoMacKey => "the party has no MAC key".to_owned(),
            Need::KeyEncryptingKey => {
                "the profile has a key_encrypting_key; the party has no other connection".to_owned()
            }
            Need::AmountMax => "the profile has an amount_max".to_owned(),
            Need::NoKeyEncryptingKey => "the profile has no key_encrypting_key".to_owned(),
            Need::OwnAcceptors => "the party's card acceptors are listed".to_owned(),
            Need::Sending(mti, code) => {
                format!("the party may send {mti} with processing code {code}")
            }
            Need::Sandbox => {
                "the financial system is the simulator, whose answer depends on the last digits of the amount".to_owned()
            }
            Need::Granted(grant) => format!("the profile says {}", grant.key()),
            Need::NotGranted(grant) => format!("the profile does not say {}", grant.key()),
            Need::Controlled(control) => format!("the profile {}", control.words()),
            Need::Long | Need::Last => return None,
            Need::Alone(_) => "the party has no other connection".to_owned(),
        })
    }

    fn step(&mut self, step: &Step, out: &mut String) -> std::fmt::Result {
        match step {
            Step::Send {
                line,
                messages,
                in_pieces,
            } => {
                let many = messages.len() > 4;
                let how = match (in_pieces, messages.len()) {
                    (true, _) => ", byte by byte",
                    (false, 1) => "",
                    (false, _) => ", in one piece with what follows",
                };
                let shown = if many { 1 } else { messages.len() };
                for (message, expect) in &messages[..shown] {
                    let how = format!("{}{how}", on(*line));
                    self.message(message, expect, &how, out)?;
                }
                if many {
                    writeln!(out, "  and {} more of them", messages.len() - shown)?;
                }
                Ok(())
            }
            Step::Raw {
                line,
                raw,
                closed_within,
            } => {
                let dialect = self.party.dialect;
                let whole = self
                    .fill(&echo())
                    .pack(dialect.packing, None, Seal::None, None);
                let bytes = raw_bytes(dialect, *raw, &whole);
                writeln!(out, "  send {}{}", raw.words(), on(*line))?;
                hexadecimal(&bytes[..bytes.len().min(64)], out)?;
                match closed_within {
                    Some(within) => writeln!(
                        out,
                        "  expect the end of the connection, within {} s",
                        within.as_secs()
                    ),
                    None => writeln!(out, "  expect no answer; the connection stays"),
                }
            }
            Step::Silent { after, within, .. } => writeln!(
                out,
                "  connect and send nothing: the connection is closed after {} to {} s",
                after.as_secs(),
                within.as_secs()
            ),
            Step::Idle { within, .. } => writeln!(
                out,
                "  send nothing more: the connection is closed within {} s",
                within.as_secs()
            ),
            Step::Await {
                line,
                message,
                answer,
            } => {
                writeln!(out, "  expect the answer to message {message}{}", on(*line))?;
                self.answer(*message, answer, out)
            }
            Step::Agree { order, amount } => match self.party.kind {
                Kind::Mall => {
                    writeln!(
                        out,
                        "  the payer agrees to order {order}, {}",
                        money(*amount as i64)
                    )
                }
                Kind::Acquirer => Ok(()),
            },
            Step::Balance { ledger, available } => match (ledger, available) {
                (0, 0) => writeln!(out, "  the balance is what it was before"),
                _ => writeln!(
                    out,
                    "  the ledger balance has moved by {}, the available one by {}",
                    money(*ledger),
                    money(*available)
                ),
            },
            Step::Serves { line } => writeln!(out, "  an echo{} is answered 00", on(*line)),
            Step::CrowdOut { .. } => writeln!(
                out,
                "  sign on over as many connections as the party may have, and one more: 58, and that one is closed"
            ),
        }
    }

    fn message(
        &mut self,
        message: &Message,
        expect: &Expect,
        how: &str,
        out: &mut String,
    ) -> std::fmt::Result {
        let filled = self.fill(message);
        let number = self.filled.len() + 1;
        writeln!(
            out,
            "  send message {number}: {} {}{how}",
            message.mti, message.name
        )?;
        for (&field, body) in &filled.fields {
            let name = FIELDS[usize::from(field) - 1].name;
            let meaning = message.fields.get(&field).and_then(words);
            let meaning = meaning
                .map(|meaning| format!("   {meaning}"))
                .unwrap_or_default();
            let length = body
                .length
                .as_ref()
                .map(|length| format!("   with the length {length}"));
            writeln!(
                out,
                "      {field:>3}  {name:<28} {}{meaning}{}",
                body.text.trim_end(),
                length.unwrap_or_default()
            )?;
        }
        let secondary = filled.fields.keys().any(|&field| field > 64);
        if let Some(sealed) = self.seal(message) {
            let field = if secondary { 128 } else { 64 };
            writeln!(
                out,
                "      {field:>3}  {:<28} {sealed}",
                "message authentication code"
            )?;
        }
        match message.spoiled {
            Some(Spoiled::LeftOver) => {
                writeln!(out, "           and a byte behind the last field")?
            }
            Some(Spoiled::CutOff(count)) => {
                writeln!(out, "           without its last {count} bytes")?
            }
            None => {}
        }
        let dialect = self.party.dialect;
        let bytes = filled.pack(
            dialect.packing,
            self.keys.find(message.key),
            message.seal,
            message.spoiled,
        );
        hexadecimal(&framed(dialect, &bytes), out)?;
        self.filled.push(filled);
        self.sealed.push(message.key);
        match expect {
            Expect::Answer(answer) => self.answer(number, answer, out),
            Expect::AnswerAndClosed(answer) => {
                self.answer(number, answer, out)?;
                writeln!(out, "      and the end of the connection")
            }
            Expect::AnswerOrNothing(answer) => {
                writeln!(out, "  expect no answer, or this one:")?;
                self.answer(number, answer, out)
            }
            Expect::Nothing => writeln!(out, "  expect no answer; the connection stays"),
            Expect::Closed => writeln!(out, "  expect no answer, and the end of the connection"),
        }
    }

    fn answer(&self, number: usize, answer: &Answer, out: &mut String) -> std::fmt::Result {
        let Some(asked) = number.checked_sub(1).and_then(|at| self.filled.get(at)) else {
            return Ok(());
        };
        writeln!(out, "  expect {}", answer_mti(&asked.mti))?;
        let expected = expectations(asked, answer);
        let echoed: Vec<String> = expected
            .iter()
            .filter(|(_, wanted)| **wanted == Expected::Echoed)
            .map(|(field, _)| field.to_string())
            .collect();
        if !echoed.is_empty() {
            writeln!(out, "      as sent: {}", echoed.join(", "))?;
        }
        let readable: Vec<String> = expected
            .iter()
            .filter(|(_, wanted)| **wanted == Expected::EchoedIfAtAll)
            .map(|(field, _)| field.to_string())
            .collect();
        if !readable.is_empty() {
            writeln!(
                out,
                "      as sent, as far as they could be read: {}",
                readable.join(", ")
            )?;
        }
        writeln!(
            out,
            "       39  response code                {}",
            answer.codes.join(" or ")
        )?;
        for (field, wanted) in &expected {
            let name = FIELDS[usize::from(*field) - 1].name;
            if let Some(words) = self.expected(*field, wanted) {
                writeln!(out, "      {field:>3}  {name:<28} {words}")?;
            }
        }
        let key = match answer.sealed {
            Sealed::AsAsked => Some(self.sealed[number - 1]),
            Sealed::Under(key) => Some(key),
            Sealed::Not => None,
        };
        let sealed = match key.filter(|_| self.party.key.is_some()) {
            Some(key) => format!("and its MAC under {}", key.words()),
            None => "and no MAC".to_owned(),
        };
        writeln!(out, "      nothing else, {sealed}")
    }

    fn expected(&self, field: u8, wanted: &Expected) -> Option<String> {
        Some(match wanted {
            Expected::Echoed | Expected::EchoedIfAtAll | Expected::Absent => return None,
            Expected::Exactly(value) => shown(&self.filler().expected(field, value)),
            Expected::Present(count) => format!("{count} characters"),
            Expected::AsAnswer(number) => format!("as in the answer to message {number}"),
            Expected::Says(words) if words.is_empty() => "tag 09 says why".to_owned(),
            Expected::Says(words) => format!("tag 09 says why, with `{words}` in it"),
            Expected::Tags(tags) => {
                let tags: Vec<String> = tags
                    .iter()
                    .map(|(tag, value)| format!("tag {tag:02} `{value}`"))
                    .collect();
                tags.join(", ")
            }
            Expected::Balances => "ledger (01) and available (02) balance".to_owned(),
            Expected::WhatWasAvailable => "what was available".to_owned(),
            Expected::Anything => "may be there".to_owned(),
        })
    }

    fn seal(&self, message: &Message) -> Option<String> {
        self.party.key.as_ref()?;
        let wrong = match message.seal {
            Seal::Right => return Some(format!("under {}", message.key.words())),
            Seal::None => return None,
            Seal::OneBitOff => "with one wrong bit",
            Seal::ChangedAfterwards => "made before the last bit in front of it was changed",
            Seal::ForeignKey => "under another key",
        };
        Some(wrong.to_owned())
    }

    fn fill(&self, message: &Message) -> FilledMessage {
        self.filler().fill(message)
    }

    fn filler(&self) -> Filler<'_> {
        Filler {
            party: self.party,
            keys: self.keys,
            terminal: "TERM0001",
            clock: self.clock,
            payer: self.payer,
            case: self.case.number,
            agreed: &[],
            announced_early: 900_000,
            filled: &self.filled,
            seen: &[],
        }
    }
}

fn on(line: usize) -> String {
    match line {
        0 => String::new(),
        line => format!(" over connection {}", line + 1),
    }
}

/// Every case asks in US dollars.
fn money(minor: i64) -> String {
    plain_amount(minor, Currency::USD)
}
