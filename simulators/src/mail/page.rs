//! The page: a list of letters, and each of them.
//!
//! | path | answer |
//! | --- | --- |
//! | `GET /` | the letters, newest first; loads itself again |
//! | `GET /letters/N` | one: headers, HTML in a frame, plain text |
//! | `GET /letters/N/html` | its HTML part alone, for the frame |
//!
//! The HTML of a letter is somebody else's: its frame is sandboxed, and its policy lets nothing run and nothing be fetched.

use std::sync::Arc;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, ContentType};
use actix_web::middleware::DefaultHeaders;
use actix_web::web::{self, Data, ServiceConfig};
use maud::{DOCTYPE, Markup, html};

use super::letter::Letter;
use super::letters::Letters;

const POLICY: &str = "default-src 'none'; style-src 'self'; frame-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
const LETTER_POLICY: &str =
    "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'";

/// Seconds after which the list is loaded again.
const LOOK_EVERY: u64 = 3;

/// The routes.
pub(super) fn routes(config: &mut ServiceConfig) {
    config
        .route("/", web::get().to(list))
        .route("/letters/{number}", web::get().to(one))
        .route("/letters/{number}/html", web::get().to(one_html))
        .route("/mail.css", web::get().to(style));
}

/// The headers of every answer that has none of its own.
pub(super) fn headers() -> DefaultHeaders {
    DefaultHeaders::new()
        .add((CONTENT_SECURITY_POLICY, POLICY))
        .add((CACHE_CONTROL, "no-store"))
        .add(("x-content-type-options", "nosniff"))
        .add(("referrer-policy", "no-referrer"))
}

async fn list(letters: Data<Arc<Letters>>) -> HttpResponse {
    let letters = letters.all();
    let body = html! {
        @if letters.is_empty() {
            p.empty {
                "No mail yet. Add an e-mail address to your wallet under “Notifications” (any address works: all "
                "mail arrives here), and confirm it with the code that you get."
            }
        } @else {
            table {
                thead { tr { th scope="col" { "To" } th scope="col" { "Subject" } th scope="col" { "When" } } }
                tbody {
                    @for letter in &letters {
                        tr {
                            td { (letter.to.join(", ")) }
                            td { a href={ "/letters/" (letter.number) } { (subject(letter)) } }
                            td { (letter.date) }
                        }
                    }
                }
            }
        }
    };
    page(StatusCode::OK, "Mail", true, &body)
}

async fn one(letters: Data<Arc<Letters>>, number: web::Path<u64>) -> HttpResponse {
    let Some(letter) = letters.find(*number) else {
        return not_found();
    };
    let body = html! {
        p { a href="/" { "← All mail" } }
        dl {
            dt { "From" } dd { (letter.from) }
            dt { "To" } dd id="to" { (letter.to.join(", ")) }
            dt { "When" } dd { (letter.date) }
        }
        @if letter.html.is_some() {
            h2 { "As shown" }
            iframe sandbox="" title="The mail as HTML" src={ "/letters/" (letter.number) "/html" } {}
        }
        h2 { "As text" }
        pre id="text" { (letter.text) }
    };
    page(StatusCode::OK, subject(&letter), false, &body)
}

async fn one_html(letters: Data<Arc<Letters>>, number: web::Path<u64>) -> HttpResponse {
    match letters.find(*number).and_then(|letter| letter.html) {
        Some(html) => HttpResponse::Ok()
            .insert_header(ContentType::html())
            .insert_header((CONTENT_SECURITY_POLICY, LETTER_POLICY))
            .body(html),
        None => not_found(),
    }
}

async fn style() -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((
            actix_web::http::header::CONTENT_TYPE,
            "text/css; charset=utf-8",
        ))
        .body(include_str!("files/mail.css"))
}

fn not_found() -> HttpResponse {
    let body = html! { p { "Old mail is deleted. " a href="/" { "All mail" } } };
    page(StatusCode::NOT_FOUND, "No such mail", false, &body)
}

fn subject(letter: &Letter) -> &str {
    match letter.subject.trim() {
        "" => "(no subject)",
        subject => subject,
    }
}

fn page(status: StatusCode, title: &str, again: bool, body: &Markup) -> HttpResponse {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                @if again { meta http-equiv="refresh" content=(LOOK_EVERY); }
                title { (title) " · Tessera mail" }
                link rel="icon" href="data:,";
                link rel="stylesheet" href="/mail.css";
            }
            body {
                header { a href="/" { "Tessera mail" } span { "catches every mail of the demonstration, delivers none" } }
                main { h1 { (title) } (body) }
            }
        }
    };
    HttpResponse::build(status)
        .insert_header(ContentType::html())
        .body(page.into_string())
}
