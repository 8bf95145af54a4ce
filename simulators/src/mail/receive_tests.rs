//! Senders that we did not write, and one that means no good.

use std::io::{BufRead as _, BufReader as Reader, Write as _};
use std::net::SocketAddr;
use std::process::Command;

use lettre::message::MultiPart;
use lettre::{Message, SmtpTransport, Transport as _};

use super::*;
use crate::mail::letter::Letter;

/// A receiver on a thread of its own, which ends with the test.
fn started() -> (SocketAddr, Arc<Letters>) {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let address = listener.local_addr().unwrap();
    let letters = Arc::new(Letters::default());
    let shared = Arc::clone(&letters);
    std::thread::spawn(move || {
        actix_web::rt::System::new().block_on(async move {
            serve(TcpListener::from_std(listener).unwrap(), shared).await;
        });
    });
    (address, letters)
}

fn only(letters: &Letters) -> Letter {
    let mut all = letters.search("");
    assert_eq!(all.len(), 1);
    all.remove(0)
}

#[test]
fn takes_letters_of_lettre_one_after_another() {
    let (address, letters) = started();
    let letter = Message::builder()
        .from("Tessera <no-reply@tessera.example>".parse().unwrap())
        .to("ada@payer.example".parse().unwrap())
        .subject("Grüße")
        .multipart(MultiPart::alternative_plain_html(
            "1 €\n.\n..two\n".to_owned(),
            "<b>1 €</b>".to_owned(),
        ))
        .unwrap();
    let transport = SmtpTransport::builder_dangerous("127.0.0.1")
        .port(address.port())
        .build();
    transport.send(&letter).unwrap();
    transport.send(&letter).unwrap();
    let all = letters.search("");
    assert_eq!(all.len(), 2);
    assert_eq!(all[0].to, ["ada@payer.example"]);
    assert_eq!(all[0].subject, "Grüße");
    assert_eq!(all[0].text.replace('\r', "").trim(), "1 €\n.\n..two");
    assert_eq!(all[0].html.as_deref().map(str::trim), Some("<b>1 €</b>"));
}

#[test]
fn takes_addresses_of_all_scripts() {
    let (address, letters) = started();
    let to = "用户@xn--r8jz45g.xn--zckzah";
    let letter = Message::builder()
        .from("Tessera <no-reply@tessera.example>".parse().unwrap())
        .to(to.parse().unwrap())
        .subject("One")
        .body("MAIL FROM:<a@b> SMTPUTF8\n".to_owned())
        .unwrap();
    let transport = SmtpTransport::builder_dangerous("127.0.0.1")
        .port(address.port())
        .build();
    transport.send(&letter).unwrap();
    let letter = only(&letters);
    assert_eq!(letter.to, [to]);
    assert_eq!(letter.text.trim(), "MAIL FROM:<a@b> SMTPUTF8");
}

#[test]
fn takes_a_letter_of_pythons_smtplib() {
    let (address, letters) = started();
    let script = "import smtplib, sys\n\
        from email.message import EmailMessage\n\
        letter = EmailMessage()\n\
        letter['From'], letter['To'], letter['Subject'] = 'a@b.example', 'c@d.example', 'One'\n\
        letter.set_content('line\\n.\\n.dot\\n')\n\
        with smtplib.SMTP('127.0.0.1', int(sys.argv[1])) as server:\n    server.send_message(letter)\n";
    let python = std::env::var("TESSERA_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let status = Command::new(python)
        .args(["-c", script, &address.port().to_string()])
        .status();
    assert!(status.unwrap().success());
    let letter = only(&letters);
    assert_eq!(letter.to, ["c@d.example"]);
    assert_eq!(letter.text.replace('\r', "").trim(), "line\n.\n.dot");
}

#[test]
fn refuses_what_is_too_long_and_serves_on() {
    let (address, letters) = started();
    let connect = || {
        let socket = std::net::TcpStream::connect(address).unwrap();
        let read = Reader::new(socket.try_clone().unwrap());
        (socket, read.lines().map_while(Result::ok))
    };
    let (mut socket, lines) = connect();
    let _ = socket.write_all(&[b'x'; LINE_BYTES_MAX]);
    assert!(lines.last().is_some_and(|line| line.starts_with("500")));

    let (mut socket, lines) = connect();
    let begin = "EHLO a\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n";
    socket.write_all(begin.as_bytes()).unwrap();
    let line = [&[b'x'; 998][..], b"\r\n"].concat();
    for _ in 0..=LETTER_BYTES_MAX / line.len() {
        socket.write_all(&line).unwrap();
    }
    socket.write_all(b".\r\n").unwrap();
    assert!(lines.last().is_some_and(|line| line.starts_with("552")));
    assert!(letters.search("").is_empty());

    let (mut socket, lines) = connect();
    let whole = format!("{begin}Subject: s\r\n\r\nt\r\n.\r\nQUIT\r\n");
    socket.write_all(whole.as_bytes()).unwrap();
    assert!(lines.last().is_some_and(|line| line.starts_with("221")));
    assert_eq!(only(&letters).subject, "s");
}
