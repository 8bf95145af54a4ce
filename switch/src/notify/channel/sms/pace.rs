//! How fast segments leave: one every so often, and none for a while after the centre said that it was too much.

use std::sync::Mutex;
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

/// Gives turns, evenly.
pub(super) struct Pace {
    every: Duration,
    next: Mutex<Instant>,
}

impl Pace {
    pub(super) fn new(per_second: u32) -> Self {
        Self {
            every: Duration::from_secs(1) / per_second.max(1),
            next: Mutex::new(Instant::now()),
        }
    }

    /// Waits for a turn of its own.
    pub(super) async fn turn(&self) {
        let turn = self.change(|next| {
            let turn = (*next).max(Instant::now());
            *next = turn + self.every;
            turn
        });
        sleep_until(turn).await;
    }

    /// Gives no turn for so long.
    pub(super) fn hold(&self, pause: Duration) {
        self.change(|next| *next = (*next).max(Instant::now() + pause));
    }

    fn change<T>(&self, how: impl FnOnce(&mut Instant) -> T) -> T {
        // An instant is whole whatever happened to who held it.
        let mut next = self
            .next
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        how(&mut next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turns_come_evenly_and_stop_when_told() {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            let pace = Pace::new(1_000);
            let began = Instant::now();
            for _ in 0..20 {
                pace.turn().await;
            }
            assert!(began.elapsed() >= Duration::from_millis(19));
            pace.hold(Duration::from_millis(50));
            let held = Instant::now();
            pace.turn().await;
            assert!(held.elapsed() >= Duration::from_millis(50));
        });
    }
}
