//! Where etcd is.

use std::fmt;
use std::sync::Arc;

use http::Uri;
use http::uri::{PathAndQuery, Scheme};
use rustls::ClientConfig;
use rustls_pki_types::ServerName;

use crate::NodeId;

/// How the engine reaches etcd.
#[derive(Clone, Debug)]
pub struct EtcdSettings {
    /// The members, in the order in which they are asked: the first one until it fails. All should be named.
    pub endpoints: Vec<Endpoint>,
    /// The client's side of TLS, for endpoints of `https`. The engine adds that it speaks HTTP/2.
    pub tls: Option<Arc<ClientConfig>>,
    /// Names the cluster of nodes among all that use this etcd. Built like the name of a node.
    pub cluster: NodeId,
}

/// Where a member listens for clients.
#[derive(Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// Scheme, host and port.
    uri: Uri,
    host: String,
    port: u16,
    secure: bool,
}

impl Endpoint {
    /// From `https://host:port`, or `http://host:port` for one without TLS. A path is not allowed.
    pub fn parse(text: &str) -> Option<Self> {
        let uri: Uri = text.strip_suffix('/').unwrap_or(text).parse().ok()?;
        let secure = match uri.scheme() {
            Some(scheme) if *scheme == Scheme::HTTPS => true,
            Some(scheme) if *scheme == Scheme::HTTP => false,
            _ => return None,
        };
        let bare = matches!(
            uri.path_and_query().map(PathAndQuery::as_str),
            None | Some("/")
        );
        let authority = uri.authority()?;
        if !bare || authority.as_str().contains('@') {
            return None;
        }
        let host = authority.host();
        let host = host.strip_prefix('[').unwrap_or(host);
        let host = host.strip_suffix(']').unwrap_or(host).to_owned();
        ServerName::try_from(host.as_str()).ok()?;
        let port = authority.port_u16()?;
        Some(Self {
            uri,
            host,
            port,
            secure,
        })
    }

    /// The name or address, without brackets.
    pub(super) fn host(&self) -> &str {
        &self.host
    }

    pub(super) fn port(&self) -> u16 {
        self.port
    }

    pub(super) fn is_secure(&self) -> bool {
        self.secure
    }

    pub(super) fn uri(&self) -> &Uri {
        &self.uri
    }

    /// Whose certificate the member has to show.
    pub(super) fn server_name(&self) -> Option<ServerName<'static>> {
        ServerName::try_from(self.host.clone()).ok()
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let host = match self.host.contains(':') {
            true => format!("[{}]", self.host),
            false => self.host.clone(),
        };
        write!(formatter, "{host}:{}", self.port)
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_a_scheme_a_host_and_a_port() {
        for text in [
            "https://etcd-1.example:2379",
            "http://[::1]:2379",
            "http://10.0.0.1:1/",
        ] {
            assert!(Endpoint::parse(text).is_some(), "{text}");
        }
        let six = Endpoint::parse("https://[::1]:2379").unwrap();
        assert_eq!(
            (six.host(), six.to_string().as_str()),
            ("::1", "[::1]:2379")
        );
        for text in [
            "",
            "etcd-1:2379",
            "https://etcd-1",
            "https://etcd-1:99999",
            "ftp://etcd-1:2379",
            "https://etcd-1:2379/v3",
            "https://name@etcd-1:2379",
            "https://:2379",
        ] {
            assert!(Endpoint::parse(text).is_none(), "{text}");
        }
    }
}
