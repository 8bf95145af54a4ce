//! Development certificates: a folder comes in; an authority of its own and a certificate for everyone
//! who speaks mutual TLS leave, as PEM files. Nothing that is there already is touched unless asked for.
//!
//! | files | for whom | used as |
//! | --- | --- | --- |
//! | `ca.pem`, `ca.key` | the authority that signs all others | authority |
//! | `host.pem`, `host.key` | the financial system, `localhost` | server |
//! | `switch.pem`, `switch.key` | the switch, `localhost` | client (to the host) and server (leased line) |
//! | `wallet-server.pem`, `wallet-server.key` | the wallet server | client (to the leased line) |
//! | `party-CODE.pem`, `party-CODE.key` | a mall or acquirer, on request | client (to the malls' port) |
//!
//! They prove nothing to anyone outside the machine that made them: the authority's key lies beside them.

mod files;
mod make;

use std::path::{Path, PathBuf};

use rcgen::ExtendedKeyUsagePurpose::{ClientAuth, ServerAuth};

use files::Pair;
use make::{Authority, Subject};

/// The authority's certificate: what every side trusts.
pub const AUTHORITY: &str = "ca";

/// Who is on this machine.
const HERE: &[&str] = &["localhost", "127.0.0.1", "::1"];

/// Whom certificates are made for; the authority is made first, because it signs them.
const SUBJECTS: &[Subject<'_>] = &[
    Subject {
        file: "host",
        name: "Tessera development host",
        names: HERE,
        usages: &[ServerAuth],
    },
    Subject {
        file: "switch",
        name: "Tessera development switch",
        names: HERE,
        usages: &[ClientAuth, ServerAuth],
    },
    Subject {
        file: "wallet-server",
        name: "Tessera development wallet server",
        names: &[],
        usages: &[ClientAuth],
    },
];

/// Why certificates could not be written.
#[derive(Debug, thiserror::Error)]
pub enum CertsError {
    /// A file or the folder could not be read or written.
    #[error("{}: {why}", path.display())]
    File {
        /// What was touched.
        path: PathBuf,
        /// What the system said.
        why: std::io::Error,
    },
    /// A certificate without its key, or the other way round.
    #[error("{} is there, but {} is not: --force renews them all", present.display(), absent.display())]
    Half {
        /// The file that exists.
        present: PathBuf,
        /// The file that it needs.
        absent: PathBuf,
    },
    /// The authority's files cannot be used for signing.
    #[error("{}: not usable as the authority: {why}", path.display())]
    Authority {
        /// The certificate or the key.
        path: PathBuf,
        /// What is wrong with it.
        why: rcgen::Error,
    },
    /// A certificate could not be made.
    #[error("certificate of {file}: {why}")]
    Make {
        /// The file's name without its ending.
        file: String,
        /// What went wrong.
        why: rcgen::Error,
    },
}

/// A mall or acquirer for whom a certificate is made.
#[derive(Debug, Clone)]
pub struct PartySubject {
    /// Its institution code.
    pub code: u64,
    /// Names and addresses, as subject alternative names; a client needs none.
    pub names: Vec<String>,
}

impl PartySubject {
    /// The whole subject of its certificate, as a profile states it.
    pub fn subject(&self) -> String {
        format!("CN={}", self.common_name())
    }

    fn common_name(&self) -> String {
        format!("Tessera development party {}", self.code)
    }
}

/// What became of one certificate and its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// The certificate's file.
    pub certificate: PathBuf,
    /// Whether it was made now; otherwise it was there and stayed as it was.
    pub written: bool,
}

/// Makes what is missing in `folder`, or everything anew with `force`. Reports each certificate in turn.
pub fn write(folder: &Path, force: bool) -> Result<Vec<Outcome>, CertsError> {
    files::make_folder(folder)?;
    let mut outcomes = Vec::with_capacity(1 + SUBJECTS.len());
    let pair = Pair::new(folder, AUTHORITY);
    let written = force || !pair.exists()?;
    let authority = if written {
        let authority = Authority::make()?;
        pair.write(&authority.certificate, &authority.key_pem())?;
        authority
    } else {
        Authority::read(&pair)?
    };
    outcomes.push(pair.outcome(written));
    for subject in SUBJECTS {
        let pair = Pair::new(folder, subject.file);
        // What another authority had signed would be refused by everyone.
        let written = written || !pair.exists()?;
        if written {
            let (certificate, key) = authority.sign(subject)?;
            pair.write(&certificate, &key)?;
        }
        outcomes.push(pair.outcome(written));
    }
    Ok(outcomes)
}

/// Makes the certificate of a party in `folder`, signed by the authority there; an existing one only with `force`.
pub fn write_party(
    folder: &Path,
    party: &PartySubject,
    force: bool,
) -> Result<Outcome, CertsError> {
    let file = format!("party-{}", party.code);
    let pair = Pair::new(folder, &file);
    let written = force || !pair.exists()?;
    if written {
        let authority = Authority::read(&Pair::new(folder, AUTHORITY))?;
        let names: Vec<&str> = party.names.iter().map(String::as_str).collect();
        let subject = Subject {
            file: &file,
            name: &party.common_name(),
            names: &names,
            usages: &[ClientAuth],
        };
        let (certificate, key) = authority.sign(&subject)?;
        pair.write(&certificate, &key)?;
    }
    Ok(pair.outcome(written))
}

#[cfg(test)]
mod tests;
