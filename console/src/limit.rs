//! Rate limits of log lines that outsiders can cause: a few per kind and address, the others summed up.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// What is counted together. After it the lines that were left out are summed up in one.
const WINDOW: Duration = Duration::from_secs(10);
/// Lines of one address in a window.
const OF_ONE_MAX: u32 = 10;
/// Lines of all addresses in a window.
const OF_ALL_MAX: u32 = 50;
/// Addresses that are counted separately in a window; further ones share a count.
const ADDRESSES_MAX: usize = 1024;

/// All limits that were asked at least once.
static KINDS: Mutex<Vec<&'static Limit>> = Mutex::new(Vec::new());

/// One kind of line: a `static` beside the place that writes it.
///
/// ```
/// # use tessera_console::Limit;
/// static NO_HANDSHAKE: Limit = Limit::new("tls handshake failed");
/// # let address: std::net::SocketAddr = "127.0.0.1:1".parse().unwrap();
/// if NO_HANDSHAKE.allows(Some(address.ip())) {
///     tracing::warn!(%address, "tls handshake failed");
/// }
/// ```
pub struct Limit {
    kind: &'static str,
    window: Mutex<Option<Window>>,
    suppressed: AtomicU64,
}

/// What one kind has come to in the present window.
struct Window {
    began: Instant,
    written: u32,
    /// Lines asked for, by address (IPv6 by /64), and how many of them were left out.
    asked: HashMap<Option<IpAddr>, [u32; 2]>,
}

/// What was left out of a window.
#[derive(Debug, PartialEq, Eq)]
struct Summary {
    lines: u64,
    addresses: usize,
    most_from: Option<IpAddr>,
    most: u32,
}

impl Limit {
    /// `kind` is the label of the metric and of the line that sums up.
    pub const fn new(kind: &'static str) -> Self {
        Self {
            kind,
            window: Mutex::new(None),
            suppressed: AtomicU64::new(0),
        }
    }

    /// Whether a line may be written that this address has caused; `None` where it has none.
    pub fn allows(&'static self, address: Option<IpAddr>) -> bool {
        let now = Instant::now();
        self.sum_up(now);
        let mut window = self.window.lock().unwrap_or_else(PoisonError::into_inner);
        let allowed = match &mut *window {
            Some(window) => window.allows(address),
            empty @ None => {
                let new = empty.insert(Window::new(now));
                let allowed = new.allows(address);
                drop(window);
                register(self);
                allowed
            }
        };
        if !allowed {
            self.suppressed.fetch_add(1, Ordering::Relaxed);
        }
        allowed
    }

    /// Ends a window that is over, with a line about what was left out of it.
    fn sum_up(&self, now: Instant) {
        let mut window = self.window.lock().unwrap_or_else(PoisonError::into_inner);
        let over = window.take_if(|window| now.duration_since(window.began) >= WINDOW);
        drop(window);
        if let Some(summary) = over.and_then(|window| window.summary()) {
            tracing::warn!(
                kind = self.kind,
                lines = summary.lines,
                addresses = summary.addresses,
                most_from = summary.most_from.map(tracing::field::display),
                most = summary.most,
                "log lines were suppressed: too many of this kind"
            );
        }
    }
}

/// Kinds, and the lines of each that were left out since the process started.
pub fn suppressed() -> Vec<(&'static str, u64)> {
    let kinds = KINDS.lock().unwrap_or_else(PoisonError::into_inner);
    kinds
        .iter()
        .map(|limit| (limit.kind, limit.suppressed.load(Ordering::Relaxed)))
        .collect()
}

pub(crate) fn sum_up_all() {
    let kinds = KINDS.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let now = Instant::now();
    kinds.iter().for_each(|limit| limit.sum_up(now));
}

fn register(limit: &'static Limit) {
    let mut kinds = KINDS.lock().unwrap_or_else(PoisonError::into_inner);
    if !kinds.iter().any(|known| std::ptr::eq(*known, limit)) {
        kinds.push(limit);
    }
}

impl Window {
    fn new(began: Instant) -> Self {
        Self {
            began,
            written: 0,
            asked: HashMap::new(),
        }
    }

    fn allows(&mut self, address: Option<IpAddr>) -> bool {
        let mut network = address.map(network);
        if self.asked.len() >= ADDRESSES_MAX && !self.asked.contains_key(&network) {
            network = None;
        }
        let [asked, left_out] = self.asked.entry(network).or_default();
        *asked = asked.saturating_add(1);
        let allowed = *asked <= OF_ONE_MAX && self.written < OF_ALL_MAX;
        match allowed {
            true => self.written += 1,
            false => *left_out = left_out.saturating_add(1),
        }
        allowed
    }

    fn summary(&self) -> Option<Summary> {
        let of = || self.asked.iter().filter(|(_, [_, left_out])| *left_out > 0);
        let (most_from, [_, most]) = of().max_by_key(|(_, [_, left_out])| *left_out)?;
        Some(Summary {
            lines: of().map(|(_, [_, left_out])| u64::from(*left_out)).sum(),
            addresses: of().count(),
            most_from: *most_from,
            most: *most,
        })
    }
}

/// What one subscriber of a provider can choose its address from.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        v4 @ IpAddr::V4(_) => v4,
        IpAddr::V6(v6) => {
            let prefix = v6.to_bits() & (u128::MAX << 64);
            IpAddr::V6(Ipv6Addr::from_bits(prefix))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window() -> Window {
        Window::new(Instant::now())
    }

    fn address(last: u32) -> Option<IpAddr> {
        Some(IpAddr::V4((0x0A00_0000 + last).into()))
    }

    #[test]
    fn one_address_gets_few_lines_and_leaves_capacity_for_others() {
        let mut window = window();
        let written = (0..1000).filter(|_| window.allows(address(1))).count();
        assert_eq!(written, 10);
        assert!(window.allows(address(2)));
        let summary = window.summary().unwrap();
        let expected = Summary {
            lines: 990,
            addresses: 1,
            most_from: address(1),
            most: 990,
        };
        assert_eq!(summary, expected);
    }

    #[test]
    fn many_addresses_get_few_lines_together_and_little_memory() {
        let mut window = window();
        let written = (0..100_000)
            .filter(|one| window.allows(address(*one)))
            .count();
        assert_eq!(written, 50);
        assert!(window.asked.len() <= ADDRESSES_MAX + 1);
        assert_eq!(window.summary().unwrap().lines, 99_950);
    }

    #[test]
    fn a_network_of_version_6_is_one_address() {
        let of = |text: &str| network(text.parse().unwrap());
        assert_eq!(of("2001:db8::1"), of("2001:db8::2:1"));
        assert_ne!(of("2001:db8:0:1::1"), of("2001:db8::1"));
        assert_eq!(of("::ffff:192.0.2.1"), of("192.0.2.1"));
    }

    #[test]
    fn nothing_is_summed_up_where_nothing_was_left_out() {
        let mut window = window();
        assert!(window.allows(None));
        assert_eq!(window.summary(), None);
    }

    #[test]
    fn what_was_left_out_is_counted_by_kind() {
        static KIND: Limit = Limit::new("a kind of a test");
        let written = (0..17).filter(|_| KIND.allows(address(1))).count();
        assert_eq!(written, 10);
        assert!(suppressed().contains(&("a kind of a test", 7)));
    }
}
