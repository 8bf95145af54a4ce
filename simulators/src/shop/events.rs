//! Where the switch sends its webhooks.
//!
//! | answer | when |
//! | --- | --- |
//! | 204 | the event is stored, was stored before, or is about nothing of the shop |
//! | 400 | it is signed, but no event |
//! | 401 | it is not signed with the shop's secret, or is older than five minutes |
//! | 503 | it could not be stored: the switch sends it again |

use std::sync::Arc;

use actix_web::web::{self, Bytes, Data};
use actix_web::{HttpRequest, HttpResponse};

use super::shop::Shop;
use super::webhook::{Confirmation, Event, Signed, What, now};

/// The path of the address in the party's profile.
const PATH: &str = "/tessera/events";

pub(super) fn routes(config: &mut web::ServiceConfig) {
    config.route(PATH, web::post().to(take));
}

async fn take(shop: Data<Arc<Shop>>, request: HttpRequest, body: Bytes) -> HttpResponse {
    let Some(webhooks) = &shop.webhooks else {
        return HttpResponse::NotFound().finish();
    };
    let header = |name: &str| {
        let value = request.headers().get(name)?;
        value.to_str().ok()
    };
    let id = header("webhook-id").unwrap_or_default();
    let signed = Signed {
        id,
        timestamp: header("webhook-timestamp").unwrap_or_default(),
        signatures: header("webhook-signature").unwrap_or_default(),
        body: &body,
    };
    let now = now();
    if let Err(refused) = webhooks.secrets.verify(&signed, now) {
        tracing::warn!(%refused, "webhook refused");
        return HttpResponse::Unauthorized().body(format!("{refused}\n"));
    }
    let Ok(event) = serde_json::from_slice::<Event>(&body) else {
        tracing::warn!("webhook is signed but no event");
        return HttpResponse::BadRequest().body("not an event\n");
    };
    // Others of the same party, and types that the shop has no use for, are only acknowledged.
    let order = event.order().and_then(|key| shop.orders.find_by_key(&key));
    let (Some(order), Some(what)) = (order, What::of(&event.kind)) else {
        return HttpResponse::NoContent().finish();
    };
    let confirmation = Confirmation {
        id: id.to_owned(),
        what,
        amount: event.data.amount,
        at: now,
    };
    // It waits for the disk.
    let shop = Arc::clone(&shop);
    let stored = web::block(move || {
        let webhooks = shop.webhooks.as_ref();
        webhooks.map_or(Ok(()), |webhooks| {
            webhooks.confirmations.add(&order.number, confirmation)
        })
    });
    match stored.await {
        Ok(Ok(())) => HttpResponse::NoContent().finish(),
        Ok(Err(error)) => {
            tracing::error!(%error, "the confirmations cannot be written");
            HttpResponse::ServiceUnavailable().finish()
        }
        Err(_) => HttpResponse::ServiceUnavailable().finish(),
    }
}
