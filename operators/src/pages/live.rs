//! Server-sent events: each second what the switch is doing, and for the overview the page's live parts.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use actix_web::http::header;
use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse};
use futures_core::Stream;
use serde_json::json;
use tokio::sync::mpsc;

use super::overview;
use crate::web::{Operator, Trouble, query};

/// What a browser waits before it connects again, in milliseconds.
const RETRY: &str = "retry: 1000\n\n";
/// Events that a slow browser may leave unread; then it gets the newest.
const UNREAD_MAX: usize = 2;

/// `GET /live`.
///
/// # Errors
/// Where nobody is signed in.
pub async fn live(request: HttpRequest) -> Result<HttpResponse, Trouble> {
    let operator = Operator::of(&request, false)?;
    let is_overview = !query(request.query_string()).text("overview").is_empty();
    let (sender, receiver) = mpsc::channel(UNREAD_MAX);
    actix_web::rt::spawn(async move {
        let mut views = operator.app.view.clone();
        let send = async |bytes: Bytes| sender.send(bytes).await.is_ok();
        let mut goes_on = send(Bytes::from_static(RETRY.as_bytes())).await;
        while goes_on {
            // The session may have ended, and the account may have been changed.
            if Operator::of(&request, false).is_err() {
                send(Bytes::from_static(b"event: ended\ndata: {}\n\n")).await;
                return;
            }
            let view = operator.view();
            let health = view.health();
            let page = is_overview.then(|| overview::live(&view).0);
            let state = json!({ "good": health.is_good(), "words": view.words(), "page": page });
            goes_on = send(format!("event: state\ndata: {state}\n\n").into()).await;
            goes_on = goes_on
                && tokio::select! {
                    () = sender.closed() => false,
                    changed = views.changed() => changed.is_ok(),
                };
        }
    });
    Ok(HttpResponse::Ok()
        .content_type("text/event-stream")
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header(("x-accel-buffering", "no"))
        .streaming(Events(receiver)))
}

struct Events(mpsc::Receiver<Bytes>);

impl Stream for Events {
    type Item = Result<Bytes, Infallible>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.poll_recv(context).map(|bytes| bytes.map(Ok))
    }
}
