//! A message centre that says anything, whatever it is asked: a message is taken over or not, and nothing panics.

use tessera_config::SmsSettings;
use tessera_notify::channel::{Address, Message, MessageId, Sms};
use tessera_notify::texts::Texts;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpListener;
use tokio::sync::mpsc;

pub fn run(said: &[u8]) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let settings = SmsSettings {
            server: listener.local_addr().unwrap().to_string(),
            system_id: "tessera".to_owned(),
            messages_per_second: 10_000,
            ..SmsSettings::default()
        };
        let (receipts, _received) = mpsc::channel(1);
        let sms = Sms::open(&settings, receipts).unwrap();
        let server = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            // The channel may have closed the connection.
            let _ = stream.write_all(said).await;
            let _ = stream.shutdown().await;
            stream
        };
        let texts = Texts {
            subject: String::new(),
            text: String::new(),
            html: String::new(),
            sms: "Paid: 19.99 USD".into(),
        };
        let id = MessageId::new("1.1").unwrap();
        let message = Message::new(id, Address::new("+491701234567"), texts);
        // What it came to is the centre's choice.
        let _ = tokio::join!(sms.send(&message), server);
    });
}
