//! The clerk's pages, which both shops have: orders, refunds, cancellations.

use std::sync::Arc;

use actix_web::web::{self, Data, Form, Path};
use actix_web::{HttpRequest, HttpResponse};
use maud::html;
use serde::Deserialize;
use serde_json::json;
use tessera_protocol::typed_amount;

use super::affiliated::without_paid;
use super::page::{
    lines, money, not_found, out_of_order, page, see_other, state, state_json, word,
};
use super::shop::Shop;

/// Shown on the clerk's list.
const LISTED: usize = 100;

/// On the list for programs, which ask for it each second.
const LISTED_NEWEST: usize = 20;

pub(super) fn routes(config: &mut web::ServiceConfig) {
    config
        .route("/clerk", web::get().to(list))
        .route("/orders.json", web::get().to(newest))
        .route("/clerk/{order}", web::get().to(show))
        .route("/clerk/{order}/refund", web::post().to(refund))
        .route("/clerk/{order}/cancel", web::post().to(cancel))
        .route("/orders/{order}", web::get().to(receipt))
        .route("/orders/{order}/state", web::get().to(state_of_order));
}

async fn list(shop: Data<Arc<Shop>>) -> HttpResponse {
    let mut rows = Vec::new();
    for order in shop.orders.newest(LISTED) {
        let standing = shop.client.look(&order.number).await;
        rows.push((order, standing));
    }
    page(
        &shop,
        "Orders",
        &[],
        html! {
            @if rows.is_empty() { p { "There are no orders yet." } }
            @else {
                table {
                    thead { tr { th scope="col" { "Order" } th scope="col" { "Status" } th.number scope="col" { "Amount" } } }
                    tbody {
                        @for (order, standing) in &rows {
                            tr {
                                td { a href={ "/clerk/" (order.number) } { (order.number) } }
                                td { (word(standing.as_ref())) }
                                td.number { (money(&shop, order.amount())) }
                            }
                        }
                    }
                }
            }
        },
    )
}

/// The newest orders and how each stands, for programs; the newest first.
async fn newest(shop: Data<Arc<Shop>>) -> HttpResponse {
    let mut orders = Vec::new();
    for order in shop.orders.newest(LISTED_NEWEST) {
        let standing = shop.client.look(&order.number).await;
        orders.push(state_json(&shop, &order, standing.as_ref()));
    }
    HttpResponse::Ok().json(json!({ "shop": shop.name, "orders": orders }))
}

async fn show(shop: Data<Arc<Shop>>, number: Path<String>) -> HttpResponse {
    let Some((order, standing)) = shop.look(&number).await else {
        return not_found(&shop);
    };
    let title = format!("Order {}", order.number);
    let refundable = standing
        .as_ref()
        .map_or(0, |standing| standing.refundable());
    let refunds = (standing.as_ref()).map_or(0, |standing| standing.refunds.len());
    let cancellable = standing
        .as_ref()
        .is_some_and(|standing| standing.cancellable());
    page(
        &shop,
        &title,
        &[],
        html! {
            div.panel { (lines(&shop, &order)) (state(&shop, &order, standing.as_ref())) }
            @if refundable > 0 {
                h2 { "Refund" }
                form.row method="post" action={ "/clerk/" (order.number) "/refund" } {
                    input type="hidden" name="refunds" value=(refunds);
                    div {
                        label for="amount" { "Amount " span.hint { "at most " (money(&shop, refundable)) } }
                        input id="amount" name="amount" inputmode="decimal" autocomplete="off" required
                            value={ (refundable / 100) "." (format!("{:02}", refundable % 100)) };
                    }
                    button { "Refund" }
                }
            }
            @if cancellable {
                h2 { "Cancel" }
                form method="post" action={ "/clerk/" (order.number) "/cancel" } {
                    p { "The whole payment is reversed." }
                    button.quiet { "Cancel the payment" }
                }
            }
        },
    )
}

#[derive(Deserialize)]
struct Amount {
    amount: String,
    /// How many refunds the clerk has seen: what is sent twice is done once.
    refunds: usize,
}

async fn refund(shop: Data<Arc<Shop>>, number: Path<String>, form: Form<Amount>) -> HttpResponse {
    let Some((order, _)) = shop.look(&number).await else {
        return not_found(&shop);
    };
    // The acquiring module refuses more than the remaining amount.
    if let Some(amount) = typed_amount(&form.amount, shop.currency)
        && (shop.client)
            .refund(&order.number, amount.value(), form.refunds)
            .await
            .is_none()
    {
        return out_of_order(&shop);
    }
    see_other(&format!("/clerk/{}", order.number))
}

async fn cancel(shop: Data<Arc<Shop>>, number: Path<String>) -> HttpResponse {
    let Some((order, _)) = shop.look(&number).await else {
        return not_found(&shop);
    };
    if shop.client.cancel(&order.number).await.is_none() {
        return out_of_order(&shop);
    }
    see_other(&format!("/clerk/{}", order.number))
}

/// The buyer's page of an order.
async fn receipt(
    shop: Data<Arc<Shop>>,
    request: HttpRequest,
    number: Path<String>,
) -> HttpResponse {
    let Some((order, standing)) = shop.look(&number).await else {
        return not_found(&shop);
    };
    let moving = matches!(word(standing.as_ref()), "asked" | "undoing" | "cancelling");
    let title = format!("Order {}", order.number);
    let scripts: &[&str] = match shop.webhooks {
        Some(_) => &["/confirmed.js"],
        None => &[],
    };
    let mut response = page(
        &shop,
        &title,
        scripts,
        html! {
            div.panel id="order" data-status=(word(standing.as_ref())) {
                (state(&shop, &order, standing.as_ref()))
                (lines(&shop, &order))
            }
            ((shop.unpaid)(&order, standing.as_ref()))
        },
    );
    if moving {
        let again = actix_web::http::header::HeaderValue::from_static("3");
        let refresh = actix_web::http::header::REFRESH;
        response.headers_mut().insert(refresh, again);
    }
    match word(standing.as_ref()) {
        "paid" => without_paid(response, &request, &order),
        _ => response,
    }
}

/// The same, for scripts.
async fn state_of_order(shop: Data<Arc<Shop>>, number: Path<String>) -> HttpResponse {
    match shop.look(&number).await {
        Some((order, standing)) => {
            HttpResponse::Ok().json(state_json(&shop, &order, standing.as_ref()))
        }
        None => HttpResponse::NotFound().finish(),
    }
}
