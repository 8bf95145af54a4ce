//! Styles, scripts and icons: compiled in, named with a digest of their contents, so that browsers may keep them for good.

use std::sync::LazyLock;

use actix_web::http::header;
use actix_web::web::{Path, ServiceConfig};
use actix_web::{HttpResponse, web};
use sha2::{Digest as _, Sha256};

use super::Trouble;
use crate::texts::layout as text;

struct Asset {
    name: &'static str,
    kind: &'static str,
    bytes: &'static [u8],
}

macro_rules! assets {
    ($($name:literal $kind:literal;)*) => {
        static ASSETS: &[Asset] = &[$(Asset {
            name: $name,
            kind: $kind,
            bytes: include_bytes!(concat!("../../assets/", $name)),
        }),*];
    };
}

assets! {
    "style.css" "text/css; charset=utf-8";
    "app.js" "text/javascript; charset=utf-8";
    "pay.js" "text/javascript; charset=utf-8";
    "icon.svg" "image/svg+xml";
    "icon-192.png" "image/png";
    "icon-512.png" "image/png";
}

const MALL_SCRIPT: &str = include_str!("../../assets/tessera.js");
const SERVICE_WORKER: &str = include_str!("../../assets/sw.js");
const DAY: &str = "public, max-age=86400";

/// One digest for all: whenever any of them changes, all have new addresses.
static VERSION: LazyLock<String> = LazyLock::new(|| {
    let digest = ASSETS.iter().fold(Sha256::new(), |digest, asset| {
        digest.chain_update(asset.bytes)
    });
    let digest = digest.chain_update(SERVICE_WORKER).finalize();
    digest
        .iter()
        .take(6)
        .map(|byte| format!("{byte:02x}"))
        .collect()
});

/// The address of an asset.
pub fn path(name: &str) -> String {
    format!("/assets/{}/{name}", *VERSION)
}

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
    let asset = ASSETS
        .iter()
        .find(|asset| asset.name == name && version == *VERSION)
        .ok_or(Trouble::NotFound)?;
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

/// Keeps the shell, never a page of anybody. It names what it keeps by the digest.
async fn service_worker() -> HttpResponse {
    let shell: Vec<String> = ASSETS.iter().map(|asset| path(asset.name)).collect();
    // A list of our own constants is always JSON.
    let shell = serde_json::to_string(&shell).unwrap_or_default();
    let script = SERVICE_WORKER
        .replace("\"{VERSION}\"", &format!("\"{}\"", *VERSION))
        .replace("[\"{SHELL}\"]", &shell);
    HttpResponse::Ok()
        .content_type("text/javascript; charset=utf-8")
        .insert_header((header::CACHE_CONTROL, "no-cache"))
        .body(script)
}

async fn manifest() -> HttpResponse {
    let icon = |name: &str, sizes: &str, kind: &str, purpose: &str| serde_json::json!({ "src": path(name), "sizes": sizes, "type": kind, "purpose": purpose });
    let manifest = serde_json::json!({
        "id": "/home",
        "name": text::BRAND_LONG,
        "short_name": text::BRAND,
        "description": text::DESCRIPTION,
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
        .body(manifest.to_string())
}

async fn favicon() -> HttpResponse {
    HttpResponse::Ok()
        .content_type("image/png")
        .insert_header((header::CACHE_CONTROL, DAY))
        .body(&include_bytes!("../../assets/icon-192.png")[..])
}
