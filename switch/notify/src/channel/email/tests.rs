//! Mail servers that do not stop talking, and one that takes no address beyond ASCII. What the first get rid of is counted: with
//! a reader that has no limit it is [`PLENTY`], and as much memory.

use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpListener;

use super::*;
use crate::channel::{Address, MessageId};
use crate::testing::run;
use crate::texts::Texts;
use tessera_config::EmailTls;

/// More than the sockets of both sides hold, whatever the machine.
const ENOUGH: usize = 48 << 20;
/// Where a server gives up.
const PLENTY: usize = 128 << 20;

/// Serves one connection: replies to so many commands as a server does, the greeting counted, and to the next one with `piece`
/// again and again. How many bytes of it went out.
async fn endless(listener: TcpListener, well: usize, piece: &[u8]) -> usize {
    let (stream, _) = listener.accept().await.unwrap();
    let (read, mut write) = stream.into_split();
    let mut commands = BufReader::new(read).lines();
    for turn in 0..well {
        let reply = match turn {
            0 => "220 mail.example\r\n",
            1 => "250-mail.example\r\n250 STARTTLS\r\n",
            4 => "354 go on\r\n",
            _ => "250 ok\r\n",
        };
        write.write_all(reply.as_bytes()).await.unwrap();
        let command = commands.next_line().await.unwrap().unwrap_or_default();
        // The text that follows DATA ends with a dot.
        if turn == 4 {
            let mut line = command;
            while line != "." {
                line = commands.next_line().await.unwrap().unwrap_or_default();
            }
        }
    }
    let piece = piece.repeat(64 * 1024 / piece.len());
    let mut sent = 0;
    while sent < PLENTY && write.write_all(&piece).await.is_ok() {
        sent += piece.len();
    }
    sent
}

fn message(to: &str) -> Message {
    let texts = Texts {
        subject: "Paid".into(),
        text: "Paid\n".into(),
        html: "<p>Paid</p>".into(),
        sms: String::new(),
    };
    let id = MessageId::new("1.1").unwrap();
    Message::new(id, Address::new(to), texts)
}

#[test]
fn a_server_that_never_ends_its_reply_is_left() {
    run(async {
        for tls in [EmailTls::Plain, EmailTls::Starttls] {
            // The greeting, EHLO, MAIL or STARTTLS, RCPT, DATA, the end of the text.
            let stages = if tls == EmailTls::Plain { 6 } else { 3 };
            for well in 0..stages {
                // A line without an end, a reply of lines without an end, and empty lines.
                for piece in ["2", "250-more\r\n", "\r\n"] {
                    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
                    let email = Email::open(&EmailSettings {
                        server: listener.local_addr().unwrap().to_string(),
                        server_name: Some("mail.example".to_owned()),
                        tls,
                        from: "Tessera <no-reply@tessera.example>".to_owned(),
                        connect_within: std::time::Duration::from_mins(5),
                        answer_within: std::time::Duration::from_mins(5),
                        ..EmailSettings::default()
                    })
                    .unwrap();
                    let message = message("payer@example.com");
                    let server = endless(listener, well, piece.as_bytes());
                    let (sent, accepted) = tokio::join!(email.send(&message), server);
                    let failure = sent.unwrap_err();
                    assert!(failure.is_transient(), "{failure}");
                    assert!(
                        accepted < ENOUGH,
                        "{tls:?}, after {well} replies: {accepted} bytes of {piece:?}"
                    );
                }
            }
        }
    });
}

/// Serves one connection to its end, and accepts everything. Returns what it received.
async fn polite(listener: TcpListener, hello: &str) -> Vec<String> {
    let (stream, _) = listener.accept().await.unwrap();
    let (read, mut write) = stream.into_split();
    let mut lines = BufReader::new(read).lines();
    write.write_all(b"220 mail.example\r\n").await.unwrap();
    let mut notice = Vec::new();
    let mut in_text = false;
    while let Ok(Some(line)) = lines.next_line().await {
        let reply = match &*line {
            "." => "250 taken\r\n",
            _ if in_text => continue,
            "DATA" => "354 go on\r\n",
            line if line.starts_with("EHLO") => hello,
            _ => "250 ok\r\n",
        };
        in_text = line == "DATA";
        notice.push(line);
        if write.write_all(reply.as_bytes()).await.is_err() {
            break;
        }
    }
    notice
}

#[test]
fn a_name_beyond_ascii_goes_to_servers_that_take_one() {
    run(async {
        let (name, domain) = ("用户@例え.テスト", "payer@bücher.example");
        for (hello, takes) in [
            ("250-mail.example\r\n250 8BITMIME\r\n", false),
            ("250-mail.example\r\n250-8BITMIME\r\n250 SMTPUTF8\r\n", true),
        ] {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let email = Email::open(&EmailSettings {
                server: listener.local_addr().unwrap().to_string(),
                tls: EmailTls::Plain,
                from: "Tessera <no-reply@TESSERA.example>".to_owned(),
                ..EmailSettings::default()
            })
            .unwrap();
            let client = async move {
                let sent = email.send(&message(name)).await;
                match takes {
                    true => sent.unwrap(),
                    false => {
                        let failure = sent.unwrap_err();
                        assert!(!failure.is_transient());
                        assert!(failure.to_string().contains("SMTPUTF8"), "{failure}");
                    }
                }
                // The same connection takes the next one.
                email.send(&message(domain)).await.unwrap();
            };
            let ((), notice) = tokio::join!(client, polite(listener, hello));
            let has = |wanted: &str| notice.iter().any(|line| line == wanted);
            assert!(has("RCPT TO:<payer@xn--bcher-kva.example>"), "{notice:?}");
            assert_eq!(
                has("RCPT TO:<用户@xn--r8jz45g.xn--zckzah>"),
                takes,
                "{notice:?}"
            );
            assert_eq!(
                notice
                    .iter()
                    .any(|line| line.starts_with("MAIL FROM:<no-reply@tessera.example> SMTPUTF8")),
                takes,
                "{notice:?}"
            );
        }
    });
}
