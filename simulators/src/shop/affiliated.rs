//! The affiliated shop's pages: goods, basket, checkout. The payer's agreement is between them and their wallet; this server
//! asks the switch by order number, for its own amount, and learns nothing of who pays.

use std::sync::Arc;

use actix_web::cookie::{Cookie, SameSite};
use actix_web::http::StatusCode;
use actix_web::web::{self, Data, Form, Path};
use actix_web::{HttpRequest, HttpResponse};
use maud::{Markup, PreEscaped, html};
use serde::Deserialize;
use serde_json::json;

use super::acquiring::{Payer, Standing};
use super::goods::{Good, find};
use super::orders::Order;
use super::page::{lines, money, not_found, out_of_order, page, see_other, state_json, word};
use super::shop::Shop;

/// The basket's cookie: `assam.2-cup.1`.
const BASKET: &str = "basket";

/// The number of the order that was made of what is in the basket.
const ORDERED: &str = "ordered";

/// Of one good.
const COUNT_MAX: u64 = 99;

/// What its pages need besides the shop.
pub(super) struct Checkout {
    /// The wallet server's origin.
    pub wallet: String,
    /// Card acceptor: how the payer's wallet knows the shop.
    pub mall: String,
}

impl Checkout {
    /// The content security policy: scripts of the shop and of the wallet server.
    pub fn policy(&self) -> String {
        let wallet = &self.wallet;
        format!(
            "default-src 'none'; script-src 'self' {wallet}; style-src 'self' {wallet}; img-src 'self' data: {wallet}; \
             connect-src 'self' {wallet}; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
        )
    }
}

pub(super) fn routes(config: &mut web::ServiceConfig) {
    config
        .route("/", web::get().to(goods))
        .route("/basket", web::get().to(basket))
        .route("/basket", web::post().to(change))
        .route("/orders", web::post().to(order))
        .route("/orders/{order}/pay", web::get().to(pay))
        .route("/orders/{order}/again", web::post().to(again))
        .route("/orders/{order}/collect", web::post().to(collect));
}

async fn goods(shop: Data<Arc<Shop>>) -> HttpResponse {
    page(
        &shop,
        "Tea and everything for it",
        &[],
        html! {
            ul.goods {
                @for good in shop.goods {
                    li {
                        (PreEscaped(good.picture))
                        h2 { (good.name) }
                        p { (good.about) }
                        p.price { (money(&shop, good.price)) }
                        form method="post" action="/basket" {
                            input type="hidden" name="good" value=(good.id);
                            input type="hidden" name="add" value="1";
                            button aria-label={ "Add to basket: " (good.name) } { "Add to basket" }
                        }
                    }
                }
            }
        },
    )
}

async fn basket(shop: Data<Arc<Shop>>, request: HttpRequest) -> HttpResponse {
    basket_page(&shop, &read(&request), "")
}

fn basket_page(shop: &Shop, wanted: &[(String, u64)], problem: &str) -> HttpResponse {
    let rows: Vec<(&Good, u64)> = wanted
        .iter()
        .filter_map(|(id, count)| Some((find(shop.goods, id)?, *count)))
        .collect();
    let sum: u64 = rows.iter().map(|(good, count)| good.price * count).sum();
    page(
        shop,
        "Your basket",
        &[],
        html! {
            @if !problem.is_empty() { p.bad role="alert" { (problem) } }
            @if rows.is_empty() {
                p { "Your basket is empty. " a href="/" { "See our goods" } }
            } @else {
                div.panel {
                    table {
                        thead { tr { th scope="col" { "What" } th scope="col" { "Quantity" } th.number scope="col" { "Price" } } }
                        tbody {
                            @for (good, count) in &rows {
                                tr {
                                    td { (good.name) }
                                    td {
                                        form.row method="post" action="/basket" {
                                            input type="hidden" name="good" value=(good.id);
                                            input type="number" name="set" required min="0" max=(COUNT_MAX) value=(count)
                                                aria-label={ "Quantity: " (good.name) };
                                            button.quiet { "Change" }
                                        }
                                    }
                                    td.number { (money(shop, good.price * count)) }
                                }
                            }
                        }
                        tfoot { tr { th scope="row" colspan="2" { "Total" } td.number.price { (money(shop, sum)) } } }
                    }
                }
                form method="post" action="/orders" { p { button id="checkout" { "To the checkout" } } }
            }
        },
    )
}

#[derive(Deserialize)]
struct Change {
    good: String,
    add: Option<u64>,
    /// As it was typed.
    set: Option<String>,
}

async fn change(shop: Data<Arc<Shop>>, request: HttpRequest, form: Form<Change>) -> HttpResponse {
    let mut wanted = read(&request);
    let set = form.set.as_ref().map(|typed| typed.trim().parse::<u64>());
    let Ok(set) = set.transpose() else {
        let problem = format!("Please enter a quantity from 0 to {COUNT_MAX}.");
        let mut again = basket_page(&shop, &wanted, &problem);
        *again.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
        return again;
    };
    if find(shop.goods, &form.good).is_some() {
        let place = wanted.iter().position(|(id, _)| *id == form.good);
        let there = place.map_or(0, |at| wanted[at].1);
        let count = set.unwrap_or(there.saturating_add(form.add.unwrap_or(0)));
        match place {
            Some(at) => wanted[at].1 = count.min(COUNT_MAX),
            None => wanted.push((form.good.clone(), count.min(COUNT_MAX))),
        }
    }
    with_basket(see_other("/basket"), &wanted)
}

/// Makes an order of the basket, which stays as it is until the order is paid.
async fn order(shop: Data<Arc<Shop>>, request: HttpRequest) -> HttpResponse {
    let wanted = read(&request);
    let pay = |number: &str| see_other(&format!("/orders/{number}/pay"));
    // Who comes back to the basket goes on with the same order.
    if let Some(number) = request.cookie(ORDERED)
        && let Some((order, standing)) = shop.look(number.value()).await
        && word(standing.as_ref()) == "open"
        && ordered(&order) == wanted
    {
        return pay(&order.number);
    }
    match shop.place(shop.orders.draw(), &wanted).await {
        Some(order) => {
            let mut response = pay(&order.number);
            // Letters and digits: always a header.
            let _ = response.add_cookie(&cookie(ORDERED, order.number));
            response
        }
        None if wanted.is_empty() => see_other("/basket"),
        None => out_of_order(&shop),
    }
}

async fn pay(
    shop: Data<Arc<Shop>>,
    checkout: Data<Checkout>,
    number: Path<String>,
) -> HttpResponse {
    let Some((order, standing)) = shop.look(&number).await else {
        return not_found(&shop);
    };
    if word(standing.as_ref()) != "open" {
        return see_other(&format!("/orders/{}", order.number));
    }
    let texts: Vec<_> = order
        .lines
        .iter()
        .map(|line| json!({ "text": line.text, "amount": line.amount }))
        .collect();
    let tessera = format!("{}/tessera.js", checkout.wallet);
    page(
        &shop,
        "Checkout",
        &[&tessera, "/pay.js"],
        html! {
            p { "Order " (order.number) }
            div.panel { (lines(&shop, &order)) }
            p {
                button id="pay" data-mall=(checkout.mall) data-order=(order.number) data-amount=(order.amount())
                    data-currency=(shop.currency) data-lines=(json!(texts)) { "Pay with Tessera" }
            }
            p id="said" role="status" {}
            noscript { p.bad { "Paying needs JavaScript." } }
            p.hint { "We never learn who you are or how you pay, only that this order is paid." }
        },
    )
}

/// The payer has agreed, says the page. Whether that is so, the switch knows; the amount is the order's own.
async fn collect(shop: Data<Arc<Shop>>, number: Path<String>) -> HttpResponse {
    let Some(order) = shop.orders.find(&number) else {
        return HttpResponse::NotFound().finish();
    };
    let payer = Payer::Order {
        purpose: order.purpose(),
    };
    let standing = shop
        .client
        .purchase(&order.number, order.amount(), payer)
        .await;
    match standing {
        Some(standing) => HttpResponse::Ok().json(state_json(&shop, &order, Some(&standing))),
        None => HttpResponse::ServiceUnavailable().finish(),
    }
}

/// The way on for a buyer whose order is not paid: to the checkout while that may be, else to a basket with the same in it.
pub(super) fn unpaid(order: &Order, standing: Option<&Standing>) -> Markup {
    html! {
        @match word(standing) {
            "open" => { p { a href={ "/orders/" (order.number) "/pay" } { "To the checkout" } } }
            "declined" => {
                form method="post" action={ "/orders/" (order.number) "/again" } {
                    p { button id="again" { "Put the same goods into the basket" } }
                }
            }
            _ => {}
        }
    }
}

/// What was ordered, in the basket again.
async fn again(shop: Data<Arc<Shop>>, number: Path<String>) -> HttpResponse {
    let Some(order) = shop.orders.find(&number) else {
        return not_found(&shop);
    };
    with_basket(see_other("/basket"), &ordered(&order))
}

/// What was ordered, as a basket.
fn ordered(order: &Order) -> Vec<(String, u64)> {
    let lines = order.lines.iter();
    lines.map(|line| (line.good.clone(), line.count)).collect()
}

/// The page of a paid order empties the basket that the order was made of.
pub(super) fn without_paid(
    mut response: HttpResponse,
    request: &HttpRequest,
    order: &Order,
) -> HttpResponse {
    let is_ordered = |cookie: Cookie<'_>| cookie.value() == order.number;
    if !request.cookie(ORDERED).is_some_and(is_ordered) {
        return response;
    }
    let mut gone = cookie(ORDERED, String::new());
    gone.make_removal();
    let _ = response.add_cookie(&gone);
    match read(request) == ordered(order) {
        true => with_basket(response, &[]),
        // Something was put in meanwhile.
        false => response,
    }
}

/// The basket as the browser keeps it; what makes no sense in it is passed over.
fn read(request: &HttpRequest) -> Vec<(String, u64)> {
    let cookie = request.cookie(BASKET);
    let text = cookie.as_ref().map_or("", |cookie| cookie.value());
    let goods = text.split('-').take(32).filter_map(|good| {
        let (id, count) = good.split_once('.')?;
        let count = count.parse::<u64>().ok()?;
        (1..=COUNT_MAX)
            .contains(&count)
            .then(|| (id.to_owned(), count))
    });
    goods.collect()
}

fn with_basket(mut response: HttpResponse, wanted: &[(String, u64)]) -> HttpResponse {
    let goods = wanted.iter().filter(|(_, count)| *count > 0);
    let text: Vec<_> = goods.map(|(id, count)| format!("{id}.{count}")).collect();
    // Letters, digits, dots and hyphens: always a header.
    let _ = response.add_cookie(&cookie(BASKET, text.join("-")));
    response
}

fn cookie(name: &'static str, value: String) -> Cookie<'static> {
    Cookie::build(name, value)
        .path("/")
        .http_only(true)
        .same_site(SameSite::Lax)
        .finish()
}
