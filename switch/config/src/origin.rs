//! The origin of the wallet server's pages, for which passkeys are made.

/// The host of an origin: passkeys are made for it, whatever the port.
pub fn host_of_origin(origin: &str) -> &str {
    let after = origin.split_once("://").map_or(origin, |parts| parts.1);
    after.split_once(':').map_or(after, |parts| parts.0)
}

/// What is wrong with an origin for passkeys: browsers make them for names only, on HTTPS or on this machine.
pub(crate) fn flaw(origin: &str) -> Option<&'static str> {
    let host = host_of_origin(origin);
    let is_local = host == "localhost" || host.ends_with(".localhost");
    let mut labels = host.split('.');
    let is_name = labels.clone().all(|label| {
        let inside = label.bytes().all(|character| {
            character.is_ascii_lowercase() || character.is_ascii_digit() || character == b'-'
        });
        inside && !label.is_empty() && !label.starts_with('-') && !label.ends_with('-')
    });
    let is_address = labels
        .next_back()
        .is_some_and(|label| label.bytes().all(|digit| digit.is_ascii_digit()));
    let scheme = match is_local {
        true => origin.starts_with("http://") || origin.starts_with("https://"),
        false => origin.starts_with("https://"),
    };
    let port = origin
        .split_once("://")
        .and_then(|(_, rest)| rest.split_once(':'));
    let is_port = port.is_none_or(|(_, port)| {
        port.parse::<u16>()
            .is_ok_and(|number| number.to_string() == port)
            && !(origin.starts_with("https://") && port == "443")
            && !(origin.starts_with("http://") && port == "80")
    });
    if !scheme {
        return Some("it begins with https://, or with http:// for localhost");
    }
    if !is_name || is_address {
        return Some("browsers make passkeys for names in lower case only, not for addresses");
    }
    (!is_port).then_some("after the name there is nothing, or a port that is not the usual one")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_written_as_browsers_write_it() {
        for good in [
            "https://wallet.example",
            "https://wallet.example:8443",
            "http://localhost:8080",
            "http://localhost",
            "https://a-b.c.example",
        ] {
            assert_eq!(flaw(good), None, "{good}");
        }
        for wrong in [
            "",
            "wallet.example",
            "http://wallet.example",
            "https://127.0.0.1:8080",
            "https://[::1]",
            "https://Wallet.example",
            "https://wallet.example/",
            "https://wallet.example/pay",
            "https://wallet.example:443",
            "https://wallet.example:",
            "https://wallet.example:080",
            "http://localhost:80",
            "https://user@wallet.example",
            "https://-a.example",
            "https://a..example",
        ] {
            assert!(flaw(wrong).is_some(), "{wrong}");
        }
        assert_eq!(
            host_of_origin("https://wallet.example:8443"),
            "wallet.example"
        );
        assert_eq!(host_of_origin("http://localhost"), "localhost");
    }
}
