//! What every request to a shop passes: it is captured where that is configured, and refused where a page of another site has sent it.

use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::{DefaultHeaders, Next};
use actix_web::{Error, HttpResponse, web};
use tessera_common::local_http::Sender;

use super::capture::Capture;

/// A request's body: a form.
pub(super) const BODY_BYTES_MAX: usize = 16 * 1024;

/// What the guard of a server knows.
#[derive(Clone)]
pub(super) struct Guard {
    /// As captures name it.
    pub address: String,
    pub capture: Option<Capture>,
    /// Host names under which browsers reach the shops, besides addresses and `localhost`.
    pub names: Vec<String>,
}

/// Wraps a server's every service.
pub(super) async fn guard<B: MessageBody>(
    guard: web::Data<Guard>,
    mut request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, Error> {
    if let Some(capture) = &guard.capture {
        let body = request.extract::<web::Bytes>().await?;
        capture.request(&guard.address, request.request(), &body);
        request.set_payload(body.into());
    }
    let header = |name: &str| Some(request.headers().get(name)?.to_str().unwrap_or("?"));
    let sender = Sender {
        host: header("host"),
        origin: header("origin"),
        fetch_site: header("sec-fetch-site"),
    };
    if let Err(foreign) = sender.check(!request.method().is_safe(), &guard.names) {
        let refused = HttpResponse::Forbidden().body(format!("{foreign}\n"));
        return Ok(request.into_response(refused).map_into_right_body());
    }
    Ok(next.call(request).await?.map_into_left_body())
}

/// The headers of every answer. `policy` is the server's content security policy.
pub(super) fn headers(policy: &str) -> DefaultHeaders {
    DefaultHeaders::new()
        .add(("content-security-policy", policy))
        .add(("x-content-type-options", "nosniff"))
        .add(("referrer-policy", "no-referrer"))
}
