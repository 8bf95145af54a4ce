//! The packing of every field as other libraries write it: the clients in `clients/`, pyiso8583, moov-io/iso8583 and jPOS.

use std::fmt::Write as _;

use tessera_protocol::{FIELDS, Field, Packing};

/// Fields that a message may have, with their rows: without the bitmap's own bit, and 65, which is never sent.
fn fields() -> impl Iterator<Item = (usize, &'static Field)> {
    let numbered = (1..).zip(&FIELDS);
    numbered.filter(|(number, _)| ![1, 65].contains(number))
}

/// The code in the protocol guide, with names of their own for track 2 and for bytes.
fn code(packing: Packing) -> String {
    let name = match packing {
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
    format!("{name}{}", packing.length_max())
}

/// The table as a text in one of the clients' languages.
pub fn client(language: &str, _: &str) -> String {
    let mut runs: Vec<(usize, usize, String)> = Vec::new();
    for (number, field) in fields() {
        let code = code(field.packing);
        match runs.last_mut() {
            Some((_, last, same)) if *same == code && *last + 1 == number => *last = number,
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
    let lines = entries
        .chunks(10)
        .map(|line| format!("\"{} \"", line.join(" ")));
    let lines: Vec<_> = lines.collect();
    match language {
        "python" => format!("FIELDS = (\n    {}\n)\n", lines.join("\n    ")),
        "javascript" => format!("const FIELDS =\n  {};\n", lines.join(" +\n  ")),
        "java" => {
            let lines = lines.join("\n            + ");
            format!("    private static final String FIELDS =\n            {lines};\n    ")
        }
        _ => panic!("no client is written in {language}"),
    }
}

/// A JSON object with a row for each field.
fn rows(text: &mut String, indent: &str, rows: &[(String, String)]) {
    for (place, (key, row)) in rows.iter().enumerate() {
        let comma = if place + 1 < rows.len() { "," } else { "" };
        writeln!(text, "{indent}\"{key}\": {{{row}}}{comma}").unwrap();
    }
}

/// A specification for pyiso8583, which JSON's reader makes a dictionary of.
pub fn pyiso8583() -> String {
    let row = |encoding: &str, length_bytes: usize, most: usize, more: &str, name: &str| {
        format!(
            "\"data_enc\": \"{encoding}\", \"len_enc\": \"bcd\", \"len_type\": {length_bytes}, \
             \"max_len\": {most}{more}, \"desc\": \"{name}\""
        )
    };
    let mut all = vec![
        ("h".to_owned(), row("b", 0, 0, "", "no header")),
        ("t".to_owned(), row("b", 0, 2, "", "message type")),
        ("p".to_owned(), row("b", 0, 8, "", "primary bitmap")),
        ("1".to_owned(), row("b", 0, 8, "", "secondary bitmap")),
    ];
    // The library asks for a row of each number.
    for (number, field) in (2..).zip(FIELDS.iter().skip(1)) {
        let (packing, name) = (field.packing, field.name);
        let (prefix, most) = (packing.prefix_bytes(), packing.length_max());
        let in_nibbles =
            |padded: &str| format!(", \"len_count\": \"nibbles\", \"{padded}_pad\": \"0\"");
        let row = match packing {
            Packing::Numeric(_) => row("b", prefix, most, &in_nibbles("left"), name),
            Packing::NumericUpTo(_) | Packing::TrackUpTo(_) => {
                row("b", prefix, most, &in_nibbles("right"), name)
            }
            // It has no sign before digits: the bytes as they are.
            Packing::Signed(_) => row("b", prefix, packing.body_bytes(most), "", name),
            Packing::Binary(_) | Packing::BinaryUpTo(_) => row("b", prefix, most, "", name),
            Packing::Text(_) | Packing::ShortTextUpTo(_) | Packing::TextUpTo(_) => {
                row("latin-1", prefix, most, "", name)
            }
        };
        all.push((number.to_string(), row));
    }
    let mut text = String::from("{\n");
    rows(&mut text, "  ", &all);
    text + "}\n"
}

/// A specification for moov-io/iso8583, as its `specs.Builder.ImportJSON` reads it.
pub fn moov() -> String {
    let row = |kind: &str, length: usize, name: &str, encoding: &str, prefix: &str, more: &str| {
        format!(
            "\"type\": \"{kind}\", \"length\": {length}, \"description\": \"{name}\", \
             \"enc\": \"{encoding}\", \"prefix\": \"{prefix}\"{more}"
        )
    };
    let spaces = ", \"padding\": {\"type\": \"Right\", \"pad\": \" \"}";
    let mut all = vec![
        (
            "0".to_owned(),
            row("String", 4, "message type", "BCD", "BCD.Fixed", ""),
        ),
        (
            "1".to_owned(),
            row("Bitmap", 8, "bitmaps", "Binary", "Binary.Fixed", ""),
        ),
    ];
    for (number, field) in fields() {
        let (most, name) = (field.packing.length_max(), field.name);
        let row = match field.packing {
            Packing::Numeric(_) => row("String", most, name, "BCD", "BCD.Fixed", ""),
            Packing::NumericUpTo(_) => row("String", most, name, "LBCD", "BCD.LL", ""),
            // It has no encoding for nibbles with a separator. No message of a party needs the field.
            Packing::TrackUpTo(_) => continue,
            // A sign before digits: the bytes as they are.
            Packing::Signed(_) => {
                let bytes = field.packing.body_bytes(most);
                row("Binary", bytes, name, "Binary", "Binary.Fixed", "")
            }
            Packing::Text(_) => row("String", most, name, "ASCII", "ASCII.Fixed", spaces),
            Packing::Binary(_) => row("Binary", most, name, "Binary", "Binary.Fixed", ""),
            Packing::ShortTextUpTo(_) => row("String", most, name, "ASCII", "BCD.LL", ""),
            Packing::TextUpTo(_) => row("String", most, name, "ASCII", "BCD.LLL", ""),
            Packing::BinaryUpTo(_) => row("Binary", most, name, "Binary", "BCD.LLL", ""),
        };
        all.push((number.to_string(), row));
    }
    let mut text =
        String::from("{\n  \"name\": \"Tessera, ISO 8583:1987, binary\",\n  \"fields\": {\n");
    rows(&mut text, "    ", &all);
    text + "  }\n}\n"
}

/// A specification for the `GenericPackager` of jPOS.
pub fn jpos() -> String {
    let mut text = String::from(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <!DOCTYPE isopackager PUBLIC \"-//jPOS/jPOS Generic Packager DTD 1.0//EN\" \
         \"http://jpos.org/dtd/generic-packager-1.0.dtd\">\n\
         <!-- Tessera, ISO 8583:1987, binary: made from the switch's table of fields. -->\n<isopackager>\n",
    );
    let mut row = |number: usize, length: usize, name: &str, class: &str, pad: Option<bool>| {
        let pad = pad.map_or(String::new(), |pad| format!(" pad=\"{pad}\""));
        assert!(!name.contains(['<', '&', '"']), "{name}");
        writeln!(
            text,
            "  <isofield id=\"{number}\" length=\"{length}\" name=\"{name}\"{pad} class=\"org.jpos.iso.{class}\"/>"
        )
        .unwrap();
    };
    row(0, 4, "message type", "IFB_NUMERIC", Some(true));
    row(1, 16, "bitmaps", "IFB_BITMAP", None);
    for (number, field) in (2..).zip(FIELDS.iter().skip(1)) {
        // `pad`: an odd number of digits has its 0 in front.
        let (class, pad) = match field.packing {
            Packing::Numeric(_) => ("IFB_NUMERIC", Some(true)),
            Packing::Signed(_) => ("IFB_AMOUNT", Some(true)),
            Packing::Text(_) => ("IF_CHAR", None),
            Packing::Binary(_) => ("IFB_BINARY", None),
            Packing::NumericUpTo(_) | Packing::TrackUpTo(_) => ("IFB_LLNUM", Some(false)),
            Packing::ShortTextUpTo(_) => ("IFB_LLCHAR", None),
            Packing::TextUpTo(_) => ("IFB_LLLCHAR", None),
            Packing::BinaryUpTo(_) => ("IFB_LLLBINARY", None),
        };
        row(number, field.packing.length_max(), field.name, class, pad);
    }
    text + "</isopackager>\n"
}
