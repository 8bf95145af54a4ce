//! HTTP ports for programs and operators of this machine, not for pages of others. A browser on the machine carries requests of
//! any page to them: across sites (a form, `fetch`), or by DNS rebinding, where a name of the attacker suddenly means
//! 127.0.0.1 and the browser takes page and port for one site.
//!
//! | what a browser says | which pages may |
//! | --- | --- |
//! | `Host` | pages under an address, `localhost`, or a name that the operator has listed: no name of an attacker |
//! | `Origin` | pages of this very port |
//! | `Sec-Fetch-Site` | for what changes something: pages of this very port, or nobody's (an address that was typed) |
//!
//! Programs send no `Origin`, and an address as `Host`.

use std::net::IpAddr;

/// The headers that show the origin of a request, as far as they are present.
#[derive(Debug, Clone, Copy, Default)]
pub struct Sender<'a> {
    /// `Host`, or the authority of HTTP/2.
    pub host: Option<&'a str>,
    /// `Origin`.
    pub origin: Option<&'a str>,
    /// `Sec-Fetch-Site`.
    pub fetch_site: Option<&'a str>,
}

/// Why a request is refused: a text for the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Foreign {
    /// The name under which the port was asked is not one of its own.
    #[error("the name in the Host header is not allowed: use an address or localhost")]
    Host,
    /// A page of another site has sent it.
    #[error("requests from pages of other sites are not allowed")]
    Page,
}

impl Sender<'_> {
    /// Whether the request may pass. `changes` is whether it may change anything (its method is not GET or HEAD), `names` the
    /// further host names, without a port.
    ///
    /// # Errors
    /// When it comes from a page that has no business here.
    pub fn check(self, changes: bool, names: &[String]) -> Result<(), Foreign> {
        if let Some(host) = self.host
            && !is_own(host, names)
        {
            return Err(Foreign::Host);
        }
        let host = self.host.unwrap_or_default();
        let own = match self.origin {
            None => true,
            // From a page whose referrer policy hides it.
            Some("null") => self.fetch_site == Some("same-origin"),
            Some(origin) => ["http://", "https://"]
                .iter()
                .any(|scheme| origin.strip_prefix(scheme) == Some(host)),
        };
        if !own {
            return Err(Foreign::Page);
        }
        match self.fetch_site {
            None | Some("same-origin" | "none") => Ok(()),
            // A link from elsewhere to a page of ours is only read.
            Some(_) if !changes => Ok(()),
            Some(_) => Err(Foreign::Page),
        }
    }
}

/// Whether a `Host` names this port in a way that no foreign name server answers for.
fn is_own(host: &str, names: &[String]) -> bool {
    let name = without_port(host);
    let bare = name
        .strip_prefix('[')
        .and_then(|name| name.strip_suffix(']'))
        .unwrap_or(name);
    bare.parse::<IpAddr>().is_ok()
        || name.eq_ignore_ascii_case("localhost")
        || names.iter().any(|own| name.eq_ignore_ascii_case(own))
}

fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sender<'a>(host: &'a str, origin: &'a str, fetch_site: &'a str) -> Sender<'a> {
        let some = |text: &'a str| (!text.is_empty()).then_some(text);
        Sender {
            host: some(host),
            origin: some(origin),
            fetch_site: some(fetch_site),
        }
    }

    #[test]
    fn programs_pass() {
        let names = ["switch.internal".to_owned()];
        for host in [
            "127.0.0.1:9583",
            "127.0.0.1",
            "[::1]:9583",
            "[::1]",
            "10.0.0.7:9583",
            "localhost:9583",
            "LOCALHOST",
            "switch.internal:9583",
            "",
        ] {
            for changes in [false, true] {
                assert_eq!(
                    sender(host, "", "").check(changes, &names),
                    Ok(()),
                    "{host}"
                );
            }
        }
    }

    #[test]
    fn a_name_of_somebody_else_is_refused_even_to_read() {
        for host in [
            "rebound.example:9583",
            "127.0.0.1.example",
            "localhost.example:9583",
            "switch.internal:9583",
            "127.0.0.1:9583@rebound.example",
            "::1.example",
            " ",
        ] {
            let page = format!("http://{host}");
            for sender in [sender(host, "", ""), sender(host, &page, "same-origin")] {
                assert_eq!(sender.check(false, &[]), Err(Foreign::Host), "{host}");
            }
        }
    }

    #[test]
    fn pages_of_other_sites_are_refused() {
        let own = "127.0.0.1:9583";
        for origin in [
            "http://evil.example",
            "http://127.0.0.1:8080",
            "http://localhost:9583",
            "null",
            "file://",
        ] {
            let sender = sender(own, origin, "");
            assert_eq!(sender.check(true, &[]), Err(Foreign::Page), "{origin}");
        }
        for site in ["cross-site", "same-site", "anything"] {
            assert_eq!(sender(own, "", site).check(true, &[]), Err(Foreign::Page));
            assert_eq!(sender(own, "", site).check(false, &[]), Ok(()));
        }
        for site in ["same-origin", "none", ""] {
            let page = "http://127.0.0.1:9583";
            assert_eq!(sender(own, page, site).check(true, &[]), Ok(()));
        }
        assert_eq!(sender(own, "null", "same-origin").check(true, &[]), Ok(()));
    }
}
