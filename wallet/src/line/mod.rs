//! The leased line to the switch: operations go out, their answers and notices of watched wallets come in.
//!
//! ```text
//! ask ──▶ queue ──▶ connection 1..n ══TLS══▶ switch        an operation of a lost connection goes back into the queue,
//!   ◀── answer, by 11 and 37 ──┘   │                       with the same 11, 24, 32 and 37: it is applied once
//! views ◀── watches ◀── notices ───┘
//! ```
//!
//! How many operations may be under way is bounded by permits: [`LineSettings::in_flight_max`] for each line. A caller
//! that gets none in time gets [`Failure::NotSent`]. No page and no text is made here.

mod answer;
mod ask;
mod back_off;
mod connection;
mod queue;
mod speak;
mod watch;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use tessera_protocol::leased::Operation;
use tokio::sync::{Semaphore, oneshot};

pub use answer::{Answer, Failure, Refusal};
pub use ask::{Fields, Name};
pub use watch::{Notice, Update, View, Watches};

use ask::Ask;
use connection::Connection;
use queue::Queue;

use crate::metrics::Metrics;
use crate::settings::LineSettings;
use crate::tls::LineTls;

/// The asking side. Cheap to clone.
#[derive(Clone)]
pub struct Line(Arc<Shared>);

struct Shared {
    settings: LineSettings,
    queue: Arc<Queue>,
    permits: Semaphore,
    metrics: Arc<Metrics>,
}

impl Line {
    /// Starts the lines' tasks on this runtime. They end with it.
    pub fn start(
        settings: LineSettings,
        tls: &Arc<LineTls>,
        watches: &Arc<Watches>,
        metrics: &Arc<Metrics>,
    ) -> Self {
        let queue = Arc::new(Queue::new());
        for _ in 0..settings.lines {
            let connection = Connection {
                settings: settings.clone(),
                tls: Arc::clone(tls),
                queue: Arc::clone(&queue),
                watches: Arc::clone(watches),
                metrics: Arc::clone(metrics),
            };
            tokio::spawn(connection.run());
        }
        let permits = Semaphore::new(settings.lines * settings.in_flight_max);
        Self(Arc::new(Shared {
            settings,
            queue,
            permits,
            metrics: Arc::clone(metrics),
        }))
    }

    /// Asks, and waits for the answer at most as long as [`LineSettings::answer_within`].
    ///
    /// # Errors
    /// A refusal, or no answer: [`Failure`] says whether anything may have happened.
    pub async fn ask(
        &self,
        operation: Operation,
        fields: Fields,
        name: Name,
    ) -> Result<Answer, Failure> {
        let begun = Instant::now();
        let outcome = tokio::select! {
            outcome = self.wait(operation, fields, name) => outcome,
            // It changes nothing, so it does not matter whether it was sent.
            () = self.unreachable(), if operation.reads() => Err(Failure::NotSent),
        };
        let code = match &outcome {
            Ok(_) => "00",
            Err(failure) => failure.code(),
        };
        self.0.metrics.operation(operation, code, begun.elapsed());
        outcome
    }

    /// Returns once there was no line for [`LineSettings::reach_within`].
    async fn unreachable(&self) {
        let mut alive = self.0.queue.alive();
        loop {
            // The queue lives as long as this line.
            let _ = alive.wait_for(Vec::is_empty).await;
            let within = self.0.settings.reach_within;
            let again = alive.wait_for(|alive| !alive.is_empty());
            if tokio::time::timeout(within, again).await.is_err() {
                return;
            }
        }
    }

    /// Sends a message to the switch over one connection, and does not wait. Nothing is sent where that connection is
    /// gone.
    fn send_without_answer(&self, operation: Operation, fields: Fields, connection: u64) {
        let (reply, _) = oneshot::channel();
        let ask = Ask {
            operation,
            fields,
            name: Name::random(),
            deadline: self.deadline(),
            only: Some(connection),
            repeat: false,
            sent: Arc::default(),
            reply,
        };
        self.0.queue.push(ask);
    }

    fn deadline(&self) -> tokio::time::Instant {
        tokio::time::Instant::now() + self.0.settings.answer_within
    }

    async fn wait(
        &self,
        operation: Operation,
        fields: Fields,
        name: Name,
    ) -> Result<Answer, Failure> {
        if fields.overflown() {
            return Err(Failure::TooLong);
        }
        let deadline = self.deadline();
        let permit = tokio::time::timeout_at(deadline, self.0.permits.acquire()).await;
        let _permit = permit.ok().and_then(Result::ok).ok_or(Failure::NotSent)?;
        let sent = Arc::new(AtomicBool::new(false));
        let (reply, answer) = oneshot::channel();
        self.0.queue.push(Ask {
            operation,
            fields,
            name,
            deadline,
            only: None,
            repeat: false,
            sent: Arc::clone(&sent),
            reply,
        });
        match tokio::time::timeout_at(deadline, answer).await {
            Ok(Ok(answer)) => answer.into_result(),
            _ if sent.load(Ordering::Relaxed) => Err(Failure::NoAnswer),
            _ => Err(Failure::NotSent),
        }
    }
}
