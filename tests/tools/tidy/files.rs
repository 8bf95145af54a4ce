//! Which files of a crate import each other.
//!
//! A file imports what its paths from `super::` and `crate::` lead to: the file that has the name, also where another one
//! passes it on by `use`. What a module has of its own children, named without `super::` or `crate::`, is no import.

use std::collections::{BTreeMap, BTreeSet};

use super::imports::{Imports, cycles};
use super::{crates, is_test, sources, top, without_tests};

/// Names that lead from one `use` to the next, at most.
const USES_MAX: usize = 16;

/// The words of a path.
type Path = Vec<String>;

/// A module.
#[derive(Default)]
struct Module {
    /// Its file, from the folder of the crate's sources. A module within a file has that file.
    file: String,
    /// The names that `use` brings into it, and where from.
    uses: BTreeMap<String, Path>,
    /// The paths in it that begin with `super` or `crate`.
    paths: Vec<Path>,
}

/// The modules of a crate by their paths; that of lib.rs is empty.
type Modules = BTreeMap<Path, Module>;

/// Where a path leads.
struct Place {
    module: Path,
    /// It is the module itself, and not something in it.
    is_module: bool,
}

fn modules_of(member: &str) -> Modules {
    let folder = top().join(member).join("src");
    let mut files = Vec::new();
    sources(&folder, &mut files);
    let mut modules = Modules::new();
    for file in files {
        let name = file.strip_prefix(&folder).unwrap().to_str().unwrap();
        if !is_test(name) {
            add(&mut modules, name, &std::fs::read_to_string(&file).unwrap());
        }
    }
    modules
}

/// Adds a file's module, and those within the file.
fn add(modules: &mut Modules, file: &str, text: &str) {
    let mut own: Path = file
        .trim_end_matches(".rs")
        .split('/')
        .map(str::to_owned)
        .collect();
    let is_named_otherwise = |last: &String| ["mod", "lib", "main"].contains(&last.as_str());
    own.pop_if(|last| is_named_otherwise(last));
    // What a comment names is no import.
    let code: Vec<_> = without_tests(text)
        .lines()
        .map(|line| line.split_once("//").map_or(line, |(code, _)| code))
        .collect();
    let mut codes = BTreeMap::from([(own.clone(), String::new())]);
    let mut current = own.clone();
    for line in code {
        let head = line.strip_suffix(" {").unwrap_or_default();
        if let Some((before, name)) = head.split_once("mod ")
            && (before.is_empty() || before.starts_with("pub"))
        {
            current.push(name.to_owned());
        } else if line == "}" {
            current.clone_from(&own);
        }
        let code = codes.entry(current.clone()).or_default();
        code.push_str(line);
        code.push('\n');
    }
    for (path, code) in codes {
        let module = modules.entry(path).or_default();
        file.clone_into(&mut module.file);
        module.uses.extend(uses(&code));
        module.paths.extend(paths(&code));
    }
}

/// The names that `use` brings into a module.
fn uses(code: &str) -> BTreeMap<String, Path> {
    let mut found = Vec::new();
    for (at, _) in code.match_indices("use ") {
        let line = code[..at].rsplit('\n').next().unwrap_or_default().trim();
        if line.is_empty() || (line.starts_with("pub") && !line.contains([';', '{'])) {
            read_tree(&code[at + 4..], Path::new(), &mut found);
        }
    }
    found.into_iter().collect()
}

/// The paths from `super` or `crate`. That of a visibility leads nowhere.
fn paths(code: &str) -> Vec<Path> {
    let mut found = Vec::new();
    for beginning in ["super::", "crate::"] {
        for (at, _) in code.match_indices(beginning) {
            let before = &code[..at];
            let is_continued = before.ends_with(|letter| is_of_word(letter) || letter == ':');
            if !is_continued && !before.ends_with("in ") {
                read_tree(&code[at..], Path::new(), &mut found);
            }
        }
    }
    found.into_iter().map(|(_, path)| path).collect()
}

fn is_of_word(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '_'
}

/// Takes the word from the front of a text.
fn word<'a>(text: &mut &'a str) -> &'a str {
    let (word, rest) = text.split_at(
        text.find(|letter| !is_of_word(letter))
            .unwrap_or(text.len()),
    );
    *text = rest;
    word
}

/// Reads the paths from the front of a text, each with the name that it brings: `a::{b, c::d as e}` is `b` for `a::b` and `e`
/// for `a::c::d`. Returns the text behind them.
fn read_tree<'a>(mut text: &'a str, mut path: Path, into: &mut Vec<(String, Path)>) -> &'a str {
    loop {
        text = text.trim_start();
        if let Some(group) = text.strip_prefix('{') {
            text = group;
            loop {
                text = read_tree(text, path.clone(), into).trim_start();
                match text.strip_prefix(',') {
                    Some(rest) => text = rest,
                    None => return text.strip_prefix('}').unwrap_or(text),
                }
            }
        }
        let word_here = word(&mut text);
        if !word_here.is_empty() && word_here != "self" {
            path.push(word_here.to_owned());
        }
        match text.strip_prefix("::") {
            Some(rest) if !word_here.is_empty() => text = rest,
            _ => break,
        }
    }
    let mut name = path.last().cloned().unwrap_or_default();
    if let Some(mut other) = text.strip_prefix(" as ") {
        word(&mut other).clone_into(&mut name);
        text = other;
    }
    if !path.is_empty() {
        into.push((name, path));
    }
    text
}

/// Where a path in a module leads; `None` for what is of another crate.
fn find(modules: &Modules, from: &Path, path: &[String], uses_max: usize) -> Option<Place> {
    let mut module = from.clone();
    for (at, word) in path.iter().enumerate() {
        let child = [module.as_slice(), std::slice::from_ref(word)].concat();
        match word.as_str() {
            "crate" => module.clear(),
            "super" => {
                module.pop()?;
            }
            _ if modules.contains_key(&child) => module = child,
            name => {
                let passed_on = modules.get(&module)?.uses.get(name);
                // A name that means itself is one of another crate.
                let passed_on =
                    passed_on.filter(|path| path.first() != Some(word) || path.len() > 1);
                let Some(passed_on) = passed_on else {
                    // A first word that is nothing here is of another crate.
                    let place = Place {
                        module,
                        is_module: false,
                    };
                    return (at > 0).then_some(place);
                };
                let place = find(modules, &module, passed_on, uses_max.checked_sub(1)?)?;
                if !place.is_module {
                    return Some(place);
                }
                module = place.module;
            }
        }
    }
    Some(Place {
        module,
        is_module: true,
    })
}

/// What the files import of each other.
fn imports(modules: &Modules) -> Imports {
    let mut imports = Imports::new();
    for (from, module) in modules {
        let named = imports.entry(module.file.clone()).or_default();
        let places = module.paths.iter();
        let places = places.filter_map(|path| find(modules, from, path, USES_MAX));
        let files = places.filter_map(|place| Some(modules.get(&place.module)?.file.clone()));
        named.extend(files.filter(|file| *file != module.file));
    }
    imports
}

fn set<const N: usize>(files: [&str; N]) -> BTreeSet<String> {
    files.map(str::to_owned).into()
}

#[test]
fn imports_lead_to_the_file_that_has_the_name() {
    let mut modules = Modules::new();
    let files = [
        ("lib.rs", "mod a;\nmod b;\npub use b::Deep;\nuse std::io;\n"),
        (
            "a.rs",
            "//! As in `crate::b`.\nuse crate::{Deep, b::{self, Passed as Other}};\n\nfn a() -> super::io::Error {\n    super::b::f()\n}\n",
        ),
        (
            "b/mod.rs",
            "mod deep;\nmod wide;\npub(crate) use deep::Deep;\npub use self::wide::Passed;\nmod words {\n    use super::super::a::A;\n}\n",
        ),
        (
            "b/deep.rs",
            "pub(in crate::a) struct Deep(super::Passed);\n",
        ),
        (
            "b/wide.rs",
            "use std::fmt;\npub struct Passed;\n\n#[cfg(test)]\nmod tests {\n    use crate::a;\n}\n",
        ),
    ];
    for (file, text) in files {
        add(&mut modules, file, text);
    }
    let expected = Imports::from([
        (
            "a.rs".to_owned(),
            set(["b/deep.rs", "b/mod.rs", "b/wide.rs"]),
        ),
        ("b/deep.rs".to_owned(), set(["b/wide.rs"])),
        ("b/mod.rs".to_owned(), set(["a.rs"])),
        ("b/wide.rs".to_owned(), set([])),
        ("lib.rs".to_owned(), set([])),
    ]);
    let found = imports(&modules);
    assert_eq!(found, expected);
    let cycle = ["a.rs", "b/mod.rs"].map(str::to_owned).to_vec();
    assert_eq!(cycles(&found), BTreeSet::from([cycle]));
}

#[test]
fn no_files_of_a_crate_import_each_other() {
    for member in crates() {
        let found = cycles(&imports(&modules_of(&member)));
        assert!(
            found.is_empty(),
            "{member}: give what they need a file of its own, below them: {found:?}"
        );
    }
}
