//! Which entries the log need not keep any more.

use super::Rule;

/// Entries below this number are on the disks of two nodes: of the owner, which has synced up to `own`, and of another one. `others` is
/// how far each other node says that it has synced. 0 where nothing may be deleted.
///
/// That `own` counts makes no difference as long as the owner has one entry in flight, and syncs it before the next.
pub(crate) fn trim_below(own: u64, others: impl Iterator<Item = u64>) -> u64 {
    let furthest = match Rule::TrimNeedsTwo.holds() {
        true => others.max(),
        false => Some(own),
    };
    furthest.map_or(0, |furthest| furthest.min(own) + 1)
}

/// What may be deleted of that while nodes say from which entry on they need the log: they copy what is before it.
pub(crate) fn without_needed(below: u64, needs: impl Iterator<Item = u64>) -> u64 {
    needs.min().map_or(below, |needed| below.min(needed))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn keeps_all_while_no_other_node_has_it() {
        assert_eq!(trim_below(100, [].into_iter()), 0);
        assert_eq!(trim_below(100, [7].into_iter()), 8);
        assert_eq!(trim_below(100, [7, 150].into_iter()), 101);
    }

    #[test]
    fn keeps_what_a_node_needs() {
        assert_eq!(without_needed(91, [].into_iter()), 91);
        assert_eq!(without_needed(91, [95, 40].into_iter()), 40);
        assert_eq!(without_needed(91, [95].into_iter()), 91);
    }

    proptest! {
        #[test]
        fn what_may_go_is_on_two_nodes(own in 0..50_u64, others in proptest::collection::vec(0..50_u64, 0..4)) {
            let below = trim_below(own, others.iter().copied());
            for number in 0..below {
                let holders = others.iter().chain([&own]).filter(|&&synced| synced >= number);
                prop_assert!(holders.count() >= 2, "entry {}", number);
            }
        }
    }
}
