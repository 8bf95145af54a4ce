//! Everything that a shop receives, written to a file: what a test of the payer's anonymity reads. Nothing is captured unless
//! the configuration names a file.
//!
//! ```text
//! --- http 127.0.0.1:8081 POST /orders HTTP/1.1
//! user-agent: …
//!
//! good=assam
//! --- tcp 10000000001
//! hex  0210…
//! text \x02\x10…
//! ```

use std::fs::File;
use std::io::{self, Write as _};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use actix_web::HttpRequest;

use super::log::private;

/// The file. Its clones share it.
#[derive(Clone)]
pub struct Capture(Arc<Mutex<File>>);

impl Capture {
    /// Opens or makes the file; what it holds stays.
    ///
    /// # Errors
    /// Where the system won't.
    pub fn open(path: &Path) -> io::Result<Self> {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        Ok(Self(Arc::new(Mutex::new(private(path)?))))
    }

    /// A message of the switch, to this party.
    pub(super) fn frame(&self, party: u64, bytes: &[u8]) {
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        let text = bytes.escape_ascii();
        self.write(format!("--- tcp {party}\nhex  {hex}\ntext {text}\n").as_bytes());
    }

    /// A request of a browser, to this address.
    pub(super) fn request(&self, address: &str, request: &HttpRequest, body: &[u8]) {
        let mut text = format!(
            "--- http {address} {} {} {:?}\n",
            request.method(),
            request.uri(),
            request.version()
        )
        .into_bytes();
        if let Some(peer) = request.peer_addr() {
            text.extend_from_slice(format!("(from {})\n", peer.ip()).as_bytes());
        }
        for (name, value) in request.headers() {
            text.extend_from_slice(format!("{name}: ").as_bytes());
            text.extend_from_slice(value.as_bytes());
            text.push(b'\n');
        }
        text.push(b'\n');
        text.extend_from_slice(body);
        text.push(b'\n');
        self.write(&text);
    }

    /// In one piece, so that two threads don't mix.
    fn write(&self, text: &[u8]) {
        let mut file = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Err(error) = file.write_all(text) {
            tracing::error!(%error, "the capture cannot be written");
        }
    }
}
