//! The operations port: `/metrics` for Prometheus, `/healthz` and `/readyz` for an orchestrator. Nothing here changes anything,
//! and no page of a browser reads it: operators have a socket of their own ([`super::control`]).

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;

use actix_web::dev::Server;
use actix_web::http::header::{CACHE_CONTROL, ContentType};
use actix_web::middleware::from_fn;
use actix_web::{App, HttpResponse, web};
use tessera_http::local::{Names, refuse_pages};
use tessera_http::{Limits, Listener};

use super::Health;
use tessera_config::OpsSettings;
use tessera_metrics::Metrics;

/// The text format of Prometheus, with the charset that its scraper insists on.
const METRICS_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// The operations port, bound. Nothing is served before [`OpsServer::server`] is polled: await it, or spawn it.
pub struct OpsServer {
    /// Runs until its handle stops it; signals are left alone.
    pub server: Server,
    /// The address on which it listens: has the real port if the settings say 0.
    pub address: SocketAddr,
}

/// Binds the operations port. To be called within an actix system; one thread of its own answers.
pub fn serve(
    settings: &OpsSettings,
    metrics: Arc<Metrics>,
    health: Arc<Health>,
) -> io::Result<OpsServer> {
    let listener = TcpListener::bind(settings.listen)?;
    let address = listener.local_addr()?;
    let names = web::Data::new(Names(settings.hosts.clone()));
    let server = tessera_http::serve(Listener::Plain(listener), Limits::OPERATIONS, move || {
        App::new()
            .app_data(web::Data::from(Arc::clone(&metrics)))
            .app_data(web::Data::from(Arc::clone(&health)))
            .service(page(
                "/metrics",
                web::get().to(update_metrics),
                web::head().to(update_metrics),
            ))
            .service(page(
                "/healthz",
                web::get().to(update_health),
                web::head().to(update_health),
            ))
            .service(page(
                "/readyz",
                web::get().to(notify_readiness),
                web::head().to(notify_readiness),
            ))
            .app_data(names.clone())
            .wrap(from_fn(refuse_pages))
            .default_service(web::to(say_pages))
    })?;
    Ok(OpsServer { server, address })
}

fn page(path: &str, get: actix_web::Route, head: actix_web::Route) -> actix_web::Resource {
    let refuse = || async {
        HttpResponse::MethodNotAllowed()
            .insert_header(("allow", "GET, HEAD"))
            .finish()
    };
    web::resource(path)
        .route(get)
        .route(head)
        .default_service(web::to(refuse))
}

async fn update_metrics(metrics: web::Data<Metrics>) -> HttpResponse {
    HttpResponse::Ok()
        .content_type(METRICS_TYPE)
        .body(metrics.text())
}

async fn update_health() -> HttpResponse {
    text(HttpResponse::Ok(), "ok\n".to_string())
}

async fn notify_readiness(health: web::Data<Health>) -> HttpResponse {
    let reasons = health.reasons();
    if reasons.is_empty() {
        return text(HttpResponse::Ok(), "ready\n".to_string());
    }
    text(
        HttpResponse::ServiceUnavailable(),
        reasons.join("\n") + "\n",
    )
}

async fn say_pages() -> HttpResponse {
    text(
        HttpResponse::NotFound(),
        "/metrics\n/healthz\n/readyz\n".to_string(),
    )
}

fn text(mut response: actix_web::HttpResponseBuilder, body: String) -> HttpResponse {
    response
        .insert_header(ContentType::plaintext())
        .insert_header((CACHE_CONTROL, "no-store"))
        .body(body)
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpStream;

    use super::*;
    use tessera_metrics::LinkStats;

    async fn ask(address: SocketAddr, request: &str) -> String {
        let request = format!("{request} HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n\r\n");
        say(address, &request).await
    }

    async fn say(address: SocketAddr, request: &str) -> String {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer.to_lowercase()
    }

    #[test]
    fn serves_metrics_health_and_readiness() {
        actix_web::rt::System::new().block_on(ask_everything());
    }

    async fn ask_everything() {
        let metrics = Arc::new(Metrics::new());
        metrics.admission.party("Development mall 1");
        let health = Arc::new(Health::new(1));
        let settings = OpsSettings {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            ..OpsSettings::default()
        };
        let ops = serve(&settings, metrics, Arc::clone(&health)).unwrap();
        let handle = ops.server.handle();
        let running = actix_web::rt::spawn(ops.server);

        let answer = ask(ops.address, "GET /metrics").await;
        assert!(answer.starts_with("http/1.1 200"), "{answer}");
        assert!(answer.contains("content-type: text/plain; version=0.0.4; charset=utf-8\r\n"));
        assert!(answer.contains("\ntessera_party_connections{party=\"development mall 1\"} 0\n"));

        let answer = ask(ops.address, "GET /healthz").await;
        assert!(
            answer.starts_with("http/1.1 200") && answer.ends_with("\r\n\r\nok\n"),
            "{answer}"
        );
        let answer = ask(ops.address, "HEAD /healthz").await;
        assert!(
            answer.starts_with("http/1.1 200") && answer.ends_with("\r\n\r\n"),
            "{answer}"
        );
        assert!(
            ask(ops.address, "POST /healthz")
                .await
                .starts_with("http/1.1 405")
        );
        assert!(ask(ops.address, "GET /").await.starts_with("http/1.1 404"));

        let answer = ask(ops.address, "GET /readyz").await;
        assert!(answer.starts_with("http/1.1 503"), "{answer}");
        assert!(
            answer.ends_with("\r\n\r\njournal recovering\nhost link down\n"),
            "{answer}"
        );
        health.set_journal_open(true);
        health.set_serving(true);
        let stats = Arc::new(LinkStats::new(1));
        stats.lines_up[0].set(1);
        health.watch_link(0, stats);
        let answer = ask(ops.address, "GET /readyz").await;
        assert!(
            answer.starts_with("http/1.1 200") && answer.ends_with("ready\n"),
            "{answer}"
        );

        for foreign in [
            "GET /metrics HTTP/1.1\r\nhost: rebound.example",
            "POST /operator HTTP/1.1\r\nhost: rebound.example\r\norigin: http://rebound.example",
            "GET /metrics HTTP/1.1\r\nhost: 127.0.0.1\r\norigin: http://elsewhere.example",
            "POST /outbox/drop HTTP/1.1\r\nhost: 127.0.0.1\r\nsec-fetch-site: cross-site",
        ] {
            let request = format!("{foreign}\r\nconnection: close\r\n\r\n");
            let answer = say(ops.address, &request).await;
            assert!(answer.starts_with("http/1.1 403"), "{foreign}: {answer}");
        }
        for gone in [
            "POST /operator",
            "POST /outbox/drop",
            "POST /outbox/retry",
            "GET /saf",
        ] {
            let answer = ask(ops.address, gone).await;
            assert!(answer.starts_with("http/1.1 404"), "{gone}: {answer}");
        }

        handle.stop(true).await;
        running.await.unwrap().unwrap();
    }
}
