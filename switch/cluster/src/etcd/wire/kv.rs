//! The service `KV`.

use bytes::Bytes;

use super::{ResponseHeader, Rpc, answers};
use crate::etcd::limits::PAGE_BYTES_MAX;

#[derive(Clone, PartialEq, prost::Message)]
pub struct KeyValue {
    #[prost(bytes = "bytes", tag = "1")]
    pub key: Bytes,
    #[prost(int64, tag = "2")]
    pub create_revision: i64,
    #[prost(int64, tag = "3")]
    pub mod_revision: i64,
    #[prost(bytes = "bytes", tag = "5")]
    pub value: Bytes,
    /// 0 where it has none.
    #[prost(int64, tag = "6")]
    pub lease: i64,
}

/// Reads are linearizable unless a request says otherwise, and none here does.
#[derive(Clone, PartialEq, prost::Message)]
pub struct RangeRequest {
    #[prost(bytes = "bytes", tag = "1")]
    pub key: Bytes,
    /// The first key that is no longer meant; empty for the one key.
    #[prost(bytes = "bytes", tag = "2")]
    pub range_end: Bytes,
    /// 0 for all.
    #[prost(int64, tag = "3")]
    pub limit: i64,
    #[prost(bool, tag = "8")]
    pub keys_only: bool,
}

/// In the order of the keys.
#[derive(Clone, PartialEq, prost::Message)]
pub struct RangeResponse {
    #[prost(message, optional, tag = "1")]
    pub header: Option<ResponseHeader>,
    #[prost(message, repeated, tag = "2")]
    pub kvs: Vec<KeyValue>,
    /// The limit left some out.
    #[prost(bool, tag = "3")]
    pub more: bool,
}

#[derive(Clone, PartialEq, prost::Message)]
pub struct PutRequest {
    #[prost(bytes = "bytes", tag = "1")]
    pub key: Bytes,
    #[prost(bytes = "bytes", tag = "2")]
    pub value: Bytes,
    #[prost(int64, tag = "3")]
    pub lease: i64,
}

#[derive(Clone, PartialEq, prost::Message)]
pub struct DeleteRangeRequest {
    #[prost(bytes = "bytes", tag = "1")]
    pub key: Bytes,
    #[prost(bytes = "bytes", tag = "2")]
    pub range_end: Bytes,
}

/// A step of a transaction.
#[derive(Clone, PartialEq, prost::Message)]
pub struct RequestOp {
    #[prost(oneof = "Request", tags = "1, 2, 3")]
    pub request: Option<Request>,
}

#[derive(Clone, PartialEq, prost::Oneof)]
pub enum Request {
    #[prost(message, tag = "1")]
    Range(RangeRequest),
    #[prost(message, tag = "2")]
    Put(PutRequest),
    #[prost(message, tag = "3")]
    DeleteRange(DeleteRangeRequest),
}

#[derive(Clone, PartialEq, prost::Message)]
pub struct ResponseOp {
    #[prost(oneof = "Response", tags = "1, 2, 3")]
    pub response: Option<Response>,
}

#[derive(Clone, PartialEq, prost::Oneof)]
pub enum Response {
    #[prost(message, tag = "1")]
    Range(RangeResponse),
    #[prost(message, tag = "2")]
    Put(Written),
    #[prost(message, tag = "3")]
    DeleteRange(Written),
}

/// The answer to a put or a deletion, of which nothing is used.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Written {}

/// A condition of a transaction. `result` 0 is "equal", the only one used here.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Compare {
    #[prost(int32, tag = "1")]
    result: i32,
    #[prost(int32, tag = "2")]
    target: i32,
    #[prost(bytes = "bytes", tag = "3")]
    key: Bytes,
    #[prost(oneof = "Target", tags = "5, 6, 8")]
    value: Option<Target>,
}

/// What is compared, and with what. A key that is not there has revisions and a lease of 0.
#[derive(Clone, PartialEq, prost::Oneof)]
pub enum Target {
    #[prost(int64, tag = "5")]
    CreateRevision(i64),
    #[prost(int64, tag = "6")]
    ModRevision(i64),
    #[prost(int64, tag = "8")]
    Lease(i64),
}

#[derive(Clone, PartialEq, prost::Message)]
pub struct TxnRequest {
    #[prost(message, repeated, tag = "1")]
    pub compare: Vec<Compare>,
    #[prost(message, repeated, tag = "2")]
    pub success: Vec<RequestOp>,
    #[prost(message, repeated, tag = "3")]
    pub failure: Vec<RequestOp>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub struct TxnResponse {
    #[prost(message, optional, tag = "1")]
    pub header: Option<ResponseHeader>,
    #[prost(bool, tag = "2")]
    pub succeeded: bool,
    #[prost(message, repeated, tag = "3")]
    pub responses: Vec<ResponseOp>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub struct CompactRequest {
    #[prost(int64, tag = "1")]
    pub revision: i64,
}

#[derive(Clone, PartialEq, prost::Message)]
pub struct CompactResponse {
    #[prost(message, optional, tag = "1")]
    pub header: Option<ResponseHeader>,
}

answers!(RangeResponse, TxnResponse, CompactResponse);

impl Rpc for RangeRequest {
    type Answer = RangeResponse;
    const PATH: &'static str = "/etcdserverpb.KV/Range";
}

impl Rpc for TxnRequest {
    type Answer = TxnResponse;
    const PATH: &'static str = "/etcdserverpb.KV/Txn";
    const ANSWER_BYTES_MAX: usize = PAGE_BYTES_MAX;
}

impl Rpc for CompactRequest {
    type Answer = CompactResponse;
    const PATH: &'static str = "/etcdserverpb.KV/Compact";
}

impl Compare {
    pub fn equal(key: Bytes, value: Target) -> Self {
        let target = match value {
            Target::CreateRevision(_) => 1,
            Target::ModRevision(_) => 2,
            Target::Lease(_) => 4,
        };
        let (result, value) = (0, Some(value));
        Self {
            result,
            target,
            key,
            value,
        }
    }
}

impl RangeRequest {
    /// One key.
    pub fn one(key: Bytes) -> Self {
        Self {
            key,
            ..Self::default()
        }
    }
}

impl RequestOp {
    pub fn range(range: RangeRequest) -> Self {
        Self {
            request: Some(Request::Range(range)),
        }
    }

    /// With a lease of 0, it stays.
    pub fn put(key: Bytes, value: impl Into<Bytes>, lease: i64) -> Self {
        let value = value.into();
        Self {
            request: Some(Request::Put(PutRequest { key, value, lease })),
        }
    }

    /// With an empty end, the one key.
    pub fn delete(key: Bytes, range_end: Bytes) -> Self {
        Self {
            request: Some(Request::DeleteRange(DeleteRangeRequest { key, range_end })),
        }
    }
}

impl TxnResponse {
    /// What this step has read, if it was a reading one.
    pub fn range(&mut self, step: usize) -> Option<RangeResponse> {
        match self.responses.get_mut(step)?.response.take()? {
            Response::Range(range) => Some(range),
            Response::Put(_) | Response::DeleteRange(_) => None,
        }
    }
}
