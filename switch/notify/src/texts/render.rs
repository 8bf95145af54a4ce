//! From words to the forms of a message, and what becomes of words that others have written.

use std::fmt::Write as _;

use tessera_texts::{Locale, mail as text};

use super::{Facts, Words, in_letters};

pub(super) fn plain(words: &Words, rows: &[(String, String)], locale: &Locale) -> String {
    let mut out = format!("{}\n\n", locale.say(&words.lead));
    if let Some(code) = &words.code {
        // Writing to a string cannot fail, here and below.
        let _ = write!(out, "    {code}\n\n");
    }
    // A row begins with a name that has marks of direction around it, from which no direction of the line follows.
    let begin = match locale.language().is_right_to_left() {
        true => "\u{200f}",
        false => "",
    };
    for (name, value) in rows {
        let _ = writeln!(out, "{begin}{}", locale.say(text::row(name, value)));
    }
    let (advice, signature) = (locale.say(&words.advice), locale.say(text::SIGNATURE));
    let _ = write!(out, "\n{advice}\n\n{signature}\n");
    out
}

/// What every mail begins with: colours for dark readers, which go before the inline ones where a program knows them. Tables,
/// because some programs lay out nothing else.
const HEAD: &str = "<head><meta charset=\"utf-8\">\
     <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
     <meta name=\"color-scheme\" content=\"light dark\"><meta name=\"supported-color-schemes\" content=\"light dark\">\n\
     <style>:root{color-scheme:light dark}\n\
     @media (prefers-color-scheme:dark){.page{background:#131716!important}.sheet{background:#1b211f!important;border-color:#333b38!important}\
     .ink{color:#eceeea!important}.soft{color:#a9b2ae!important}.brand{color:#6fd3be!important}.line{border-color:#333b38!important}\
     .code{background:#1a2e29!important;color:#eceeea!important}}</style>\n<title>";

const PAGE: &str = "</title></head>\n\
     <body class=\"page\" style=\"margin:0;padding:0;background:#faf9f6\">\n\
     <table role=\"presentation\" class=\"page\" width=\"100%\" cellpadding=\"0\" cellspacing=\"0\" border=\"0\" style=\"background:#faf9f6\">\
     <tr><td align=\"center\" style=\"padding:24px 12px\">\n\
     <table role=\"presentation\" width=\"100%\" cellpadding=\"0\" cellspacing=\"0\" border=\"0\" \
     style=\"max-width:560px;font-family:system-ui,-apple-system,'Segoe UI',Roboto,Arial,sans-serif;font-size:16px;line-height:24px\">\n\
     <tr><td class=\"brand\" style=\"padding:0 4px 14px;font-size:20px;font-weight:700;color:#0b5d51\">\
     <span aria-hidden=\"true\">&#9670;</span> Tessera</td></tr>\n\
     <tr><td class=\"sheet\" style=\"padding:28px;background:#ffffff;border:1px solid #dcdad3;border-radius:12px\">\n\
     <p class=\"ink\" style=\"margin:0 0 20px;font-size:20px;line-height:28px;font-weight:600;color:#1d201f\">";

/// Only what all common programs show: tables, inline styles and no pictures.
pub(super) fn html(words: &Words, rows: &[(String, String)], locale: &Locale) -> String {
    let language = locale.language();
    let (start, end) = match language.is_right_to_left() {
        true => ("right", "left"),
        false => ("left", "right"),
    };
    let mut html = format!(
        "<!DOCTYPE html>\n<html lang=\"{}\" dir=\"{}\">{HEAD}",
        language.code(),
        language.direction()
    );
    escape(&locale.say(&words.subject), &mut html);
    html.push_str(PAGE);
    escape(&locale.say(&words.lead), &mut html);
    html.push_str("</p>\n");
    if let Some(code) = &words.code {
        html.push_str(
            "<p class=\"code\" style=\"margin:0 0 20px;padding:14px 18px;border-radius:8px;background:#e7f1ee;color:#1d201f;\
             font-family:ui-monospace,Menlo,Consolas,monospace;font-size:28px;line-height:36px;font-weight:600;letter-spacing:4px\">",
        );
        escape(code, &mut html);
        html.push_str("</p>\n");
    }
    if !rows.is_empty() {
        html.push_str("<table width=\"100%\" cellpadding=\"0\" cellspacing=\"0\" border=\"0\" style=\"margin:0 0 20px;border-collapse:collapse\">\n");
        for (name, value) in rows {
            let _ = write!(
                html,
                "<tr><th class=\"soft line\" scope=\"row\" align=\"{start}\" valign=\"top\" \
                 style=\"padding:8px 0;padding-{end}:16px;border-top:1px solid #dcdad3;font-weight:400;color:#59605d\">",
            );
            escape(name, &mut html);
            let _ = write!(
                html,
                "</th><td class=\"ink line\" align=\"{end}\" valign=\"top\" \
                 style=\"padding:8px 0;border-top:1px solid #dcdad3;color:#1d201f;word-break:break-word\">",
            );
            escape(value, &mut html);
            html.push_str("</td></tr>\n");
        }
        html.push_str("</table>\n");
    }
    html.push_str("<p class=\"ink\" style=\"margin:0;color:#1d201f\">");
    escape(&locale.say(&words.advice), &mut html);
    html.push_str(
        "</p>\n</td></tr>\n\
         <tr><td class=\"soft\" style=\"padding:16px 4px 0;font-size:13px;line-height:20px;color:#59605d\">",
    );
    escape(&locale.say(text::SIGNATURE), &mut html);
    html.push_str("</td></tr>\n</table>\n</td></tr></table>\n</body></html>\n");
    html
}

pub(super) fn short(words: &Words, facts: &Facts<'_>, locale: &Locale) -> String {
    let said = match facts.available.filter(|_| words.sms_available) {
        Some(available) => text::sms_available(in_letters(available, locale), words.sms.clone()),
        None => text::sms(words.sms.clone()),
    };
    // Marks of direction, which old phones show as boxes: a short message is read without them.
    let said = locale.say(said);
    said.replace(['\u{2068}', '\u{2069}', '\u{200e}', '\u{200f}'], "")
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
