//! Server-sent events: keeps a page up to date while it is open and its session is valid, for `live_for` at most.

use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::http::header;
use actix_web::web::Bytes;
use serde::Serialize;
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::pieces::Pieces;
use crate::line::{Notice, View};

/// So that proxies and browsers see that somebody is still there, and we see when nobody is.
const SIGN_OF_LIFE: Duration = Duration::from_secs(15);
/// Events that a slow browser may leave unread; a view whose browser does not read waits, and then sends the newest.
const UNREAD_MAX: usize = 4;

/// Sends an event for what is there now and for each notice after it. `event_of` makes the event and returns whether
/// more may follow; `None` ends the stream at once. After `lasts` the browser gets a final event.
pub fn stream<T, F, Next>(
    mut view: View,
    now: Notice,
    lasts: Duration,
    mut event_of: F,
) -> HttpResponse
where
    T: Serialize,
    F: FnMut(Notice) -> Next + 'static,
    Next: Future<Output = Option<(T, bool)>>,
{
    let (sender, receiver) = mpsc::channel(UNREAD_MAX);
    actix_web::rt::spawn(async move {
        let rest = Instant::now() + lasts;
        let mut notice = now;
        loop {
            let Some((event, more)) = event_of(notice).await else {
                return;
            };
            if sender.send(Ok(event_bytes("state", &event))).await.is_err() || !more {
                return;
            }
            notice = loop {
                tokio::select! {
                    () = sender.closed() => return,
                    () = tokio::time::sleep_until(rest) => {
                        let _ = sender.send(Ok(event_bytes("rest", &()))).await;
                        return;
                    }
                    next = view.next() => match next {
                        Some(notice) => break notice,
                        None => return,
                    },
                    () = tokio::time::sleep(SIGN_OF_LIFE) => {
                        if sender.send(Ok(Bytes::from_static(b":\n\n"))).await.is_err() {
                            return;
                        }
                    }
                }
            };
        }
    });
    HttpResponse::Ok()
        .content_type("text/event-stream")
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header(("x-accel-buffering", "no"))
        .streaming(Pieces(receiver))
}

fn event_bytes(name: &str, value: &impl Serialize) -> Bytes {
    // What we send is structs of texts and numbers, which are always JSON.
    let json = serde_json::to_string(value).unwrap_or_default();
    format!("event: {name}\ndata: {json}\n\n").into()
}
