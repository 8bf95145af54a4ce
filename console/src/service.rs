//! Notifications to the service manager (systemd, `Type=notify`). Without one (`NOTIFY_SOCKET` is not set) nothing
//! is sent; where sending fails, the program goes on.

use std::time::Duration;

use sd_notify::NotifyState;

/// It serves or stands by, or serves again after a reload.
pub fn ready() {
    notify(&[NotifyState::Ready]);
}

/// It has begun to read its files again; [`ready`] ends that.
pub fn reloading() {
    match NotifyState::monotonic_usec_now() {
        Ok(now) => notify(&[NotifyState::Reloading, now]),
        Err(_) => notify(&[NotifyState::Reloading]),
    }
}

/// It ends in order.
pub fn stopping() {
    notify(&[NotifyState::Stopping]);
}

/// How often it must say that it is [`alive`]: twice as often as the manager's patience. `None` where nobody watches.
pub fn watchdog_every() -> Option<Duration> {
    sd_notify::watchdog_enabled().map(|patience| patience / 2)
}

/// It still does its work.
pub fn alive() {
    notify(&[NotifyState::Watchdog]);
}

fn notify(state: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(state) {
        tracing::debug!(%error, "the service manager could not be notified");
    }
}
