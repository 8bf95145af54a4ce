//! The operators' socket: dead letters of the outbox, advices that the financial system refused, blocks, controls and settlement
//! dates. HTTP over a Unix socket, which no browser reaches: pages are the console's, a program of its own. The system reports the
//! user at its other end, and that name is journaled with every decision.
//!
//! | request | right |
//! | --- | --- |
//! | `GET /journal`, `GET /connections`, `GET /outbox`, `GET /webhooks`, `GET /saf`, `GET /saf/ID`, `POST /operator` with `show` | `read` |
//! | `POST /operator` with `block`, `unblock`, `control` | `block` |
//! | `POST /operator` with `begin_day`, `retry`, `drop`; `POST /outbox/retry`, `/outbox/drop`, `/outbox/ID/retry`, `/outbox/ID/drop`, and the same below `/webhooks` | `settle` |
//! | `POST /operator` with `console_account` | none: the switch's own user and root |
//!
//! `POST /operator` has an [`OperatorRequest`], those of the outbox who wants it and why ([`Stated`]). All of it is journaled before
//! it is done.

mod caller;
mod outbox;
mod socket;
mod undelivered;
mod webhooks;

use std::path::Path;
use std::sync::{Arc, OnceLock};

use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{Server, ServiceRequest, ServiceResponse};
use actix_web::http::header::{CACHE_CONTROL, ContentType};
use actix_web::middleware::{Next, from_fn};
use actix_web::web::{Data, Json, ReqData};
use actix_web::{App, HttpMessage as _, HttpResponse, web};
use serde_json::json;
use tessera_http::{Limits, Listener};
use tokio::net::unix::UCred;

use caller::Caller;
pub use caller::{Right, signature};
pub use undelivered::Stated;

use super::operator::{Operator, OperatorRequest, Want};
use tessera_config::OperatorSettings;
use tessera_ledger::moment::rfc_3339;
use tessera_notify::{DeadLetterClient, WebhookClient};

/// Dead letters shown at once, oldest first.
const DEAD_LETTERS_MAX: usize = 1_000;
/// Connections shown at once.
const CONNECTIONS_MAX: usize = 200;

/// Binds the socket. To be called within an actix system, by the process that holds the lock of the data; one thread of its own
/// answers, so that neither health nor metrics wait for it. Nothing is served before the server is polled.
///
/// # Errors
/// When the socket can't be made, or somebody listens there.
pub fn serve(
    path: &Path,
    rights: &OperatorSettings,
    (outbox, hooks): (
        Arc<OnceLock<DeadLetterClient>>,
        Arc<OnceLock<WebhookClient>>,
    ),
    operator: Arc<OnceLock<Operator>>,
) -> anyhow::Result<Server> {
    let listener = socket::bind(path, !rights.is_empty())?;
    let rights = Data::new(rights.clone());
    let server = tessera_http::serve(Listener::Unix(listener), Limits::OPERATIONS, move || {
        App::new()
            .app_data(rights.clone())
            .app_data(Data::from(Arc::clone(&outbox)))
            .app_data(Data::from(Arc::clone(&hooks)))
            .app_data(Data::from(Arc::clone(&operator)))
            .wrap(from_fn(admit))
            .route("/journal", web::get().to(show_progress))
            .route("/connections", web::get().to(list_connections))
            .configure(undelivered::routes::<DeadLetterClient>)
            .configure(undelivered::routes::<WebhookClient>)
            .route("/saf", web::get().to(list_advices))
            .route("/saf/{id}", web::get().to(show_advice))
            .route("/operator", web::post().to(grant))
    })?;
    Ok(server)
}

/// A user without any right is refused. Handlers find the caller in the request.
async fn admit<B: MessageBody>(
    rights: Data<OperatorSettings>,
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, actix_web::Error> {
    let caller = request
        .conn_data::<UCred>()
        .map(|user| Caller::new(*user, &rights));
    let refusal = match &caller {
        None => Some("the system does not identify your user".to_owned()),
        Some(caller) => caller.refuse(Right::Read),
    };
    if let Some(why) = refusal {
        let refused = request.into_response(text(HttpResponse::Forbidden(), why + "\n"));
        return Ok(refused.map_into_right_body());
    }
    if let Some(caller) = caller {
        request.extensions_mut().insert(caller);
    }
    Ok(next.call(request).await?.map_into_left_body())
}

/// What the caller may not do, or `None`.
fn forbidden(caller: &Caller, right: Right) -> Option<HttpResponse> {
    let why = caller.refuse(right)?;
    Some(text(HttpResponse::Forbidden(), why + "\n"))
}

/// How far the journal is durable, for who copies it: the sequence of a record, or null.
async fn show_progress(operator: Data<OnceLock<Operator>>) -> HttpResponse {
    let Some(operator) = operator.get() else {
        return starting();
    };
    HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, "no-store"))
        .json(json!({ "durable": operator.durable() }))
}

/// The open connections of malls and acquirers, and how many there are.
async fn list_connections(operator: Data<OnceLock<Operator>>) -> HttpResponse {
    let Some(operator) = operator.get() else {
        return starting();
    };
    let (listed, open) = operator.register.list(CONNECTIONS_MAX);
    let listed: Vec<_> = listed
        .into_iter()
        .map(|one| {
            json!({
                "address": one.address.map(|address| address.to_string()),
                "since": rfc_3339(one.since),
                "party": one.party.map(|party| party.to_string()),
                "signed_on": one.is_signed_on,
                "in_flight": one.in_flight,
                "silent_seconds": one.silent.as_secs(),
                "tls": one.is_tls,
                "subject": one.subject,
            })
        })
        .collect();
    HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, "no-store"))
        .json(json!({ "open": open, "connections": listed }))
}

/// Advices that the financial system has refused too often, oldest first.
async fn list_advices(operator: Data<OnceLock<Operator>>) -> HttpResponse {
    let Some(operator) = operator.get() else {
        return starting();
    };
    let letters = operator.dead_letters.list(DEAD_LETTERS_MAX);
    let letters: Vec<_> = letters
        .into_iter()
        .map(|(id, given_up)| {
            let reference = id.reference.to_text();
            json!({
                "id": id.to_string(),
                "reference": String::from_utf8_lossy(&reference),
                "since": rfc_3339(given_up.at),
                "code": String::from_utf8_lossy(given_up.code.as_bytes()),
            })
        })
        .collect();
    HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, "no-store"))
        .json(letters)
}

fn no_advice() -> HttpResponse {
    text(HttpResponse::NotFound(), "no such advice\n".to_owned())
}

async fn show_advice(id: web::Path<String>, operator: Data<OnceLock<Operator>>) -> HttpResponse {
    let (Some(operator), Ok(id)) = (operator.get(), id.parse()) else {
        return no_advice();
    };
    match operator.show(id) {
        Ok(Some(words)) => text(HttpResponse::Ok(), words),
        Ok(None) => no_advice(),
        Err(refusal) => text(HttpResponse::InternalServerError(), refusal.0 + "\n"),
    }
}

/// The decision is signed with the user's name as the system knows it; a name that was given with the request follows.
async fn grant(
    request: Json<OperatorRequest>,
    operator: Data<OnceLock<Operator>>,
    caller: ReqData<Caller>,
) -> HttpResponse {
    let mut request = request.into_inner();
    let right = match &request.want {
        Want::Show => Right::Read,
        Want::Block | Want::Unblock | Want::Control(_) => Right::Block,
        Want::BeginDay | Want::Retry | Want::Drop => Right::Settle,
        Want::ConsoleAccount(_) => Right::Account,
    };
    if let Some(refused) = forbidden(&caller, right) {
        return refused;
    }
    let Some(operator) = operator.get() else {
        return starting();
    };
    request.by = caller.signature(&request.by);
    match operator.grant(request).await {
        Ok(standing) => HttpResponse::Ok()
            .insert_header((CACHE_CONTROL, "no-store"))
            .json(standing),
        Err(refusal) => text(HttpResponse::Conflict(), refusal.0 + "\n"),
    }
}

fn starting() -> HttpResponse {
    let why = "the switch is starting: try again\n";
    text(HttpResponse::ServiceUnavailable(), why.to_string())
}

fn text(mut response: actix_web::HttpResponseBuilder, body: String) -> HttpResponse {
    response
        .insert_header(ContentType::plaintext())
        .insert_header((CACHE_CONTROL, "no-store"))
        .body(body)
}

#[cfg(test)]
mod tests;
