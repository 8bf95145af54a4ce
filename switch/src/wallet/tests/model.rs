//! Random sequences of everything that can happen to a wallet, against a model that is nothing but
//! arithmetic.

use proptest::prelude::*;
use tessera_protocol::ResponseCode;
use tessera_protocol::leased::Limits;

use super::bench::{Bench, by_card, original, refund};
use crate::wallet::{Action, Advice, Command, Effect, Reference, Status, Wallet};

const START: u64 = 10_000;

#[derive(Debug, Clone)]
enum Step {
    Purchase {
        minor: u64,
    },
    Repeat {
        which: usize,
    },
    RepeatWithAnotherAmount {
        which: usize,
    },
    Reverse {
        which: usize,
        keep: Option<u64>,
        advice: bool,
    },
    ReverseBeforehand {
        minor: u64,
    },
    Refund {
        which: usize,
        minor: u64,
    },
    ReverseRefund {
        which: usize,
        keep: Option<u64>,
    },
    HostDecidesRefund {
        which: usize,
        approves: bool,
    },
    HostApproves {
        which: usize,
    },
    HostDeclines {
        which: usize,
    },
    HostIsSilent {
        which: usize,
    },
    HostIsUnreached {
        which: usize,
    },
    HostAcknowledges {
        which: usize,
    },
    LineGoes {
        up: bool,
    },
    Sync,
    Checkpoint,
    Crash,
}

fn step() -> impl Strategy<Value = Step> {
    let which = 0usize..64;
    prop_oneof![
        5 => (1u64..4000).prop_map(|minor| Step::Purchase { minor }),
        2 => which.clone().prop_map(|which| Step::Repeat { which }),
        1 => which.clone().prop_map(|which| Step::RepeatWithAnotherAmount { which }),
        3 => (which.clone(), proptest::option::of(0u64..5000), any::<bool>())
            .prop_map(|(which, keep, advice)| Step::Reverse { which, keep, advice }),
        1 => (1u64..4000).prop_map(|minor| Step::ReverseBeforehand { minor }),
        3 => (which.clone(), 1u64..3000).prop_map(|(which, minor)| Step::Refund { which, minor }),
        1 => (which.clone(), proptest::option::of(0u64..3000))
            .prop_map(|(which, keep)| Step::ReverseRefund { which, keep }),
        3 => (which.clone(), proptest::bool::weighted(0.8))
            .prop_map(|(which, approves)| Step::HostDecidesRefund { which, approves }),
        4 => which.clone().prop_map(|which| Step::HostApproves { which }),
        1 => which.clone().prop_map(|which| Step::HostDeclines { which }),
        1 => which.clone().prop_map(|which| Step::HostIsSilent { which }),
        1 => which.clone().prop_map(|which| Step::HostIsUnreached { which }),
        2 => which.prop_map(|which| Step::HostAcknowledges { which }),
        1 => any::<bool>().prop_map(|up| Step::LineGoes { up }),
        3 => Just(Step::Sync),
        1 => Just(Step::Checkpoint),
        1 => Just(Step::Crash),
    ]
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Fate {
    Pending,
    Approved,
    Refused(ResponseCode),
}

/// A purchase as somebody with pencil and paper sees it.
#[derive(Debug, Clone)]
struct Bought {
    trace: u32,
    minor: u64,
    /// What its reversal asked to leave.
    asked: Option<u64>,
    reference: Option<Reference>,
    fate: Fate,
}

/// A refund as somebody with pencil and paper sees it.
#[derive(Debug, Clone)]
struct GivenBack {
    trace: u32,
    of: usize,
    minor: u64,
    keeps: u64,
    reference: Reference,
    fate: Fate,
    reversed: bool,
}

#[derive(Debug, Default)]
struct Model {
    bought: Vec<Bought>,
    given_back: Vec<GivenBack>,
    limits: Limits,
    traces: u32,
    beforehand: Vec<u32>,
}

impl Model {
    fn sum(&self, of: impl Fn(&Bought) -> bool) -> u64 {
        let places = self.bought.iter().enumerate();
        places
            .filter(|(_, bought)| of(bought))
            .map(|(place, _)| self.keeps(place))
            .sum()
    }

    /// What stays of a purchase, whatever came first: the reversal, a refund, or the end of that refund.
    fn keeps(&self, place: usize) -> u64 {
        let bought = &self.bought[place];
        bought
            .asked
            .map_or(bought.minor, |asked| asked.max(self.refunded(place)))
    }

    fn held(&self) -> u64 {
        self.sum(|bought| bought.fate == Fate::Pending)
    }

    fn spent(&self) -> u64 {
        self.sum(|bought| bought.fate == Fate::Approved)
    }

    /// What was given back of a purchase, or will be if the host agrees.
    fn refunded(&self, of: usize) -> u64 {
        let stands = |refund: &&GivenBack| !matches!(refund.fate, Fate::Refused(_));
        self.given_back
            .iter()
            .filter(|refund| refund.of == of)
            .filter(stands)
            .map(|refund| refund.keeps)
            .sum()
    }

    fn came_back(&self) -> u64 {
        let approved = self
            .given_back
            .iter()
            .filter(|refund| refund.fate == Fate::Approved);
        approved.map(|refund| refund.keeps).sum()
    }

    fn available(&self) -> u64 {
        (START + self.came_back()).saturating_sub(self.held() + self.spent())
    }

    fn owed(&self) -> u64 {
        (self.held() + self.spent()).saturating_sub(START + self.came_back())
    }

    /// Purchases that came to something, and what is left of them: refunds do not count.
    fn spending(&self) -> (u64, u64) {
        let counts = |bought: &Bought| !matches!(bought.fate, Fate::Refused(_));
        let whole = |place: &usize| counts(&self.bought[*place]) && self.keeps(*place) > 0;
        let count = (0..self.bought.len()).filter(whole).count() as u64;
        (self.sum(counts), count)
    }

    fn next_trace(&mut self) -> u32 {
        self.traces += 1;
        self.traces
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn money_is_conserved_whatever_happens(
        steps in proptest::collection::vec(step(), 1..120),
        day in prop_oneof![3 => Just(0), 1 => 1u64..20_000],
        day_count in prop_oneof![3 => Just(0), 1 => 1u64..12],
    ) {
        let mut bench = Bench::with(START);
        let limits = Limits { day, day_count, ..Limits::default() };
        bench.rules.limits = limits;
        let mut model = Model { limits, ..Model::default() };
        for step in &steps {
            take(step, &mut bench, &mut model)?;
            prop_assert_eq!(bench.wallet.available.value(), model.available(), "available after {:?}", step);
            prop_assert_eq!(bench.wallet.held.value(), model.held(), "held after {:?}", step);
            prop_assert_eq!(bench.wallet.owed.value(), model.owed(), "owed after {:?}", step);
            let spent = bench.wallet.spending.at(bench.now);
            prop_assert_eq!((spent.day, spent.day_count), model.spending(), "spent after {:?}", step);
        }
        let replayed = bench.replayed();
        prop_assert_eq!(&replayed, &bench.wallet, "replay of the journal");
        bench.checkpoint();
        prop_assert_eq!(&bench.read_stored(), &bench.wallet, "what the store has");
        let mut snapshot = Vec::new();
        bench.wallet.write_snapshot(&mut snapshot);
        for end in 0..snapshot.len() {
            prop_assert!(Wallet::read_snapshot(bench.wallet.id, &snapshot[..end]).is_err());
        }
    }
}

fn take(step: &Step, bench: &mut Bench, model: &mut Model) -> Result<(), TestCaseError> {
    match *step {
        Step::Purchase { minor } => {
            let trace = model.next_trace();
            buy(bench, model, trace, minor)?;
        }
        Step::ReverseBeforehand { minor } => {
            let (reversal, trace) = (model.next_trace(), model.next_trace());
            let action = reverse(trace, None, true);
            let code = bench
                .answer(by_card(4, reversal, minor), action)
                .map(|outcome| outcome.code);
            prop_assert_eq!(code, Some(ResponseCode::APPROVED));
            model.beforehand.push(trace);
            buy(bench, model, trace, minor)?;
        }
        Step::Repeat { which } => {
            let Some(bought) = pick(model, which) else {
                return Ok(());
            };
            let effects = bench.ask(by_card(2, bought.trace, bought.minor), Action::Purchase);
            match (bought.fate, &effects[..]) {
                (Fate::Pending, [Effect::Await(reference)]) => {
                    prop_assert_eq!(Some(*reference), bought.reference);
                }
                (Fate::Approved, [Effect::Answer(outcome)]) => {
                    prop_assert_eq!(outcome.code, ResponseCode::APPROVED);
                    prop_assert!(outcome.approval.is_some());
                }
                (Fate::Refused(code), [Effect::Answer(outcome)]) => {
                    prop_assert_eq!(outcome.code, code);
                }
                (fate, effects) => prop_assert!(false, "{fate:?} was answered with {effects:?}"),
            }
        }
        Step::RepeatWithAnotherAmount { which } => {
            let Some(bought) = pick(model, which) else {
                return Ok(());
            };
            let opening = by_card(2, bought.trace, bought.minor + 1);
            let outcome = bench.answer(opening, Action::Purchase);
            prop_assert_eq!(
                outcome.map(|outcome| outcome.code),
                Some(ResponseCode::DUPLICATE)
            );
        }
        Step::Reverse {
            which,
            keep,
            advice,
        } => {
            let trace = model.next_trace();
            let Some(bought) = pick(model, which) else {
                return Ok(());
            };
            let action = reverse(bought.trace, keep, advice);
            let outcome = bench.answer(by_card(4, trace, bought.minor), action);
            let code = outcome.map(|outcome| outcome.code);
            let keep = keep.unwrap_or(0);
            if keep > bought.minor {
                prop_assert_eq!(code, Some(ResponseCode::INVALID_AMOUNT));
                return Ok(());
            }
            prop_assert_eq!(code, Some(ResponseCode::APPROVED));
            let stands = !matches!(bought.fate, Fate::Refused(_));
            if stands && bought.asked.is_none() && keep < bought.minor {
                let bought = pick_mut(model, which);
                bought.asked = Some(keep);
                if bought.fate == Fate::Pending && keep == 0 {
                    bought.fate = Fate::Refused(ResponseCode::DECLINED);
                }
            }
        }
        Step::Refund { which, minor } => {
            let trace = model.next_trace();
            give_back(bench, model, which, trace, minor)?;
        }
        Step::ReverseRefund { which, keep } => reverse_refund(bench, model, which, keep)?,
        Step::HostDecidesRefund { which, approves } => {
            let Some(place) = which.checked_rem(model.given_back.len()) else {
                return Ok(());
            };
            let refund = &mut model.given_back[place];
            let code = match approves {
                true => ResponseCode::APPROVED,
                false => ResponseCode::DECLINED,
            };
            bench.tell(Command::HostAnswered(refund.reference, code));
            if refund.fate == Fate::Pending {
                refund.fate = if approves {
                    Fate::Approved
                } else {
                    Fate::Refused(code)
                };
            }
        }
        Step::HostApproves { which } => {
            let answer = |reference| Command::HostAnswered(reference, ResponseCode::APPROVED);
            finish(bench, model, which, answer, Fate::Approved);
        }
        Step::HostDeclines { which } => {
            let code = ResponseCode::NOT_PERMITTED_TO_CARD;
            let answer = |reference| Command::HostAnswered(reference, code);
            finish(bench, model, which, answer, Fate::Refused(code));
        }
        Step::HostIsSilent { which } => {
            finish(
                bench,
                model,
                which,
                Command::HostSilent,
                Fate::Refused(ResponseCode::HOST_UNREACHABLE),
            );
        }
        Step::HostIsUnreached { which } => {
            finish(
                bench,
                model,
                which,
                Command::HostUnreached,
                Fate::Refused(ResponseCode::HOST_UNREACHABLE),
            );
        }
        Step::HostAcknowledges { which } => {
            if let Some(Bought {
                reference: Some(reference),
                ..
            }) = pick(model, which)
            {
                bench.acknowledge(reference);
            }
        }
        Step::LineGoes { up } => bench.host_up = up,
        Step::Sync => bench.sync(),
        Step::Checkpoint => bench.checkpoint(),
        Step::Crash => {
            bench.wallet = bench.replayed();
            let effects = bench.tell(Command::Recover);
            for bought in &mut model.bought {
                if bought.fate == Fate::Pending {
                    bought.fate = Fate::Refused(ResponseCode::HOST_UNREACHABLE);
                }
            }
            for refund in &mut model.given_back {
                if refund.fate == Fate::Pending {
                    refund.fate = Fate::Refused(ResponseCode::HOST_UNREACHABLE);
                }
            }
            for transaction in bench.wallet.transactions.iter() {
                prop_assert!(
                    transaction.status != Status::Pending,
                    "left open by a crash"
                );
                if transaction.advice == Advice::Open {
                    prop_assert!(effects.contains(&Effect::Advise(transaction.reference)));
                }
            }
        }
    }
    Ok(())
}

fn buy(bench: &mut Bench, model: &mut Model, trace: u32, minor: u64) -> Result<(), TestCaseError> {
    let expected = if model.beforehand.contains(&trace) {
        Some(ResponseCode::DECLINED)
    } else if model.limits.day != 0 && model.spending().0 + minor > model.limits.day {
        Some(ResponseCode::ABOVE_AMOUNT_LIMIT)
    } else if model.limits.day_count != 0 && model.spending().1 >= model.limits.day_count {
        Some(ResponseCode::ABOVE_COUNT_LIMIT)
    } else if minor > model.available() {
        Some(ResponseCode::NOT_ENOUGH_MONEY)
    } else if !bench.host_up {
        Some(ResponseCode::HOST_UNREACHABLE)
    } else {
        None
    };
    let effects = bench.ask(by_card(2, trace, minor), Action::Purchase);
    let answered = effects.iter().find_map(|effect| match effect {
        Effect::Answer(outcome) => Some(outcome.code),
        _ => None,
    });
    prop_assert_eq!(answered, expected);
    let reference = effects.iter().find_map(|effect| match effect {
        Effect::Forward(reference) => Some(*reference),
        _ => None,
    });
    prop_assert_eq!(reference.is_some(), expected.is_none());
    let fate = expected.map_or(Fate::Pending, Fate::Refused);
    model.bought.push(Bought {
        trace,
        minor,
        asked: None,
        reference,
        fate,
    });
    Ok(())
}

fn give_back(
    bench: &mut Bench,
    model: &mut Model,
    which: usize,
    trace: u32,
    minor: u64,
) -> Result<(), TestCaseError> {
    let Some(of) = which.checked_rem(model.bought.len()) else {
        return Ok(());
    };
    let bought = model.bought[of].clone();
    let expected = match bought.fate {
        Fate::Refused(_) => Some(ResponseCode::NOT_FOUND),
        Fate::Pending => Some(ResponseCode::INVALID_TRANSACTION),
        Fate::Approved if minor + model.refunded(of) > model.keeps(of) => {
            Some(ResponseCode::INVALID_AMOUNT)
        }
        Fate::Approved if !bench.host_up => Some(ResponseCode::HOST_UNREACHABLE),
        Fate::Approved => None,
    };
    let action = Action::Refund {
        original: Some(original(bought.trace)),
    };
    let effects = bench.ask(refund(trace, minor), action);
    let answered = effects.iter().find_map(|effect| match effect {
        Effect::Answer(outcome) => Some(outcome.code),
        _ => None,
    });
    prop_assert_eq!(answered, expected);
    let reference = effects.iter().find_map(|effect| match effect {
        Effect::Forward(reference) => Some(*reference),
        _ => None,
    });
    prop_assert_eq!(reference.is_some(), expected.is_none());
    model
        .given_back
        .extend(reference.map(|reference| GivenBack {
            trace,
            of,
            minor,
            keeps: minor,
            reference,
            fate: Fate::Pending,
            reversed: false,
        }));
    Ok(())
}

fn reverse_refund(
    bench: &mut Bench,
    model: &mut Model,
    which: usize,
    keep: Option<u64>,
) -> Result<(), TestCaseError> {
    let trace = model.next_trace();
    let Some(place) = which.checked_rem(model.given_back.len()) else {
        return Ok(());
    };
    let refund = &mut model.given_back[place];
    let action = reverse(refund.trace, keep, true);
    let outcome = bench.answer(by_card(4, trace, refund.minor), action);
    let code = outcome.map(|outcome| outcome.code);
    let keep = keep.unwrap_or(0);
    if keep > refund.minor {
        prop_assert_eq!(code, Some(ResponseCode::INVALID_AMOUNT));
        return Ok(());
    }
    prop_assert_eq!(code, Some(ResponseCode::APPROVED));
    let stands = !matches!(refund.fate, Fate::Refused(_));
    if stands && !refund.reversed && keep < refund.keeps {
        refund.keeps = keep;
        refund.reversed = true;
        if refund.fate == Fate::Pending && keep == 0 {
            refund.fate = Fate::Refused(ResponseCode::DECLINED);
        }
    }
    Ok(())
}

/// The host's word about a purchase; one that comes late changes nothing.
fn finish(
    bench: &mut Bench,
    model: &mut Model,
    which: usize,
    command: impl Fn(Reference) -> Command,
    fate: Fate,
) {
    let Some(Bought {
        reference: Some(reference),
        ..
    }) = pick(model, which)
    else {
        return;
    };
    bench.tell(command(reference));
    let bought = pick_mut(model, which);
    if bought.fate == Fate::Pending {
        bought.fate = fate;
    }
}

fn reverse(trace: u32, keep: Option<u64>, advice: bool) -> Action {
    let replacement = keep.map(super::bench::amount);
    Action::Reverse {
        original: original(trace),
        replacement,
        advice,
    }
}

fn pick(model: &Model, which: usize) -> Option<Bought> {
    let place = which.checked_rem(model.bought.len())?;
    Some(model.bought[place].clone())
}

fn pick_mut(model: &mut Model, which: usize) -> &mut Bought {
    let place = which % model.bought.len();
    &mut model.bought[place]
}
