//! The command line itself: what `--help` shows, examples, and the commands about this program.

pub mod completions;
mod examples;
pub mod man;
#[cfg(test)]
mod tests;
pub mod version;

use clap::{Command, CommandFactory};

/// Who uses which commands, in the order in which `--help` lists them.
pub const GROUPS: &[(&str, &[&str])] = &[
    ("Run", &["demo", "switch", "wallet", "host", "shop", "mail"]),
    (
        "Operate",
        &[
            "cluster",
            "console",
            "control",
            "outbox",
            "saf",
            "keys",
            "backup",
            "restore",
            "recover",
            "journal",
            "extension",
        ],
    ),
    (
        "Test",
        &["certs", "provision", "simulate", "load", "certify"],
    ),
    (
        "Inspect",
        &["explain", "audit", "recon", "export", "decode", "doctor"],
    ),
    (
        "About this program",
        &["completions", "man", "version", "help"],
    ),
];

/// The column behind the names of commands.
const NAME_WIDTH: usize = 13;

/// The command line of `P`, with examples for each command, and the commands in groups.
pub fn command<P: CommandFactory>() -> Command {
    let command = with_examples(P::command(), "");
    let groups = groups(&command);
    command.help_template(format!(
        "{{about-with-newline}}\n{{usage-heading}} {{usage}}\n\n{groups}{}\n{{options}}{{after-help}}",
        heading(&P::command(), "Options")
    ))
}

/// Puts examples behind the help of a command and of those below it.
fn with_examples(mut command: Command, path: &str) -> Command {
    if let Some(examples) = examples::of(path) {
        let mut text = command
            .get_after_help()
            .map_or_else(String::new, |stated| format!("{stated}\n\n"));
        text += &heading(&command, "Examples");
        for (line, purpose) in examples {
            text += &format!("\n  {purpose}:\n      tessera {line}");
        }
        command = command.after_help(text);
    }
    let names: Vec<_> = command
        .get_subcommands()
        .map(|below| below.get_name().to_owned())
        .collect();
    for name in names {
        let below = match path {
            "" => name.clone(),
            path => format!("{path} {name}"),
        };
        command = command.mut_subcommand(name, |command| with_examples(command, &below));
    }
    command
}

/// The commands with what they do, below the title of each group.
fn groups(command: &Command) -> String {
    let literal = command.get_styles().get_literal();
    let mut text = String::new();
    for (title, names) in GROUPS {
        text += &heading(command, title);
        for name in *names {
            let about = match command.find_subcommand(name) {
                Some(command) => command.get_about().map(ToString::to_string),
                // Clap adds it later.
                None => Some("Print this message, or the help of a command".to_owned()),
            };
            let about = about.unwrap_or_default();
            text += &format!(
                "\n  {literal}{name}{literal:#}{:1$}{about}",
                "",
                NAME_WIDTH - name.len()
            );
        }
        text += "\n\n";
    }
    text
}

fn heading(command: &Command, title: &str) -> String {
    let style = command.get_styles().get_header();
    format!("{style}{title}:{style:#}")
}
