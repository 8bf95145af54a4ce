//! Style, script and icon: compiled in, named with a digest of their contents. The style is that of the payers' pages, with a few rules
//! of its own behind it.

use std::sync::LazyLock;

use actix_web::http::header;
use actix_web::web::{Path, ServiceConfig};
use actix_web::{HttpResponse, web};
use sha2::{Digest as _, Sha256};

const FILES: &[(&str, &str, &[u8])] = &[
    (
        "style.css",
        "text/css; charset=utf-8",
        include_bytes!("../../../wallet/assets/style.css"),
    ),
    (
        "console.css",
        "text/css; charset=utf-8",
        include_bytes!("../../assets/console.css"),
    ),
    (
        "console.js",
        "text/javascript; charset=utf-8",
        include_bytes!("../../assets/console.js"),
    ),
    (
        "icon.svg",
        "image/svg+xml",
        include_bytes!("../../../wallet/assets/icon.svg"),
    ),
];

static VERSION: LazyLock<String> = LazyLock::new(|| {
    let all = FILES.iter();
    let digest = all.fold(Sha256::new(), |digest, (_, _, bytes)| {
        digest.chain_update(bytes)
    });
    let digest = digest.finalize();
    digest
        .iter()
        .take(6)
        .map(|byte| format!("{byte:02x}"))
        .collect()
});

/// The address of a file.
pub fn path(name: &str) -> String {
    format!("/assets/{}/{name}", *VERSION)
}

/// The routes.
pub fn routes(config: &mut ServiceConfig) {
    config.route("/assets/{version}/{name}", web::get().to(asset));
}

async fn asset(path: Path<(String, String)>) -> HttpResponse {
    let (version, name) = path.into_inner();
    let found = FILES.iter().find(|(own, ..)| *own == name);
    match found.filter(|_| version == *VERSION) {
        None => HttpResponse::NotFound().finish(),
        Some((_, kind, bytes)) => HttpResponse::Ok()
            .content_type(*kind)
            .insert_header((header::CACHE_CONTROL, "public, max-age=31536000, immutable"))
            .body(*bytes),
    }
}
