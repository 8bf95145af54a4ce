//! Makes Rust of the English files, so that a text that does not exist, or a wrong number of arguments, does not compile: a module
//! for each file, a constant for each message without variables, and a function for each message with some. All files of all
//! languages are embedded.
//!
//! ```text
//! i18n/en/money.ftl                                   $OUT_DIR/messages.rs
//!
//! money-title = Money                            ─▶   pub mod money { pub const TITLE: Text = …;
//! money-loaded-amount = { $amount } was loaded.  ─▶                   pub fn loaded_amount(amount: impl Into<Argument>) -> Text }
//! ```
//!
//! The arguments of a function are in alphabetical order, whatever the order in a sentence is. A variable that chooses between
//! plural forms is a number.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use fluent_syntax::ast::{Entry, Expression, InlineExpression, Pattern, PatternElement};

const SOURCE: &str = "en";

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=i18n");
    let root = PathBuf::from(var("CARGO_MANIFEST_DIR")).join("i18n");
    let mut code = String::new();
    for file in files(&root.join(SOURCE)) {
        write_module(&file, &mut code);
    }
    write_sources(&root, &mut code);
    let out = PathBuf::from(var("OUT_DIR")).join("messages.rs");
    fs::write(out, code).expect("the folder for generated code can be written");
}

fn var(name: &str) -> String {
    std::env::var(name).expect("Cargo sets it for build scripts")
}

/// What is in a folder, in order.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{folder:?}: {error}"));
    let mut paths: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    paths
}

fn stem(file: &Path) -> &str {
    let stem = file.file_stem().and_then(|stem| stem.to_str());
    stem.unwrap_or_else(|| panic!("{file:?} has no plain name"))
}

fn write_module(file: &Path, code: &mut String) {
    let module = stem(file);
    let text = fs::read_to_string(file).unwrap_or_else(|error| panic!("{file:?}: {error}"));
    let resource = fluent_syntax::parser::parse(text.as_str())
        .unwrap_or_else(|(_, errors)| panic!("{file:?}: {errors:?}"));
    // Writing to a string cannot fail, here and below.
    let _ = writeln!(
        code,
        "/// `{module}.ftl`\npub mod {module} {{\n#[allow(unused_imports)] use super::{{Argument, Text}};"
    );
    for entry in &resource.body {
        let Entry::Message(message) = entry else {
            continue;
        };
        let id = message.id.name;
        let name = id
            .strip_prefix(module)
            .and_then(|name| name.strip_prefix('-'));
        let name = name.unwrap_or_else(|| panic!("{file:?}: {id} must begin with {module}-"));
        assert!(
            message.attributes.is_empty(),
            "{file:?}: {id} has attributes"
        );
        let pattern = message.value.as_ref();
        let pattern = pattern.unwrap_or_else(|| panic!("{file:?}: {id} is empty"));
        let mut variables = BTreeMap::new();
        find_variables(pattern, &mut variables);
        write_message(id, &name.replace('-', "_"), &variables, code);
    }
    code.push_str("}\n");
}

fn write_message(id: &str, name: &str, variables: &BTreeMap<&str, bool>, code: &mut String) {
    if variables.is_empty() {
        let name = name.to_uppercase();
        let _ = writeln!(
            code,
            "/// `{id}`\npub const {name}: Text = Text::plain({id:?});"
        );
        return;
    }
    let _ = write!(code, "/// `{id}`\n#[must_use] pub fn {name}(");
    for (variable, is_number) in variables {
        let kind = if *is_number {
            "u64"
        } else {
            "impl Into<Argument>"
        };
        let _ = write!(code, "{variable}: {kind}, ");
    }
    let _ = write!(code, ") -> Text {{ Text::with({id:?}, vec![");
    for variable in variables.keys() {
        let _ = write!(code, "({variable:?}, {variable}.into()), ");
    }
    code.push_str("]) }\n");
}

/// The variables of a pattern, and whether each is a number.
fn find_variables<'a>(pattern: &Pattern<&'a str>, found: &mut BTreeMap<&'a str, bool>) {
    for element in &pattern.elements {
        if let PatternElement::Placeable { expression } = element {
            find_in_expression(expression, found);
        }
    }
}

fn find_in_expression<'a>(expression: &Expression<&'a str>, found: &mut BTreeMap<&'a str, bool>) {
    match expression {
        Expression::Inline(inline) => find_in_inline(inline, false, found),
        Expression::Select { selector, variants } => {
            find_in_inline(selector, true, found);
            for variant in variants {
                find_variables(&variant.value, found);
            }
        }
    }
}

fn find_in_inline<'a>(
    inline: &InlineExpression<&'a str>,
    selects: bool,
    found: &mut BTreeMap<&'a str, bool>,
) {
    match inline {
        InlineExpression::VariableReference { id } => {
            *found.entry(id.name).or_default() |= selects;
        }
        InlineExpression::Placeable { expression } => find_in_expression(expression, found),
        InlineExpression::StringLiteral { .. }
        | InlineExpression::MessageReference { .. }
        | InlineExpression::TermReference { .. } => {}
        InlineExpression::NumberLiteral { .. } | InlineExpression::FunctionReference { .. } => {
            panic!("functions and numbers are not used in texts");
        }
    }
}

/// The files of all languages: the name of the language's folder, the name of the file, what is in it.
fn write_sources(root: &Path, code: &mut String) {
    code.push_str("pub(crate) const SOURCES: &[(&str, &str, &str)] = &[\n");
    for folder in files(root) {
        for file in files(&folder) {
            let (language, name) = (stem(&folder), stem(&file));
            let _ = writeln!(
                code,
                "({language:?}, {name:?}, include_str!({:?})),",
                file.display().to_string()
            );
        }
    }
    code.push_str("];\n");
}
