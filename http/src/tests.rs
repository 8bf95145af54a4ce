use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use actix_web::web::{self, Bytes};
use actix_web::{App, HttpResponse};

use super::*;

/// What a client waits for an answer or an end, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// Long enough for a busy machine to read what is there.
const A_WHILE: Duration = Duration::from_secs(4);

const LIMITS: Limits = Limits {
    connections_max: 8,
    head_within: A_WHILE,
    body_within: A_WHILE,
    answer_within: A_WHILE,
    idle_for: A_WHILE,
    body_bytes_max: 1000,
    ..Limits::OPERATIONS
};

/// As long as a test lasts.
const FOR_EVER: Duration = Duration::from_secs(1000);

const PATIENT: Limits = Limits {
    head_within: FOR_EVER,
    body_within: FOR_EVER,
    answer_within: FOR_EVER,
    idle_for: FOR_EVER,
    ..LIMITS
};

/// A server on a thread that ends with the test's process.
fn start(limits: Limits) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (ready, is_ready) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        actix_web::rt::System::new().block_on(async move {
            let server = serve(Listener::Plain(listener), limits, || {
                App::new()
                    .route("/health", web::get().to(async || "ok"))
                    .route("/length", web::post().to(length))
                    .route("/sleep", web::get().to(sleep))
            });
            ready.send(()).unwrap();
            server.unwrap().await.unwrap();
        });
    });
    is_ready.recv().unwrap();
    address
}

async fn length(body: Bytes) -> String {
    format!("{} bytes", body.len())
}

/// A request for sleep has come to its handler.
static SLEEPS: AtomicBool = AtomicBool::new(false);

async fn sleep() -> HttpResponse {
    SLEEPS.store(true, Ordering::SeqCst);
    tokio::time::sleep(FOR_EVER).await;
    HttpResponse::Ok().finish()
}

fn connect(address: SocketAddr, request: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    stream
}

/// All that comes until the end.
fn rest(mut stream: TcpStream) -> String {
    let mut bytes = Vec::new();
    match stream.read_to_end(&mut bytes) {
        Ok(_) => {}
        Err(error) => assert_eq!(error.kind(), ErrorKind::ConnectionReset, "no end"),
    }
    String::from_utf8_lossy(&bytes).to_lowercase()
}

fn is_healthy(address: SocketAddr) {
    let answer = rest(connect(
        address,
        "GET /health HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n",
    ));
    assert!(answer.starts_with("http/1.1 200"), "{answer}");
}

#[test]
fn what_comes_in_time_is_answered_and_the_connection_goes_on() {
    let address = start(PATIENT);
    let mut stream = connect(
        address,
        "POST /length HTTP/1.1\r\nhost: x\r\ncontent-length: 3\r\n\r\nabc\
         POST /length HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n4\r\nabcd\r\n0\r\n\r\n",
    );
    stream
        .write_all(b"GET /health HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
        .unwrap();
    let answers = rest(stream);
    assert_eq!(answers.matches("http/1.1 200").count(), 3, "{answers}");
    assert!(answers.contains("3 bytes") && answers.contains("4 bytes"));
}

#[test]
fn what_does_not_come_in_time_comes_to_an_end() {
    let address = start(LIMITS);
    let cases = [
        ("", ""),
        ("GET /health HTTP/1.1\r\nhost: x\r\n", "http/1.1 408"),
        (
            "POST /length HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\nabc",
            "http/1.1 408",
        ),
        (
            "POST /length HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n",
            "http/1.1 408",
        ),
        // A body that nobody wants.
        (
            "GET /health HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n",
            "http/1.1 200",
        ),
        (
            "POST /nothing HTTP/1.1\r\nhost: x\r\ncontent-length: 900\r\n\r\n",
            "http/1.1 404",
        ),
        // A second head that never ends.
        (
            "GET /health HTTP/1.1\r\nhost: x\r\n\r\nGET /health HTTP/1.1\r\nhost: x\r\n",
            "http/1.1 200",
        ),
        // A trailer that never ends.
        (
            "POST /length HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n0\r\nx: y",
            "http/1.1 408",
        ),
        ("GET /sleep HTTP/1.1\r\nhost: x\r\n\r\n", "http/1.1 503"),
    ];
    // As many as there may be, at the same time.
    for cases in cases.chunks(LIMITS.connections_max) {
        std::thread::scope(|scope| {
            for (request, expected) in cases {
                scope.spawn(move || {
                    let answer = rest(connect(address, request));
                    let is_right = answer.starts_with(expected);
                    // A head without an end may be answered before it is cut off.
                    let is_cut_off = *expected == "http/1.1 408" && answer.is_empty();
                    assert!(is_right || is_cut_off, "{request}: {answer}");
                });
            }
        });
    }
    is_healthy(address);
}

/// However fast it comes: chunks, and trailers, of a body that has an end and of one that nobody reads.
#[test]
fn what_has_no_end_comes_to_an_end() {
    let address = start(PATIENT);
    for path in ["POST /length", "POST /nothing", "GET /health"] {
        for (begins, goes_on) in [
            ("", "1\r\nx\r\n"),
            ("", "1;extension=long\r\nx\r\n"),
            ("0\r\n", "trailer: more\r\n"),
            ("0\r\ntrailer: ", "more"),
        ] {
            let head = format!("{path} HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n");
            let mut stream = connect(address, &(head + begins));
            let endless = goes_on.repeat(1000);
            let mut sent = 0;
            while stream.write_all(endless.as_bytes()).is_ok() {
                sent += endless.len();
                // What the sockets take, beside what the server reads.
                assert!(sent < 64 << 20, "{path} {goes_on:?}");
            }
        }
    }
    is_healthy(address);
}

#[test]
fn a_body_above_its_bound_is_refused() {
    let address = start(PATIENT);
    let stated = "POST /length HTTP/1.1\r\nhost: x\r\ncontent-length: 1001\r\n\r\n";
    let answer = rest(connect(address, stated));
    assert!(answer.starts_with("http/1.1 413"), "{answer}");
    let chunk = format!("3e9\r\n{}\r\n0\r\n\r\n", "x".repeat(1001));
    let head = "POST /length HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n";
    let answer = rest(connect(address, &format!("{head}{chunk}")));
    assert!(answer.starts_with("http/1.1 413"), "{answer}");
}

/// Sixty-six slow requests where eight connections may be: those who come after them are served, without a wait for any
/// time to be over.
#[test]
fn slow_requests_never_keep_others_out() {
    let address = start(PATIENT);
    let slow = [
        "",
        "GET /health HTTP/1.1\r\n",
        "POST /length HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\nabc",
    ];
    let standing: Vec<TcpStream> = (0..66)
        .map(|number| connect(address, slow[number % slow.len()]))
        .collect();
    for _ in 0..20 {
        is_healthy(address);
    }
    drop(standing);
}

/// Nor do those that are being answered go for others.
#[test]
fn a_request_that_is_being_answered_is_not_cut_off() {
    let address = start(PATIENT);
    let working = connect(address, "GET /sleep HTTP/1.1\r\nhost: x\r\n\r\n");
    while !SLEEPS.load(Ordering::SeqCst) {
        std::thread::sleep(Duration::from_millis(10));
    }
    let kept: Vec<TcpStream> = (0..40).map(|_| connect(address, "")).collect();
    is_healthy(address);
    working
        .set_read_timeout(Some(Duration::from_millis(100)))
        .unwrap();
    let error = (&working).read(&mut [0]).unwrap_err();
    assert!(matches!(
        error.kind(),
        ErrorKind::WouldBlock | ErrorKind::TimedOut
    ));
    drop(kept);
}
