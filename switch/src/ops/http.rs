//! The operations port: `/metrics` for Prometheus, `/healthz` and `/readyz` for whoever keeps the process running,
//! `/outbox` for messages to payers that were given up, `/saf` for advices to the financial system that were, `/operator`
//! for what an operator decides.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};

use actix_web::dev::Server;
use actix_web::http::header::{CACHE_CONTROL, ContentType};
use actix_web::{App, HttpResponse, HttpServer, guard, web};

use serde_json::json;

use super::operator::{Operator, Wish};
use super::{Health, Metrics};
use crate::notify::{Desk, Letters};

/// The text format of Prometheus, with the charset that its scraper insists on.
const METRICS_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Connections at the same time: a Prometheus or two, an orchestrator, a person.
const CONNECTIONS_MAX: usize = 64;

/// Dead letters told at once, oldest first.
const DEAD_LETTERS_MAX: usize = 1_000;

/// The operations port, bound. Nothing is served before [`OpsServer::server`] is polled: await it, or spawn it.
pub struct OpsServer {
    /// Runs until its handle stops it; signals are left alone.
    pub server: Server,
    /// Where it listens: tells the port where the settings say 0.
    pub address: SocketAddr,
}

/// Binds the operations port. To be called within an actix system; one thread of its own answers.
pub fn serve(
    listen: SocketAddr,
    metrics: Arc<Metrics>,
    health: Arc<Health>,
    outbox: Arc<OnceLock<Desk>>,
    operator: Arc<OnceLock<Operator>>,
) -> io::Result<OpsServer> {
    let server = HttpServer::new(move || {
        App::new()
            .app_data(web::Data::from(Arc::clone(&metrics)))
            .app_data(web::Data::from(Arc::clone(&health)))
            .service(page(
                "/metrics",
                web::get().to(tell_metrics),
                web::head().to(tell_metrics),
            ))
            .service(page(
                "/healthz",
                web::get().to(tell_health),
                web::head().to(tell_health),
            ))
            .service(page(
                "/readyz",
                web::get().to(tell_readiness),
                web::head().to(tell_readiness),
            ))
            .app_data(web::Data::from(Arc::clone(&outbox)))
            .route("/outbox", web::get().to(list_dead_letters))
            .route("/outbox/retry", from_here().to(retry_all))
            .route("/outbox/drop", from_here().to(drop_all))
            .route("/outbox/{id}/retry", from_here().to(retry_one))
            .route("/outbox/{id}/drop", from_here().to(drop_one))
            .app_data(web::Data::from(Arc::clone(&operator)))
            .route("/saf", web::get().to(list_advices))
            .route("/saf/{id}", web::get().to(show_advice))
            .route("/operator", from_here().to(grant))
            .default_service(web::to(tell_pages))
    })
    .workers(1)
    .max_connections(CONNECTIONS_MAX)
    .shutdown_timeout(1)
    .disable_signals()
    .bind(listen)?;
    let address = server.addrs().first().copied().unwrap_or(listen);
    Ok(OpsServer {
        server: server.run(),
        address,
    })
}

/// What changes something is taken from this machine only, wherever the port listens: it asks for no password.
fn from_here() -> actix_web::Route {
    let is_local = |asked: &guard::GuardContext<'_>| {
        let peer = asked.head().peer_addr;
        peer.is_some_and(|peer| peer.ip().to_canonical().is_loopback())
    };
    web::post().guard(guard::fn_guard(is_local))
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

async fn tell_metrics(metrics: web::Data<Metrics>) -> HttpResponse {
    HttpResponse::Ok()
        .content_type(METRICS_TYPE)
        .body(metrics.text())
}

async fn tell_health() -> HttpResponse {
    text(HttpResponse::Ok(), "ok\n".to_string())
}

async fn tell_readiness(health: web::Data<Health>) -> HttpResponse {
    let reasons = health.reasons();
    if reasons.is_empty() {
        return text(HttpResponse::Ok(), "ready\n".to_string());
    }
    text(
        HttpResponse::ServiceUnavailable(),
        reasons.join("\n") + "\n",
    )
}

/// What could not be told to payers: without addresses, and without what it was.
async fn list_dead_letters(outbox: web::Data<OnceLock<Desk>>) -> HttpResponse {
    let Some(desk) = outbox.get() else {
        return no_outbox();
    };
    match desk.list(DEAD_LETTERS_MAX).await {
        Ok(dead) => {
            let letters: Vec<_> = dead
                .into_iter()
                .map(|(key, dead)| {
                    json!({
                        "id": key.to_string(),
                        "since": dead.since,
                        "attempts": dead.attempts,
                        "why": dead.why,
                    })
                })
                .collect();
            HttpResponse::Ok()
                .insert_header((CACHE_CONTROL, "no-store"))
                .json(letters)
        }
        Err(why) => text(HttpResponse::InternalServerError(), why + "\n"),
    }
}

async fn retry_one(id: web::Path<String>, outbox: web::Data<OnceLock<Desk>>) -> HttpResponse {
    match id.parse() {
        Ok(key) => retry(&outbox, Letters::One(key)).await,
        Err(_) => no_letter(),
    }
}

async fn retry_all(outbox: web::Data<OnceLock<Desk>>) -> HttpResponse {
    retry(&outbox, Letters::All).await
}

async fn drop_one(id: web::Path<String>, outbox: web::Data<OnceLock<Desk>>) -> HttpResponse {
    match id.parse() {
        Ok(key) => forget(&outbox, Letters::One(key)).await,
        Err(_) => no_letter(),
    }
}

async fn drop_all(outbox: web::Data<OnceLock<Desk>>) -> HttpResponse {
    forget(&outbox, Letters::All).await
}

async fn retry(outbox: &OnceLock<Desk>, letters: Letters) -> HttpResponse {
    match outbox.get() {
        Some(desk) => done(desk.retry(letters).await, letters, "tried again"),
        None => no_outbox(),
    }
}

async fn forget(outbox: &OnceLock<Desk>, letters: Letters) -> HttpResponse {
    match outbox.get() {
        Some(desk) => done(desk.forget(letters).await, letters, "dropped"),
        None => no_outbox(),
    }
}

fn done(count: Result<usize, String>, letters: Letters, what: &str) -> HttpResponse {
    match (count, letters) {
        (Err(why), _) => text(HttpResponse::InternalServerError(), why + "\n"),
        (Ok(0), Letters::One(_)) => no_letter(),
        (Ok(count), _) => text(HttpResponse::Ok(), format!("{count} {what}\n")),
    }
}

fn no_outbox() -> HttpResponse {
    let why = "no channel is configured: see [notify.email] and [notify.sms]\n";
    text(HttpResponse::NotFound(), why.to_string())
}

fn no_letter() -> HttpResponse {
    text(
        HttpResponse::NotFound(),
        "no such dead letter\n".to_string(),
    )
}

/// What the financial system would not hear, oldest first.
async fn list_advices(operator: web::Data<OnceLock<Operator>>) -> HttpResponse {
    let Some(operator) = operator.get() else {
        return starting();
    };
    let letters = operator.dead_letters.list(DEAD_LETTERS_MAX);
    let letters: Vec<_> = letters
        .into_iter()
        .map(|(id, given_up)| {
            let reference = id.reference.to_text();
            json!({
                "id": id.to_string(),
                "reference": String::from_utf8_lossy(&reference),
                "since": given_up.at,
                "code": String::from_utf8_lossy(given_up.code.as_bytes()),
            })
        })
        .collect();
    HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, "no-store"))
        .json(letters)
}

async fn show_advice(
    id: web::Path<String>,
    operator: web::Data<OnceLock<Operator>>,
) -> HttpResponse {
    let (Some(operator), Ok(id)) = (operator.get(), id.parse()) else {
        return no_letter();
    };
    match operator.show(id) {
        Ok(Some(words)) => text(HttpResponse::Ok(), words),
        Ok(None) => no_letter(),
        Err(refusal) => text(HttpResponse::InternalServerError(), refusal.0 + "\n"),
    }
}

/// JSON alone is taken: a page in a browser on this machine can't send it here.
async fn grant(wish: web::Json<Wish>, operator: web::Data<OnceLock<Operator>>) -> HttpResponse {
    let Some(operator) = operator.get() else {
        return starting();
    };
    match operator.grant(wish.into_inner()).await {
        Ok(standing) => HttpResponse::Ok()
            .insert_header((CACHE_CONTROL, "no-store"))
            .json(standing),
        Err(refusal) => text(HttpResponse::Conflict(), refusal.0 + "\n"),
    }
}

fn starting() -> HttpResponse {
    let why = "the switch is starting: try again\n";
    text(HttpResponse::ServiceUnavailable(), why.to_string())
}

async fn tell_pages() -> HttpResponse {
    text(
        HttpResponse::NotFound(),
        "/metrics\n/healthz\n/readyz\n/outbox\n/saf\n".to_string(),
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
    use crate::host::LinkStats;

    async fn ask(address: SocketAddr, request: &str) -> String {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let request = format!("{request} HTTP/1.1\r\nhost: switch\r\nconnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer.to_lowercase()
    }

    #[test]
    fn tells_metrics_health_and_readiness() {
        actix_web::rt::System::new().block_on(ask_everything());
    }

    async fn ask_everything() {
        let metrics = Arc::new(Metrics::new());
        metrics.door.party("Development mall 1");
        let health = Arc::new(Health::new(1));
        let free = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let health_of = Arc::clone(&health);
        let ops = serve(free, metrics, health_of, Arc::default(), Arc::default()).unwrap();
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

        handle.stop(true).await;
        running.await.unwrap().unwrap();
    }
}
