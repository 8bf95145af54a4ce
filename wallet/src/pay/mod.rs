//! The pay window: a mall's page opens it, the payer agrees or cancels, the mall's page gets the result. The mall's
//! page never learns who the payer is.
//!
//! ```text
//! popup      /pay?mall=  ──handshake with the opener, by its origin──▶ POST /pay/open ─┐
//! redirect   POST /pay, or GET /pay with a Referer, from a page of the mall ───────────┴─▶ /pay/review ──▶ agree ──▶ /pay/status
//! ```
//!
//! What was asked travels in the address, sealed with a secret of this browser, so that the window can be loaded again
//! and nobody else can make such an address. A page of a mall is identified by its origin alone, as sent by the
//! browser: `Origin`, `Referer`, or the origin of a message.

mod developers;
mod obstacles;
mod outcome;
mod purchase;
mod put_right;
mod review;
mod sealed;
mod status;

use actix_web::http::{StatusCode, header};
use actix_web::web::{Data, Payload, ServiceConfig, get, post};
use actix_web::{HttpRequest, HttpResponse};
use maud::html;

use crate::settings::Mall;
use crate::web::layout::{self, Head};
use crate::web::posted::read_body;
use crate::web::visitor::locale;
use crate::web::{App, Posted, Trouble, answer, query};
use tessera_texts::{Locale, Text, pay as text};

use purchase::{BadField, Purchase};
use sealed::{Sealed, Step};

/// The routes of the pay window.
pub fn routes(config: &mut ServiceConfig) {
    config
        .route("/pay", get().to(open_by_link))
        .route("/pay", post().to(open_by_form))
        .route("/pay/open", post().to(open_by_script))
        .route("/pay/review", get().to(review::page))
        .route("/pay/sign-in", post().to(review::sign_in))
        .route("/pay/agree", post().to(review::agree))
        .route("/pay/load", post().to(put_right::load))
        .route("/pay/unfreeze", post().to(put_right::unfreeze))
        .route("/pay/cancel", post().to(review::cancel))
        .route("/pay/status", get().to(status::page))
        .route("/pay/live", get().to(status::live))
        .route("/pay/state", get().to(status::state));
}

/// `GET /pay`: with an order a link of the mall's page; without one the window that a script has opened.
async fn open_by_link(app: Data<App>, request: HttpRequest) -> HttpResponse {
    let asked = query(request.query_string());
    let malls = app.malls();
    let mall = asked.get("mall").map_or("", String::as_str);
    let Some(mall) = malls.find(mall) else {
        return unknown_mall(&request, mall);
    };
    if !asked.contains_key("order") {
        return handshake(&request, mall);
    }
    let referrer = text_of(&request, header::REFERER);
    let origin = url::Url::parse(referrer).map(|url| url.origin().ascii_serialization());
    let find = |name: &str| asked.get(name).map_or("", String::as_str);
    open(&app, &request, &origin.unwrap_or_default(), find)
}

/// `POST /pay`: a form of the mall's page.
async fn open_by_form(
    app: Data<App>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Trouble> {
    let body = read_body(&request, payload.into_inner()).await?;
    let posted = Posted::parse(&body);
    let origin = text_of(&request, header::ORIGIN);
    Ok(open(&app, &request, origin, |name| posted.raw(name)))
}

/// `POST /pay/open`: our own script, which has shaken hands with the opener and says from which origin it spoke.
async fn open_by_script(
    app: Data<App>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Trouble> {
    let body = read_body(&request, payload.into_inner()).await?;
    let posted = Posted::parse(&body);
    Ok(open(&app, &request, posted.raw("origin"), |name| {
        // Nobody is led back by address from a popup.
        if name == "return_url" {
            ""
        } else {
            posted.raw(name)
        }
    }))
}

fn open<'a>(
    app: &App,
    request: &HttpRequest,
    origin: &str,
    find: impl Fn(&str) -> &'a str,
) -> HttpResponse {
    let malls = app.malls();
    let Some(mall) = malls.find(find("mall")) else {
        return unknown_mall(request, find("mall"));
    };
    if !mall.origins.iter().any(|known| known == origin) {
        return unknown_origin(request, mall, origin);
    }
    match Purchase::read(origin, find) {
        Ok(purchase) => Sealed::new(purchase, Step::Asked).go(request, "/pay/review"),
        Err(BadField(field)) => refused_for(
            request,
            "field",
            field,
            (text::BAD_TITLE, text::BAD),
            &developers::field(field),
        ),
    }
}

/// Waits for the opener's word. The script believes only these origins.
fn handshake(request: &HttpRequest, mall: &Mall) -> HttpResponse {
    let locale = &locale(request);
    let body = html! {
        section.outcome.waiting id="handshake" data-mall=(mall.acceptor) data-origins=(mall.origins.join(" ")) {
            h1 { (locale.say(text::OPENING)) }
            noscript { p { (locale.say(text::NO_SCRIPT)) } }
            // What the script shows in its place.
            @for (reason, title, words, mall) in [
                ("origin", text::UNREGISTERED_TITLE, text::UNREGISTERED, developers::origin(&mall.acceptor, None)),
                ("silent", text::SILENT_TITLE, text::SILENT, developers::SILENT.to_owned()),
            ] {
                template data-reason=(reason) { (refusal(locale, reason, "", (&title, &words), &mall)) }
            }
        }
    };
    answer::html(StatusCode::OK, &window(locale, text::TITLE, None, &body))
}

/// Another page of the window, for what stands in the address of this one.
fn address(path: &str, request: &HttpRequest) -> String {
    format!("{path}?{}", request.query_string())
}

/// The frame of every page of the window. `refresh` is after how many seconds it goes where by itself, where no script runs.
fn window(
    locale: &Locale,
    title: Text,
    refresh: Option<(u32, &str)>,
    body: &maud::Markup,
) -> maud::Markup {
    let head = Head {
        scripts: &["pay.js"],
        refresh,
    };
    layout::window(locale, title, head, body)
}

fn refused(request: &HttpRequest, title: Text, words: Text) -> HttpResponse {
    refused_for(request, "", "", (title, words), "")
}

fn unknown_mall(request: &HttpRequest, mall: &str) -> HttpResponse {
    let words = (text::UNREGISTERED_TITLE, text::UNREGISTERED);
    refused_for(
        request,
        "mall",
        "mall",
        words,
        &developers::unknown_mall(mall),
    )
}

fn unknown_origin(request: &HttpRequest, mall: &Mall, origin: &str) -> HttpResponse {
    let words = (text::UNREGISTERED_TITLE, text::UNREGISTERED);
    let of_mall = developers::origin(&mall.acceptor, Some(origin));
    refused_for(request, "origin", "", words, &of_mall)
}

/// The same, with what the mall's developer has to know. The script passes that on to the mall's page.
fn refused_for(
    request: &HttpRequest,
    reason: &str,
    field: &str,
    (title, words): (Text, Text),
    of_mall: &str,
) -> HttpResponse {
    let locale = &locale(request);
    let body = refusal(locale, reason, field, (&title, &words), of_mall);
    answer::html(StatusCode::FORBIDDEN, &window(locale, title, None, &body))
}

fn refusal(
    locale: &Locale,
    reason: &str,
    field: &str,
    (title, words): (&Text, &Text),
    of_mall: &str,
) -> maud::Markup {
    html! {
        section id="pay-refused" data-reason=(reason) data-field=(field) data-mall=(of_mall) {
            h1 { (locale.say(title)) }
            p.lead { (locale.say(words)) }
            @if !of_mall.is_empty() { p.detail lang="en" dir="ltr" { (developers::FOR_MALL) " " (of_mall) " " (developers::SEE) } }
        }
    }
}

/// Whether the browser says that this is asked for by a frame.
fn is_framed(request: &HttpRequest) -> bool {
    let name = header::HeaderName::from_static("sec-fetch-dest");
    !matches!(text_of(request, name), "" | "document")
}

fn text_of(request: &HttpRequest, name: header::HeaderName) -> &str {
    let value = request.headers().get(name);
    value.and_then(|value| value.to_str().ok()).unwrap_or("")
}
