//! The middleware around every request: refuses requests of other sites, logs and counts the request, and adds the security
//! headers to the answer.

use std::time::Instant;

use actix_web::HttpResponse;
use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::Next;
use actix_web::web::Data;

use super::visitor::locale;
use super::{App, Trouble, is_pay_window, layout, query};
use crate::policy;
use tessera_texts::trouble as text;

/// Bytes of all headers of a request together.
const HEADER_BYTES_MAX: usize = 16 * 1024;

const PERMISSIONS: &str = "accelerometer=(), camera=(), geolocation=(), gyroscope=(), magnetometer=(), microphone=(), \
    payment=(), usb=(), interest-cohort=(), publickey-credentials-create=(self), publickey-credentials-get=(self)";

/// The middleware; see the module.
pub async fn guard<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let begun = Instant::now();
    let method = request.method().clone();
    let window = is_pay_window(request.path());
    let app = request.app_data::<Data<App>>().cloned();
    let mall = query(request.query_string()).remove("mall");
    let refused = app.as_ref().and_then(|app| refuse(&request, app));
    let mut response = match refused {
        Some(response) => request.into_response(response),
        None => next.call(request).await?.map_into_boxed_body(),
    };
    if let Some(trouble) = trouble(&response) {
        let locale = locale(response.request());
        // Never another host, whatever the request line says.
        let here = response.request().uri().path_and_query();
        let here = here.map_or("/", |here| here.as_str());
        // A page that could not be shown now can be asked for again as it is.
        let way_on = match trouble {
            Trouble::Failure(_) if method == Method::GET => (here, &text::AGAIN),
            _ => ("/", &text::BACK),
        };
        let page = trouble.page(&locale, way_on, layout::plain);
        response = response.into_response(page);
    }
    if let Some(app) = &app {
        if window {
            add_window_rules(response.headers_mut(), app, mall.as_deref());
        }
        add_rules(response.headers_mut(), app.settings.is_https());
    }
    if let Some(app) = app {
        // The pattern, never the path: an address may hold what somebody was looking for.
        let route = response.request().match_pattern();
        let route = route.as_deref().unwrap_or("none");
        let status = response.status().as_u16();
        let time = begun.elapsed();
        let method = method_word(&method);
        app.metrics.request(route, method, status, time);
        let microseconds = time.as_micros() as u64;
        tracing::info!(target: "tessera_wallet::request", method, route, status, microseconds, "request");
    }
    Ok(response)
}

/// What kept a page from being shown, where the answer is to say so.
fn trouble(response: &ServiceResponse<BoxBody>) -> Option<Trouble> {
    let error = response.response().error()?;
    let trouble: &Trouble = error.as_error()?;
    let leads_on = matches!(trouble, Trouble::SignIn(_) | Trouble::Ended);
    (!leads_on).then(|| trouble.clone())
}

/// Methods are a browser's to choose; labels of a metric are not.
fn method_word(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::POST => "POST",
        Method::HEAD => "HEAD",
        _ => "other",
    }
}

fn refuse(request: &ServiceRequest, app: &App) -> Option<HttpResponse> {
    let headers = request.headers();
    let bytes: usize = headers
        .iter()
        .map(|(name, value)| name.as_str().len() + value.len())
        .sum();
    if bytes > HEADER_BYTES_MAX {
        return Some(HttpResponse::new(
            StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
        ));
    }
    let safe = matches!(*request.method(), Method::GET | Method::HEAD);
    // A mall sends payers to /pay from its own pages, and the extension is known by its handle: both look for themselves.
    let looks_itself = request.path() == "/pay" || request.path().starts_with("/extension/");
    if safe || looks_itself || is_own_page(headers, &app.settings.origin) {
        return None;
    }
    Some(HttpResponse::from_error(Trouble::Form))
}

/// Whether one of our own pages sends this: by what the browser says of the sender, which no page can change.
pub fn is_own_page(headers: &HeaderMap, own: &str) -> bool {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    match (text("sec-fetch-site"), text("origin")) {
        (Some("same-origin"), None | Some("null")) => true,
        (Some("same-origin") | None, Some(origin)) => origin == own,
        _ => false,
    }
}

/// The pay window keeps its opener, through every page of it, and leads back to the mall that asks.
fn add_window_rules(headers: &mut HeaderMap, app: &App, mall: Option<&str>) {
    let malls = app.malls();
    if let Some(policy) = mall.and_then(|mall| malls.policy(mall)) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy.clone());
    }
    headers.insert(
        HeaderName::from_static("cross-origin-opener-policy"),
        HeaderValue::from_static("unsafe-none"),
    );
}

fn add_rules(headers: &mut HeaderMap, https: bool) {
    let mut unless_set = |name: HeaderName, value: &'static str| {
        if !headers.contains_key(&name) {
            headers.insert(name, HeaderValue::from_static(value));
        }
    };
    unless_set(header::CONTENT_SECURITY_POLICY, policy::OF_PAGES);
    unless_set(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    // With no-referrer, browsers would not say where our own forms come from either.
    unless_set(header::REFERRER_POLICY, "same-origin");
    unless_set(HeaderName::from_static("permissions-policy"), PERMISSIONS);
    unless_set(
        HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    );
    unless_set(
        HeaderName::from_static("cross-origin-resource-policy"),
        "same-origin",
    );
    unless_set(header::CACHE_CONTROL, "no-store");
    if https {
        unless_set(
            header::STRICT_TRANSPORT_SECURITY,
            "max-age=63072000; includeSubDomains",
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_pages_send_forms() {
        let own = |pairs: &[(&'static str, &'static str)]| {
            let mut headers = HeaderMap::new();
            for (name, value) in pairs {
                headers.insert(
                    HeaderName::from_static(name),
                    HeaderValue::from_static(value),
                );
            }
            is_own_page(&headers, "http://localhost:8080")
        };
        let (site, origin) = ("sec-fetch-site", "origin");
        assert!(own(&[(site, "same-origin")]));
        assert!(own(&[(origin, "http://localhost:8080")]));
        assert!(own(&[
            (site, "same-origin"),
            (origin, "http://localhost:8080")
        ]));
        assert!(!own(&[]));
        assert!(!own(&[
            (site, "same-site"),
            (origin, "http://localhost:8080")
        ]));
        assert!(!own(&[(site, "cross-site")]));
        assert!(!own(&[(origin, "null")]));
        assert!(!own(&[
            (site, "same-origin"),
            (origin, "http://127.0.0.1:8081")
        ]));
    }
}
