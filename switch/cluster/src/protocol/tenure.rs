//! The lease of a node, its claim on the log under that lease, and until when its fence may be open.
//!
//! ```text
//! renew ──▶ lives ──▶ a candidate or owner looks at its claim ──▶ it is there: the fence opens
//!       │                                                     └─▶ it was seized: a candidate is none; an owner claims anew, as below
//!       └─▶ has ended ──▶ another lease ──▶ a candidate's claim is gone
//!                                       └─▶ an owner claims anew ──▶ ours ──▶ the head is of its epoch ──▶ the fence opens
//!                                                                └─▶ another's                        └─▶ lost
//! claim ──▶ ours ──▶ renew ──▶ the fence opens
//!       └─▶ no answer ──▶ the lease is given up: a claim that may be there must not live on with it
//! ```
//!
//! Leases are pacing: who owns the log is whom its head names. But effects that leave a node need more than that, since nothing
//! checks them on their way. They leave while the fence is open, so only while the lease lives under which the log was claimed.
//!
//! A person may have the claim taken away from a lease that lives (`tessera cluster take-over --force`). So each renewal counts only
//! where the claim was there *after* it was sent: the fence is shut, at the latest, as long after the seizure as the lease lives after
//! a renewal. That long nobody else claims the log.

use super::Rule;
use crate::{Claim, Head};

/// See the head of this file. `M` is a moment of a clock that counts pauses too.
#[derive(Debug)]
pub(crate) struct Tenure<M> {
    hold: Hold,
    has_lease: bool,
    /// An owner's claim is not made yet under its present lease.
    unclaimed: bool,
    /// A candidate waits for its claim.
    claims: bool,
    /// When the last renewal or request for a lease was sent.
    sent: M,
    /// What was last said of this node under its present lease.
    reported: Option<Said>,
}

/// What a node says of itself under its lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Said {
    /// Its files go up to this entry.
    pub synced: u64,
    /// The log has to keep entries from this one on.
    pub needs: Option<u64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Hold {
    Nothing,
    Candidate,
    Owner { epoch: u64 },
}

/// What the log answered.
#[derive(Debug)]
pub(crate) enum Reply {
    /// The lease has lived until then, or has not.
    Renewed(bool),
    /// There is another lease.
    Granted,
    /// Who has the claim.
    Claimed(Claim),
    /// Whether the claim is still of this lease.
    HasClaim(bool),
    /// The head.
    Head(Option<Head>),
    /// Nothing.
    Silence,
}

/// What is to be done next.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Due<M> {
    /// Renew the lease.
    Renew,
    /// Close the fence, forget the lease, and take another one.
    Grant,
    /// Claim the log.
    Claim,
    /// Look whether the claim is still of this lease.
    LookAtClaim,
    /// Read the head.
    ReadHead,
    /// Open the fence, as far as a renewal allows that was sent then. The end of this.
    Open(M),
    /// Nothing. The end of this.
    Rest,
    /// Close the fence, forget the lease, and revoke it if that can be done. The end of this.
    Revoke,
    /// The process has to end. The end of this.
    Lost(String),
}

impl<M: Copy> Tenure<M> {
    pub fn new(now: M) -> Self {
        Self {
            hold: Hold::Nothing,
            has_lease: false,
            unclaimed: false,
            claims: false,
            sent: now,
            reported: None,
        }
    }

    /// It is time for a renewal.
    pub fn renew(&mut self, now: M) -> Due<M> {
        self.claims = false;
        self.sent = now;
        match self.has_lease {
            true => Due::Renew,
            false => Due::Grant,
        }
    }

    /// The node wants to be a candidate. It is one where this ends with [`Due::Open`].
    pub fn claim(&mut self) -> Due<M> {
        if !self.has_lease {
            return Due::Rest;
        }
        self.claims = true;
        Due::Claim
    }

    /// The candidate has begun this epoch and is to be the owner. Whether it is: not where its claim has ended since.
    pub fn promote(&mut self, epoch: u64) -> bool {
        let lives = self.hold == Hold::Candidate;
        if lives {
            self.hold = Hold::Owner { epoch };
        }
        lives
    }

    /// The node is no candidate any more.
    pub fn give_up(&mut self) -> Due<M> {
        self.hold = Hold::Nothing;
        self.forget_lease();
        Due::Revoke
    }

    /// Whether this has to be said of the node.
    pub fn has_to_report(&self, said: Said) -> bool {
        self.has_lease && self.reported != Some(said)
    }

    /// It was said.
    pub fn reported(&mut self, said: Said) {
        self.reported = Some(said);
    }

    /// What follows from an answer.
    pub fn on(&mut self, reply: Reply, now: M) -> Due<M> {
        match reply {
            Reply::Renewed(true) => self.lives(now),
            Reply::Renewed(false) => self.ended(now),
            Reply::Granted => {
                self.has_lease = true;
                match self.unclaimed {
                    true => Due::Claim,
                    false => Due::Rest,
                }
            }
            Reply::Claimed(claim) => self.claimed(claim, now),
            Reply::HasClaim(has) => self.has_claim(has),
            Reply::Head(head) => self.head_is(head),
            Reply::Silence if self.claims && Rule::UnknownClaimGivenUp.holds() => self.give_up(),
            Reply::Silence => Due::Rest,
        }
    }

    fn lives(&mut self, now: M) -> Due<M> {
        if !Rule::RenewalCountsFromSending.holds() {
            self.sent = now;
        }
        match self.hold {
            Hold::Nothing => Due::Rest,
            Hold::Candidate | Hold::Owner { .. } if !Rule::FenceNeedsClaim.holds() => {
                Due::Open(self.sent)
            }
            Hold::Candidate | Hold::Owner { .. } if self.unclaimed => Due::Claim,
            Hold::Candidate | Hold::Owner { .. } if Rule::FenceLooksAtClaim.holds() => {
                Due::LookAtClaim
            }
            Hold::Candidate | Hold::Owner { .. } => Due::Open(self.sent),
        }
    }

    /// After a renewal.
    fn has_claim(&mut self, has: bool) -> Due<M> {
        match self.hold {
            Hold::Nothing => Due::Rest,
            Hold::Candidate | Hold::Owner { .. } if has => Due::Open(self.sent),
            Hold::Candidate => {
                self.hold = Hold::Nothing;
                Due::Rest
            }
            Hold::Owner { .. } => {
                self.unclaimed = true;
                Due::Claim
            }
        }
    }

    fn ended(&mut self, now: M) -> Due<M> {
        self.forget_lease();
        if self.hold == Hold::Candidate && Rule::ClaimNeverEnded.holds() {
            self.hold = Hold::Nothing;
        }
        self.unclaimed = self.hold != Hold::Nothing;
        if self.claims {
            return Due::Rest;
        }
        self.sent = now;
        Due::Grant
    }

    fn claimed(&mut self, claim: Claim, now: M) -> Due<M> {
        match (claim, self.hold) {
            (Claim::Ours, Hold::Owner { .. }) if Rule::ReclaimReadsHead.holds() => Due::ReadHead,
            (Claim::Ours, Hold::Owner { .. }) => {
                self.unclaimed = false;
                Due::Open(self.sent)
            }
            (Claim::Ours, Hold::Nothing | Hold::Candidate) => {
                (self.hold, self.unclaimed) = (Hold::Candidate, false);
                self.sent = now;
                Due::Renew
            }
            (Claim::Others(other), Hold::Owner { .. }) => {
                self.lost(format!("its claim has ended, and {other} takes over"))
            }
            (Claim::Others(_), Hold::Nothing | Hold::Candidate) => {
                (self.hold, self.unclaimed) = (Hold::Nothing, false);
                Due::Rest
            }
        }
    }

    /// After an owner has claimed the log anew: another node may have taken over and ended while nobody had claimed it.
    fn head_is(&mut self, head: Option<Head>) -> Due<M> {
        let Hold::Owner { epoch } = self.hold else {
            return Due::Rest;
        };
        match head {
            Some(head) if head.epoch == epoch => {
                self.unclaimed = false;
                Due::Open(self.sent)
            }
            Some(head) => self.lost(format!(
                "its lease had ended, and epoch {} was begun meanwhile",
                head.epoch
            )),
            None => self.lost("the replicated log was deleted".to_owned()),
        }
    }

    fn lost(&mut self, why: String) -> Due<M> {
        self.hold = Hold::Nothing;
        Due::Lost(why)
    }

    fn forget_lease(&mut self) {
        self.has_lease = false;
        if Rule::ReportUnderNewLease.holds() {
            self.reported = None;
        }
    }
}
