//! An HTTP server for applications of actix-web, with bounds that hold whatever a client sends or leaves out.
//!
//! In come connections; out go requests that are whole, or come to an end in time, for the application. Each connection
//! has a deadline for what it has to do next (`line`), and so many bytes for each request. Where there are as many
//! connections as there may be, a new one is not turned away: the oldest closes of those that keep the server waiting.
//! So a health check is answered however many slow requests there are.
//!
//! What never happens here: a path is known, or an answer is made of anything but an application's.

mod body;
mod io;
mod limits;
mod line;
pub mod local;
mod request;

use std::fmt;
use std::net::TcpListener;
use std::os::unix::net::UnixListener;
use std::rc::Rc;
use std::sync::Arc;

use actix_http::body::{BoxBody, MessageBody};
use actix_http::error::DispatchError;
use actix_http::{HttpService, KeepAlive, Protocol, Request, Response};
use actix_server::{Server, ServerBuilder};
use actix_service::{
    IntoServiceFactory, Service, ServiceFactory, ServiceFactoryExt as _, apply_fn_factory,
    fn_service, map_config,
};
use actix_web::dev::AppConfig;
use rustls::ServerConfig;
use tokio::net::{TcpStream, UnixStream};
use tokio_rustls::TlsAcceptor;

use crate::io::{Guarded, Stream};
use crate::line::{Line, Lines};

pub use crate::limits::Limits;

/// Where a server accepts connections.
#[derive(Debug)]
pub enum Listener {
    /// HTTP/1.1 over TCP.
    Plain(TcpListener),
    /// HTTP over TLS, and HTTP/2 where the configuration offers it.
    Tls(TcpListener, Arc<ServerConfig>),
    /// HTTP/1.1 over a Unix socket. A request's connection data has the client's [`tokio::net::unix::UCred`].
    Unix(UnixListener),
}

/// A server of what `app` makes, one for each thread, over connections that `listener` accepts. It leaves signals alone,
/// and serves when it is awaited.
///
/// # Errors
/// Where the listener is none.
pub fn serve<F, I, S, B>(listener: Listener, limits: Limits, app: F) -> std::io::Result<Server>
where
    F: Fn() -> I + Send + Clone + 'static,
    I: IntoServiceFactory<S, Request>,
    S: ServiceFactory<Request, Config = AppConfig> + 'static,
    S::Error: Into<actix_web::Error> + 'static,
    S::InitError: fmt::Debug,
    S::Response: Into<Response<B>> + 'static,
    S::Service: 'static,
    <S::Service as Service<Request>>::Future: 'static,
    B: MessageBody + 'static,
{
    let builder = ServerBuilder::new()
        .workers(limits.workers)
        // Connections that were asked to close need a moment.
        .max_concurrent_connections(2 * limits.connections_max + 64)
        .shutdown_timeout(limits.stop_within)
        .disable_signals();
    let stopping = builder.graceful_shutdown_signal();
    let http = move || {
        let stopping = stopping.clone();
        let app = app()
            .into_factory()
            .map_err(|error| -> Response<BoxBody> { error.into().error_response().into() });
        let app = map_config(app, |()| AppConfig::default());
        let app = apply_fn_factory(app, move |request, service: &_| {
            request::handle(request, service, limits)
        });
        HttpService::<Stream, _, _>::build()
            .keep_alive(KeepAlive::Timeout(limits.idle_for))
            .client_request_timeout(limits.head_within)
            .client_disconnect_timeout(line::LINGER)
            .graceful_shutdown_signal(move || {
                let stopping = stopping.clone();
                async move { stopping.notified().await }
            })
            .on_connect_ext(|stream: &Stream, data| {
                data.insert(Rc::clone(stream.line()));
                if let Some(user) = stream.user() {
                    data.insert(user);
                }
            })
            .finish(app)
    };
    let (listener, tls) = match listener {
        Listener::Unix(listener) => {
            let server = builder.listen_uds("http", listener, move || {
                let lines = Lines::new(limits.connections_max);
                fn_service(move |socket| arrive_here(socket, lines.clone(), limits))
                    .and_then(http())
            })?;
            return Ok(server.run());
        }
        Listener::Plain(listener) => (listener, None),
        Listener::Tls(listener, tls) => (listener, Some(TlsAcceptor::from(tls))),
    };
    let server = builder.listen("http", listener, move || {
        let (tls, lines) = (tls.clone(), Lines::new(limits.connections_max));
        fn_service(move |socket| arrive(socket, tls.clone(), lines.clone(), limits))
            .and_then(http())
    })?;
    Ok(server.run())
}

type Arrived = (Stream, Protocol, Option<std::net::SocketAddr>);

async fn arrive(
    socket: TcpStream,
    tls: Option<TlsAcceptor>,
    lines: Rc<Lines>,
    limits: Limits,
) -> Result<Arrived, DispatchError> {
    let peer = socket.peer_addr().ok();
    // It fails on a connection that is gone, which shows at once.
    let _ = socket.set_nodelay(true);
    let socket = Guarded::new(socket, admit(&lines, limits)?);
    let Some(tls) = tls else {
        return Ok((Stream::Plain(socket), Protocol::Http1, peer));
    };
    let stream = tls.accept(socket).await?;
    let protocol = match stream.get_ref().1.alpn_protocol() {
        Some(b"h2") => Protocol::Http2,
        _ => Protocol::Http1,
    };
    Ok((Stream::Sealed(Box::new(stream)), protocol, peer))
}

/// A connection of this machine.
async fn arrive_here(
    socket: UnixStream,
    lines: Rc<Lines>,
    limits: Limits,
) -> Result<Arrived, DispatchError> {
    let socket = Guarded::new(socket, admit(&lines, limits)?);
    Ok((Stream::Unix(socket), Protocol::Http1, None))
}

fn admit(lines: &Lines, limits: Limits) -> std::io::Result<Rc<Line>> {
    let line = Line::new(limits);
    match lines.admit(&line) {
        true => Ok(line),
        false => Err(std::io::ErrorKind::ConnectionRefused.into()),
    }
}

#[cfg(test)]
mod tests;
