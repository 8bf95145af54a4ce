//! The metrics of the wallet server, for Prometheus. No label identifies a payer, a wallet or an address.

use std::sync::Arc;
use std::time::Duration;

use prometheus::core::Collector;
use prometheus::{
    Encoder as _, HistogramOpts, HistogramVec, IntCounterVec, IntGauge, Opts, Registry, TextEncoder,
};
use tessera_protocol::leased::Operation;

const SECONDS: &[f64] = &[
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
];

/// The counters of this process.
pub struct Metrics {
    registry: Registry,
    requests: IntCounterVec,
    request_seconds: HistogramVec,
    operations: IntCounterVec,
    operation_seconds: HistogramVec,
    live_views: IntGauge,
    lines_up: IntGauge,
    reloads: IntCounterVec,
}

impl Metrics {
    /// All at zero.
    ///
    /// # Errors
    /// Where two have the same name, which a test would show.
    pub fn new() -> Result<Arc<Self>, prometheus::Error> {
        let counter = |name: &str, help: &str, labels: &[&str]| {
            IntCounterVec::new(Opts::new(name, help), labels)
        };
        let histogram = |name: &str, help: &str, labels: &[&str]| {
            HistogramVec::new(
                HistogramOpts::new(name, help).buckets(SECONDS.to_vec()),
                labels,
            )
        };
        let metrics = Self {
            registry: Registry::new(),
            requests: counter(
                "tessera_wallet_requests_total",
                "Requests of browsers, by route and status",
                &["route", "method", "status"],
            )?,
            request_seconds: histogram(
                "tessera_wallet_request_seconds",
                "Time to the first byte of an answer, by route",
                &["route"],
            )?,
            operations: counter(
                "tessera_wallet_operations_total",
                "Operations asked of the switch, by operation and field 39",
                &["operation", "code"],
            )?,
            operation_seconds: histogram(
                "tessera_wallet_operation_seconds",
                "Time until the switch has answered, by operation",
                &["operation"],
            )?,
            live_views: IntGauge::new(
                "tessera_wallet_live_views",
                "Open pages that show what happens as it happens",
            )?,
            lines_up: IntGauge::new(
                "tessera_wallet_lines_up",
                "Lines to the switch that are signed on",
            )?,
            reloads: counter(
                "tessera_wallet_reloads_total",
                "Readings of malls and certificates after SIGHUP, by outcome",
                &["outcome"],
            )?,
        };
        for collector in metrics.collectors()? {
            metrics.registry.register(collector)?;
        }
        Ok(Arc::new(metrics))
    }

    /// All that is exported.
    fn collectors(&self) -> Result<[Box<dyn Collector>; 8], prometheus::Error> {
        Ok([
            Box::new(tessera_console::log_metrics()?),
            Box::new(self.requests.clone()),
            Box::new(self.request_seconds.clone()),
            Box::new(self.operations.clone()),
            Box::new(self.operation_seconds.clone()),
            Box::new(self.live_views.clone()),
            Box::new(self.lines_up.clone()),
            Box::new(self.reloads.clone()),
        ])
    }

    /// A request of a browser was answered. `route` is a pattern, never a path.
    pub fn request(&self, route: &str, method: &str, status: u16, time: Duration) {
        self.requests
            .with_label_values(&[route, method, &status.to_string()])
            .inc();
        self.request_seconds
            .with_label_values(&[route])
            .observe(time.as_secs_f64());
    }

    /// An operation came to an end.
    pub fn operation(&self, operation: Operation, code: &str, time: Duration) {
        let name = format!("{operation:?}");
        self.operations
            .with_label_values(&[name.as_str(), code])
            .inc();
        self.operation_seconds
            .with_label_values(&[name.as_str()])
            .observe(time.as_secs_f64());
    }

    /// A line came up or was lost.
    pub fn line_up(&self, change: i64) {
        self.lines_up.add(change);
    }

    /// Malls and certificates were read again (`done`), or could not be (`refused`).
    pub fn reloaded(&self, outcome: &str) {
        self.reloads.with_label_values(&[outcome]).inc();
    }

    /// Lines that are signed on.
    pub fn lines(&self) -> i64 {
        self.lines_up.get()
    }

    /// A live view was opened or closed.
    pub fn live_views(&self, change: i64) {
        self.live_views.add(change);
    }

    /// As Prometheus reads it.
    pub fn text(&self) -> String {
        let mut text = Vec::new();
        // Writing into memory fails for families without metrics only, which the registry leaves out.
        let _ = TextEncoder::new().encode(&self.registry.gather(), &mut text);
        String::from_utf8(text).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use tessera_console::listing;

    use super::*;

    #[test]
    fn counts_by_route_and_operation() {
        let metrics = Metrics::new().unwrap();
        metrics.request("/home", "GET", 200, Duration::from_millis(3));
        metrics.operation(Operation::Overview, "00", Duration::from_millis(2));
        metrics.line_up(2);
        let text = metrics.text();
        for line in [
            "tessera_wallet_requests_total{method=\"GET\",route=\"/home\",status=\"200\"} 1",
            "tessera_wallet_operations_total{code=\"00\",operation=\"Overview\"} 1",
            "tessera_wallet_lines_up 2",
        ] {
            assert!(text.contains(line), "{text}");
        }
    }

    /// The rules for Prometheus and the dashboards are compared with this document, so they name what is exported.
    #[test]
    fn the_document_lists_every_metric() {
        let rows = listing::table(&Metrics::new().unwrap().collectors().unwrap());
        assert!(rows.lines().count() > 8, "{rows}");
        let document = include_str!("../../docs/metrics.md");
        let listed = listing::section(document, "The wallet server");
        assert_eq!(listed, rows, "docs/metrics.md: these are the rows\n{rows}");
    }
}
