//! Any bytes, as a stream of frames and as one message: nothing may panic, and what is read must agree
//! with itself.

use bytes::BytesMut;
use tessera_protocol::{
    Dialect, Extras, Look, MacKey, Message, Packer, Reading, Request, ResponseCode, Secrets,
    answer, cut, describe, format_error_answer,
};

pub fn run(bytes: &[u8]) {
    read_message(bytes);
    read_dialects(bytes);
    let mut stream = BytesMut::from(bytes);
    while let Ok(Some(frame)) = cut(&mut stream) {
        read_message(&frame);
    }
}

fn read_dialects(bytes: &[u8]) {
    let key = MacKey::new([7; 16]);
    for dialect in Dialect::all() {
        if let Look::Message { message, .. } | Look::Faulty { message, .. } = dialect.look(bytes) {
            read_message(&message);
        }
        let mut stream = BytesMut::from(bytes);
        while let Ok(Some(frame)) = dialect.cut(&mut stream) {
            let (_, message) = dialect.open(frame);
            let _ = (dialect.verify(&key, &message), dialect.unpack(&message));
        }
    }
}

fn read_message(bytes: &[u8]) {
    let key = MacKey::new([7; 16]);
    let mut out = BytesMut::new();
    let reading = Reading::of(bytes);
    let _ = describe(bytes, Secrets::Masked).to_string();
    let _ = describe(bytes, Secrets::Shown).to_json();
    match Message::parse(bytes) {
        Ok(message) => {
            assert_eq!(reading.fault, None);
            let read: Vec<_> = reading
                .fields
                .iter()
                .map(|field| (field.number, field.body))
                .collect();
            assert_eq!(read, message.fields().collect::<Vec<_>>());
            let _ = Request::read(&message);
            copies_to_itself(&message);
            answer(
                &message,
                &mut out,
                ResponseCode::APPROVED,
                &Extras::default(),
                Some(&key),
            );
        }
        Err(error) => {
            assert_eq!(reading.fault, Some(error));
            format_error_answer(bytes, &error, &mut out, Some(&key));
        }
    }
    while let Ok(Some(frame)) = cut(&mut out) {
        assert!(key.verify(&frame));
        assert!(Message::parse(&frame).is_ok());
    }
}

/// A message without an empty secondary bitmap, copied field by field, is the same message.
fn copies_to_itself(message: &Message<'_>) {
    if message.has(1) && message.bitmap().fields().all(|field| field <= 64) {
        return;
    }
    let mut out = BytesMut::new();
    let mut packer = Packer::new(&mut out, message.mti());
    for (field, _) in message.fields() {
        packer.copy(message, field);
    }
    packer.finish();
    assert_eq!(&out[2..], message.bytes());
}
