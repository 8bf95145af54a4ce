//! The browser extension's interface: POST JSON, an answer in JSON. No cookie is read or set: a session's handle comes as
//! `Authorization: Bearer`. A page of a site can't use it: what comes from an origin that is not an extension is refused.
//!
//! | path | in | out |
//! | --- | --- | --- |
//! | `/extension/v1/session` | `{"client", "password"}` | `{"session", "shown_card", "name"}` |
//! | `/extension/v1/number` | `{"once", "limit"}` (limit may be absent; minor units, above 0) | `{"number", "expiry", "name"}` (expiry YYMM) |
//! | `/extension/v1/balance` | `{}` | `{"available", "currency", "frozen"}` (as in "1234.50" and "USD") |
//! | `/extension/v1/sign-out` | `{}` | `{}` |
//!
//! Refused: `{"error", "message", "retry_after"}`. `error` is `form` (400), `origin` (403), `credentials` or `session` (401), `throttled`
//! (429), `refused` (422), `unavailable` (503).

use std::fmt;

use actix_web::http::{StatusCode, header};
use actix_web::web::{Data, Payload, ServiceConfig, post};
use actix_web::{HttpRequest, HttpResponse, ResponseError};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tessera_protocol::ClientNumber;
use tessera_protocol::leased::{NumberUse, SessionKind};
use zeroize::Zeroizing;

use crate::line::{Failure, Name};
use crate::pages::entry;
use crate::pages::parts::CARD_NAME;
use crate::session::Session;
use crate::switch::WalletState;
use crate::web::posted::read_body;
use crate::web::trouble::{retry_after, status_of};
use crate::web::visitor::locale;
use crate::web::{App, Visitor, answer};
use crate::words::refusals;
use tessera_texts::{Money, Text, entry as entry_text, extension as text};

/// The routes of version 1.
pub fn routes(config: &mut ServiceConfig) {
    config
        .route("/extension/v1/session", post().to(session))
        .route("/extension/v1/number", post().to(number))
        .route("/extension/v1/balance", post().to(balance))
        .route("/extension/v1/sign-out", post().to(sign_out));
}

/// Schemes of extensions, as browsers write them in `Origin`.
const EXTENSIONS: [&str; 2] = ["chrome-extension://", "moz-extension://"];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Credentials {
    client: Zeroizing<String>,
    password: Zeroizing<String>,
}

#[derive(Serialize)]
struct Opened<'a> {
    session: &'a str,
    /// `last four digits,YYMM`; absent without a card.
    shown_card: Option<String>,
    name: &'a str,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    once: bool,
    limit: Option<std::num::NonZeroU64>,
}

#[derive(Serialize)]
struct Drawn<'a> {
    number: &'a str,
    expiry: &'a str,
    name: &'a str,
}

/// What the popup shows. No more than this: an extension is not where a payer manages the wallet.
#[derive(Serialize)]
struct Balance {
    available: String,
    currency: String,
    frozen: bool,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

/// Why nothing came of it.
#[derive(Debug, Serialize)]
struct Refused {
    #[serde(skip)]
    status: StatusCode,
    error: &'static str,
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after: Option<u64>,
}

impl fmt::Display for Refused {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.error)
    }
}

impl ResponseError for Refused {
    fn status_code(&self) -> StatusCode {
        self.status
    }

    fn error_response(&self) -> HttpResponse {
        answer::later(answer::json(self.status, self), self.retry_after)
    }
}

async fn session(
    app: Data<App>,
    visitor: Visitor,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Refused> {
    let given: Credentials = read(&request, payload).await?;
    let mistyped = || {
        refuse(
            &request,
            StatusCode::UNAUTHORIZED,
            "credentials",
            entry_text::MISTYPED,
        )
    };
    let client = ClientNumber::from_text(&given.client).map_err(|_| mistyped())?;
    let entry = entry::entry(&visitor, client, &given.password, SessionKind::Extension);
    let opened = app.switch.sign_in(&entry).await;
    let session = opened.map_err(|failure| match failure.is("63") {
        true => refuse(
            &request,
            StatusCode::UNAUTHORIZED,
            "credentials",
            entry_text::NO_MATCH,
        ),
        false => failed(&request, &failure),
    })?;
    let overview = app.switch.overview(&session).await;
    let card = overview.map_err(|failure| failed(&request, &failure))?.card;
    let opened = Opened {
        session: session.expose(),
        shown_card: card.map(|card| format!("{},{}", card.last_four, card.expiry)),
        name: CARD_NAME,
    };
    Ok(answer::json(StatusCode::OK, &opened))
}

async fn number(
    app: Data<App>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Refused> {
    let wanted: Wanted = read(&request, payload).await?;
    let session = bearer(&request)?;
    let usage = match wanted.once {
        true => NumberUse::Once,
        false => NumberUse::Mall,
    };
    let limit = wanted.limit.map(std::num::NonZeroU64::get);
    let issued = app
        .switch
        .issue_number(&session, None, usage, limit, Name::random())
        .await;
    let revealed = issued.map_err(|failure| failed(&request, &failure))?;
    let drawn = Drawn {
        number: &revealed.card,
        expiry: &revealed.expiry,
        name: CARD_NAME,
    };
    Ok(answer::json(StatusCode::OK, &drawn))
}

async fn balance(
    app: Data<App>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Refused> {
    let Nothing {} = read(&request, payload).await?;
    let session = bearer(&request)?;
    let overview = app.switch.overview(&session).await;
    let overview = overview.map_err(|failure| failed(&request, &failure))?;
    let money = Money::new(overview.available, app.currency());
    let balance = Balance {
        available: money.plain(),
        currency: money.currency_letters(),
        frozen: overview.state == WalletState::Frozen,
    };
    Ok(answer::json(StatusCode::OK, &balance))
}

async fn sign_out(
    app: Data<App>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Refused> {
    let Nothing {} = read(&request, payload).await?;
    let session = bearer(&request)?;
    match app.switch.sign_out(&session).await {
        Ok(()) => {}
        // It is over already.
        Err(failure) if failure.is("63") => {}
        Err(failure) => return Err(failed(&request, &failure)),
    }
    Ok(answer::json(StatusCode::OK, &Nothing {}))
}

/// The body of a request that no page of a site has sent.
async fn read<T: DeserializeOwned>(request: &HttpRequest, payload: Payload) -> Result<T, Refused> {
    let header_of = |name| {
        request
            .headers()
            .get(name)
            .map(|value| value.to_str().unwrap_or("?"))
    };
    let foreign = header_of(header::ORIGIN)
        .is_some_and(|origin| !EXTENSIONS.iter().any(|scheme| origin.starts_with(scheme)));
    if foreign {
        return Err(refuse(
            request,
            StatusCode::FORBIDDEN,
            "origin",
            text::NOT_AN_EXTENSION,
        ));
    }
    let malformed = || refuse(request, StatusCode::BAD_REQUEST, "form", text::MALFORMED);
    // A form of a page can't say this of itself without asking first.
    if !header_of(header::CONTENT_TYPE).is_some_and(|kind| kind.starts_with("application/json")) {
        return Err(malformed());
    }
    let body = read_body(request, payload.into_inner())
        .await
        .map_err(|_| malformed())?;
    serde_json::from_slice(&body).map_err(|_| malformed())
}

fn bearer(request: &HttpRequest) -> Result<Session, Refused> {
    let value = request.headers().get(header::AUTHORIZATION);
    value
        .and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "))
        .and_then(Session::from_text)
        .ok_or_else(|| ended(request))
}

fn failed(request: &HttpRequest, failure: &Failure) -> Refused {
    if failure.is("63") {
        return ended(request);
    }
    let status = status_of(failure);
    let error = match status {
        StatusCode::TOO_MANY_REQUESTS => "throttled",
        StatusCode::UNPROCESSABLE_ENTITY => "refused",
        _ => "unavailable",
    };
    Refused {
        status,
        error,
        message: locale(request).say(refusals::words(failure)).into_owned(),
        retry_after: retry_after(failure),
    }
}

fn ended(request: &HttpRequest) -> Refused {
    refuse(
        request,
        StatusCode::UNAUTHORIZED,
        "session",
        text::SIGN_IN_AGAIN,
    )
}

fn refuse(
    request: &HttpRequest,
    status: StatusCode,
    error: &'static str,
    message: Text,
) -> Refused {
    Refused {
        status,
        error,
        message: locale(request).say(message).into_owned(),
        retry_after: None,
    }
}
