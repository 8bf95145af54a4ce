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
        self.0.port_u16().unwrap_or(self.usual_port())
    }

    fn usual_port(&self) -> u16 {
        if self.is_https() { 443 } else { 80 }
    }

    /// Server and port as the header `host` and an origin (RFC 6454) have them: the name in lower case, without the usual port.
    pub fn authority(&self) -> String {
        let host = self.0.host().unwrap_or_default().to_ascii_lowercase();
        let usual = self.usual_port();
        match self.0.port_u16().filter(|port| *port != usual) {
            Some(port) => format!("{host}:{port}"),
            None => host,
        }
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

    #[test]
    fn a_server_has_one_name_however_it_is_written() {
        for (text, authority) in [
            ("https://push.example/1", "push.example"),
            ("https://PUSH.example:443/1", "push.example"),
            ("https://push.example:80/1", "push.example:80"),
            ("https://Push.Example:8443/1", "push.example:8443"),
            ("http://localhost:80/", "localhost"),
            ("http://localhost:443/", "localhost:443"),
            ("http://[::1]:8080/", "[::1]:8080"),
        ] {
            let url = HttpUrl::read(text, true).unwrap();
            assert_eq!(url.authority(), authority, "{text}");
        }
    }
}
