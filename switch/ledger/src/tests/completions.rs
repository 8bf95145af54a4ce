//! What a completion may take after another was reversed.

use tessera_protocol::{Mti, OriginalData, ResponseCode};

use super::bench::{Bench, balances, by_card, forwarded, original};
use crate::{Action, Command};

fn held(bench: &mut Bench, trace: u32, minor: u64) {
    let opening = by_card(1, trace, minor);
    let reference = forwarded(&bench.ask(opening, Action::Purchase { barred: None }));
    bench.send(Command::HostAnswered(reference, ResponseCode::APPROVED));
}

fn named(mti: Mti, trace: u32) -> OriginalData {
    OriginalData {
        mti,
        ..original(trace)
    }
}

fn complete(bench: &mut Bench, trace: u32, minor: u64, several: bool) {
    let action = Action::Complete {
        original: named(Mti::AUTHORIZATION, 1),
        several,
        elsewhere: false,
    };
    bench.ask(by_card(2, trace, minor), action);
}

fn reverse(bench: &mut Bench, trace: u32, completion: u32) {
    let action = Action::Reverse {
        original: named(Mti::COMPLETION, completion),
        replacement: None,
        advice: true,
        was_waiting: false,
    };
    bench.ask(by_card(4, trace, 0), action);
}

#[test]
fn what_a_completion_left_free_is_not_taken_later() {
    let mut bench = Bench::with(1_000);
    held(&mut bench, 1, 300);
    complete(&mut bench, 2, 100, false);
    assert_eq!(balances(&bench), (900, 0));
    reverse(&mut bench, 3, 2);
    assert_eq!(balances(&bench), (1_000, 0));
    // The other 200 were free when the first completion had come.
    complete(&mut bench, 4, 300, false);
    assert_eq!(balances(&bench), (900, 0));
    complete(&mut bench, 5, 300, false);
    assert_eq!(balances(&bench), (900, 0));
    assert_eq!(bench.replayed(), bench.wallet);
    bench.checkpoint();
    assert_eq!(bench.read_stored(), bench.wallet);
}

#[test]
fn of_several_completions_what_one_gave_back_is_held_no_more() {
    let mut bench = Bench::with(1_000);
    held(&mut bench, 1, 300);
    complete(&mut bench, 2, 100, true);
    assert_eq!(balances(&bench), (700, 200));
    reverse(&mut bench, 3, 2);
    assert_eq!(balances(&bench), (800, 200));
    complete(&mut bench, 4, 300, true);
    assert_eq!(balances(&bench), (800, 0));
    // Reversed too, it may be sent again, for what it was.
    reverse(&mut bench, 5, 4);
    complete(&mut bench, 6, 300, true);
    assert_eq!(balances(&bench), (800, 0));
    complete(&mut bench, 7, 300, true);
    assert_eq!(balances(&bench), (800, 0));
    assert_eq!(bench.replayed(), bench.wallet);
}
