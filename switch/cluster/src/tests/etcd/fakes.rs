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

/// Everything fails, soon, with a text of bounded length.
fn assert_useless(port: u16, what: &str) {
    let log = client(port);
    let errors = [
        log.head().map(drop).unwrap_err(),
        log.begin(&config(), &head(0)).map(drop).unwrap_err(),
        log.append(Revision(1), &head(1), b"entry", 0)
            .map(drop)
            .unwrap_err(),
        log.claimed().map(drop).unwrap_err(),
        log.nodes().map(drop).unwrap_err(),
        log.first().map(drop).unwrap_err(),
        log.status().map(drop).unwrap_err(),
        log.lease(Duration::from_secs(3)).map(drop).unwrap_err(),
        log.unclaimed(Duration::from_millis(10))
            .map(drop)
            .unwrap_err(),
    ];
    for error in errors {
        let text = error.to_string();
        assert!(text.len() < 1000, "{what}: {text}");
        println!("{what}: {text}");
    }
    let found = log.follow(1).unwrap().next(Duration::from_millis(50));
    assert!(!matches!(found, Ok(Followed::Entry { .. })), "{what}");
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

/// A server of HTTP/2 that answers every request with this message.
fn answers(status: &'static str, body: &'static str) -> u16 {
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
                let answer = service_fn(move |_| async move {
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
    for (what, bytes) in [
        ("nothing", &b""[..]),
        ("another protocol", b"HTTP/1.1 400 Bad Request\r\n\r\n"),
        ("zeros", &[0; 5000]),
        ("ones", &[255; 5000]),
        // The settings of HTTP/2, and a frame of 16 MiB.
        (
            "a long frame",
            b"\0\0\0\x04\0\0\0\0\0\xff\xff\xff\0\0\0\0\0\x01",
        ),
    ] {
        assert_useless(says(bytes), what);
    }
}

#[test]
fn survives_answers_that_are_none() {
    for (what, status, body) in [
        ("no message", "0", ""),
        ("an empty message", "0", "\0\0\0\0\0"),
        ("a message that is cut", "0", "\0\0\0\0\x7fabc"),
        ("a message of 2 GiB", "0", "\0\x7f\x7f\x7f\x7fabc"),
        ("no message of protobuf", "0", "\0\0\0\0\x05abcde"),
        // A header whose revision and cluster are missing.
        ("an empty header", "0", "\0\0\0\0\x02\x0a\0"),
        ("a compressed message", "0", "\x01\0\0\0\x02\x0a\0"),
        ("a refusal", "7", ""),
        ("an unknown status", "99", ""),
        ("no status", "x", ""),
    ] {
        assert_useless(answers(status, body), what);
    }
}

/// It has a header, and nothing that was asked for.
#[test]
fn believes_no_answer_without_what_was_asked_for() {
    // cluster 1, member 1, revision 0: a transaction whose condition failed, and that has read nothing.
    let log = client(answers("", "\0\0\0\0\x06\x0a\x04\x08\x01\x10\x01"));
    let appended = log.append(Revision(1), &head(1), b"entry", 0);
    let error = appended.unwrap_err();
    println!("{error}");
    // One that succeeded, at a revision before the one it expected.
    let log = client(answers("", "\0\0\0\0\x08\x0a\x04\x08\x01\x18\x01\x10\x01"));
    let appended = log.append(Revision(1), &head(1), b"entry", 0);
    println!("{}", appended.unwrap_err());
}
