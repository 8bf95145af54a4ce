//! One connection to one member: TCP, TLS where the endpoint has it, and HTTP/2. It neither connects again nor sends anything
//! again: where it breaks, the outcome of what was under way is not known.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::Uri;
use hyper::body::Incoming;
use hyper::client::conn::http2::{self, SendRequest};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio_rustls::TlsConnector;
use tonic::body::Body;
use tonic::client::Grpc;
use tonic::codec::Streaming;
use tonic::metadata::MetadataValue;
use tonic_prost::ProstCodec;

use super::fault::{Fault, Kind};
use super::settings::Endpoint;
use super::wire::{Answer, Rpc};

/// Clones share the connection. It is closed with the last of them.
#[derive(Clone)]
pub struct Connection {
    requests: SendRequest<Body>,
    origin: Uri,
    _task: Arc<Task>,
}

/// What moves the bytes of a connection.
struct Task(JoinHandle<()>);

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

impl Connection {
    /// A kernel accepts connections for a process that hangs, so a connection says nothing of the member behind it.
    pub async fn open(endpoint: &Endpoint, tls: Option<&TlsConnector>) -> Result<Self, Fault> {
        let stream = stream(endpoint, tls).await.map_err(Fault::broken)?;
        let (requests, connection) = http2::Builder::new(TokioExecutor::new())
            .handshake(TokioIo::new(stream))
            .await
            .map_err(Fault::broken)?;
        let task = tokio::spawn(async move {
            // The user of the connection sees that it ended.
            let _ = connection.await;
        });
        Ok(Self {
            requests,
            origin: endpoint.uri().clone(),
            _task: Arc::new(Task(task)),
        })
    }

    pub fn is_closed(&self) -> bool {
        self.requests.is_closed()
    }

    /// One request, one answer. Waits as long as the caller does.
    pub async fn unary<R: Rpc>(&self, request: tonic::Request<R>) -> Result<R::Answer, Fault> {
        let codec = ProstCodec::<R, R::Answer>::default();
        let request = prepared::<R, _>(request);
        let mut grpc = self.grpc::<R>();
        let answer = grpc.unary(request, path::<R>(), codec).await?.into_inner();
        Self::checked(answer)
    }

    /// A stream of requests, and one of answers.
    pub async fn streaming<R: Rpc>(
        &self,
        requests: impl futures_util::Stream<Item = R> + Send + 'static,
    ) -> Result<Answers<R::Answer>, Fault> {
        let codec = ProstCodec::<R, R::Answer>::default();
        let request = prepared::<R, _>(tonic::Request::new(requests));
        let mut grpc = self.grpc::<R>();
        let stream = grpc.streaming(request, path::<R>(), codec).await?;
        Ok(Answers(stream.into_inner()))
    }

    fn grpc<R: Rpc>(&self) -> Grpc<Self> {
        Grpc::with_origin(self.clone(), self.origin.clone())
            .max_decoding_message_size(R::ANSWER_BYTES_MAX)
    }

    fn checked<A: Answer>(answer: A) -> Result<A, Fault> {
        match answer.header() {
            Some(header) if header.cluster_id != 0 && header.revision >= 0 => Ok(answer),
            _ => Err(Fault::new(
                Kind::Refused,
                "an answer that is none of etcd's: check that the endpoint is etcd's port for clients",
            )),
        }
    }
}

/// The answers of a stream.
pub struct Answers<A>(Streaming<A>);

impl<A: Answer> Answers<A> {
    /// The next one. May be given up at any time.
    pub async fn next(&mut self) -> Result<A, Fault> {
        match self.0.message().await? {
            Some(answer) => Connection::checked(answer),
            None => Err(Fault::broken("the stream of answers has ended")),
        }
    }
}

fn path<R: Rpc>() -> http::uri::PathAndQuery {
    http::uri::PathAndQuery::from_static(R::PATH)
}

fn prepared<R: Rpc, T>(mut request: tonic::Request<T>) -> tonic::Request<T> {
    if R::NEEDS_LEADER {
        let metadata = request.metadata_mut();
        metadata.insert("hasleader", MetadataValue::from_static("true"));
    }
    request
}

async fn stream(endpoint: &Endpoint, tls: Option<&TlsConnector>) -> io::Result<Box<dyn Stream>> {
    let tcp = TcpStream::connect((endpoint.host(), endpoint.port())).await?;
    tcp.set_nodelay(true)?;
    let (true, Some(tls), Some(name)) = (endpoint.is_secure(), tls, endpoint.server_name()) else {
        return Ok(Box::new(tcp));
    };
    Ok(Box::new(tls.connect(name, tcp).await?))
}

impl Drop for Task {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl tower_service::Service<http::Request<Body>> for Connection {
    type Response = http::Response<Incoming>;
    type Error = hyper::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.requests.poll_ready(context)
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        Box::pin(self.requests.send_request(request))
    }
}
