//! Orders whose payers agree by themselves: in a sandbox, the order's number says who agrees, and to what.

use super::case::{Case, Step};

/// A payer who agrees at once.
const AT_ONCE: u64 = 6600;
/// One who agrees after the purchase has arrived.
const LATE: u64 = 6601;
/// One who has agreed to another amount.
const OTHERWISE: u64 = 6602;

/// An order that is agreed to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Agreed {
    /// Which one, as the case counts its orders.
    pub order: u8,
    /// The number of the sandbox's outcome.
    outcome: u64,
    /// Minor units.
    amount: u64,
}

impl Agreed {
    /// To what a purchase of any amount does not fit: no money moves.
    pub const MISFIT: Self = Self {
        order: 1,
        outcome: OTHERWISE,
        amount: 999_999,
    };

    /// The orders of a case.
    pub fn in_case(case: &Case) -> Vec<Self> {
        let mut sent = false;
        let mut agreed = Vec::new();
        for step in &case.steps {
            match *step {
                Step::Send { .. } => sent = true,
                Step::Agree { order, amount } => agreed.push(Self {
                    order,
                    outcome: if sent { LATE } else { AT_ONCE },
                    amount,
                }),
                Step::Raw { .. }
                | Step::Silent { .. }
                | Step::Idle { .. }
                | Step::Await { .. }
                | Step::Balance { .. }
                | Step::Serves { .. }
                | Step::CrowdOut { .. } => {}
            }
        }
        agreed
    }

    /// What the order's number ends in.
    pub fn ending(&self) -> String {
        format!("-{}@{}", self.outcome, self.amount)
    }
}

#[cfg(test)]
mod tests {
    use tessera_protocol::Amount;
    use tessera_protocol::sandbox::{self, Outcome};

    use super::super::cases;
    use super::*;

    #[test]
    fn payers_agree_to_every_order_as_the_case_says_and_only_to_those() {
        let named = |number: &str| {
            let case = cases().into_iter().find(|case| case.number == number);
            Agreed::in_case(&case.expect("a case"))
        };
        let ending = |agreed: &Agreed| sandbox::of_order(agreed.ending().as_bytes()).unwrap();
        let at_once = ending(&named("5.120")[0]);
        assert_eq!(at_once.outcome, Outcome::Approved);
        assert_eq!(at_once.amount, Amount::new(1_999));
        assert_eq!(ending(&named("5.124")[0]).outcome, Outcome::AgreedLate);
        assert_eq!(named("5.95").len(), 2);
        assert!(named("5.123").is_empty());
        let misfit = ending(&Agreed::MISFIT);
        assert_eq!(misfit.outcome, Outcome::AgreedOtherwise);
        // The number of the longest order still fits into tag 01.
        let longest = |case: &Case| {
            Agreed::in_case(case)
                .iter()
                .map(|one| one.ending().len())
                .max()
        };
        assert!(
            cases()
                .iter()
                .filter_map(longest)
                .all(|ending| "CXXXXXXX-5.120-1".len() + ending <= 32)
        );
    }
}
