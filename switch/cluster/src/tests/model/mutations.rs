//! Each rule of the protocol is needed: without it, the model finds that something breaks.

use super::run::run;
use crate::protocol::Rule;

/// Within so many seeds.
const SEEDS: u64 = 10_000;

/// What breaks without a rule, first.
fn breaks_without(rule: Rule) -> Option<(u64, String)> {
    Rule::switch_off(Some(rule));
    let found = (0..SEEDS).find_map(|seed| Some((seed, run(seed).err()?)));
    Rule::switch_off(None);
    found
}

#[track_caller]
fn needs(rule: Rule) {
    match breaks_without(rule) {
        Some((seed, why)) => println!("without {rule:?}, seed {seed}: {why}"),
        None => panic!("nothing breaks without {rule:?}"),
    }
}

macro_rules! needs {
    ($($name:ident: $rule:ident,)*) => {
        $(#[test] fn $name() { needs(Rule::$rule); })*
    };
}

needs! {
    own_tag_compared: OwnTagCompared,
    unknown_is_asked: UnknownIsAsked,
    superseded_ends: SupersededEnds,
    trim_needs_two: TrimNeedsTwo,
    sync_before_report: SyncBeforeReport,
    written_once: WrittenOnce,
    candidate_has_all: CandidateHasAll,
    epoch_rises: EpochRises,
    one_epoch_each: OneEpochEach,
    candidate_holds_lease: CandidateHoldsLease,
    new_owner_catches_up: NewOwnerCatchesUp,
    new_owner_syncs: NewOwnerSyncs,
    claim_never_ended: ClaimNeverEnded,
    reclaim_reads_head: ReclaimReadsHead,
    fence_needs_claim: FenceNeedsClaim,
    fence_looks_at_claim: FenceLooksAtClaim,
    renewal_counts_from_sending: RenewalCountsFromSending,
    unknown_claim_given_up: UnknownClaimGivenUp,
    report_under_new_lease: ReportUnderNewLease,
    behind_is_checked: BehindIsChecked,
    fenced_by_revision: FencedByRevision,
    write_after_acknowledgement: WriteAfterAcknowledgement,
    sync_before_release: SyncBeforeRelease,
    fence_before_release: FenceBeforeRelease,
}
