//! Makes HTTP answers: pages, redirects, JSON.

use actix_web::HttpResponse;
use actix_web::cookie::Cookie;
use actix_web::http::{StatusCode, header};
use maud::Markup;
use serde::Serialize;

/// A page with a status.
pub fn html(status: StatusCode, page: &Markup) -> HttpResponse {
    HttpResponse::build(status)
        .content_type("text/html; charset=utf-8")
        .body(page.0.clone())
}

/// Adds `Retry-After`, in seconds.
pub fn later(mut response: HttpResponse, seconds: Option<u64>) -> HttpResponse {
    if let Some(seconds) = seconds {
        let value = header::HeaderValue::from(seconds);
        response.headers_mut().insert(header::RETRY_AFTER, value);
    }
    response
}

/// A redirect to another page (303).
pub fn see_other(location: &str) -> HttpResponse {
    HttpResponse::SeeOther()
        .insert_header((header::LOCATION, location))
        .finish()
}

/// Adds cookies, which were made of characters that a cookie may hold.
pub fn with_cookies(mut response: HttpResponse, cookies: Vec<Cookie<'_>>) -> HttpResponse {
    for cookie in &cookies {
        let _ = response.add_cookie(cookie);
    }
    response
}

/// An answer in JSON.
pub fn json(status: StatusCode, value: &impl Serialize) -> HttpResponse {
    HttpResponse::build(status).json(value)
}
