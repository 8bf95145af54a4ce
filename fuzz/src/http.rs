//! Any bytes, sent to an HTTP port: the connection comes to an end, and the server goes on serving others.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::LazyLock;
use std::time::Duration;

use actix_web::web::{self, Bytes, Form, Json, Query};
use actix_web::{App, HttpResponse};
use tessera_http::{Limits, Listener};

/// Short: an input that is no whole request is waited for.
const LIMITS: Limits = Limits {
    head_within: Duration::from_millis(50),
    body_within: Duration::from_millis(50),
    answer_within: Duration::from_millis(100),
    idle_for: Duration::from_millis(50),
    ..Limits::OPERATIONS
};

static SERVER: LazyLock<SocketAddr> = LazyLock::new(|| {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    std::thread::spawn(|| {
        actix_web::rt::System::new().block_on(async {
            let server = tessera_http::serve(Listener::Plain(listener), LIMITS, || {
                App::new()
                    .route("/", web::get().to(async || "ok"))
                    .route("/form", web::post().to(async |_: Form<Pairs>| "ok"))
                    .route("/json", web::post().to(async |_: Json<Pairs>| "ok"))
                    .route("/query", web::get().to(async |_: Query<Pairs>| "ok"))
                    .route("/body", web::post().to(async |body: Bytes| body))
                    .route("/unread", web::post().to(HttpResponse::Ok))
            });
            server.expect("a server").await.expect("it serves");
        });
    });
    address
});

type Pairs = std::collections::HashMap<String, String>;

pub fn run(bytes: &[u8]) {
    let mut stream = TcpStream::connect(*SERVER).expect("it accepts");
    let patience = Some(Duration::from_secs(20));
    stream.set_read_timeout(patience).expect("a socket");
    // It may have said all that it has to say before all has come.
    let _ = stream.write_all(bytes);
    let _ = stream.shutdown(Shutdown::Write);
    let mut answer = Vec::new();
    if let Err(error) = stream.read_to_end(&mut answer) {
        assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset, "no end");
    }
    assert!(answer.is_empty() || answer.starts_with(b"HTTP/1."));
}
