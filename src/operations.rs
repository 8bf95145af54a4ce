//! Asking the running switch at its operations port.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, bail};
use tessera_switch::config::Settings;

/// Longer than the switch itself waits for an answer.
const PATIENCE: Duration = Duration::from_secs(15);

/// Sends a request to the switch with this configuration; the body of its answer.
///
/// # Errors
/// When no switch answers there, or it refuses.
pub fn ask(config: &Path, method: &str, path: &str, json: Option<&str>) -> anyhow::Result<String> {
    let listen = Settings::read(config)?.ops.listen;
    let mut line = TcpStream::connect(listen)
        .with_context(|| format!("no switch answers at {listen} (its operations port)"))?;
    line.set_read_timeout(Some(PATIENCE))?;
    let kind = match json {
        Some(_) => "content-type: application/json\r\n",
        None => "",
    };
    let body = json.unwrap_or_default();
    let request = format!(
        "{method} {path} HTTP/1.1\r\nhost: {listen}\r\nconnection: close\r\n{kind}content-length: {}\r\n\r\n{body}",
        body.len()
    );
    line.write_all(request.as_bytes())?;
    let mut answer = String::new();
    line.read_to_string(&mut answer)?;
    let (head, body) = answer.split_once("\r\n\r\n").context("no answer")?;
    let status = head.lines().next().unwrap_or_default();
    if !status.contains(" 200 ") {
        match body.trim() {
            "" => bail!("the switch answered {status:?}"),
            why => bail!("{why}"),
        }
    }
    Ok(body.trim_end().to_owned())
}
