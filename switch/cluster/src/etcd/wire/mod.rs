//! The messages of etcd's protocol that are used here, with those of their fields that are. Field numbers are those of
//! `rpc.proto` and `kv.proto` of etcd 3.5 to 3.7; fields that are not named are skipped.

mod kv;
mod lease;
mod maintenance;
mod watch;

pub use kv::{
    CompactRequest, Compare, KeyValue, RangeRequest, RangeResponse, RequestOp, Target, TxnRequest,
};
pub use lease::{
    GrantRequest, KeepAliveRequest, KeepAliveResponse, RevokeRequest, TimeToLiveRequest,
};
pub use maintenance::{MemberListRequest, StatusRequest, StatusResponse};
pub use watch::{Event, WatchCreateRequest, WatchRequest, WatchResponse};

/// What every answer begins with.
#[derive(Clone, PartialEq, prost::Message)]
pub struct ResponseHeader {
    #[prost(uint64, tag = "1")]
    pub cluster_id: u64,
    #[prost(uint64, tag = "2")]
    pub member_id: u64,
    /// Of the store when the answer was made; of a transaction that wrote, its own.
    #[prost(int64, tag = "3")]
    pub revision: i64,
    #[prost(uint64, tag = "4")]
    pub raft_term: u64,
}

/// An answer. All have a header, and one without is none of etcd's.
pub trait Answer: prost::Message + Default + 'static {
    fn header(&self) -> Option<&ResponseHeader>;
}

/// A request with one answer.
pub trait Rpc: prost::Message + Clone + 'static {
    type Answer: Answer;
    const PATH: &'static str;
    /// A longer answer is not read.
    const ANSWER_BYTES_MAX: usize = 256 * 1024;
    /// The member is not to try where it knows no leader.
    const NEEDS_LEADER: bool = true;
}

macro_rules! answers {
    ($($answer:ty),* $(,)?) => {
        $(impl $crate::etcd::wire::Answer for $answer {
            fn header(&self) -> Option<&$crate::etcd::wire::ResponseHeader> {
                self.header.as_ref()
            }
        })*
    };
}
use answers;
