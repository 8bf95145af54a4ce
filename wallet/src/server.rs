//! The life of the process: assemble, announce, serve, drain.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use actix_web::middleware::from_fn;
use actix_web::web::{self, Data};
use actix_web::{HttpResponse, HttpServer, ResponseError as _};

use crate::line::{Line, Watches};
use crate::metrics::Metrics;
use crate::settings::Settings;
use crate::switch::Switch;
use crate::web::{App, Trouble, Walks, assets, guard};
use crate::{extension, pages, pay, tls};

/// A browser must have sent the head of its request by then.
const HEAD_WITHIN: Duration = Duration::from_secs(10);
const IDLE_FOR: Duration = Duration::from_secs(75);
const DISCONNECT_WITHIN: Duration = Duration::from_secs(5);
/// What is under way when the process is told to stop has so long, in seconds. Live pages never end by themselves.
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

/// Serves until SIGTERM or SIGINT. `announce` is called when connections are accepted.
///
/// # Errors
/// Where a certificate can't be used, or an address can't be listened on.
pub fn run(settings: Settings, announce: impl FnOnce(&Addresses)) -> anyhow::Result<()> {
    actix_web::rt::System::new().block_on(serve(settings, announce))
}

async fn serve(settings: Settings, announce: impl FnOnce(&Addresses)) -> anyhow::Result<()> {
    let metrics = Metrics::new()?;
    let counted = Data::from(Arc::clone(&metrics));
    let operations = HttpServer::new(move || {
        actix_web::App::new()
            .app_data(counted.clone())
            .route("/metrics", web::get().to(show_metrics))
            .route("/health", web::get().to(show_health))
    })
    .workers(1)
    .disable_signals()
    .bind(settings.metrics)?;
    let app = assemble(settings, &metrics)?;
    let settings = &app.settings;
    let workers = match settings.workers {
        0 => std::thread::available_parallelism()?.get(),
        workers => workers,
    };
    let https = settings.tls.as_ref().map(tls::https_server).transpose()?;
    let (listen, connections_max) = (settings.listen, settings.connections_max);
    let origin = settings.origin.clone();
    let data = Data::from(Arc::clone(&app));
    let server = HttpServer::new(move || {
        actix_web::App::new()
            .app_data(data.clone())
            .wrap(from_fn(guard::guard))
            .configure(assets::routes)
            .configure(pages::routes)
            .configure(pay::routes)
            .configure(extension::routes)
            .default_service(web::to(nothing_here))
    })
    .workers(workers)
    .max_connections(connections_max)
    .client_request_timeout(HEAD_WITHIN)
    .client_disconnect_timeout(DISCONNECT_WITHIN)
    .keep_alive(IDLE_FOR)
    .shutdown_timeout(DRAIN_SECONDS);
    let server = match https {
        Some(https) => server.bind_rustls_0_23(listen, https)?,
        None => server.bind(listen)?,
    };
    let first = |addresses: Vec<SocketAddr>| addresses.first().copied().unwrap_or(listen);
    announce(&Addresses {
        pages: first(server.addrs()),
        origin,
        metrics: first(operations.addrs()),
    });
    let operations = operations.run();
    let stop = operations.handle();
    actix_web::rt::spawn(operations);
    let served = server.run().await;
    stop.stop(false).await;
    Ok(served?)
}

fn assemble(settings: Settings, metrics: &Arc<Metrics>) -> anyhow::Result<Arc<App>> {
    let watches = Watches::new(settings.live_views_max, Arc::clone(metrics));
    let tls = tls::line_client(&settings.line)?;
    let line = Line::start(settings.line.clone(), tls, &watches, metrics);
    Ok(Arc::new(App {
        switch: Switch::new(line, settings.currency),
        watches,
        walks: Walks::default(),
        metrics: Arc::clone(metrics),
        pay_policies: pay::policies(&settings)?,
        settings,
    }))
}

async fn nothing_here() -> HttpResponse {
    Trouble::NotFound.error_response()
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
