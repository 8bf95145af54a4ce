//! Answers what is the same for everybody: assets, the malls' script, the service worker, the manifest.

use actix_web::http::header;
use actix_web::web::{Path, ServiceConfig};
use actix_web::{HttpResponse, web};

use super::{Trouble, Visitor, assets};
use tessera_texts::layout as text;

const MALL_SCRIPT: &str = include_str!("../../assets/tessera.js");
const DAY: &str = "public, max-age=86400";

/// The routes of what is the same for everybody.
pub fn routes(config: &mut ServiceConfig) {
    config
        .route("/assets/{version}/{name}", web::get().to(asset))
        .route("/tessera.js", web::get().to(mall_script))
        .route("/sw.js", web::get().to(service_worker))
        .route("/manifest.webmanifest", web::get().to(manifest))
        .route("/favicon.ico", web::get().to(favicon));
}

async fn asset(path: Path<(String, String)>) -> Result<HttpResponse, Trouble> {
    // Another version's page, while servers are being replaced: what it wants is not here, and must not be kept under its name.
    let (version, name) = path.into_inner();
    let asset = assets::find(&version, &name).ok_or(Trouble::NotFound)?;
    Ok(HttpResponse::Ok()
        .content_type(asset.kind)
        .insert_header((header::CACHE_CONTROL, "public, max-age=31536000, immutable"))
        .body(asset.bytes))
}

/// For malls' pages. They may load it from anywhere.
async fn mall_script() -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/javascript; charset=utf-8")
        .insert_header((header::CACHE_CONTROL, "public, max-age=300"))
        .insert_header(("cross-origin-resource-policy", "cross-origin"))
        .body(MALL_SCRIPT)
}

async fn service_worker() -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/javascript; charset=utf-8")
        .insert_header((header::CACHE_CONTROL, "no-cache"))
        .body(assets::service_worker())
}

async fn manifest(visitor: Visitor) -> HttpResponse {
    let locale = &visitor.locale;
    let icon = |name: &str, sizes: &str, kind: &str, purpose: &str| serde_json::json!({ "src": assets::path(name), "sizes": sizes, "type": kind, "purpose": purpose });
    let manifest = serde_json::json!({
        "id": "/home",
        "name": locale.say(text::BRAND_LONG),
        "short_name": locale.say(text::BRAND),
        "lang": locale.language().code(),
        "dir": locale.language().direction(),
        "description": locale.say(text::DESCRIPTION),
        "start_url": "/home",
        "scope": "/",
        "display": "standalone",
        "background_color": "#faf9f6",
        "theme_color": "#0b5d51",
        "icons": [
            icon("icon.svg", "any", "image/svg+xml", "any"),
            icon("icon-192.png", "192x192", "image/png", "any maskable"),
            icon("icon-512.png", "512x512", "image/png", "any maskable"),
        ],
    });
    HttpResponse::Ok()
        .content_type("application/manifest+json")
        .insert_header((header::CACHE_CONTROL, DAY))
        .insert_header((header::VARY, "accept-language, cookie"))
        .body(manifest.to_string())
}

async fn favicon() -> HttpResponse {
    HttpResponse::Ok()
        .content_type("image/png")
        .insert_header((header::CACHE_CONTROL, DAY))
        .body(&include_bytes!("../../assets/icon-192.png")[..])
}
