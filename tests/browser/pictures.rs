//! Pictures of the main pages, into target/screenshots: for people to look at.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::json;

use crate::chromium::Browser;

/// Where they are put.
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("target/screenshots")
}

/// Keeps a picture.
pub fn keep(name: &str, picture: &[u8]) {
    fs::create_dir_all(folder()).expect("a folder");
    fs::write(folder().join(format!("{name}.png")), picture).expect("a file");
}

/// A mail as its reader sees it.
pub fn of_mail(browser: &Browser, html: &str) {
    fs::create_dir_all(folder()).expect("a folder");
    let path = folder().join("mail.html");
    fs::write(&path, html).expect("a file");
    let page = browser.window();
    browser.new_window();
    let size = json!({ "width": 640, "height": 480, "deviceScaleFactor": 1, "mobile": false });
    browser.devtools("Emulation.setDeviceMetricsOverride", &size);
    browser.open(&format!("file://{}", path.display()));
    keep("mail", &browser.picture());
    let dark = json!({ "features": [{ "name": "prefers-color-scheme", "value": "dark" }] });
    browser.devtools("Emulation.setEmulatedMedia", &dark);
    keep("mail-dark", &browser.picture());
    browser.devtools("Emulation.setEmulatedMedia", &json!({ "features": [] }));
    browser.close_window();
    browser.look_at(&page);
}
