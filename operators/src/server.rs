//! Starts the process, serves until a signal, and drains.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;

use actix_web::middleware::from_fn;
use actix_web::web::{self, Data};
use actix_web::{HttpResponse, ResponseError as _};
use tessera_console::service;
use tessera_http::local::{Names, refuse_pages};
use tessera_http::{Limits, Listener};
use tokio::signal::unix::{SignalKind, signal};

use crate::accounts::Accounts;
use crate::attempts::Attempts;
use crate::sessions::Sessions;
use crate::settings::{NodeSettings, Settings};
use crate::switch::Switch;
use crate::tls::https_server;
use crate::web::{App, Trouble, assets, guard};
use crate::{journal, pages, watch};

/// Where the console is to be found.
#[derive(Debug, Clone)]
pub struct Addresses {
    /// Where browsers connect.
    pub pages: SocketAddr,
    /// How they name it.
    pub origin: String,
}

/// Serves until SIGTERM or SIGINT. `announce` is called when connections are accepted.
///
/// # Errors
/// Where a configuration or a certificate can't be used, or an address can't be listened on.
pub fn run(settings: Settings, announce: impl FnOnce(&Addresses)) -> anyhow::Result<()> {
    actix_web::rt::System::new().block_on(serve(settings, announce))
}

async fn serve(settings: Settings, announce: impl FnOnce(&Addresses)) -> anyhow::Result<()> {
    let of_switch = tessera_config::Settings::read(&settings.switch)?;
    let own = NodeSettings {
        operations: of_switch.ops.listen,
        name: match &of_switch.cluster {
            Some(cluster) => cluster.node.clone(),
            None => of_switch.ops.listen.to_string(),
        },
        socket: Some(of_switch.operations_socket()),
    };
    // All consoles of a cluster may have the same list.
    let others = settings
        .nodes
        .iter()
        .filter(|node| node.operations != own.operations);
    let nodes: Vec<_> = std::iter::once(&own).chain(others).cloned().collect();
    let watched = nodes
        .iter()
        .map(|node| (node.name.clone(), node.operations));
    let view = watch::start(watched.collect());
    let switch = Switch::new(of_switch, nodes, view.clone());
    let listener = TcpListener::bind(settings.listen)?;
    let pages_at = listener.local_addr()?;
    let listener = match &settings.tls {
        Some(https) => Listener::Tls(listener, Arc::new(https_server(https)?)),
        None => Listener::Plain(listener),
    };
    let (origin, names) = (settings.origin.clone(), Names(vec![settings.host()]));
    let app = Data::new(App {
        accounts: Accounts::of(&settings.accounts),
        sessions: Sessions::new(settings.session_idle, settings.session_max_age),
        attempts: Attempts::default(),
        switch,
        view,
        settings,
    });
    if app.accounts.all()?.is_empty() {
        tracing::warn!("there is no operator's account yet: `tessera console add` makes one");
    }
    let names = Data::new(names);
    actix_web::rt::spawn(journal::keep(app.clone()));
    let server = tessera_http::serve(listener, Limits::PAGES, move || {
        actix_web::App::new()
            .app_data(app.clone())
            .app_data(names.clone())
            .wrap(from_fn(refuse_pages))
            .wrap(from_fn(guard::guard))
            .configure(assets::routes)
            .configure(pages::routes)
            .default_service(web::to(nothing_here))
    })?;
    let (mut terminate, mut interrupt) = (
        signal(SignalKind::terminate())?,
        signal(SignalKind::interrupt())?,
    );
    announce(&Addresses {
        pages: pages_at,
        origin,
    });
    let handle = server.handle();
    actix_web::rt::spawn(say_alive());
    service::ready();
    let mut served = actix_web::rt::spawn(server);
    tokio::select! {
        ended = &mut served => ended??,
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    service::stopping();
    handle.stop(false).await;
    Ok(())
}

async fn nothing_here() -> HttpResponse {
    Trouble::NotFound.error_response()
}

/// Sends the service manager's watchdog a sign of life, where it asks for that.
async fn say_alive() {
    let Some(every) = service::watchdog_every() else {
        return;
    };
    loop {
        service::alive();
        tokio::time::sleep(every).await;
    }
}
