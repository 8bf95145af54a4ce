//! Server-sent events for the list: `changed` whenever a letter has come, was opened or deleted. The script of the page then loads the
//! list again.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::web::{Bytes, Data};
use futures_util::stream;
use tokio::time::timeout;

use super::letters::Letters;

/// A comment in between shows both sides that the other one is there.
const ALIVE_EVERY: Duration = Duration::from_secs(15);

pub(super) async fn live(letters: Data<Arc<Letters>>) -> HttpResponse {
    let events = stream::unfold(letters.changes(), |mut changes| async move {
        let event: &'static [u8] = match timeout(ALIVE_EVERY, changes.changed()).await {
            Ok(Ok(())) => b"event: changed\ndata: \n\n",
            // The server ends.
            Ok(Err(_)) => return None,
            Err(_) => b": alive\n\n",
        };
        Some((Ok::<_, Infallible>(Bytes::from_static(event)), changes))
    });
    HttpResponse::Ok()
        .content_type("text/event-stream")
        .streaming(events)
}
