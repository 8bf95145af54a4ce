//! A minimal HTTP client with arbitrary headers.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

/// An answer.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    head: String,
    pub text: String,
}

impl Answer {
    /// The first header of this name (lower case); empty without one.
    pub fn header(&self, name: &str) -> &str {
        self.headers(name).next().unwrap_or_default()
    }

    /// A cookie that is set.
    pub fn cookie(&self, name: &str) -> Option<String> {
        self.headers("set-cookie").find_map(|line| {
            let (ours, value) = line.split(';').next()?.split_once('=')?;
            (ours == name).then(|| value.to_owned())
        })
    }

    /// What stands between two texts.
    pub fn between(&self, before: &str, after: &str) -> &str {
        let (_, rest) = self
            .text
            .split_once(before)
            .unwrap_or_else(|| panic!("no {before} in {}", self.text));
        rest.split_once(after).map_or(rest, |(text, _)| text)
    }

    fn headers(&self, name: &str) -> impl Iterator<Item = &str> {
        self.head.lines().filter_map(move |line| {
            let (ours, value) = line.split_once(": ")?;
            ours.eq_ignore_ascii_case(name).then_some(value)
        })
    }
}

/// Sends a request with these headers, and reads the answer to its end. `None` where nobody listens, or the connection is cut
/// without an answer.
pub fn try_ask(
    address: SocketAddr,
    first: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> Option<Answer> {
    let mut socket = TcpStream::connect(address).ok()?;
    socket
        .set_read_timeout(Some(super::PATIENCE))
        .expect("a socket");
    let mut request = format!(
        "{first} HTTP/1.1\r\nhost: localhost:{}\r\nconnection: close\r\n",
        address.port()
    );
    for (name, value) in headers {
        request.push_str(&format!("{name}: {value}\r\n"));
    }
    request.push_str(&format!("content-length: {}\r\n\r\n{body}", body.len()));
    // A server may answer before it has read everything.
    let _ = socket.write_all(request.as_bytes());
    // Not to the end of the connection: some servers keep it open.
    let mut answer = Vec::new();
    let mut piece = [0; 16 * 1024];
    while !is_whole(&answer) {
        match socket.read(&mut piece) {
            Ok(0) | Err(_) => break,
            Ok(read) => answer.extend_from_slice(&piece[..read]),
        }
    }
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let (head, text) = answer.split_once("\r\n\r\n")?;
    Some(Answer {
        status: head.split(' ').nth(1)?.parse().ok()?,
        head: head.to_owned(),
        text: text.to_owned(),
    })
}

/// Whether as much is here as the head says.
fn is_whole(answer: &[u8]) -> bool {
    let text = String::from_utf8_lossy(answer);
    let Some((head, _)) = text.split_once("\r\n\r\n") else {
        return false;
    };
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        let ours = name.eq_ignore_ascii_case("content-length");
        ours.then(|| value.trim().parse::<usize>().ok())?
    });
    length.is_some_and(|length| answer.len() >= head.len() + 4 + length)
}

/// The same, where there must be an answer.
pub fn ask(address: SocketAddr, first: &str, headers: &[(&str, &str)], body: &str) -> Answer {
    try_ask(address, first, headers, body).unwrap_or_else(|| panic!("no answer to {first}"))
}

/// A form's body: name, value.
pub fn form(fields: &[(&str, &str)]) -> String {
    let encode = |text: &str| {
        let byte = |byte: u8| match byte {
            byte if byte.is_ascii_alphanumeric() => char::from(byte).to_string(),
            byte => format!("%{byte:02X}"),
        };
        text.bytes().map(byte).collect::<String>()
    };
    let fields = fields
        .iter()
        .map(|(name, value)| format!("{name}={}", encode(value)));
    fields.collect::<Vec<_>>().join("&")
}
