//! Ports for programs of this machine, which no page of a browser may read: what a browser sends for a page of somebody else
//! is refused with 403, also where DNS rebinding makes it look as if that page were ours.

use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{CACHE_CONTROL, ContentType};
use actix_web::middleware::Next;
use actix_web::{Error, HttpResponse, web};
use tessera_common::local_http::Sender;

/// Host names of a port, besides its addresses and `localhost`. An application without this data has none.
#[derive(Debug, Clone, Default)]
pub struct Names(pub Vec<String>);

/// Wraps an application: `wrap(from_fn(refuse_pages))`.
///
/// # Errors
/// Those of the application.
pub async fn refuse_pages<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, Error> {
    let header = |name: &str| {
        let value = request.headers().get(name)?;
        // What can't be read is a name of nobody.
        Some(value.to_str().unwrap_or("?"))
    };
    let sender = Sender {
        host: header("host"),
        origin: header("origin"),
        fetch_site: header("sec-fetch-site"),
    };
    let names = request.app_data::<web::Data<Names>>();
    let names = names.map_or(&[][..], |names| &names.0);
    let Err(foreign) = sender.check(!request.method().is_safe(), names) else {
        return Ok(next.call(request).await?.map_into_left_body());
    };
    let refused = HttpResponse::Forbidden()
        .insert_header(ContentType::plaintext())
        .insert_header((CACHE_CONTROL, "no-store"))
        .body(format!("{foreign}\n"));
    Ok(request.into_response(refused).map_into_right_body())
}
