//! A switch that does as the test says: takes connections, shows each frame, answers it or not.

use std::collections::BTreeMap;

use bytes::{Bytes, BytesMut};
use tessera_protocol::{MacKey, Message, Packer, cut, tlv};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

use super::PATIENCE;

pub struct FakeSwitch {
    listener: TcpListener,
    key: MacKey,
}

/// A connection of the shop.
pub struct Peer {
    stream: TcpStream,
    buffer: BytesMut,
    key: MacKey,
}

/// A frame of the shop.
#[derive(Debug, Clone)]
pub struct Asked {
    bytes: Bytes,
}

impl FakeSwitch {
    pub async fn new(key: MacKey) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        Self { listener, key }
    }

    pub fn address(&self) -> String {
        self.listener.local_addr().unwrap().to_string()
    }

    /// The next connection, signed on.
    pub async fn accept(&self) -> Peer {
        let accepted = timeout(PATIENCE, self.listener.accept()).await;
        let mut peer = Peer {
            stream: accepted.expect("a connection").unwrap().0,
            buffer: BytesMut::new(),
            key: self.key.clone(),
        };
        let asked = peer.next().await;
        assert_eq!((asked.mti().as_str(), asked.number(70)), ("0800", 1));
        peer.answer(&asked, "00").await;
        peer
    }
}

impl Peer {
    /// The next frame, which must be sealed.
    pub async fn next(&mut self) -> Asked {
        self.try_next()
            .await
            .expect("a frame, and the connection was closed")
    }

    /// The next frame; `None` at the end.
    pub async fn try_next(&mut self) -> Option<Asked> {
        loop {
            if let Some(bytes) = cut(&mut self.buffer).unwrap() {
                assert!(self.key.verify(&bytes), "a frame without the right MAC");
                return Some(Asked { bytes });
            }
            let read = timeout(PATIENCE, self.stream.read_buf(&mut self.buffer)).await;
            if matches!(read.expect("a frame"), Ok(0) | Err(_)) {
                return None;
            }
        }
    }

    /// Answers with this code; approvals carry an authorization code.
    pub async fn answer(&mut self, asked: &Asked, code: &str) {
        let key = self.key.clone();
        self.answer_sealed(asked, code, &key).await;
    }

    pub async fn answer_sealed(&mut self, asked: &Asked, code: &str, key: &MacKey) {
        let message = asked.message();
        let mut out = BytesMut::new();
        let mut packer = Packer::new(&mut out, message.mti().answer());
        for field in [2, 3, 4, 7, 11, 12, 13, 32, 37] {
            packer.copy(&message, field);
        }
        if code == "00" && message.mti().class() == 2 {
            packer.text(38, b"A1B2C3");
        }
        packer.text(39, code.as_bytes());
        packer.copy(&message, 41).copy(&message, 42);
        if code != "00" {
            let mut tags = tlv::TlvWriter::new();
            tags.add(tlv::REASON, b"because");
            packer.text(48, tags.as_bytes());
        }
        packer
            .copy(&message, 49)
            .copy(&message, 70)
            .copy(&message, 90);
        packer.seal(key);
        self.stream.write_all(&out).await.unwrap();
    }
}

impl Asked {
    pub fn message(&self) -> Message<'_> {
        Message::parse(&self.bytes).unwrap()
    }

    pub fn mti(&self) -> String {
        self.message().mti().to_string()
    }

    pub fn number(&self, field: u8) -> u64 {
        self.message()
            .number(field)
            .unwrap_or_else(|| panic!("no number {field}"))
    }

    pub fn text(&self, field: u8) -> String {
        String::from_utf8_lossy(self.message().text(field).unwrap_or_default()).into_owned()
    }

    pub fn fields(&self) -> Vec<u8> {
        self.message()
            .bitmap()
            .fields()
            .filter(|&field| field != 1)
            .collect()
    }

    /// The digits of field 90.
    pub fn original(&self) -> String {
        let message = self.message();
        let body = message.raw(90).unwrap_or_default();
        body.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// Field 48.
    pub fn tags(&self) -> BTreeMap<u8, String> {
        let message = self.message();
        let tags = tlv::iterate(message.text(48).unwrap_or_default());
        tags.map(|tag| {
            let (tag, value) = tag.unwrap();
            (tag, String::from_utf8_lossy(value).into_owned())
        })
        .collect()
    }
}
