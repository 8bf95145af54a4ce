//! The pages of the shop that is not affiliated: goods, and three checkouts that take card numbers in the ways that shops do.
//! Its acquirer asks the switch. What never happens here: a card number in a log, in a file or on a page.

use std::sync::Arc;

use actix_web::HttpResponse;
use actix_web::web::{self, Data, Form, Json, Path};
use maud::{Markup, PreEscaped, html};
use serde::Deserialize;
use serde_json::json;

use super::acquiring::{Payer, Standing};
use super::cards::{Card, Typed, Vault};
use super::goods::{Good, find};
use super::orders::Order;
use super::page::{money, not_found, out_of_order, page, see_other, word};
use super::shop::Shop;

/// What its pages need besides the shop.
pub(super) struct Till {
    /// The origin of the card frame.
    pub frame: String,
    pub vault: Arc<Vault>,
}

impl Till {
    /// The content security policy: the card frame is the one thing from elsewhere.
    pub fn policy(&self) -> String {
        format!(
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
             frame-src {}; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
            self.frame
        )
    }
}

pub(super) fn routes(config: &mut web::ServiceConfig) {
    config
        .route("/", web::get().to(goods))
        .route("/buy/{good}/plain", web::get().to(plain))
        .route("/buy/{good}/plain", web::post().to(pay_plain))
        .route("/buy/{good}/controlled", web::get().to(controlled))
        .route("/buy/{good}/controlled", web::post().to(pay_controlled))
        .route("/buy/{good}/framed", web::get().to(framed))
        .route("/buy/{good}/framed", web::post().to(pay_framed));
}

async fn goods(shop: Data<Arc<Shop>>) -> HttpResponse {
    page(
        &shop,
        "Light for long evenings",
        &[],
        html! {
            ul.goods {
                @for good in shop.goods {
                    li {
                        (PreEscaped(good.picture))
                        h2 { (good.name) }
                        p { (good.about) }
                        p.price { (money(&shop, good.price)) }
                        p { "Buy "
                            @for (way, text) in WAYS {
                                a href={ "/buy/" (good.id) "/" (way) } aria-label={ (good.name) ": " (text) } { (text) } " "
                            }
                        }
                    }
                }
            }
        },
    )
}

/// The three checkouts.
const WAYS: [(&str, &str); 3] = [
    ("plain", "plain form"),
    ("controlled", "scripted form"),
    ("framed", "card frame"),
];

fn checkout(
    shop: &Shop,
    good: &Good,
    scripts: &[&str],
    problem: &str,
    form: Markup,
) -> HttpResponse {
    page(
        shop,
        "Checkout",
        scripts,
        html! {
            p { (good.name) ", " span.price { (money(shop, good.price)) } }
            p.bad id="said" role="alert" { (problem) }
            (form)
        },
    )
}

/// Drawn with the form: however often that is sent, it is one order.
fn order_number(order: &str) -> Markup {
    html! { input type="hidden" name="order" value=(order); }
}

async fn plain(shop: Data<Arc<Shop>>, id: Path<String>) -> HttpResponse {
    match find(shop.goods, &id) {
        Some(good) => plain_form(&shop, good, &shop.orders.draw(), ""),
        None => not_found(&shop),
    }
}

fn plain_form(shop: &Shop, good: &Good, order: &str, problem: &str) -> HttpResponse {
    checkout(
        shop,
        good,
        &[],
        problem,
        html! {
            form.panel id="plain" method="post" action={ "/buy/" (good.id) "/plain" } {
                (order_number(order))
                label for="name" { "Name on the card" }
                input id="name" name="name" autocomplete="cc-name" required maxlength="60";
                label for="number" { "Card number" }
                input id="number" name="number" autocomplete="cc-number" inputmode="numeric" required maxlength="23";
                label for="expiry" { "Valid until " span.hint { "MM/YY" } }
                input id="expiry" name="expiry" autocomplete="cc-exp" inputmode="numeric" required maxlength="5" placeholder="MM/YY";
                label for="csc" { "Security code " span.hint { "if the card has one" } }
                input id="csc" name="csc" autocomplete="cc-csc" inputmode="numeric" maxlength="4";
                p { button { "Pay " (money(shop, good.price)) } }
            }
        },
    )
}

#[derive(Deserialize)]
struct Plain {
    order: String,
    number: Typed,
    expiry: Typed,
}

async fn pay_plain(shop: Data<Arc<Shop>>, id: Path<String>, form: Form<Plain>) -> HttpResponse {
    let Some(good) = find(shop.goods, &id) else {
        return not_found(&shop);
    };
    if !shop.orders.drawn(&form.order) {
        return not_found(&shop);
    }
    match Card::read(&form.number, &form.expiry) {
        Ok(card) => match buy(&shop, good, &form.order, card).await {
            true => see_other(&format!("/orders/{}", form.order)),
            false => out_of_order(&shop),
        },
        Err(problem) => {
            let mut again = plain_form(&shop, good, &form.order, problem);
            *again.status_mut() = actix_web::http::StatusCode::UNPROCESSABLE_ENTITY;
            again
        }
    }
}

async fn controlled(shop: Data<Arc<Shop>>, id: Path<String>) -> HttpResponse {
    let Some(good) = find(shop.goods, &id) else {
        return not_found(&shop);
    };
    checkout(
        &shop,
        good,
        &["/order.js", "/controlled.js"],
        "",
        html! {
            form.panel id="controlled" method="post" action={ "/buy/" (good.id) "/controlled" } autocomplete="on" {
                (order_number(&shop.orders.draw()))
                label for="holder" { "Name on the card" }
                input id="holder" name="holder" autocomplete="section-pay cc-name" required;
                fieldset {
                    legend { "Card number" }
                    div.pieces {
                        @for piece in 1..=4 {
                            input id={ "piece" (piece) } name={ "piece" (piece) } inputmode="numeric" maxlength="4" required
                                autocomplete=[(piece == 1).then_some("section-pay cc-number")]
                                aria-label={ "Card number, part " (piece) " of 4" };
                        }
                    }
                }
                fieldset {
                    legend { "Valid until" }
                    div.pieces {
                        select id="month" name="month" autocomplete="section-pay cc-exp-month" required aria-label="Month" {
                            option value="" { "Month" }
                            @for (at, month) in MONTHS.iter().enumerate() {
                                option value=(at + 1) { (month) }
                            }
                        }
                        select id="year" name="year" autocomplete="section-pay cc-exp-year" required aria-label="Year" {
                            option value="" { "Year" }
                            @for year in 2024..2045 { option value=(year) { (year) } }
                        }
                    }
                }
                label for="code" { "Security code" }
                input id="code" name="csc" autocomplete="section-pay cc-csc" inputmode="numeric" maxlength="4" required;
                p { button { "Pay " (money(&shop, good.price)) } }
            }
            noscript { p.bad { "This checkout needs JavaScript." } }
        },
    )
}

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

#[derive(Deserialize)]
struct Controlled {
    order: String,
    number: Typed,
    month: Typed,
    year: Typed,
}

async fn pay_controlled(
    shop: Data<Arc<Shop>>,
    id: Path<String>,
    body: Json<Controlled>,
) -> HttpResponse {
    let expiry = Typed::joined(&body.month, &body.year);
    pay_with(&shop, &id, &body.order, Card::read(&body.number, &expiry)).await
}

async fn framed(shop: Data<Arc<Shop>>, till: Data<Till>, id: Path<String>) -> HttpResponse {
    let Some(good) = find(shop.goods, &id) else {
        return not_found(&shop);
    };
    checkout(
        &shop,
        good,
        &["/order.js", "/parent.js"],
        "",
        html! {
            form.panel id="framed" method="post" action={ "/buy/" (good.id) "/framed" } {
                (order_number(&shop.orders.draw()))
                label for="holder" { "Name on the card" }
                input id="holder" name="holder" autocomplete="cc-name" required;
                iframe src={ (till.frame) "/card" } title="Card details, at the payment service" {}
                p { button { "Pay " (money(&shop, good.price)) } }
            }
            noscript { p.bad { "This checkout needs JavaScript." } }
        },
    )
}

#[derive(Deserialize)]
struct Framed {
    order: String,
    token: String,
}

async fn pay_framed(
    shop: Data<Arc<Shop>>,
    till: Data<Till>,
    id: Path<String>,
    body: Json<Framed>,
) -> HttpResponse {
    let card = till.vault.take(&body.token);
    if card.is_none() && shop.orders.find(&body.order).is_some() {
        // Sent twice: the token was for this order.
        return HttpResponse::Ok().json(json!({ "order": body.order }));
    }
    let card = card.ok_or("The payment service no longer has this card. Please pay again.");
    pay_with(&shop, &id, &body.order, card).await
}

/// For scripts: the order's number, or what is wrong.
async fn pay_with(
    shop: &Data<Arc<Shop>>,
    id: &str,
    order: &str,
    card: Result<Card, &str>,
) -> HttpResponse {
    let Some(good) = find(shop.goods, id).filter(|_| shop.orders.drawn(order)) else {
        return HttpResponse::NotFound().finish();
    };
    match card {
        Ok(card) => match buy(shop, good, order, card).await {
            true => HttpResponse::Ok().json(json!({ "order": order })),
            false => HttpResponse::ServiceUnavailable()
                .json(json!({ "problem": "The shop is out of order. Nothing was paid." })),
        },
        Err(problem) => HttpResponse::UnprocessableEntity().json(json!({ "problem": problem })),
    }
}

/// Orders under this number, and pays, whatever becomes of the payment; `false` if the shop cannot write its log.
async fn buy(shop: &Arc<Shop>, good: &Good, order: &str, card: Card) -> bool {
    let wanted = [(good.id.to_owned(), 1)];
    let Some(order) = shop.place(order.to_owned(), &wanted).await else {
        return false;
    };
    let payer = Payer::Card {
        number: card.number,
        expiry: card.expiry,
    };
    let standing = shop
        .client
        .purchase(&order.number, order.amount(), payer)
        .await;
    standing.is_some()
}

/// The way on for a buyer whose order is not paid: a new one.
pub(super) fn unpaid(order: &Order, standing: Option<&Standing>) -> Markup {
    let unpaid = matches!(word(standing), "open" | "declined");
    html! {
        @if let Some(line) = order.lines.first().filter(|_| unpaid) {
            p { a id="again" href={ "/buy/" (line.good) "/plain" } { "Order it again" } }
        }
    }
}
