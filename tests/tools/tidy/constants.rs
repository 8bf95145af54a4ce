//! The value of a constant or a field, read from its source; and numbers as documents and configuration files write them.
//! Sizes are in bytes, times in milliseconds.

use super::read;

/// The value of `const NAME: … = …;` in a file.
pub fn constant(file: &str, name: &str) -> u64 {
    let text = read(file);
    let (_, rest) = text
        .split_once(&format!("const {name}: "))
        .unwrap_or_else(|| panic!("{file} has no constant {name}"));
    let (_, rest) = rest.split_once(" = ").unwrap();
    let (expression, _) = rest.split_once(';').unwrap();
    computed(expression).unwrap_or_else(|| panic!("{file}: {name} = {expression}"))
}

/// The value of `name: …,` in the constant `block` of a file.
pub fn field(file: &str, block: &str, name: &str) -> u64 {
    let text = read(file);
    let (_, rest) = text
        .split_once(&format!("const {block}: "))
        .unwrap_or_else(|| panic!("{file} has no constant {block}"));
    let (body, _) = rest.split_once("};").unwrap();
    let (_, rest) = body
        .split_once(&format!(" {name}: "))
        .unwrap_or_else(|| panic!("{file}: {block} has no {name}"));
    let (expression, _) = rest.split_once(",\n").unwrap();
    computed(expression).unwrap_or_else(|| panic!("{file}: {name} = {expression}"))
}

/// Of products and shifts of numbers, and times made of them.
fn computed(expression: &str) -> Option<u64> {
    let unit = |name: &str, milliseconds: u64| {
        let count = expression.strip_prefix(name)?.strip_suffix(')')?;
        Some(computed(count)? * milliseconds)
    };
    let time = [
        ("from_millis", 1),
        ("from_secs", 1_000),
        ("from_mins", 60_000),
    ]
    .into_iter()
    .find_map(|(name, milliseconds)| unit(&format!("Duration::{name}("), milliseconds));
    if time.is_some() {
        return time;
    }
    if let Some((number, bits)) = expression.split_once(" << ") {
        return Some(computed(number)? << computed(bits)?);
    }
    let factors = expression.split(" * ");
    factors
        .map(|factor| factor.replace('_', "").parse::<u64>().ok())
        .product()
}

/// All numbers in a text with their units: `4,096`, `64 KiB`, `10 s`, `7d`.
pub fn quantities(text: &str) -> Vec<u64> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find(|letter: char| letter.is_ascii_digit()) {
        let in_word =
            rest[..at].ends_with(|letter: char| letter.is_alphanumeric() || letter == '-');
        rest = &rest[at..];
        let end = rest.find(|letter: char| !letter.is_ascii_digit() && letter != ',');
        let (number, behind) = rest.split_at(end.unwrap_or(rest.len()));
        if !in_word {
            let word = behind.trim_start();
            let end = word.find(|letter: char| !letter.is_ascii_alphabetic());
            let factor = unit(&word[..end.unwrap_or(word.len())]);
            found.push(number.replace(',', "").parse::<u64>().unwrap() * factor);
        }
        rest = behind;
    }
    found
}

fn unit(word: &str) -> u64 {
    match word {
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        "GiB" => 1 << 30,
        "s" => 1_000,
        "min" | "minutes" => 60_000,
        "h" | "hours" => 3_600_000,
        "d" | "days" => 86_400_000,
        _ => 1,
    }
}

#[test]
fn numbers_are_read_with_their_units() {
    assert_eq!(
        quantities("`unsigned_max` 1,024 each; 8 KiB, at most 7 days of SHA-256, 500ms, 22"),
        [1_024, 8_192, 604_800_000, 500, 22]
    );
    assert_eq!(computed("8 << 20"), Some(8_388_608));
    assert_eq!(computed("Duration::from_secs(15 * 60)"), Some(900_000));
    assert_eq!(computed("2 * 64 * 1_024"), Some(131_072));
    assert_eq!(computed("5 + 20"), None);
}
