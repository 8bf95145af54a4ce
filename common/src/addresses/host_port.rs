//! One address: a name or an IP address, and a port.

use std::fmt;
use std::net::SocketAddr;
use std::str::FromStr;
use std::sync::Arc;

use super::AddressesError;

/// `HOST:PORT` as it was stated; a name is resolved at each attempt. Cheap to clone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostPort(Arc<str>);

impl HostPort {
    /// The name or IP address alone, without brackets: what a certificate carries.
    pub fn host(&self) -> &str {
        // It was read with a colon before the port.
        let (host, _) = self.0.rsplit_once(':').unwrap_or((&self.0, ""));
        host.trim_start_matches('[').trim_end_matches(']')
    }

    /// As it was stated.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for HostPort {
    type Err = AddressesError;

    fn from_str(text: &str) -> Result<Self, AddressesError> {
        let good = match text.parse::<SocketAddr>() {
            Ok(address) => address.port() > 0,
            Err(_) => text
                .rsplit_once(':')
                .is_some_and(|(host, port)| is_name(host) && is_port(port)),
        };
        if good {
            Ok(Self(text.into()))
        } else {
            Err(AddressesError::Shape(text.to_owned()))
        }
    }
}

impl From<SocketAddr> for HostPort {
    fn from(address: SocketAddr) -> Self {
        Self(address.to_string().into())
    }
}

impl fmt::Display for HostPort {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// Whether the resolver may be asked for it. An IPv6 address without brackets is no name.
fn is_name(host: &str) -> bool {
    let part_of_name = |byte: u8| byte.is_ascii_alphanumeric() || b".-_".contains(&byte);
    !host.is_empty() && host.len() <= 253 && host.bytes().all(part_of_name)
}

fn is_port(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit()) && text.parse::<u16>().is_ok_and(|port| port > 0)
}
