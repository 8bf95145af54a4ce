//! What all pages of both shops share: the frame around them, money, and how an order stands.

use actix_web::HttpResponse;
use actix_web::http::header::{CACHE_CONTROL, ContentType, LOCATION};
use maud::{DOCTYPE, Markup, html};
use serde_json::{Value, json};
use tessera_protocol::money_text;

use super::acquiring::{RefundState, Standing, State, Why};
use super::orders::Order;
use super::shop::Shop;
use super::webhook::{self, Confirmation, What};

/// A page of a shop.
pub(super) fn page(shop: &Shop, title: &str, scripts: &[&str], body: Markup) -> HttpResponse {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (title) " · " (shop.name) }
                link rel="stylesheet" href="/shop.css";
                link rel="icon" href="data:,";
                @for script in scripts {
                    script src=(script) defer {}
                }
            }
            body class=(shop.look) {
                a.skip href="#content" { "To the content" }
                header {
                    a.sign href="/" { (shop.name) }
                    nav aria-label="Shop" {
                        @for (address, text) in shop.ways {
                            a href=(address) { (text) } " "
                        }
                    }
                }
                main id="content" {
                    h1 { (title) }
                    (body)
                }
                footer { "A demonstration shop: nothing is ever delivered, and no real money moves." }
            }
        }
    };
    HttpResponse::Ok()
        .insert_header(ContentType::html())
        .insert_header((CACHE_CONTROL, "no-store"))
        .body(page.into_string())
}

/// Goes on elsewhere, with GET.
pub(super) fn see_other(address: &str) -> HttpResponse {
    HttpResponse::SeeOther()
        .insert_header((LOCATION, address))
        .finish()
}

/// Nothing of that name.
pub(super) fn not_found(shop: &Shop) -> HttpResponse {
    let mut response = page(
        shop,
        "Not found",
        &[],
        html! { p { a href="/" { "To the shop" } } },
    );
    *response.status_mut() = actix_web::http::StatusCode::NOT_FOUND;
    response
}

/// The shop cannot write its log.
pub(super) fn out_of_order(shop: &Shop) -> HttpResponse {
    let sorry = html! { p { "The shop can't accept this at the moment. Nothing was paid." } };
    let mut response = page(shop, "Out of order", &[], sorry);
    *response.status_mut() = actix_web::http::StatusCode::SERVICE_UNAVAILABLE;
    response
}

/// An amount as people read it.
pub(super) fn money(shop: &Shop, minor: u64) -> String {
    money_text(minor, shop.currency)
}

/// The lines of an order.
pub(super) fn lines(shop: &Shop, order: &Order) -> Markup {
    html! {
        table {
            thead { tr { th scope="col" { "What" } th.number scope="col" { "Price" } } }
            tbody {
                @for line in &order.lines {
                    tr { td { (line.text) } td.number { (money(shop, line.amount)) } }
                }
            }
            tfoot { tr { th scope="row" { "Total" } td.number.price { (money(shop, order.amount())) } } }
        }
    }
}

/// One word for how an order stands, for scripts and lists.
pub(super) fn word(standing: Option<&Standing>) -> &'static str {
    match standing.map(|standing| &standing.state) {
        // Nothing was asked: it may still be paid.
        None | Some(State::Unreached) => "open",
        Some(State::Asked) => "asked",
        Some(State::Approved { .. }) => "paid",
        Some(State::Declined { .. }) => "declined",
        Some(State::Undoing {
            why: Why::Unanswered,
        }) => "undoing",
        Some(State::Undone {
            why: Why::Unanswered,
        }) => "declined",
        Some(State::Undoing {
            why: Why::Cancelled,
        }) => "cancelling",
        Some(State::Undone {
            why: Why::Cancelled,
        }) => "cancelled",
    }
}

/// How an order stands, for scripts.
pub(super) fn state_json(shop: &Shop, order: &Order, standing: Option<&Standing>) -> Value {
    let mut json =
        json!({ "order": order.number, "status": word(standing), "amount": order.amount() });
    match standing.map(|standing| &standing.state) {
        Some(State::Approved {
            authorization,
            reference,
        }) => {
            json["authorization"] = authorization.as_str().into();
            json["reference"] = reference.as_str().into();
        }
        Some(State::Declined { code, reason }) => {
            json["code"] = code.as_str().into();
            json["reason"] = reason.as_str().into();
        }
        _ => {}
    }
    let refunds = standing.map_or(&[][..], |standing| &standing.refunds);
    let refunds = refunds.iter().map(|refund| match &refund.state {
        RefundState::Asked => json!({ "amount": refund.amount, "status": "asked" }),
        RefundState::Approved { .. } => json!({ "amount": refund.amount, "status": "refunded" }),
        RefundState::Declined { code, .. } => {
            json!({ "amount": refund.amount, "status": "declined", "code": code })
        }
    });
    json["refunds"] = refunds.collect();
    let confirmed = shop.confirmed(&order.number).into_iter();
    let confirmed = confirmed.map(|confirmation| {
        let Confirmation {
            id: _,
            what,
            amount,
            at,
        } = confirmation;
        json!({ "what": what, "amount": amount, "at": at })
    });
    json["confirmed"] = confirmed.collect();
    json
}

/// How an order stands, for people: what the switch has answered, and what it has confirmed since by webhook.
pub(super) fn state(shop: &Shop, order: &Order, standing: Option<&Standing>) -> Markup {
    let confirmed = shop.confirmed(&order.number);
    let last = |what| confirmed.iter().rev().find(|one| one.what == what);
    let Some(standing) = standing else {
        return html! {
            p.state { "Not paid yet" }
            @if let Some(expired) = last(What::Expired) {
                p id="expired" {
                    "Your agreement in the wallet expired at " (clock(expired.at)) ". Nothing was paid, and you can agree again."
                }
            }
        };
    };
    html! {
        @match &standing.state {
            State::Asked => { p.state { "Being paid" } }
            State::Approved { authorization, reference } => {
                p.state.good {
                    "Paid"
                    @if let Some(paid) = last(What::Paid) {
                        span.hint id="confirmed" { " - confirmed by webhook at " (clock(paid.at)) }
                    }
                }
                dl {
                    dt { "Authorization code" } dd id="authorization" { (authorization) }
                    dt { "Reference" } dd id="reference" { (reference) }
                }
            }
            State::Declined { code, reason } => {
                p.state.bad { "Declined" }
                p id="why" { (meaning(code)) }
                // For those who build shops.
                p.hint { "The switch answered " span id="code" { (code) } @if !reason.is_empty() { ": " (reason) } "." }
            }
            State::Unreached => {
                p.state.bad { "Not paid yet" }
                p { "The payment switch could not be reached. No payment was requested." }
            }
            State::Undoing { why: Why::Unanswered } | State::Undone { why: Why::Unanswered } => {
                p.state.bad { "Not paid" }
                p { "There was no answer in time, so the payment is being reversed." }
            }
            State::Undoing { why: Why::Cancelled } => {
                p.state { "Being cancelled" }
                p { "The switch has not acknowledged the reversal yet; the shop repeats it." }
            }
            State::Undone { why: Why::Cancelled } => { p.state { "Cancelled: the money was returned" } }
        }
        (confirmations(shop, &confirmed))
        @if !standing.refunds.is_empty() {
            h2 { "Refunds" }
            ul {
                @for refund in &standing.refunds {
                    li {
                        (money(shop, refund.amount)) " "
                        @match &refund.state {
                            RefundState::Asked => { "in progress" }
                            RefundState::Approved { authorization } => {
                                span.good { "refunded" } ", authorization code " (authorization)
                            }
                            RefundState::Declined { code, reason } => {
                                span.bad { "declined" } ": " (meaning(code)) " "
                                span.hint { "The switch answered " (code) @if !reason.is_empty() { ": " (reason) } "." }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// What webhooks have confirmed after the payment itself.
fn confirmations(shop: &Shop, confirmed: &[Confirmation]) -> Markup {
    let later: Vec<_> = confirmed
        .iter()
        .filter(|one| one.what != What::Paid)
        .collect();
    html! {
        @if !later.is_empty() {
            ul.confirmed aria-label="Confirmed by webhook" {
                @for one in later {
                    li {
                        (words(shop, one)) " "
                        span.hint { "confirmed by webhook at " (clock(one.at)) }
                    }
                }
            }
        }
    }
}

fn words(shop: &Shop, confirmation: &Confirmation) -> String {
    let amount = money(shop, confirmation.amount);
    match confirmation.what {
        What::Paid => format!("{amount} paid"),
        What::Reversed => format!("{amount} reversed"),
        What::Refunded => format!("{amount} refunded"),
        What::RefundReversed => format!("Refund of {amount} taken back"),
        What::Expired => format!("Agreement to pay {amount} expired"),
    }
}

/// A time of day, with its date where that is another one: `12:03:04 UTC`.
fn clock(second: u64) -> String {
    clock_at(second, webhook::now())
}

fn clock_at(second: u64, now: u64) -> String {
    const DAY: u64 = 24 * 60 * 60;
    let of_day = second % DAY;
    let (hour, minute) = (of_day / 3_600, of_day / 60 % 60);
    let time = format!("{hour:02}:{minute:02}:{:02} UTC", of_day % 60);
    let at = i64::try_from(second).ok();
    let at = at.and_then(|second| time::OffsetDateTime::from_unix_timestamp(second).ok());
    match at {
        Some(at) if second / DAY != now / DAY => format!("{time} on {}", at.date()),
        _ => time,
    }
}

/// What a response code says to a buyer, and what they can do.
fn meaning(code: &str) -> String {
    let known = match code {
        "05" => "The bank declined. Please ask your bank, or pay in another way.",
        "13" => "The amount is not the one that you agreed to in your wallet.",
        "14" => {
            "This card number is not known, or no longer works. Please check its digits, or use another number."
        }
        "25" => "You have not agreed to this purchase in your wallet, or not in time.",
        "51" => "There is not enough money in your wallet. Please load some, and try again.",
        "54" => "The card has expired, or its expiry date is mistyped.",
        "57" => {
            "This card number can't be used here. It may be for another shop, or for one purchase."
        }
        "61" => "This is above a limit of your wallet, or of this card number.",
        "62" => {
            "Your wallet or card is frozen, blocked or closed. If you froze the wallet, unfreeze it and try again."
        }
        "65" => "You have reached the number of purchases that your limits allow.",
        "91" => "The bank does not answer. Nothing was paid. Please try again in a moment.",
        "94" => "This order was charged before.",
        "96" => {
            "The payment service had a problem. Nothing was paid. Please try again in a moment."
        }
        _ => "",
    };
    if !known.is_empty() {
        return known.to_owned();
    }
    let code: Option<[u8; 2]> = code.as_bytes().try_into().ok();
    let meaning = code.and_then(|code| tessera_protocol::ResponseCode::new(code).meaning());
    let mut meaning = meaning.unwrap_or("declined").to_owned();
    if let Some(first) = meaning.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    meaning + "."
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_of_another_day_has_its_date() {
        assert_eq!(clock_at(1_795_340_700, 1_795_340_701), "09:45:00 UTC");
        assert_eq!(
            clock_at(1_795_340_700, 1_795_340_700 + 86_400),
            "09:45:00 UTC on 2026-11-22"
        );
    }
}
