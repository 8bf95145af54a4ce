//! The rules that the protocol rests on, by name. Production always keeps all of them: outside of tests, [`Rule::holds`] is a
//! constant. The model in `tests/model` switches off one at a time, and shows that something breaks without it.

/// A rule. Each says what has to be so; the place that asks [`holds`](Self::holds) says how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rule {
    /// A head is the own one only where all of it is, the tag of the entry's bytes included.
    OwnTagCompared,
    /// An append without an answer is settled by reading the head, and never taken for done.
    UnknownIsAsked,
    /// Of what the owner has synced, the log gives up only what another node has synced too.
    TrimNeedsTwo,
    /// A batch that is in the files already is not written again.
    WrittenOnce,
    /// A candidate can read from the log all that its files lack, at the head that its transaction expects.
    CandidateHasAll,
    /// A take-over raises the epoch.
    EpochRises,
    /// A candidate gives up where another node began an epoch meanwhile.
    OneEpochEach,
    /// A candidate sends its transaction only while its lease certainly lives.
    CandidateHoldsLease,
    /// A new owner takes everything up to its own epoch before it is active.
    NewOwnerCatchesUp,
    /// A new owner syncs what it took before it is active.
    NewOwnerSyncs,
    /// A candidate becomes the owner only where its claim has never ended since it was made.
    ClaimNeverEnded,
    /// An owner whose lease had ended goes on only where the head still is of its epoch.
    ReclaimReadsHead,
    /// The fence opens only under a lease that has the claim.
    FenceNeedsClaim,
    /// The fence opens only where the claim was there after the renewal was sent that it rests on.
    FenceLooksAtClaim,
    /// A renewal counts from the moment of its sending.
    RenewalCountsFromSending,
    /// A lease whose claim is not known to be made or refused is given up.
    UnknownClaimGivenUp,
    /// What a node has said of itself is said again under each new lease.
    ReportUnderNewLease,
    /// A node whose next entry was deleted looks whether its files have it before it ends.
    BehindIsChecked,
    /// The log changes only where its head is the expected revision. Kept by the engine.
    #[cfg(any(test, feature = "testing"))]
    FencedByRevision,
    /// An owner whose append met another head ends. Kept by the process.
    #[cfg(test)]
    SupersededEnds,
    /// A node reports an entry once its file with it is synced. Kept by the order of calls in `standby.rs`.
    #[cfg(test)]
    SyncBeforeReport,
    /// An entry is written to the owner's file once the log has it. Kept by the journal.
    #[cfg(test)]
    WriteAfterAcknowledgement,
    /// Effects leave once their entry is in the owner's own file, synced. Kept by the journal.
    #[cfg(test)]
    SyncBeforeRelease,
    /// Effects leave while the fence is open. Kept by the one that sends them.
    #[cfg(test)]
    FenceBeforeRelease,
}

#[cfg(test)]
thread_local! {
    static OFF: std::cell::Cell<Option<Rule>> = const { std::cell::Cell::new(None) };
}

impl Rule {
    /// It does.
    #[cfg(not(test))]
    pub const fn holds(self) -> bool {
        true
    }

    /// Unless this thread has switched it off.
    #[cfg(test)]
    pub fn holds(self) -> bool {
        OFF.get() != Some(self)
    }

    /// Switches one off on this thread, or all on again.
    #[cfg(test)]
    pub fn switch_off(rule: Option<Self>) {
        OFF.set(rule);
    }
}
