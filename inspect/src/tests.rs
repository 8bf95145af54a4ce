//! A card number in every shape in which a message may come, through everything that `decode` and `doctor` print of it.

use serde_json::Value;
use tessera_protocol::Secrets;

use crate::decode::Decoded;
use crate::doctor::diagnose;
use crate::input::Input;

const SEED: u64 = 0x7E55_E12A_0018;
/// How many consecutive digits of a card number may be seen: its first six, and one by chance.
const SHOWN_MAX: usize = 7;
/// The same of a number that the end of the input has cut.
const SHOWN_OF_CUT_MAX: usize = 11;

/// SplitMix64.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ z >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ z >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ z >> 31
    }

    fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }

    fn card(&mut self) -> String {
        let length = 13 + self.below(7);
        let digits = (0..length).map(|_| char::from(b'0' + self.below(10) as u8));
        digits.collect()
    }
}

fn bcd(digits: &str, pad: u8) -> Vec<u8> {
    let value = |digit: &u8| match digit {
        b'0'..=b'9' => digit - b'0',
        _ => 0xD,
    };
    let pairs = digits.as_bytes().chunks(2);
    pairs
        .map(|pair| value(&pair[0]) << 4 | pair.get(1).map_or(pad, value))
        .collect()
}

fn ebcdic(text: &str) -> Vec<u8> {
    let byte = |character: u8| match character {
        b'0'..=b'9' => character | 0xF0,
        b'A'..=b'I' => 0xC1 + character - b'A',
        b' ' => 0x40,
        b'-' => 0x60,
        _ => 0x7E,
    };
    text.bytes().map(byte).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02X}")).collect()
}

/// The fields behind the card number: 3, 4, 7, 11.
const BEHIND: &str = "0000000000000019991122094500000002";
const WITH_CARD: [u8; 8] = [0x72, 0x20, 0, 0, 0, 0, 0, 0];
const WITH_TRACK: [u8; 8] = [0x32, 0x20, 0, 0, 0x20, 0, 0, 0];
const WITH_TEXT: [u8; 8] = [0x32, 0x20, 0, 0, 0, 0x21, 0, 0];

/// Ways to pack a message with this card number.
fn packed(card: &str) -> Vec<(&'static str, Vec<u8>)> {
    let length = card.len();
    let ll = format!("{length:02}");
    let binary = |mti: &str, count: u8, pad: u8| {
        [
            &bcd(mti, 0)[..],
            &WITH_CARD,
            &[count],
            &bcd(card, pad),
            &bcd(BEHIND, 0),
        ]
        .concat()
    };
    let count = bcd(&ll, 0)[0];
    let text = format!("{ll}{card}{BEHIND}");
    let ascii = |mti: &str| format!("{mti}{}{text}", hex(&WITH_CARD));
    let track = format!("{card}=31122010000012345");
    let track_length = format!("{:02}", track.len());
    let right_aligned = match length % 2 {
        0 => card.to_owned(),
        _ => format!("0{card}"),
    };
    let swapped: Vec<u8> = bcd(card, 0xF)
        .iter()
        .map(|byte| byte.rotate_left(4))
        .collect();
    let reversed: Vec<u8> = bcd(card, 0).into_iter().rev().collect();
    let grouped = |separator: &str| {
        let groups: Vec<_> = card
            .as_bytes()
            .chunks(4)
            .map(String::from_utf8_lossy)
            .collect();
        let groups = groups.join(separator);
        let body = format!("PAN {groups} PAID");
        let behind = format!("{:04}", body.len());
        [
            &bcd("0200", 0)[..],
            &WITH_TEXT,
            &bcd(BEHIND, 0),
            &[b'X'; 40],
            &bcd(&behind, 0),
            body.as_bytes(),
        ]
        .concat()
    };
    let mut front = bcd("0100", 0);
    front.extend(WITH_CARD);
    let utf16: Vec<u8> = ascii("0100").bytes().flat_map(|byte| [byte, 0]).collect();
    vec![
        ("binary", binary("0100", count, 0)),
        ("binary, padded with F", binary("0100", count, 0xF)),
        ("binary, length in binary", binary("0100", length as u8, 0)),
        ("binary, 1993", binary("1100", count, 0)),
        ("binary, 2003", binary("2100", count, 0)),
        (
            "binary, right-aligned",
            [
                &front[..],
                &[count],
                &bcd(&right_aligned, 0),
                &bcd(BEHIND, 0),
            ]
            .concat(),
        ),
        (
            "binary, length as characters",
            [&front[..], ll.as_bytes(), &bcd(card, 0), &bcd(BEHIND, 0)].concat(),
        ),
        (
            "binary, nibbles swapped",
            [&front[..], &[count], &swapped, &bcd(BEHIND, 0)].concat(),
        ),
        (
            "binary, little-endian",
            [&front[..], &[count], &reversed, &bcd(BEHIND, 0)].concat(),
        ),
        (
            "binary, shifted by a nibble",
            bcd(&format!("D{}{text}", hex(&front)), 0),
        ),
        (
            "a digit in a byte",
            [
                &front[..],
                &[count],
                &card.bytes().map(|digit| digit - b'0').collect::<Vec<_>>(),
                &bcd(BEHIND, 0),
            ]
            .concat(),
        ),
        (
            "track 2",
            [
                &bcd("0200", 0)[..],
                &WITH_TRACK,
                &bcd(BEHIND, 0),
                &bcd(&track_length, 0),
                &bcd(&track, 0),
            ]
            .concat(),
        ),
        (
            "track 2 as characters",
            [
                &bcd("0200", 0)[..],
                &WITH_TRACK,
                &bcd(BEHIND, 0),
                track_length.as_bytes(),
                track.as_bytes(),
            ]
            .concat(),
        ),
        (
            "track 2 in ASCII",
            format!("0200{}{BEHIND}{track_length}{track}", hex(&WITH_TRACK)).into_bytes(),
        ),
        ("text with spaces", grouped(" ")),
        ("text with dashes", grouped("-")),
        ("text in one piece", grouped("")),
        ("ASCII", ascii("0100").into_bytes()),
        ("ASCII, 1993", ascii("1100").into_bytes()),
        (
            "ASCII, bitmap in bytes",
            [&b"0100"[..], &WITH_CARD, text.as_bytes()].concat(),
        ),
        (
            "ASCII as hexadecimal",
            hex(ascii("0100").as_bytes()).into_bytes(),
        ),
        ("UTF-16", utf16),
        (
            "EBCDIC",
            [&ebcdic("0100")[..], &WITH_CARD, &ebcdic(&text)].concat(),
        ),
        ("EBCDIC, bitmap in hexadecimal", ebcdic(&ascii("0100"))),
        (
            "EBCDIC as hexadecimal",
            hex(&ebcdic(&ascii("0100"))).into_bytes(),
        ),
        ("nothing but the number", bcd(card, 0)),
        ("nothing but the number, ASCII", card.as_bytes().to_vec()),
    ]
}

/// Ways to put something in front.
fn framed(message: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let length = message.len();
    let two = (length as u16).to_be_bytes();
    let with = |front: &[u8]| [front, message].concat();
    vec![
        ("bare", message.to_vec()),
        ("binary-2", with(&two)),
        ("little-endian", with(&(length as u16).to_le_bytes())),
        ("including itself", with(&(length as u16 + 2).to_be_bytes())),
        (
            "tpdu",
            with(&[&(length as u16 + 5).to_be_bytes()[..], &[0x60, 0, 1, 0, 2]].concat()),
        ),
        ("bcd-2", with(&bcd(&format!("{length:04}"), 0))),
        ("ascii-4", with(format!("{length:04}").as_bytes())),
        ("six digits", with(format!("{length:06}").as_bytes())),
        ("hexadecimal", with(format!("{length:04X}").as_bytes())),
        ("binary-4", with(&(length as u32).to_be_bytes())),
        ("STX and ETX", [&[2][..], message, &[3]].concat()),
        ("BASE24", with(b"ISO016000075")),
        (
            "cut by two frames",
            [
                &[0, 20][..],
                &message[..20.min(length)],
                &[0, 60],
                &message[20.min(length)..],
            ]
            .concat(),
        ),
    ]
}

/// Whether a text shows more of a number than its ends, in any representation.
fn leaks(text: &str, card: &str, shown_max: usize) -> Option<String> {
    // A dump without its offsets and carets, a table without its labels.
    let behind_labels: String = text
        .lines()
        .filter(|line| !line.trim_start().starts_with('^'))
        .map(|line| {
            line.trim_start()
                .split_once(' ')
                .map_or("", |(_, rest)| rest)
        })
        .collect();
    let digits = |text: &str| -> String {
        let kept = text.chars().filter(|c| c.is_ascii_hexdigit() || *c == '*');
        kept.collect::<String>().to_ascii_lowercase()
    };
    let views = [digits(text), digits(&behind_labels)];
    let windows = card.as_bytes().windows(shown_max + 1);
    for window in windows.map(|window| String::from_utf8_lossy(window).into_owned()) {
        let each = |form: &dyn Fn(char) -> String| window.chars().map(form).collect::<String>();
        let backwards: String = window.chars().rev().collect();
        let swapped = |from: usize| -> String {
            let inner = &window.as_bytes()[from..];
            inner
                .chunks_exact(2)
                .flat_map(|pair| [char::from(pair[1]), char::from(pair[0])])
                .collect()
        };
        let forms = [
            window.clone(),
            each(&|digit| format!("3{digit}")),
            each(&|digit| format!("f{digit}")),
            each(&|digit| format!("0{digit}")),
            each(&|digit| format!("3{digit}00")),
            each(&|digit| format!("333{digit}")),
            swapped(0),
            backwards,
        ];
        for form in forms {
            if views.iter().any(|view| view.contains(&form)) {
                return Some(form);
            }
        }
    }
    None
}

/// The values of a JSON object's fields, one behind the other.
fn values(json: &str) -> String {
    let mut all = String::new();
    for line in json.lines() {
        let Ok(object) = serde_json::from_str::<Value>(line) else {
            continue;
        };
        for field in object["fields"].as_array().into_iter().flatten() {
            all.push_str(field["value"].as_str().unwrap_or_default());
        }
    }
    all
}

#[test]
fn no_shape_of_a_message_lays_its_card_number_bare() {
    println!("seed {SEED:#x}");
    let mut random = Random(SEED);
    for _ in 0..4 {
        let card = random.card();
        for (packing, message) in packed(&card) {
            for (framing, mut bytes) in framed(&message) {
                // Sometimes cut.
                let is_cut = random.below(4) == 0;
                if is_cut {
                    bytes.truncate(1 + random.below(bytes.len()));
                }
                let shown_max = if is_cut { SHOWN_OF_CUT_MAX } else { SHOWN_MAX };
                let shape = format!("{packing}, {framing}: {} ({card})", hex(&bytes));
                let content = Input::Text(hex(&bytes));
                let decoded = Decoded::of(&content, Secrets::Masked, false).unwrap().text;
                let json = Decoded::of(&content, Secrets::Masked, true).unwrap().text;
                let mut texts = vec![
                    ("decode", decoded),
                    ("json", json.clone()),
                    ("values", values(&json)),
                ];
                for input in [Input::Text(hex(&bytes)), Input::Content(bytes.clone())] {
                    let found = diagnose(&input, Secrets::Masked);
                    texts.extend(found.ok().map(|found| ("doctor", found.text)));
                }
                for (of, text) in texts {
                    if let Some(form) = leaks(&text, &card, shown_max) {
                        panic!("{of} shows {form} of {shape}\n{text}");
                    }
                }
            }
        }
    }
}

#[test]
fn the_example_of_a_length_in_binary_is_masked() {
    let message = "010072200000000000001045395787636214860000000000000019991122094500000002";
    let input = Input::Text(message.to_owned());
    let shown = Decoded::of(&input, Secrets::Shown, false).unwrap().text;
    assert!(
        leaks(&shown, "4539578763621486", SHOWN_MAX).is_some(),
        "{shown}"
    );
    let found = diagnose(&input, Secrets::Masked).unwrap();
    let decoded = Decoded::of(&input, Secrets::Masked, false).unwrap();
    for text in [&found.text, &decoded.text] {
        assert_eq!(leaks(text, "4539578763621486", SHOWN_MAX), None, "{text}");
        assert!(!text.contains("621486"), "{text}");
    }
}
