//! The same for programs, as JSON: a test reads the code of a mail, or deletes what earlier tests have left.
//!
//! | request | answer |
//! | --- | --- |
//! | `GET /api/letters` | the letters, newest first, and how many are unread; `?q=` searches |
//! | `GET /api/letters/N` | one, with its text and HTML; it stays unread |
//! | `DELETE /api/letters/N` | 204, or 404 where it is not there |
//! | `DELETE /api/letters` | 204: all are deleted |

use std::sync::Arc;

use actix_web::HttpResponse;
use actix_web::web::{self, Data, Query, ServiceConfig};
use serde_json::{Value, json};

use super::letter::Letter;
use super::letters::Letters;
use super::page::Search;

/// The routes.
pub(super) fn routes(config: &mut ServiceConfig) {
    config
        .service(
            web::resource("/api/letters")
                .route(web::get().to(list))
                .route(web::delete().to(delete_all)),
        )
        .service(
            web::resource("/api/letters/{number}")
                .route(web::get().to(one))
                .route(web::delete().to(delete)),
        );
}

async fn list(letters: Data<Arc<Letters>>, search: Query<Search>) -> HttpResponse {
    let found = letters.search(&search.q);
    let found: Vec<_> = found.iter().map(head).collect();
    HttpResponse::Ok().json(json!({ "unread": letters.unread(), "letters": found }))
}

async fn one(letters: Data<Arc<Letters>>, number: web::Path<u64>) -> HttpResponse {
    let Some(letter) = letters.find(*number) else {
        return not_found();
    };
    let mut whole = head(&letter);
    whole["text"] = letter.text.into();
    whole["html"] = letter.html.into();
    HttpResponse::Ok().json(whole)
}

async fn delete(letters: Data<Arc<Letters>>, number: web::Path<u64>) -> HttpResponse {
    match letters.delete(*number) {
        true => HttpResponse::NoContent().finish(),
        false => not_found(),
    }
}

async fn delete_all(letters: Data<Arc<Letters>>) -> HttpResponse {
    letters.delete_all();
    HttpResponse::NoContent().finish()
}

fn head(letter: &Letter) -> Value {
    json!({
        "number": letter.number,
        "unread": letter.unread,
        "from": letter.from,
        "to": letter.to,
        "subject": letter.subject,
        "date": letter.date,
    })
}

fn not_found() -> HttpResponse {
    HttpResponse::NotFound().json(json!({ "error": "no such letter" }))
}
