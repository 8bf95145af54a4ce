//! The PROXY protocol: a load balancer sends the client's address in front of the connection's bytes.
//!
//! Input: a connection of a trusted load balancer. Output: the address in its header. Versions 1 (a line of text) and 2
//! (binary) of HAProxy's specification. Nothing is read beyond the header: TLS, or the first message, follows.

use std::io;
use std::net::IpAddr;

use proxy_header::{Error, ParseConfig, ProxyHeader};
use tokio::net::TcpStream;

/// The longest line of version 1, its end included.
const LINE_BYTES_MAX: usize = 107;
/// Addresses and what is added to them (version 2). Twelve times what HAProxy adds at most.
const BINARY_BYTES_MAX: usize = 4 * 1024;

const LINE_BEGINS: &[u8] = b"PROXY ";
const BINARY_BEGINS: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";
/// What comes before the length is known, and the length, of version 2.
const BINARY_HEAD: usize = 16;

const READING: ParseConfig = ParseConfig {
    include_tlvs: false,
    allow_v1: true,
    allow_v2: true,
};

/// What a connection begins with.
#[derive(Debug, PartialEq, Eq)]
enum Begins {
    /// A header: it is about a connection from there, or, where there is no address, about the sender's own.
    Header(Option<IpAddr>),
    /// So many more bytes are its, at least.
    More(usize),
    /// Bytes that are no header.
    Otherwise,
}

/// Reads the header; `None` where the connection is the sender's own (a health check, say).
///
/// # Errors
/// Where there is none, with what came instead; where the connection is lost.
pub(super) async fn read(socket: &TcpStream) -> Result<Option<IpAddr>, Headless> {
    let mut header = Vec::new();
    loop {
        let wanted = match begins(&header) {
            Begins::Header(address) => return Ok(address),
            Begins::More(wanted) => wanted,
            Begins::Otherwise => return Err(Headless::Otherwise(header)),
        };
        let mut bytes = [0; 256];
        let wanted = wanted.min(bytes.len());
        let waiting = socket.peek(&mut bytes[..wanted]).await?;
        if waiting == 0 {
            return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
        }
        let mine = belonging(&header, &bytes[..waiting]);
        let read = socket.try_read(&mut bytes[..mine])?;
        header.extend_from_slice(&bytes[..read]);
    }
}

/// How many of the bytes that are there belong to the header: a line ends somewhere.
fn belonging(header: &[u8], next: &[u8]) -> usize {
    let first = header.first().or(next.first());
    match next.iter().position(|byte| *byte == b'\n') {
        Some(end) if first == Some(&b'P') => end + 1,
        _ => next.len(),
    }
}

fn begins(bytes: &[u8]) -> Begins {
    let may_be = |begins: &[u8]| {
        let both = bytes.len().min(begins.len());
        bytes[..both] == begins[..both]
    };
    let (line, binary) = (may_be(LINE_BEGINS), may_be(BINARY_BEGINS));
    match ProxyHeader::parse(bytes, READING) {
        Ok((header, length)) if length == bytes.len() && (line || binary) => {
            let from = header.proxied_address().map(|proxied| proxied.source.ip());
            Begins::Header(from.map(|address| address.to_canonical()))
        }
        Err(Error::BufferTooShort) if line && bytes.len() < LINE_BYTES_MAX => {
            // Both may still come.
            match bytes.is_empty() {
                true => Begins::More(LINE_BEGINS.len()),
                false => Begins::More(LINE_BYTES_MAX - bytes.len()),
            }
        }
        Err(Error::BufferTooShort) if binary => {
            let length = match bytes.get(BINARY_HEAD - 2..BINARY_HEAD) {
                Some(length) => usize::from(u16::from_be_bytes([length[0], length[1]])),
                None => 0,
            };
            // All of it may be there and too short for the addresses that it says it has.
            match (BINARY_HEAD + length).saturating_sub(bytes.len()) {
                1.. if length > BINARY_BYTES_MAX => Begins::Otherwise,
                0 => Begins::Otherwise,
                missing => Begins::More(missing),
            }
        }
        _ => Begins::Otherwise,
    }
}

/// Why there is no header.
#[derive(Debug)]
pub(super) enum Headless {
    /// The connection begins with something else.
    Otherwise(Vec<u8>),
    /// It was lost.
    Lost(io::Error),
}

impl From<io::Error> for Headless {
    fn from(error: io::Error) -> Self {
        Self::Lost(error)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncWriteExt as _;
    use tokio::net::TcpListener;

    use super::*;

    /// Section 2.1 of the specification has this line, and the longest ones of each kind.
    const LINES: &[(&str, Option<&str>)] = &[
        (
            "PROXY TCP4 192.168.0.1 192.168.0.11 56324 443\r\n",
            Some("192.168.0.1"),
        ),
        (
            "PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n",
            Some("255.255.255.255"),
        ),
        (
            "PROXY TCP6 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n",
            Some("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
        ),
        (
            "PROXY TCP6 ::ffff:203.0.113.7 ::1 50001 8583\r\n",
            Some("203.0.113.7"),
        ),
        ("PROXY UNKNOWN\r\n", None),
        (
            "PROXY UNKNOWN ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n",
            None,
        ),
    ];

    /// Section 2.2: signature, version and command, family and protocol, length, addresses, then what may follow them.
    fn binaries() -> Vec<(Vec<u8>, Option<&'static str>)> {
        let binary = |command: u8, family: u8, behind: &[&[u8]]| {
            let behind = behind.concat();
            let mut bytes = b"\x0D\x0A\x0D\x0A\x00\x0D\x0A\x51\x55\x49\x54\x0A".to_vec();
            bytes.extend([command, family]);
            bytes.extend((behind.len() as u16).to_be_bytes());
            bytes.extend(behind);
            bytes
        };
        let v4: &[u8] = &[203, 0, 113, 7, 10, 0, 0, 1, 0xC3, 0x51, 0x21, 0x87];
        let v6: &[u8] = &[
            0x20, 0x01, 0x0D, 0xB8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7, //
            0x20, 0x01, 0x0D, 0xB8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, //
            0xC3, 0x51, 0x21, 0x87,
        ];
        // PP2_TYPE_CRC32C, PP2_TYPE_NOOP, and PP2_TYPE_UNIQUE_ID.
        let more: &[u8] = &[
            0x03, 0, 4, 1, 2, 3, 4, 0x04, 0, 0, 0x05, 0, 3, b'a', b'b', b'c',
        ];
        vec![
            (binary(0x21, 0x11, &[v4]), Some("203.0.113.7")),
            (binary(0x21, 0x11, &[v4, more]), Some("203.0.113.7")),
            (binary(0x21, 0x21, &[v6]), Some("2001:db8::7")),
            (binary(0x21, 0x21, &[v6, more]), Some("2001:db8::7")),
            // LOCAL: the sender's own, whatever else it says.
            (binary(0x20, 0x00, &[]), None),
            (binary(0x20, 0x11, &[v4]), None),
            (binary(0x21, 0x00, &[more]), None),
            // AF_UNIX.
            (binary(0x21, 0x31, &[&[0; 216]]), None),
            (binary(0x21, 0x11, &[v4, &[0; 4000]]), Some("203.0.113.7")),
        ]
    }

    fn headers() -> Vec<(Vec<u8>, Option<&'static str>)> {
        let lines = LINES
            .iter()
            .map(|(line, from)| (line.as_bytes().to_vec(), *from));
        lines.chain(binaries()).collect()
    }

    #[test]
    fn reads_every_header_whole_and_no_beginning_of_one() {
        for (header, from) in headers() {
            let from = from.map(|from| from.parse().unwrap());
            assert_eq!(begins(&header), Begins::Header(from), "{header:?}");
            for length in 0..header.len() {
                let Begins::More(wanted) = begins(&header[..length]) else {
                    panic!("{:?}", &header[..length]);
                };
                assert!(wanted > 0);
            }
        }
    }

    #[test]
    fn refuses_what_is_no_header() {
        let wrong: &[&[u8]] = &[
            b"\x00\x2b\x08\x00",
            b"GET / HTTP/1.1\r\n",
            b"PROXX",
            b"PROXY TCP5 1.2.3.4 1.2.3.4 1 2\r\n",
            b"PROXY TCP4 1.2.3.4 1.2.3.4 1 65536\r\n",
            b"PROXY TCP4 1.2.3 1.2.3.4 1 2\r\n",
            b"PROXY TCP4 ::1 ::1 1 2\r\n",
            b"PROXY TCP4 1.2.3.4 1.2.3.4 1 2\rX",
            b"\r\n\r\n\0\r\nQUIX",
            b"\r\n\r\n\0\r\nQUIT\n\x31\x11\x00\x0c\x01\x02\x03\x04\x01\x02\x03\x04\x00\x01\x00\x02",
            b"\r\n\r\n\0\r\nQUIT\n\x22\x11\x00\x0c\x01\x02\x03\x04\x01\x02\x03\x04\x00\x01\x00\x02",
            b"\r\n\r\n\0\r\nQUIT\n\x21\x11\x00\x04\x01\x02\x03\x04",
            b"\r\n\r\n\0\r\nQUIT\n\x21\x11\xff\xff",
        ];
        for bytes in wrong {
            assert_eq!(begins(bytes), Begins::Otherwise, "{bytes:?}");
        }
        assert_eq!(begins(&[b'P'; 200]), Begins::Otherwise);
        let endless = [b"PROXY UNKNOWN ".to_vec(), vec![b'x'; 200]].concat();
        assert_eq!(begins(&endless), Begins::Otherwise);
    }

    /// In one piece and byte by byte: what follows the header is still there.
    #[tokio::test]
    async fn takes_the_header_and_nothing_more_off_a_connection() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        for (header, from) in headers() {
            for piece in [1, header.len() + 3] {
                if header.len() > 1000 && piece == 1 {
                    continue;
                }
                let mut sender = TcpStream::connect(listener.local_addr().unwrap())
                    .await
                    .unwrap();
                sender.set_nodelay(true).unwrap();
                let (receiver, _) = listener.accept().await.unwrap();
                let sent = [&header[..], b"\n\0P"].concat();
                let sending = async {
                    for piece in sent.chunks(piece) {
                        sender.write_all(piece).await.unwrap();
                        tokio::task::yield_now().await;
                    }
                };
                let (read, ()) = tokio::join!(read(&receiver), sending);
                let from = from.map(|from| from.parse().unwrap());
                assert_eq!(read.unwrap(), from);
                let mut rest = [0; 8];
                let mut came = 0;
                while came < 3 {
                    receiver.readable().await.unwrap();
                    match receiver.try_read(&mut rest[came..]) {
                        Ok(read) => came += read,
                        Err(error) => assert_eq!(error.kind(), io::ErrorKind::WouldBlock),
                    }
                }
                assert_eq!(&rest[..came], b"\n\0P");
            }
        }
    }
}
