//! The generator's own books: what every account should hold, built from nothing but the balances read at
//! the start and the answers received since. The switch is compared with it, never asked to explain.
//!
//! Answers of different connections overtake each other, so a balance in the middle of a run is known only
//! between bounds:
//!
//! ```text
//! floor  = ledger when the account was last quiet, less every purchase sent since    (cannot be lower)
//! ledger = start, less purchases approved, plus reversals answered                   (by the answers so far)
//! ledger + reversing = the same, with the reversals still unanswered                 (cannot be higher)
//! ```

/// The books over a row of accounts. Indices count from the first card of the run.
#[derive(Debug, Default)]
pub struct Model {
    accounts: Vec<Account>,
}

/// One account, half a cache line.
#[derive(Debug, Clone, Copy, Default)]
#[repr(align(32))]
struct Account {
    ledger: i64,
    floor: i64,
    reversing: i64,
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

/// What the books say to a purchase's answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It can be so.
    Plausible,
    /// Approved although the money cannot have been there.
    BeyondBalance,
    /// Declined for want of money that must have been there.
    HadMoney,
}

impl Model {
    /// Opens the books with the balances read at the start, in minor units.
    pub fn open(balances: impl IntoIterator<Item = i64>) -> Self {
        let open = |balance| Account {
            ledger: balance,
            floor: balance,
            ..Account::default()
        };
        Self {
            accounts: balances.into_iter().map(open).collect(),
        }
    }

    /// A purchase is about to be sent.
    pub fn purchase_sent(&mut self, account: u32, amount: u64) {
        let account = &mut self.accounts[account as usize];
        if account.in_flight == 0 {
            account.floor = account.ledger;
        }
        account.floor -= amount as i64;
        account.in_flight += 1;
        account.version = account.version.wrapping_add(1).max(1);
    }

    /// A purchase was approved: the money is gone.
    pub fn purchase_approved(&mut self, account: u32, amount: u64) -> Verdict {
        let account = &mut self.accounts[account as usize];
        account.in_flight -= 1;
        account.ledger -= amount as i64;
        if account.ledger + account.reversing < 0 {
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
        account.reversing += amount as i64;
        account.version = account.version.wrapping_add(1).max(1);
    }

    /// A reversal was acknowledged: the money is back.
    pub fn reversal_answered(&mut self, account: u32, amount: u64) {
        let account = &mut self.accounts[account as usize];
        account.reversing -= amount as i64;
        account.ledger += amount as i64;
    }

    /// Where nothing is under way on the account, a mark with which an inquiry can prove later that its
    /// answer must be exact.
    pub fn quiet_mark(&self, account: u32) -> Option<u32> {
        let account = &self.accounts[account as usize];
        (account.in_flight == 0 && account.reversing == 0).then_some(account.version)
    }

    /// The balance that the switch should state.
    pub fn ledger(&self, account: u32) -> i64 {
        self.accounts[account as usize].ledger
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
        let mut model = Model::open([100, 50]);
        model.purchase_sent(0, 30);
        assert_eq!(model.quiet_mark(0), None);
        assert_eq!(model.purchase_approved(0, 30), Verdict::Plausible);
        model.reversal_sent(0, 30);
        model.reversal_answered(0, 30);
        model.purchase_sent(0, 60);
        model.purchase_declined(0, false);
        assert_eq!((model.ledger(0), model.ledger(1)), (100, 50));
        assert_eq!(model.touched(), [0]);
        assert!(model.quiet_mark(0).is_some());
    }

    #[test]
    fn believes_a_want_of_money_only_where_it_can_be() {
        let mut model = Model::open([100]);
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
        let mut model = Model::open([100]);
        model.purchase_sent(0, 80);
        model.purchase_sent(0, 80);
        assert_eq!(model.purchase_approved(0, 80), Verdict::Plausible);
        assert_eq!(model.purchase_approved(0, 80), Verdict::BeyondBalance);
        // A reversal on its way may have brought it back in time.
        let mut model = Model::open([100]);
        model.purchase_sent(0, 80);
        model.purchase_approved(0, 80);
        model.reversal_sent(0, 80);
        model.purchase_sent(0, 80);
        assert_eq!(model.purchase_approved(0, 80), Verdict::Plausible);
    }
}
