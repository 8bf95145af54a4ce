//! The packages of the browser extension: what is in them, and what they may do.

use std::collections::BTreeSet;
use std::io::{Cursor, Read as _};
use std::path::Path;

use serde_json::{Value, json};
use tessera_wallet::{Browser, OriginError, Package};
use zip::DateTime;

fn made(browser: Browser, origin: &str) -> Package {
    Package::new(browser, origin).unwrap()
}

fn text(package: &Package, path: &str) -> String {
    let (_, bytes) = package.files().find(|(name, _)| *name == path).unwrap();
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn manifest_of(browser: Browser, origin: &str) -> Value {
    serde_json::from_str(&text(&made(browser, origin), "manifest.json")).unwrap()
}

#[test]
fn every_file_of_the_folder_is_in_a_package() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("extension");
    let mut there = BTreeSet::new();
    for below in ["", "icons", "page"] {
        for entry in std::fs::read_dir(folder.join(below)).unwrap() {
            let path = entry.unwrap().path();
            if path.is_file() {
                let path = path.strip_prefix(&folder).unwrap();
                there.insert(path.display().to_string());
            }
        }
    }
    let sources = Package::sources();
    let packed: BTreeSet<_> = sources.files().map(|(path, _)| path.to_owned()).collect();
    assert_eq!(packed, there);
}

#[test]
fn an_archive_holds_the_files_and_is_the_same_each_time() {
    for browser in Browser::ALL {
        let package = made(browser, "https://wallet.example");
        let bytes = package.zip();
        assert_eq!(bytes, made(browser, "https://wallet.example").zip());
        let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
        assert_eq!(archive.len(), package.files().count());
        for (at, (path, bytes)) in package.files().enumerate() {
            let mut file = archive.by_index(at).unwrap();
            let mut read = Vec::new();
            file.read_to_end(&mut read).unwrap();
            assert_eq!((&*file.name().unwrap(), &*read), (path, bytes));
            assert_eq!(file.unix_mode(), Some(0o100_644));
            assert_eq!(file.last_modified(), Some(DateTime::DEFAULT));
        }
    }
}

#[test]
fn it_may_connect_to_the_wallet_server_alone_and_reads_nothing_unasked() {
    for browser in Browser::ALL {
        let origin = "https://wallet.example:8443";
        let manifest = manifest_of(browser, origin);
        let pattern = match browser {
            Browser::Chromium => "https://wallet.example:8443/*",
            Browser::Firefox => "https://wallet.example/*",
        };
        assert_eq!(manifest["host_permissions"], json!([pattern]));
        let policy = manifest["content_security_policy"]["extension_pages"].as_str();
        let policy = policy.unwrap();
        assert!(
            policy.contains(&format!("connect-src {origin};")),
            "{policy}"
        );
        assert!(!policy.contains("localhost"));
        let permissions = json!(["activeTab", "contextMenus", "scripting", "storage"]);
        assert_eq!(manifest["permissions"], permissions);
        for pattern in manifest["optional_host_permissions"].as_array().unwrap() {
            let pattern = pattern.as_str().unwrap();
            let here = ["http://localhost/*", "http://127.0.0.1/*"].contains(&pattern);
            assert!(here || pattern.starts_with("https:"), "{pattern}");
        }
        for key in [
            "content_scripts",
            "web_accessible_resources",
            "externally_connectable",
        ] {
            assert!(manifest[key].is_null(), "a page could notice it by {key}");
        }
        let build = text(&made(browser, origin), "build.js");
        assert!(build.contains(&format!("WALLET = \"{origin}\"")), "{build}");
        assert!(build.contains("TEST = false"), "{build}");
        assert_eq!(manifest["version"], env!("CARGO_PKG_VERSION"));
    }
}

#[test]
fn each_browser_has_the_manifest_that_it_knows() {
    let chromium = manifest_of(Browser::Chromium, "https://wallet.example");
    assert!(chromium["background"]["service_worker"].is_string());
    assert!(chromium["minimum_chrome_version"].is_string());
    assert!(chromium["browser_specific_settings"].is_null());
    let firefox = manifest_of(Browser::Firefox, "https://wallet.example");
    let worker = &chromium["background"]["service_worker"];
    assert_eq!(firefox["background"]["scripts"], json!([worker]));
    assert!(firefox["background"]["service_worker"].is_null());
    assert!(firefox["minimum_chrome_version"].is_null());
    let gecko = &firefox["browser_specific_settings"]["gecko"];
    assert_eq!(gecko["id"], "tessera@wallet.example");
    let local = manifest_of(Browser::Firefox, "http://[::1]:8080");
    let gecko = &local["browser_specific_settings"]["gecko"];
    assert_eq!(gecko["id"], "tessera@...1..8080");
}

#[test]
fn no_extension_is_made_for_a_wallet_server_that_is_unfit() {
    let refused = |origin| Package::new(Browser::Chromium, origin).unwrap_err();
    for origin in [
        "wallet.example",
        "https://wallet.example/path",
        "https://a; script-src *",
        "https://a\"b",
        "https://a;b",
        "ftp://wallet.example",
    ] {
        assert_eq!(refused(origin), OriginError::Malformed(origin.to_owned()));
    }
    for origin in ["http://wallet.example", "http://localhost.example:8080"] {
        assert_eq!(refused(origin), OriginError::Unencrypted(origin.to_owned()));
    }
    for origin in [
        "http://localhost:8080",
        "http://127.0.0.1:8080",
        "http://[::1]:8080",
    ] {
        made(Browser::Firefox, origin);
    }
}
