//! Random sequences of everything that can happen to a wallet, against a model that is nothing but
//! arithmetic.

mod about;
mod naming;
mod paper;
mod spending;
mod status;
mod supervised;

use proptest::prelude::*;
use tessera_protocol::ResponseCode;
use tessera_protocol::leased::Limits;

use self::naming::Naming;
use self::paper::{Fate, Paper, START};
use super::bench::Bench;
use crate::{Advice, AdviceSubject, Command, Effect, Owed, Reference, StandIn, Status, Wallet};

type Checked = Result<(), TestCaseError>;

/// Milliseconds for which an authorization holds.
const HOLD_VALID_FOR: u64 = 1_000;

#[derive(Debug, Clone)]
enum Step {
    Purchase {
        minor: u64,
        takes_part: bool,
    },
    Authorize {
        minor: u64,
        takes_part: bool,
    },
    /// Decided elsewhere.
    Advise {
        minor: u64,
        holds: bool,
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
        naming: Naming,
    },
    ReverseBeforehand {
        minor: u64,
        naming: Naming,
    },
    ReverseNothing {
        minor: u64,
        advice: bool,
    },
    Complete {
        which: usize,
        minor: u64,
        several: bool,
    },
    ReverseCompletion {
        which: usize,
        keep: Option<u64>,
        naming: Naming,
    },
    Refund {
        which: usize,
        minor: u64,
    },
    ReverseRefund {
        which: usize,
        keep: Option<u64>,
        naming: Naming,
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
    PartyAsks {
        which: usize,
        naming: Naming,
    },
    HostRefusedAdvice {
        which: usize,
    },
    OperatorDecides {
        which: usize,
        drops: bool,
    },
    OperatorBlocks {
        blocks: bool,
    },
    OperatorControls {
        controls: bool,
    },
    LineGoes {
        up: bool,
    },
    TimePasses {
        milliseconds: u64,
    },
    Sync,
    Checkpoint,
    Crash,
}

fn step() -> impl Strategy<Value = Step> {
    let which = 0usize..64;
    let keep = || proptest::option::of(0u64..5000);
    let pays = || (1u64..4000, proptest::bool::weighted(0.3));
    prop_oneof![
        5 => pays().prop_map(|(minor, takes_part)| Step::Purchase { minor, takes_part }),
        4 => pays().prop_map(|(minor, takes_part)| Step::Authorize { minor, takes_part }),
        1 => (1u64..4000, any::<bool>()).prop_map(|(minor, holds)| Step::Advise { minor, holds }),
        2 => which.clone().prop_map(|which| Step::Repeat { which }),
        1 => which.clone().prop_map(|which| Step::RepeatWithAnotherAmount { which }),
        3 => (which.clone(), keep(), any::<bool>(), naming())
            .prop_map(|(which, keep, advice, naming)| Step::Reverse { which, keep, advice, naming }),
        1 => (1u64..4000, naming()).prop_map(|(minor, naming)| Step::ReverseBeforehand { minor, naming }),
        1 => (1u64..4000, any::<bool>()).prop_map(|(minor, advice)| Step::ReverseNothing { minor, advice }),
        4 => (which.clone(), 1u64..4000, any::<bool>())
            .prop_map(|(which, minor, several)| Step::Complete { which, minor, several }),
        1 => (which.clone(), keep(), naming())
            .prop_map(|(which, keep, naming)| Step::ReverseCompletion { which, keep, naming }),
        3 => (which.clone(), 1u64..3000).prop_map(|(which, minor)| Step::Refund { which, minor }),
        1 => (which.clone(), keep(), naming())
            .prop_map(|(which, keep, naming)| Step::ReverseRefund { which, keep, naming }),
        3 => (which.clone(), proptest::bool::weighted(0.8))
            .prop_map(|(which, approves)| Step::HostDecidesRefund { which, approves }),
        6 => which.clone().prop_map(|which| Step::HostApproves { which }),
        1 => which.clone().prop_map(|which| Step::HostDeclines { which }),
        1 => which.clone().prop_map(|which| Step::HostIsSilent { which }),
        1 => which.clone().prop_map(|which| Step::HostIsUnreached { which }),
        2 => which.clone().prop_map(|which| Step::HostAcknowledges { which }),
        3 => (which.clone(), naming()).prop_map(|(which, naming)| Step::PartyAsks { which, naming }),
        1 => which.clone().prop_map(|which| Step::HostRefusedAdvice { which }),
        1 => (which, any::<bool>()).prop_map(|(which, drops)| Step::OperatorDecides { which, drops }),
        1 => proptest::bool::weighted(0.3).prop_map(|blocks| Step::OperatorBlocks { blocks }),
        1 => proptest::bool::weighted(0.3).prop_map(|controls| Step::OperatorControls { controls }),
        1 => any::<bool>().prop_map(|up| Step::LineGoes { up }),
        1 => (1u64..1500).prop_map(|milliseconds| Step::TimePasses { milliseconds }),
        3 => Just(Step::Sync),
        1 => Just(Step::Checkpoint),
        1 => Just(Step::Crash),
    ]
}

fn naming() -> impl Strategy<Value = Naming> {
    prop_oneof![
        4 => Just(Naming::Time),
        1 => Just(Naming::NoTime),
        1 => Just(Naming::LostTime),
        1 => Just(Naming::Retrieval),
        1 => Just(Naming::OtherTerminal),
    ]
}

fn stand_in() -> impl Strategy<Value = StandIn> {
    let approves = (1u64..4000, 1u64..8000).prop_map(|(per_transaction, per_wallet)| StandIn {
        per_transaction,
        per_wallet,
        overall: u64::MAX,
    });
    prop_oneof![1 => Just(StandIn::default()), 1 => approves]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn money_is_conserved_whatever_happens(
        steps in proptest::collection::vec(step(), 1..120),
        day in prop_oneof![3 => Just(0), 1 => 1u64..20_000],
        day_count in prop_oneof![3 => Just(0), 1 => 1u64..12],
        stand_in in stand_in(),
    ) {
        let mut bench = Bench::with(START);
        let limits = Limits { day, day_count, ..Limits::default() };
        (bench.rules.limits, bench.rules.stand_in) = (limits, stand_in);
        (bench.rules.hold_valid_for, bench.stand_in_left) = (HOLD_VALID_FOR, stand_in.overall);
        let mut paper = Paper { limits, stand_in, ..Paper::default() };
        for step in &steps {
            take(step, &mut bench, &mut paper)?;
            prop_assert_eq!(bench.wallet.available.value(), paper.available(), "available after {:?}", step);
            prop_assert_eq!(bench.wallet.held.value(), paper.held(), "held after {:?}", step);
            prop_assert_eq!(bench.wallet.owed.value(), paper.owed(), "owed after {:?}", step);
            let spent = bench.wallet.spending.at(bench.now);
            prop_assert_eq!((spent.day, spent.day_count), paper.spending(), "spent after {:?}", step);
        }
        for which in 0..paper.spent.len() + paper.refunds.len() {
            status::ask(&mut bench, &paper, which, Naming::Time)?;
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

fn take(step: &Step, bench: &mut Bench, paper: &mut Paper) -> Checked {
    let unreachable = Fate::Refused(ResponseCode::HOST_UNREACHABLE);
    match *step {
        Step::Purchase { minor, takes_part } => {
            let trace = paper.next_trace();
            spending::pay(bench, paper, (2, trace), minor, takes_part)
        }
        Step::Authorize { minor, takes_part } => {
            let trace = paper.next_trace();
            spending::pay(bench, paper, (1, trace), minor, takes_part)
        }
        Step::Advise { minor, holds } => spending::advise(bench, paper, minor, holds),
        Step::Repeat { which } => spending::repeat(bench, paper, which),
        Step::RepeatWithAnotherAmount { which } => spending::contradict(bench, paper, which),
        Step::Reverse {
            which,
            keep,
            advice,
            naming,
        } => spending::reverse(bench, paper, which, keep, advice, naming),
        Step::ReverseBeforehand { minor, naming } => {
            spending::reverse_beforehand(bench, paper, minor, naming)
        }
        Step::ReverseNothing { minor, advice } => {
            spending::reverse_nothing(bench, paper, minor, advice)
        }
        Step::Complete {
            which,
            minor,
            several,
        } => about::complete(bench, paper, which, minor, several),
        Step::ReverseCompletion {
            which,
            keep,
            naming,
        } => about::reverse_completion(bench, paper, which, keep, naming),
        Step::Refund { which, minor } => about::refund(bench, paper, which, minor),
        Step::ReverseRefund {
            which,
            keep,
            naming,
        } => about::reverse_refund(bench, paper, which, keep, naming),
        Step::HostDecidesRefund { which, approves } => {
            about::host_decides(bench, paper, which, approves)
        }
        Step::HostApproves { which } => {
            let answer = |reference| Command::HostAnswered(reference, ResponseCode::APPROVED);
            spending::finish(bench, paper, which, answer, Fate::Approved)
        }
        Step::HostDeclines { which } => {
            let code = ResponseCode::NOT_PERMITTED_TO_CARD;
            let answer = |reference| Command::HostAnswered(reference, code);
            spending::finish(bench, paper, which, answer, Fate::Refused(code))
        }
        Step::HostIsSilent { which } => {
            spending::finish(bench, paper, which, Command::HostSilent, unreachable)
        }
        Step::HostIsUnreached { which } => {
            spending::finish(bench, paper, which, Command::HostUnreached, unreachable)
        }
        Step::HostAcknowledges { which } => {
            let Some(place) = which.checked_rem(paper.spent.len()) else {
                return Ok(());
            };
            if let Some(reference) = paper.spent[place].reference {
                // It does not get advices that were given up.
                paper.spent[place].unsent &= !bench.is_advising(reference, AdviceSubject::Posting);
                bench.acknowledge(reference);
            }
            Ok(())
        }
        Step::PartyAsks { which, naming } => status::ask(bench, paper, which, naming),
        Step::HostRefusedAdvice { which } => supervised::host_refuses(bench, paper, which),
        Step::OperatorDecides { which, drops } => {
            supervised::operator_decides(bench, paper, which, drops)
        }
        Step::OperatorBlocks { blocks } => supervised::operator_blocks(bench, paper, blocks),
        Step::OperatorControls { controls } => {
            supervised::operator_controls(bench, paper, controls)
        }
        Step::LineGoes { up } => {
            bench.host_up = up;
            Ok(())
        }
        Step::TimePasses { milliseconds } => {
            bench.now = bench.now.plus(milliseconds);
            bench.send(Command::Wake);
            paper.expire(bench.now);
            Ok(())
        }
        Step::Sync => {
            bench.sync();
            Ok(())
        }
        Step::Checkpoint => {
            bench.checkpoint();
            Ok(())
        }
        Step::Crash => crash(bench, paper),
    }
}

fn crash(bench: &mut Bench, paper: &mut Paper) -> Checked {
    bench.wallet = bench.replayed();
    let effects = bench.send(Command::Recover);
    for place in 0..paper.spent.len() {
        if paper.spent[place].fate == Fate::Pending {
            paper.refuse(place, ResponseCode::HOST_UNREACHABLE);
        }
    }
    for refund in &mut paper.refunds {
        if refund.fate == Fate::Pending {
            refund.fate = Fate::Refused(ResponseCode::HOST_UNREACHABLE);
        }
    }
    for transaction in bench.wallet.transactions.iter() {
        let reference = transaction.reference;
        prop_assert!(
            transaction.status != Status::Pending,
            "left open by a crash"
        );
        for (owed, advice, subject) in [
            (Owed::Undo, transaction.advice, Effect::Advise(reference)),
            (
                Owed::Posting,
                transaction.more().posting,
                Effect::Post(reference),
            ),
        ] {
            let given_up = transaction.given_up(owed).copied();
            let expected = advice == Advice::Open && given_up.is_none();
            prop_assert_eq!(effects.contains(&subject), expected);
            let aside = given_up.map(|given_up| Effect::LayAside(reference, given_up));
            prop_assert!(aside.is_none_or(|aside| effects.contains(&aside)));
        }
    }
    Ok(())
}

/// The code of the answer that comes at once, if one does.
fn answered(effects: &[Effect]) -> Option<ResponseCode> {
    effects.iter().find_map(|effect| match effect {
        Effect::Answer(outcome) => Some(outcome.code),
        _ => None,
    })
}

/// What goes to the host.
fn forwarded(effects: &[Effect]) -> Option<Reference> {
    effects.iter().find_map(|effect| match effect {
        Effect::Forward(reference) | Effect::Post(reference) => Some(*reference),
        _ => None,
    })
}
