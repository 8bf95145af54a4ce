//! Starts the process, serves until a signal, and drains.

use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::sync::{Arc, RwLock};

use actix_web::HttpResponse;
use actix_web::middleware::from_fn;
use actix_web::web::{self, Data};
use tessera_console::service;
use tessera_http::local::refuse_pages;
use tessera_http::{Limits, Listener};
use tokio::signal::unix::{SignalKind, signal};

use crate::line::{Line, Watches};
use crate::malls::Malls;
use crate::metrics::Metrics;
use crate::reload::Reload;
use crate::settings::Settings;
use crate::switch::Switch;
use crate::tls::{self, Certificates, LineTls};
use crate::web::{App, Trouble, Walks, guard, static_files};
use crate::{extension, pages, pay};

/// The time for requests in progress when the process stops, in seconds. Live pages never end by themselves.
const DRAIN_SECONDS: u64 = 3;

/// Where the server is to be found.
#[derive(Debug, Clone)]
pub struct Addresses {
    /// Where browsers connect.
    pub pages: SocketAddr,
    /// How they name it.
    pub origin: String,
    /// Where Prometheus connects.
    pub metrics: SocketAddr,
}

/// Serves until SIGTERM or SIGINT; at SIGHUP malls and certificates are read again from `config`, where the settings are from.
/// `announce` is called when connections are accepted.
///
/// # Errors
/// Where a certificate can't be used, or an address can't be listened on.
pub fn run(
    settings: Settings,
    config: &Path,
    announce: impl FnOnce(&Addresses),
) -> anyhow::Result<()> {
    actix_web::rt::System::new().block_on(serve(settings, config, announce))
}

async fn serve(
    settings: Settings,
    config: &Path,
    announce: impl FnOnce(&Addresses),
) -> anyhow::Result<()> {
    // From here on: before, it ends the process, as it always did.
    let hangups = signal(SignalKind::hangup())?;
    let metrics = Metrics::new()?;
    let counted = Data::from(Arc::clone(&metrics));
    let listener = TcpListener::bind(settings.metrics)?;
    let metrics_at = listener.local_addr()?;
    let operations =
        tessera_http::serve(Listener::Plain(listener), Limits::OPERATIONS, move || {
            actix_web::App::new()
                .app_data(counted.clone())
                .wrap(from_fn(refuse_pages))
                .route("/metrics", web::get().to(show_metrics))
                .route("/health", web::get().to(show_health))
        })?;
    let line_tls = Arc::new(LineTls::new(tls::line_client(&settings.line)?));
    let app = assemble(settings, &line_tls, &metrics)?;
    let settings = &app.settings;
    let workers = match settings.workers {
        0 => std::thread::available_parallelism()?.get(),
        workers => workers,
    };
    let certificates = match &settings.tls {
        Some(https) => Some(Arc::new(Certificates::new(tls::certified_key(https)?))),
        None => None,
    };
    let limits = Limits {
        workers,
        connections_max: settings.connections_max,
        stop_within: DRAIN_SECONDS,
        ..Limits::PAGES
    };
    let listener = TcpListener::bind(settings.listen)?;
    let pages_at = listener.local_addr()?;
    let listener = match (&settings.tls, &certificates) {
        (Some(https), Some(certificates)) => {
            Listener::Tls(listener, Arc::new(tls::https_server(https, certificates)?))
        }
        _ => Listener::Plain(listener),
    };
    let origin = settings.origin.clone();
    let data = Data::from(Arc::clone(&app));
    let server = tessera_http::serve(listener, limits, move || {
        actix_web::App::new()
            .app_data(data.clone())
            .wrap(from_fn(guard::guard))
            .configure(static_files::routes)
            .configure(pages::routes)
            .configure(pay::routes)
            .configure(extension::routes)
            .default_service(web::to(nothing_here))
    })?;
    let (mut terminate, mut interrupt) = (
        signal(SignalKind::terminate())?,
        signal(SignalKind::interrupt())?,
    );
    announce(&Addresses {
        pages: pages_at,
        origin,
        metrics: metrics_at,
    });
    let stops = [operations.handle(), server.handle()];
    actix_web::rt::spawn(operations);
    let reload = Reload {
        config: config.to_owned(),
        app: Data::from(Arc::clone(&app)),
        line_tls,
        https: certificates,
    };
    actix_web::rt::spawn(reload.at_each(hangups));
    actix_web::rt::spawn(say_alive());
    service::ready();
    let mut served = actix_web::rt::spawn(server);
    tokio::select! {
        ended = &mut served => ended??,
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    service::stopping();
    let [operations, server] = stops;
    server.stop(true).await;
    operations.stop(false).await;
    Ok(())
}

/// Sends the service manager's watchdog a sign of life of this thread, where it asks for that.
async fn say_alive() {
    let Some(every) = service::watchdog_every() else {
        return;
    };
    loop {
        service::alive();
        tokio::time::sleep(every).await;
    }
}

fn assemble(
    settings: Settings,
    line_tls: &Arc<LineTls>,
    metrics: &Arc<Metrics>,
) -> anyhow::Result<Arc<App>> {
    let watches = Watches::new(settings.live_views_max, Arc::clone(metrics));
    let line = Line::start(settings.line.clone(), line_tls, &watches, metrics);
    Ok(Arc::new(App {
        switch: Switch::new(line, settings.currency),
        watches,
        walks: Walks::default(),
        metrics: Arc::clone(metrics),
        malls: RwLock::new(Arc::new(Malls::new(&settings.malls)?)),
        settings,
    }))
}

async fn nothing_here() -> Result<HttpResponse, Trouble> {
    Err(Trouble::NotFound)
}

async fn show_metrics(metrics: Data<Metrics>) -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/plain; version=0.0.4; charset=utf-8")
        .body(metrics.text())
}

/// 200 where the switch can be asked, 503 where not.
async fn show_health(metrics: Data<Metrics>) -> HttpResponse {
    match metrics.lines() {
        0 => HttpResponse::ServiceUnavailable().body("no line to the switch\n"),
        lines => HttpResponse::Ok().body(format!("{lines} lines to the switch\n")),
    }
}
