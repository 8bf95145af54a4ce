//! Of the services `Maintenance` and `Cluster`.

use super::{ResponseHeader, Rpc, answers};

/// Answered by the member that is asked, for itself.
#[derive(Clone, PartialEq, prost::Message)]
pub struct StatusRequest {}

#[derive(Clone, PartialEq, prost::Message)]
pub struct StatusResponse {
    #[prost(message, optional, tag = "1")]
    pub header: Option<ResponseHeader>,
    #[prost(string, tag = "2")]
    pub version: String,
    #[prost(int64, tag = "3")]
    pub database_bytes: i64,
    /// 0 where the member knows none.
    #[prost(uint64, tag = "4")]
    pub leader: u64,
    /// Alarms, and "no leader".
    #[prost(string, repeated, tag = "8")]
    pub errors: Vec<String>,
    #[prost(int64, tag = "9")]
    pub used_bytes: i64,
    /// Since 3.6; 0 before.
    #[prost(int64, tag = "12")]
    pub quota_bytes: i64,
}

#[derive(Clone, PartialEq, prost::Message)]
pub struct MemberListRequest {
    #[prost(bool, tag = "1")]
    pub linearizable: bool,
}

#[derive(Clone, PartialEq, prost::Message)]
pub struct MemberListResponse {
    #[prost(message, optional, tag = "1")]
    pub header: Option<ResponseHeader>,
    #[prost(message, repeated, tag = "2")]
    pub members: Vec<Member>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub struct Member {
    #[prost(uint64, tag = "1")]
    pub id: u64,
    /// It follows, and has no vote.
    #[prost(bool, tag = "5")]
    pub is_learner: bool,
}

answers!(StatusResponse, MemberListResponse);

impl Rpc for StatusRequest {
    type Answer = StatusResponse;
    const PATH: &'static str = "/etcdserverpb.Maintenance/Status";
    const NEEDS_LEADER: bool = false;
}

impl Rpc for MemberListRequest {
    type Answer = MemberListResponse;
    const PATH: &'static str = "/etcdserverpb.Cluster/MemberList";
    const NEEDS_LEADER: bool = false;
}
