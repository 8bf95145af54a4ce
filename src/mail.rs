//! `tessera mail`.

use std::net::SocketAddr;

use tessera_console::{LogSettings, start_logging};
use tessera_simulators::mail;

/// Catches mail for development: takes all by SMTP, delivers none, shows them in the browser
#[derive(clap::Args)]
pub struct Mail {
    /// Where switches connect
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:1025")]
    smtp: SocketAddr,
    /// Where browsers connect
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
