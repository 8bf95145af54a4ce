//! Who is declined, and what goes wrong with an answer: chance from one seed, and amounts whose last
//! digits force an outcome.
//!
//! Each kind of chance has a generator of its own, so that turning one on does not change what another
//! one draws.

use std::time::Duration;

use hashbrown::HashMap;
use rand::rngs::Xoshiro256PlusPlus;
use rand::{RngExt as _, SeedableRng as _};
use tessera_protocol::sandbox::{self, Outcome};
use tessera_protocol::{Amount, CardNumber, ResponseCode};

use super::delay::Delay;
use super::settings::{FaultSettings, RuleSettings};
use super::units::{Code, Forced};

/// Late answers are later than any patience of a development switch, if nothing else is said.
const LATE_BY: Duration = Duration::from_secs(10);

/// Slow answers come within the patience of the shipped switch.
const SLOW_BY: Duration = Duration::from_secs(3);

/// What becomes of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Delivery {
    /// When it leaves.
    pub(super) after: Duration,
    /// How many times; 0 = it is lost.
    pub(super) copies: u8,
    /// The connection is cut in its place.
    pub(super) cut: bool,
}

impl Delivery {
    /// At once, once.
    pub(super) const PLAIN: Self = Self {
        after: Duration::ZERO,
        copies: 1,
        cut: false,
    };
    /// Never.
    pub(super) const NONE: Self = Self {
        copies: 0,
        ..Self::PLAIN
    };
    /// The connection is at its end.
    pub(super) const CUT: Self = Self {
        cut: true,
        ..Self::NONE
    };
}

/// What may go wrong, in the order in which one draw is compared with the shares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    Dropped,
    Late,
    Doubled,
    Cut,
}

/// Decides by configuration.
pub(super) struct Rules {
    decline_share: f64,
    /// Codes with the running sum of their weights.
    decline_codes: Vec<(ResponseCode, u64)>,
    /// The sandbox's outcomes are played.
    sandbox: bool,
    /// By the power of ten that cuts the ending off.
    endings: Vec<(u64, HashMap<u64, Forced>)>,
    declines: Xoshiro256PlusPlus,
    /// Each fault with the running sum of shares; empty where all are 0.
    shares: Vec<(Fault, f64)>,
    faults: Xoshiro256PlusPlus,
    delay: Delay,
    delays: Xoshiro256PlusPlus,
    late_by: Duration,
    /// What advices are refused with.
    pub(super) refuse_advices: Option<ResponseCode>,
    /// Echoes are not answered.
    pub(super) ignore_echo: bool,
}

impl Rules {
    pub(super) fn new(rules: &RuleSettings, faults: &FaultSettings, seed: u64) -> Self {
        let generator = |stream: u64| {
            // Any odd multiplier keeps the seeds of one run's streams apart from those of its neighbours.
            Xoshiro256PlusPlus::seed_from_u64(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ stream)
        };
        Self {
            decline_share: rules.decline_share.value(),
            decline_codes: weighted(&rules.decline_codes),
            sandbox: rules.sandbox,
            endings: endings(&rules.endings),
            declines: generator(1),
            shares: shares(faults),
            faults: generator(2),
            delay: Delay::new(faults.delay),
            delays: generator(3),
            late_by: faults.late_by.map_or(LATE_BY, |by| by.0),
            refuse_advices: rules.refuse_advices.map(|code| code.0),
            ignore_echo: faults.ignore_echo,
        }
    }

    /// What the amount asks for, or the card that pays.
    pub(super) fn forced(&self, amount: Amount, paid_with: Option<&CardNumber>) -> Option<Forced> {
        let ending = self
            .endings
            .iter()
            .find_map(|(power, endings)| endings.get(&(amount.value() % power)).copied());
        if ending.is_some() || !self.sandbox {
            return ending;
        }
        let outcome = sandbox::of_amount(amount).or_else(|| sandbox::of_card(paid_with?));
        outcome.and_then(played)
    }

    /// 00, or the code of a decline by chance.
    pub(super) fn verdict(&mut self) -> ResponseCode {
        if self.decline_share == 0.0 || self.declines.random::<f64>() >= self.decline_share {
            return ResponseCode::APPROVED;
        }
        let total = self.decline_codes.last().map_or(0, |&(_, sum)| sum);
        // At least one number to draw from, also where no code has any weight.
        let drawn = self.declines.random_range(0..total.max(1));
        self.decline_codes
            .iter()
            .find(|&&(_, sum)| drawn < sum)
            .map_or(ResponseCode::DECLINED, |&(code, _)| code)
    }

    /// What becomes of the next answer, and the fault that it suffers.
    pub(super) fn delivery(&mut self, forced: Option<Forced>) -> (Delivery, Option<Fault>) {
        let fault = match forced {
            Some(Forced::Silent) => Some(Fault::Dropped),
            Some(Forced::Late | Forced::Slow) => Some(Fault::Late),
            Some(Forced::Double) => Some(Fault::Doubled),
            Some(Forced::Cut) => Some(Fault::Cut),
            Some(Forced::Code(_) | Forced::Booked(_) | Forced::Other(_) | Forced::Ignored)
            | None => self.draw_fault(),
        };
        let mut delivery = Delivery {
            after: self.delay.draw(&mut self.delays),
            ..Delivery::PLAIN
        };
        match fault {
            Some(Fault::Dropped) => delivery.copies = 0,
            Some(Fault::Late) if forced == Some(Forced::Slow) => delivery.after += SLOW_BY,
            Some(Fault::Late) => delivery.after += self.late_by,
            Some(Fault::Doubled) => delivery.copies = 2,
            Some(Fault::Cut) => delivery.cut = true,
            None => (),
        }
        (delivery, fault)
    }

    fn draw_fault(&mut self) -> Option<Fault> {
        if self.shares.is_empty() {
            return None;
        }
        let drawn = self.faults.random::<f64>();
        self.shares
            .iter()
            .find(|&&(_, sum)| drawn < sum)
            .map(|&(fault, _)| fault)
    }
}

/// What of an outcome of the sandbox is the financial system's to play; the rest is the switch's.
const fn played(outcome: Outcome) -> Option<Forced> {
    Some(match outcome {
        Outcome::Declined(code) => Forced::Code(code),
        Outcome::Slow => Forced::Slow,
        Outcome::HostIgnores => Forced::Ignored,
        Outcome::HostSilent => Forced::Silent,
        Outcome::HostLate => Forced::Late,
        Outcome::HostTwice => Forced::Double,
        Outcome::HostCuts => Forced::Cut,
        Outcome::Approved
        | Outcome::AgreedLate
        | Outcome::AgreedOtherwise
        | Outcome::Partial
        | Outcome::AnswerLost
        | Outcome::AnswerLate => return None,
    })
}

/// A code without weight has the sum of the one before it, and is never drawn.
fn weighted(codes: &std::collections::BTreeMap<Code, u32>) -> Vec<(ResponseCode, u64)> {
    let mut sum = 0;
    let running = codes.iter().map(|(code, &weight)| {
        sum += u64::from(weight);
        (code.0, sum)
    });
    running.collect()
}

fn endings(
    settings: &std::collections::BTreeMap<String, Forced>,
) -> Vec<(u64, HashMap<u64, Forced>)> {
    let mut by_length: Vec<(u64, HashMap<u64, Forced>)> = Vec::new();
    for (ending, &forced) in settings {
        // Settings hold 1 to 9 digits only.
        let (power, number) = (10u64.pow(ending.len() as u32), ending.parse().unwrap_or(0));
        match by_length.iter_mut().find(|(known, _)| *known == power) {
            Some((_, endings)) => {
                endings.insert(number, forced);
            }
            None => by_length.push((power, HashMap::from([(number, forced)]))),
        }
    }
    // The longest ending says more than a shorter one.
    by_length.sort_by_key(|&(power, _)| std::cmp::Reverse(power));
    by_length
}

fn shares(faults: &FaultSettings) -> Vec<(Fault, f64)> {
    let mut sum = 0.0;
    let mut running = Vec::new();
    for (fault, share) in [
        (Fault::Dropped, faults.drop_share),
        (Fault::Late, faults.late_share),
        (Fault::Doubled, faults.double_share),
        (Fault::Cut, faults.cut_share),
    ] {
        if share.value() > 0.0 {
            sum += share.value();
            running.push((fault, sum));
        }
    }
    running
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(text: &str, seed: u64) -> Rules {
        #[derive(serde::Deserialize)]
        struct Both {
            #[serde(default)]
            rules: RuleSettings,
            #[serde(default)]
            faults: FaultSettings,
        }
        let both: Both = toml::from_str(text).unwrap();
        Rules::new(&both.rules, &both.faults, seed)
    }

    #[test]
    fn does_nothing_by_default() {
        let mut rules = rules("", 1);
        assert_eq!(rules.verdict(), ResponseCode::APPROVED);
        assert_eq!(rules.delivery(None), (Delivery::PLAIN, None));
    }

    #[test]
    fn the_longest_ending_wins() {
        let rules = rules(
            "[rules]\nendings = { \"05\" = \"05\", \"6605\" = \"silent\" }",
            1,
        );
        let forced = |minor| rules.forced(Amount::new(minor).unwrap(), None);
        assert_eq!(forced(16_605), Some(Forced::Silent));
        assert_eq!(forced(105), Some(Forced::Code(ResponseCode::DECLINED)));
        assert_eq!(forced(100), None);
    }

    #[test]
    fn the_sandbox_plays_for_amounts_and_test_cards_and_endings_come_first() {
        let with = |text: &str| rules(&format!("[rules]\n{text}"), 1);
        let amount = |minor| Amount::new(minor).unwrap();
        let card = |serial| CardNumber::development(serial);
        let on = with("sandbox = true\nendings = { \"6605\" = \"51\" }");
        let poor = Some(Forced::Code(ResponseCode::NOT_ENOUGH_MONEY));
        assert_eq!(on.forced(amount(6_605), None), poor);
        assert_eq!(on.forced(amount(6_651), None), poor);
        assert_eq!(on.forced(amount(700), Some(&card(660_006_651))), poor);
        assert_eq!(on.forced(amount(700), Some(&card(6_651))), None);
        assert_eq!(on.forced(amount(6_680), None), Some(Forced::Slow));
        // The switch plays these.
        assert_eq!(on.forced(amount(6_610), None), None);
        assert_eq!(on.forced(amount(700), Some(&card(660_006_681))), None);
        let off = with("sandbox = false");
        assert_eq!(off.forced(amount(6_651), Some(&card(660_006_651))), None);
    }

    #[test]
    fn a_slow_answer_is_earlier_than_a_late_one() {
        let mut rules = rules("", 1);
        let after = |rules: &mut Rules, forced| rules.delivery(Some(forced)).0.after;
        assert_eq!(after(&mut rules, Forced::Slow), SLOW_BY);
        assert_eq!(after(&mut rules, Forced::Late), LATE_BY);
    }

    #[test]
    fn shares_and_weights_are_kept_and_reproducible() {
        let text = "[rules]\ndecline_share = 0.1\ndecline_codes = { \"05\" = 1, \"51\" = 3 }\n\
                    [faults]\ndrop_share = 0.2\ncut_share = 0.1";
        let draw = |seed| {
            let mut rules = rules(text, seed);
            (0..10_000)
                .map(|_| (rules.verdict(), rules.delivery(None).1))
                .collect::<Vec<_>>()
        };
        let drawn = draw(1);
        let coded = |code| drawn.iter().filter(|one| one.0 == code).count();
        let failed = |fault| drawn.iter().filter(|one| one.1 == Some(fault)).count();
        for (seen, expected) in [
            (coded(ResponseCode::DECLINED), 250),
            (coded(ResponseCode::NOT_ENOUGH_MONEY), 750),
            (failed(Fault::Dropped), 2_000),
            (failed(Fault::Cut), 1_000),
        ] {
            assert!(
                (expected * 8 / 10..expected * 12 / 10).contains(&seen),
                "{seen}, not {expected}"
            );
        }
        assert_eq!(drawn, draw(1));
        assert_ne!(drawn, draw(2));
    }
}
