//! From the text of a configuration file to [`Settings`], or to a complaint that says where.

use std::path::{Path, PathBuf};

use serde::Deserialize;
use tessera_protocol::Currency;
use toml::de::DeTable;
use zeroize::Zeroizing;

use super::bounds::Breach;
use super::limits;
use super::locate::Locator;
use super::nearest::nearest;
use super::notify;
use super::party_text::{Context, PartyText};
use super::{
    Environment, HostLinkSettings, JournalSettings, LeasedSettings, LimitSettings, LogSettings,
    MallSettings, NotifySettings, OpsSettings, Place, Settings, SettingsError, StoreSettings,
    VaultSettings, units,
};

/// Keys whose values never stand in a message.
const SECRETS: [&str; 1] = ["mac_key"];

/// The top of the file. What is not stated is as in [`Settings::default`].
#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
struct File {
    environment: Environment,
    data: PathBuf,
    workers: usize,
    partitions: u16,
    #[serde(with = "units::currency")]
    currency: Currency,
    mall: MallSettings,
    leased: LeasedSettings,
    limits: LimitSettings,
    vault: VaultSettings,
    host: HostLinkSettings,
    journal: JournalSettings,
    store: StoreSettings,
    notify: NotifySettings,
    ops: OpsSettings,
    log: LogSettings,
    parties: Vec<PartyText>,
}

impl Default for File {
    fn default() -> Self {
        Self::from(Settings::default())
    }
}

impl From<Settings> for File {
    fn from(settings: Settings) -> Self {
        Self {
            environment: settings.environment,
            data: settings.data,
            workers: settings.workers,
            partitions: settings.partitions,
            currency: settings.currency,
            mall: settings.mall,
            leased: settings.leased,
            limits: settings.limits,
            vault: settings.vault,
            host: settings.host,
            journal: settings.journal,
            store: settings.store,
            notify: settings.notify,
            ops: settings.ops,
            log: settings.log,
            parties: Vec::new(),
        }
    }
}

/// Reads a configuration file.
pub(super) fn read(file: &Path) -> Result<Settings, SettingsError> {
    // MAC keys may stand in the text.
    let text = std::fs::read_to_string(file).map(Zeroizing::new);
    let text = text.map_err(|why| SettingsError::Unreadable {
        file: file.to_path_buf(),
        why,
    })?;
    let complaint = Complaint { file, text: &text };
    let document = DeTable::parse(&text).map_err(|error| complaint.syntax(&error))?;
    let locator = Locator::new(&text, document.get_ref());
    let stated = File::deserialize(toml::Deserializer::from(document))
        .map_err(|error| complaint.shape(&locator, &error))?;
    let base = file.parent().unwrap_or(Path::new(""));
    let settings = settle(stated, base).map_err(|breach| complaint.breach(&locator, breach))?;
    limits::check(&settings).map_err(|breach| complaint.breach(&locator, breach))?;
    Ok(settings)
}

/// Parties checked, and paths seen from the folder of the file.
fn settle(file: File, base: &Path) -> Result<Settings, Breach> {
    let context = Context {
        environment: file.environment,
        defaults: &file.mall,
        base,
    };
    let party = |(index, text): (usize, PartyText)| {
        text.into_party(&context)
            .map_err(|breach| Breach::new(format!("parties[{index}].{}", breach.key), breach.why))
    };
    let parties = file
        .parties
        .into_iter()
        .enumerate()
        .map(party)
        .collect::<Result<_, _>>()?;
    let mut settings = Settings {
        environment: file.environment,
        data: file.data,
        workers: file.workers,
        partitions: file.partitions,
        currency: file.currency,
        mall: file.mall,
        leased: file.leased,
        limits: file.limits,
        vault: file.vault,
        host: file.host,
        journal: file.journal,
        store: file.store,
        notify: file.notify,
        ops: file.ops,
        log: file.log,
        parties,
    };
    for path in [
        &mut settings.data,
        &mut settings.leased.certificate,
        &mut settings.leased.key,
        &mut settings.leased.client_authority,
        &mut settings.vault.keys,
        &mut settings.host.certificate,
        &mut settings.host.key,
        &mut settings.host.authority,
    ] {
        *path = base.join(&*path);
    }
    notify::resolve(&mut settings.notify, base);
    Ok(settings)
}

/// Puts what went wrong into words, with its place.
struct Complaint<'a> {
    file: &'a Path,
    text: &'a str,
}

impl Complaint<'_> {
    fn place(&self, line: Option<usize>) -> Place {
        Place {
            file: self.file.to_path_buf(),
            line,
        }
    }

    fn syntax(&self, error: &toml::de::Error) -> SettingsError {
        let line = error
            .span()
            .map(|span| Locator::line(self.text, span.start));
        SettingsError::Syntax {
            place: self.place(line),
            why: error.message().to_string(),
        }
    }

    /// Unknown keys, missing keys and values of the wrong kind: what the deserializer finds.
    fn shape(&self, locator: &Locator<'_>, error: &toml::de::Error) -> SettingsError {
        let span = error.span();
        let line = span
            .as_ref()
            .map(|span| Locator::line(self.text, span.start));
        let place = self.place(line);
        let path = span
            .and_then(|span| locator.path_at(&span))
            .unwrap_or("")
            .to_string();
        let message = error.message();
        let mut quoted = message.split('`').skip(1).step_by(2).map(str::to_string);
        if message.starts_with("unknown field") {
            let key = quoted.next().unwrap_or_default();
            let known: Vec<String> = quoted.collect();
            let nearest = nearest(&key, &known);
            return SettingsError::UnknownKey {
                place,
                key: path,
                nearest,
                known,
            };
        }
        if message.starts_with("missing field") {
            let key = quoted.next().unwrap_or_default();
            let key = if path.is_empty() {
                key
            } else {
                format!("{path}.{key}")
            };
            return SettingsError::MissingKey { place, key };
        }
        SettingsError::BadValue {
            place,
            value: self.value(locator, &path),
            key: path,
            why: in_plain_words(message),
        }
    }

    fn breach(&self, locator: &Locator<'_>, breach: Breach) -> SettingsError {
        SettingsError::BadValue {
            place: self.place(locator.line_of(&breach.key)),
            value: self.value(locator, &breach.key),
            key: breach.key,
            why: breach.why,
        }
    }

    fn value(&self, locator: &Locator<'_>, path: &str) -> Option<String> {
        let secret = SECRETS.iter().any(|secret| path.ends_with(secret));
        locator
            .value_of(path)
            .filter(|_| !secret)
            .map(str::to_string)
    }
}

/// `invalid type: string "x", expected usize` says the value again, and the type in Rust.
fn in_plain_words(message: &str) -> String {
    let Some((_, expected)) = message
        .split_once(", expected ")
        .filter(|_| message.starts_with("invalid"))
    else {
        return message.to_string();
    };
    let expected = match expected {
        "usize" => "a whole number, not negative",
        "u16" => "a whole number from 0 to 65535",
        "u32" => "a whole number from 0 to 4294967295",
        "a string" => "a text in quotes",
        "path string" => "a path in quotes",
        "a sequence" => "[[parties]] tables",
        _ if expected.starts_with("struct ") => "a table",
        other => other,
    };
    format!("must be {expected}")
}
