//! The rest of a full mix: authorizations, parts, advices, and whatever follows a transaction. None of it is on the
//! path of a plain purchase, so it is packed field by field.

use bytes::BytesMut;
use rand::RngExt as _;
use rand::rngs::SmallRng;
use tessera_protocol::Mti;

use super::model::{Model, Verdict};
use super::shapes::Shape;
use super::slots::{About, DECLINES, Outcome, Slot, words};
use super::tab::{Effect, FollowUp, Named, Tab};
use super::tabs::Tabs;
use super::templates::{Fill, pack};
use super::{Session, fill};
use crate::load::clock::Stamp;
use crate::load::mix::Kind;
use crate::load::report::statistics::Statistics;
use crate::load::shared::Shared;

/// Requests under way while holds are closed at the end.
const CLOSING_MAX: u32 = 64;

/// What an answer is judged with beside its slot.
pub(in crate::load) struct After<'a> {
    pub tabs: &'a mut Tabs,
    pub dice: &'a mut SmallRng,
    pub model: &'a mut Model,
    pub statistics: &'a mut Statistics,
    /// Whether the party may send several completions of one authorization.
    pub several: bool,
}

impl Session {
    /// Takes the next request of a kind that only a full mix has.
    pub(in crate::load) fn take_more(
        &mut self,
        kind: Kind,
        shared: &Shared,
        model: &mut Model,
    ) -> Option<u32> {
        let follow_up = match kind {
            Kind::Completion => self.tabs.draw_completion(&mut self.dice),
            Kind::Refund => self.tabs.draw_refund(&mut self.dice),
            Kind::Reversal => self.tabs.draw_reversal(&mut self.dice),
            _ => return self.take_beginning(kind, shared, model),
        };
        let (at, follow_up) = follow_up?;
        self.take_follow_up(kind, at, follow_up, shared, model)
    }

    fn take_beginning(&mut self, kind: Kind, shared: &Shared, model: &mut Model) -> Option<u32> {
        // As many holds as may be: one of them is completed instead.
        if kind == Kind::Authorization && !self.tabs.await_hold() {
            return self.take_more(Kind::Completion, shared, model);
        }
        let Some(trace) = self.take_purchase(shared, model) else {
            if kind == Kind::Authorization {
                self.tabs.hold_answered(None);
            }
            return None;
        };
        let slot = self.slots.find(trace)?;
        slot.kind = kind;
        if kind == Kind::Advice {
            slot.about = About::Decided {
                held: self.dice.random(),
            };
            model.will_be_taken(slot.account, slot.amount);
        }
        Some(trace)
    }

    fn take_follow_up(
        &mut self,
        kind: Kind,
        at: u32,
        follow_up: FollowUp,
        shared: &Shared,
        model: &mut Model,
    ) -> Option<u32> {
        let tab = *self.tabs.tab(at)?;
        let slot = self.slots.take(self.stamp.second)?;
        slot.kind = kind;
        slot.account = tab.account;
        slot.order = tab.order;
        slot.amount = tab.amount_of(follow_up);
        slot.about = About::Tab(at);
        self.tabs.begin(at, follow_up);
        let effect = tab.effect(follow_up, shared.options.several_completions);
        model.follow_up_sent(tab.account, effect);
        Some(slot.trace)
    }

    /// The end: completes or reverses whatever is still held.
    pub(in crate::load) fn close_holds(&mut self, shared: &Shared, now: u64, out: &mut Vec<u8>) {
        while self.slots.under_way() < CLOSING_MAX {
            let Some((at, follow_up)) = self.tabs.draw_closing(&mut self.dice) else {
                return;
            };
            let kind = match follow_up {
                FollowUp::Complete { .. } => Kind::Completion,
                _ => Kind::Reversal,
            };
            let mut model = shared.model.borrow_mut();
            let taken = self.take_follow_up(kind, at, follow_up, shared, &mut model);
            let Some(slot) = taken.and_then(|trace| self.slots.find(trace)) else {
                return;
            };
            slot.planned = now;
            slot.sent = now;
            let slot = *slot;
            shared.live.statistics.borrow_mut().sent[kind as usize] += 1;
            self.write_more(&slot, false, shared, out);
        }
    }

    /// Writes a request that has no template.
    pub(in crate::load) fn write_more(
        &mut self,
        slot: &Slot,
        repeat: bool,
        shared: &Shared,
        out: &mut Vec<u8>,
    ) {
        let Some((shape, original)) = self.shape_of(slot) else {
            return;
        };
        let first = shared.options.first_card;
        let fill = Fill {
            original: original.map(|named| (named.trace, Stamp::at(named.second))),
            ..fill(slot, repeat, first, self.stamp, self.speaker.way)
        };
        let mut frame = BytesMut::new();
        let key = self.key.as_ref();
        pack(&mut frame, shape, &self.speaker, self.terminal, &fill, key);
        out.extend_from_slice(&frame);
    }

    fn shape_of(&self, slot: &Slot) -> Option<(Shape, Option<Named>)> {
        let kind = match (slot.kind, slot.about) {
            (Kind::Repeat, About::Again(kind)) => kind,
            (kind, _) => kind,
        };
        Some(match (kind, slot.about) {
            (_, About::Tab(at)) => {
                let tab = self.tabs.tab(at)?;
                let follow_up = tab.under_way()?;
                let named = tab.named_by(follow_up);
                (Shape::Following(follow_up, named.mti), Some(named))
            }
            (Kind::Authorization, _) => (Shape::Authorization, None),
            (Kind::Partial, _) => (Shape::Partial, None),
            (_, About::Decided { held }) => (Shape::Decided { held }, None),
            _ => return None,
        })
    }
}

/// The answer's type where it is not that of the kind alone.
pub(in crate::load) fn answer_mti(slot: &Slot) -> u16 {
    let mti = match (slot.kind, slot.about) {
        (Kind::Repeat, About::Again(Kind::Authorization)) | (Kind::Authorization, _) => {
            Mti::AUTHORIZATION
        }
        (Kind::Advice, About::Decided { held: true }) => Mti::AUTHORIZATION_ADVICE,
        (Kind::Advice | Kind::Completion, _) => Mti::COMPLETION,
        _ => Mti::PURCHASE,
    };
    mti.answer().value()
}

impl After<'_> {
    /// A purchase was approved: now and then it is remembered, so that it can be refunded or undone in part.
    pub fn purchase(&mut self, slot: &mut Slot) {
        if slot.outcome.code == *b"00" && self.dice.random() {
            slot.reversed = true;
            self.remember(slot, slot.amount);
        }
    }

    /// Judges the answer to a request that only a full mix has; `part` is its field 4.
    pub fn judge(&mut self, slot: &mut Slot, outcome: Outcome, part: Option<u64>) {
        slot.outcome = outcome;
        match (slot.kind, slot.about) {
            (_, About::Tab(at)) => self.follow_up(slot, at),
            (Kind::Authorization, _) => self.authorization(slot),
            (Kind::Partial, _) => self.partial(slot, part),
            (_, About::Decided { held }) => self.advice(slot, held),
            _ => {}
        }
    }

    fn authorization(&mut self, slot: &Slot) {
        if slot.outcome.code != *b"00" {
            self.tabs.hold_answered(None);
            return self.declined(slot);
        }
        self.approved(slot);
        let named = named(slot);
        let hold = Tab::hold(named, slot.account, slot.order, slot.amount);
        self.tabs.hold_answered(Some(hold));
        let verdict = self.model.authorization_approved(slot.account, slot.amount);
        self.doubt(slot, verdict);
    }

    fn partial(&mut self, slot: &Slot, part: Option<u64>) {
        let (amount, verdict) = match (&slot.outcome.code, part) {
            (b"00", _) => {
                let verdict = self.model.purchase_approved(slot.account, slot.amount);
                (slot.amount, verdict)
            }
            (b"10", Some(part)) if (1..slot.amount).contains(&part) => {
                (part, self.model.part_approved(slot.account, part))
            }
            (b"10", _) => {
                let described = slot.describe();
                let violations = &mut self.statistics.violations;
                violations.add(|| format!("{described}: approved in part, for {part:?}"));
                self.model.purchase_declined(slot.account, false);
                return;
            }
            _ => return self.declined(slot),
        };
        self.approved(slot);
        self.statistics.net_approved += amount as i64;
        self.doubt(slot, verdict);
        self.remember(slot, amount);
    }

    fn advice(&mut self, slot: &Slot, held: bool) {
        let approved = slot.outcome.code == *b"00";
        let effect = Effect {
            taken: slot.amount,
            ..Effect::default()
        };
        self.model
            .follow_up_answered(slot.account, effect, approved);
        if !approved {
            return self.complain(slot);
        }
        if held {
            self.model.hold(slot.account, slot.amount as i64);
            let hold = Tab::hold(named(slot), slot.account, slot.order, slot.amount);
            self.tabs.held_elsewhere(hold);
        } else {
            self.statistics.net_approved += slot.amount as i64;
            self.remember(slot, slot.amount);
        }
    }

    fn follow_up(&mut self, slot: &Slot, at: u32) {
        let Some((tab, follow_up)) = self
            .tabs
            .tab(at)
            .and_then(|tab| Some((*tab, tab.under_way()?)))
        else {
            return;
        };
        let approved = slot.outcome.code == *b"00";
        let effect = tab.effect(follow_up, self.several);
        self.model.follow_up_answered(tab.account, effect, approved);
        if approved {
            self.statistics.net_approved -= effect.ledger();
        }
        match follow_up {
            FollowUp::Refund { .. } if approved => self.numbered(slot),
            FollowUp::Refund { .. } if DECLINES.contains(&&slot.outcome.code) => {}
            FollowUp::Refund { .. } if tab.may_overtake(slot.outcome.code) => {}
            _ if approved => {}
            _ => self.complain(slot),
        }
        let by = approved.then(|| named(slot));
        self.tabs.end(at, by, self.several, self.dice);
    }

    fn remember(&mut self, slot: &Slot, amount: u64) {
        let debit = Tab::debit(named(slot), slot.account, slot.order, amount);
        self.tabs.debited(debit, self.dice);
    }

    fn approved(&mut self, slot: &Slot) {
        self.statistics.approved += 1;
        self.numbered(slot);
    }

    fn numbered(&mut self, slot: &Slot) {
        if slot.outcome.approval == [0; 6] {
            let described = slot.describe();
            let violations = &mut self.statistics.violations;
            violations.add(|| format!("{described}: approved without field 38"));
        }
    }

    fn declined(&mut self, slot: &Slot) {
        self.statistics.declined += 1;
        let code = slot.outcome.code;
        if code != *b"51" && !DECLINES.contains(&&code) {
            self.complain(slot);
        }
        let verdict = self.model.purchase_declined(slot.account, code == *b"51");
        self.doubt(slot, verdict);
    }

    fn doubt(&mut self, slot: &Slot, verdict: Verdict) {
        if let Some(wrong) = verdict.words() {
            let described = slot.describe();
            self.statistics
                .violations
                .add(|| format!("{described}: {wrong}"));
        }
    }

    fn complain(&mut self, slot: &Slot) {
        let (described, code) = (slot.describe(), words(slot.outcome.code));
        let violations = &mut self.statistics.violations;
        violations.add(|| format!("{described}: answered {code}"));
    }
}

/// How what follows a request names it.
fn named(slot: &Slot) -> Named {
    let mti = match (slot.kind, slot.about) {
        (Kind::Authorization, _) => Mti::AUTHORIZATION,
        (Kind::Advice, About::Decided { held: true }) => Mti::AUTHORIZATION_ADVICE,
        (Kind::Advice | Kind::Completion, _) => Mti::COMPLETION,
        _ => Mti::PURCHASE,
    };
    Named {
        mti,
        trace: slot.trace,
        second: slot.second,
    }
}
