//! Makes HTTP answers: pages, redirects, downloads.

use std::pin::Pin;
use std::task::{Context, Poll};

use actix_web::HttpResponse;
use actix_web::http::{StatusCode, header};
use actix_web::web::Bytes;
use futures_core::Stream;
use maud::Markup;
use serde::Serialize;
use tokio::sync::mpsc;

use super::cookies;
use super::say::Say;
use super::{Trouble, Visitor};

/// A page with a status.
pub fn html(status: StatusCode, page: &Markup) -> HttpResponse {
    HttpResponse::build(status)
        .content_type("text/html; charset=utf-8")
        .body(page.0.clone())
}

/// A page that shows what became of a form.
pub fn page(say: &Say, page: &Markup) -> HttpResponse {
    later(html(say.status(), page), say.retry_after())
}

/// Adds `Retry-After`, in seconds.
pub fn later(mut response: HttpResponse, seconds: Option<u64>) -> HttpResponse {
    if let Some(seconds) = seconds {
        let value = header::HeaderValue::from(seconds);
        response.headers_mut().insert(header::RETRY_AFTER, value);
    }
    response
}

/// A page with a form before a session: the browser is given the secret that the form is known by.
pub fn entry_page(visitor: &Visitor, say: &Say, markup: &Markup) -> HttpResponse {
    let mut response = page(say, markup);
    if visitor.form_secret_is_new {
        // A form without its cookie is refused when it is sent, with a page that says how to go on.
        let _ = response.add_cookie(&cookies::form(&visitor.form_secret));
    }
    response
}

/// A redirect to another page (303).
pub fn see_other(location: &str) -> HttpResponse {
    HttpResponse::SeeOther()
        .insert_header((header::LOCATION, location))
        .finish()
}

/// An answer in JSON.
pub fn json(status: StatusCode, value: &impl Serialize) -> HttpResponse {
    HttpResponse::build(status).json(value)
}

/// A body that is sent piece by piece; it is broken off where a piece can't be made.
pub struct Pieces(pub mpsc::Receiver<Result<Bytes, Trouble>>);

impl Stream for Pieces {
    type Item = Result<Bytes, Trouble>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.poll_recv(context)
    }
}
