//! The transactions of a connection that something may follow: which are open, and what is drawn next for them.

use rand::RngExt as _;
use rand::rngs::SmallRng;

use super::tab::{FollowUp, Named, Tab};

/// Holds of a connection: they are closed before it ends, so they are counted before they are asked for.
const HOLDS_MAX: usize = 128;

/// Debits of a connection that are remembered; the oldest may be forgotten.
const DEBITS_MAX: usize = 128;

/// The transactions of a connection.
#[derive(Debug, Default)]
pub struct Tabs {
    tabs: Vec<Option<Tab>>,
    /// Authorizations that were asked for and not answered.
    awaited: usize,
    holds: usize,
}

impl Tabs {
    /// An authorization is about to be sent; `false` where there are too many holds.
    pub fn await_hold(&mut self) -> bool {
        let is_free = self.awaited + self.holds < HOLDS_MAX;
        self.awaited += usize::from(is_free);
        is_free
    }

    /// It was answered: the hold, where it was approved.
    pub fn hold_answered(&mut self, hold: Option<Tab>) {
        self.awaited = self.awaited.saturating_sub(1);
        if let Some(hold) = hold {
            self.holds += 1;
            self.put(hold);
        }
    }

    /// An authorization that was decided elsewhere holds. It was not counted before, so that there may be a few more.
    pub fn held_elsewhere(&mut self, hold: Tab) {
        self.holds += 1;
        self.put(hold);
    }

    /// Remembers a debit, if there is space or another one can be forgotten.
    pub fn debited(&mut self, debit: Tab, dice: &mut SmallRng) {
        if self.tabs.iter().flatten().count() - self.holds >= DEBITS_MAX {
            let at = dice.random_range(0..self.tabs.len());
            match &mut self.tabs[at] {
                Some(old) if old.held == 0 && old.under_way.is_none() => *old = debit,
                _ => {}
            }
            return;
        }
        self.put(debit);
    }

    fn put(&mut self, tab: Tab) {
        match self.tabs.iter_mut().find(|place| place.is_none()) {
            Some(place) => *place = Some(tab),
            None => self.tabs.push(Some(tab)),
        }
    }

    /// How many holds are open or asked for.
    pub fn open_holds(&self) -> usize {
        self.holds + self.awaited
    }

    /// A transaction under way.
    pub fn tab(&self, at: u32) -> Option<&Tab> {
        self.tabs.get(at as usize)?.as_ref()
    }

    /// Draws a hold and a completion of it: in part, whole, or above.
    pub fn draw_completion(&self, dice: &mut SmallRng) -> Option<(u32, FollowUp)> {
        let at = self.look(dice, Tab::can_be_completed)?;
        let held = self.tab(at)?.held;
        let amount = match dice.random_range(0..8) {
            0..4 => held,
            4 => held + dice.random_range(1..=held),
            _ => dice.random_range(1..=held),
        };
        Some((at, FollowUp::Complete { amount }))
    }

    /// Draws a debit and a refund of it: of what is left, or of a part.
    pub fn draw_refund(&self, dice: &mut SmallRng) -> Option<(u32, FollowUp)> {
        let at = self.look(dice, Tab::can_be_refunded)?;
        let costs = self.tab(at)?.costs();
        let amount = match dice.random_range(0..3) {
            0 => costs,
            _ => dice.random_range(1..=costs),
        };
        Some((at, FollowUp::Refund { amount }))
    }

    /// Draws something to undo: a hold or a debit, wholly or in part, or a refund.
    pub fn draw_reversal(&self, dice: &mut SmallRng) -> Option<(u32, FollowUp)> {
        let wanted = |tab: &Tab| tab.can_be_reversed() || tab.last_refund.is_some();
        let at = self.look(dice, wanted)?;
        let tab = self.tab(at)?;
        if tab.last_refund.is_some() && (!tab.can_be_reversed() || dice.random()) {
            return Some((at, FollowUp::ReverseRefund));
        }
        let whole = tab.held.max(tab.left);
        // What field 95 would mean of a hold that is completed in part is anybody's guess.
        let untouched = whole == tab.amount;
        let down_to = match dice.random_range(0..3) {
            0 if whole > 1 && untouched => dice.random_range(1..whole),
            _ => 0,
        };
        Some((at, FollowUp::Reverse { down_to }))
    }

    /// A hold on which nothing is under way, and what closes it.
    pub fn draw_closing(&self, dice: &mut SmallRng) -> Option<(u32, FollowUp)> {
        let open =
            |tab: &Option<Tab>| tab.is_some_and(|tab| tab.held > 0 && tab.under_way.is_none());
        let at = self.tabs.iter().position(open)? as u32;
        let tab = self.tab(at)?;
        let reverses = !tab.reversed && dice.random();
        Some((
            at,
            match reverses {
                true => FollowUp::Reverse { down_to: 0 },
                false => FollowUp::Complete { amount: tab.held },
            },
        ))
    }

    /// A few tries to find one on which nothing is under way.
    fn look(&self, dice: &mut SmallRng, wanted: impl Fn(&Tab) -> bool) -> Option<u32> {
        for _ in 0..8 {
            if self.tabs.is_empty() {
                return None;
            }
            let at = dice.random_range(0..self.tabs.len());
            if let Some(tab) = &self.tabs[at]
                && tab.under_way.is_none()
                && wanted(tab)
            {
                return Some(at as u32);
            }
        }
        None
    }

    /// A follow-up leaves.
    pub fn begin(&mut self, at: u32, follow_up: FollowUp) {
        if let Some(Some(tab)) = self.tabs.get_mut(at as usize) {
            tab.under_way = Some(follow_up);
        }
    }

    /// It was answered; `by` is its own name where it was approved.
    pub fn end(&mut self, at: u32, by: Option<Named>, several: bool, dice: &mut SmallRng) {
        let Some(place) = self.tabs.get_mut(at as usize) else {
            return;
        };
        let Some(tab) = place else { return };
        let (Some(follow_up), held) = (tab.under_way.take(), tab.held) else {
            return;
        };
        let beside = by.and_then(|by| tab.apply(follow_up, by, several));
        tab.refund_undone |= by.is_none();
        if held > 0 && tab.held == 0 {
            self.holds -= 1;
        }
        if tab.is_over() {
            *place = None;
        }
        if let Some(debit) = beside {
            self.debited(debit, dice);
        }
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng as _;
    use tessera_protocol::Mti;

    use super::super::tab::Named;
    use super::*;

    fn named(mti: Mti, trace: u32) -> Named {
        Named {
            mti,
            trace,
            second: 1,
        }
    }

    #[test]
    fn holds_are_bounded_and_can_all_be_closed() {
        let (mut tabs, mut dice) = (Tabs::default(), SmallRng::seed_from_u64(1));
        for trace in 0..500 {
            if tabs.await_hold() {
                let hold = Tab::hold(named(Mti::AUTHORIZATION, trace), 0, 0, 10);
                tabs.hold_answered((trace % 5 > 0).then_some(hold));
            }
            let debit = Tab::debit(named(Mti::PURCHASE, trace), 0, 0, 10);
            tabs.debited(debit, &mut dice);
        }
        assert_eq!(tabs.open_holds(), HOLDS_MAX);
        assert!(tabs.tabs.len() <= HOLDS_MAX + DEBITS_MAX);
        while let Some((at, follow_up)) = tabs.draw_closing(&mut dice) {
            tabs.begin(at, follow_up);
            assert_ne!(
                tabs.draw_closing(&mut dice).map(|(other, _)| other),
                Some(at)
            );
            tabs.end(at, Some(named(Mti::COMPLETION, 1)), true, &mut dice);
        }
        assert_eq!(tabs.open_holds(), 0);
    }
}
