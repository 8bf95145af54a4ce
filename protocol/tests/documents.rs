//! The protocol guide against the code: what stands between `<!-- made: NAME -->` and `<!-- end -->` in
//! `docs/protocol.md` is what this crate packs, parses and seals, to the byte. After a change that is
//! meant, `UPDATE_DOCUMENTS=1 cargo test -p tessera-protocol --test documents` writes it anew.

mod common;
mod worked;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::PathBuf;

use common::hex;
use tessera_protocol::{
    FIELDS, MacKey, Message, NetworkCode, Packing, Request, ResponseCode, Secrets, describe,
};
use worked::{Example, examples};

const BEGIN: &str = "<!-- made: ";
const END: &str = "<!-- end -->";

fn path() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../docs/protocol.md")
}

fn guide() -> String {
    std::fs::read_to_string(path()).unwrap()
}

#[test]
fn what_is_made_from_the_code_is_what_the_code_makes() {
    let guide = guide();
    let (remade, names) = remake(&guide);
    if std::env::var_os("UPDATE_DOCUMENTS").is_some() {
        std::fs::write(path(), &remade).unwrap();
        return;
    }
    for (line, (found, expected)) in guide.lines().zip(remade.lines()).enumerate() {
        assert_eq!(found, expected, "docs/protocol.md:{}", line + 1);
    }
    assert_eq!(guide.len(), remade.len());
    let missing: Vec<_> = examples()
        .into_iter()
        .map(|example| example.name)
        .filter(|name| !names.contains(*name))
        .collect();
    assert!(missing.is_empty(), "not in the guide: {missing:?}");
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

#[test]
fn the_table_of_response_codes_is_the_codes() {
    let expected: Vec<_> = ResponseCode::ALL
        .iter()
        .map(|code| (code.to_string(), code.meaning().unwrap().to_string()))
        .collect();
    assert_eq!(rows(&guide(), "## Response codes"), expected);
}

#[test]
fn the_table_of_network_codes_is_the_codes() {
    let codes = [
        NetworkCode::SignOn,
        NetworkCode::SignOff,
        NetworkCode::KeyChange,
        NetworkCode::Echo,
    ];
    let expected: Vec<_> = codes
        .iter()
        .map(|code| (format!("{:03}", code.number()), code.meaning().to_string()))
        .collect();
    assert_eq!(rows(&guide(), "## Signing on"), expected);
}

/// The first two columns of the first table under a heading.
fn rows(guide: &str, heading: &str) -> Vec<(String, String)> {
    let (_, section) = guide.split_once(heading).unwrap();
    section
        .lines()
        .skip_while(|line| !line.starts_with('|'))
        .take_while(|line| line.starts_with('|'))
        .skip(2)
        .map(|line| {
            let mut cells = line.trim_matches('|').split('|').map(str::trim);
            let mut next = || cells.next().unwrap().to_string();
            (next(), next())
        })
        .collect()
}

/// The guide with everything made anew, and the names of what is in it.
fn remake(guide: &str) -> (String, BTreeSet<String>) {
    let mut made = String::new();
    let mut names = BTreeSet::new();
    let mut rest = guide;
    while let Some((before, after)) = rest.split_once(BEGIN) {
        let (name, after) = after.split_once(" -->").unwrap();
        let (_, behind) = after
            .split_once(END)
            .unwrap_or_else(|| panic!("{name}: no end"));
        write!(made, "{before}{BEGIN}{name} -->\n{}{END}", make(name)).unwrap();
        names.insert(name.to_string());
        rest = behind;
    }
    (made + rest, names)
}

fn make(name: &str) -> String {
    match name {
        "fields" => fields(),
        "mac" => worked::mac(&example("sign-on")),
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

/// Every field and its packing; neighbours that are packed alike stand together.
fn fields() -> String {
    let mut runs: Vec<(usize, usize, String)> = Vec::new();
    for (index, field) in FIELDS.iter().enumerate().skip(1) {
        let (number, code) = (index + 1, code(field.packing));
        match runs.last_mut() {
            Some((_, last, same)) if *same == code => *last = number,
            _ => runs.push((number, number, code)),
        }
    }
    let entries: Vec<_> = runs
        .iter()
        .map(|(first, last, code)| match first == last {
            true => format!("{first} {code}"),
            false => format!("{first}-{last} {code}"),
        })
        .collect();
    let lines: Vec<_> = entries.chunks(8).map(|line| line.join(" · ")).collect();
    format!("{}\n", lines.join(" ·\n"))
}

fn code(packing: Packing) -> String {
    let name = match packing {
        Packing::Numeric(_) => "N",
        Packing::Signed(_) => "A",
        Packing::Text(_) => "C",
        Packing::Binary(_) => "B",
        Packing::NumericUpTo(_) | Packing::TrackUpTo(_) => "LN",
        Packing::ShortTextUpTo(_) => "LC",
        Packing::TextUpTo(_) | Packing::BinaryUpTo(_) => "LLC",
    };
    format!("{name}{}", packing.length_max())
}
