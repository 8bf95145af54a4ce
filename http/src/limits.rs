//! The bounds of a server.

use std::time::Duration;

/// What a server grants its clients.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Threads that serve.
    pub workers: usize,
    /// Connections of each thread.
    pub connections_max: usize,
    /// From the connection to the end of the first request's head, a TLS handshake included.
    pub head_within: Duration,
    /// From the head to the end of the body.
    pub body_within: Duration,
    /// From the head to the beginning of the answer.
    pub answer_within: Duration,
    /// From an answer to the end of the next request's head: what the client takes to read the one counts too.
    pub idle_for: Duration,
    /// A request's body.
    pub body_bytes_max: u64,
    /// What is under way when the server stops has so long, in seconds.
    pub stop_within: u64,
}

impl Limits {
    /// For a handful of tools: a Prometheus or two, an orchestrator, a person.
    pub const OPERATIONS: Self = Self {
        workers: 1,
        connections_max: 64,
        head_within: Duration::from_secs(5),
        body_within: Duration::from_secs(5),
        answer_within: Duration::from_secs(30),
        idle_for: Duration::from_secs(75),
        body_bytes_max: 64 * 1024,
        stop_within: 1,
    };

    /// For people with browsers.
    pub const PAGES: Self = Self {
        workers: 1,
        connections_max: 256,
        head_within: Duration::from_secs(10),
        body_within: Duration::from_secs(15),
        answer_within: Duration::from_secs(60),
        idle_for: Duration::from_secs(75),
        body_bytes_max: 256 * 1024,
        stop_within: 1,
    };
}
