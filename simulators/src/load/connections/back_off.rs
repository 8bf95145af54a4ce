//! How long to wait before the addresses are tried again: twice as long each time, up to a second at most, with jitter,
//! so that hundreds of connections do not come back in one instant.

use std::time::Duration;

const FIRST: Duration = Duration::from_millis(20);
/// Few connections wait no longer than this, so that a switch that has taken over is found soon.
const FEW_LONGEST: Duration = Duration::from_millis(100);
const LONGEST: Duration = Duration::from_secs(1);

/// All connections together make an attempt after this time on average, while they wait as long as they do at most.
const APART: Duration = Duration::from_millis(2);

/// The waits of one connection.
#[derive(Debug)]
pub struct BackOff {
    wait: Duration,
    longest: Duration,
    /// Different for every connection, so that their waits differ too.
    salt: u32,
}

impl BackOff {
    /// Begins with the shortest wait. The longest depends on how many connections wait.
    pub fn new(salt: u32, connections: u32) -> Self {
        Self {
            wait: FIRST,
            longest: APART
                .saturating_mul(connections)
                .clamp(FEW_LONGEST, LONGEST),
            salt,
        }
    }

    /// The connection stood: begin with the shortest wait again.
    pub fn reset(&mut self) {
        self.wait = FIRST;
    }

    /// Waits, longer each time.
    pub async fn wait(&mut self) {
        tokio::time::sleep(self.next()).await;
    }

    fn next(&mut self) -> Duration {
        self.salt = self
            .salt
            .wrapping_mul(1_664_525)
            .wrapping_add(1_013_904_223);
        let jitter = f64::from(self.salt >> 8) / f64::from(1 << 24);
        let wait = self.wait.mul_f64(0.5 + jitter / 2.0);
        self.wait = (self.wait * 2).min(self.longest);
        wait
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_longer_each_time_up_to_a_second() {
        let mut back_off = BackOff::new(3, 1_000);
        let waits: Vec<_> = (0..12).map(|_| back_off.next()).collect();
        assert!(waits[0] <= FIRST && waits[0] >= FIRST / 2);
        assert!(waits[11] <= LONGEST && waits[11] >= LONGEST / 2);
        back_off.reset();
        assert!(back_off.next() <= FIRST);
        assert_ne!(BackOff::new(1, 1).next(), BackOff::new(2, 1).next());
    }

    #[test]
    fn few_connections_wait_a_tenth_of_a_second_at_most() {
        let mut back_off = BackOff::new(3, 8);
        let waits: Vec<_> = (0..12).map(|_| back_off.next()).collect();
        assert!(waits.iter().all(|wait| *wait <= FEW_LONGEST), "{waits:?}");
    }
}
