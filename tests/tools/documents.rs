//! The documents against the commands, the operations and the configuration that they describe.

use std::path::Path;
use std::process::Command;

use tessera_config::Settings;
use tessera_protocol::leased::Operation;

fn read(path: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

/// The first cells of the rows of the first table below `heading` whose head begins with `head`.
fn first_cells(text: &str, heading: &str, head: &str) -> Vec<String> {
    let (_, section) = text.split_once(heading).unwrap();
    section
        .lines()
        .skip_while(|line| !line.starts_with(head))
        .take_while(|line| line.starts_with('|'))
        .skip(2)
        .filter_map(|line| Some(line.split('|').nth(1)?.trim().to_string()))
        .collect()
}

#[test]
fn the_readme_has_every_command() {
    let help = Command::new(env!("CARGO_BIN_EXE_tessera"))
        .arg("--help")
        .output()
        .unwrap();
    let help = String::from_utf8(help.stdout).unwrap();
    // A title of each group, and its commands below it.
    let (_, groups) = help.split_once("\n\nRun:\n").unwrap();
    let (groups, _) = groups.split_once("\nOptions:\n").unwrap();
    let mut commands: Vec<_> = groups
        .lines()
        .filter_map(|line| line.strip_prefix("  ")?.split_whitespace().next())
        .filter(|name| *name != "help")
        .collect();
    assert!(commands.len() > 25, "{help}");
    let table = first_cells(&read("README.md"), "## Commands", "| command");
    let mut stated: Vec<_> = table
        .iter()
        .filter_map(|cell| cell.strip_prefix("`tessera ")?.split([' ', '`']).next())
        .collect();
    commands.sort_unstable();
    stated.sort_unstable();
    assert_eq!(stated, commands);
}

#[test]
fn the_guide_has_every_operation_of_the_leased_line() {
    let known: Vec<_> = (0..=999)
        .filter(|&number| Operation::of(number).is_some())
        .map(|number| number.to_string())
        .collect();
    let heading = "## The wallet server's leased line";
    assert_eq!(
        first_cells(&read("docs/protocol.md"), heading, "| 24 "),
        known
    );
    // 31 and 59 were never given.
    let tags = (1..=47)
        .chain(53..=58)
        .chain(60..=63)
        .filter(|tag| *tag != 31);
    let tags: Vec<_> = tags.map(|tag| format!("{tag:02}")).collect();
    assert_eq!(
        first_cells(&read("docs/protocol.md"), heading, "| tag"),
        tags
    );
}

/// Those of `ARCHITECTURE.md` are compared in `tidy::bounds`.
#[test]
fn the_guide_states_the_limits_that_are_the_defaults() {
    let mall = Settings::default().mall;
    let limits = [
        ("connections, all", mall.connections_max),
        ("connections of a party", mall.connections_per_party_max),
        (
            "unanswered requests of a connection",
            mall.in_flight_per_connection_max,
        ),
        (
            "unanswered requests of a party",
            mall.in_flight_per_party_max,
        ),
        ("unanswered requests", mall.in_flight_max),
    ];
    let text = read("docs/protocol.md");
    for (what, limit) in limits {
        let number = thousands(limit);
        let stated = text.lines().any(|line| {
            line.starts_with(&format!("| {what}")) && line.contains(&format!(" {number}"))
        });
        assert!(stated, "{what} {number}");
    }
}

fn thousands(number: usize) -> String {
    match number {
        0..1000 => number.to_string(),
        _ => format!("{},{:03}", number / 1000, number % 1000),
    }
}

/// What a crate of the workspace depends on within it, without what only its tests need.
fn known_by(folder: &str) -> Vec<String> {
    let manifest: toml::Table = read(&format!("{folder}/Cargo.toml")).parse().unwrap();
    let known = manifest["dependencies"].as_table().unwrap().keys();
    let mut known: Vec<_> = known
        .filter_map(|name| name.strip_prefix("tessera-").map(str::to_owned))
        .collect();
    known.sort_unstable();
    known
}

#[test]
fn every_crate_knows_what_the_map_says() {
    let manifest: toml::Table = read("Cargo.toml").parse().unwrap();
    let members = manifest["workspace"]["members"].as_array().unwrap();
    let mut members: Vec<_> = members
        .iter()
        .map(|member| member.as_str().unwrap())
        .map(|member| (member.to_owned(), known_by(member)))
        .collect();
    let map = read("ARCHITECTURE.md");
    let (_, map) = map
        .split_once("| crate | knows |\n| --- | --- |\n")
        .unwrap();
    let mut drawn: Vec<_> = map
        .lines()
        .take_while(|line| line.starts_with('|'))
        .map(|line| {
            let cells: Vec<_> = line.split('|').map(str::trim).collect();
            let known = cells[2].split(", ").filter(|name| !name.is_empty());
            let known = known.map(str::to_owned).collect();
            (cells[1].trim_matches('`').to_owned(), known)
        })
        .collect();
    members.sort_unstable();
    drawn.sort_unstable();
    assert_eq!(drawn, members);
}

/// The paths of all source files below `folder`, relative to the top of the project.
fn sources(folder: &Path, into: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if path.is_dir() && !name.starts_with('.') && name != "target" && name != "node_modules" {
            sources(&path, into);
        } else if name.ends_with(".rs") {
            let path = path.strip_prefix(env!("CARGO_MANIFEST_DIR")).unwrap();
            into.push(format!("/{}", path.display()));
        }
    }
}

#[test]
fn every_source_file_that_a_document_names_exists() {
    let mut files = Vec::new();
    sources(Path::new(env!("CARGO_MANIFEST_DIR")), &mut files);
    let mut missing = Vec::new();
    for document in ["ARCHITECTURE.md", "CONTRIBUTING.md", "docs/glossary.md"] {
        let text = read(document);
        for name in text.split('`').filter(|name| name.ends_with(".rs")) {
            if !files.iter().any(|file| file.ends_with(&format!("/{name}"))) {
                missing.push(format!("{document}: {name}"));
            }
        }
    }
    assert!(missing.is_empty(), "{missing:#?}");
}

#[test]
fn every_area_that_a_document_names_exists() {
    let top = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    sources(&top.join("tests"), &mut files);
    let mut named = Vec::new();
    for document in ["README.md", "CONTRIBUTING.md", "docs/extension.md"] {
        let text = read(document);
        let areas = text.split("AREA=").skip(1).filter_map(|rest| {
            let end = rest.find(|letter: char| !letter.is_ascii_lowercase() && letter != '_')?;
            (end > 0).then(|| rest[..end].to_owned())
        });
        named.extend(areas.map(|area| (document, area)));
    }
    let text = read("CONTRIBUTING.md");
    let (_, table) = text.split_once("| area | `AREA=` |\n").unwrap();
    for row in table
        .lines()
        .skip(1)
        .take_while(|line| line.starts_with('|'))
    {
        let cell = row.split('|').nth(2).unwrap();
        let areas = cell.split('`').skip(1).step_by(2);
        let areas = areas.filter(|area| !area.contains('='));
        named.extend(areas.map(|area| ("CONTRIBUTING.md", area.to_owned())));
    }
    assert!(named.len() > 15, "{named:?}");
    for (document, area) in named {
        let crates = [
            format!("{area}/Cargo.toml"),
            format!("switch/{area}/Cargo.toml"),
        ];
        let known = crates.iter().any(|manifest| top.join(manifest).exists())
            || top.join(format!("tests/{area}/main.rs")).exists()
            || files
                .iter()
                .any(|file| file.ends_with(&format!("/{area}.rs")))
            || ["deploy", "forms", "fresh", "monitoring"].contains(&area.as_str());
        assert!(known, "{document}: {area}");
    }
}

/// The text with every line trimmed: a document does not indent what it quotes.
fn trimmed(text: &str) -> String {
    let lines: Vec<_> = text.lines().map(str::trim).collect();
    lines.join("\n")
}

#[test]
fn code_that_a_document_quotes_is_in_its_file() {
    let mut quotes = 0;
    for document in ["docs/first-order.md", "docs/idempotency.md"] {
        for quote in read(document).split("<!-- from: ").skip(1) {
            let (path, rest) = quote.split_once(" -->\n```").unwrap();
            let (code, _) = rest.split_once("\n```\n").unwrap();
            let (_, code) = code.split_once('\n').unwrap();
            let whole = trimmed(&read(path));
            assert!(whole.contains(&trimmed(code)), "{document}, {path}: {code}");
            quotes += 1;
        }
    }
    assert!(quotes >= 6, "{quotes}");
}
