//! The pages and the API, asked as a browser or a program does.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;

use actix_web::body::{self, MessageBody as _};
use actix_web::dev::ServiceResponse;
use actix_web::http::{Method, StatusCode};
use actix_web::rt::System;
use actix_web::web::Data;
use actix_web::{App, test};
use serde_json::Value;

use super::letters::Letters;
use super::{api, page};

/// Two letters, one of which has no subject, and names that are no HTML.
fn letters() -> Arc<Letters> {
    let letters = Arc::new(Letters::default());
    let to = |name: &str| vec![format!("{name}@payer.example")];
    letters.put(to("<ada>"), b"From: <a@b>\r\nSubject: You paid <19.99>\r\nDate: Mon, 30 Nov 2026 13:18:06 +0000\r\n\r\nat Lantern\r\n");
    letters.put(to("bob"), b"\r\ncode 123456\r\n");
    letters
}

async fn ask(letters: &Arc<Letters>, method: Method, path: &str) -> ServiceResponse {
    let app = App::new()
        .app_data(Data::new(Arc::clone(letters)))
        .wrap(page::headers())
        .configure(page::routes)
        .configure(api::routes);
    let app = test::init_service(app).await;
    let request = test::TestRequest::default().method(method).uri(path);
    test::call_service(&app, request.to_request())
        .await
        .map_into_boxed_body()
}

async fn text(answer: ServiceResponse) -> String {
    let bytes = body::to_bytes(answer.into_body()).await;
    String::from_utf8(bytes.unwrap_or_default().to_vec()).unwrap()
}

async fn get(letters: &Arc<Letters>, path: &str) -> String {
    text(ask(letters, Method::GET, path).await).await
}

async fn json(letters: &Arc<Letters>, path: &str) -> Value {
    serde_json::from_str(&get(letters, path).await).unwrap()
}

#[test]
fn the_list_shows_what_is_new_and_searches() {
    System::new().block_on(async {
        let letters = letters();
        let all = get(&letters, "/").await;
        for part in [
            "2 mails, 2 new",
            "You paid &lt;19.99&gt;",
            "(no subject)",
            "&lt;ada&gt;@payer",
            "/mail.js",
        ] {
            assert!(all.contains(part), "{part} in {all}");
        }
        let found = get(&letters, "/list?q=lantern+ADA").await;
        assert!(
            found.contains("1 mail found") && !found.contains("bob") && !found.contains("<html"),
            "{found}"
        );
        assert!(
            get(&letters, "/?q=%22%3E")
                .await
                .contains("value=\"&quot;&gt;\"")
        );
        assert!(
            get(&letters, "/list?q=nothing")
                .await
                .contains("Show all mail")
        );
        // To open one is to read it.
        let opened = get(&letters, "/letters/2").await;
        assert!(opened.contains("code 123456"), "{opened}");
        assert!(get(&letters, "/list").await.contains("2 mails, 1 new"));
        let back = ask(&letters, Method::POST, "/letters/2/unread").await;
        assert_eq!(back.status(), StatusCode::SEE_OTHER);
        assert!(get(&letters, "/list").await.contains("2 mails, 2 new"));
    });
}

#[test]
fn letters_are_deleted_one_by_one_or_all() {
    System::new().block_on(async {
        let letters = letters();
        // A link deletes nothing.
        let link = ask(&letters, Method::GET, "/letters/1/delete").await;
        assert!(link.status().is_client_error() && letters.find(1).is_some());
        let once = ask(&letters, Method::POST, "/letters/1/delete").await;
        assert_eq!(once.headers().get("location").unwrap(), "/");
        assert_eq!(
            ask(&letters, Method::POST, "/letters/1/delete")
                .await
                .status(),
            StatusCode::NOT_FOUND
        );
        assert_eq!(
            ask(&letters, Method::GET, "/letters/1").await.status(),
            StatusCode::NOT_FOUND
        );
        assert_eq!(letters.search("").len(), 1);
        ask(&letters, Method::POST, "/letters/delete").await;
        assert!(get(&letters, "/").await.contains("No mail yet"));
    });
}

#[test]
fn programs_list_read_and_delete() {
    System::new().block_on(async {
        let letters = letters();
        let listed = json(&letters, "/api/letters?q=code").await;
        assert_eq!(listed["unread"], 2);
        assert_eq!(listed["letters"][0]["number"], 2);
        assert_eq!(listed["letters"].as_array().unwrap().len(), 1);
        let one = json(&letters, "/api/letters/1").await;
        assert_eq!(one["to"][0], "<ada>@payer.example");
        assert_eq!(one["date"], "Mon, 30 Nov 2026 13:18:06 +0000");
        assert_eq!(one["text"].as_str().unwrap().trim(), "at Lantern");
        assert_eq!((&one["html"], &one["unread"]), (&Value::Null, &true.into()));
        assert_eq!(letters.unread(), 2);
        for status in [StatusCode::NO_CONTENT, StatusCode::NOT_FOUND] {
            assert_eq!(
                ask(&letters, Method::DELETE, "/api/letters/1")
                    .await
                    .status(),
                status
            );
        }
        assert_eq!(
            json(&letters, "/api/letters/1").await["error"],
            "no such letter"
        );
        ask(&letters, Method::DELETE, "/api/letters").await;
        assert!(letters.search("").is_empty());
    });
}

#[test]
fn events_announce_changes() {
    System::new().block_on(async {
        let letters = letters();
        let answer = ask(&letters, Method::GET, "/live").await;
        assert_eq!(
            answer.headers().get("content-type").unwrap(),
            "text/event-stream"
        );
        let mut events = answer.into_body();
        let mut next = async || {
            let piece = poll_fn(|context| Pin::new(&mut events).poll_next(context)).await;
            String::from_utf8(piece.unwrap().unwrap().to_vec()).unwrap()
        };
        // Several changes before anybody looks are one.
        letters.put(Vec::new(), b"");
        letters.delete(1);
        assert_eq!(next().await, "event: changed\ndata: \n\n");
        letters.delete_all();
        assert_eq!(next().await, "event: changed\ndata: \n\n");
    });
}
