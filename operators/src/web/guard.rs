//! The middleware around every request: logs who asks for what, and adds the security headers to the answer. Pages of other sites are
//! refused before, by `tessera_http::local`.

use std::time::Instant;

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::web::Data;

use super::App;

/// Without `unsafe-inline`: whatever gets into a page is not run.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
    form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

const PERMISSIONS: &str = "accelerometer=(), camera=(), geolocation=(), gyroscope=(), magnetometer=(), microphone=(), \
    payment=(), usb=(), interest-cohort=()";

/// The middleware; see the module.
///
/// # Errors
/// Those of the application.
pub async fn guard<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, actix_web::Error> {
    let begun = Instant::now();
    let method = match request.method().is_safe() {
        true => "GET",
        false => "POST",
    };
    let https = request.app_data::<Data<App>>();
    let https = https.is_some_and(|app| app.settings.is_https());
    let mut response = next.call(request).await?;
    add_rules(response.headers_mut(), https);
    // The pattern, never the path: an address may hold what somebody was looking for.
    let route = response.request().match_pattern();
    let route = route.as_deref().unwrap_or("none");
    let status = response.status().as_u16();
    let microseconds = begun.elapsed().as_micros() as u64;
    tracing::debug!(target: "tessera_operators::request", method, route, status, microseconds, "request");
    Ok(response)
}

fn add_rules(headers: &mut HeaderMap, https: bool) {
    let mut unless_set = |name: HeaderName, value: &'static str| {
        if !headers.contains_key(&name) {
            headers.insert(name, HeaderValue::from_static(value));
        }
    };
    unless_set(header::CONTENT_SECURITY_POLICY, POLICY);
    unless_set(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
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
