//! The service `Lease`.

use super::{ResponseHeader, Rpc, answers};

/// The server chooses the id where it is 0.
#[derive(Clone, PartialEq, prost::Message)]
pub struct GrantRequest {
    #[prost(int64, tag = "1")]
    pub ttl_seconds: i64,
    #[prost(int64, tag = "2")]
    pub id: i64,
}

#[derive(Clone, PartialEq, prost::Message)]
pub struct GrantResponse {
    #[prost(message, optional, tag = "1")]
    pub header: Option<ResponseHeader>,
    #[prost(int64, tag = "2")]
    pub id: i64,
    #[prost(int64, tag = "3")]
    pub ttl_seconds: i64,
}

#[derive(Clone, PartialEq, prost::Message)]
pub struct RevokeRequest {
    #[prost(int64, tag = "1")]
    pub id: i64,
}

#[derive(Clone, PartialEq, prost::Message)]
pub struct RevokeResponse {
    #[prost(message, optional, tag = "1")]
    pub header: Option<ResponseHeader>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub struct KeepAliveRequest {
    #[prost(int64, tag = "1")]
    pub id: i64,
}

/// One for each request of the stream. Not more than 0 seconds are left of a lease that has ended.
#[derive(Clone, PartialEq, prost::Message)]
pub struct KeepAliveResponse {
    #[prost(message, optional, tag = "1")]
    pub header: Option<ResponseHeader>,
    #[prost(int64, tag = "2")]
    pub id: i64,
    #[prost(int64, tag = "3")]
    pub ttl_seconds: i64,
}

#[derive(Clone, PartialEq, prost::Message)]
pub struct TimeToLiveRequest {
    #[prost(int64, tag = "1")]
    pub id: i64,
}

#[derive(Clone, PartialEq, prost::Message)]
pub struct TimeToLiveResponse {
    #[prost(message, optional, tag = "1")]
    pub header: Option<ResponseHeader>,
    #[prost(int64, tag = "2")]
    pub id: i64,
    /// Left of it; -1 where it has ended.
    #[prost(int64, tag = "3")]
    pub ttl_seconds: i64,
    /// After a renewal.
    #[prost(int64, tag = "4")]
    pub granted_seconds: i64,
}

answers!(
    GrantResponse,
    RevokeResponse,
    KeepAliveResponse,
    TimeToLiveResponse
);

impl Rpc for GrantRequest {
    type Answer = GrantResponse;
    const PATH: &'static str = "/etcdserverpb.Lease/LeaseGrant";
}

impl Rpc for RevokeRequest {
    type Answer = RevokeResponse;
    const PATH: &'static str = "/etcdserverpb.Lease/LeaseRevoke";
}

impl Rpc for TimeToLiveRequest {
    type Answer = TimeToLiveResponse;
    const PATH: &'static str = "/etcdserverpb.Lease/LeaseTimeToLive";
}

/// A stream of requests, each with its answer.
impl Rpc for KeepAliveRequest {
    type Answer = KeepAliveResponse;
    const PATH: &'static str = "/etcdserverpb.Lease/LeaseKeepAlive";
}
