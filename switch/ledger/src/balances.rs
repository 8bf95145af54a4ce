//! The balances of a wallet, as postings change them.

use tessera_protocol::Amount;

use super::event::{self, Items, Postings};
use super::{Account, Balance, Broken, Event, Posting, Wallet};

impl Wallet {
    /// The money that `event` moves, read off the state before it.
    ///
    /// # Errors
    /// Where it does not fit the wallet.
    pub fn postings(&self, event: &Event) -> Result<Postings, Broken> {
        event::postings(self, event)
    }

    /// What `event` adds to totals, read off the state before it.
    ///
    /// # Errors
    /// Where it does not fit the wallet.
    pub fn settles(&self, event: &Event) -> Result<Items, Broken> {
        event::settles(self, event)
    }

    /// What all accounts of the wallet come to, minor units: below zero where its payer owes more than there is.
    pub(crate) fn worth(&self) -> i128 {
        let signed = |balance: Balance| i128::from(balance.value());
        signed(self.available) + signed(self.held) - signed(self.owed)
    }

    /// Makes the event's postings true; nothing is changed where one can't be. What they bring into the wallet from
    /// others' accounts, less what they take out of it.
    pub(crate) fn post(&mut self, event: &Event) -> Result<i128, Broken> {
        let (mut available, mut held, mut owed) = (self.available, self.held, self.owed);
        let mut moved = 0;
        for Posting { from, to, amount } in self.postings(event)? {
            moved += i128::from(amount.value())
                * (i128::from(from.is_anothers()) - i128::from(to.is_anothers()));
            match from {
                Account::Available(_) => available = less(available, amount, from)?,
                Account::Held(_) => held = less(held, amount, from)?,
                Account::Receivable(_) => owed = more(owed, amount, from)?,
                Account::Payable(_) | Account::Funding => {}
            }
            match to {
                Account::Available(_) => available = more(available, amount, to)?,
                Account::Held(_) => held = more(held, amount, to)?,
                Account::Receivable(_) => owed = less(owed, amount, to)?,
                Account::Payable(_) | Account::Funding => {}
            }
        }
        (self.available, self.held, self.owed) = (available, held, owed);
        Ok(moved)
    }
}

fn less(balance: Balance, amount: Amount, of: Account) -> Result<Balance, Broken> {
    balance.minus(amount).ok_or(Broken::Overdrawn(of))
}

fn more(balance: Balance, amount: Amount, of: Account) -> Result<Balance, Broken> {
    balance.plus(amount).ok_or(Broken::Overdrawn(of))
}
