//! The structure of the sources: which modules import each other, and ceilings that only go down.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Modules of a crate that import each other, all that there are. A new cycle is no addition to this list: give what both
/// need a module of its own, below them.
const CYCLES: &[(&str, &str)] = &[("switch", "router, wallet")];
/// Lines of the longest source file.
const FILE_LINES_MAX: usize = 682;
/// Source files in the fullest folder.
const FOLDER_FILES_MAX: usize = 30;

type Imports = BTreeMap<String, BTreeSet<String>>;

fn top() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The crates of the workspace, as paths from the top.
fn crates() -> Vec<String> {
    let manifest = std::fs::read_to_string(top().join("Cargo.toml")).unwrap();
    let manifest: toml::Table = manifest.parse().unwrap();
    let members = manifest["workspace"]["members"].as_array().unwrap();
    let member = |member: &toml::Value| member.as_str().unwrap().to_owned();
    members.iter().map(member).collect()
}

/// All source files below a folder.
fn sources(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, into);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            into.push(path);
        }
    }
}

/// What the top level modules of a crate import of each other, tests aside.
fn imports(member: &str) -> Imports {
    let folder = top().join(member).join("src");
    let mut files = Vec::new();
    sources(&folder, &mut files);
    let mut imports = Imports::new();
    for file in files {
        let path = file.strip_prefix(&folder).unwrap();
        let is_test = |part: &Path| part.to_string_lossy().contains("test");
        if path.iter().any(|part| is_test(Path::new(part))) {
            continue;
        }
        let module = path.iter().next().unwrap().to_string_lossy();
        let module = module.trim_end_matches(".rs").to_owned();
        let text = std::fs::read_to_string(&file).unwrap();
        let (code, _) = text
            .split_once("#[cfg(test)]\nmod tests {")
            .unwrap_or((&text, ""));
        let of_crate = code.split("crate::").skip(1);
        // What stands beside lib.rs may name its neighbours by `super` too.
        let beside = path.iter().count() == 1;
        let of_super = code.split("super::").skip(1).filter(|_| beside);
        let named = imports.entry(module).or_default();
        for rest in of_crate.chain(of_super) {
            named.extend(names(rest));
        }
    }
    let modules: BTreeSet<_> = imports.keys().cloned().collect();
    for (module, named) in &mut imports {
        named.retain(|name| name != module && modules.contains(name));
    }
    imports
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

#[test]
fn no_modules_import_each_other_but_those_that_are_listed() {
    let mut found = BTreeSet::new();
    for member in crates() {
        let imports = imports(&member);
        let reached: BTreeMap<_, _> = imports
            .keys()
            .map(|module| (module.clone(), reached(&imports, module)))
            .collect();
        for (module, mine) in &reached {
            if mine.contains(module) {
                let is_mutual = |other: &&String| reached[*other].contains(module);
                let cycle: Vec<_> = mine.iter().filter(is_mutual).cloned().collect();
                found.insert((member.clone(), cycle.join(", ")));
            }
        }
    }
    let listed = CYCLES
        .iter()
        .map(|(member, cycle)| ((*member).to_owned(), (*cycle).to_owned()));
    assert_eq!(found, listed.collect());
}

#[test]
fn the_components_of_the_switch_import_what_the_map_says() {
    let map = std::fs::read_to_string(top().join("ARCHITECTURE.md")).unwrap();
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

/// A ceiling is what the sources have now: who gets below it lowers it.
#[test]
fn files_and_folders_stay_below_their_ceilings() {
    let mut files = Vec::new();
    for member in crates() {
        sources(&top().join(member).join("src"), &mut files);
    }
    sources(&top().join("src"), &mut files);
    files.sort_unstable();
    // A crate's folder may stand inside another's.
    files.dedup();
    let lines = |file: &PathBuf| std::fs::read_to_string(file).unwrap().lines().count();
    let longest = files.iter().map(|file| (lines(file), file)).max().unwrap();
    let mut folders = BTreeMap::<_, usize>::new();
    for file in &files {
        *folders.entry(file.parent().unwrap()).or_default() += 1;
    }
    let fullest = folders.iter().map(|(folder, files)| (*files, folder)).max();
    let fullest = fullest.unwrap();
    assert_eq!(longest.0, FILE_LINES_MAX, "{}", longest.1.display());
    assert_eq!(fullest.0, FOLDER_FILES_MAX, "{}", fullest.1.display());
}
