//! What is written into the log: no values in debug form (`Some(..)`, `Tls(None)`), and a party by its code.

use super::{all_sources, is_test, read, without_tests};

const MACROS: &[&str] = &["trace!(", "debug!(", "info!(", "warn!(", "error!("];

/// The arguments of each call of a log macro, without what stands in quotes; a text keeps `{name:?}`.
fn calls(code: &str) -> Vec<String> {
    let mut found = Vec::new();
    for name in MACROS {
        for (at, _) in code.match_indices(name) {
            let before = code[..at].chars().next_back();
            if before.is_some_and(|letter| letter.is_alphanumeric() || letter == '_') {
                continue;
            }
            found.push(arguments(&code[at + name.len()..]));
        }
    }
    found
}

/// Up to the parenthesis that closes them.
fn arguments(code: &str) -> String {
    let mut kept = String::new();
    let (mut depth, mut in_text, mut escaped) = (1, false, false);
    let mut text = String::new();
    for letter in code.chars() {
        if in_text {
            let ends = letter == '"' && !escaped;
            escaped = letter == '\\' && !escaped;
            text.push(letter);
            if ends {
                in_text = false;
                if text.contains(":?}") {
                    kept += "{:?}";
                }
            }
            continue;
        }
        match letter {
            '"' => (in_text, text) = (true, String::new()),
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            break;
        }
        kept.push(letter);
    }
    kept
}

/// Whether an argument is in debug form.
fn has_debug_form(arguments: &str) -> bool {
    let arguments: String = arguments.split_whitespace().collect();
    let begins = arguments
        .split(',')
        .any(|argument| argument.starts_with('?'));
    begins || arguments.contains("=?") || arguments.contains("{:?}")
}

/// Whether `party` is something else than a code.
fn names_a_party(arguments: &str) -> bool {
    let arguments: String = arguments.split_whitespace().collect();
    let mut values = arguments
        .split(',')
        .filter_map(|one| one.strip_prefix("party="));
    values.any(|value| value.contains("name"))
}

#[test]
fn debug_forms_and_names_are_found() {
    let code = "tracing::warn!(\n  party = one.name,\n  carrier = ?self.carrier, \"a \\\"text\\\" = ?x (\");\n\
        info!(?count, \"x\"); debug!(error = %why, \"{pause:?}\"); is_error!(?x); error!(party, x = f(?), \"y\")";
    let calls = calls(code);
    assert_eq!(calls.len(), 4);
    assert_eq!(
        calls.iter().filter(|call| has_debug_form(call)).count(),
        3,
        "{calls:?}"
    );
    assert_eq!(calls.iter().filter(|call| names_a_party(call)).count(), 1);
}

#[test]
fn no_log_line_has_values_in_debug_form_and_parties_are_codes() {
    let mut lines = 0;
    for path in all_sources().iter().filter(|path| !is_test(path)) {
        let text = read(path);
        for call in calls(without_tests(&text)) {
            lines += 1;
            assert!(
                !has_debug_form(&call),
                "{path}: a value in debug form: {call}"
            );
            assert!(
                !names_a_party(&call),
                "{path}: `party` is the code, `party_name` the name: {call}"
            );
        }
    }
    assert!(lines > 150, "{lines}");
}
