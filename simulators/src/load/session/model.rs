//! The generator's own accounts: the expected balance of every account, computed only from the balances at the start
//! and the answers since then. The switch is compared with it, never asked to explain.
//!
//! Answers of different connections overtake each other, so a balance in the middle of a run is known only
//! between bounds:
//!
//! ```text
//! floor     = available when the account was last quiet, less every debit sent since     (cannot be lower)
//! available = start, less debits and holds approved, plus what was answered to free them (by the answers so far)
//! available + freeing = the same, with what is still unanswered                          (cannot be higher)
//! ```
//!
//! What was taken whether it was there or not (an advice, a reversal of a refund) is owed where it was not: then `available`
//! is below nothing, and whatever comes in next pays it.

use super::tab::Effect;

/// The model of a row of accounts. Indices count from the first card of the run.
#[derive(Debug, Default)]
pub struct Model {
    accounts: Vec<Account>,
    /// By account; empty where nothing is ever held or taken.
    beside: Vec<Beside>,
}

/// What only a full mix needs to know of an account.
#[derive(Debug, Clone, Copy, Default)]
struct Beside {
    /// On hold, by the answers so far.
    held: i64,
    /// Taken whether it was there or not, ever.
    taken: i64,
}

/// One account, half a cache line.
#[derive(Debug, Clone, Copy, Default)]
#[repr(align(32))]
struct Account {
    available: i64,
    floor: i64,
    freeing: i64,
    in_flight: u32,
    /// Counts what was sent that can move the balance; 0 means never touched.
    version: u32,
}

/// What the switch states of an account, in minor units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stated {
    /// What it holds.
    pub ledger: i64,
    /// What of that can be spent.
    pub available: i64,
}

/// The model's verdict on a purchase's answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It can be so.
    Plausible,
    /// Approved although the money cannot have been there.
    BeyondBalance,
    /// Declined for want of money that must have been there.
    HadMoney,
}

impl Verdict {
    /// What is wrong, if anything is.
    pub const fn words(self) -> Option<&'static str> {
        match self {
            Self::Plausible => None,
            Self::BeyondBalance => Some("approved beyond the balance"),
            Self::HadMoney => Some("declined, or approved in part, although the money was there"),
        }
    }
}

impl Model {
    /// Starts the model with the balances at the start, in minor units; `full` where there will be holds.
    pub fn open(balances: impl IntoIterator<Item = i64>, full: bool) -> Self {
        let open = |balance| Account {
            available: balance,
            floor: balance,
            ..Account::default()
        };
        let accounts: Vec<_> = balances.into_iter().map(open).collect();
        let beside = if full { accounts.len() } else { 0 };
        Self {
            accounts,
            beside: vec![Beside::default(); beside],
        }
    }

    /// A purchase is about to be sent.
    pub fn purchase_sent(&mut self, account: u32, amount: u64) {
        let account = &mut self.accounts[account as usize];
        if account.in_flight == 0 {
            account.floor = account.available;
        }
        account.floor -= amount as i64;
        account.in_flight += 1;
        account.version = account.version.wrapping_add(1).max(1);
    }

    /// A purchase was approved: the money is gone.
    pub fn purchase_approved(&mut self, account: u32, amount: u64) -> Verdict {
        let taken = self
            .beside
            .get(account as usize)
            .map_or(0, |beside| beside.taken);
        let account = &mut self.accounts[account as usize];
        account.in_flight -= 1;
        account.available -= amount as i64;
        if account.available + account.freeing + taken < 0 {
            Verdict::BeyondBalance
        } else {
            Verdict::Plausible
        }
    }

    /// A purchase was declined; `for_money` where the answer said 51.
    pub fn purchase_declined(&mut self, account: u32, for_money: bool) -> Verdict {
        let account = &mut self.accounts[account as usize];
        account.in_flight -= 1;
        if for_money && account.floor >= 0 {
            Verdict::HadMoney
        } else {
            Verdict::Plausible
        }
    }

    /// A reversal is about to be sent.
    pub fn reversal_sent(&mut self, account: u32, amount: u64) {
        let account = &mut self.accounts[account as usize];
        account.freeing += amount as i64;
        account.version = account.version.wrapping_add(1).max(1);
    }

    /// A reversal was acknowledged: the money is back.
    pub fn reversal_answered(&mut self, account: u32, amount: u64) {
        let account = &mut self.accounts[account as usize];
        account.freeing -= amount as i64;
        account.available += amount as i64;
    }

    /// An authorization was approved: the money is held.
    pub fn authorization_approved(&mut self, account: u32, amount: u64) -> Verdict {
        self.hold(account, amount as i64);
        self.purchase_approved(account, amount)
    }

    /// A purchase of more than was there was approved in part.
    pub fn part_approved(&mut self, account: u32, amount: u64) -> Verdict {
        let had_money = self.accounts[account as usize].floor >= 0;
        match self.purchase_approved(account, amount) {
            Verdict::Plausible if had_money => Verdict::HadMoney,
            verdict => verdict,
        }
    }

    /// What was counted as a purchase is taken whether it is there or not.
    pub fn will_be_taken(&mut self, account: u32, amount: u64) {
        if let Some(beside) = self.beside.get_mut(account as usize) {
            beside.taken += amount as i64;
        }
    }

    /// Something is about to be sent that will do this, if it is approved.
    pub fn follow_up_sent(&mut self, account: u32, effect: Effect) {
        self.purchase_sent(account, effect.taken);
        self.accounts[account as usize].freeing += effect.freed as i64;
        self.will_be_taken(account, effect.taken);
    }

    /// It was answered.
    pub fn follow_up_answered(&mut self, account: u32, effect: Effect, approved: bool) {
        if approved {
            self.hold(account, -(effect.unheld as i64));
        }
        let account = &mut self.accounts[account as usize];
        account.in_flight -= 1;
        account.freeing -= effect.freed as i64;
        if approved {
            account.available += effect.freed as i64 - effect.taken as i64;
        }
    }

    /// What an advice has posted is held, not debited.
    pub fn hold(&mut self, account: u32, amount: i64) {
        if let Some(beside) = self.beside.get_mut(account as usize) {
            beside.held += amount;
        }
    }

    /// Where nothing is under way on the account, a mark with which an inquiry can prove later that its
    /// answer must be exact.
    pub fn quiet_mark(&self, account: u32) -> Option<u32> {
        let account = &self.accounts[account as usize];
        (account.in_flight == 0 && account.freeing == 0).then_some(account.version)
    }

    /// The balances that the switch should state: what is owed does not show.
    pub fn stated(&self, account: u32) -> Stated {
        let held = self
            .beside
            .get(account as usize)
            .map_or(0, |beside| beside.held);
        let available = self.accounts[account as usize].available.max(0);
        Stated {
            ledger: available + held,
            available,
        }
    }

    /// The accounts on which anything was asked that can move money.
    pub fn touched(&self) -> Vec<u32> {
        (0u32..)
            .zip(&self.accounts)
            .filter(|(_, account)| account.version != 0)
            .map(|(index, _)| index)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn follows_the_answers() {
        let mut model = Model::open([100, 50], false);
        model.purchase_sent(0, 30);
        assert_eq!(model.quiet_mark(0), None);
        assert_eq!(model.purchase_approved(0, 30), Verdict::Plausible);
        model.reversal_sent(0, 30);
        model.reversal_answered(0, 30);
        model.purchase_sent(0, 60);
        model.purchase_declined(0, false);
        let ledger = |account| model.stated(account).ledger;
        assert_eq!((ledger(0), ledger(1)), (100, 50));
        assert_eq!(model.touched(), [0]);
        assert!(model.quiet_mark(0).is_some());
    }

    #[test]
    fn believes_a_want_of_money_only_where_it_can_be() {
        let mut model = Model::open([100], false);
        model.purchase_sent(0, 100);
        assert_eq!(model.purchase_declined(0, true), Verdict::HadMoney);
        // Two in flight that do not fit together: either may be declined, whichever answer comes first.
        model.purchase_sent(0, 60);
        model.purchase_sent(0, 60);
        assert_eq!(model.purchase_declined(0, true), Verdict::Plausible);
        assert_eq!(model.purchase_approved(0, 60), Verdict::Plausible);
        // One in flight that was declined by the host meanwhile may have stood in the way.
        model.purchase_sent(0, 30);
        model.purchase_sent(0, 30);
        assert_eq!(model.purchase_declined(0, false), Verdict::Plausible);
        assert_eq!(model.purchase_declined(0, true), Verdict::Plausible);
    }

    #[test]
    fn notices_money_that_was_not_there() {
        let mut model = Model::open([100], false);
        model.purchase_sent(0, 80);
        model.purchase_sent(0, 80);
        assert_eq!(model.purchase_approved(0, 80), Verdict::Plausible);
        assert_eq!(model.purchase_approved(0, 80), Verdict::BeyondBalance);
        // A reversal on its way may have brought it back in time.
        let mut model = Model::open([100], false);
        model.purchase_sent(0, 80);
        model.purchase_approved(0, 80);
        model.reversal_sent(0, 80);
        model.purchase_sent(0, 80);
        assert_eq!(model.purchase_approved(0, 80), Verdict::Plausible);
    }

    #[test]
    fn knows_what_is_held_and_what_is_owed() {
        let stated = |ledger, available| Stated { ledger, available };
        let mut model = Model::open([100], true);
        model.purchase_sent(0, 60);
        assert_eq!(model.authorization_approved(0, 60), Verdict::Plausible);
        assert_eq!(model.stated(0), stated(100, 40));
        let completed = Effect {
            unheld: 60,
            freed: 20,
            taken: 0,
        };
        model.follow_up_sent(0, completed);
        assert_eq!(model.quiet_mark(0), None);
        model.follow_up_answered(0, completed, true);
        assert_eq!(model.stated(0), stated(60, 60));
        let advice = Effect {
            taken: 80,
            ..Effect::default()
        };
        model.follow_up_sent(0, advice);
        model.follow_up_answered(0, advice, true);
        assert_eq!(model.stated(0), stated(0, 0));
        let refund = Effect {
            freed: 30,
            ..Effect::default()
        };
        model.follow_up_sent(0, refund);
        model.follow_up_answered(0, refund, false);
        model.follow_up_sent(0, refund);
        model.follow_up_answered(0, refund, true);
        assert_eq!(model.stated(0), stated(10, 10));
    }
}
