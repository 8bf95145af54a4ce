//! The tables of the Wireshark dissector, in Lua.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use tessera_protocol::{FIELDS, Mti, NetworkCode, Packing, ResponseCode, Secrets, describe, tlv};

use super::kinds::pack;
use super::{known_types, meaning_of};

pub fn make(name: &str, _: &str) -> String {
    match name {
        "fields" => fields(),
        "message-types" => message_types(),
        "meanings" => meanings(),
        "tags" => tags(),
        _ => panic!("nothing is made for {name}"),
    }
}

fn fields() -> String {
    let mut text = String::from("local FIELDS = {\n");
    for (number, field) in (1..).zip(&FIELDS) {
        let code = match field.packing {
            Packing::Numeric(_) => "N",
            Packing::Signed(_) => "A",
            Packing::Text(_) => "C",
            Packing::Binary(_) => "B",
            Packing::NumericUpTo(_) => "LN",
            Packing::TrackUpTo(_) => "TRACK",
            Packing::ShortTextUpTo(_) => "LC",
            Packing::TextUpTo(_) => "LLC",
            Packing::BinaryUpTo(_) => "LLB",
        };
        let (length, name) = (field.packing.length_max(), field.name);
        let row = format!("{{ {code:?}, {length}, {}, {name:?} }}", field.sensitive);
        writeln!(text, "  [{number}] = {row},").unwrap();
    }
    text + "}\n"
}

/// Requests, their repeats and answers, and what goes on the lines behind the switch.
fn message_types() -> String {
    let behind = [Mti::CARD, Mti::ADMINISTRATIVE_ADVICE];
    let types: BTreeSet<_> = known_types()
        .chain(behind)
        .flat_map(|mti| [mti, mti.repeat(), mti.answer()])
        .collect();
    let rows = types
        .into_iter()
        .map(|mti| (format!("\"{mti}\""), meaning_of(mti)));
    format!("local MESSAGE_TYPES = {{\n{}}}\n", pairs(rows, "  "))
}

fn meanings() -> String {
    let digits = |width: usize, most: usize| (0..=most).map(move |code| format!("{code:0width$}"));
    let codes: [(u8, Vec<String>); 6] = [
        (3, (0..100).map(|kind| format!("{kind:02}0000")).collect()),
        (25, digits(2, 99).collect()),
        (
            39,
            ResponseCode::ALL.iter().map(ToString::to_string).collect(),
        ),
        (66, digits(1, 9).collect()),
        (
            70,
            (0..=999)
                .filter_map(NetworkCode::of)
                .map(|code| format!("{:03}", code.number()))
                .collect(),
        ),
        (91, digits(1, 9).collect()),
    ];
    let mut text = String::from("local MEANINGS = {\n");
    for (field, codes) in codes {
        let rows = codes.into_iter().filter_map(|code| {
            let message = pack(0x0200, &vec![(field, code.clone())]);
            let meaning = describe(&message, Secrets::Shown).rows.pop()?.meaning?;
            Some((format!("\"{code}\""), meaning))
        });
        write!(text, "  [{field}] = {{\n{}  }},\n", pairs(rows, "    ")).unwrap();
    }
    text + "}\n"
}

fn tags() -> String {
    let mut text = String::from("local TAGS = {\n");
    for tag in 0..=99 {
        if let Some(name) = tlv::name(tag) {
            let secret = tlv::is_sensitive(tag);
            writeln!(text, "  [{tag}] = {{ {name:?}, {secret} }},").unwrap();
        }
    }
    text + "}\n"
}

fn pairs(rows: impl Iterator<Item = (String, String)>, indent: &str) -> String {
    rows.map(|(key, value)| format!("{indent}[{key}] = {value:?},\n"))
        .collect()
}
