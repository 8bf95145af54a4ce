//! `tessera extension`.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use tessera_console::print;
use tessera_wallet::{Browser, Package};

/// Make the packages of the browser extension
///
/// For a wallet server, one for Chromium and one for Firefox: each as a folder to load unpacked and as an archive for a
/// store, and the archive of the sources for the store's reviewers. The same program and origin give the same bytes.
#[derive(clap::Args)]
pub struct Extension {
    /// The folder for them; it is created if it does not exist
    dir: PathBuf,
    /// The wallet server's origin, as browsers write it
    #[arg(
        long = "wallet",
        value_name = "ORIGIN",
        default_value = "http://localhost:8080"
    )]
    origin: String,
}

impl Extension {
    /// Prints where each package is.
    pub fn run(&self) -> anyhow::Result<()> {
        // Both before anything is written.
        let packages = Browser::ALL.map(|browser| Package::new(browser, &self.origin));
        for (browser, package) in Browser::ALL.iter().zip(packages) {
            let package = package?;
            let folder = self.dir.join(browser.name());
            for (path, bytes) in package.files() {
                write(&folder.join(path), bytes)?;
            }
            print(format_args!("{}\n", folder.display()))?;
            self.archive(browser.name(), &package)?;
        }
        self.archive("source", &Package::sources())
    }

    fn archive(&self, name: &str, package: &Package) -> anyhow::Result<()> {
        let version = env!("CARGO_PKG_VERSION");
        let path = self.dir.join(format!("tessera-{name}-{version}.zip"));
        write(&path, &package.zip())?;
        print(format_args!("{}\n", path.display()))?;
        Ok(())
    }
}

fn write(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    }
    fs::write(path, bytes).with_context(|| path.display().to_string())
}
