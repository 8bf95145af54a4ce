//! The browser extension as browsers load it and as stores take it. Input: the wallet server's origin and the kind of browser.
//! Output: files, or a ZIP archive of them. The same sources and origin give the same bytes, on every machine and at any time.

use std::borrow::Cow;
use std::io::{Cursor, Write as _};

use serde_json::{Map, Value, json};
use thiserror::Error;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

use crate::settings::{is_local, is_origin};

/// Files of `wallet/extension`, by their path below it.
macro_rules! embedded {
    ($($path:literal),* $(,)?) => {
        &[$(($path, include_bytes!(concat!("../extension/", $path)))),*]
    };
}

/// All that is in a package, but for the manifest and the values of the build.
const FILES: &[(&str, &[u8])] = embedded![
    "background.js",
    "files.js",
    "icons/128.png",
    "icons/16.png",
    "icons/48.png",
    "page/content.js",
    "page/describe.js",
    "page/expiry.js",
    "page/fill.js",
    "page/forms.js",
    "page/icon.js",
    "page/names.js",
    "page/recognize.js",
    "page/visible.js",
    "page/words.js",
    "plan.js",
    "popup.css",
    "popup.html",
    "popup.js",
    "server.js",
    "sites.js",
    "tab.js",
];

const MANIFEST: &str = include_str!("../extension/manifest.json");
/// What Firefox has in its manifest instead, as a merge patch (RFC 7396).
const FIREFOX: &str = include_str!("../extension/firefox.json");
const BUILD: &str = include_str!("../extension/build.js");
const README: &str = include_str!("../extension/README.md");

/// The wallet server's origin in the sources.
const SHIPPED: &str = "http://localhost:8080";

/// The kinds of browsers that differ in their manifest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Browser {
    /// Chromium, Chrome, Edge and others.
    Chromium,
    /// Firefox.
    Firefox,
}

impl Browser {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Chromium, Self::Firefox];

    /// As in names of files and addresses.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Chromium => "chromium",
            Self::Firefox => "firefox",
        }
    }
}

/// Why no extension can be made for a wallet server.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum OriginError {
    /// Not an origin.
    #[error(
        "{0} is not an origin: write it as browsers do, as in https://wallet.example, without a path"
    )]
    Malformed(String),
    /// It would send passwords in the clear.
    #[error(
        "{0} would get passwords without encryption: a wallet server on another machine needs https"
    )]
    Unencrypted(String),
}

/// The files of an extension, or of its sources.
#[derive(Debug)]
pub struct Package {
    files: Vec<(&'static str, Cow<'static, [u8]>)>,
}

impl Package {
    /// The extension for a wallet server.
    pub fn new(browser: Browser, origin: &str) -> Result<Self, OriginError> {
        if !is_origin(origin) {
            return Err(OriginError::Malformed(origin.to_owned()));
        }
        if !origin.starts_with("https://") && !is_local(origin) {
            return Err(OriginError::Unencrypted(origin.to_owned()));
        }
        let build = BUILD.replace(SHIPPED, origin);
        let mut files = embedded_files();
        files.push(("build.js", build.into_bytes().into()));
        files.push(("manifest.json", manifest(browser, origin).into()));
        files.sort_unstable_by_key(|(path, _)| *path);
        Ok(Self { files })
    }

    /// What both packages are made of, for the people who review them.
    pub fn sources() -> Self {
        let mut files = embedded_files();
        let texts = [
            ("build.js", BUILD),
            ("manifest.json", MANIFEST),
            ("firefox.json", FIREFOX),
            ("README.md", README),
        ];
        files.extend(texts.map(|(path, text)| (path, text.as_bytes().into())));
        files.sort_unstable_by_key(|(path, _)| *path);
        Self { files }
    }

    /// Paths and contents, in the order of the paths.
    pub fn files(&self) -> impl Iterator<Item = (&'static str, &[u8])> {
        self.files.iter().map(|(path, bytes)| (*path, &**bytes))
    }

    /// A ZIP archive of them. Stored as they are: compressors differ between versions, and the whole has some 80 kB.
    pub fn zip(&self) -> Vec<u8> {
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Stored)
            .last_modified_time(DateTime::DEFAULT)
            .unix_permissions(0o644);
        let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
        for (path, bytes) in self.files() {
            archive
                .start_file(path, options)
                .and_then(|()| Ok(archive.write_all(bytes)?))
                // Paths are short, and memory takes every byte.
                .expect("an archive in memory");
        }
        archive.finish().expect("an archive in memory").into_inner()
    }
}

fn embedded_files() -> Vec<(&'static str, Cow<'static, [u8]>)> {
    let files = FILES.iter();
    files
        .map(|(path, bytes)| (*path, Cow::Borrowed(*bytes)))
        .collect()
}

fn manifest(browser: Browser, origin: &str) -> Vec<u8> {
    let mut manifest: Value = serde_json::from_str(MANIFEST).expect("the manifest is JSON");
    if browser == Browser::Firefox {
        let patch: Value = serde_json::from_str(FIREFOX).expect("the patch is JSON");
        merge(&mut manifest, patch);
        let host = origin.split_once("://").map_or(origin, |(_, host)| host);
        let host = host.replace(|letter: char| !letter.is_ascii_alphanumeric(), ".");
        // Firefox knows an extension by this: one for each wallet server, so that two can stand side by side.
        manifest["browser_specific_settings"]["gecko"]["id"] = json!(format!("tessera@{host}"));
    }
    manifest["version"] = json!(env!("CARGO_PKG_VERSION"));
    manifest["host_permissions"] = json!([match_pattern(browser, origin)]);
    let policy = &mut manifest["content_security_policy"]["extension_pages"];
    *policy = json!(policy.as_str().expect("a policy").replace(SHIPPED, origin));
    let mut text = serde_json::to_vec_pretty(&manifest).expect("JSON is written");
    text.push(b'\n');
    text
}

/// The pages of an origin, as manifests write it. Firefox grants a host with all its ports, or not at all; its policy still
/// lets the extension connect to this origin alone.
fn match_pattern(browser: Browser, origin: &str) -> String {
    let host_end = match (browser, origin.rsplit_once(':')) {
        (Browser::Firefox, Some((host, port))) if port.parse::<u16>().is_ok() => host.len(),
        _ => origin.len(),
    };
    format!("{}/*", &origin[..host_end])
}

/// RFC 7396: what is null goes, objects are merged, and all else is replaced.
fn merge(into: &mut Value, patch: Value) {
    let Value::Object(patch) = patch else {
        *into = patch;
        return;
    };
    if !into.is_object() {
        *into = Value::Object(Map::new());
    }
    let object = into.as_object_mut().expect("an object since now");
    for (key, value) in patch {
        match value {
            Value::Null => drop(object.remove(&key)),
            value => merge(object.entry(key).or_insert(Value::Null), value),
        }
    }
}
