//! From words to the forms of a message, and what becomes of words that others have written.

use std::fmt::Write as _;

use super::{Facts, SIGNATURE, Words, money};

pub(super) fn plain(words: &Words, rows: &[(&str, String)]) -> String {
    let mut text = format!("{}\n\n", words.lead);
    if let Some(code) = &words.code {
        // Writing to a string cannot fail, here and below.
        let _ = write!(text, "    {code}\n\n");
    }
    for (name, value) in rows {
        let _ = writeln!(text, "{name}: {value}");
    }
    let _ = write!(text, "\n{}\n\n{SIGNATURE}\n", words.advice);
    text
}

/// Colours are left to the reader, so that it is readable on light and on dark.
pub(super) fn html(words: &Words, rows: &[(&str, String)]) -> String {
    let mut html = String::from(
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"color-scheme\" content=\"light dark\">\
         <meta name=\"supported-color-schemes\" content=\"light dark\"><title>",
    );
    escape(&words.subject, &mut html);
    html.push_str(
        "</title></head>\n<body style=\"font-family:system-ui,-apple-system,'Segoe UI',sans-serif;font-size:16px;line-height:1.5;\
         max-width:34em;margin:0 auto;padding:24px\">\n<p style=\"font-size:18px\">",
    );
    escape(&words.lead, &mut html);
    html.push_str("</p>\n");
    if let Some(code) = &words.code {
        html.push_str("<p style=\"font-size:28px;font-weight:600;letter-spacing:4px\">");
        escape(code, &mut html);
        html.push_str("</p>\n");
    }
    html.push_str("<table role=\"presentation\" style=\"border-collapse:collapse\">\n");
    for (name, value) in rows {
        html.push_str("<tr><td style=\"padding:2px 24px 2px 0\">");
        escape(name, &mut html);
        html.push_str("</td><td style=\"padding:2px 0\">");
        escape(value, &mut html);
        html.push_str("</td></tr>\n");
    }
    html.push_str("</table>\n<p>");
    escape(words.advice, &mut html);
    html.push_str("</p>\n<p style=\"font-size:13px;opacity:0.75\">");
    escape(SIGNATURE, &mut html);
    html.push_str("</p>\n</body></html>\n");
    html
}

pub(super) fn short(words: &Words, facts: &Facts<'_>) -> String {
    let mut sms = words.sms.clone();
    if let (true, Some(available)) = (words.sms_available, facts.available) {
        let _ = write!(sms, ". Available: {}", money(available));
    }
    sms.push('.');
    if !words.sms.starts_with("Your") && words.code.is_none() {
        sms.insert_str(0, "Tessera: ");
    }
    sms
}

/// One line of what prints, of so many characters at most. Characters that steer how text runs are left out with the control
/// characters: they can make a name read as something else.
pub(super) fn clean(text: &str, most: usize) -> String {
    let steers = |character: char| {
        matches!(character,
            '\u{00AD}' | '\u{061C}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{FEFF}'
            | '\u{E0000}'..='\u{E007F}')
    };
    let printing = text.chars().filter(|&character| !steers(character));
    let spaced: String = printing
        .map(|character| {
            if character.is_control() {
                ' '
            } else {
                character
            }
        })
        .collect();
    let mut words = String::new();
    for word in spaced.split_whitespace() {
        if !words.is_empty() {
            words.push(' ');
        }
        words.push_str(word);
    }
    match words.char_indices().nth(most) {
        None => words,
        Some(_) => {
            let kept: String = words.chars().take(most.saturating_sub(2)).collect();
            format!("{}..", kept.trim_end())
        }
    }
}

fn escape(text: &str, out: &mut String) {
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
    }
}
