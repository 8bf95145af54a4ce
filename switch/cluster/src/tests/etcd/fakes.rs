//! What listens at the endpoint is no etcd, or lies.

use std::convert::Infallible;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;

use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};

use super::*;

fn client(port: u16) -> Etcd {
    Etcd::new(EtcdSettings {
        endpoints: vec![Endpoint::parse(&format!("http://127.0.0.1:{port}")).unwrap()],
        tls: None,
        cluster: node("fake"),
    })
    .unwrap()
}

type Attempt = fn(&Etcd) -> Result<(), LogError>;

/// Everything that can be asked.
const ATTEMPTS: [Attempt; 9] = [
    |log| log.head().map(drop),
    |log| log.begin(&config(), &head(0)).map(drop),
    |log| log.append(Revision(1), &head(1), b"entry", 0).map(drop),
    |log| log.claimed().map(drop),
    |log| log.nodes().map(drop),
    |log| log.first().map(drop),
    |log| log.status().map(drop),
    |log| log.lease(Duration::from_secs(3)).map(drop),
    |log| log.unclaimed(Duration::from_millis(10)).map(drop),
];

/// Everything fails, with a text of bounded length.
fn assert_useless(port: u16, what: &str) {
    let log = &client(port);
    std::thread::scope(|scope| {
        for attempt in ATTEMPTS {
            scope.spawn(move || {
                let text = attempt(log).unwrap_err().to_string();
                assert!(text.len() < 400, "{what}: {text}");
            });
        }
        let found = log.follow(1).unwrap().next(Duration::from_secs(1));
        assert!(!matches!(found, Ok(Followed::Entry { .. })), "{what}");
    });
    println!("{what}: {}", log.head().unwrap_err());
}

/// All at the same time, since each takes as long as a request may take.
fn assert_all_useless(fakes: impl IntoIterator<Item = (u16, &'static str)>) {
    std::thread::scope(|scope| {
        for (port, what) in fakes {
            scope.spawn(move || assert_useless(port, what));
        }
    });
}

/// A server that says this to everybody, and closes.
fn says(bytes: &'static [u8]) -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let _ = stream.write_all(bytes);
            let _ = stream.read(&mut [0; 100]);
        }
    });
    port
}

/// A member that belongs to cluster 1, and knows a leader.
const FINE: &str = "\0\0\0\0\x08\x0a\x04\x08\x01\x10\x01\x20\x01";

/// A server of HTTP/2 that answers with this message: every request, or only those that have passed the first check.
fn answers(first: Option<&'static str>, status: &'static str, body: &'static str) -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    listener.set_nonblocking(true).unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async move {
            let listener = tokio::net::TcpListener::from_std(listener).unwrap();
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let answer = service_fn(move |request: http::Request<_>| async move {
                    let _: &hyper::body::Incoming = request.body();
                    let first = first.filter(|_| request.uri().path().ends_with("/Status"));
                    let (status, body) = match first {
                        Some(first) => ("0", first),
                        None => (status, body),
                    };
                    let answer = http::Response::builder()
                        .header("content-type", "application/grpc")
                        .header("grpc-status", status)
                        .header("grpc-message", "etcdserver: %0A".repeat(500))
                        .body(body.to_owned());
                    Ok::<_, Infallible>(answer.unwrap())
                });
                let server = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
                tokio::spawn(server.serve_connection(TokioIo::new(stream), answer));
            }
        });
    });
    port
}

#[test]
fn survives_what_is_no_http() {
    let fakes = [
        ("nothing", &b""[..]),
        ("another protocol", b"HTTP/1.1 400 Bad Request\r\n\r\n"),
        ("zeros", &[0; 5000]),
        ("ones", &[255; 5000]),
        // The settings of HTTP/2, and a frame of 16 MiB.
        (
            "a long frame",
            b"\0\0\0\x04\0\0\0\0\0\xff\xff\xff\0\0\0\0\0\x01",
        ),
    ];
    assert_all_useless(fakes.map(|(what, bytes)| (says(bytes), what)));
}

#[test]
fn survives_answers_that_are_none() {
    let fakes = [
        ("no message", "0", ""),
        ("an empty message", "0", "\0\0\0\0\0"),
        ("a message that is cut", "0", "\0\0\0\0\x7fabc"),
        ("a message of 2 GiB", "0", "\0\x7f\x7f\x7f\x7fabc"),
        ("no message of protobuf", "0", "\0\0\0\0\x05abcde"),
        // Cluster and revision are missing.
        ("an empty header", "0", "\0\0\0\0\x02\x0a\0"),
        ("another cluster", "0", "\0\0\0\0\x04\x0a\x02\x08\x02"),
        ("a compressed message", "0", "\x01\0\0\0\x02\x0a\0"),
        ("a refusal", "7", ""),
        ("an unknown status", "99", ""),
        ("no status", "x", ""),
    ];
    for first in [None, Some(FINE)] {
        assert_all_useless(fakes.map(|(what, status, body)| (answers(first, status, body), what)));
    }
}

/// An append is done only where a transaction says so, and refused only where one says with which head.
#[test]
fn believes_no_append_without_what_belongs_to_it() {
    for (what, body) in [
        (
            "a condition that failed, and nothing read",
            "\0\0\0\0\x06\x0a\x04\x08\x01\x18\x09",
        ),
        (
            "success at an earlier revision",
            "\0\0\0\0\x08\x0a\x04\x08\x01\x18\x01\x10\x01",
        ),
        (
            "success without a revision",
            "\0\0\0\0\x06\x0a\x02\x08\x01\x10\x01",
        ),
        (
            "a head that is not there",
            "\0\0\0\0\x0a\x0a\x04\x08\x01\x18\x09\x1a\x02\x0a\0",
        ),
    ] {
        let log = client(answers(Some(FINE), "0", body));
        let error = log.append(Revision(1), &head(1), b"entry", 0).unwrap_err();
        assert!(matches!(error, LogError::Unusable(_)), "{what}: {error}");
        println!("{what}: {error}");
    }
}
