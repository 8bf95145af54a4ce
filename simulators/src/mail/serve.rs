//! From options to servers: the wiring.

use std::net::SocketAddr;
use std::sync::Arc;

use actix_web::App;
use actix_web::middleware::from_fn;
use actix_web::web::Data;
use anyhow::{Context as _, ensure};
use tessera_console::say;
use tessera_http::local::refuse_pages;
use tessera_http::{Limits, Listener};
use tokio::net::TcpListener;

use super::letters::Letters;
use super::{api, page, receive};
use crate::signals::Ending;

/// Browsers at the same time.
const CONNECTIONS_MAX: usize = 64;

/// Where it listens: loopback addresses only, since anybody who connects can read every letter.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// Switches, with SMTP.
    pub smtp: SocketAddr,
    /// Browsers.
    pub page: SocketAddr,
}

/// Serves until SIGTERM, SIGINT or SIGHUP; says when it is ready.
///
/// # Errors
/// Where an address is taken, or is not loopback.
pub fn run(options: Options) -> anyhow::Result<()> {
    actix_web::rt::System::new().block_on(serve(options))
}

async fn serve(options: Options) -> anyhow::Result<()> {
    for address in [options.smtp, options.page] {
        ensure!(
            address.ip().is_loopback(),
            "{address} is not a loopback address: the mail is shown to every client that connects"
        );
    }
    let mut ending = Ending::listen()?;
    let letters = Arc::new(Letters::default());
    let smtp = TcpListener::bind(options.smtp).await;
    let smtp = smtp.with_context(|| options.smtp.to_string())?;
    let shown = Arc::clone(&letters);
    let listener = std::net::TcpListener::bind(options.page);
    let listener = listener.with_context(|| options.page.to_string())?;
    let page = listener.local_addr()?;
    let limits = Limits {
        connections_max: CONNECTIONS_MAX,
        ..Limits::PAGES
    };
    let server = tessera_http::serve(Listener::Plain(listener), limits, move || {
        App::new()
            .app_data(Data::new(Arc::clone(&shown)))
            .wrap(page::headers())
            // A page of another site could read the letters otherwise.
            .wrap(from_fn(refuse_pages))
            .configure(page::routes)
            .configure(api::routes)
    })?;
    let smtp_address = smtp.local_addr()?;
    say(format_args!("ready smtp={smtp_address} page={page}"));
    let handle = server.handle();
    tokio::select! {
        ended = server => ended?,
        () = receive::serve(smtp, letters) => {}
        () = ending.asked() => {}
    }
    handle.stop(false).await;
    Ok(())
}
