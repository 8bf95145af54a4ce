//! What a run was: its name, when and how it was started, on which machine and with which settings.

use std::collections::BTreeMap;
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::machine::{Machine, Product};
use crate::load::options::Options;
use crate::load::speakers::Speaker;

/// Longer names do not fit into a title.
const NAME_CHARACTERS_MAX: usize = 80;

/// Options whose values are secret.
const SECRET: &[&str] = &["--key"];

/// What a run was.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct About {
    /// Its name.
    pub name: String,
    /// When it was started, RFC 3339, UTC.
    pub started: String,
    /// The command line, without secrets; empty where it was started by something else.
    pub command: String,
    /// Settings by name, those of options that were not stated too.
    pub settings: BTreeMap<String, String>,
    /// The build of the load generator.
    pub product: Product,
    /// The machine of the load generator.
    pub machine: Machine,
}

impl About {
    /// That of a run with these options that starts now.
    pub fn now(options: &Options) -> Self {
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let started = started(now.unwrap_or_default().as_secs());
        Self {
            name: match &options.name {
                Some(name) => name.clone(),
                None => default_name(options.scenario.as_deref().unwrap_or("load"), &started),
            },
            started,
            command: options.command.clone(),
            settings: settings(options),
            product: Product::this(),
            machine: Machine::this(),
        }
    }
}

fn started(second: u64) -> String {
    let at = i64::try_from(second)
        .ok()
        .and_then(|second| OffsetDateTime::from_unix_timestamp(second).ok())
        .unwrap_or(OffsetDateTime::UNIX_EPOCH);
    format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z",
        at.year(),
        u8::from(at.month()),
        at.day(),
        at.hour(),
        at.minute(),
        at.second()
    )
}

/// `load-20261130T165012Z`.
fn default_name(what: &str, started: &str) -> String {
    let digits: String = (started.chars())
        .filter(|character| !matches!(character, '-' | ':'))
        .collect();
    format!("{what}-{digits}")
}

/// Reads a name for a run.
pub fn parse_name(text: &str) -> Result<String, String> {
    let text = text.trim();
    match text.chars().count() {
        0 => Err("a name has at least one character".to_owned()),
        1..=NAME_CHARACTERS_MAX if text.chars().any(char::is_control) => {
            Err("a name has no control characters".to_owned())
        }
        1..=NAME_CHARACTERS_MAX => Ok(text.to_owned()),
        _ => Err(format!(
            "a name has {NAME_CHARACTERS_MAX} characters at most"
        )),
    }
}

/// A command line as it could be typed again, with `***` for secrets.
pub fn command_line(arguments: impl IntoIterator<Item = String>) -> String {
    let mut words = Vec::new();
    let mut is_secret = false;
    for (at, argument) in arguments.into_iter().enumerate() {
        let option = argument.split_once('=').map(|(option, _)| option);
        words.push(match option.filter(|option| SECRET.contains(option)) {
            _ if is_secret => "***".to_owned(),
            Some(option) => format!("{option}=***"),
            // The path of the program is the machine's own.
            None if at == 0 => argument.rsplit('/').next().unwrap_or("").to_owned(),
            None => quoted(&argument),
        });
        is_secret = SECRET.contains(&argument.as_str());
    }
    words.join(" ")
}

fn quoted(word: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./:,=+@%".contains(&byte);
    match !word.is_empty() && word.bytes().all(plain) {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', r"'\''")),
    }
}

fn settings(options: &Options) -> BTreeMap<String, String> {
    let speaker = Speaker::from_options(options);
    let mut settings = BTreeMap::new();
    let mut set = |name: &str, value: String| settings.insert(name.to_owned(), value);
    let seconds = |time: std::time::Duration| format!("{} s", time.as_secs_f64());
    set("target", options.target.to_string());
    set("party", speaker.party.to_string());
    set("acceptor", speaker.acceptor.clone());
    let has_key = match &options.profile {
        Some(profile) => profile.line.key.is_some(),
        None => speaker.key.is_some(),
    };
    let mac = if has_key { "yes" } else { "no" };
    if let Some(profile) = &options.profile {
        set("dialect", profile.line.dialect.to_string());
        let tls = if profile.line.tls.is_some() {
            "yes"
        } else {
            "no"
        };
        set("tls", tls.to_owned());
    }
    set("mac", mac.to_owned());
    set("cards", options.cards.to_string());
    set("first_card", options.first_card.to_string());
    let plan = options.plan();
    let paces = plan.stages().iter().map(|stage| {
        let time = stage.duration.as_secs_f64();
        format!("{} for {time} s", stage.course)
    });
    match plan.stages().len() {
        1 => set("pace", options.pace.to_string()),
        _ => set("stages", paces.collect::<Vec<_>>().join(", ")),
    };
    if let Some(scenario) = &options.scenario {
        set("scenario", scenario.clone());
    }
    if plan.stages().iter().any(|stage| stage.faults.any()) {
        let faults = plan.stages().iter().map(|stage| stage.faults.to_string());
        let mut faults: Vec<_> = faults.collect();
        faults.dedup();
        set("faults", faults.join("; "));
    }
    set("connections", options.connections.to_string());
    set("duration", format!("{} s", plan.duration() as f64 / 1e9));
    set("mix", options.mix.to_string());
    set("amount", options.amount.to_string());
    set("seed", options.seed.to_string());
    set("silence", seconds(options.silence));
    set("settle", seconds(options.settle));
    if let Some(orders) = options.orders {
        set("orders", orders.to_string());
    }
    if let Some(address) = &options.host_tally {
        set("host_tally", address.clone());
    }
    settings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_made_of_what_and_when() {
        let started = started(1_795_340_700);
        assert_eq!(started, "2026-11-22T09:45:00Z");
        assert_eq!(default_name("load", &started), "load-20261122T094500Z");
        let named = Options {
            name: Some("before".to_owned()),
            ..Options::default()
        };
        assert_eq!(About::now(&named).name, "before");
        assert!(About::now(&Options::default()).name.starts_with("load-20"));
    }

    #[test]
    fn names_are_short_and_printable() {
        assert_eq!(parse_name(" new index "), Ok("new index".to_owned()));
        assert!(parse_name("  ").is_err());
        assert!(parse_name("a\tb").is_err());
        assert!(parse_name(&"x".repeat(81)).is_err());
    }

    #[test]
    fn a_command_line_has_no_secret() {
        let words = [
            "/usr/bin/tessera",
            "load",
            "--key",
            "00ff",
            "--name",
            "it's",
            "--key=00ff",
        ];
        let shown = command_line(words.map(str::to_owned));
        assert_eq!(shown, r"tessera load --key *** --name 'it'\''s' --key=***");
        let settings = settings(&Options {
            key: Some("00ff".to_owned()),
            ..Options::default()
        });
        assert!(settings.values().all(|value| !value.contains("00ff")));
        assert_eq!(settings["mac"], "yes");
    }
}
