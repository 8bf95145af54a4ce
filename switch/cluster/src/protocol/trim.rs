//! Which entries the log need not keep any more.

use crate::NodeReport;

/// Entries below this number are on the disks of two nodes: of the owner, which has synced up to `own`, and of another one, and no node
/// says that it needs them. 0 where nothing may be deleted.
pub(crate) fn trim_below<'a>(own: u64, others: impl Iterator<Item = &'a NodeReport>) -> u64 {
    let (mut furthest, mut needed) = (None, u64::MAX);
    for report in others {
        furthest = furthest.max(Some(report.synced));
        needed = needed.min(report.needs.unwrap_or(u64::MAX));
    }
    let on_two = furthest.map_or(0, |furthest: u64| furthest.min(own) + 1);
    on_two.min(needed)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::NodeId;

    fn report(synced: u64, needs: Option<u64>) -> NodeReport {
        NodeReport {
            node: NodeId::parse("n2").unwrap(),
            synced,
            build: String::new(),
            peer: None,
            needs,
        }
    }

    fn below(own: u64, others: &[u64]) -> u64 {
        let reports: Vec<_> = others.iter().map(|synced| report(*synced, None)).collect();
        trim_below(own, reports.iter())
    }

    #[test]
    fn keeps_all_while_no_other_node_has_it() {
        assert_eq!(below(100, &[]), 0);
        assert_eq!(below(100, &[7]), 8);
        assert_eq!(below(100, &[7, 150]), 101);
    }

    #[test]
    fn keeps_what_a_node_needs() {
        let reports = [report(90, None), report(3, Some(40))];
        assert_eq!(trim_below(100, reports.iter()), 40);
        let reports = [report(90, None), report(3, Some(95))];
        assert_eq!(trim_below(100, reports.iter()), 91);
    }

    proptest! {
        #[test]
        fn what_may_go_is_on_two_nodes(own in 0..50_u64, others in proptest::collection::vec(0..50_u64, 0..4)) {
            for number in 0..below(own, &others) {
                let holders = others.iter().chain([&own]).filter(|&&synced| synced >= number);
                prop_assert!(holders.count() >= 2, "entry {}", number);
            }
        }
    }
}
