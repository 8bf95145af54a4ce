//! `tessera man`: the manual pages, made from what `--help` shows.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::{Args, Command};
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, roman};
use tessera_console::print;

use super::{GROUPS, examples};

/// Write the manual pages of all commands to a folder
#[derive(Args)]
pub struct Pages {
    /// The folder; it is made if it does not exist
    #[arg(value_name = "DIR")]
    folder: PathBuf,
}

/// What a package installs.
const FILES: &[(&str, &str)] = &[
    (
        "/etc/tessera/switch.toml",
        "the configuration of the switch",
    ),
    (
        "/etc/tessera/wallet.toml",
        "the configuration of the wallet server",
    ),
    (
        "/etc/tessera/etcd.env",
        "the name of this member of etcd, and where it listens",
    ),
    ("/var/lib/tessera", "the data of the switch"),
    (
        "/usr/share/doc/tessera",
        "guides: deployment.md for setting up, operations.md for operating; examples of configurations with every key explained",
    ),
];

const EXIT_CODES: &[(&str, &str)] = &[
    ("0", "success, or stopped on request"),
    (
        "1",
        "it could not start or continue, or a check failed; the last line gives the reason",
    ),
    ("2", "wrong arguments"),
    ("3", "an audit or a recovery that could not be completed"),
    ("70", "a bug; the log has a line about it"),
    ("74", "a fault of the disk, or damaged data"),
    (
        "75",
        "another node of the cluster is active; start it again, as a standby",
    ),
];

impl Pages {
    #[cfg(test)]
    pub(super) fn at(folder: &Path) -> Self {
        let folder = folder.to_owned();
        Self { folder }
    }

    pub fn run(&self, command: Command) -> anyhow::Result<()> {
        fs::create_dir_all(&self.folder)
            .with_context(|| format!("can't make {}", self.folder.display()))?;
        let mut command = command.disable_help_subcommand(true);
        command.build();
        let count = write(&command, "", &self.folder)?;
        print(format_args!("{count} pages in {}\n", self.folder.display()))?;
        Ok(())
    }
}

/// The page of a command, and the pages of those below it; how many there are.
fn write(command: &Command, path: &str, folder: &Path) -> anyhow::Result<usize> {
    // Clap has named the page so too, when the command was built.
    let name = format!("tessera {path}").trim_end().replace(' ', "-");
    let page = Man::new(command.clone())
        .source(concat!("tessera ", env!("CARGO_PKG_VERSION")))
        .manual("Tessera");
    let mut text = Vec::new();
    render(&page, command, path, &mut text)?;
    let file = folder.join(format!("{name}.1"));
    fs::write(&file, text).with_context(|| format!("can't write {}", file.display()))?;
    let mut count = 1;
    for below in command.get_subcommands() {
        let path = format!("{path} {}", below.get_name());
        count += write(below, path.trim_start(), folder)?;
    }
    Ok(count)
}

/// The sections of a page; on the first one commands are in their groups.
fn render(page: &Man, command: &Command, path: &str, out: &mut Vec<u8>) -> std::io::Result<()> {
    page.render_title(out)?;
    page.render_name_section(out)?;
    page.render_synopsis_section(out)?;
    if command.get_long_about().is_some() {
        page.render_description_section(out)?;
    }
    page.render_options_section(out)?;
    let mut roff = Roff::default();
    match path {
        "" => groups(&mut roff, command),
        _ if command.has_subcommands() => page.render_subcommands_section(out)?,
        _ => {}
    }
    let help = command.get_after_help().map(ToString::to_string);
    let help = help.unwrap_or_default();
    let notes = help.split("Examples:").next().unwrap_or_default().trim();
    if !notes.is_empty() && !path.is_empty() {
        roff.control("SH", ["NOTES"]);
        roff.text([roman(notes)]);
    }
    roff.control("SH", ["EXAMPLES"]);
    for (line, purpose) in examples::of(path).unwrap_or_default() {
        item(&mut roff, purpose, &format!("tessera {line}"));
    }
    if path.is_empty() {
        for (title, items) in [("FILES", FILES), ("EXIT STATUS", EXIT_CODES)] {
            roff.control("SH", [title]);
            for (name, meaning) in items {
                item(&mut roff, name, meaning);
            }
        }
    }
    roff.to_writer(out)
}

fn groups(roff: &mut Roff, command: &Command) {
    for (title, names) in GROUPS {
        let title = format!("COMMANDS: {}", title.to_uppercase());
        roff.control("SH", [title.as_str()]);
        let commands = names
            .iter()
            .filter_map(|name| command.find_subcommand(name));
        for command in commands {
            let about = command.get_about().map(ToString::to_string);
            let named = format!("tessera-{}(1)", command.get_name());
            item(roff, &named, &about.unwrap_or_default());
        }
    }
}

fn item(roff: &mut Roff, name: &str, meaning: &str) {
    roff.control("TP", []);
    roff.text([bold(name)]);
    roff.text([roman(meaning)]);
}
