//! What `--help` shows: one style, examples that are understood, and every command.

use std::collections::BTreeSet;

use clap::{Command, CommandFactory, Parser};

use super::{GROUPS, command, examples};
use crate::Tessera;

/// The first words of what commands do.
const VERBS: &[&str] = &[
    "Add", "Audit", "Begin", "Block", "Catch", "Check", "Compare", "Continue", "Copy", "Detach",
    "Drop", "Explain", "Export", "Find", "Have", "List", "Make", "Manage", "Move", "Print",
    "Prove", "Remove", "Repair", "Resend", "Retry", "Run", "Send", "Set", "Settle", "Show", "Test",
    "Wrap", "Write",
];

/// Beginnings of sentences about what the program does, where its help says what the user can have it do.
const THIRD_PERSON: &[&str] = &[
    "Adds", "Connects", "Cuts", "Kills", "Makes", "Opens", "Prints", "Renews", "Runs", "Sends",
    "Sets", "Shows", "Writes",
];

/// Every command with its path.
fn all(command: &Command, path: &str, visit: &mut dyn FnMut(&str, &Command)) {
    visit(path, command);
    for below in command.get_subcommands() {
        let name = below.get_name();
        let path = match path {
            "" => name.to_owned(),
            path => format!("{path} {name}"),
        };
        all(below, &path, visit);
    }
}

/// The words of a line as a shell has them: single quotes keep a text together.
fn words(line: &str) -> Vec<String> {
    let parts = line.split('\'').enumerate();
    let words = parts.flat_map(|(at, part)| match at % 2 {
        0 => part.split_whitespace().map(str::to_owned).collect(),
        _ => vec![part.to_owned()],
    });
    words.collect()
}

#[test]
fn every_command_has_examples_and_each_is_understood() {
    let mut stated: BTreeSet<&str> = examples::ALL.iter().map(|(path, _)| *path).collect();
    assert_eq!(stated.len(), examples::ALL.len());
    all(&Tessera::command(), "", &mut |path, _| {
        assert!(stated.remove(path), "`{path}` has no examples");
    });
    assert!(stated.is_empty(), "not commands: {stated:?}");
    for (path, examples) in examples::ALL {
        for (line, purpose) in *examples {
            assert!(line.starts_with(path), "{line}: not an example of `{path}`");
            assert!(
                purpose.starts_with(char::is_uppercase) && !purpose.ends_with('.'),
                "{purpose}"
            );
            let arguments = ["tessera".to_owned()].into_iter().chain(words(line));
            if let Err(error) = Tessera::try_parse_from(arguments) {
                panic!("{line}: {error}");
            }
        }
    }
}

#[test]
fn help_has_one_style() {
    all(&Tessera::command(), "", &mut |path, command| {
        let about = command.get_about().map(ToString::to_string);
        let about = about.unwrap_or_default();
        let verb = about.split([' ', ':', ',']).next().unwrap_or_default();
        assert!(path.is_empty() || VERBS.contains(&verb), "{path}: {about}");
        let mut texts = vec![about.clone()];
        if !path.contains(' ') {
            assert!(about.len() <= 65, "{path}: {about}: a line has 80 columns");
        }
        for argument in command.get_arguments() {
            let help = argument.get_help().map(ToString::to_string);
            let help = help.unwrap_or_default();
            assert!(
                !help.is_empty(),
                "{path}: {} is not explained",
                argument.get_id()
            );
            let first = help.split(' ').next().unwrap_or_default();
            assert!(!THIRD_PERSON.contains(&first), "{path}: {help}");
            texts.push(help);
        }
        for text in texts {
            assert!(
                text.starts_with(|first: char| first.is_uppercase()),
                "{path}: {text}"
            );
            assert!(!text.ends_with('.'), "{path}: {text}");
        }
    });
}

#[test]
fn every_command_is_in_one_group() {
    let grouped: Vec<_> = GROUPS
        .iter()
        .flat_map(|(_, names)| *names)
        .copied()
        .collect();
    let mut commands: Vec<_> = vec!["help".to_owned()];
    let tessera = Tessera::command();
    commands.extend(
        tessera
            .get_subcommands()
            .map(|one| one.get_name().to_owned()),
    );
    commands.sort_unstable();
    let mut sorted = grouped.clone();
    sorted.sort_unstable();
    assert_eq!(sorted, commands);
    let help = command::<Tessera>().render_help().to_string();
    assert!(help.contains("\nOperate:\n  cluster      Set up"), "{help}");
    assert!(help.lines().all(|line| line.len() <= 80), "{help}");
}

#[test]
fn a_configuration_has_the_same_default_everywhere() {
    let mut found = 0;
    all(&Tessera::command(), "", &mut |path, command| {
        for argument in command
            .get_arguments()
            .filter(|one| one.get_id() == "config")
        {
            let file = match path {
                "console" | "host" | "shop" | "wallet" => format!("config/{path}.toml"),
                _ => "config/switch.toml".to_owned(),
            };
            let default = argument
                .get_default_values()
                .first()
                .and_then(|value| value.to_str());
            assert_eq!(default, Some(file.as_str()), "{path}");
            found += 1;
        }
    });
    assert!(found > 20, "{found}");
}

#[test]
fn controls_without_a_wallet_say_what_is_missing() {
    let set = [
        "tessera",
        "control",
        "set",
        "--ecommerce-only",
        "--reason",
        "x",
    ];
    let refused = Tessera::try_parse_from(set).err().unwrap().to_string();
    for option in ["--wallet", "--client", "--card"] {
        assert!(refused.contains(option), "{refused}");
    }
    assert!(Tessera::try_parse_from(["tessera", "control", "show"]).is_ok());
    let two = [&set[..], &["--wallet", "1", "--client", "2"]].concat();
    assert!(Tessera::try_parse_from(two).is_err());
}

#[test]
fn there_is_a_manual_page_for_each_command() {
    let folder = tempfile::tempdir().unwrap();
    let pages = super::man::Pages::at(folder.path());
    pages.run(command::<Tessera>()).unwrap();
    let read = |name: &str| std::fs::read_to_string(folder.path().join(name)).unwrap();
    all(&Tessera::command(), "", &mut |path, command| {
        let name = format!("tessera {path}").trim_end().replace(' ', "-");
        let page = read(&format!("{name}.1"));
        let about = command
            .get_about()
            .map(ToString::to_string)
            .unwrap_or_default();
        // The texts of pages escape hyphens and apostrophes.
        let begins: String = about
            .chars()
            .take_while(|letter| letter.is_alphanumeric() || *letter == ' ')
            .collect();
        assert!(
            page.contains(&begins) && page.contains(".SH EXAMPLES"),
            "{page}"
        );
    });
    let main = read("tessera.1");
    for part in [
        "/etc/tessera/switch.toml",
        "EXIT STATUS",
        "COMMANDS: OPERATE",
        "tessera\\-backup(1)",
    ] {
        assert!(main.contains(part), "{part}\n{main}");
    }
}

#[test]
fn completions_know_every_command() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let shell: clap_complete::Shell = shell.parse().unwrap();
        let mut script = Vec::new();
        clap_complete::generate(shell, &mut command::<Tessera>(), "tessera", &mut script);
        let script = String::from_utf8(script).unwrap();
        for name in ["hand-over", "completions", "reason"] {
            assert!(script.contains(name), "{shell}: {name}");
        }
    }
}
