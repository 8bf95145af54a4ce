//! Messages to payers that were given up: listed, sent again, dropped.

use std::sync::OnceLock;

use actix_web::HttpResponse;
use actix_web::http::header::CACHE_CONTROL;
use actix_web::web::{self, Data, Json, ReqData, ServiceConfig};
use serde_json::json;
use tessera_ledger::Outbox;
use tessera_ledger::moment::rfc_3339;
use tessera_notify::{DeadLetterClient, Letters};

use super::caller::Caller;
use super::undelivered::{Request, Stated};
use super::{DEAD_LETTERS_MAX, Operator, text};

type Client = Data<OnceLock<DeadLetterClient>>;
type Operators = Data<OnceLock<Operator>>;

pub(super) fn routes(service: &mut ServiceConfig) {
    service
        .route("/outbox", web::get().to(list))
        .route("/outbox/{what}", web::post().to(take_all))
        .route("/outbox/{id}/{what}", web::post().to(take_one));
}

/// Without addresses and texts.
async fn list(outbox: Client) -> HttpResponse {
    let Some(client) = outbox.get() else {
        return no_outbox();
    };
    match client.list(DEAD_LETTERS_MAX).await {
        Ok(dead) => {
            let letters: Vec<_> = dead
                .into_iter()
                .map(|(key, dead)| {
                    json!({
                        "id": key.to_string(),
                        "since": rfc_3339(dead.since),
                        "attempts": dead.attempts,
                        "why": dead.why,
                    })
                })
                .collect();
            HttpResponse::Ok()
                .insert_header((CACHE_CONTROL, "no-store"))
                .json(letters)
        }
        Err(why) => text(HttpResponse::InternalServerError(), why + "\n"),
    }
}

async fn take_all(
    what: web::Path<String>,
    stated: Option<Json<Stated>>,
    (outbox, operator): (Client, Operators),
    caller: ReqData<Caller>,
) -> HttpResponse {
    let taken = take(
        &what,
        Letters::All,
        &outbox,
        Request::of(&caller, stated, &operator),
    );
    taken.await.unwrap_or_else(|refused| refused)
}

async fn take_one(
    path: web::Path<(String, String)>,
    stated: Option<Json<Stated>>,
    (outbox, operator): (Client, Operators),
    caller: ReqData<Caller>,
) -> HttpResponse {
    let (id, what) = path.into_inner();
    let Ok(key) = id.parse() else {
        return no_letter();
    };
    let taken = take(
        &what,
        Letters::One(key),
        &outbox,
        Request::of(&caller, stated, &operator),
    );
    taken.await.unwrap_or_else(|refused| refused)
}

async fn take(
    what: &str,
    letters: Letters,
    outbox: &OnceLock<DeadLetterClient>,
    request: Result<Request<'_>, HttpResponse>,
) -> Result<HttpResponse, HttpResponse> {
    let (sends, done) = match what {
        "retry" => (true, "tried again"),
        "drop" => (false, "dropped"),
        _ => return Err(no_letter()),
    };
    let request = request?;
    let client = outbox.get().ok_or_else(no_outbox)?;
    let failed = |why: String| text(HttpResponse::InternalServerError(), why + "\n");
    let one = match letters {
        Letters::One(key) => Some((key.to_string(), key.position)),
        Letters::All => None,
    };
    let id = one.as_ref().map(|(id, _)| id.clone());
    if !client.has(letters).await.map_err(failed)? {
        return match one {
            Some(_) => Err(no_letter()),
            None => Ok(text(HttpResponse::Ok(), format!("0 {done}\n"))),
        };
    }
    request.journal(Outbox::Payers, sends, one).await?;
    let count = match sends {
        true => client.retry(letters).await,
        false => client.forget(letters).await,
    };
    request.log(
        id.as_deref(),
        &count,
        match sends {
            true => "messages to payers are tried again",
            false => "messages to payers are dropped",
        },
    );
    let count = count.map_err(failed)?;
    Ok(text(HttpResponse::Ok(), format!("{count} {done}\n")))
}

fn no_outbox() -> HttpResponse {
    let why = "no channel is configured: see [notify.email], [notify.sms] and [notify.web_push]\n";
    text(HttpResponse::NotFound(), why.to_owned())
}

fn no_letter() -> HttpResponse {
    text(HttpResponse::NotFound(), "no such message\n".to_owned())
}
