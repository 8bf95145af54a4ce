//! Events of webhooks that were given up: listed, sent again, dropped.

use std::sync::OnceLock;

use actix_web::HttpResponse;
use actix_web::http::header::CACHE_CONTROL;
use actix_web::web::{self, Data, ReqData, ServiceConfig};
use serde_json::json;
use tessera_ledger::moment::rfc_3339;
use tessera_notify::{WebhookClient, WebhookLetters};

use super::caller::{Caller, Right};
use super::{DEAD_LETTERS_MAX, forbidden, text};

type Client = Data<OnceLock<WebhookClient>>;

pub(super) fn routes(service: &mut ServiceConfig) {
    service
        .route("/webhooks", web::get().to(list))
        .route("/webhooks/{what}", web::post().to(take_all))
        .route("/webhooks/{id}/{what}", web::post().to(take_one));
}

async fn list(webhooks: Client) -> HttpResponse {
    let Some(client) = webhooks.get() else {
        return no_webhook();
    };
    match client.list(DEAD_LETTERS_MAX).await {
        Ok(dead) => {
            let events: Vec<_> = dead
                .into_iter()
                .map(|dead| {
                    json!({
                        "id": dead.id,
                        "party": dead.party.to_string(),
                        "since": rfc_3339(dead.since),
                        "attempts": dead.attempts,
                        "why": dead.why,
                    })
                })
                .collect();
            HttpResponse::Ok()
                .insert_header((CACHE_CONTROL, "no-store"))
                .json(events)
        }
        Err(why) => text(HttpResponse::InternalServerError(), why + "\n"),
    }
}

async fn take_all(
    what: web::Path<String>,
    webhooks: Client,
    caller: ReqData<Caller>,
) -> HttpResponse {
    take(&what, WebhookLetters::All, &webhooks, &caller).await
}

async fn take_one(
    path: web::Path<(String, String)>,
    webhooks: Client,
    caller: ReqData<Caller>,
) -> HttpResponse {
    let (id, what) = path.into_inner();
    match id.parse() {
        Ok(id) => take(&what, WebhookLetters::One(id), &webhooks, &caller).await,
        Err(()) => no_event(),
    }
}

async fn take(
    what: &str,
    letters: WebhookLetters,
    webhooks: &OnceLock<WebhookClient>,
    caller: &Caller,
) -> HttpResponse {
    if let Some(refused) = forbidden(caller, Right::Settle) {
        return refused;
    }
    let (sends, done) = match what {
        "retry" => (true, "tried again"),
        "drop" => (false, "dropped"),
        _ => return no_event(),
    };
    let Some(client) = webhooks.get() else {
        return no_webhook();
    };
    let count = client.take(letters, sends).await;
    let event = match letters {
        WebhookLetters::One(id) => id.to_string(),
        WebhookLetters::All => "all".to_owned(),
    };
    let (counted, error) = (count.as_ref().ok(), count.as_ref().err());
    tracing::info!(
        by = caller.signature(""),
        event,
        done,
        count = counted,
        error,
        "events of webhooks"
    );
    match (count, letters) {
        (Err(why), _) => text(HttpResponse::InternalServerError(), why + "\n"),
        (Ok(0), WebhookLetters::One(_)) => no_event(),
        (Ok(count), _) => text(HttpResponse::Ok(), format!("{count} {done}\n")),
    }
}

fn no_webhook() -> HttpResponse {
    let why = "no party has a webhook: see [webhook] in docs/webhooks.md\n";
    text(HttpResponse::NotFound(), why.to_owned())
}

fn no_event() -> HttpResponse {
    text(HttpResponse::NotFound(), "no such event\n".to_owned())
}
