use super::*;
use crate::input::bytes_of_hex;

const ECHO: &str = "0800822000010000000004000000000000001122094500000002112000000000200301";
const ASCII_ECHO: &str = "08008220000100000000040000000000000011220945000000021120000000002301";

fn examined(bytes: &[u8]) -> Finding {
    examine(bytes, Secrets::Masked).1
}

#[track_caller]
fn assert_says(verdict: Verdict, bytes: &[u8], lines: &[&str]) {
    let finding = examined(bytes);
    assert_eq!(finding.verdict, verdict, "{}", finding.text);
    for line in lines {
        assert!(finding.text.contains(line), "{line} in {}", finding.text);
    }
}

/// The echo with its bitmaps as bytes.
fn ascii_bitmap() -> Vec<u8> {
    let bitmaps = bytes_of_hex(&ASCII_ECHO[4..36]);
    [b"0800", &bitmaps[..], &ASCII_ECHO.as_bytes()[36..]].concat()
}

fn ebcdic() -> Vec<u8> {
    let bitmaps = bytes_of_hex(&ASCII_ECHO[4..36]);
    let code = |text: &str| {
        text.bytes()
            .map(tessera_protocol::to_ebcdic)
            .collect::<Vec<u8>>()
    };
    [&code("0800")[..], &bitmaps, &code(&ASCII_ECHO[36..])].concat()
}

fn framed(front: &[u8], message: &[u8]) -> Vec<u8> {
    [front, message].concat()
}

#[test]
fn says_which_lines_accept_a_message() {
    let binary = bytes_of_hex(ECHO);
    let ascii = ASCII_ECHO.as_bytes();
    let (bitmap, ebcdic) = (ascii_bitmap(), ebcdic());
    let lines = [
        "0800",
        "20000000002",
        "code = \"20000000002\"",
        "mac_key = \"none\"",
    ];
    let two = |length: usize| (length as u16).to_be_bytes().to_vec();
    let four = |length: usize| (length as u32).to_be_bytes().to_vec();
    for (message, packing) in [
        (&binary[..], "binary"),
        (ascii, "ascii"),
        (&bitmap, "ascii-bitmap"),
        (&ebcdic, "ebcdic"),
    ] {
        let length = message.len();
        let bcd = bytes_of_hex(&format!("{length:04}"));
        for (front, framing) in [
            (two(length), "binary-2"),
            ([&two(length + 5)[..], &[0x60, 0, 1, 0, 2]].concat(), "tpdu"),
            (bcd, "bcd-2"),
            (format!("{length:04}").into_bytes(), "ascii-4"),
            (four(length), "binary-4"),
            (two(length + 2), "binary-2-inclusive"),
            (
                format!("{:04}", length + 4).into_bytes(),
                "ascii-4-inclusive",
            ),
            (four(length + 4), "binary-4-inclusive"),
        ] {
            let framing = format!("framing = \"{framing}\"\n  packing = \"{packing}\"");
            assert_says(
                Verdict::Good,
                &framed(&front, message),
                &[&lines[..], &[&framing]].concat(),
            );
        }
        let with_header = [&two(length + 12)[..], b"ISO016000075", message].concat();
        let line = format!("header_bytes = 12\n  packing = \"{packing}\"");
        assert_says(
            Verdict::Good,
            &with_header,
            &["a header like BASE24's of 12 bytes", &line],
        );
        let bare = format!("packing = \"{packing}\"");
        assert_says(Verdict::Good, message, &["without a length", &bare]);
        assert!(!examined(message).text.contains("framing ="));
    }
}

#[test]
fn names_what_no_profile_can() {
    let binary = bytes_of_hex(ECHO);
    let ascii = ASCII_ECHO.as_bytes();
    let mut of_1993 = framed(&[0, 35], &binary);
    of_1993[2] = 0x18;
    let mut of_2003 = [b"0068", ascii].concat();
    of_2003[4] = b'2';
    let as_text: String = framed(&[0, 35], &binary)
        .iter()
        .map(|byte| format!("{byte:02X}"))
        .collect();
    for (bytes, name) in [
        (framed(&[35, 0], &binary), "two bytes, little-endian"),
        (
            framed(&[37, 0], &binary),
            "little-endian, that includes itself",
        ),
        (framed(&[35, 0, 0, 0], &binary), "four bytes, little-endian"),
        (framed(b"000068", ascii), "six digits"),
        (framed(b"000074", ascii), "six digits that includes itself"),
        (framed(&[0, 0, 0x35], &binary), "six digits in BCD"),
        (framed(b"0044", ascii), "four hexadecimal digits"),
        ([&[2][..], ascii, &[3]].concat(), "STX"),
        ([&[2][..], ascii, &[3, 0x55]].concat(), "ETX"),
        (of_1993, "version of 1993"),
        (of_2003, "version of 2003"),
        (as_text.into_bytes(), "hexadecimal sent as text"),
    ] {
        assert_says(Verdict::Unsupported, &bytes, &[name, "not supported"]);
        assert!(
            !examined(&bytes).text.contains("A profile that accepts it"),
            "{name}"
        );
    }
}

#[test]
fn a_message_in_ascii_with_bitmaps_as_bytes_is_no_tpdu() {
    let bytes = bytes_of_hex(
        "003430383030822000010000000004000000000000003131323230393435303030303030303231313230303030303030303032333031",
    );
    assert_says(
        Verdict::Good,
        &bytes,
        &[
            "framing = \"binary-2\"",
            "packing = \"ascii-bitmap\"",
            "20000000002",
        ],
    );
}

#[test]
fn digits_that_are_read_as_dates_must_be_dates() {
    // 1999 is no month: it is the amount of a message whose card number has its length in binary.
    let text = "010072200000000000001045395787636214860000000000000019991122094500000002";
    let finding = examined(&bytes_of_hex(text));
    assert_eq!(finding.verdict, Verdict::Faulty, "{}", finding.text);
    assert!(!finding.text.contains("A profile"), "{}", finding.text);
}

#[test]
fn says_how_far_a_bad_message_goes() {
    let binary = bytes_of_hex(ECHO);
    let short = framed(&[0, 35], &binary[..30]);
    assert_says(
        Verdict::Faulty,
        &short,
        &["binary-2", "5 bytes of the stated length are missing"],
    );
    let mut ascii = framed(b"0068", ASCII_ECHO.as_bytes());
    ascii[48] = b'x';
    assert_says(Verdict::Faulty, &ascii, &["field 7", "ascii-4"]);
}

#[test]
fn says_what_else_it_may_be() {
    for (bytes, hint) in [
        (&b"GET / HTTP/1.1\r\n"[..], "HTTP"),
        (&[0x16, 3, 1, 2, 0], "TLS"),
        (b"0800\x82\x20\x00\x01\x00\x00\x00\x00", "bitmaps as bytes"),
        (&[0xF0, 0xF8, 0xF0, 0xF0, 0x82], "EBCDIC"),
        (&[], "too few bytes"),
    ] {
        assert_says(Verdict::Nothing, bytes, &[hint]);
    }
}
