//! What the fake switch knows of a full mix: holds, debits and their refunds, in plain arithmetic.

use std::collections::HashMap;

use tessera_protocol::{Payer, Request, Stan};

use super::fake_switch::{Identity, Manners};
use crate::load::Kind;

/// Field 41 and field 11.
type Name = (Vec<u8>, u32);

/// What the request was answered: fields 39 and 38.
type Decided = ([u8; 2], Option<[u8; 6]>);

#[derive(Debug, Clone, Default)]
struct Entry {
    card: u64,
    held: i64,
    /// What reversals have left, and what was refunded.
    left: i64,
    refunded: i64,
    /// What was refunded, where this is a refund of another entry.
    refund_of: Option<(Name, i64)>,
    /// A purchase in the fake switch's own ledger.
    plain: bool,
}

impl Entry {
    fn cost(&self) -> i64 {
        (self.left - self.refunded).max(0)
    }
}

/// All of it.
#[derive(Default)]
pub struct FullLedger {
    entries: HashMap<Name, Entry>,
    counted: HashMap<&'static str, u64>,
}

/// Whether only a full mix has such a request.
pub fn follows(request: &Request<'_>) -> bool {
    match request {
        Request::Authorization(_)
        | Request::AuthorizationAdvice(_)
        | Request::Completion(_)
        | Request::Refund(_) => true,
        Request::Purchase(purchase) => purchase.takes_part,
        Request::Reversal(reversal) => reversal.replacement.is_some(),
        _ => false,
    }
}

impl FullLedger {
    /// Whether it undoes something that is more than a whole purchase.
    pub fn knows(&self, request: &Request<'_>, terminal: &[u8]) -> bool {
        let Request::Reversal(reversal) = request else {
            return false;
        };
        let entry = self
            .entries
            .get(&(terminal.to_vec(), Stan::digits(reversal.original.trace)));
        entry.is_some_and(|entry| !entry.plain || entry.refunded > 0)
            || reversal.original.mti.value() != 0x0200
    }

    /// A plain purchase was approved.
    pub fn purchased(&mut self, name: Name, card: u64, amount: i64) {
        self.debited(name.clone(), card, amount);
        if let Some(entry) = self.entries.get_mut(&name) {
            entry.plain = true;
        }
    }

    fn debited(&mut self, name: Name, card: u64, amount: i64) {
        let debit = Entry {
            card,
            left: amount,
            ..Entry::default()
        };
        self.entries.insert(name, debit);
    }

    /// A purchase was undone.
    pub fn forget(&mut self, name: &Name) {
        self.entries.remove(name);
    }

    /// Ledger and available balance.
    pub fn stated(&self, card: u64, available: i64) -> (i64, i64) {
        let held: i64 = self
            .entries
            .values()
            .filter(|entry| entry.card == card)
            .map(|entry| entry.held)
            .sum();
        (available.max(0) + held, available.max(0))
    }

    /// What all cards hold.
    pub fn held(&self) -> i64 {
        self.entries.values().map(|entry| entry.held).sum()
    }

    /// Decides, and moves the money.
    pub fn decide(
        &mut self,
        request: &Request<'_>,
        (terminal, trace, _): &Identity,
        balances: &mut HashMap<u64, i64>,
        manners: Manners,
    ) -> Decided {
        let own = (terminal.clone(), *trace as u32);
        let (financial, payer, kind) = match request {
            Request::Authorization(asked) => (&asked.financial, &asked.payer, Kind::Authorization),
            Request::Purchase(asked) => (&asked.financial, &asked.payer, Kind::Partial),
            Request::AuthorizationAdvice(advice) => {
                (&advice.financial, &advice.payer, Kind::Advice)
            }
            Request::Completion(advice) if advice.original.is_none() => {
                (&advice.financial, &advice.payer, Kind::Advice)
            }
            Request::Completion(advice) => (&advice.financial, &advice.payer, Kind::Completion),
            Request::Refund(asked) => (&asked.financial, &asked.payer, Kind::Refund),
            Request::Reversal(asked) => (&asked.financial, &asked.payer, Kind::Reversal),
            other => panic!("{other:?}"),
        };
        let Payer::Card { number, .. } = payer else {
            panic!("no card")
        };
        let card = number.expose();
        let amount = financial.amount.value() as i64;
        let counted = self.counted.entry(kind.name()).or_default();
        *counted += 1;
        let cheated = i64::from(manners.cheats == Some((kind, *counted)));
        let numbered = Some(*b"A1B2C3");
        let available = balances.entry(card).or_insert(manners.balance);
        match request {
            Request::Authorization(_) | Request::Purchase(_) if *available < amount => {
                return (*b"51", None);
            }
            Request::Purchase(_) => {
                *available -= amount - cheated;
                self.debited(own, card, amount);
                return (*b"00", numbered);
            }
            Request::Authorization(_) | Request::AuthorizationAdvice(_) => {
                *available -= amount - cheated;
                let hold = Entry {
                    card,
                    held: amount,
                    ..Entry::default()
                };
                self.entries.insert(own, hold);
                let number = numbered.filter(|_| kind == Kind::Authorization);
                return (*b"00", number);
            }
            Request::Completion(advice) => match advice.original {
                None => {
                    *available -= amount - cheated;
                    self.debited(own, card, amount);
                }
                Some(original) => {
                    let name = (terminal.clone(), Stan::digits(original.trace));
                    let hold = self.entries.get_mut(&name).unwrap();
                    let debit = amount.min(hold.held);
                    *available += hold.held - debit + cheated;
                    hold.held = 0;
                    self.debited(own, card, debit);
                }
            },
            Request::Refund(asked) => {
                let name = (
                    terminal.clone(),
                    Stan::digits(asked.original.unwrap().trace),
                );
                let original = self.entries.get_mut(&name).unwrap();
                assert!(amount <= original.left - original.refunded);
                original.refunded += amount;
                *available += amount - cheated;
                let refund = Entry {
                    card,
                    refund_of: Some((name, amount)),
                    ..Entry::default()
                };
                self.entries.insert(own, refund);
                return (*b"00", numbered);
            }
            Request::Reversal(asked) => {
                let name = (terminal.clone(), Stan::digits(asked.original.trace));
                let down_to = asked.replacement.map_or(0, |amount| amount.value() as i64);
                *available -= cheated;
                match self.entries.get(&name).cloned().unwrap_or_default() {
                    Entry {
                        refund_of: Some((of, amount)),
                        ..
                    } => {
                        let original = self.entries.get_mut(&of).unwrap();
                        let before = original.cost();
                        original.refunded -= amount;
                        *available -= original.cost() - before;
                    }
                    Entry { held, .. } if held > 0 => {
                        let hold = self.entries.get_mut(&name).unwrap();
                        *available += held - held.min(down_to);
                        hold.held = held.min(down_to);
                    }
                    _ => {
                        if let Some(debit) = self.entries.get_mut(&name) {
                            let before = debit.cost();
                            debit.left = debit.left.min(down_to);
                            *available += before - debit.cost();
                        }
                    }
                }
            }
            other => panic!("{other:?}"),
        }
        (*b"00", None)
    }
}
