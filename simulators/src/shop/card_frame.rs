//! The payment service that the shop that is not affiliated embeds: a page with card fields, on an origin of its own. Card numbers
//! in, tokens out.

use std::sync::Arc;

use actix_web::HttpResponse;
use actix_web::http::header::{CACHE_CONTROL, ContentType};
use actix_web::web::{self, Data, Json};
use maud::{DOCTYPE, html};
use serde::Deserialize;
use serde_json::json;

use super::cards::{Card, Typed, Vault};

/// Who may embed it: the shop's origin.
pub(super) struct Embedder(pub String);

impl Embedder {
    /// The content security policy.
    pub fn policy(&self) -> String {
        format!(
            "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; form-action 'none'; \
             base-uri 'none'; frame-ancestors {}",
            self.0
        )
    }
}

pub(super) fn routes(config: &mut web::ServiceConfig) {
    config
        .route("/card", web::get().to(card))
        .route("/tokens", web::post().to(token));
}

async fn card(embedder: Data<Embedder>) -> HttpResponse {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                title { "Card details" }
                link rel="stylesheet" href="/shop.css";
                script src="/frame.js" defer {}
            }
            body.frame.lantern {
                main {
                    form id="card" data-shop=(embedder.0) {
                        label for="cardnumber" { "Card number" }
                        input id="cardnumber" name="cardnumber" autocomplete="cc-number" inputmode="numeric" maxlength="23"
                            placeholder="1234 1234 1234 1234";
                        label for="exp" { "Valid until" }
                        input id="exp" name="exp" autocomplete="cc-exp" inputmode="numeric" maxlength="7" placeholder="MM / YY";
                        label for="cvc" { "Security code " span.hint { "if the card has one" } }
                        input id="cvc" name="cvc" autocomplete="cc-csc" inputmode="numeric" maxlength="4";
                    }
                }
            }
        }
    };
    HttpResponse::Ok()
        .insert_header(ContentType::html())
        .insert_header((CACHE_CONTROL, "no-store"))
        .body(page.into_string())
}

#[derive(Deserialize)]
struct Given {
    number: Typed,
    expiry: Typed,
}

async fn token(vault: Data<Arc<Vault>>, given: Json<Given>) -> HttpResponse {
    match Card::read(&given.number, &given.expiry) {
        Ok(card) => match vault.keep(card) {
            Some(token) => HttpResponse::Ok().json(json!({ "token": token })),
            None => HttpResponse::ServiceUnavailable()
                .json(json!({ "problem": "The payment service is busy. Please try again later." })),
        },
        Err(problem) => HttpResponse::UnprocessableEntity().json(json!({ "problem": problem })),
    }
}
