//! `tessera mail`.

use std::net::SocketAddr;

use tessera_console::{LogSettings, start_logging};
use tessera_simulators::mail;

/// Catch mail for development, and show it in the browser
///
/// Accepts all mail by SMTP and delivers none. Programs read and delete it through the JSON API at /api/letters.
#[derive(clap::Args)]
pub struct Mail {
    /// The address for switches
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:1025")]
    smtp: SocketAddr,
    /// The address for browsers
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:8025")]
    page: SocketAddr,
}

impl Mail {
    /// Serves until SIGTERM or SIGINT.
    pub fn run(self) -> anyhow::Result<()> {
        start_logging(&LogSettings::default())?;
        mail::run(mail::Options {
            smtp: self.smtp,
            page: self.page,
        })
    }
}
