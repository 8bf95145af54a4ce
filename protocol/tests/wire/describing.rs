//! Messages as people read them.

use crate::common::{unhex, vectors};
use tessera_protocol::{Secrets, describe};

#[test]
fn an_order_is_shown_part_by_part() {
    let bytes = vectors().good[3].bytes();
    assert_eq!(
        describe(&bytes, Secrets::Masked).to_string(),
        "  MTI  message type                 0200              financial request
    3  processing code              000000            purchase
    4  amount, transaction          000000012345      123.45 USD
    7  transmission date and time   1122094500        11-22 09:45:00 UTC
   11  trace number                 000001
   12  time, local transaction      094500            09:45:00
   13  date, local transaction      1122              11-22
   18  merchant category            5999
   22  entry mode                   812               e-commerce, no PIN can be entered
   25  condition code               59                e-commerce
   32  acquiring institution        10000000001
   37  retrieval reference          632609000001
   41  terminal                     TERM0001
   42  card acceptor                MALL-0001
   48  additional data, private     24 bytes
         01  order number           ORDER-1
         02  what was bought        2 x tea
   49  currency, transaction        840               USD
   64  message authentication code  b3ee8d556079a389
"
    );
}

#[test]
fn a_fault_is_pointed_at() {
    let bytes = unhex(&vectors().bad[2].hex);
    assert_eq!(
        describe(&bytes, Secrets::Masked).to_string(),
        "  MTI  message type            0200              financial request
    2  primary account number  ****************
    3  processing code         ***000

field 4: nibble above 9 at byte 22

     0  02 00 72 3c 44 81 08 c0 80 01 ** ** ** ** ** **
    16  ** ** ** ** *0 00 0a ** ** ** ** ** ** ** ** **
                          ^^
    32  ** ** ** ** ** ** ** ** ** ** ** ** ** ** ** **
    48  ** ** ** ** ** ** ** ** ** ** ** ** ** ** ** **
"
    );
    let shown = describe(&bytes, Secrets::Shown).to_string();
    assert!(shown.contains("16  00 00 10 00 00 00 0a"), "{shown}");
}

#[test]
fn no_card_number_is_shown_unless_asked_for() {
    let every = vectors();
    let good = every.good.iter().map(|vector| &vector.hex);
    for hex in good.chain(every.bad.iter().map(|vector| &vector.hex)) {
        let bytes = unhex(hex);
        // Cut anywhere, too: a fault must not lay bare what stands around it.
        for length in 0..=bytes.len() {
            let description = describe(&bytes[..length], Secrets::Masked);
            let text = description.to_string() + &description.to_json().to_string();
            let digits: String = text.chars().filter(|character| *character != ' ').collect();
            for secret in [
                "990000000000001",
                "990000000000002",
                "990000123456789",
                "31122010",
            ] {
                assert!(!digits.contains(secret), "{text}");
            }
        }
    }
    let purchase = every.good[5].bytes();
    let shown = describe(&purchase, Secrets::Shown).to_string();
    assert!(shown.contains("9900000000000010") && shown.contains("2031-12"));
}

#[test]
fn json_names_fields_parts_and_the_fault() {
    let every = vectors();
    let json = describe(&every.good[9].bytes(), Secrets::Masked).to_json();
    assert_eq!(json["mti"], "0110");
    let fields = json["fields"].as_array().unwrap();
    assert_eq!(fields[0]["field"], 2);
    assert_eq!(fields[0]["value"], "990000******0010");
    let balances = fields.iter().find(|field| field["field"] == 54).unwrap();
    assert_eq!(balances["parts"][1]["meaning"], "900.00 USD");
    let json = describe(&unhex(&every.bad[2].hex), Secrets::Masked).to_json();
    assert_eq!(json["fault"]["offset"], 22);
    assert_eq!(json["fault"]["place"], "field 4");
}

#[test]
fn key_material_and_terminal_escapes_are_not_printed() {
    let mut out = bytes::BytesMut::new();
    let mut packer = tessera_protocol::Packer::new(&mut out, tessera_protocol::Mti::NETWORK);
    packer
        .text(43, b"\x1b[2J\r\n")
        .text(48, b"03004c0de09002hi");
    packer.finish();
    let text = describe(&out[2..], Secrets::Masked).to_string();
    assert!(!text.contains('\x1b') && text.contains("\\x1b[2J"));
    assert!(!text.contains("c0de") && text.contains("hi"));
}
