//! The members of etcd, as all parts of the engine see them: which have failed lately, and what they have in common.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::time::Instant;
use tokio_rustls::TlsConnector;

use super::connection::Connection;
use super::fault::{Fault, Kind};
use super::limits::SUSPECTED;
use super::settings::Endpoint;
use super::wire::ResponseHeader;

/// See the head of this file.
pub struct Members {
    endpoints: Vec<Endpoint>,
    tls: Option<TlsConnector>,
    /// When each failed last.
    failed: Mutex<Vec<Option<Instant>>>,
    /// Of etcd's cluster, as the first answer named it; 0 before.
    cluster: AtomicU64,
    /// The newest revision in any answer.
    revision: AtomicI64,
}

impl Members {
    pub fn new(endpoints: Vec<Endpoint>, tls: Option<TlsConnector>) -> Self {
        let failed = Mutex::new(vec![None; endpoints.len()]);
        Self {
            endpoints,
            tls,
            failed,
            cluster: AtomicU64::new(0),
            revision: AtomicI64::new(0),
        }
    }

    pub fn count(&self) -> usize {
        self.endpoints.len()
    }

    pub fn name(&self, member: usize) -> String {
        self.endpoints[member].to_string()
    }

    pub async fn connect(&self, member: usize) -> Result<Connection, Fault> {
        Connection::open(&self.endpoints[member], self.tls.as_ref()).await
    }

    /// This member, unless it has failed lately and another one hasn't. Where all have, the one whose failure is oldest.
    pub fn choose(&self, current: usize) -> usize {
        let failed = self.lock();
        let count = failed.len();
        let fine = |member: &usize| failed[*member].is_none_or(|when| when.elapsed() > SUSPECTED);
        let ring = (current..current + count).map(|member| member % count);
        ring.clone()
            .find(fine)
            .or_else(|| ring.min_by_key(|member| failed[*member]))
            .unwrap_or(current)
    }

    pub fn suspect(&self, member: usize) {
        self.lock()[member] = Some(Instant::now());
    }

    /// Two clusters of etcd behind one list of endpoints would be two logs: each answer has to come from the same one.
    pub fn admit(&self, header: &ResponseHeader) -> Result<(), Fault> {
        let (same, other) = (Ordering::Relaxed, Ordering::Relaxed);
        let known = self
            .cluster
            .compare_exchange(0, header.cluster_id, same, other)
            .unwrap_or_else(|known| known);
        if known != 0 && known != header.cluster_id {
            return Err(Fault::new(
                Kind::Refused,
                format_args!(
                    "it belongs to the etcd cluster {:x} and other endpoints to {known:x}: name the members of one cluster",
                    header.cluster_id
                ),
            ));
        }
        self.revision.fetch_max(header.revision, Ordering::Relaxed);
        Ok(())
    }

    pub fn revision(&self) -> i64 {
        self.revision.load(Ordering::Relaxed)
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Option<Instant>>> {
        self.failed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
