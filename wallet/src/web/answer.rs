//! How answers are made.

use actix_web::HttpResponse;
use actix_web::http::{StatusCode, header};
use maud::Markup;
use serde::Serialize;

use super::Visitor;
use super::cookies;
use super::say::Say;

/// A page.
pub fn html(status: StatusCode, page: &Markup) -> HttpResponse {
    HttpResponse::build(status)
        .content_type("text/html; charset=utf-8")
        .body(page.0.clone())
}

/// A page that shows what became of a form.
pub fn page(say: &Say, page: &Markup) -> HttpResponse {
    let mut response = html(say.status(), page);
    if let Some(seconds) = say.retry_after() {
        response
            .headers_mut()
            .insert(header::RETRY_AFTER, header::HeaderValue::from(seconds));
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

/// On to another page, by GET.
pub fn see_other(location: &str) -> HttpResponse {
    HttpResponse::SeeOther()
        .insert_header((header::LOCATION, location))
        .finish()
}

/// For a script.
pub fn json(status: StatusCode, value: &impl Serialize) -> HttpResponse {
    HttpResponse::build(status).json(value)
}
