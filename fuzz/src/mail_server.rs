//! A mail server that says anything, whatever it is asked: a message is taken over or not, and nothing panics. The first byte says
//! whether STARTTLS is wanted.

use tessera_config::{EmailSettings, EmailTls};
use tessera_notify::channel::{Address, Email, Message, MessageId};
use tessera_notify::texts::Texts;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpListener;

pub fn run(bytes: &[u8]) {
    let Some((first, said)) = bytes.split_first() else {
        return;
    };
    let tls = if first % 2 == 0 {
        EmailTls::Plain
    } else {
        EmailTls::Starttls
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let email = Email::open(&EmailSettings {
            server: listener.local_addr().unwrap().to_string(),
            server_name: Some("mail.example".to_owned()),
            tls,
            from: "Tessera <no-reply@tessera.example>".to_owned(),
            ..EmailSettings::default()
        })
        .unwrap();
        let server = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            // The channel may have closed the connection.
            let _ = stream.write_all(said).await;
            let _ = stream.shutdown().await;
            stream
        };
        let texts = Texts {
            subject: "Paid".into(),
            text: "Paid\n".into(),
            html: "<p>Paid</p>".into(),
            sms: String::new(),
        };
        let id = MessageId::new("1.1").unwrap();
        let message = Message::new(id, Address::new("jörg@bücher.example"), texts);
        // What it came to is the server's choice.
        let _ = tokio::join!(email.send(&message), server);
    });
}
