//! The content security policy: what a page may load, where its forms may go, and which pages may show it in a frame.

use actix_web::http::header::{HeaderValue, InvalidHeaderValue};

use crate::settings::Mall;

/// Of every page, unless its handler sets another one.
pub const OF_PAGES: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
    manifest-src 'self'; worker-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

/// Of the pay window that this mall opens: as of every page, and forms may lead back to the mall. The mall's pages may show
/// the window in a frame only where `frames` is set: a frame on the wallet server's own site has the payer's session.
///
/// # Errors
/// When an origin can't stand in a header.
pub fn of_pay_window(mall: &Mall) -> Result<HeaderValue, InvalidHeaderValue> {
    let origins = mall.origins.join(" ");
    let policy = OF_PAGES.replace(
        "form-action 'self'",
        &format!("form-action 'self' {origins}"),
    );
    HeaderValue::from_str(&match mall.frames {
        true => policy.replace(
            "frame-ancestors 'none'",
            &format!("frame-ancestors {origins}"),
        ),
        false => policy,
    })
}
