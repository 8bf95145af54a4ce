//! One message in every form in which tools print and keep it.

use std::path::Path;

use tessera_inspect::{Decoded, Form, Input, InputError, Verdict, diagnose};
use tessera_protocol::Secrets;

/// The echo request, with its length.
const REQUEST: &str = "00230800822000010000000004000000000000001122094500000002112000000000200301";
const ANSWER: &str =
    "002508108220000102000000040000000000000011220945000000021120000000002030300301";

fn unhex(hex: &str) -> Vec<u8> {
    let digit = |character: u8| (character as char).to_digit(16).unwrap() as u8;
    let pairs = hex.as_bytes().chunks_exact(2);
    pairs
        .map(|pair| digit(pair[0]) << 4 | digit(pair[1]))
        .collect()
}

fn file(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/inputs");
    std::fs::read(folder.join(name)).expect(name)
}

fn forms(content: &[u8]) -> Result<Vec<Form>, InputError> {
    Input::Content(content.to_vec()).forms()
}

#[track_caller]
fn assert_reads(content: &[u8], what: &str) -> Form {
    let form = forms(content)
        .unwrap_or_else(|error| panic!("{what}: {error}"))
        .remove(0);
    let bytes: Vec<&[u8]> = form
        .streams
        .iter()
        .map(|stream| &stream.bytes[..])
        .collect();
    assert_eq!(bytes, [&unhex(REQUEST)[..]], "{what}: {form:?}");
    form
}

#[test]
fn reads_what_every_tool_prints() {
    for name in [
        "hexdump-C.txt",
        "hexdump.txt",
        "xxd.txt",
        "xxd-p.txt",
        "xxd-i.txt",
        "xxd-g1.txt",
        "xxd-c8.txt",
        "xxd-e.txt",
        "od.txt",
        "od-x.txt",
        "od-t-x1.txt",
        "od-Ax-tx1z.txt",
        "od-An-tx1.txt",
        "od-b.txt",
        "od-t-x4.txt",
        "base64.txt",
        "python.txt",
        "tshark-x.txt",
        "tcpdump-XX.txt",
        "ethernet.pcapng",
        "ethernet6.pcap",
        "m.bin",
    ] {
        let content = file(name);
        let form = assert_reads(&content, name);
        // Words are in an order that the dump does not say.
        let words = [
            "hexdump.txt",
            "xxd-e.txt",
            "od.txt",
            "od-x.txt",
            "od-t-x4.txt",
        ];
        assert_eq!(
            form.notes.is_empty(),
            !words.contains(&name),
            "{name}: {:?}",
            form.notes
        );
        let Ok(text) = String::from_utf8(content) else {
            continue;
        };
        if !name.ends_with(".txt") {
            continue;
        }
        // As Windows keeps it.
        let windows = text.replace('\n', "\r\n");
        assert_reads(windows.as_bytes(), name);
        assert_reads(&[b"\xEF\xBB\xBF", windows.as_bytes()].concat(), name);
        let utf16: Vec<u8> = windows.encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_reads(&[b"\xFF\xFE", &utf16[..]].concat(), name);
        // As it comes out of the middle of a page.
        assert_reads(format!("\n\n{text}\n\n").as_bytes(), name);
    }
}

#[test]
fn an_asterisk_stands_for_lines_that_are_the_same() {
    let form = forms(&file("hexdump-C-squeezed.txt")).unwrap().remove(0);
    assert_eq!(form.streams[0].bytes, file("z.bin"));
}

#[test]
fn reads_what_people_paste() {
    let bytes = unhex(REQUEST);
    let hex = |between: &str, front: &str| {
        let bytes: Vec<_> = bytes
            .iter()
            .map(|byte| format!("{front}{byte:02x}"))
            .collect();
        bytes.join(between)
    };
    let wireshark = "0000   00 23 08 00 82 20 00 01 00 00 00 00 04 00 00 00   .#... ..........\n\
                     0010   00 00 00 00 11 22 09 45 00 00 00 02 11 20 00 00   .....\".E..... ..\n\
                     0020   00 00 20 03 01                                    .. ..\n";
    let jpos = "<log realm=\"channel\" at=\"2026-11-22T09:45:00.123\">\n  <receive>\n\
                    0000  00 23 08 00 82 20 00 01  00 00 00 00 04 00 00 00  .#... ..........\n\
                    0010  00 00 00 00 11 22 09 45  00 00 00 02 11 20 00 00  .....\".E..... ..\n\
                    0020  00 00 20 03 01                                    .. ..\n  </receive>\n</log>\n";
    let logged: String = wireshark
        .lines()
        .map(|line| format!("2026-11-22 09:45:00,123 DEBUG [pool-1] {line}\n"))
        .collect();
    for text in [
        hex("", ""),
        hex(" ", ""),
        hex(":", ""),
        hex("-", ""),
        hex(", ", "0x"),
        hex("", "\\x"),
        hex(" ", "\\x"),
        format!("0x{}", hex("", "")),
        format!("b\"{}\"", hex("", "\\x")),
        format!("char m[] = {{ {} }};", hex(",\n", "0x")),
        format!(
            "2026-11-22 09:45:00,123 DEBUG recv 37 bytes: {}",
            hex("", "")
        ),
        format!("[2026-11-22T09:45:00Z] msg=\"{}\"", hex(" ", "")),
        wireshark.to_owned(),
        wireshark.to_uppercase().replace(['.', '#', '"'], "."),
        jpos.to_owned(),
        logged,
    ] {
        assert_reads(text.as_bytes(), &text);
        let found = diagnose(&Input::Text(text.clone()), Secrets::Masked).unwrap();
        assert!(found.verdict == Verdict::Good, "{text}: {}", found.text);
        let decoded = Decoded::of(&Input::Text(text.clone()), Secrets::Masked, false).unwrap();
        assert!(decoded.good, "{text}: {}", decoded.text);
    }
}

#[test]
fn both_directions_of_a_connection_are_put_together() {
    for name in [
        "loopback.pcap",
        "cooked.pcap",
        "reordered.pcap",
        "tcpdump-X.txt",
        "tshark-follow.txt",
    ] {
        let form = forms(&file(name))
            .unwrap_or_else(|error| panic!("{name}: {error}"))
            .remove(0);
        let streams: Vec<&[u8]> = form
            .streams
            .iter()
            .map(|stream| &stream.bytes[..])
            .collect();
        // A keep-alive follows.
        let asked = unhex(&format!("{REQUEST}0000"));
        assert_eq!(streams, [&asked[..], &unhex(ANSWER)], "{name}");
        assert!(
            form.streams.iter().all(|stream| stream.label.is_some()),
            "{name}"
        );
        let decoded = Decoded::of(&Input::Content(file(name)), Secrets::Masked, false).unwrap();
        assert!(decoded.good, "{name}: {}", decoded.text);
        for part in ["0800", "0810", "20000000002"] {
            assert!(decoded.text.contains(part), "{name}: {}", decoded.text);
        }
    }
}

#[test]
fn what_a_capture_does_not_have_is_said() {
    let form = forms(&file("gap.pcap")).unwrap().remove(0);
    let labels: Vec<_> = form
        .streams
        .iter()
        .filter_map(|stream| stream.label.as_deref())
        .collect();
    assert!(
        labels[0].ends_with("after bytes that are missing in the capture"),
        "{labels:?}"
    );
    let whole = file("loopback.pcap");
    for length in 24..whole.len() {
        match forms(&whole[..length]) {
            Ok(forms) => assert!(!forms[0].streams.is_empty()),
            Err(error) => assert!(error.to_string().contains("capture"), "{error}"),
        }
    }
    let cut = forms(&whole[..whole.len() - 100]).unwrap().remove(0);
    assert!(cut.notes[0].contains("damaged or cut"), "{cut:?}");
}

#[test]
fn what_may_be_read_in_two_ways_is_said() {
    let dump = String::from_utf8(file("hexdump-C.txt")).unwrap();
    let lines: Vec<&str> = dump.lines().collect();
    let missing = [lines[0], lines[2], lines[3]].join("\n");
    let error = forms(missing.as_bytes()).unwrap_err().to_string();
    assert!(
        error.contains("line 1") || error.contains("lines are missing"),
        "{error}"
    );
    let tail = lines[1..].join("\n");
    let form = forms(tail.as_bytes()).unwrap().remove(0);
    assert!(form.notes[0].contains("begins at offset 0x10"), "{form:?}");
    for name in ["xxd-b.txt", "od-c.txt"] {
        let error = forms(&file(name)).unwrap_err().to_string();
        assert!(error.starts_with("line 1 of the dump"), "{name}: {error}");
    }
    for text in ["[00, 35, 08, 00, 82, 20]", "len 37 0023080082200001"] {
        let error = forms(text.as_bytes()).unwrap_err().to_string();
        assert!(error.contains("it is unclear whether"), "{error}");
    }
    // Zeros of a message are no offset.
    let form = forms(b"0000 0023 0800 8220 0001 0000 0000 0400")
        .unwrap()
        .remove(0);
    assert_eq!(form.streams[0].bytes[..6], [0, 0, 0, 0x23, 8, 0]);
    // But these are.
    let form = forms(b"0000  00 23 08 00 82 20 00 01").unwrap().remove(0);
    assert_eq!(form.streams[0].bytes[..4], [0, 0x23, 8, 0]);
}

#[test]
fn errors_repeat_no_card_number() {
    for text in ["pan 4539578763621486 and more", "card=4539 5787 6362 1486!"] {
        let decoded = Decoded::of(&Input::Text(text.to_owned()), Secrets::Masked, false);
        let error = decoded.unwrap_err().to_string();
        assert!(!error.contains("5787"), "{error}");
    }
}

#[test]
fn offsets_that_no_dump_has_end_nothing() {
    for text in [
        "ffffffffffffffff  00 23 08 00\n0000000000000000  00 23 08 00",
        "fffffffe: 0023 0800\nffffffff: 0023 0800",
        "00000010 2300 0008\n0000000c 2300 0008\n00000014 2300",
    ] {
        let _ = diagnose(&Input::Text(text.to_owned()), Secrets::Masked);
        let _ = Decoded::of(&Input::Text(text.to_owned()), Secrets::Masked, false);
    }
}

#[test]
fn no_damaged_input_ends_the_process() {
    const SEED: u64 = 0x7E55_0022;
    println!("seed {SEED:#x}");
    let mut state = SEED;
    let mut random = |end: usize| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % end.max(1)
    };
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/inputs");
    let mut names: Vec<_> = std::fs::read_dir(folder)
        .expect("a folder")
        .map(|entry| {
            entry
                .expect("a file")
                .file_name()
                .into_string()
                .expect("UTF-8")
        })
        .collect();
    names.sort();
    const PIECES: [&[u8]; 8] = [b"*\n", b"\n", b"0000", b": ", b"\\x", b"{", b"\xFF", b"0x"];
    for name in names {
        let content = file(&name);
        for _ in 0..60 {
            let mut damaged = content.clone();
            for _ in 0..1 + random(4) {
                let at = random(damaged.len());
                match random(4) {
                    0 if at < damaged.len() => damaged[at] = random(256) as u8,
                    1 => damaged.truncate(at),
                    2 => drop(damaged.drain(at..(at + random(20)).min(damaged.len()))),
                    _ => drop(damaged.splice(at..at, PIECES[random(8)].iter().copied())),
                }
            }
            let input = Input::Content(damaged);
            let _ = diagnose(&input, Secrets::Masked);
            let _ = Decoded::of(&input, Secrets::Masked, false);
            let _ = Decoded::of(&input, Secrets::Shown, true);
        }
    }
}
