//! From a message to the bytes of an e-mail.

use lettre::Address;
use lettre::message::header::{Header, HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart};

use crate::channel::{Failure, Message};
use tessera_kit::email_address::EmailAddress;

/// `Auto-Submitted: auto-generated` (RFC 3834): nobody's absence note shall answer.
#[derive(Clone)]
struct AutoSubmitted;

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "auto-generated".to_owned())
    }
}

/// Plain text and HTML side by side. It loads no remote content and does not reveal that it was read.
pub(super) fn pack(from: &Mailbox, message: &Message) -> Result<lettre::Message, Failure> {
    let to = EmailAddress::parse(message.to.expose());
    let to = to.ok_or_else(|| Failure::permanent("the address is not an e-mail address"))?;
    // The library knows fewer letters than RFC 6532; what it would refuse has been refused.
    let to = Address::new_dangerous(to.local(), to.ascii_domain());
    lettre::Message::builder()
        .message_id(Some(format!("<{}@{}>", message.id, from.email.domain())))
        .date_now()
        .from(from.clone())
        .to(Mailbox::new(None, to))
        .subject(message.subject.clone())
        .header(AutoSubmitted)
        .multipart(MultiPart::alternative_plain_html(
            message.text.clone(),
            message.html.clone(),
        ))
        .map_err(|_| Failure::permanent("the message could not be turned into an e-mail"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::channel::{self, MessageId};
    use crate::texts::Texts;

    fn packed(to: &str, subject: &str) -> Result<String, Failure> {
        let texts = Texts {
            subject: subject.into(),
            text: "Plain words, and ein Wort mit Ümlaut.\n".into(),
            html: "<p>Words</p>".into(),
            sms: String::new(),
        };
        let id = MessageId::new("0ABCDEFGHIJK.1").unwrap();
        let message = Message::new(id, channel::Address::new(to), texts);
        let from = "Tessera <no-reply@tessera.example>".parse().unwrap();
        pack(&from, &message).map(|email| String::from_utf8(email.formatted()).unwrap())
    }

    #[test]
    fn carries_its_headers_and_both_texts() {
        let email = packed("payer@example.com", "Paid").unwrap();
        for line in [
            "Message-ID: <0ABCDEFGHIJK.1@tessera.example>\r\n",
            "From: Tessera <no-reply@tessera.example>\r\n",
            "To: payer@example.com\r\n",
            "Subject: Paid\r\n",
            "Auto-Submitted: auto-generated\r\n",
            "Date: ",
            "Content-Type: multipart/alternative;",
            "Content-Type: text/plain; charset=utf-8",
            "Content-Type: text/html; charset=utf-8",
        ] {
            assert!(email.contains(line), "{line}\n{email}");
        }
        assert!(email.is_ascii());
    }

    #[test]
    fn a_domain_beyond_ascii_goes_out_in_ascii_and_a_name_as_it_is() {
        let email = packed("payer@bücher.example", "Paid").unwrap();
        assert!(
            email.contains("To: payer@xn--bcher-kva.example\r\n"),
            "{email}"
        );
        assert!(email.is_ascii());
        let email = packed("用户@例え.テスト", "Paid").unwrap();
        assert!(
            email.contains("To: 用户@xn--r8jz45g.xn--zckzah\r\n"),
            "{email}"
        );
    }

    #[test]
    fn a_subject_cannot_smuggle_a_header_in() {
        let email = packed("payer@example.com", "Paid\r\nBcc: other@example.com").unwrap();
        let head = email.split("\r\n\r\n").next().unwrap();
        assert!(!head.contains("\r\nBcc:"), "{head}");
    }

    #[test]
    fn what_is_no_address_is_refused_for_good() {
        for to in [
            "",
            "payer",
            "a@b\r\nRCPT TO:<c@d>",
            "a@b, c@d",
            "+491701234567",
        ] {
            let failure = packed(to, "Paid").unwrap_err();
            assert!(!failure.is_transient());
            assert!(to.is_empty() || !failure.to_string().contains(to));
        }
    }
}
