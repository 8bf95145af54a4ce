//! The journal: its batches, and how far it has come.

use std::sync::Arc;

use prometheus::{Histogram, IntGauge};

use super::Metrics;
use super::register::{BYTES, RECORDS, Register, SECONDS};
use tessera_journal::{Observer, Synced, Usage};

/// The journal's figures. The histograms are written once per batch, by the journal's own thread.
pub struct JournalMetrics {
    /// Records of a batch.
    pub batch_records: Histogram,
    /// Bytes of a batch.
    pub batch_bytes: Histogram,
    /// Checksums and the write.
    pub write: Histogram,
    /// The sync.
    pub sync: Histogram,
    /// Records appended since the journal began, over all partitions. Segment files count them so.
    pub appended: IntGauge,
    /// Those of them that are durable.
    pub durable: IntGauge,
    /// Bytes that wait for the next write.
    pub gathered: IntGauge,
    /// Segment files that are not in the archive.
    pub segments: IntGauge,
    /// Their bytes.
    pub segment_bytes: IntGauge,
    /// Segments in the archive.
    pub archived: IntGauge,
    /// Their bytes.
    pub archived_bytes: IntGauge,
    /// Whether the last segment that was to be archived or deleted was not.
    pub archive_failing: IntGauge,
}

impl JournalMetrics {
    pub(super) fn new(register: &Register<'_>) -> Self {
        Self {
            batch_records: register.histogram(
                "journal_batch_records",
                "Records of one batch.",
                RECORDS,
            ),
            batch_bytes: register.histogram(
                "journal_batch_bytes",
                "Bytes written by one batch.",
                BYTES,
            ),
            write: register.histogram("journal_write_seconds", "Time to write one batch.", SECONDS),
            sync: register.histogram("journal_sync_seconds", "Time to sync one batch.", SECONDS),
            appended: register.gauge(
                "journal_appended_sequence",
                "Records appended, counted from the first of the journal.",
            ),
            durable: register.gauge(
                "journal_durable_sequence",
                "Records that are durable, counted from the first of the journal.",
            ),
            gathered: register.gauge(
                "journal_gathered_bytes",
                "Bytes that wait for the next write.",
            ),
            segments: register.gauge(
                "journal_segments",
                "Segment files that are not in the archive.",
            ),
            segment_bytes: register.gauge(
                "journal_segment_bytes",
                "Bytes of segment files that are not in the archive, with what is allocated ahead.",
            ),
            archived: register.gauge("archive_segments", "Segments in the archive."),
            archived_bytes: register.gauge("archive_bytes", "Bytes of segments in the archive."),
            archive_failing: register.gauge(
                "archive_failing",
                "1 while closed segments cannot be moved to the archive, or deleted there.",
            ),
        }
    }

    /// Takes what the files are now.
    pub fn takes(&self, usage: Usage) {
        self.segments.set(clamped(usage.segments));
        self.segment_bytes.set(clamped(usage.segment_bytes));
        self.archived.set(clamped(usage.archived));
        self.archived_bytes.set(clamped(usage.archived_bytes));
    }

    /// Takes the figures of one batch.
    pub fn synced(&self, batch: Synced) {
        self.batch_records.observe(f64::from(batch.records));
        self.batch_bytes.observe(batch.bytes as f64);
        self.write.observe(batch.write.as_secs_f64());
        self.sync.observe(batch.sync.as_secs_f64());
        self.durable.set(clamped(batch.durable));
    }
}

impl Metrics {
    /// What the journal is to be opened with.
    pub fn journal_observer(self: &Arc<Self>) -> Observer {
        let metrics = Arc::clone(self);
        Box::new(move |batch| {
            metrics.journal.synced(batch);
            if let Some(cluster) = metrics.cluster.get() {
                cluster.commit.observe(batch.commit.as_secs_f64());
            }
        })
    }
}

pub(super) fn clamped(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}
