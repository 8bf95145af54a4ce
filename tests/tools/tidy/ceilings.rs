//! The longest file, the longest function and the fullest folder. A ceiling is what the sources have now: a change that
//! gets below it lowers it.

use std::collections::BTreeMap;

use super::{all_sources, is_test, read, without_tests};

/// Lines of the longest source file.
const FILE_LINES_MAX: usize = 682;
/// Source files in the fullest folder.
const FOLDER_FILES_MAX: usize = 30;
/// Lines of the longest function, tests aside.
const FUNCTION_LINES_MAX: usize = 154;

/// The functions of a formatted file, with their lines: from `fn` to the brace that closes them, in the same column.
fn functions(code: &str) -> Vec<(usize, String)> {
    let lines: Vec<_> = code.lines().collect();
    let mut found = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let (head, is_open) = (line.trim_start(), !line.ends_with(['}', ';']));
        let Some(name) = name(head).filter(|_| is_open) else {
            continue;
        };
        let column = line.len() - head.len();
        let ends = |line: &str| line.len() == column + 1 && line.trim_start() == "}";
        if let Some(more) = lines[at..].iter().position(|line| ends(line)) {
            found.push((more + 1, name.to_owned()));
        }
    }
    found
}

/// The name behind `fn`, where a line begins a function.
fn name(head: &str) -> Option<&str> {
    let (before, rest) = head.split_once("fn ")?;
    let is_qualifier = |word: &str| {
        word.starts_with("pub") || ["const", "async", "unsafe", "in", "extern"].contains(&word)
    };
    let is_path = |word: &str| word.ends_with(')');
    let qualified = before
        .split_whitespace()
        .all(|word| is_qualifier(word) || is_path(word));
    let end = rest.find(['(', '<'])?;
    qualified.then_some(&rest[..end])
}

#[test]
fn lines_of_functions_are_counted() {
    let code = "impl X {\n    pub(in crate::x) async fn first<T>(\n        &self,\n    ) -> T {\n        if a {\n            b\n        }\n    }\n\n    \
                fn short(&self) {}\n}\n\ntrait Y {\n    fn declared(&self);\n}\n\nfn second() {\n}\n";
    let counted = [(7, "first".to_owned()), (2, "second".to_owned())];
    assert_eq!(functions(code), counted);
}

#[test]
fn files_folders_and_functions_stay_below_their_ceilings() {
    let files = all_sources();
    let lines = |file: &String| read(file).lines().count();
    let longest = files.iter().map(|file| (lines(file), file)).max().unwrap();
    assert_eq!(longest.0, FILE_LINES_MAX, "{}", longest.1);

    let mut folders = BTreeMap::<_, usize>::new();
    for file in &files {
        let (folder, _) = file.rsplit_once('/').unwrap();
        *folders.entry(folder).or_default() += 1;
    }
    let fullest = folders.iter().map(|(folder, files)| (*files, folder)).max();
    let fullest = fullest.unwrap();
    assert_eq!(fullest.0, FOLDER_FILES_MAX, "{}", fullest.1);

    let of_file = |file: &String| -> Vec<(usize, String)> {
        let named = |(lines, name)| (lines, format!("{name} in {file}"));
        let text = read(file);
        functions(without_tests(&text))
            .into_iter()
            .map(named)
            .collect()
    };
    let product = files.iter().filter(|file| !is_test(file));
    let longest = product.flat_map(of_file).max().unwrap();
    assert_eq!(longest.0, FUNCTION_LINES_MAX, "{}", longest.1);
}
