//! The socket from its other end.

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::UnixStream;
use tokio::time::timeout;

use super::*;

/// What a client waits for the end of its connection, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);

async fn ask(path: &Path, request: &str) -> String {
    let mut stream = UnixStream::connect(path).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

fn request(first: &str, body: &str) -> String {
    format!(
        "{first} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-type: application/json\r\n\
         content-length: {}\r\n\r\n{body}",
        body.len()
    )
}

#[test]
fn the_switchs_own_user_may_ask_and_bodies_have_an_end() {
    actix_web::rt::System::new().block_on(async {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("operations.sock");
        let rights = OperatorSettings::default();
        let server = serve(&path, &rights, Default::default(), Arc::default()).unwrap();
        let handle = server.handle();
        let running = actix_web::rt::spawn(server);

        // Nothing has started yet: but the caller is let in.
        for (first, body, status) in [
            ("GET /saf", "", "503"),
            ("GET /outbox", "", "404"),
            ("POST /outbox/drop", "", "404"),
            (
                "POST /operator",
                r#"{"want":"begin_day","of":"all"}"#,
                "503",
            ),
        ] {
            let answer = ask(&path, &request(first, body)).await;
            assert!(answer.contains(&format!(" {status} ")), "{first}: {answer}");
        }
        let long = request("POST /operator", &"x".repeat(64 * 1024 + 1));
        let answer = ask(&path, &long).await;
        assert!(answer.contains(" 413 "), "{answer}");
        bodies_that_do_not_come_are_not_waited_for(&path).await;

        handle.stop(false).await;
        running.await.unwrap().unwrap();
    });
}

/// More of them than there may be connections: the others are answered meanwhile, and each comes to an end.
async fn bodies_that_do_not_come_are_not_waited_for(path: &Path) {
    let head = "POST /operator HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n\
                content-length: 9\r\n\r\n{";
    let mut stalled = Vec::new();
    for _ in 0..=Limits::OPERATIONS.connections_max {
        let mut stream = UnixStream::connect(path).await.unwrap();
        stream.write_all(head.as_bytes()).await.unwrap();
        stalled.push(stream);
    }
    let answer = ask(path, &request("GET /saf", "")).await;
    assert!(answer.contains(" 503 "), "{answer}");
    for mut stream in stalled {
        let mut answer = Vec::new();
        // One that had to go for others may have its connection reset.
        let read = timeout(PATIENCE, stream.read_to_end(&mut answer));
        let _ = read.await.expect("the connection ends");
        let answer = String::from_utf8(answer).unwrap();
        assert!(answer.is_empty() || answer.contains(" 408 "), "{answer}");
    }
}
