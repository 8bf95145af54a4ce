//! What the answers of a push service come to, and what a browser gets.

use tessera_texts::{Language, Locale};

use super::*;
use crate::channel::Address;
use crate::testing::run;
use crate::texts::{Facts, Occasion, Texts, compose};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

const KEYS: &str = "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4.BTBZMqHH6r4Tts7J_aSIgg";

fn message(address: &str) -> Message {
    let texts = Texts {
        subject: String::new(),
        text: String::new(),
        html: String::new(),
        sms: "Tessera: Paid 19.99 USD at LANTERN.".into(),
    };
    let id = MessageId::new("1f.b7.19aa").unwrap();
    let mut message = Message::new(id, Address::new(format!("{address}\n{KEYS}")), texts);
    message.page = "/transactions/0ABCDEFGHIJK".into();
    message
}

/// The channel to the push services of this name.
fn channel(service: &str) -> WebPush {
    let settings = format!("contact = \"mailto:a@b.example\"\nservices = [{service:?}]");
    let settings: WebPushSettings = toml::from_str(&settings).unwrap();
    WebPush::open(&settings, Arc::new(VapidKey::for_tests())).unwrap()
}

/// What becomes of a message where the push service answers this, and the request that it got.
async fn answered(head: &'static str) -> (Result<(), Failure>, WebPush, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let service = listener.local_addr().unwrap().to_string();
    let asked = tokio::task::spawn_local(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut request = Vec::new();
        while !request.windows(4).any(|end| end == b"\r\n\r\n") {
            stream.read_buf(&mut request).await.unwrap();
        }
        stream.write_all(head.as_bytes()).await.unwrap();
        let end = request
            .windows(4)
            .position(|end| end == b"\r\n\r\n")
            .unwrap();
        String::from_utf8(request[..end].to_vec()).unwrap()
    });
    let channel = channel(&service);
    let sent = channel
        .send(&message(&format!("http://{service}/push/s3cret")))
        .await;
    (sent, channel, asked.await.unwrap())
}

fn locally<F: Future>(test: F) -> F::Output {
    run(tokio::task::LocalSet::new().run_until(test))
}

#[test]
fn a_push_service_gets_what_rfc_8030_asks_for_and_nothing_to_read() {
    locally(async {
        let (sent, _, request) = answered("HTTP/1.1 201 Created\r\nlocation: /m/1\r\n\r\n").await;
        assert_eq!(sent, Ok(()));
        for line in [
            "POST /push/s3cret HTTP/1.1\r\n",
            "content-encoding: aes128gcm\r\n",
            "ttl: 86400\r\n",
            "authorization: vapid t=ey",
            "content-length: 1126",
        ] {
            assert!(request.contains(line), "{line}\n{request}");
        }
        let topic = request
            .split("topic: ")
            .nth(1)
            .unwrap()
            .split("\r\n")
            .next()
            .unwrap();
        assert_eq!(topic.len(), TOPIC_CHARACTERS);
        assert!(!request.contains("LANTERN") && !request.contains("1f.b7"));
    });
}

#[test]
fn each_answer_has_its_meaning() {
    locally(async {
        let meant = async |head: &'static str| answered(head).await.0.unwrap_err();
        for gone in [
            "HTTP/1.1 404 Not Found\r\n\r\n",
            "HTTP/1.1 410 Gone\r\n\r\n",
        ] {
            assert_eq!(meant(gone).await, Failure::Gone);
        }
        let later = |status: u16, seconds| {
            let why = format!("the push service answered {status}");
            Failure::Later(why, Duration::from_secs(seconds))
        };
        let busy = "HTTP/1.1 429 Too Many Requests\r\nretry-after: 120\r\n\r\n";
        assert_eq!(meant(busy).await, later(429, 120));
        assert_eq!(meant("HTTP/1.1 503 Down\r\n\r\n").await, later(503, 10));
        assert!(matches!(
            meant("HTTP/1.1 403 Forbidden\r\n\r\n").await,
            Failure::Transient(_)
        ));
        for permanent in [
            "HTTP/1.1 413 Too Large\r\n\r\n",
            "HTTP/1.1 302 Found\r\nlocation: /\r\n\r\n",
        ] {
            assert!(
                matches!(meant(permanent).await, Failure::Permanent(_)),
                "{permanent}"
            );
        }
        assert!(matches!(meant("nonsense").await, Failure::Later(..)));
    });
}

#[test]
fn a_push_service_that_is_down_is_not_asked_before_its_time() {
    fn host(request: &str) -> &str {
        let (_, from_host) = request.split_once("host: ").unwrap();
        from_host.split("\r\n").next().unwrap()
    }
    locally(async {
        // One payer's browser is no reason to let the others wait.
        let (first, channel, request) =
            answered("HTTP/1.1 429 Busy\r\nretry-after: 120\r\n\r\n").await;
        assert!(first.is_err());
        assert!(!channel.rests(host(&request), Instant::now()));
        let (first, channel, request) =
            answered("HTTP/1.1 503 Down\r\nretry-after: 999999999\r\n\r\n").await;
        assert!(first.is_err());
        let host = host(&request);
        let again = channel
            .send(&message(&format!("http://{host}/push/1")))
            .await;
        assert_eq!(
            again,
            Err(Failure::transient("the push service rests after a failure"))
        );
        let now = Instant::now();
        assert!(channel.rests(host, now + REST_MAX - REST));
        assert!(!channel.rests(host, now + REST_MAX));
        // However a browser writes its name.
        let channel = self::channel("push.example");
        channel.let_rest("push.example".to_owned(), REST);
        let written = message("https://PUSH.example:443/push/1");
        assert_eq!(
            channel.send(&written).await,
            Err(Failure::transient("the push service rests after a failure"))
        );
    });
}

#[test]
fn what_is_no_subscription_is_given_up_without_its_address() {
    locally(async {
        let channel = channel("push.example");
        for to in [
            String::new(),
            "https://push.example/s3cret".into(),
            format!("https://s3cret.example/\n{KEYS}"),
            "https://push.example/s3cret\nabc.def".into(),
        ] {
            let mut message = message("");
            message.to = Address::new(to);
            let failure = channel.send(&message).await.unwrap_err();
            assert!(matches!(failure, Failure::Permanent(_)));
            assert!(!failure.to_string().contains("s3cret"), "{failure}");
        }
    });
}

#[test]
fn browsers_show_the_text_of_the_short_message() {
    let mut message = message("");
    message.language = Language::Arabic;
    let shown: serde_json::Value = serde_json::from_str(&payload(&message)).unwrap();
    assert_eq!(
        shown,
        serde_json::json!({
            "title": "Tessera", "body": "Paid 19.99 USD at LANTERN.", "id": "1f.b7.19aa",
            "page": "/transactions/0ABCDEFGHIJK", "lang": "ar", "dir": "rtl",
        })
    );
}

#[test]
fn the_name_is_not_said_twice_in_any_language() {
    for language in Language::COMPLETE {
        let mut message = message("");
        message.sms = compose(
            Occasion::Frozen,
            &Facts::default(),
            &Locale::of_messages(*language),
        )
        .sms;
        assert!(message.sms.contains("Tessera"), "{}", message.sms);
        let shown: serde_json::Value = serde_json::from_str(&payload(&message)).unwrap();
        let body = shown["body"].as_str().unwrap();
        assert!(
            !body.contains("Tessera") && message.sms.ends_with(body),
            "{body}"
        );
        // A text without the name stays whole, whatever else is in it.
        message.sms = "Code: 123456".into();
        assert!(payload(&message).contains("Code: 123456"));
    }
}

#[test]
fn keys_are_taken_as_browsers_write_them() {
    assert!(are_browser_keys(KEYS));
    let (public, secret) = KEYS.split_once('.').unwrap();
    assert!(are_browser_keys(&format!("{public}=.{secret}==")));
    let no_point = URL_SAFE_NO_PAD.encode([4; PUBLIC_BYTES]);
    for wrong in [
        "",
        ".",
        public,
        &format!("{secret}.{public}"),
        &format!("{no_point}.{secret}"),
    ] {
        assert!(!are_browser_keys(wrong), "{wrong}");
    }
}
