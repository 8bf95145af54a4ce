//! What an answer must be. Everything here is predicted from what was asked and from the model; an impossible answer is
//! a violation, described without card numbers.

use super::Session;
use super::after::{After, answer_mti};
use super::layouts::Layout;
use super::model::{Model, Stated};
use super::slots::{About, DECLINES, Outcome, Slot, State, words};
use super::templates::reference;
use crate::load::clock::{bcd6, from_bcd6};
use crate::load::mix::Kind;
use crate::load::report::statistics::{Seen, Statistics};
use crate::load::scenario::faults::Faults;
use crate::load::shared::Shared;
use crate::load::speakers::Way;

impl Session {
    /// Takes every whole answer from the front of `bytes`; says how many bytes were taken. `Err` where the
    /// stream cannot be trusted any more.
    pub fn take_answers(&mut self, shared: &Shared, bytes: &[u8], now: u64) -> Result<usize, ()> {
        let mut model = shared.model.borrow_mut();
        let mut statistics = shared.live.statistics.borrow_mut();
        let mut rest = bytes;
        while let Some((&[high, low], after)) = rest.split_first_chunk::<2>() {
            let length = usize::from(u16::from_be_bytes([high, low]));
            if length > tessera_protocol::FRAME_BYTES_MAX {
                statistics
                    .violations
                    .add(|| format!("a frame of {length} bytes came"));
                return Err(());
            }
            let Some(frame) = after.get(..length) else {
                break;
            };
            rest = &after[length..];
            if length > 0 {
                self.take_answer(shared, frame, now, &mut model, &mut statistics);
            }
        }
        Ok(bytes.len() - rest.len())
    }

    fn take_answer(
        &mut self,
        shared: &Shared,
        frame: &[u8],
        now: u64,
        model: &mut Model,
        statistics: &mut Statistics,
    ) {
        let violations = &mut statistics.violations;
        let Some(layout) = self.layouts.of(frame) else {
            violations.add(|| "an unreadable answer came".to_owned());
            return;
        };
        if self.key.as_ref().is_some_and(|key| !key.verify(frame)) {
            violations.add(|| "an answer came with a missing or wrong MAC".to_owned());
            return;
        }
        let trace = layout.trace(frame);
        if layout.mti == 0x0810 {
            return;
        }
        let Some(slot) = self
            .slots
            .find(trace)
            .filter(|slot| answers(layout.mti, slot))
        else {
            let expected = self.answers_too_many > 0;
            self.answers_too_many = self.answers_too_many.saturating_sub(1);
            statistics.extra += u64::from(expected);
            if !expected {
                let mti = layout.mti;
                violations
                    .add(|| format!("{mti:04x} trace {trace}: answers nothing that was asked"));
            }
            return;
        };
        if let Some(wrong) = wrong_echo(slot, layout, frame, self.terminal, &self.place) {
            let described = slot.describe();
            violations.add(|| format!("{described}: {wrong}"));
        }
        if layout.shows_card && self.speaker.way == Way::Order {
            let described = slot.describe();
            violations.add(|| format!("{described}: the answer shows a mall a card number"));
        }
        let outcome = Outcome {
            code: layout.code(frame),
            approval: layout.approval(frame).unwrap_or_default(),
        };
        if slot.state != State::InFlight {
            take_extra(slot, outcome, &mut self.answers_too_many, statistics);
            return;
        }
        slot.state = State::Answered;
        let latency = now.saturating_sub(slot.planned);
        statistics.answer(slot.kind, outcome.code, latency, now);
        if statistics.watched() {
            statistics.show(Seen {
                kind: slot.kind,
                serial: shared.options.first_card + slot.account,
                order: (self.speaker.way == Way::Order).then_some(slot.order),
                amount: slot.amount,
                code: outcome.code,
                microseconds: latency / 1_000,
            });
        }
        let mut after = After {
            tabs: &mut self.tabs,
            dice: &mut self.dice,
            model,
            statistics,
            several: shared.options.several_completions,
        };
        match slot.kind {
            Kind::Purchase => {
                purchase(slot, outcome, after.model, after.statistics);
                if Faults::happens(self.faults.late_repeats, after.dice) {
                    Self::remember_late(&mut self.late, &self.faults, slot, now);
                }
                if self.full {
                    after.purchase(slot);
                }
            }
            Kind::Repeat => {
                slot.kind = match std::mem::replace(&mut slot.about, About::Itself) {
                    About::Again(kind) => kind,
                    _ => Kind::Purchase,
                };
                same_as_before(slot, outcome, after.statistics);
            }
            Kind::Authorization
            | Kind::Completion
            | Kind::Refund
            | Kind::Advice
            | Kind::Partial => after.judge(slot, outcome, layout.amount(frame).map(from_bcd6)),
            Kind::Reversal if matches!(slot.about, About::Tab(_)) => {
                after.judge(slot, outcome, None);
            }
            Kind::Reversal => reversal(slot, outcome, after.model, after.statistics),
            Kind::Inquiry => {
                inquiry(
                    slot,
                    outcome.code,
                    layout.balances(frame),
                    after.model,
                    after.statistics,
                );
            }
        }
        self.slots.answered();
    }
}

/// Whether an answer's type fits the request.
#[inline]
fn answers(mti: u16, slot: &Slot) -> bool {
    mti == match slot.kind {
        Kind::Purchase => 0x0210,
        Kind::Reversal => 0x0430,
        Kind::Inquiry => 0x0110,
        _ => answer_mti(slot),
    }
}

/// Fields 37, 4, 41 and 42 must come back as they went.
#[inline]
fn wrong_echo(
    slot: &Slot,
    layout: &Layout,
    frame: &[u8],
    terminal: [u8; 8],
    place: &[u8; 23],
) -> Option<&'static str> {
    if layout.reference(frame) != Some(reference(terminal, slot.trace)) {
        return Some("field 37 is not echoed");
    }
    // Approved in part: for how much is judged with it.
    let partial = slot.kind == Kind::Partial || slot.about == About::Again(Kind::Partial);
    let in_part = partial && layout.code(frame) == *b"10";
    if layout.amount(frame) != Some(bcd6(slot.amount)) && !in_part {
        return Some("field 4 is not echoed");
    }
    if layout.acceptor(frame) != Some(*place) {
        return Some("fields 41 and 42 are not echoed");
    }
    None
}

/// A second answer to one request: may come where it was sent again, and must say the same.
#[cold]
fn take_extra(slot: &Slot, outcome: Outcome, too_many: &mut u32, statistics: &mut Statistics) {
    statistics.extra += 1;
    if *too_many == 0 {
        let described = slot.describe();
        statistics
            .violations
            .add(|| format!("{described}: answered twice, asked once"));
    }
    *too_many = too_many.saturating_sub(1);
    if slot.kind.is_remembered() {
        same_as_before(slot, outcome, statistics);
    }
}

#[inline]
fn purchase(slot: &mut Slot, outcome: Outcome, model: &mut Model, statistics: &mut Statistics) {
    slot.outcome = outcome;
    let code = outcome.code;
    let verdict = if code == *b"00" {
        statistics.approved += 1;
        statistics.net_approved += slot.amount as i64;
        if outcome.approval == [0; 6] {
            let described = slot.describe();
            statistics
                .violations
                .add(|| format!("{described}: approved without field 38"));
        }
        model.purchase_approved(slot.account, slot.amount)
    } else {
        statistics.declined += 1;
        if code != *b"51" && !DECLINES.contains(&&code) {
            let described = slot.describe();
            statistics
                .violations
                .add(|| format!("{described}: answered {}", words(code)));
        }
        model.purchase_declined(slot.account, code == *b"51")
    };
    if let Some(wrong) = verdict.words() {
        let described = slot.describe();
        statistics
            .violations
            .add(|| format!("{described}: {wrong}"));
    }
}

fn same_as_before(slot: &Slot, outcome: Outcome, statistics: &mut Statistics) {
    if slot.outcome != outcome {
        let described = slot.describe();
        let (first, now) = (words(slot.outcome.code), words(outcome.code));
        statistics.violations.add(|| {
            format!(
                "{described}: first answered {first}, its repeat {now}, or with another field 38"
            )
        });
    }
}

fn reversal(slot: &Slot, outcome: Outcome, model: &mut Model, statistics: &mut Statistics) {
    model.reversal_answered(slot.account, slot.amount);
    statistics.net_approved -= slot.amount as i64;
    if outcome.code != *b"00" {
        let described = slot.describe();
        statistics
            .violations
            .add(|| format!("{described}: answered {}, not 00", words(outcome.code)));
    }
}

/// Where nothing was under way on the account from the asking to the answer, the balance must be exact.
fn inquiry(
    slot: &Slot,
    code: [u8; 2],
    balances: Option<Stated>,
    model: &Model,
    statistics: &mut Statistics,
) {
    let wrong = match balances {
        _ if code == *b"96" => return,
        _ if code != *b"00" => format!("answered {}, not 00", words(code)),
        None => "no balances in field 54".to_owned(),
        Some(Stated { ledger, available }) if available > ledger => {
            format!("available {available} above ledger {ledger}")
        }
        Some(Stated { ledger, available }) => {
            let mark = model.quiet_mark(slot.account);
            let expected = model.stated(slot.account);
            let exact = matches!(slot.about, About::Quiet(before) if mark == Some(before));
            if !exact || (Stated { ledger, available }) == expected {
                return;
            }
            format!("ledger {ledger}, available {available}, expected {expected:?}")
        }
    };
    let described = slot.describe();
    statistics
        .violations
        .add(|| format!("{described}: {wrong}"));
}
