//! The protocol guide against the code: what stands between `<!-- made: NAME -->` and `<!-- end -->` in
//! `docs/protocol.md` is what this crate packs, parses, asks for and seals, to the byte. After a change that is
//! meant, `UPDATE_DOCUMENTS=1 cargo test -p tessera-protocol --test wire documents` writes it anew.

use std::fmt::Write as _;

use crate::common::hex;
use crate::tables::{made, specifications, test_cards};
use crate::worked::{Example, examples};
use tessera_protocol::sandbox::OUTCOMES;
use tessera_protocol::{MacKey, Message, Request, Secrets, describe};

const GUIDE: &str = "docs/protocol.md";

#[test]
fn what_is_made_from_the_code_is_what_the_code_makes() {
    let names = made::check(GUIDE, &made::MARKDOWN, make);
    let missing: Vec<_> = examples()
        .into_iter()
        .map(|example| example.name)
        .filter(|name| !names.contains(*name))
        .collect();
    assert!(missing.is_empty(), "not in the guide: {missing:?}");
    assert!(!made::read(GUIDE).contains(crate::tables::UNWRITTEN));
}

#[test]
fn the_tables_of_the_dissector_are_those_of_the_code() {
    let document = "docs/wireshark/tessera.lua";
    let names = made::check(document, &made::LUA, crate::tables::dissector::make);
    assert_eq!(names.len(), 4);
}

#[test]
fn the_outcomes_of_the_sandbox_are_those_of_the_code() {
    let document = "docs/test-cards.md";
    let names = made::check(document, &made::MARKDOWN, |name, _| test_cards::make(name));
    assert_eq!(names.len(), 2);
    // The number of cards that the example makes.
    let made = format!("\n{} cards made", OUTCOMES.len() + 8);
    assert!(made::read(document).contains(&made));
}

#[test]
fn the_tables_of_the_clients_are_those_of_the_code() {
    let clients = [
        ("clients/python/tessera_mall.py", &made::PYTHON),
        ("clients/javascript/tessera-mall.js", &made::SLASHES),
        ("clients/java/tessera/mall/Message.java", &made::SLASHES),
    ];
    for (document, marks) in clients {
        let names = made::check(document, marks, specifications::client);
        assert_eq!(names.len(), 1, "{document}");
    }
}

#[test]
fn the_specifications_for_other_libraries_are_those_of_the_code() {
    made::check_file(
        "clients/packing/pyiso8583.json",
        &specifications::pyiso8583(),
    );
    made::check_file("clients/packing/moov.json", &specifications::moov());
    made::check_file("clients/packing/jpos.xml", &specifications::jpos());
}

#[test]
fn every_example_is_sealed_as_its_party_must() {
    for Example { name, frame, key } in examples() {
        let message = &frame[2..];
        assert_eq!(
            usize::from(u16::from_be_bytes([frame[0], frame[1]])),
            message.len(),
            "{name}"
        );
        match key {
            Some(key) => assert!(MacKey::from_hex(key).unwrap().verify(message), "{name}"),
            None if name == "purchase-malformed" => {}
            None => assert!(!Message::parse(message).unwrap().has(64), "{name}"),
        }
    }
}

#[test]
fn every_request_among_the_examples_can_be_read() {
    for Example { name, frame, .. } in examples() {
        match Message::parse(&frame[2..]) {
            Ok(message) if message.mti().is_answer() => {}
            Ok(message) => assert!(Request::read(&message).is_ok(), "{name}"),
            Err(_) => assert_eq!(name, "purchase-malformed"),
        }
    }
}

fn make(name: &str, now: &str) -> String {
    match name {
        "fields" => crate::tables::packings(),
        "messages" => crate::tables::messages(),
        "flows" => crate::tables::flows(),
        "processing-codes" => crate::tables::processing_codes(now),
        "response-codes" => crate::tables::response_codes(now),
        "host-codes" => crate::tables::host_codes(now),
        "network-codes" => crate::tables::network_codes(now),
        "tags" => crate::tables::tags(now),
        "mac" => crate::worked::mac(&example("sign-on")),
        _ => shown(&example(name)),
    }
}

fn example(name: &str) -> Example {
    let found = examples().into_iter().find(|example| example.name == name);
    found.unwrap_or_else(|| panic!("no example is named {name}"))
}

/// The frame in hexadecimal, 32 bytes a line, and what `tessera decode --unmask` prints of it.
fn shown(example: &Example) -> String {
    let mut text = String::from("```hex\n");
    for line in example.frame.chunks(32) {
        let groups: Vec<_> = line.chunks(4).map(hex).collect();
        writeln!(text, "{}", groups.join(" ")).unwrap();
    }
    let description = describe(&example.frame[2..], Secrets::Shown).to_string();
    let lines: Vec<_> = description.lines().map(str::trim_end).collect();
    write!(text, "```\n```text\n{}\n```\n", lines.join("\n")).unwrap();
    text
}
