//! Texts that others chose, as cells of CSV. A spreadsheet takes some of them for formulas (CSV injection, as OWASP describes
//! it), and a terminal some bytes for commands.

use std::fmt::Write as _;

/// What makes a spreadsheet read a cell as a formula, in both widths.
const FORMULA: [char; 8] = ['=', '+', '-', '@', '＝', '＋', '－', '＠'];

/// The text with an apostrophe in front where it could be taken for a formula, and with control characters written as escapes
/// (`\x1b`). Quoting is the writer's. Applied to its own result it changes nothing.
pub fn cell(text: &str) -> String {
    let mut cell = String::with_capacity(text.len() + 1);
    let first = text.trim_start().chars().next();
    // Some spreadsheets look behind what they trim, tabs and ends of lines among it.
    if first.is_some_and(|first| FORMULA.contains(&first)) || text.starts_with(['\t', '\r', '\n']) {
        cell.push('\'');
    }
    for character in text.chars() {
        if character.is_control() {
            // Writing to a string cannot fail.
            let _ = write!(cell, "\\x{:02x}", u32::from(character));
        } else {
            cell.push(character);
        }
    }
    cell
}

/// Bytes in ISO 8859-1, whose code points are Unicode's.
pub fn latin_1(bytes: &[u8]) -> String {
    bytes.iter().copied().map(char::from).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_formula_becomes_a_text_once() {
        for formula in [
            "=1+1",
            "+1",
            "-1",
            "@SUM(A1)",
            " =1",
            "\u{a0}=1",
            "＝1",
            "=cmd|' /C calc'!A0",
        ] {
            let guarded = cell(formula);
            assert_eq!(guarded, format!("'{formula}"));
            assert_eq!(cell(&guarded), guarded);
        }
        assert_eq!(cell("\t=1"), "'\\x09=1");
        assert_eq!(cell("\r\nA"), "'\\x0d\\x0aA");
        for text in [
            "",
            "SHOP-77",
            "1-2",
            "a=b",
            "'quoted'",
            "Käse",
            "2 cups, \"big\"",
        ] {
            assert_eq!(cell(text), text);
        }
    }

    #[test]
    fn control_characters_are_shown_and_all_others_survive() {
        let every: Vec<u8> = (0..=255).collect();
        let text = cell(&latin_1(&every));
        assert!(!text.chars().any(char::is_control), "{text}");
        for byte in (0x20..0x7f).chain(0xa0..=0xff) {
            assert!(text.contains(char::from(byte)), "{byte:02x}");
        }
        assert!(text.starts_with("\\x00\\x01") && text.contains("~\\x7f\\x80"));
        assert_eq!(cell(&text), text);
    }
}
