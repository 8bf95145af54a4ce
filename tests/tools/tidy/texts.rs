//! Every text for payers is said somewhere. That no text is missing is known to the compiler.

use std::collections::{BTreeMap, BTreeSet};

use super::{all_sources, is_test, read, top, without_tests};

const FILES: &str = "texts/i18n/en";

/// The texts of the English files: the module, and the name in it as a constant or a function has it, in small letters.
fn texts() -> BTreeSet<(String, String)> {
    let mut texts = BTreeSet::new();
    for entry in std::fs::read_dir(top().join(FILES)).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let module = name.strip_suffix(".ftl").expect("a file of texts");
        for line in read(&format!("{FILES}/{name}")).lines() {
            let id = line.split_once(" =").map(|(id, _)| id);
            let name = id.and_then(|id| id.strip_prefix(module)?.strip_prefix('-'));
            if let Some(name) = name {
                texts.insert((module.to_owned(), name.replace('-', "_")));
            }
        }
    }
    texts
}

/// By which names a file calls the modules of texts: `use tessera_texts::{card as text, forms};`.
fn names(code: &str, modules: &BTreeSet<String>) -> BTreeMap<String, String> {
    let used = ["use tessera_texts::", "use crate::"];
    let statements = used.iter().flat_map(|begin| code.split(begin).skip(1));
    let items = statements
        .filter_map(|rest| rest.split_once(';'))
        .flat_map(|(statement, _)| statement.split(['{', '}', ',']));
    let mut names = BTreeMap::new();
    for item in items.map(str::trim) {
        let (module, name) = item.split_once(" as ").unwrap_or((item, item));
        if modules.contains(module) {
            names.insert(name.to_owned(), module.to_owned());
        }
    }
    names
}

#[test]
fn every_text_is_said_somewhere() {
    let mut unused = texts();
    assert!(unused.len() > 400, "only {} texts", unused.len());
    let modules: BTreeSet<_> = unused.iter().map(|(module, _)| module.clone()).collect();
    let is_sayer = |path: &&String| {
        let folders = ["wallet/src/", "switch/notify/src/", "texts/src/rules.rs"];
        folders.iter().any(|folder| path.starts_with(folder)) && !is_test(path)
    };
    let sources = all_sources();
    for path in sources.iter().filter(is_sayer) {
        let text = read(path);
        let code = without_tests(&text);
        let names = names(code, &modules);
        for (at, _) in code.match_indices("::") {
            let is_word = |sign: char| sign.is_ascii_alphanumeric() || sign == '_';
            let before = &code[..at];
            let alias = &before[before.trim_end_matches(is_word).len()..];
            let after = &code[at + 2..];
            let end = after.find(|sign| !is_word(sign)).unwrap_or(after.len());
            if let Some(module) = names.get(alias) {
                unused.remove(&(module.clone(), after[..end].to_lowercase()));
            }
        }
    }
    // Texts may say others.
    let all: String = modules
        .iter()
        .map(|module| read(&format!("{FILES}/{module}.ftl")))
        .collect();
    unused.retain(|(module, name)| {
        let id = format!("{{ {module}-{} }}", name.replace('_', "-"));
        !all.contains(&id)
    });
    assert!(unused.is_empty(), "nothing says {unused:?}");
}
