//! Which modules import each other.

use std::collections::{BTreeMap, BTreeSet};

use super::{crates, is_test, read, sources, top, without_tests};

pub(super) type Imports = BTreeMap<String, BTreeSet<String>>;

/// What the top level modules of a crate import of each other, tests aside. A name that lib.rs exports stands for the
/// module that it comes from.
fn imports(member: &str) -> Imports {
    let folder = top().join(member).join("src");
    let exported = exports(member);
    let mut files = Vec::new();
    sources(&folder, &mut files);
    let mut imports = Imports::new();
    for file in files {
        let path = file.strip_prefix(&folder).unwrap().to_str().unwrap();
        if is_test(path) {
            continue;
        }
        let parts: Vec<_> = path.trim_end_matches("/mod.rs").split('/').collect();
        let module = parts[0].trim_end_matches(".rs").to_owned();
        let text = std::fs::read_to_string(&file).unwrap();
        // What a comment names is no import.
        let is_code = |line: &&str| !line.trim_start().starts_with("//");
        let code: String = without_tests(&text)
            .split_inclusive('\n')
            .filter(is_code)
            .collect();
        let of_crate = code.split("crate::").skip(1);
        // So many `super::` lead to the crate; the files beside lib.rs need one.
        let up = "super::".repeat(parts.len());
        let of_super = code.match_indices(&up).filter_map(|(at, _)| {
            let rest = &code[at + up.len()..];
            let is_whole = !code[..at].ends_with("super::") && !rest.starts_with("super::");
            is_whole.then_some(rest)
        });
        let named = imports.entry(module).or_default();
        for name in of_crate.chain(of_super).flat_map(names) {
            named.insert(exported.get(&name).cloned().unwrap_or(name));
        }
    }
    let modules: BTreeSet<_> = imports.keys().cloned().collect();
    for (module, named) in &mut imports {
        named.retain(|name| name != module && modules.contains(name));
    }
    imports
}

/// The names that `use` brings into lib.rs, with the modules that they come from.
fn exports(member: &str) -> BTreeMap<String, String> {
    // The command has no library.
    let library = format!("{member}/src/lib.rs");
    let text = match top().join(&library).exists() {
        true => read(&library),
        false => read(&format!("{member}/src/main.rs")),
    };
    let mut exports = BTreeMap::new();
    for statement in text.split(';') {
        let Some((module, names)) = statement
            .rsplit_once("use ")
            .and_then(|(_, path)| path.split_once("::"))
        else {
            continue;
        };
        for name in names.split(['{', '}', ',']) {
            let name = name.rsplit("::").next().unwrap_or_default();
            let name = name.rsplit(" as ").next().unwrap_or_default().trim();
            if !name.is_empty() {
                exports.insert(name.to_owned(), module.trim().to_owned());
            }
        }
    }
    exports
}

/// The module behind `crate::`, or the modules of `crate::{…}`.
fn names(rest: &str) -> Vec<String> {
    let word = |text: &str| -> String {
        let is_part = |letter: &char| letter.is_alphanumeric() || *letter == '_';
        text.trim_start().chars().take_while(is_part).collect()
    };
    let Some(group) = rest.strip_prefix('{') else {
        return vec![word(rest)];
    };
    let mut depth = 0;
    let mut found = vec![word(group)];
    for (at, letter) in group.char_indices() {
        match letter {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => found.push(word(&group[at + 1..])),
            _ => {}
        }
    }
    found
}

/// All that a module imports, directly or by others.
fn reached(imports: &Imports, from: &str) -> BTreeSet<String> {
    let mut reached = BTreeSet::new();
    let mut next = vec![from.to_owned()];
    while let Some(module) = next.pop() {
        for import in imports.get(&module).into_iter().flatten() {
            if reached.insert(import.clone()) {
                next.push(import.clone());
            }
        }
    }
    reached
}

/// The groups of modules that import each other.
pub(super) fn cycles(imports: &Imports) -> BTreeSet<Vec<String>> {
    let reached: BTreeMap<_, _> = imports
        .keys()
        .map(|module| (module.clone(), reached(imports, module)))
        .collect();
    let mut cycles = BTreeSet::new();
    for (module, mine) in &reached {
        if mine.contains(module) {
            let is_mutual = |other: &&String| reached[*other].contains(module);
            cycles.insert(mine.iter().filter(is_mutual).cloned().collect());
        }
    }
    cycles
}

#[test]
fn no_modules_of_a_crate_import_each_other() {
    for member in crates() {
        let found = cycles(&imports(&member));
        assert!(
            found.is_empty(),
            "{member}: {found:?}: give what both need a module of its own, below them"
        );
    }
}

#[test]
fn the_components_of_the_switch_import_what_the_map_says() {
    let map = read("ARCHITECTURE.md");
    let (_, table) = map.split_once("| folder | purpose | imports |\n").unwrap();
    let drawn: Imports = table
        .lines()
        .skip(1)
        .take_while(|line| line.starts_with('|'))
        .map(|line| {
            let cells: Vec<_> = line.split('|').map(str::trim).collect();
            let folder = cells[1].trim_matches(['`', '/']).to_owned();
            let imports = cells[3].split(", ").map(str::to_owned);
            (folder, imports.filter(|name| name != "no other component"))
        })
        .map(|(folder, imports)| (folder, imports.collect()))
        .collect();
    let folders: BTreeSet<_> = drawn.keys().cloned().collect();
    let mut found = imports("switch");
    found.retain(|module, _| top().join("switch/src").join(module).is_dir());
    for imports in found.values_mut() {
        imports.retain(|name| folders.contains(name));
    }
    assert_eq!(drawn, found);
}
