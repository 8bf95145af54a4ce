//! E-mail addresses as payers have them: RFC 5321 and, beyond ASCII, RFC 6531 before the `@` and IDNA behind it.

/// Bytes of an address: RFC 5321, 4.5.3.1.3 without the angle brackets.
const BYTES_MAX: usize = 254;
/// Bytes before the `@`: RFC 5321, 4.5.3.1.1.
const LOCAL_BYTES_MAX: usize = 64;

/// An address that a mail server may be handed.
#[derive(Clone, PartialEq, Eq)]
pub struct EmailAddress {
    local: String,
    /// As it was written: for the eyes of its owner.
    domain: String,
    /// In A-labels (`xn--...`): as mail servers and the DNS know it.
    ascii_domain: String,
}

impl EmailAddress {
    /// `None` for what is no address, or one that we take no part in: with quotes, comments, or another machine's number.
    pub fn parse(text: &str) -> Option<Self> {
        let (local, domain) = text.rsplit_once('@')?;
        let ascii_domain = idna::domain_to_ascii_strict(domain).ok()?;
        let bytes = text.len().max(local.len() + 1 + ascii_domain.len());
        let sound = bytes <= BYTES_MAX
            && local.len() <= LOCAL_BYTES_MAX
            && local
                .split('.')
                .all(|atom| !atom.is_empty() && atom.chars().all(is_atext))
            && !ascii_domain.is_empty()
            && !ascii_domain.ends_with('.')
            // `1.2.3.4` is no name.
            && ascii_domain.parse::<std::net::IpAddr>().is_err();
        sound.then(|| Self {
            local: local.to_owned(),
            domain: domain.to_owned(),
            ascii_domain,
        })
    }

    /// The part before the `@`.
    pub fn local(&self) -> &str {
        &self.local
    }

    /// The part behind the `@`, as it was written.
    pub fn domain(&self) -> &str {
        &self.domain
    }

    /// The part behind the `@`, in A-labels.
    pub fn ascii_domain(&self) -> &str {
        &self.ascii_domain
    }

    /// Whether only a mail server with SMTPUTF8 can take it.
    pub fn needs_smtputf8(&self) -> bool {
        !self.local.is_ascii()
    }
}

/// RFC 5322 and RFC 6532 `atext`, without what can't be seen.
fn is_atext(character: char) -> bool {
    match character {
        '!'..='~' => !"()<>[]:;@\\,.\"".contains(character),
        // Beyond ASCII: no separators, no marks of direction.
        '\u{200b}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{feff}' => false,
        _ => !character.is_ascii() && !character.is_control() && !character.is_whitespace(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_addresses_of_all_scripts() {
        for (text, ascii_domain, needs_smtputf8) in [
            ("alice@example.com", "example.com", false),
            ("a+b.c'd@example", "example", false),
            ("alice@b\u{fc}cher.example", "xn--bcher-kva.example", false),
            ("alice@B\u{dc}CHER.example", "xn--bcher-kva.example", false),
            (
                "alice@xn--bcher-kva.example",
                "xn--bcher-kva.example",
                false,
            ),
            // With the full stop of a Japanese keyboard.
            ("alice@例え。テスト", "xn--r8jz45g.xn--zckzah", false),
            ("j\u{f6}rg@example.com", "example.com", true),
            ("用户@例え.テスト", "xn--r8jz45g.xn--zckzah", true),
            ("🎉@example.com", "example.com", true),
        ] {
            let address = EmailAddress::parse(text).expect(text);
            assert_eq!(address.ascii_domain(), ascii_domain, "{text}");
            assert_eq!(address.needs_smtputf8(), needs_smtputf8, "{text}");
            let (local, domain) = text.rsplit_once('@').unwrap();
            assert_eq!((address.local(), address.domain()), (local, domain));
        }
    }

    #[test]
    fn refuses_what_is_none() {
        let long = format!("{}@example.com", "ö".repeat(33));
        let far = format!("a@{}example.com", "b.".repeat(125));
        let wide = format!("a@{}.example", "例".repeat(80));
        for text in [
            "",
            "a",
            "@",
            "@example.com",
            "a@",
            "a b@example.com",
            "a@b@c.example",
            "a@b c.example",
            "a@b.example\r\nBcc: x",
            "a\u{a0}b@c.example",
            "a\u{202e}b@c.example",
            "a\0@b.example",
            "\"a\"@b.example",
            "a(b)@c.example",
            "<a@b.example>",
            "a@b.example,c@d.example",
            ".a@b.example",
            "a..b@c.example",
            "a@-b.example",
            "a@b_c.example",
            "a@1.2.3.4",
            "a@[1.2.3.4]",
            "a@b.example.",
            "a@xn--\u{fc}.example",
            "a@b..example",
            &long,
            &far,
            &wide,
        ] {
            assert!(EmailAddress::parse(text).is_none(), "{text:?}");
        }
    }
}
