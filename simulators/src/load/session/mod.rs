//! What a connection remembers over its reconnects: its requests, its templates, its dice. The session writes requests
//! into a buffer and checks answers from one; it touches no socket and no clock.

mod after;
mod faults;
mod judge;
mod layouts;
pub(super) mod model;
pub(super) mod orders;
pub(super) mod shapes;
mod slots;
mod tab;
mod tabs;
pub(super) mod templates;

use std::collections::VecDeque;
use std::rc::Rc;

use rand::rngs::SmallRng;
use rand::{RngExt as _, SeedableRng as _};
use tessera_protocol::MacKey;

use self::layouts::Layouts;
use self::model::Model;
use self::orders::Stock;
use self::slots::{About, Slot, Slots, State, TRACE_MAX};
use self::tabs::Tabs;
use self::templates::{Fill, Template, Templates};
use crate::load::clock::Stamp;
use crate::load::mix::{Kind, Mix};
use crate::load::report::statistics::Statistics;
use crate::load::scenario::faults::Faults;
use crate::load::shared::Shared;
use crate::load::speakers::{Speaker, Way};

/// A request without an answer on a living connection is asked again after this.
pub const REPEAT_AFTER_NANOSECONDS: u64 = 10_000_000_000;

/// Unsent bytes above which nothing new is asked: the switch has stopped reading.
const UNSENT_BYTES_MAX: usize = 256 * 1024;

/// One connection's memory.
pub struct Session {
    pub(in crate::load) connection: u32,
    pub(in crate::load) speaker: Speaker,
    pub(in crate::load) terminal: [u8; 8],
    /// Fields 41 and 42, as answers must echo them.
    pub(in crate::load) place: [u8; 23],
    pub(in crate::load) key: Option<MacKey>,
    pub(in crate::load) templates: Templates,
    pub(in crate::load) slots: Slots,
    pub(in crate::load) layouts: Layouts,
    pub(in crate::load) stock: Option<Rc<Stock>>,
    /// Sent again on a living connection, so that so many answers may come twice.
    pub(in crate::load) answers_too_many: u32,
    pub(in crate::load) dice: SmallRng,
    /// Whether there is more than purchases, what undoes them wholly, and inquiries.
    pub(in crate::load) full: bool,
    /// The stage whose mix and faults these are.
    stage: usize,
    pub(in crate::load) faults: Faults,
    /// Answered purchases that are to be repeated late, with the instant; the earliest first.
    pub(in crate::load) late: VecDeque<(u64, Slot)>,
    /// Where the connection is to be cut: in the middle of a request of the buffer.
    pub(in crate::load) cut_at: Option<usize>,
    pub(in crate::load) tabs: Tabs,
    mix: Mix,
    /// A kind that was drawn and could not be asked yet.
    drawn: Option<Kind>,
    /// Open loop: number of the next planned request.
    next: u64,
    pub(in crate::load) stamp: Stamp,
}

impl Session {
    /// An empty one. `None` only where the templates could not be made.
    pub fn new(
        shared: &Shared,
        connection: u32,
        speaker: Speaker,
        key: Option<MacKey>,
        stock: Option<Rc<Stock>>,
    ) -> Option<Self> {
        let terminal = shared.terminal(connection);
        let is_full = shared.plan.stages().iter().any(|stage| stage.mix.is_full());
        let first = shared.plan.stages().first();
        let mix = first.map_or(shared.options.mix, |stage| stage.mix);
        let mut place = [b' '; 23];
        place[..8].copy_from_slice(&terminal);
        for (byte, character) in place[8..].iter_mut().zip(speaker.acceptor.bytes()) {
            *byte = character;
        }
        Some(Self {
            connection,
            templates: Templates::new(&speaker, terminal, key.as_ref())?,
            slots: Slots::new(shared.slots())
                .behind(TRACE_MAX / shared.options.connections.max(1) * connection),
            layouts: Layouts::default(),
            answers_too_many: 0,
            dice: SmallRng::seed_from_u64(
                shared
                    .options
                    .seed
                    .wrapping_mul(1_000_003)
                    .wrapping_add(connection.into()),
            ),
            full: is_full,
            stage: 0,
            faults: first.map_or(shared.options.faults, |stage| stage.faults),
            late: VecDeque::new(),
            cut_at: None,
            tabs: Tabs::default(),
            mix: if speaker.way == Way::Order {
                mix.for_a_mall()
            } else {
                mix
            },
            drawn: None,
            next: 0,
            stamp: Stamp::at(0),
            speaker,
            terminal,
            place,
            key,
            stock,
        })
    }

    /// Writes every request that is due.
    pub fn ask(&mut self, shared: &Shared, now: u64, out: &mut Vec<u8>) {
        if !self.asking(shared, now) {
            if self.tabs.open_holds() > 0 {
                self.restamp(shared, now);
                self.close_holds(shared, now, out);
            }
            return;
        }
        self.restamp(shared, now);
        self.enter_stage(shared, now);
        let mut model = shared.model.borrow_mut();
        let mut statistics = shared.live.statistics.borrow_mut();
        if !self.late.is_empty() {
            self.repeat_late(shared, now, &mut statistics, out);
        }
        match shared.plan.rate_max() {
            None => {
                let window = shared.plan.window(self.connection, shared.of_plan(now));
                while self.slots.under_way() < window
                    && out.len() < UNSENT_BYTES_MAX
                    && self.cut_at.is_none()
                {
                    if !self.ask_one(shared, now, now, &mut model, &mut statistics, out) {
                        break;
                    }
                }
            }
            Some(_) => {
                while out.len() < UNSENT_BYTES_MAX && self.cut_at.is_none() {
                    let planned = shared.planned(self.connection, self.next);
                    if planned > now
                        || planned >= shared.end()
                        || !self.ask_one(shared, planned, now, &mut model, &mut statistics, out)
                    {
                        break;
                    }
                    statistics.lag(now - planned);
                    self.next += 1;
                }
            }
        }
    }

    /// Writes again what was lost with a connection, or has not been answered for long; says how many.
    pub fn ask_again(&mut self, shared: &Shared, now: u64, out: &mut Vec<u8>) {
        self.restamp(shared, now);
        let mut resent = 0;
        let mut others = Vec::new();
        for slot in self.slots.iter_mut() {
            let lost = slot.state == State::Lost;
            let overdue = slot.state == State::InFlight
                && now.saturating_sub(slot.sent) > REPEAT_AFTER_NANOSECONDS;
            if !lost && !overdue {
                continue;
            }
            if overdue {
                self.answers_too_many += 1;
            }
            slot.state = State::InFlight;
            slot.sent = now;
            slot.resent = slot.resent.saturating_add(1);
            resent += 1;
            if let Some(template) = template_of(&self.templates, slot) {
                // An inquiry is no duplicate of anything, so that it has no repeat.
                let repeat = slot.kind != Kind::Inquiry;
                let fill = fill(
                    slot,
                    repeat,
                    shared.options.first_card,
                    self.stamp,
                    self.speaker.way,
                );
                template.write(&fill, self.key.as_ref(), out);
            } else {
                others.push(*slot);
            }
        }
        for slot in others {
            self.write_more(&slot, true, shared, out);
        }
        shared.live.statistics.borrow_mut().resent += resent;
    }

    /// The connection is gone, and with it the answers that were on their way.
    pub fn lose(&mut self) {
        self.slots.lose();
        self.answers_too_many = 0;
    }

    /// Whether there is anything new to ask: until the end, and beyond it what the plan had before the end.
    pub fn asking(&self, shared: &Shared, now: u64) -> bool {
        shared.asking(now) || self.behind(shared) > 0
    }

    /// Open loop: how many planned requests have not been sent although nothing but their instant stood in the
    /// way of the first.
    pub fn behind(&self, shared: &Shared) -> u32 {
        if shared.live.stopped() {
            return 0;
        }
        let left = shared.planned_from(self.connection, self.next);
        u32::try_from(left).unwrap_or(u32::MAX)
    }

    /// Whether every planned request is answered and no hold is open.
    pub fn is_done(&self, shared: &Shared) -> bool {
        self.unfinished(shared) == 0 && self.tabs.open_holds() == 0
    }

    /// Requests without an answer, and planned ones that were never sent.
    pub fn unfinished(&self, shared: &Shared) -> u32 {
        self.slots.under_way().saturating_add(self.behind(shared))
    }

    /// Takes over mix and faults of the stage at this instant.
    fn enter_stage(&mut self, shared: &Shared, now: u64) {
        let stage = shared.plan.stage_at(shared.of_plan(now));
        if self.stage != stage {
            self.stage = stage;
            let stage = &shared.plan.stages()[stage];
            self.faults = stage.faults;
            self.mix = match self.speaker.way {
                Way::Order => stage.mix.for_a_mall(),
                Way::Card => stage.mix,
            };
            self.drawn = None;
        }
    }

    fn restamp(&mut self, shared: &Shared, now: u64) {
        let second = shared.clock.second(now);
        if self.stamp.second != second {
            self.stamp = Stamp::at(second);
        }
    }

    /// Draws and writes one request; `false` where none can be asked now.
    fn ask_one(
        &mut self,
        shared: &Shared,
        planned: u64,
        now: u64,
        model: &mut Model,
        statistics: &mut Statistics,
        out: &mut Vec<u8>,
    ) -> bool {
        let drawn = self
            .drawn
            .take()
            .unwrap_or_else(|| self.mix.draw(&mut self.dice));
        let asked = match drawn {
            Kind::Purchase => self.take_purchase(shared, model),
            Kind::Repeat => self.take_repeat(),
            Kind::Reversal if self.full => self
                .take_more(Kind::Reversal, shared, model)
                .or_else(|| self.take_reversal(model)),
            Kind::Reversal => self.take_reversal(model),
            Kind::Inquiry => self.take_inquiry(shared, model),
            _ => self.take_more(drawn, shared, model),
        };
        let asked = asked.or_else(|| match self.mix.fallback() {
            fallback if fallback == drawn => None,
            Kind::Purchase => self.take_purchase(shared, model),
            Kind::Inquiry => self.take_inquiry(shared, model),
            fallback => self.take_more(fallback, shared, model),
        });
        let Some(trace) = asked else {
            self.drawn = Some(drawn);
            return false;
        };
        let (stamp, way) = (self.stamp, self.speaker.way);
        let (Some(slot), templates) = (self.slots.find(trace), &self.templates) else {
            return false;
        };
        slot.planned = planned;
        slot.sent = now;
        statistics.sent[slot.kind as usize] += 1;
        let start = out.len();
        let repeat = slot.kind == Kind::Repeat;
        if let Some(template) = template_of(templates, slot) {
            let fill = fill(slot, repeat, shared.options.first_card, stamp, way);
            template.write(&fill, self.key.as_ref(), out);
        } else {
            let slot = *slot;
            self.write_more(&slot, repeat, shared, out);
        }
        if self.faults.any() {
            self.go_wrong(trace, start, shared, statistics, out);
        }
        true
    }

    pub(in crate::load) fn take_purchase(
        &mut self,
        shared: &Shared,
        model: &mut Model,
    ) -> Option<u32> {
        let order = match &self.stock {
            Some(stock) => stock.next()?,
            None => {
                let (account, amount) = self.draw_purchase(shared);
                orders::Order {
                    number: 0,
                    account,
                    amount,
                }
            }
        };
        let slot = self.slots.take(self.stamp.second)?;
        slot.kind = Kind::Purchase;
        slot.account = order.account;
        slot.amount = order.amount;
        slot.order = order.number;
        model.purchase_sent(order.account, order.amount);
        Some(slot.trace)
    }

    /// Draws who buys, and for how much.
    pub(in crate::load) fn draw_purchase(&mut self, shared: &Shared) -> (u32, u64) {
        let amounts = shared.options.amount;
        let account = self.dice.random_range(0..shared.options.cards);
        (
            account,
            self.dice.random_range(amounts.least..=amounts.most),
        )
    }

    fn take_repeat(&mut self) -> Option<u32> {
        let dice = &mut self.dice;
        let slot = self.slots.look_back(
            |range| dice.random_range(0..range),
            |slot| {
                // "The switch could not (nothing applied)" may be followed by another answer.
                slot.kind.is_remembered() && slot.outcome.code != *b"96"
            },
        )?;
        if slot.kind != Kind::Purchase {
            slot.about = About::Again(slot.kind);
        }
        slot.kind = Kind::Repeat;
        slot.state = State::InFlight;
        let trace = slot.trace;
        self.slots.again();
        Some(trace)
    }

    fn take_reversal(&mut self, model: &mut Model) -> Option<u32> {
        let dice = &mut self.dice;
        let original = self.slots.look_back(
            |range| dice.random_range(0..range),
            |slot| slot.kind == Kind::Purchase && slot.outcome.code == *b"00" && !slot.reversed,
        )?;
        let copy = *original;
        // Its own place may be the one that the reversal takes: what it needs of the purchase is copied.
        let slot = self.slots.take(self.stamp.second)?;
        slot.kind = Kind::Reversal;
        slot.account = copy.account;
        slot.amount = copy.amount;
        slot.order = copy.order;
        slot.about = About::Original {
            trace: copy.trace,
            second: copy.second,
        };
        let trace = slot.trace;
        if let Some(original) = self.slots.find(copy.trace) {
            original.reversed = true;
        }
        model.reversal_sent(copy.account, copy.amount);
        Some(trace)
    }

    fn take_inquiry(&mut self, shared: &Shared, model: &Model) -> Option<u32> {
        let account = self.dice.random_range(0..shared.options.cards);
        let slot = self.slots.take(self.stamp.second)?;
        slot.kind = Kind::Inquiry;
        slot.account = account;
        if let Some(mark) = model.quiet_mark(account) {
            slot.about = About::Quiet(mark);
        }
        Some(slot.trace)
    }
}

/// The template of a request, where it has one. Malls have none for inquiries, and never draw one.
fn template_of<'t>(templates: &'t Templates, slot: &Slot) -> Option<&'t Template> {
    match (slot.kind, slot.about) {
        (_, About::Again(_) | About::Tab(_)) => None,
        (Kind::Purchase | Kind::Repeat, _) => Some(&templates.purchase),
        (Kind::Reversal, _) => Some(&templates.reversal),
        (Kind::Inquiry, _) => templates.inquiry.as_ref(),
        _ => None,
    }
}

pub(in crate::load) fn fill(
    slot: &Slot,
    repeat: bool,
    first_card: u32,
    now: Stamp,
    way: Way,
) -> Fill {
    Fill {
        repeat,
        trace: slot.trace,
        payer: match way {
            Way::Card => first_card + slot.account,
            Way::Order => slot.order,
        },
        amount: slot.amount,
        transmission: now,
        local: if slot.second == now.second {
            now
        } else {
            Stamp::at(slot.second)
        },
        original: match slot.about {
            About::Original { trace, second } if second == now.second => Some((trace, now)),
            About::Original { trace, second } => Some((trace, Stamp::at(second))),
            _ => None,
        },
    }
}
