//! The page: a list of letters, and each of them.
//!
//! | request | answer |
//! | --- | --- |
//! | `GET /` | the letters, newest first; `?q=` searches |
//! | `GET /list` | the list alone, for its script, which loads it again when `GET /live` says so |
//! | `GET /letters/N` | one: headers, HTML in a frame, plain text; it is read from then on |
//! | `GET /letters/N/html` | its HTML part alone, for the frame |
//! | `POST /letters/N/delete`, `/letters/N/unread`, `/letters/delete` | deletes one, marks one as unread, deletes all; back to the list |
//!
//! The HTML of a letter is somebody else's: its frame is sandboxed, and its policy lets nothing run and nothing be fetched.

use std::sync::Arc;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ContentType, LOCATION,
};
use actix_web::middleware::DefaultHeaders;
use actix_web::web::{self, Data, Query, ServiceConfig};
use maud::{DOCTYPE, Markup, html};
use serde::Deserialize;

use super::letter::Letter;
use super::letters::Letters;
use super::live::live;

const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; frame-src 'self'; img-src data:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";
const LETTER_POLICY: &str =
    "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'";

/// What is looked for.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Search {
    /// Words, all of which a letter must have.
    #[serde(default)]
    pub q: String,
}

/// The routes.
pub(super) fn routes(config: &mut ServiceConfig) {
    config
        .route("/", web::get().to(list))
        .route("/list", web::get().to(list_alone))
        .route("/live", web::get().to(live))
        .route("/letters/delete", web::post().to(delete_all))
        .route("/letters/{number}", web::get().to(one))
        .route("/letters/{number}/html", web::get().to(one_html))
        .route("/letters/{number}/delete", web::post().to(delete))
        .route("/letters/{number}/unread", web::post().to(mark_unread))
        .route("/mail.css", web::get().to(style))
        .route("/mail.js", web::get().to(script));
}

/// The headers of every answer that has none of its own.
pub(super) fn headers() -> DefaultHeaders {
    DefaultHeaders::new()
        .add((CONTENT_SECURITY_POLICY, POLICY))
        .add((CACHE_CONTROL, "no-store"))
        .add(("x-content-type-options", "nosniff"))
        // Without a referrer, a form would be sent by no origin.
        .add(("referrer-policy", "same-origin"))
}

async fn list(letters: Data<Arc<Letters>>, search: Query<Search>) -> HttpResponse {
    let body = html! {
        form.search action="/" role="search" {
            label for="q" { "Search" }
            input id="q" type="search" name="q" value=(search.q) autocomplete="off" aria-describedby="hint";
            button { "Search" }
            p.hint id="hint" { "Words in addresses, subject and text. " code { "is:unread" } " finds new mail." }
        }
        p.gone id="gone" role="status" hidden { "The mail server does not answer. This list is from before." }
        div id="list" { (listed(&letters, &search.q)) }
        script src="/mail.js" defer {}
    };
    page(StatusCode::OK, "Mail", &body)
}

async fn list_alone(letters: Data<Arc<Letters>>, search: Query<Search>) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header(ContentType::html())
        .body(listed(&letters, &search.q).into_string())
}

/// The list with its heading.
fn listed(letters: &Letters, query: &str) -> Markup {
    let found = letters.search(query);
    let unread = letters.unread();
    let is_search = !query.trim().is_empty();
    html! {
        div.bar {
            p id="count" role="status" data-unread=(unread) { (counted(found.len(), unread, is_search)) }
            @if !found.is_empty() && !is_search {
                form method="post" action="/letters/delete" { button.quiet { "Delete all" } }
            }
        }
        @if found.is_empty() && is_search {
            p.empty { "Nothing has all of these words. " a href="/" { "Show all mail" } }
        } @else if found.is_empty() {
            p.empty {
                "No mail yet. Add an e-mail address to your wallet under “Notifications” (any address works: all "
                "mail arrives here), and confirm it with the code that you get. New mail appears here by itself."
            }
        } @else {
            ul.letters {
                @for letter in &found {
                    li.unread[letter.unread] {
                        div {
                            a href={ "/letters/" (letter.number) } { (subject(letter)) }
                            @if letter.unread { " " span.mark { "new" } }
                            p { "To " (letter.to.join(", ")) }
                        }
                        @if !letter.date.is_empty() { time { (letter.date) } }
                        form method="post" action={ "/letters/" (letter.number) "/delete" } {
                            button.quiet aria-label={ "Delete “" (subject(letter)) "”" } { "Delete" }
                        }
                    }
                }
            }
        }
    }
}

fn counted(found: usize, unread: usize, is_search: bool) -> String {
    let mails = match found {
        1 => "1 mail".to_owned(),
        count => format!("{count} mails"),
    };
    match (is_search, unread) {
        (true, _) => format!("{mails} found"),
        (false, 0) => mails,
        (false, unread) => format!("{mails}, {unread} new"),
    }
}

async fn one(letters: Data<Arc<Letters>>, number: web::Path<u64>) -> HttpResponse {
    let Some(letter) = letters.find(*number) else {
        return not_found();
    };
    letters.mark(*number, false);
    let place = format!("/letters/{number}");
    let body = html! {
        div.bar {
            p { a href="/" { "← All mail" } }
            form method="post" action={ (place) "/unread" } { button.quiet { "Mark as new" } }
            form method="post" action={ (place) "/delete" } { button.quiet { "Delete" } }
        }
        dl {
            dt { "From" } dd { (letter.from) }
            dt { "To" } dd id="to" { (letter.to.join(", ")) }
            dt { "When" } dd { (letter.date) }
        }
        @if letter.html.is_some() {
            h2 { "As shown" }
            iframe sandbox="" title="The mail as HTML" src={ (place) "/html" } {}
        }
        h2 { "As text" }
        pre id="text" { (letter.text) }
    };
    page(StatusCode::OK, subject(&letter), &body)
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

async fn delete(letters: Data<Arc<Letters>>, number: web::Path<u64>) -> HttpResponse {
    match letters.delete(*number) {
        true => back(),
        false => not_found(),
    }
}

async fn mark_unread(letters: Data<Arc<Letters>>, number: web::Path<u64>) -> HttpResponse {
    match letters.mark(*number, true) {
        true => back(),
        false => not_found(),
    }
}

async fn delete_all(letters: Data<Arc<Letters>>) -> HttpResponse {
    letters.delete_all();
    back()
}

fn back() -> HttpResponse {
    HttpResponse::SeeOther()
        .insert_header((LOCATION, "/"))
        .finish()
}

async fn style() -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "text/css; charset=utf-8"))
        .body(include_str!("files/mail.css"))
}

async fn script() -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "text/javascript; charset=utf-8"))
        .body(include_str!("files/mail.js"))
}

fn not_found() -> HttpResponse {
    let body =
        html! { p.empty { "It was deleted, or it never came. " a href="/" { "Show all mail" } } };
    page(StatusCode::NOT_FOUND, "No such mail", &body)
}

fn subject(letter: &Letter) -> &str {
    match letter.subject.trim() {
        "" => "(no subject)",
        subject => subject,
    }
}

fn page(status: StatusCode, title: &str, body: &Markup) -> HttpResponse {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (title) " · Tessera mail" }
                link rel="icon" href="data:,";
                link rel="stylesheet" href="/mail.css";
            }
            body {
                a.skip href="#main" { "Skip to the mail" }
                header { a href="/" { "Tessera mail" } span { "catches every mail of the demonstration, delivers none" } }
                main id="main" { h1 { (title) } (body) }
            }
        }
    };
    HttpResponse::build(status)
        .insert_header(ContentType::html())
        .body(page.into_string())
}
