//! Blocks of addresses, as `10.1.0.0/16`.

use std::fmt;
use std::net::IpAddr;

/// A block of addresses: `10.1.0.0/16`, `2001:db8::/32`, or one address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    /// The first address, as a number.
    first: u128,
    /// Its leading bits that count.
    prefix: u32,
    is_v4: bool,
}

impl Network {
    /// Whether an address lies in it. An IPv4 address is that also where it comes as IPv6.
    pub fn contains(&self, address: IpAddr) -> bool {
        let (number, is_v4) = number(address.to_canonical());
        is_v4 == self.is_v4 && number & self.mask() == self.first
    }

    fn mask(&self) -> u128 {
        let bits = if self.is_v4 { 32 } else { 128 };
        let behind = u32::saturating_sub(bits, self.prefix);
        u128::MAX.checked_shl(behind).unwrap_or_default()
    }
}

/// IPv4 stands in the low bits.
fn number(address: IpAddr) -> (u128, bool) {
    match address {
        IpAddr::V4(address) => (u128::from(u32::from(address)), true),
        IpAddr::V6(address) => (u128::from(address), false),
    }
}

/// The text is no block of addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NoNetwork;

impl Network {
    pub(crate) fn read(text: &str) -> Result<Self, NoNetwork> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| NoNetwork)?;
        let bits = if address.is_ipv4() { 32 } else { 128 };
        let prefix = match prefix {
            Some(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => {
                digits.parse().map_err(|_| NoNetwork)?
            }
            Some(_) => return Err(NoNetwork),
            None => bits,
        };
        let (first, is_v4) = number(address);
        let network = Self {
            first,
            prefix,
            is_v4,
        };
        // Bits behind the prefix are a slip: nobody writes 10.1.2.3/8 and means all of 10.
        let sound = prefix <= bits && first & network.mask() == first;
        sound.then_some(network).ok_or(NoNetwork)
    }
}

impl fmt::Display for NoNetwork {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("is not a block of addresses, as in \"10.1.0.0/16\" or \"2001:db8::1\"")
    }
}

/// Blocks of addresses: `["10.0.0.5", "2001:db8::/32"]`.
pub(super) mod networks {
    use serde::de::Error;
    use serde::{Deserialize, Deserializer};

    use super::Network;

    pub(crate) fn deserialize<'de, D>(from: D) -> Result<Vec<Network>, D::Error>
    where
        D: Deserializer<'de>,
    {
        let texts = Vec::<String>::deserialize(from)?;
        let read = |text: &String| {
            Network::read(text).map_err(|why| D::Error::custom(format!("{text:?} {why}")))
        };
        texts.iter().map(read).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_lies_in_its_block_and_in_no_other() {
        for (block, inside, outside) in [
            ("10.1.0.0/16", "10.1.255.255", "10.2.0.0"),
            ("10.1.2.3", "10.1.2.3", "10.1.2.4"),
            ("10.1.2.3/32", "::ffff:10.1.2.3", "::10.1.2.3"),
            ("0.0.0.0/0", "255.255.255.255", "::1"),
            ("::/0", "2001:db8::1", "10.0.0.1"),
            ("2001:db8::/33", "2001:db8:7fff::1", "2001:db8:8000::"),
            ("::1", "::1", "::2"),
        ] {
            let network = Network::read(block).unwrap();
            assert!(network.contains(inside.parse().unwrap()), "{block}");
            assert!(!network.contains(outside.parse().unwrap()), "{block}");
        }
    }

    #[test]
    fn refuses_what_is_no_block() {
        for text in [
            "",
            "10.1",
            "10.1.0.0/",
            "10.1.0.0/33",
            "10.1.0.0/+8",
            "10.1.0.0/8",
            "2001:db8::1/64",
            "::/129",
            "host.example",
        ] {
            assert_eq!(Network::read(text), Err(NoNetwork), "{text}");
        }
    }
}
