//! How long to wait before connecting again: twice as long each time, up to a second, with jitter, so that
//! hundreds of connections do not come back in one instant.

use std::time::Duration;

const FIRST: Duration = Duration::from_millis(20);
const LONGEST: Duration = Duration::from_secs(1);

/// The waits of one connection.
#[derive(Debug)]
pub struct BackOff {
    wait: Duration,
    /// Different for every connection, so that their waits differ too.
    salt: u32,
}

impl BackOff {
    /// Begins with the shortest wait.
    pub fn new(salt: u32) -> Self {
        Self { wait: FIRST, salt }
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
        self.wait = (self.wait * 2).min(LONGEST);
        wait
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_longer_each_time_up_to_a_second() {
        let mut back_off = BackOff::new(3);
        let waits: Vec<_> = (0..12).map(|_| back_off.next()).collect();
        assert!(waits[0] <= FIRST && waits[0] >= FIRST / 2);
        assert!(waits[11] <= LONGEST && waits[11] >= LONGEST / 2);
        back_off.reset();
        assert!(back_off.next() <= FIRST);
        assert_ne!(BackOff::new(1).next(), BackOff::new(2).next());
    }
}
