//! The list against a plain one that is searched from its begin to its end.

use proptest::prelude::*;

use tessera_kit::clock::Timestamp;
use tessera_kit::record::Position;
use tessera_protocol::Stan;

use super::settled::{ALIKE_MAX, End, Settled, SettledList};
use crate::Reference;

/// What a plain list does.
#[derive(Default)]
struct Plain {
    settled: Vec<Settled>,
    away: Vec<Settled>,
    unsaved: Vec<Settled>,
}

impl Plain {
    fn add(&mut self, settled: Settled) {
        self.away.retain(|one| !one.is(&settled));
        self.unsaved.retain(|one| !one.is(&settled));
        self.unsaved.push(settled);
        match self.settled.iter_mut().find(|one| one.is(&settled)) {
            Some(known) => *known = settled,
            None => self.settled.push(settled),
        }
    }

    fn with(&self, fits: impl Fn(&Settled) -> bool) -> Vec<Position> {
        let found = self.settled.iter().filter(|one| fits(one));
        sorted(found.map(|one| one.position))
    }
}

fn sorted(positions: impl IntoIterator<Item = Position>) -> Vec<Position> {
    let mut positions: Vec<_> = positions.into_iter().collect();
    positions.sort_unstable();
    positions
}

/// The `number`th transaction: some have the same trace number, field 37, key or reference as others.
fn settled(number: u32, code: u8) -> Settled {
    // Some came long before those that have settled just before them.
    let minutes = u64::from(number) - u64::from(number % 7 == 6) * u64::from(number % 50);
    let at = Timestamp::from_milliseconds(1_790_000_000_000 + minutes * 60_000);
    Settled {
        reference: Reference(Reference::first(at, 0).0 + u64::from(number.is_multiple_of(5))),
        position: Position::from_stored(u64::from(number) + 1).expect("above 0"),
        trace: Stan::new(1 + number % 90),
        key: number % 400,
        retrieval: number % 3 * (number % 120),
        code: [b'0', b'0' + code],
        end: End::APPROVED,
    }
}

#[derive(Debug, Clone)]
enum Step {
    /// So many more settle.
    Settle(u32),
    /// One of those that have settled is brought back.
    BringBack(u32),
    /// What is away settles again, in another way.
    SettleAgain(u8),
    /// A snapshot is taken.
    Save,
    /// Those of this many minutes and more ago are forgotten.
    Forget(u32),
    /// It is read back from snapshots.
    Restore,
    Look(u32),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => (1..60u32).prop_map(Step::Settle),
        4 => any::<u32>().prop_map(Step::BringBack),
        2 => (1..9u8).prop_map(Step::SettleAgain),
        2 => Just(Step::Save),
        1 => (0..300u32).prop_map(Step::Forget),
        1 => Just(Step::Restore),
        6 => any::<u32>().prop_map(Step::Look),
    ];
    prop::collection::vec(step, 1..80)
}

fn agree(list: &mut SettledList, plain: &Plain, asked: Settled) -> Result<(), TestCaseError> {
    prop_assert_eq!(
        sorted(list.iter().map(|one| one.position)),
        plain.with(|_| true)
    );
    let with_key = list.with_key(asked.trace, asked.key);
    let wanted = plain.with(|one| (one.trace, one.key) == (asked.trace, asked.key));
    prop_assert_eq!(sorted(with_key), wanted);
    let with_reference = list.with_reference(asked.reference);
    let wanted = plain.with(|one| one.reference == asked.reference);
    prop_assert_eq!(sorted(with_reference), wanted);
    for (found, wanted) in [
        (
            list.with_trace(asked.trace),
            plain.with(|one| one.trace == asked.trace),
        ),
        (
            list.with_retrieval(asked.retrieval),
            plain.with(|one| one.retrieval == asked.retrieval),
        ),
    ] {
        if wanted.len() <= ALIKE_MAX && asked.retrieval != 0 {
            prop_assert_eq!(sorted(found), wanted);
        }
    }
    Ok(())
}

proptest! {
    #[test]
    fn everything_is_found_that_a_plain_list_has(steps in steps()) {
        let (mut list, mut plain) = (SettledList::default(), Plain::default());
        let mut saved: Vec<Settled> = Vec::new();
        let mut next = 0;
        for step in steps {
            match step {
                Step::Settle(count) => for _ in 0..count {
                    list.add(settled(next, 0));
                    plain.add(settled(next, 0));
                    next += 1;
                },
                Step::BringBack(which) if next > 0 => {
                    let wanted = settled(which % next, 0);
                    let known = plain.settled.iter().position(|one| one.is(&wanted));
                    let known = known.map(|place| plain.settled.remove(place));
                    plain.unsaved.retain(|one| !one.is(&wanted));
                    let Settled { reference, position, trace, key, .. } = wanted;
                    prop_assert_eq!(list.remove(reference, position, trace, key), known);
                    plain.away.extend(known);
                }
                Step::SettleAgain(code) => for one in std::mem::take(&mut plain.away) {
                    let one = Settled { code: [b'0', b'0' + code], ..one };
                    list.add(one);
                    plain.add(one);
                },
                Step::Save => {
                    let mut unsaved = list.take_unsaved();
                    let mut wanted = std::mem::take(&mut plain.unsaved);
                    saved.extend(&unsaved);
                    unsaved.sort_unstable();
                    wanted.sort_unstable();
                    prop_assert_eq!(unsaved, wanted);
                }
                Step::Forget(minutes) => {
                    let newest = settled(next, 0).reference.given_at();
                    let moment = newest.saturating_sub(u64::from(minutes) * 60_000);
                    let young = |one: &Settled| one.reference.given_at() >= moment;
                    list.forget_before(moment);
                    plain.settled.retain(young);
                    plain.unsaved.retain(young);
                    // What is at hand is the wallet's matter.
                    plain.away.retain(young);
                    saved.retain(young);
                }
                Step::Restore => {
                    saved.extend(list.take_unsaved());
                    plain.unsaved.clear();
                    list = SettledList::default();
                    for one in &saved {
                        if !plain.away.iter().any(|away| away.is(one)) {
                            list.restore(*one);
                        }
                    }
                }
                Step::Look(which) => {
                    let wanted = settled(which % (next + 10), 0);
                    agree(&mut list, &plain, wanted)?;
                }
                Step::BringBack(_) => {}
            }
        }
        for number in 0..next.min(200) {
            agree(&mut list, &plain, settled(number, 0))?;
        }
    }
}

/// A party that always uses one trace number and one field 37 makes no search long.
#[test]
fn of_many_that_are_alike_the_newest_are_found() {
    let mut list = SettledList::default();
    let alike = |number| Settled {
        trace: Stan::new(7),
        retrieval: 7,
        key: number,
        ..settled(number, 0)
    };
    (0..1_000).for_each(|number| list.add(alike(number)));
    let newest = sorted((1_000 - ALIKE_MAX as u32..1_000).map(|number| alike(number).position));
    assert_eq!(sorted(list.with_trace(Stan::new(7))), newest);
    assert_eq!(sorted(list.with_retrieval(7)), newest);
    assert!(list.with_trace(Stan::new(8)).is_empty());
}

/// One that comes back and settles again as often as a party repeats it takes no more memory.
#[test]
fn what_settles_again_keeps_its_place() {
    let mut list = SettledList::default();
    (0..100).for_each(|number| list.add(settled(number, 0)));
    list.take_unsaved();
    let one = settled(40, 0);
    for _ in 0..1_000 {
        let found = list.remove(one.reference, one.position, one.trace, one.key);
        assert_eq!(found, Some(one));
        list.add(one);
    }
    assert_eq!(list.list.len(), 100);
    assert_eq!(list.take_unsaved(), [one]);
}
