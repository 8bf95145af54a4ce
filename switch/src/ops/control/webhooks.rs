//! Events of webhooks that were given up: listed, sent again, dropped.

use std::sync::OnceLock;

use actix_web::HttpResponse;
use actix_web::http::header::CACHE_CONTROL;
use actix_web::web::{self, Data, Json, ReqData, ServiceConfig};
use serde_json::json;
use tessera_ledger::Outbox;
use tessera_ledger::moment::rfc_3339;
use tessera_notify::{WebhookClient, WebhookLetters};

use super::caller::Caller;
use super::undelivered::{Request, Stated};
use super::{DEAD_LETTERS_MAX, Operator, text};

type Client = Data<OnceLock<WebhookClient>>;
type Operators = Data<OnceLock<Operator>>;

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
    stated: Option<Json<Stated>>,
    (webhooks, operator): (Client, Operators),
    caller: ReqData<Caller>,
) -> HttpResponse {
    let taken = take(
        &what,
        WebhookLetters::All,
        &webhooks,
        Request::of(&caller, stated, &operator),
    );
    taken.await.unwrap_or_else(|refused| refused)
}

async fn take_one(
    path: web::Path<(String, String)>,
    stated: Option<Json<Stated>>,
    (webhooks, operator): (Client, Operators),
    caller: ReqData<Caller>,
) -> HttpResponse {
    let (id, what) = path.into_inner();
    let Ok(id) = id.parse() else {
        return no_event();
    };
    let taken = take(
        &what,
        WebhookLetters::One(id),
        &webhooks,
        Request::of(&caller, stated, &operator),
    );
    taken.await.unwrap_or_else(|refused| refused)
}

async fn take(
    what: &str,
    letters: WebhookLetters,
    webhooks: &OnceLock<WebhookClient>,
    request: Result<Request<'_>, HttpResponse>,
) -> Result<HttpResponse, HttpResponse> {
    let (sends, done) = match what {
        "retry" => (true, "tried again"),
        "drop" => (false, "dropped"),
        _ => return Err(no_event()),
    };
    let request = request?;
    let client = webhooks.get().ok_or_else(no_webhook)?;
    let failed = |why: String| text(HttpResponse::InternalServerError(), why + "\n");
    let one = match letters {
        WebhookLetters::One(id) => Some((id.to_string(), id.position())),
        WebhookLetters::All => None,
    };
    let id = one.as_ref().map(|(id, _)| id.clone());
    if !client.has(letters).await.map_err(failed)? {
        return match one {
            Some(_) => Err(no_event()),
            None => Ok(text(HttpResponse::Ok(), format!("0 {done}\n"))),
        };
    }
    request.journal(Outbox::Parties, sends, one).await?;
    let count = client.take(letters, sends).await;
    request.log(
        id.as_deref(),
        &count,
        match sends {
            true => "events of webhooks are tried again",
            false => "events of webhooks are dropped",
        },
    );
    let count = count.map_err(failed)?;
    Ok(text(HttpResponse::Ok(), format!("{count} {done}\n")))
}

fn no_webhook() -> HttpResponse {
    let why = "no party has a webhook: see [webhook] in docs/webhooks.md\n";
    text(HttpResponse::NotFound(), why.to_owned())
}

fn no_event() -> HttpResponse {
    text(HttpResponse::NotFound(), "no such event\n".to_owned())
}
