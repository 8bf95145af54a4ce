//! An address that the switch sends something to by HTTP: a party's webhook, or a push service.

use std::fmt;
use std::net::IpAddr;

use http::Uri;

/// An address to send to. It may contain a token: it is not printed.
#[derive(Clone, PartialEq, Eq)]
pub struct HttpUrl(Uri);

impl HttpUrl {
    /// An `https` address, or an `http` one of this machine where that is allowed.
    ///
    /// # Errors
    /// Why it is none.
    pub fn read(text: &str, allows_http: bool) -> Result<Self, &'static str> {
        let uri: Uri = text.parse().map_err(|_| "it is no address")?;
        let authority = uri.authority().ok_or("it has no server")?;
        if authority.as_str().contains('@') {
            return Err("a name and password have no place in it");
        }
        let is_local = is_of_this_machine(authority.host());
        match uri.scheme_str() {
            Some("https") => Ok(Self(uri)),
            Some("http") if is_local && allows_http => Ok(Self(uri)),
            Some("http") => {
                Err("it must be https; http only to this machine, in a development configuration")
            }
            _ => Err("it must be https"),
        }
    }

    /// One of this machine, as a development configuration may state.
    ///
    /// # Panics
    /// Where it is none.
    pub fn for_tests(text: &str) -> Self {
        Self::read(text, true).expect("an address")
    }

    /// Whether TLS is used.
    pub fn is_https(&self) -> bool {
        self.0.scheme_str() == Some("https")
    }

    /// Name or address of the server, without brackets.
    pub fn host(&self) -> &str {
        self.0.host().unwrap_or_default().trim_matches(['[', ']'])
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        let usual = if self.is_https() { 443 } else { 80 };
        self.0.port_u16().unwrap_or(usual)
    }

    /// Server and port as the header `host` has them.
    pub fn authority(&self) -> &str {
        self.0
            .authority()
            .map_or("", |authority| authority.as_str())
    }

    /// What is asked for there.
    pub fn path(&self) -> &str {
        self.0.path_and_query().map_or("/", |path| path.as_str())
    }
}

/// Whether a host, in brackets or not, is this machine.
pub(crate) fn is_of_this_machine(host: &str) -> bool {
    match host.trim_matches(['[', ']']).parse::<IpAddr>() {
        Ok(address) => address.is_loopback(),
        Err(_) => host == "localhost",
    }
}

impl fmt::Debug for HttpUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("HttpUrl(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_https_leaves_the_machine() {
        for (text, https, host, port, path) in [
            (
                "https://shop.example/hooks?x=1",
                true,
                "shop.example",
                443,
                "/hooks?x=1",
            ),
            ("https://shop.example:8443", true, "shop.example", 8443, "/"),
            (
                "http://127.0.0.1:8086/hooks",
                false,
                "127.0.0.1",
                8086,
                "/hooks",
            ),
            ("http://[::1]/hooks", false, "::1", 80, "/hooks"),
            ("http://localhost:1/", false, "localhost", 1, "/"),
        ] {
            let url = HttpUrl::read(text, true).unwrap();
            let parts = (url.is_https(), url.host(), url.port(), url.path());
            assert_eq!(parts, (https, host, port, path), "{text}");
            assert_eq!(format!("{url:?}"), "HttpUrl(..)");
        }
        for wrong in [
            "http://shop.example/hooks",
            "http://10.0.0.1/hooks",
            "https://name:password@shop.example/",
            "ftp://shop.example/",
            "/hooks",
            "shop.example",
            "",
        ] {
            assert!(HttpUrl::read(wrong, true).is_err(), "{wrong}");
        }
        assert!(HttpUrl::read("http://127.0.0.1/", false).is_err());
    }
}
