//! The socket from its other end.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::UnixStream;

use super::*;

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
        let server = serve(&path, &rights, Arc::default(), Arc::default()).unwrap();
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
        let long = request("POST /operator", &"x".repeat(BODY_BYTES_MAX + 1));
        let answer = ask(&path, &long).await;
        assert!(answer.contains(" 413 "), "{answer}");

        handle.stop(false).await;
        running.await.unwrap().unwrap();
    });
}
