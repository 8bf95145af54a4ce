//! The Wireshark dissector on a capture of the loopback: `tshark` must see in every message, in every framing and packing,
//! what `tessera decode` says is in it, and nobody's card number.
//!
//! Where there is no `tshark`, or it may not capture, this says so on the terminal; with `TESSERA_TSHARK=required`, as under
//! `make`, it fails.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use crate::rig::wire::tongue::{FRAMINGS, Text, keep_alive};
use crate::rig::wire::{
    ACQUIRER, Hand, MALL, PLAIN, Party, Wire, card_number, card_purchase, completion, inquiry,
    network, order_purchase, refund, reversal, rig_with, started,
};
use crate::rig::{Rig, Running, wait_for};
use bytes::Bytes;
use serde_json::Value;
use tessera_protocol::{Dialect, Framing, MessagePacking, Secrets, describe};

const CARDS: u64 = 20;

/// A connection, and every message that went over it, in order, without what was in front.
struct Talk {
    wire: Wire,
    port: u16,
    framing: &'static str,
    packing: MessagePacking,
    messages: Vec<Vec<u8>>,
}

impl Talk {
    fn new(rig: &Rig, framing: &'static str, packing: MessagePacking) -> Self {
        let wire = Wire::connect(rig.addresses.malls);
        let port = wire.socket.local_addr().expect("an address").port();
        Self {
            wire,
            port,
            framing,
            packing,
            messages: Vec::new(),
        }
    }

    fn ask(&mut self, message: Vec<u8>) {
        let answer = self.wire.ask_as(self.framing, &message);
        self.messages.extend([message, answer]);
    }

    /// The message as the crate describes it: field or tag, value.
    fn described(&self, message: &[u8]) -> (BTreeMap<String, String>, bool) {
        let dialect = Dialect {
            framing: Framing::Binary2,
            header_bytes: 0,
            packing: self.packing,
        };
        let unpacked = dialect.unpack(&Bytes::copy_from_slice(message));
        let description = describe(&unpacked.message, Secrets::Masked);
        let (mti, _) = description.mti.expect("a message type");
        let mut values = BTreeMap::from([("tessera.mti".to_owned(), mti.to_string())]);
        for row in description.rows {
            let key = format!("tessera.field.{}", row.label);
            for part in &row.parts {
                let place = match (row.label.as_str(), part.label.as_str()) {
                    ("48", tag) => format!("tessera.tag.{tag}"),
                    ("90", "1-4") => "tessera.original.mti".to_owned(),
                    ("90", "5-10") => "tessera.original.trace".to_owned(),
                    ("90", "11-20") => "tessera.original.transmission".to_owned(),
                    ("90", "21-31") => "tessera.original.institution".to_owned(),
                    ("90", "32-42") => "tessera.original.forwarding".to_owned(),
                    _ => continue,
                };
                values.insert(place, part.value.clone());
            }
            // A field with parts is shown as a number of bytes.
            let value = if row.parts.is_empty() {
                row.value
            } else {
                String::new()
            };
            values.insert(key, value);
        }
        let faulty = description.fault.is_some() || unpacked.fault.is_some();
        (values, faulty)
    }
}

#[test]
fn tshark_sees_what_is_in_every_message() {
    if let Err(why) = Command::new("tshark").arg("--version").output() {
        return cannot(&format!("tshark: {why}"));
    }
    let rig = rig_with(CARDS, 1_000_000, &[("order_wait", "\"100ms\"")]);
    let speakers: Vec<_> = (1..).zip(dialects()).collect();
    for (index, (framing, packing)) in &speakers {
        let (code, packing) = (code_of(*index), packing.name());
        let profile = format!(
            "code = \"{code}\"\nname = \"{code}\"\nkind = \"acquirer\"\nmac_key = \"none\"\n[line]\n\
             framing = \"{framing}\"\npacking = \"{packing}\"\n"
        );
        rig.write_party(&format!("{code}.toml"), &profile);
    }
    let rig = started(rig, &[]);
    let file = rig.path("capture.pcapng");
    let Some(capture) = capture(rig.addresses.malls.port(), &file) else {
        return cannot("dumpcap may not capture the loopback");
    };

    let mut talks = vec![every_kind(&rig), a_mall(&rig), faults(&rig)];
    for (index, (framing, packing)) in speakers {
        talks.push(in_dialect(&rig, index, framing, packing));
    }
    let last = talks.last().and_then(|talk| talk.messages.last());
    let last = last.expect("a message").clone();
    wait_for("the last answer to be captured", || {
        let captured = std::fs::read(&file).expect("a capture");
        captured.windows(last.len()).any(|bytes| bytes == last)
    });
    drop(capture);
    for talk in &talks {
        compare(&rig, &file, talk);
    }
}

/// A connection of the usual kind with every message that an acquirer may send.
fn every_kind(rig: &Rig) -> Talk {
    let mut talk = Talk::new(rig, "binary-2", MessagePacking::Binary);
    let bought = card_purchase(&ACQUIRER, 1, 1_999);
    let hold = card_purchase(&ACQUIRER, 2, 3_000).mti("0100");
    let shrinks: String = "000000000500"
        .bytes()
        .chain([b'0'; 30])
        .map(|digit| format!("{digit:02x}"))
        .collect();
    for message in [
        network(&ACQUIRER, "001"),
        network(&ACQUIRER, "301"),
        bought.clone(),
        bought.clone().mti("0201"),
        refund(&bought, 100),
        card_purchase(&ACQUIRER, 1, 9_000_000),
        reversal("0420", &bought).with(95, &shrinks),
        reversal("0400", &bought),
        inquiry(&ACQUIRER, 1),
        hold.clone(),
        completion(&hold, 2_500),
        network(&ACQUIRER, "002"),
    ] {
        talk.ask(message.message());
    }
    talk
}

fn a_mall(rig: &Rig) -> Talk {
    let mut talk = Talk::new(rig, "binary-2", MessagePacking::Binary);
    talk.ask(network(&MALL, "001").message());
    let order = order_purchase(&MALL, "ORDER-1", 1_999);
    talk.ask(order.clone().message());
    talk.ask(
        order
            .tags(48, &[(1, "ORDER-2"), (2, "caf\u{e9}")])
            .message(),
    );
    talk
}

fn faults(rig: &Rig) -> Talk {
    let mut talk = Talk::new(rig, "binary-2", MessagePacking::Binary);
    talk.ask(network(&PLAIN, "001").message());
    talk.ask(
        card_purchase(&PLAIN, 3, 100)
            .with(4, "0000000a1999")
            .message(),
    );
    talk.ask(card_purchase(&PLAIN, 3, 100).without(18).message());
    talk
}

/// Sign-on, echo and purchase of a party of this dialect; a keep-alive between them.
fn in_dialect(rig: &Rig, index: u64, framing: &'static str, packing: MessagePacking) -> Talk {
    let party = Party {
        code: code_of(index),
        acceptor: "SHOP-99",
        key: None,
        name: "",
    };
    let mut talk = Talk::new(rig, framing, packing);
    let messages = match packing {
        MessagePacking::Binary => {
            let whole = |message: Hand| message.message();
            let bought = card_purchase(&party, index, 1_999);
            [
                network(&party, "001"),
                bought.clone(),
                reversal("0420", &bought),
            ]
            .map(whole)
        }
        _ => {
            let bought = Text::purchase(&party, &card_number(index), 1_999);
            let again = bought.clone().with(48, "00909004what");
            [Text::network(&party, "001"), bought, again].map(|message| message.message())
        }
    };
    for message in messages {
        talk.ask(message);
        talk.wire.send(keep_alive(framing));
    }
    talk
}

fn dialects() -> impl Iterator<Item = (&'static str, MessagePacking)> {
    // Those that the dissector reads.
    let packings = [MessagePacking::Binary, MessagePacking::Ascii].into_iter();
    packings.flat_map(|packing| FRAMINGS.map(|framing| (framing, packing)))
}

fn code_of(index: u64) -> &'static str {
    const CODES: [&str; 10] = [
        "30000000001",
        "30000000002",
        "30000000003",
        "30000000004",
        "30000000005",
        "30000000006",
        "30000000007",
        "30000000008",
        "30000000009",
        "30000000010",
    ];
    CODES[index as usize - 1]
}

/// What `tshark` makes of a connection, against what the crate says of its messages.
fn compare(rig: &Rig, file: &Path, talk: &Talk) {
    let filter = format!("tessera.mti && tcp.port == {}", talk.port);
    let output = tshark(
        rig,
        file,
        talk,
        &filter,
        &["-T", "json", "--no-duplicate-keys"],
    );
    let packets: Vec<Value> = serde_json::from_str(&output).expect("JSON");
    let which = format!("{} {}", talk.framing, talk.packing.name());
    assert_eq!(packets.len(), talk.messages.len(), "{which}: {output}");
    for (packet, message) in packets.iter().zip(&talk.messages) {
        let layer = &packet["_source"]["layers"]["tessera"];
        let mut seen = BTreeMap::new();
        collect(layer, &mut seen);
        let (expected, faulty) = talk.described(message);
        let fields = |values: &BTreeMap<String, String>| values.keys().cloned().collect::<Vec<_>>();
        assert_eq!(fields(&seen), fields(&expected), "{which}: {layer:#}");
        for (key, value) in &expected {
            // Of a message with a fault the crate hides more: where its fields end is not known.
            let hidden = faulty && value.contains('*');
            assert!(
                value.is_empty() || hidden || seen[key] == *value,
                "{which}: {key} is {value}: {layer:#}"
            );
        }
        assert_eq!(
            layer.to_string().contains("tessera.malformed"),
            faulty,
            "{which}: {layer:#}"
        );
    }
    let printed = tshark(rig, file, talk, &filter, &["-V"]);
    assert!(printed.contains("Tessera ISO 8583"), "{printed}");
    for serial in 1..=CARDS {
        assert!(
            !printed.contains(&card_number(serial)),
            "{which}: a card number in {printed}"
        );
    }
}

/// The dissector's own values, whatever they stand under.
fn collect(layer: &Value, seen: &mut BTreeMap<String, String>) {
    for (key, value) in layer.as_object().into_iter().flatten() {
        match value {
            Value::Object(_) => collect(value, seen),
            Value::String(text)
                if ["mti", "field", "tag", "original"].iter().any(|kind| {
                    key.strip_prefix("tessera.")
                        .is_some_and(|rest| rest.starts_with(kind))
                }) =>
            {
                seen.insert(key.clone(), text.clone());
            }
            _ => {}
        }
    }
}

fn tshark(rig: &Rig, file: &Path, talk: &Talk, filter: &str, more: &[&str]) -> String {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/wireshark/tessera.lua");
    let mut command = Command::new("tshark");
    // Without its user's preferences and plugins.
    crate::rig::at_home(&mut command, rig.folder.path());
    let output = command
        .arg("-X")
        .arg(format!("lua_script:{}", script.display()))
        .args([
            "-o",
            &format!("tessera.ports:{}", rig.addresses.malls.port()),
        ])
        .args(["-o", &format!("tessera.framing:{}", talk.framing)])
        .args(["-o", &format!("tessera.packing:{}", talk.packing.name())])
        .args(["-Y", filter])
        .args(more)
        .arg("-r")
        .arg(file)
        .output()
        .expect("tshark runs");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success() && !errors.contains("Lua"),
        "{errors}"
    );
    String::from_utf8(output.stdout).expect("text")
}

/// Captures what goes to and from a port, from when this returns; `None` where that is not allowed.
fn capture(port: u16, file: &Path) -> Option<Running> {
    let mut child = Command::new("dumpcap")
        .args(["-q", "-i", "lo", "-f", &format!("tcp port {port}"), "-w"])
        .arg(file)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .ok()?;
    let lines = BufReader::new(child.stderr.take().expect("a pipe")).lines();
    let capture = Running(child);
    // It names the file once the interface is open.
    let mut lines = lines.map_while(Result::ok);
    lines
        .any(|line| line.starts_with("File: "))
        .then_some(capture)
}

/// Says that nothing was looked at, where that is allowed. Not by a macro, whose words a passing test keeps for itself.
#[allow(clippy::disallowed_methods, reason = "a test has no log")]
fn cannot(why: &str) {
    let required = std::env::var("TESSERA_TSHARK").is_ok_and(|value| value == "required");
    assert!(!required, "{why}");
    let said = writeln!(
        std::io::stderr(),
        "NOT TESTED: the Wireshark dissector. {why}"
    );
    said.expect("a terminal");
}
