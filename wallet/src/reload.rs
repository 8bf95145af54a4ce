//! SIGHUP: malls, certificates and keys are read again; open connections keep what they have.
//!
//! In come the files as they are now; out goes what new connections and requests use. What never happens here: half of it counts,
//! or a request waits.

use std::path::PathBuf;
use std::sync::Arc;

use actix_web::web::Data;
use tessera_console::service;
use tokio::signal::unix::Signal;

use crate::malls::Malls;
use crate::settings::{Settings, SettingsError};
use crate::tls::{Certificates, LineTls, certified_key, line_client};
use crate::web::App;

/// What is needed to read the files again.
pub struct Reload {
    /// The configuration file.
    pub config: PathBuf,
    pub app: Data<App>,
    pub line_tls: Arc<LineTls>,
    /// Where this server speaks HTTPS.
    pub https: Option<Arc<Certificates>>,
}

impl Reload {
    /// Reads the files at each signal, for good.
    pub async fn at_each(self, mut hangups: Signal) {
        while hangups.recv().await.is_some() {
            service::reloading();
            self.run().await;
            service::ready();
        }
    }

    async fn run(&self) {
        let (config, has_https) = (self.config.clone(), self.https.is_some());
        let read = tokio::task::spawn_blocking(move || Renewed::read(&config, has_https)).await;
        let renewed = match read {
            Ok(Ok(renewed)) => renewed,
            Ok(Err(error)) => return self.refuse(&error),
            Err(error) => return self.refuse(&error),
        };
        let malls = match Malls::new(&renewed.settings.malls) {
            Ok(malls) => malls,
            Err(error) => return self.refuse(&error),
        };
        let count = malls.len();
        self.app.replace_malls(malls);
        self.line_tls.replace(renewed.line);
        if let (Some(https), Some(key)) = (&self.https, renewed.https) {
            https.replace(key);
        }
        if fixed(&renewed.settings) != fixed(&self.app.settings) {
            tracing::warn!(
                "other settings than malls and certificates have changed: they count after a restart"
            );
        }
        self.app.metrics.reloaded("done");
        tracing::info!(malls = count, "malls and certificates were read again");
    }

    fn refuse(&self, error: &dyn std::fmt::Display) {
        self.app.metrics.reloaded("refused");
        tracing::error!(%error, "malls and certificates were not read again: nothing has changed");
    }
}

/// All that a reload brings.
struct Renewed {
    settings: Settings,
    line: Arc<rustls::ClientConfig>,
    https: Option<Arc<rustls::sign::CertifiedKey>>,
}

impl Renewed {
    fn read(config: &std::path::Path, has_https: bool) -> Result<Self, SettingsError> {
        let settings = Settings::read(config)?;
        settings.check()?;
        let https = settings.tls.as_ref().filter(|_| has_https);
        Ok(Self {
            line: line_client(&settings.line)?,
            https: https.map(certified_key).transpose()?,
            settings,
        })
    }
}

/// What only a restart changes, in a form that can be compared.
fn fixed(settings: &Settings) -> String {
    let without = Settings {
        malls: Vec::new(),
        ..settings.clone()
    };
    format!("{without:?}")
}
