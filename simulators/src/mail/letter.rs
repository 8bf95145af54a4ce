//! One letter: from the bytes that SMTP brought to what is shown.

use mailparse::{MailHeaderMap as _, ParsedMail, parse_mail};

/// A letter as it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Letter {
    /// Counted from 1, never given twice.
    pub number: u64,
    /// The envelope's receivers.
    pub to: Vec<String>,
    /// As the letter says it.
    pub from: String,
    /// As the letter says it.
    pub date: String,
    /// As the letter says it.
    pub subject: String,
    /// The first plain part.
    pub text: String,
    /// The first HTML part, if there is one.
    pub html: Option<String>,
    /// Nobody has opened it yet.
    pub unread: bool,
}

impl Letter {
    /// Reads it. What is no mail at all is shown as the text that it is.
    pub fn read(number: u64, to: Vec<String>, bytes: &[u8]) -> Self {
        // The parser bounds how deep parts may nest.
        let Ok(mail) = parse_mail(bytes) else {
            return Self {
                number,
                to,
                from: String::new(),
                date: String::new(),
                subject: "(unreadable)".to_owned(),
                text: String::from_utf8_lossy(bytes).into_owned(),
                html: None,
                unread: true,
            };
        };
        let header = |name| mail.headers.get_first_value(name).unwrap_or_default();
        let (html, text) = (part(&mail, "text/html"), part(&mail, "text/plain"));
        Self {
            number,
            to,
            from: header("From"),
            date: header("Date"),
            subject: header("Subject"),
            text: text.unwrap_or_default(),
            html,
            unread: true,
        }
    }

    /// Whether it has every word of a search, in whatever case: in addresses, subject or text. `is:unread` and `is:read` look at
    /// whether it was opened.
    pub fn has(&self, query: &str) -> bool {
        let parts = [&self.to.join(" "), &self.from, &self.subject, &self.text];
        let parts = parts.map(|part| part.to_lowercase());
        query
            .split_whitespace()
            .all(|word| match word.to_lowercase().as_str() {
                "is:unread" => self.unread,
                "is:read" => !self.unread,
                word => parts.iter().any(|part| part.contains(word)),
            })
    }
}

/// The first part of this type.
fn part(mail: &ParsedMail<'_>, kind: &str) -> Option<String> {
    let fits = |part: &&ParsedMail<'_>| part.ctype.mimetype == kind;
    mail.parts().find(fits)?.get_body().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_text_html_and_headers_in_their_encodings() {
        let mail = "From: Tessera <no-reply@tessera.example>\r\nSubject: =?utf-8?q?Caf=C3=A9?=\r\n\
            Content-Type: multipart/alternative; boundary=\"b\"\r\n\r\n--b\r\nContent-Type: text/plain; charset=utf-8\r\n\
            Content-Transfer-Encoding: quoted-printable\r\n\r\n3=E2=82=AC\r\n--b\r\nContent-Type: text/html; charset=utf-8\r\n\
            Content-Transfer-Encoding: base64\r\n\r\nPGI+MzwvYj4=\r\n--b--\r\n";
        let letter = Letter::read(1, vec!["a@b".to_owned()], mail.as_bytes());
        assert_eq!(letter.subject, "Café");
        assert_eq!(letter.text.trim(), "3€");
        assert_eq!(letter.html.unwrap().trim(), "<b>3</b>");
    }

    #[test]
    fn shows_what_it_cannot_read() {
        let deep: String = (0..10_000)
            .map(|level| {
                format!("Content-Type: multipart/mixed; boundary=\"{level}\"\r\n\r\n--{level}\r\n")
            })
            .collect();
        for rubbish in [&b"\xff\xfe\x00"[..], b"", deep.as_bytes()] {
            let letter = Letter::read(1, Vec::new(), rubbish);
            assert!(letter.html.is_none());
        }
    }
}
