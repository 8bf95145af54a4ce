//! Styles, scripts and icons: compiled in, named with a digest of their contents, so that browsers may keep them for good.

use std::sync::LazyLock;

use sha2::{Digest as _, Sha256};

/// A file that pages refer to.
pub struct Asset {
    name: &'static str,
    /// Its media type.
    pub kind: &'static str,
    /// What is in it.
    pub bytes: &'static [u8],
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
    "passkey.js" "text/javascript; charset=utf-8";
    "pay.js" "text/javascript; charset=utf-8";
    "push.js" "text/javascript; charset=utf-8";
    "icon.svg" "image/svg+xml";
    "icon-192.png" "image/png";
    "icon-512.png" "image/png";
}

const SERVICE_WORKER: &str = include_str!("../../assets/sw.js");

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

/// The asset of this name, as long as it is still that of the version.
pub fn find(version: &str, name: &str) -> Option<&'static Asset> {
    let asset = ASSETS.iter().find(|asset| asset.name == name);
    asset.filter(|_| version == *VERSION)
}

/// The script that caches the assets, never a page of a payer, and shows notifications. The cache is named by their digest.
pub fn service_worker() -> String {
    let shell: Vec<String> = ASSETS.iter().map(|asset| path(asset.name)).collect();
    // A list of our own constants is always JSON.
    let shell = serde_json::to_string(&shell).unwrap_or_default();
    SERVICE_WORKER
        .replace("\"{VERSION}\"", &format!("\"{}\"", *VERSION))
        .replace("[\"{SHELL}\"]", &shell)
}
