//! The address that a request comes from: the peer's or, where the peer is a trusted proxy, the one that the proxy names.
//!
//! In come the entries of `X-Forwarded-For`, or of RFC 7239's `Forwarded`; out goes a [`Caller`], for the rate limits.
//! Each proxy appends the address of its client, so entries are read from the end: the browser may have written the
//! entries before those of our proxies.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use serde::Deserialize;

/// What is kept of an entry that is no address.
const ENTRY_CHARACTERS_MAX: usize = 64;

/// What one sender has at least of a kind: an IPv4 address, the IPv6 network in which it chooses the rest, or what a proxy
/// wrote in place of an address.
#[derive(Clone, PartialEq, Eq)]
pub struct Caller(String);

/// The header in which the proxies say for whom they ask. The other one is not read: a browser may have written it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ForwardedHeader {
    /// `X-Forwarded-For: 203.0.113.7, 10.0.0.1`.
    #[default]
    XForwardedFor,
    /// `Forwarded: for=203.0.113.7;proto=https, for="[2001:db8::7]:443"` (RFC 7239).
    Forwarded,
}

impl ForwardedHeader {
    /// The name of the header, in lower case.
    pub const fn name(self) -> &'static str {
        match self {
            Self::XForwardedFor => "x-forwarded-for",
            Self::Forwarded => "forwarded",
        }
    }
}

impl Caller {
    /// The caller with this address.
    pub fn of(address: IpAddr) -> Self {
        Self(network(address.to_canonical()).to_string())
    }

    /// Whom `peer` asks for, as far as those are trusted whom it names: `value` is all of the header, lines joined by commas.
    pub fn behind(peer: IpAddr, header: ForwardedHeader, value: &str, trusted: &[IpAddr]) -> Self {
        let is_proxy =
            |address: IpAddr| trusted.iter().any(|proxy| proxy.to_canonical() == address);
        let mut nearest = peer.to_canonical();
        let mut rest = value;
        while is_proxy(nearest) {
            let Some(element) = last_element(&mut rest) else {
                break;
            };
            let entry = match header {
                ForwardedHeader::XForwardedFor => element,
                ForwardedHeader::Forwarded => for_parameter(element).unwrap_or(element),
            };
            match address(entry) {
                Some(address) => nearest = address,
                // It counts as itself, and not as the proxy, whose address all payers share.
                None => return Self::named(entry),
            }
        }
        Self::of(nearest)
    }

    fn named(entry: &str) -> Self {
        Self(entry.chars().take(ENTRY_CHARACTERS_MAX).collect())
    }

    /// As it is sent to the switch.
    pub fn text(&self) -> &str {
        &self.0
    }
}

/// It says who somebody is: not printed.
impl fmt::Debug for Caller {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a caller")
    }
}

/// Takes the last element that is not empty off a list. Quotes are looked at from the end too: what a browser has left open
/// in front must not swallow what a proxy has added.
fn last_element<'a>(rest: &mut &'a str) -> Option<&'a str> {
    while !rest.trim().is_empty() {
        let mut quoted = false;
        let comma = rest.char_indices().rev().find(|(_, character)| {
            quoted ^= *character == '"';
            *character == ',' && !quoted
        });
        let (before, element) = match comma {
            Some((at, _)) => (&rest[..at], &rest[at + 1..]),
            None => ("", *rest),
        };
        *rest = before;
        if !element.trim().is_empty() {
            return Some(element.trim());
        }
    }
    None
}

/// The value of `for` in an element of `Forwarded`: pairs of token and value, semicolons between them.
fn for_parameter(element: &str) -> Option<&str> {
    let mut quoted = false;
    let pairs = element.split(|character| {
        quoted ^= character == '"';
        character == ';' && !quoted
    });
    let mut pairs = pairs.filter_map(|pair| pair.split_once('='));
    let (_, value) = pairs.find(|(name, _)| name.trim().eq_ignore_ascii_case("for"))?;
    Some(value.trim())
}

/// An address in any form that proxies write: bare, with a port, an IPv6 address in brackets, with a zone, in quotes.
fn address(entry: &str) -> Option<IpAddr> {
    let entry = entry.trim();
    let entry = entry
        .strip_prefix('"')
        .and_then(|entry| entry.strip_suffix('"'))
        .unwrap_or(entry)
        .trim();
    let bare = match entry.strip_prefix('[') {
        Some(bracketed) => {
            let (address, behind) = bracketed.split_once(']')?;
            if !behind.is_empty() && !is_port(behind.strip_prefix(':')?) {
                return None;
            }
            return without_zone(address).parse().ok().map(canonical);
        }
        None => entry,
    };
    if let Some((address, port)) = bare.split_once(':')
        && !port.contains(':')
    {
        let address: Ipv4Addr = address.parse().ok()?;
        return is_port(port).then_some(address.into());
    }
    let address: IpAddr = without_zone(bare).parse().ok()?;
    Some(address.to_canonical())
}

fn canonical(address: Ipv6Addr) -> IpAddr {
    IpAddr::V6(address).to_canonical()
}

fn without_zone(address: &str) -> &str {
    address
        .split_once('%')
        .map_or(address, |(address, _)| address)
}

/// A number, or a name that hides it (RFC 7239, section 6.3).
fn is_port(text: &str) -> bool {
    let number = !text.is_empty() && text.len() <= 5 && text.bytes().all(|b| b.is_ascii_digit());
    number || text.len() > 1 && text.starts_with('_')
}

fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(address) => {
            Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX)).into()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROXY: &str = "10.0.0.1";
    const INNER: &str = "10.0.0.2";

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn behind(peer: &str, header: ForwardedHeader, value: &str) -> String {
        let trusted = [ip(PROXY), ip(INNER)];
        let caller = Caller::behind(ip(peer), header, value, &trusted);
        caller.text().to_owned()
    }

    fn x(peer: &str, value: &str) -> String {
        behind(peer, ForwardedHeader::XForwardedFor, value)
    }

    fn rfc(value: &str) -> String {
        behind(PROXY, ForwardedHeader::Forwarded, value)
    }

    #[test]
    fn believes_only_proxies_that_are_trusted() {
        assert_eq!(x("203.0.113.7", "1.2.3.4"), "203.0.113.7");
        assert_eq!(x(PROXY, "1.2.3.4, 203.0.113.7"), "203.0.113.7");
        assert_eq!(x(PROXY, "1.2.3.4, 203.0.113.7, 10.0.0.2"), "203.0.113.7");
        assert_eq!(x(PROXY, "1.2.3.4,203.0.113.7:1,10.0.0.2:2"), "203.0.113.7");
        assert_eq!(x(PROXY, ""), PROXY);
        assert_eq!(x(PROXY, " , ,"), PROXY);
        assert_eq!(x(PROXY, "203.0.113.7, , "), "203.0.113.7");
        assert_eq!(x("::ffff:10.0.0.1", "::ffff:203.0.113.7"), "203.0.113.7");
        let mapped = [ip("::ffff:10.0.0.1")];
        let header = ForwardedHeader::XForwardedFor;
        let caller = Caller::behind(ip(PROXY), header, "203.0.113.7", &mapped);
        assert_eq!(caller.text(), "203.0.113.7");
    }

    #[test]
    fn reads_an_address_in_every_form() {
        for entry in [
            "203.0.113.7",
            "203.0.113.7:50001",
            "203.0.113.7:0",
            "\"203.0.113.7\"",
            "\"203.0.113.7:50001\"",
            "203.0.113.7:_hidden",
            "::ffff:203.0.113.7",
            "[::ffff:203.0.113.7]:443",
        ] {
            assert_eq!(x(PROXY, entry), "203.0.113.7", "{entry}");
            assert_eq!(rfc(&format!("for={entry}")), "203.0.113.7", "{entry}");
        }
        for entry in [
            "2001:db8::7",
            "[2001:db8::7]",
            "[2001:db8::7]:443",
            "[2001:DB8:0:0::7]:443",
            "\"[2001:db8::7]\"",
            "\"[2001:db8::7]:443\"",
            "[2001:db8::7%eth0]:443",
            "2001:db8::7%eth0",
        ] {
            assert_eq!(x(PROXY, entry), "2001:db8::", "{entry}");
            assert_eq!(rfc(&format!("for={entry}")), "2001:db8::", "{entry}");
        }
    }

    #[test]
    fn who_has_a_network_has_one_address() {
        let of = |text: &str| Caller::of(ip(text));
        assert_eq!(of("2001:db8:1:2::7"), of("2001:db8:1:2:ffff::"));
        assert_ne!(of("2001:db8:1:2::7"), of("2001:db8:1:3::7"));
    }

    /// Not as the proxy: thirty-one payers behind one would lock each other out.
    #[test]
    fn an_entry_that_is_no_address_counts_as_itself() {
        for entry in [
            "unknown",
            "_SEVKISEK",
            "rubbish",
            "203.0.113.7:port",
            "203.0.113.7:123456",
            "203.0.113.256",
            "[2001:db8::7",
            "[2001:db8::7]443",
            "[203.0.113.7]:443",
        ] {
            assert_eq!(x(PROXY, entry), entry);
            assert_eq!(x(PROXY, &format!("203.0.113.7, {entry}")), entry);
            assert_eq!(rfc(&format!("for={entry}")), entry);
        }
        assert_eq!(x(PROXY, &"long".repeat(50)).len(), ENTRY_CHARACTERS_MAX);
        assert_eq!(rfc("proto=https;by=10.0.0.1"), "proto=https;by=10.0.0.1");
    }

    #[test]
    fn reads_the_examples_of_rfc_7239() {
        assert_eq!(rfc("for=\"_gazonk\""), "\"_gazonk\"");
        assert_eq!(rfc("For=\"[2001:db8:cafe::17]:4711\""), "2001:db8:cafe::");
        assert_eq!(
            rfc("for=192.0.2.60;proto=http;by=203.0.113.43"),
            "192.0.2.60"
        );
        assert_eq!(rfc("for=192.0.2.43, for=198.51.100.17"), "198.51.100.17");
        assert_eq!(rfc("for=192.0.2.43,for=10.0.0.2"), "192.0.2.43");
        assert_eq!(
            rfc("for=192.0.2.43, for=\"[2001:db8:cafe::17]\""),
            "2001:db8:cafe::"
        );
        assert_eq!(
            rfc("by=\"a;b,c\";for=192.0.2.43;host=\"x,y\""),
            "192.0.2.43"
        );
    }

    #[test]
    fn a_quote_left_open_in_front_hides_nothing_behind_it() {
        for opened in ["\"", "for=\"", "\"a, \"b\", \""] {
            assert_eq!(x(PROXY, &format!("{opened}, 203.0.113.7")), "203.0.113.7");
            assert_eq!(rfc(&format!("{opened}, for=203.0.113.7")), "203.0.113.7");
            let quoted = format!("{opened}, for=\"[2001:db8::7]:443\"");
            assert_eq!(rfc(&quoted), "2001:db8::");
        }
    }

    /// Any text is read, and only what stands at the end.
    #[test]
    fn whatever_stands_in_front_changes_nothing() {
        proptest::proptest!(|(front in ".{0,40}")| {
            proptest::prop_assert_eq!(x(PROXY, &format!("{front},203.0.113.7:9")), "203.0.113.7");
            proptest::prop_assert_eq!(rfc(&format!("{front},for=203.0.113.7:9")), "203.0.113.7");
        });
    }
}
