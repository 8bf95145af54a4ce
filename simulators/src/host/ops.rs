//! The host's figures over plain HTTP, for the load generator's final comparison.
//!
//! | path | answer |
//! | --- | --- |
//! | `GET /tally` | the tally, one JSON object |
//! | `GET /cards` | one JSON object per line and development card: `serial`, `net` and `loaded` in minor units |
//! | `GET /sources` | one JSON object per line and funding source: `kind`, the last four characters of its `number`, what it `does`, its `balance` in minor units (null = unlimited), `given` so far |
//! | `GET /dates` | one JSON object per line and settlement date: `date` (MMDD), `net` in minor units, credits less debits |
//! | `GET /items` | with `keep_items`: each item that was booked since the start, as CSV with its card number, for `tessera recover` |
//! | `GET /healthz` | `ok` |
//! | `POST /cutover/1124` | announces to the switch that this settlement date begins (0800/201) |
//! | `POST /cutover/complete` | announces to the switch that the date before is complete (0800/202) |
//!
//! A handful of lines of HTTP/1.1, one request per connection; card numbers are neither in paths nor, but for `/items`, in answers. What a
//! browser sends for a page of somebody else is refused.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::fmt::Write as _;
use std::io;
use std::rc::Rc;
use std::time::Duration;

use tessera_common::local_http::Sender;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::AbortHandle;

use super::calls::{Call, Calls};
use super::items;
use super::responder::Responder;

/// A request's head is a few hundred bytes; more is nobody's who should be here.
const HEAD_BYTES_MAX: usize = 8 * 1024;
/// One scraper and some curious people.
const CONNECTIONS_MAX: usize = 16;
/// The whole of request and answer. A million cards take less.
const WITHIN: Duration = Duration::from_secs(10);
/// After a failed accept (no file descriptors left, say): it would fail again at once.
const PAUSE: Duration = Duration::from_millis(100);

/// Serves for ever.
pub(super) async fn serve(listener: TcpListener, responder: Rc<RefCell<Responder>>) {
    let mut open: VecDeque<AbortHandle> = VecDeque::new();
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                let responder = responder.clone();
                let exchange = tokio::task::spawn_local(async move {
                    // Errors of a client's connection are ignored.
                    let _ = tokio::time::timeout(WITHIN, exchange(stream, &responder)).await;
                });
                open.retain(|exchange| !exchange.is_finished());
                if open.len() >= CONNECTIONS_MAX
                    && let Some(oldest) = open.pop_front()
                {
                    // It has had its time: a new one is never kept waiting by those that are slow.
                    oldest.abort();
                }
                open.push_back(exchange.abort_handle());
            }
            Err(error) => {
                tracing::warn!(%error, "an operations connection was not accepted");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

async fn exchange(mut stream: TcpStream, responder: &RefCell<Responder>) -> io::Result<()> {
    let mut head = Vec::new();
    while !head.windows(4).any(|window| window == b"\r\n\r\n") {
        if head.len() > HEAD_BYTES_MAX || stream.read_buf(&mut head).await? == 0 {
            return Ok(());
        }
    }
    let line = head.split(|&byte| byte == b'\r').next().unwrap_or_default();
    let answer = match sender(&head).check(!line.starts_with(b"GET "), &[]) {
        Ok(()) => answer(line, responder),
        Err(foreign) => response("403 Forbidden", "text/plain", &format!("{foreign}\n")),
    };
    stream.write_all(answer.as_bytes()).await?;
    stream.shutdown().await
}

/// Where a request says that it comes from. What can't be read is a name of nobody.
fn sender(head: &[u8]) -> Sender<'_> {
    let header = |name: &str| {
        head.split(|&byte| byte == b'\n').find_map(|line| {
            let colon = line.iter().position(|&byte| byte == b':')?;
            let ours = line[..colon].eq_ignore_ascii_case(name.as_bytes());
            let value = std::str::from_utf8(&line[colon + 1..]).unwrap_or("?");
            ours.then(|| value.trim())
        })
    };
    Sender {
        host: header("host"),
        origin: header("origin"),
        fetch_site: header("sec-fetch-site"),
    }
}

fn answer(request_line: &[u8], responder: &RefCell<Responder>) -> String {
    let mut words = request_line.split(|&byte| byte == b' ');
    let (method, path) = (words.next(), words.next().unwrap_or_default());
    if method == Some(b"POST") {
        return cut_over(path, &responder.borrow().calls);
    }
    if method != Some(b"GET") {
        return response(
            "405 Method Not Allowed",
            "text/plain",
            "only GET and POST\n",
        );
    }
    match path {
        b"/tally" => {
            let tally = format!("{}\n", responder.borrow().ledger.tally().json());
            response("200 OK", "application/json", &tally)
        }
        b"/cards" => response(
            "200 OK",
            "application/x-ndjson",
            &cards(&responder.borrow()),
        ),
        b"/sources" => response(
            "200 OK",
            "application/x-ndjson",
            &sources(&responder.borrow()),
        ),
        b"/dates" => response(
            "200 OK",
            "application/x-ndjson",
            &dates(&responder.borrow()),
        ),
        b"/items" if responder.borrow().ledger.keeps_items() => response(
            "200 OK",
            "text/csv",
            &items::csv(&responder.borrow().ledger),
        ),
        b"/healthz" => response("200 OK", "text/plain", "ok\n"),
        _ => response(
            "404 Not Found",
            "text/plain",
            "/tally, /cards, /sources, /dates, /healthz or, with keep_items, /items\n",
        ),
    }
}

fn cut_over(path: &[u8], calls: &Calls) -> String {
    let wanted = path.strip_prefix(b"/cutover/").unwrap_or_default();
    let date = || std::str::from_utf8(wanted).ok()?.parse().ok();
    let call = match wanted {
        b"complete" => Some(Call::Complete),
        digits if digits.len() == 4 => date().map(Call::Begin),
        _ => None,
    };
    match call.map(|call| calls.add(call)) {
        Some(true) => response("202 Accepted", "text/plain", "will be sent\n"),
        Some(false) => response(
            "503 Service Unavailable",
            "text/plain",
            "no line is there\n",
        ),
        None => response(
            "404 Not Found",
            "text/plain",
            "/cutover/ and a date (MMDD), or /cutover/complete\n",
        ),
    }
}

fn cards(responder: &Responder) -> String {
    let mut lines = String::new();
    for (serial, account) in responder.ledger.accounts().development() {
        let (net, loaded) = (account.net, account.loaded);
        // Writing to a string cannot fail.
        let _ = writeln!(
            lines,
            "{{\"serial\":{serial},\"net\":{net},\"loaded\":{loaded}}}"
        );
    }
    lines
}

fn sources(responder: &Responder) -> String {
    let mut lines = String::new();
    for (source, terms) in responder.sources.all() {
        let given = responder.ledger.given(source);
        let line = serde_json::json!({
            "kind": terms.kind.name(),
            "number": format!("*{}", last_four(source.text())),
            "does": terms.does.to_string(),
            "balance": terms.balance.map(|balance| balance as i64 - given),
            "given": given,
        });
        let _ = writeln!(lines, "{line}");
    }
    lines
}

fn dates(responder: &Responder) -> String {
    let mut lines = String::new();
    for (date, totals) in responder.ledger.dates() {
        let line = serde_json::json!({ "date": format!("{date:04}"), "net": totals.net });
        let _ = writeln!(lines, "{line}");
    }
    lines
}

fn last_four(text: &[u8]) -> String {
    let end = &text[text.len().saturating_sub(4)..];
    end.iter().map(|&byte| char::from(byte)).collect()
}

fn response(status: &str, kind: &str, body: &str) -> String {
    format!(
        "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_of_other_sites_are_not_served() {
        let passes = |head: &str| sender(head.as_bytes()).check(!head.starts_with("GET "), &[]);
        for head in [
            "GET /tally HTTP/1.0\r\nHost: 127.0.0.1:7584\r\n\r\n",
            "POST /cutover/complete HTTP/1.1\r\nhost: localhost:7584\r\n\r\n",
            "GET /tally HTTP/1.0\r\n\r\n",
        ] {
            assert!(passes(head).is_ok(), "{head}");
        }
        for head in [
            "POST /cutover/1124 HTTP/1.1\r\nHost: rebound.example\r\n\r\n",
            "POST /cutover/1124 HTTP/1.1\r\nHost: 127.0.0.1:7584\r\nOrigin: http://elsewhere.example\r\n\r\n",
            "POST /cutover/1124 HTTP/1.1\r\nHOST:127.0.0.1\r\nSEC-FETCH-SITE:cross-site\r\n\r\n",
            "GET /cards HTTP/1.1\r\nHost: \u{e9}.example\r\n\r\n",
        ] {
            assert!(passes(head).is_err(), "{head}");
        }
    }
}
