//! The operators' accounts, in a file of their own that `tessera console` and administrators' pages write.
//!
//! ```text
//! [[account]]
//! name = "ada"                    # what decisions are journaled with
//! role = "settle"
//! token_sha256 = "…64 digits…"    # of a token of 256 random bits, which is shown once and not kept
//! since = "2026-11-30T12:00:00.000Z"
//! ```
//!
//! A token can't be guessed, so that a plain hash is enough: what slows down guesses of passwords would protect nothing here. The file
//! is replaced as a whole. A running console looks at it for each request: a change counts at once.

use std::fs::{self, File, Metadata};
use std::io::{self, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

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
use zeroize::Zeroizing;

/// What tokens begin with: a scanner for secrets recognizes them.
const TOKEN_BEGINS: &str = "tessera_op_";
const TOKEN_BYTES: usize = 32;
/// Characters of a name: it is journaled with each decision.
const NAME_MAX: usize = 32;

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

#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Contents {
    #[serde(default)]
    account: Vec<Account>,
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
    accounts: Vec<Account>,
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
            Some(known) if known.file == file => Ok(known.accounts.clone()),
            Some(_) | None => {
                let accounts = match file {
                    None => Vec::new(),
                    Some(_) => self.parse()?,
                };
                *read = Some(Read {
                    file,
                    accounts: accounts.clone(),
                });
                Ok(accounts)
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
    pub fn add(&self, name: &str, role: Role) -> Result<Zeroizing<String>, AccountsError> {
        let fits = |letter: char| letter.is_ascii_alphanumeric() || "._-".contains(letter);
        if name.is_empty() || name.len() > NAME_MAX || !name.chars().all(fits) {
            return Err(AccountsError::Name);
        }
        self.change(|accounts| {
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
            Ok(token)
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
    ) -> Result<Zeroizing<String>, AccountsError> {
        self.change(|accounts| {
            let is_last = is_last_admin(accounts, name);
            let account = found(accounts, name)?;
            if is_last && role.is_some_and(|role| role != Role::Admin) {
                return Err(AccountsError::LastAdmin(name.to_owned()));
            }
            let token = draw();
            account.token_sha256 = hash(&token);
            account.role = role.unwrap_or(account.role);
            account.since = rfc_3339(clock::system());
            Ok(token)
        })
    }

    /// Removes an account. Its sessions end.
    ///
    /// # Errors
    /// Where there is no such account, or the file can't be written.
    pub fn remove(&self, name: &str) -> Result<(), AccountsError> {
        self.change(|accounts| {
            found(accounts, name)?;
            if is_last_admin(accounts, name) && accounts.len() > 1 {
                return Err(AccountsError::LastAdmin(name.to_owned()));
            }
            accounts.retain(|account| account.name != name);
            Ok(())
        })
    }

    fn change<T>(
        &self,
        change: impl FnOnce(&mut Vec<Account>) -> Result<T, AccountsError>,
    ) -> Result<T, AccountsError> {
        let folder = self.path.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(folder).map_err(|why| self.failed(why))?;
        let _lock = LockFile::take(&self.path.with_extension("lock"))?;
        let mut accounts = self.all()?;
        let outcome = change(&mut accounts)?;
        accounts.sort_by(|one, other| one.name.cmp(&other.name));
        self.write(&accounts).map_err(|why| self.failed(why))?;
        Ok(outcome)
    }

    /// As a whole: a reader meanwhile has the one before, or this one.
    fn write(&self, accounts: &[Account]) -> io::Result<()> {
        let contents = Contents {
            account: accounts.to_vec(),
        };
        let text = toml::to_string(&contents).map_err(io::Error::other)?;
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

    fn parse(&self) -> Result<Vec<Account>, AccountsError> {
        let text = bounded::text_file(&self.path).map_err(|why| self.failed(why))?;
        let contents: Contents = toml::from_str(&text).map_err(|why| AccountsError::Shape {
            path: self.path.clone(),
            why,
        })?;
        Ok(contents.account)
    }

    fn failed(&self, why: io::Error) -> AccountsError {
        AccountsError::Io {
            path: self.path.clone(),
            why,
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

    #[test]
    fn a_token_opens_its_own_account_until_it_is_replaced() {
        let (_folder, accounts) = accounts();
        assert!(accounts.all().unwrap().is_empty());
        let ada = accounts.add("ada", Role::Admin).unwrap();
        let grace = accounts.add("grace", Role::Read).unwrap();
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
        let new = accounts.replace("grace", Some(Role::Settle)).unwrap();
        assert_eq!(signed_in("grace", &grace), None);
        assert_eq!(signed_in("grace", &new).unwrap().role, Role::Settle);
        accounts.remove("grace").unwrap();
        assert_eq!(signed_in("grace", &new), None);
    }

    #[test]
    fn the_file_is_private_and_has_no_token() {
        let (_folder, accounts) = accounts();
        let token = accounts.add("ada", Role::Settle).unwrap();
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
        let token = other.add("ada", Role::Read).unwrap();
        assert!(accounts.sign_in("ada", &token).unwrap().is_some());
        other.replace("ada", None).unwrap();
        assert!(accounts.sign_in("ada", &token).unwrap().is_none());
        other.remove("ada").unwrap();
        assert!(accounts.all().unwrap().is_empty());
    }

    #[test]
    fn names_are_plain_and_unique_and_an_administrator_stays() {
        let (_folder, accounts) = accounts();
        for wrong in ["", "a b", "a\nb", "ada (root)", &"a".repeat(33), "\u{e4}da"] {
            assert!(
                matches!(accounts.add(wrong, Role::Read), Err(AccountsError::Name)),
                "{wrong}"
            );
        }
        accounts.add("ada", Role::Admin).unwrap();
        accounts.add("kim", Role::Read).unwrap();
        assert!(matches!(
            accounts.add("ada", Role::Read),
            Err(AccountsError::Taken(_))
        ));
        assert!(matches!(
            accounts.remove("ada"),
            Err(AccountsError::LastAdmin(_))
        ));
        let weaker = accounts.replace("ada", Some(Role::Read));
        assert!(matches!(weaker, Err(AccountsError::LastAdmin(_))));
        assert!(matches!(
            accounts.remove("eve"),
            Err(AccountsError::Unknown(_))
        ));
        accounts.remove("kim").unwrap();
        accounts.remove("ada").unwrap();
    }
}
