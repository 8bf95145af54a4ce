//! The parties' files: a folder of TOML files comes in, one [`Party`] for each leaves.
//!
//! Read at the start and again on SIGHUP. One file that is wrong, or two that do not go together, and none of them counts.

mod digest;
mod key;
mod party;
mod sets;
mod text;
mod webhook;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use tessera_protocol::Institution;

pub(super) use digest::digest;
pub use party::{Acceptors, CertificateOf, Party, PartyKind, Quirks, Transport, UnknownReversal};
pub use sets::{CodeSet, Messages};
pub use webhook::{Webhook, WebhookSecret};

use super::SettingsError;
use super::bounds::Breach;
use super::environment::Environment;
use super::sections::MallSettings;
use super::source::Source;
use text::{Context, PartyText};

/// The end of a party file's name; everything else in the folder is passed over.
const EXTENSION: &str = "toml";

/// Each has its share of counters and connections; a folder with more is most likely not the one that was meant.
const PARTIES_MAX: usize = 4_096;

/// The folder of the parties' files, and the settings that they depend on.
pub(super) struct Folder<'a> {
    pub path: &'a Path,
    pub environment: Environment,
    /// The limits of parties that state none, and the port with TLS.
    pub mall: &'a MallSettings,
    /// The institution codes of the wallet server and of the switch, which no party may have.
    pub institutions: [Institution; 2],
}

/// Reads every party of the folder, in order of the files' names.
pub(super) fn read(folder: &Folder<'_>) -> Result<Vec<Party>, SettingsError> {
    let context = Context {
        environment: folder.environment,
        defaults: folder.mall,
        base: folder.path,
        tls: folder.mall.tls.as_ref(),
    };
    let mut parties = Vec::new();
    let mut together = Together::new(folder);
    for file in files(folder.path)? {
        let source = Source::read(&file)?;
        let read = source.parse::<PartyText>()?.into_party(&context);
        let party = read
            .and_then(|party| together.add(&party, &file).map(|()| party))
            .map_err(|breach| source.complaint(breach))?;
        parties.push(party);
    }
    Ok(parties)
}

fn files(folder: &Path) -> Result<Vec<PathBuf>, SettingsError> {
    let unreadable = |why| SettingsError::Unreadable {
        file: folder.to_path_buf(),
        why,
    };
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if path.extension().is_some_and(|end| end == EXTENSION) {
            if files.len() == PARTIES_MAX {
                return Err(SettingsError::TooManyParties {
                    folder: folder.to_path_buf(),
                    max: PARTIES_MAX,
                });
            }
            files.push(path);
        }
    }
    files.sort();
    match files.is_empty() {
        true => Err(SettingsError::NoParty {
            folder: folder.to_path_buf(),
        }),
        false => Ok(files),
    }
}

/// No code and no name twice, and no card acceptor under two malls: it says whose order an order number is.
struct Together {
    /// Of the wallet server, and our own.
    lines: [Institution; 2],
    codes: HashMap<Institution, PathBuf>,
    names: HashMap<String, PathBuf>,
    acceptors: HashMap<[u8; 15], PathBuf>,
}

impl Together {
    fn new(folder: &Folder<'_>) -> Self {
        Self {
            lines: folder.institutions,
            codes: HashMap::new(),
            names: HashMap::new(),
            acceptors: HashMap::new(),
        }
    }

    fn add(&mut self, party: &Party, file: &Path) -> Result<(), Breach> {
        let name = |other: &PathBuf| {
            let name = other.file_name().unwrap_or_default();
            name.to_string_lossy().into_owned()
        };
        if self.lines.contains(&party.code) {
            let why = "the institution of leased or host in the switch's configuration";
            return Err(Breach::new("code", why));
        }
        if let Some(other) = self.codes.insert(party.code, file.to_path_buf()) {
            let why = format!("{} has this code too", name(&other));
            return Err(Breach::new("code", why));
        }
        if let Some(other) = self.names.insert(party.name.clone(), file.to_path_buf()) {
            let why = format!("{} has this name too", name(&other));
            return Err(Breach::new("name", why));
        }
        let (PartyKind::Mall, Acceptors::List(list)) = (party.kind, &party.acceptors) else {
            return Ok(());
        };
        for acceptor in list {
            if let Some(other) = self.acceptors.insert(*acceptor, file.to_path_buf()) {
                let acceptor = String::from_utf8_lossy(acceptor);
                let acceptor = acceptor.trim_end();
                let why = match other == file {
                    true => format!("{acceptor} is stated twice"),
                    false => format!("{acceptor} is also stated in {}", name(&other)),
                };
                return Err(Breach::new("acceptors", why));
            }
        }
        Ok(())
    }
}
