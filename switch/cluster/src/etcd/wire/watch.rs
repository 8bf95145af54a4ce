//! The service `Watch`.

use bytes::Bytes;

use super::kv::KeyValue;
use super::{ResponseHeader, Rpc, answers};
use crate::etcd::limits::PAGE_BYTES_MAX;

/// Of the kinds of requests on a watch's stream, the one that begins one.
#[derive(Clone, PartialEq, prost::Message)]
pub struct WatchRequest {
    #[prost(message, optional, tag = "1")]
    pub create: Option<WatchCreateRequest>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub struct WatchCreateRequest {
    #[prost(bytes = "bytes", tag = "1")]
    pub key: Bytes,
    #[prost(bytes = "bytes", tag = "2")]
    pub range_end: Bytes,
    /// Of the first change that is shown.
    #[prost(int64, tag = "3")]
    pub start_revision: i64,
    /// Kinds of changes that are not shown: [`NO_DELETIONS`](Self::NO_DELETIONS).
    #[prost(int32, repeated, tag = "5")]
    pub filters: Vec<i32>,
    /// The server may split what would be too long for one message.
    #[prost(bool, tag = "8")]
    pub fragment: bool,
}

#[derive(Clone, PartialEq, prost::Message)]
pub struct WatchResponse {
    #[prost(message, optional, tag = "1")]
    pub header: Option<ResponseHeader>,
    #[prost(bool, tag = "3")]
    pub created: bool,
    #[prost(bool, tag = "4")]
    pub canceled: bool,
    /// Not 0 where the watch began before this revision, of which no changes are kept.
    #[prost(int64, tag = "5")]
    pub compact_revision: i64,
    #[prost(string, tag = "6")]
    pub cancel_reason: String,
    #[prost(message, repeated, tag = "11")]
    pub events: Vec<Event>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub struct Event {
    /// 0 for a put, 1 for a deletion.
    #[prost(int32, tag = "1")]
    pub kind: i32,
    #[prost(message, optional, tag = "2")]
    pub kv: Option<KeyValue>,
}

answers!(WatchResponse);

/// A stream of answers.
impl Rpc for WatchRequest {
    type Answer = WatchResponse;
    const PATH: &'static str = "/etcdserverpb.Watch/Watch";
    const ANSWER_BYTES_MAX: usize = PAGE_BYTES_MAX;
}

impl WatchCreateRequest {
    pub const NO_DELETIONS: i32 = 1;
}

impl Event {
    pub const PUT: i32 = 0;
}
