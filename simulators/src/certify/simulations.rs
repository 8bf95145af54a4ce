//! Transactions that `tessera simulate` plays, one at a time: cases without a rule, for the developer of a client.

use super::answer::{Answer, Expected, answered, approved};
use super::case::{Case, Need};
use super::message::{Message, authorization, completion, purchase, refund, reversal};
use super::party::Kind;

/// What is played.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Simulation {
    /// A purchase that is approved.
    Approve,
    /// A purchase of more than the payer has.
    Decline,
    /// An authorization, and the completion that debits it.
    Clear,
    /// A card that has expired; of a mall, an order to which no payer agrees in time.
    Expire,
    /// A purchase, and a refund of half of it.
    Refund,
    /// A purchase, and its reversal.
    Reverse,
}

/// More than any development wallet has, and below the limit of every profile that states none.
const TOO_MUCH: u64 = 999_999_999_999;
/// An expiry that is past.
const EXPIRED: &str = "2001";

impl Simulation {
    /// The messages of a party of this kind, for so many minor units; or why it can't send them.
    pub fn case(self, kind: Kind, amount: u64) -> Result<Case, &'static str> {
        let case = |title| Case::new("S", "simulation", title);
        Ok(match (self, kind) {
            (Self::Approve, _) => {
                let bought = case("a purchase that is approved").paying(amount);
                bought.send(purchase(amount), approved())
            }
            (Self::Decline, Kind::Acquirer) => case("a purchase of more than the payer has")
                .needs(Need::Payer)
                .send(purchase(TOO_MUCH), declined(&["51", "61"])),
            (Self::Decline, Kind::Mall) => case("a purchase of another amount than was agreed to")
                .paying(amount)
                .send(purchase(amount + 1), declined(&["13"])),
            (Self::Clear, Kind::Acquirer) => case("an authorization, and its completion")
                .paying(amount)
                .send(authorization(amount), approved())
                .send(completion(1, amount), advised()),
            (Self::Clear, Kind::Mall) => {
                return Err("a mall sends purchases of orders: choose an acquirer with --party");
            }
            (Self::Expire, Kind::Acquirer) => case("a purchase with a card that has expired")
                .needs(Need::Payer)
                .send(expired(amount), declined(&["54"])),
            (Self::Expire, Kind::Mall) => case("an order to which no payer agrees in time")
                .send(purchase(amount).order(9), declined(&["25"])),
            (Self::Refund, _) => case("a purchase, and a refund of half of it")
                .paying(amount)
                .send(purchase(amount), approved())
                .send(refund(1, amount.div_ceil(2)), approved()),
            (Self::Reverse, _) => case("a purchase, and its reversal")
                .paying(amount)
                .send(purchase(amount), approved())
                .send(reversal(1), advised()),
        })
    }
}

fn expired(amount: u64) -> Message {
    purchase(amount)
        .named("purchase with an expired card")
        .with(14, EXPIRED)
}

fn declined(codes: &[&'static str]) -> Answer {
    let mut answer = answered("51");
    answer.codes = codes.to_vec();
    answer.with_reason()
}

fn advised() -> Answer {
    approved().with(38, Expected::Anything)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mall_plays_all_but_what_needs_a_card() {
        for what in [
            Simulation::Approve,
            Simulation::Decline,
            Simulation::Clear,
            Simulation::Expire,
            Simulation::Refund,
            Simulation::Reverse,
        ] {
            assert!(what.case(Kind::Acquirer, 1_999).is_ok(), "{what:?}");
            let of_mall = what.case(Kind::Mall, 1_999);
            assert_eq!(of_mall.is_ok(), what != Simulation::Clear, "{what:?}");
        }
    }
}
