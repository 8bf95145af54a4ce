//! Texts that others chose, as cells of CSV. A spreadsheet takes some of them for formulas (CSV injection, as OWASP describes
//! it), and a terminal some bytes for commands.

use crate::text::visible;

/// What makes a spreadsheet read a cell as a formula, in both widths.
const FORMULA: [char; 8] = ['=', '+', '-', '@', '＝', '＋', '－', '＠'];

/// The text with an apostrophe in front where it could be taken for a formula, and with control characters written as escapes.
/// Quoting is the writer's. Applied to its own result it changes nothing.
pub fn cell(text: &str) -> String {
    let first = text.trim_start().chars().next();
    // Some spreadsheets look behind what they trim, tabs and ends of lines among it.
    let formula =
        first.is_some_and(|first| FORMULA.contains(&first)) || text.starts_with(['\t', '\r', '\n']);
    let guard = if formula { "'" } else { "" };
    format!("{guard}{}", visible(text))
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
}
