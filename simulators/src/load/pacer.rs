//! Wakes connections at their planned instants, open loop. One alarm for all of them: the runtime's own timer has
//! steps of a millisecond, which would show in every latency, so on Linux a timer of the kernel is used.

use std::rc::Rc;
use std::time::Duration;

use tokio::sync::Notify;

use super::shared::Shared;

/// At high rates, the shortest time between two alarms; what falls into it is sent together.
const STEP_NANOSECONDS: u64 = 50_000;

/// Wakes the connections in turn until asking ends.
pub async fn pace(shared: Rc<Shared>, terminals: Vec<Rc<Notify>>) -> std::io::Result<()> {
    let alarm = Alarm::new()?;
    let connections = terminals.len() as u64;
    let mut next: u64 = 0;
    loop {
        let now = shared.clock.now();
        if !shared.asking(now) {
            return Ok(());
        }
        let mut woken = 0;
        loop {
            let connection = next % connections;
            if shared.planned(connection as u32, next / connections) > now {
                break;
            }
            // A woken connection sends all its requests that are due.
            if woken < connections {
                terminals[connection as usize].notify_one();
                woken += 1;
            }
            next += 1;
        }
        let planned = shared.planned((next % connections) as u32, next / connections);
        let wait = planned
            .saturating_sub(shared.clock.now())
            .max(STEP_NANOSECONDS);
        // A stop must be noticed at low rates too.
        alarm
            .wait(Duration::from_nanos(wait).min(Duration::from_millis(100)))
            .await?;
    }
}

#[cfg(target_os = "linux")]
struct Alarm(tokio::io::unix::AsyncFd<std::os::fd::OwnedFd>);

#[cfg(target_os = "linux")]
impl Alarm {
    // What takes the place of `AsyncFd::new` is unsafe for the sake of descriptors that somebody else owns; this one is
    // owned here, and unsafe code is forbidden in this project.
    #[allow(deprecated)]
    fn new() -> std::io::Result<Self> {
        use rustix::time::{TimerfdClockId, TimerfdFlags, timerfd_create};
        let flags = TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC;
        let timer = timerfd_create(TimerfdClockId::Monotonic, flags)?;
        Ok(Self(tokio::io::unix::AsyncFd::new(timer)?))
    }

    async fn wait(&self, duration: Duration) -> std::io::Result<()> {
        use rustix::time::{Itimerspec, TimerfdTimerFlags, Timespec, timerfd_settime};
        let once = Itimerspec {
            it_interval: Timespec {
                tv_sec: 0,
                tv_nsec: 0,
            },
            it_value: Timespec {
                tv_sec: duration.as_secs() as _,
                tv_nsec: duration.subsec_nanos().max(1) as _,
            },
        };
        timerfd_settime(self.0.get_ref(), TimerfdTimerFlags::empty(), &once)?;
        loop {
            let mut ready = self.0.readable().await?;
            let mut expirations = [0; 8];
            match ready.try_io(|timer| Ok(rustix::io::read(timer.get_ref(), &mut expirations)?)) {
                Ok(read) => return read.map(|_| ()),
                Err(_would_block) => {}
            }
        }
    }
}

#[cfg(not(target_os = "linux"))]
struct Alarm;

#[cfg(not(target_os = "linux"))]
impl Alarm {
    fn new() -> std::io::Result<Self> {
        Ok(Self)
    }

    async fn wait(&self, duration: Duration) -> std::io::Result<()> {
        tokio::time::sleep(duration).await;
        Ok(())
    }
}
