//! Server-sent events: keeps a page up to date while it is open and its session is valid, for `live_for` at most.
//!
//! | event | data | when |
//! | --- | --- | --- |
//! | `state` | what the page shows | now, and after each change |
//! | `alive` | | every second: a page that gets none knows within two that it is cut off |
//! | `stale` | | the switch can't be reached; a `state` follows once it can |
//! | `ended` | | the session is over. The last event |
//! | `rest` | | the page has been open for long. The last event |

use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::http::header;
use actix_web::web::Bytes;
use serde::Serialize;
use tokio::sync::mpsc;
use tokio::time::{Instant, MissedTickBehavior};

use super::pieces::Pieces;
use crate::line::{Failure, Notice, Update, View};

/// Also for proxies, which see that somebody is still there, and for us, who see when nobody is.
const SIGN_OF_LIFE: Duration = Duration::from_secs(1);
/// What a browser waits before it connects again, in milliseconds.
const RETRY: &str = "retry: 1000\n\n";
/// Events that a slow browser may leave unread; a view whose browser does not read waits, and then sends the newest.
const UNREAD_MAX: usize = 4;

/// What a page is given.
pub enum Show<T> {
    /// More may follow.
    State(T),
    /// Nothing more will.
    Last(T),
    /// Nothing: the switch can't be reached.
    Stale,
    /// Nothing: the session is over.
    Ended,
}

impl<T> From<Failure> for Show<T> {
    fn from(failure: Failure) -> Self {
        match failure.is("63") {
            true => Self::Ended,
            false => Self::Stale,
        }
    }
}

/// Sends what is there now, and again after each notice. `show` says what the page is given.
pub fn stream<T, F, Next>(mut view: View, now: Notice, lasts: Duration, mut show: F) -> HttpResponse
where
    T: Serialize,
    F: FnMut(Notice) -> Next + 'static,
    Next: Future<Output = Show<T>>,
{
    let (sender, receiver) = mpsc::channel(UNREAD_MAX);
    actix_web::rt::spawn(async move {
        let rest = Instant::now() + lasts;
        let mut life = tokio::time::interval(SIGN_OF_LIFE);
        life.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let send = async |bytes: Bytes| sender.send(Ok(bytes)).await.is_ok();
        let mut goes_on = send(Bytes::from_static(RETRY.as_bytes())).await;
        // What is yet to be shown.
        let mut next = Some(Update::Notice(now));
        while goes_on {
            goes_on = match next.take() {
                Some(Update::Notice(notice)) => match show(notice).await {
                    Show::State(state) => send(event_bytes("state", &state)).await,
                    Show::Last(state) => {
                        send(event_bytes("state", &state)).await;
                        false
                    }
                    Show::Ended => {
                        send(event_bytes("ended", &())).await;
                        false
                    }
                    Show::Stale => {
                        let goes_on = send(event_bytes("stale", &())).await;
                        life.tick().await;
                        next = Some(Update::Notice(notice));
                        goes_on && send(event_bytes("alive", &())).await
                    }
                },
                Some(Update::Stale) => send(event_bytes("stale", &())).await,
                None => tokio::select! {
                    () = sender.closed() => false,
                    () = tokio::time::sleep_until(rest) => {
                        send(event_bytes("rest", &())).await;
                        false
                    }
                    update = view.next() => match update {
                        Some(update) => {
                            next = Some(update);
                            true
                        }
                        None => {
                            send(event_bytes("ended", &())).await;
                            false
                        }
                    },
                    _ = life.tick() => send(event_bytes("alive", &())).await,
                },
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
