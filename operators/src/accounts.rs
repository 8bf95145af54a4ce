//! The operators' accounts, in a file of their own that `tessera console` and administrators' pages write.
//!
//! ```text
//! [[account]]
//! name = "ada"                    # what decisions are journaled with
//! role = "settle"
//! token_sha256 = "…64 digits…"    # of a token of 256 random bits, which is shown once and not kept
//! since = "2026-11-30T12:00:00.000Z"
//!
//! [[unjournaled]]                 # what was done, until the switch has journaled it
//! act = "add"
//! name = "ada"
//! role = "settle"
//! at = "2026-11-30T12:00:00.000Z"
//! by = "root"
//! reason = "new here"
//! ```
//!
//! A token can't be guessed, so that a plain hash is enough: what slows down guesses of passwords would protect nothing here. The file
//! is replaced as a whole. A running console looks at it for each request: a change counts at once.

use std::fs::{self, File, Metadata};
use std::io::{self, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rand::RngExt as _;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;
use tessera_common::lock_file::{LockFile, LockFileError};
use tessera_common::{bounded, private};
use tessera_kit::clock;
use tessera_ledger::moment::rfc_3339;
use tessera_switch::ops::operator::Act;
use zeroize::Zeroizing;

/// What tokens begin with: a scanner for secrets recognizes them.
const TOKEN_BEGINS: &str = "tessera_op_";
const TOKEN_BYTES: usize = 32;
/// Characters of a name: it is journaled with each decision.
const NAME_MAX: usize = 32;
/// Bytes of a reason, as the switch journals it.
pub const REASON_BYTES_MAX: usize = 200;
/// Bytes of who did it: the switch puts the user of the console's process in front.
const BY_BYTES_MAX: usize = 150;
/// Changes that wait until the switch answers: more than operators make while it is down.
const UNJOURNALED_MAX: usize = 1_000;
/// Another process holds the file for a moment, unless it hangs.
const LOCK_WITHIN: Duration = Duration::from_secs(3);
/// A switch that hangs is waited for as long as for an answer.
const JOURNALING_WITHIN: Duration = Duration::from_secs(20);
const LOCK_EVERY: Duration = Duration::from_millis(20);

/// What an operator may do. Each role may do what the ones before it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Sees everything that is shown, card numbers masked.
    Read,
    /// Blocks, unblocks, and has notifications sent again.
    Support,
    /// Decides about dead letters and settlement dates.
    Settle,
    /// Sets controls, and manages the accounts.
    Admin,
}

impl Role {
    /// From the weakest to the strongest.
    pub const ALL: [Self; 4] = [Self::Read, Self::Support, Self::Settle, Self::Admin];

    /// As in the file.
    pub fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Support => "support",
            Self::Settle => "settle",
            Self::Admin => "admin",
        }
    }

    /// The role of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.name() == name)
    }
}

/// An account, as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Account {
    /// Unique.
    pub name: String,
    /// What it may do.
    pub role: Role,
    /// SHA-256 of its token, 64 hexadecimal digits.
    pub token_sha256: String,
    /// When the token was made (RFC 3339).
    pub since: String,
}

/// What the file has.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Contents {
    #[serde(default)]
    account: Vec<Account>,
    /// What was done, until the switch has journaled it, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    unjournaled: Vec<Unjournaled>,
}

/// Who changes an account, and why.
#[derive(Debug, Clone)]
pub struct Why {
    /// As it is journaled.
    pub by: String,
    /// As it is journaled.
    pub reason: String,
}

/// What was done to an account, for the journal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Unjournaled {
    /// What was done.
    pub act: Act,
    /// The account.
    pub name: String,
    /// What it may do since, or could do before.
    pub role: Role,
    /// When (RFC 3339).
    pub at: String,
    /// Who did it.
    pub by: String,
    /// Why.
    pub reason: String,
}

/// Why accounts can't be read or changed.
#[derive(Debug, thiserror::Error)]
pub enum AccountsError {
    /// The operating system refuses.
    #[error("{}: {why}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        why: io::Error,
    },
    /// Somebody else may read or write the file.
    #[error("{} can be read or written by other users of this machine: run `chmod 600` on it", .0.display())]
    Open(PathBuf),
    /// The file is not what was written.
    #[error("{}: {why}", path.display())]
    Shape {
        /// The file.
        path: PathBuf,
        /// Where, and what.
        why: toml::de::Error,
    },
    /// Somebody else changes it at this moment.
    #[error(transparent)]
    Locked(#[from] LockFileError),
    /// A name that journals and logs don't take.
    #[error("a name is 1 to 32 letters, digits, dots, hyphens and underscores")]
    Name,
    /// It is there.
    #[error("there is an account {0} already: `replace` gives it another token")]
    Taken(String),
    /// It is not there.
    #[error("there is no account {0}")]
    Unknown(String),
    /// The switch would not journal it.
    #[error(
        "state a reason of at most {} bytes, and a name of at most {}: both are journaled",
        REASON_BYTES_MAX,
        BY_BYTES_MAX
    )]
    Why,
    /// The switch has not answered for long.
    #[error(
        "{} changes of accounts are not journaled yet: start the switch, and the console",
        UNJOURNALED_MAX
    )]
    Unjournaled,
    /// Nobody could make another one.
    #[error("{0} is the only administrator: make another one first")]
    LastAdmin(String),
}

/// The accounts of one file.
#[derive(Debug)]
pub struct Accounts {
    path: PathBuf,
    read: Mutex<Option<Read>>,
}

/// What was read, and of which file.
#[derive(Debug)]
struct Read {
    file: Option<Identity>,
    contents: Contents,
}

/// A file that was replaced has another one.
type Identity = (u64, u64, i64, i64);

impl Accounts {
    /// Those of this file, which need not exist.
    pub fn of(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            read: Mutex::new(None),
        }
    }

    /// All of them, by name.
    ///
    /// # Errors
    /// Where the file can't be read.
    pub fn all(&self) -> Result<Vec<Account>, AccountsError> {
        Ok(self.contents()?.account)
    }

    /// What was done and is not journaled yet, oldest first.
    ///
    /// # Errors
    /// Where the file can't be read.
    pub fn unjournaled(&self) -> Result<Vec<Unjournaled>, AccountsError> {
        Ok(self.contents()?.unjournaled)
    }

    fn contents(&self) -> Result<Contents, AccountsError> {
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        let file = match fs::metadata(&self.path) {
            Ok(metadata) if private::is_open_to_others(&metadata) => {
                return Err(AccountsError::Open(self.path.clone()));
            }
            Ok(metadata) => Some(identity(&metadata)),
            Err(why) if why.kind() == io::ErrorKind::NotFound => None,
            Err(why) => return Err(self.failed(why)),
        };
        match &*read {
            Some(known) if known.file == file => Ok(known.contents.clone()),
            Some(_) | None => {
                let contents = match file {
                    None => Contents::default(),
                    Some(_) => self.parse()?,
                };
                *read = Some(Read {
                    file,
                    contents: contents.clone(),
                });
                Ok(contents)
            }
        }
    }

    /// The account of this name.
    ///
    /// # Errors
    /// Where the file can't be read.
    pub fn find(&self, name: &str) -> Result<Option<Account>, AccountsError> {
        let all = self.all()?;
        Ok(all.into_iter().find(|account| account.name == name))
    }

    /// The account of this name, if this is its token.
    ///
    /// # Errors
    /// Where the file can't be read.
    pub fn sign_in(&self, name: &str, token: &str) -> Result<Option<Account>, AccountsError> {
        let hash = hash(token.trim());
        let account = self.find(name.trim())?;
        Ok(account.filter(|account| {
            let same = account.token_sha256.as_bytes().ct_eq(hash.as_bytes());
            same.into()
        }))
    }

    /// Makes an account. Its token, which is not kept.
    ///
    /// # Errors
    /// Where there is one of that name, or the file can't be written.
    pub fn add(
        &self,
        name: &str,
        role: Role,
        why: &Why,
    ) -> Result<Zeroizing<String>, AccountsError> {
        let fits = |letter: char| letter.is_ascii_alphanumeric() || "._-".contains(letter);
        if name.is_empty() || name.len() > NAME_MAX || !name.chars().all(fits) {
            return Err(AccountsError::Name);
        }
        self.change((Act::Add, name), why, |accounts| {
            if accounts.iter().any(|account| account.name == name) {
                return Err(AccountsError::Taken(name.to_owned()));
            }
            let token = draw();
            accounts.push(Account {
                name: name.to_owned(),
                role,
                token_sha256: hash(&token),
                since: rfc_3339(clock::system()),
            });
            Ok((token, role))
        })
    }

    /// Gives an account another token, and another role if one is stated. Its sessions end.
    ///
    /// # Errors
    /// Where there is no such account, or the file can't be written.
    pub fn replace(
        &self,
        name: &str,
        role: Option<Role>,
        why: &Why,
    ) -> Result<Zeroizing<String>, AccountsError> {
        self.change((Act::ReplaceToken, name), why, |accounts| {
            let is_last = is_last_admin(accounts, name);
            let account = found(accounts, name)?;
            if is_last && role.is_some_and(|role| role != Role::Admin) {
                return Err(AccountsError::LastAdmin(name.to_owned()));
            }
            let token = draw();
            account.token_sha256 = hash(&token);
            account.role = role.unwrap_or(account.role);
            account.since = rfc_3339(clock::system());
            Ok((token, account.role))
        })
    }

    /// Removes an account. Its sessions end.
    ///
    /// # Errors
    /// Where there is no such account, or the file can't be written.
    pub fn remove(&self, name: &str, why: &Why) -> Result<(), AccountsError> {
        self.change((Act::Remove, name), why, |accounts| {
            let role = found(accounts, name)?.role;
            if is_last_admin(accounts, name) && accounts.len() > 1 {
                return Err(AccountsError::LastAdmin(name.to_owned()));
            }
            accounts.retain(|account| account.name != name);
            Ok(((), role))
        })
    }

    /// Notes that a session of an account is ended.
    ///
    /// # Errors
    /// Where there is no such account, or the file can't be written.
    pub fn end_session(&self, name: &str, why: &Why) -> Result<(), AccountsError> {
        self.change((Act::EndSession, name), why, |accounts| {
            Ok(((), found(accounts, name)?.role))
        })
    }

    /// The switch has journaled these.
    ///
    /// # Errors
    /// Where the file can't be written.
    pub fn journaled(&self, done: &[Unjournaled]) -> Result<(), AccountsError> {
        self.rewrite(|contents| {
            contents.unjournaled.retain(|one| !done.contains(one));
            Ok(())
        })
    }

    /// What is done and that it is to be journaled are written at once: neither is lost without the other.
    fn change<T>(
        &self,
        (act, name): (Act, &str),
        why: &Why,
        change: impl FnOnce(&mut Vec<Account>) -> Result<(T, Role), AccountsError>,
    ) -> Result<T, AccountsError> {
        let (by, reason) = (why.by.trim(), why.reason.trim());
        let fits = |text: &str, most| (1..=most).contains(&text.len());
        if !fits(by, BY_BYTES_MAX) || !fits(reason, REASON_BYTES_MAX) {
            return Err(AccountsError::Why);
        }
        self.rewrite(|contents| {
            // An account whose token was stolen must go, whatever else waits.
            if act != Act::Remove && contents.unjournaled.len() >= UNJOURNALED_MAX {
                return Err(AccountsError::Unjournaled);
            }
            let (outcome, role) = change(&mut contents.account)?;
            contents
                .account
                .sort_by(|one, other| one.name.cmp(&other.name));
            contents.unjournaled.push(Unjournaled {
                act,
                name: name.to_owned(),
                role,
                at: rfc_3339(clock::system()),
                by: by.to_owned(),
                reason: reason.to_owned(),
            });
            Ok(outcome)
        })
    }

    fn rewrite<T>(
        &self,
        change: impl FnOnce(&mut Contents) -> Result<T, AccountsError>,
    ) -> Result<T, AccountsError> {
        let folder = self.path.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(folder).map_err(|why| self.failed(why))?;
        let _lock = self.lock()?;
        let mut contents = self.contents()?;
        let outcome = change(&mut contents)?;
        self.write(&contents).map_err(|why| self.failed(why))?;
        Ok(outcome)
    }

    fn lock(&self) -> Result<LockFile, LockFileError> {
        wait_for(&self.path.with_extension("lock"), LOCK_WITHIN)
    }

    /// Held while what was done is brought to the switch: one process at a time does that, and the next one finds it done.
    pub(crate) fn lock_journaling(&self) -> Result<LockFile, LockFileError> {
        wait_for(&self.path.with_extension("journaling"), JOURNALING_WITHIN)
    }

    /// As a whole: a reader meanwhile has the one before, or this one.
    fn write(&self, contents: &Contents) -> io::Result<()> {
        let text = toml::to_string(contents).map_err(io::Error::other)?;
        let new = self.path.with_extension("new");
        let mut options = fs::OpenOptions::new();
        options.write(true).create(true).truncate(true).mode(0o600);
        let mut file = options.open(&new)?;
        file.write_all(b"# Written by `tessera console` and its pages. Tokens are not kept, only their hashes.\n\n")?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&new, &self.path)?;
        let folder = self.path.parent().unwrap_or(Path::new("."));
        File::open(folder)?.sync_all()
    }

    fn parse(&self) -> Result<Contents, AccountsError> {
        let text = bounded::text_file(&self.path).map_err(|why| self.failed(why))?;
        toml::from_str(&text).map_err(|why| AccountsError::Shape {
            path: self.path.clone(),
            why,
        })
    }

    fn failed(&self, why: io::Error) -> AccountsError {
        AccountsError::Io {
            path: self.path.clone(),
            why,
        }
    }
}

fn wait_for(path: &Path, patience: Duration) -> Result<LockFile, LockFileError> {
    let until = Instant::now() + patience;
    loop {
        match LockFile::take(path) {
            Err(LockFileError::Held { .. }) if Instant::now() < until => {
                std::thread::sleep(LOCK_EVERY);
            }
            taken => return taken,
        }
    }
}

fn identity(metadata: &Metadata) -> Identity {
    (
        metadata.ino(),
        metadata.len(),
        metadata.mtime(),
        metadata.mtime_nsec(),
    )
}

fn found<'a>(accounts: &'a mut [Account], name: &str) -> Result<&'a mut Account, AccountsError> {
    let found = accounts.iter_mut().find(|account| account.name == name);
    found.ok_or_else(|| AccountsError::Unknown(name.to_owned()))
}

fn is_last_admin(accounts: &[Account], name: &str) -> bool {
    let mut admins = accounts
        .iter()
        .filter(|account| account.role == Role::Admin);
    admins.next().is_some_and(|admin| admin.name == name) && admins.next().is_none()
}

fn draw() -> Zeroizing<String> {
    let mut bytes = Zeroizing::new([0; TOKEN_BYTES]);
    rand::rng().fill(&mut bytes[..]);
    let text = Zeroizing::new(URL_SAFE_NO_PAD.encode(&bytes[..]));
    Zeroizing::new(format!("{TOKEN_BEGINS}{}", *text))
}

fn hash(token: &str) -> String {
    let digest = Sha256::digest(token.as_bytes());
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn accounts() -> (tempfile::TempDir, Accounts) {
        let folder = tempfile::tempdir().unwrap();
        let accounts = Accounts::of(&folder.path().join("keys/accounts.toml"));
        (folder, accounts)
    }

    fn why() -> Why {
        Why {
            by: "ada at the console".to_owned(),
            reason: "case 7".to_owned(),
        }
    }

    #[test]
    fn what_was_done_waits_until_it_is_journaled() {
        let (_folder, accounts) = accounts();
        accounts.add("ada", Role::Admin, &why()).unwrap();
        accounts.add("kim", Role::Read, &why()).unwrap();
        accounts
            .replace("kim", Some(Role::Support), &why())
            .unwrap();
        accounts.end_session("kim", &why()).unwrap();
        accounts.remove("kim", &why()).unwrap();
        // What was refused was not done.
        assert!(accounts.remove("kim", &why()).is_err());
        let other = Accounts::of(&accounts.path);
        let waiting = other.unjournaled().unwrap();
        let acts: Vec<_> = waiting
            .iter()
            .map(|one| (one.act, one.name.as_str(), one.role))
            .collect();
        assert_eq!(
            acts,
            [
                (Act::Add, "ada", Role::Admin),
                (Act::Add, "kim", Role::Read),
                (Act::ReplaceToken, "kim", Role::Support),
                (Act::EndSession, "kim", Role::Support),
                (Act::Remove, "kim", Role::Support),
            ]
        );
        assert_eq!(waiting[0].reason, "case 7");
        other.journaled(&waiting[1..3]).unwrap();
        let left = accounts.unjournaled().unwrap();
        assert_eq!(left, [&waiting[..1], &waiting[3..]].concat());
        // Accounts are as they were.
        assert_eq!(accounts.all().unwrap().len(), 1);
        for (by, reason) in [("", "x"), ("x", " "), ("x", &*"x".repeat(201))] {
            let (by, reason) = (by.to_owned(), reason.to_owned());
            let refused = accounts.add("eve", Role::Read, &Why { by, reason });
            assert!(matches!(refused, Err(AccountsError::Why)));
        }
    }

    #[test]
    fn a_token_opens_its_own_account_until_it_is_replaced() {
        let (_folder, accounts) = accounts();
        assert!(accounts.all().unwrap().is_empty());
        let ada = accounts.add("ada", Role::Admin, &why()).unwrap();
        let grace = accounts.add("grace", Role::Read, &why()).unwrap();
        let signed_in = |name, token: &str| accounts.sign_in(name, token).unwrap();
        assert_eq!(signed_in("ada", &ada).unwrap().role, Role::Admin);
        assert_eq!(
            signed_in("grace", &format!(" {} ", *grace)).unwrap().role,
            Role::Read
        );
        for (name, token) in [
            ("ada", grace.as_str()),
            ("ada", ""),
            ("eve", ada.as_str()),
            ("", ""),
        ] {
            assert_eq!(signed_in(name, token), None, "{name}");
        }
        let new = accounts
            .replace("grace", Some(Role::Settle), &why())
            .unwrap();
        assert_eq!(signed_in("grace", &grace), None);
        assert_eq!(signed_in("grace", &new).unwrap().role, Role::Settle);
        accounts.remove("grace", &why()).unwrap();
        assert_eq!(signed_in("grace", &new), None);
    }

    #[test]
    fn the_file_is_private_and_has_no_token() {
        let (_folder, accounts) = accounts();
        let token = accounts.add("ada", Role::Settle, &why()).unwrap();
        let text = fs::read_to_string(&accounts.path).unwrap();
        assert!(text.contains("ada") && !text.contains(&token[TOKEN_BEGINS.len()..]));
        let mode = fs::metadata(&accounts.path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        fs::set_permissions(&accounts.path, fs::Permissions::from_mode(0o640)).unwrap();
        assert!(matches!(accounts.all(), Err(AccountsError::Open(_))));
    }

    #[test]
    fn what_another_process_changes_counts_at_once() {
        let (_folder, accounts) = accounts();
        let other = Accounts::of(&accounts.path);
        let token = other.add("ada", Role::Read, &why()).unwrap();
        assert!(accounts.sign_in("ada", &token).unwrap().is_some());
        other.replace("ada", None, &why()).unwrap();
        assert!(accounts.sign_in("ada", &token).unwrap().is_none());
        other.remove("ada", &why()).unwrap();
        assert!(accounts.all().unwrap().is_empty());
    }

    #[test]
    fn names_are_plain_and_unique_and_an_administrator_stays() {
        let (_folder, accounts) = accounts();
        for wrong in ["", "a b", "a\nb", "ada (root)", &"a".repeat(33), "\u{e4}da"] {
            assert!(
                matches!(
                    accounts.add(wrong, Role::Read, &why()),
                    Err(AccountsError::Name)
                ),
                "{wrong}"
            );
        }
        accounts.add("ada", Role::Admin, &why()).unwrap();
        accounts.add("kim", Role::Read, &why()).unwrap();
        assert!(matches!(
            accounts.add("ada", Role::Read, &why()),
            Err(AccountsError::Taken(_))
        ));
        assert!(matches!(
            accounts.remove("ada", &why()),
            Err(AccountsError::LastAdmin(_))
        ));
        let weaker = accounts.replace("ada", Some(Role::Read), &why());
        assert!(matches!(weaker, Err(AccountsError::LastAdmin(_))));
        assert!(matches!(
            accounts.remove("eve", &why()),
            Err(AccountsError::Unknown(_))
        ));
        accounts.remove("kim", &why()).unwrap();
        accounts.remove("ada", &why()).unwrap();
    }
}
