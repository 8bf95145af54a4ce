//! Who is signed in. In memory: a restart ends all sessions, and nothing on the disk opens one.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rand::RngExt as _;
use sha2::{Digest as _, Sha256};
use tessera_kit::clock;
use tessera_kit::clock::Timestamp;
use zeroize::Zeroizing;

use crate::accounts::Account;
use crate::action::Reviewed;

/// Open sessions; the one that was not used for the longest time goes.
const SESSIONS_MAX: usize = 1_000;
/// Actions of a session that wait for their confirmation; the oldest goes.
const REVIEWED_MAX: usize = 20;

/// All sessions.
#[derive(Debug)]
pub struct Sessions {
    idle: Duration,
    max_age: Duration,
    open: Mutex<Open>,
}

#[derive(Debug, Default)]
struct Open {
    numbers: u64,
    sessions: HashMap<[u8; 32], Session>,
}

#[derive(Debug)]
struct Session {
    number: u64,
    account: String,
    /// As the account had it: a token that was replaced ends the session.
    token_sha256: String,
    address: IpAddr,
    since: Timestamp,
    opened: Instant,
    used: Instant,
    form: String,
    reviewed: Vec<(String, Reviewed)>,
    notice: Option<Notice>,
}

/// What the next page says, once.
#[derive(Debug, Clone)]
pub struct Notice {
    /// Whether it went well.
    pub good: bool,
    /// In one sentence.
    pub text: String,
    /// A token that is shown once.
    pub token: Option<Zeroizing<String>>,
}

/// A session, as a request finds it.
#[derive(Debug, Clone)]
pub struct Seen {
    /// Of the session.
    pub number: u64,
    /// Whose.
    pub account: String,
    /// As the account had it when the session began.
    pub token_sha256: String,
    /// The secret in each form.
    pub form: String,
}

/// A session in a list.
#[derive(Debug, Clone)]
pub struct Listed {
    /// Of the session.
    pub number: u64,
    /// Whose.
    pub account: String,
    /// From where it was opened.
    pub address: IpAddr,
    /// When it was opened.
    pub since: Timestamp,
    /// How long it was not used.
    pub unused: Duration,
}

impl Sessions {
    /// None is open.
    pub fn new(idle: Duration, max_age: Duration) -> Self {
        Self {
            idle,
            max_age,
            open: Mutex::default(),
        }
    }

    /// Opens a session; the handle is for the cookie.
    pub fn open(&self, account: &Account, address: IpAddr) -> Zeroizing<String> {
        let handle = Zeroizing::new(secret());
        let now = Instant::now();
        let mut open = self.lock();
        if open.sessions.len() >= SESSIONS_MAX {
            let oldest = open.sessions.iter().min_by_key(|(_, session)| session.used);
            let oldest = oldest.map(|(hash, _)| *hash);
            oldest.and_then(|hash| open.sessions.remove(&hash));
        }
        open.numbers += 1;
        let session = Session {
            number: open.numbers,
            account: account.name.clone(),
            token_sha256: account.token_sha256.clone(),
            address,
            since: clock::system(),
            opened: now,
            used: now,
            form: secret(),
            reviewed: Vec::new(),
            notice: None,
        };
        open.sessions.insert(hash(&handle), session);
        handle
    }

    /// The session of a handle. `uses` is whether a person asks, not a page that keeps itself up to date.
    pub fn find(&self, handle: &str, uses: bool) -> Option<Seen> {
        let mut open = self.lock();
        let session = open.sessions.get_mut(&hash(handle))?;
        if uses {
            session.used = Instant::now();
        }
        Some(Seen {
            number: session.number,
            account: session.account.clone(),
            token_sha256: session.token_sha256.clone(),
            form: session.form.clone(),
        })
    }

    /// Ends the session of a handle.
    pub fn end(&self, handle: &str) {
        self.lock().sessions.remove(&hash(handle));
    }

    /// Ends a session by its number; whose it was.
    pub fn end_number(&self, number: u64) -> Option<String> {
        let mut open = self.lock();
        let found = open.sessions.iter();
        let mut found = found.filter(|(_, session)| session.number == number);
        let hash = *found.next()?.0;
        open.sessions.remove(&hash).map(|session| session.account)
    }

    /// All of them, in the order in which they were opened.
    pub fn list(&self) -> Vec<Listed> {
        let open = self.lock();
        let now = Instant::now();
        let mut listed: Vec<_> = open
            .sessions
            .values()
            .map(|session| Listed {
                number: session.number,
                account: session.account.clone(),
                address: session.address,
                since: session.since,
                unused: now.duration_since(session.used),
            })
            .collect();
        listed.sort_by_key(|session| session.number);
        listed
    }

    /// Keeps an action until it is confirmed. What the confirmation names it by.
    pub fn keep(&self, number: u64, reviewed: Reviewed) -> Option<String> {
        self.with(number, |session| {
            if session.reviewed.len() >= REVIEWED_MAX {
                session.reviewed.remove(0);
            }
            let id = secret();
            session.reviewed.push((id.clone(), reviewed));
            id
        })
    }

    /// An action that was kept, once.
    pub fn take(&self, number: u64, id: &str) -> Option<Reviewed> {
        self.with(number, |session| {
            let found = session.reviewed.iter().position(|(kept, _)| kept == id)?;
            Some(session.reviewed.remove(found).1)
        })?
    }

    /// The next page says this.
    pub fn notify(&self, number: u64, notice: Notice) {
        self.with(number, |session| session.notice = Some(notice));
    }

    /// What this page says.
    pub fn notice(&self, number: u64) -> Option<Notice> {
        self.with(number, |session| session.notice.take())?
    }

    fn with<T>(&self, number: u64, change: impl FnOnce(&mut Session) -> T) -> Option<T> {
        let mut open = self.lock();
        let mut sessions = open.sessions.values_mut();
        let session = sessions.find(|session| session.number == number)?;
        Some(change(session))
    }

    /// Without those that are over.
    fn lock(&self) -> MutexGuard<'_, Open> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        open.sessions.retain(|_, session| {
            now.duration_since(session.used) < self.idle
                && now.duration_since(session.opened) < self.max_age
        });
        open
    }
}

/// 128 random bits.
fn secret() -> String {
    let mut bytes = [0_u8; 16];
    rand::rng().fill(&mut bytes[..]);
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn hash(handle: &str) -> [u8; 32] {
    Sha256::digest(handle.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::accounts::Role;
    use crate::action::Action;

    fn account(name: &str) -> Account {
        Account {
            name: name.to_owned(),
            role: Role::Admin,
            token_sha256: "0".repeat(64),
            since: String::new(),
        }
    }

    #[test]
    fn a_session_ends_without_use_and_at_its_age() {
        let sessions = Sessions::new(Duration::from_millis(200), Duration::from_secs(60));
        let handle = sessions.open(&account("ada"), [127, 0, 0, 1].into());
        assert_eq!(sessions.find(&handle, true).unwrap().account, "ada");
        assert!(sessions.find("0", true).is_none());
        std::thread::sleep(Duration::from_millis(120));
        // A page that keeps itself up to date is no use.
        assert!(sessions.find(&handle, false).is_some());
        std::thread::sleep(Duration::from_millis(120));
        assert!(sessions.find(&handle, false).is_none());
        let old = Sessions::new(Duration::from_secs(60), Duration::from_millis(50));
        let handle = old.open(&account("ada"), [127, 0, 0, 1].into());
        std::thread::sleep(Duration::from_millis(60));
        assert!(old.find(&handle, true).is_none());
    }

    #[test]
    fn sessions_are_ended_one_by_one_and_have_secrets_of_their_own() {
        let sessions = Sessions::new(Duration::from_secs(60), Duration::from_secs(60));
        let handles =
            ["ada", "kim"].map(|name| sessions.open(&account(name), [127, 0, 0, 1].into()));
        let [ada, kim] = handles
            .each_ref()
            .map(|handle| sessions.find(handle, true).unwrap());
        assert_ne!(ada.form, kim.form);
        assert_eq!(sessions.list().len(), 2);
        assert_eq!(sessions.end_number(kim.number).as_deref(), Some("kim"));
        assert_eq!(sessions.end_number(kim.number), None);
        assert!(sessions.find(&handles[1], true).is_none());
        sessions.end(&handles[0]);
        assert!(sessions.list().is_empty());
    }

    #[test]
    fn what_was_reviewed_is_done_once_and_by_its_own_session() {
        let sessions = Sessions::new(Duration::from_secs(60), Duration::from_secs(60));
        let handles =
            ["ada", "kim"].map(|name| sessions.open(&account(name), [127, 0, 0, 1].into()));
        let [ada, kim] = handles.map(|handle| sessions.find(&handle, true).unwrap().number);
        let reviewed = || Reviewed {
            action: Action::BeginDay,
            reason: "month end".to_owned(),
        };
        let id = sessions.keep(ada, reviewed()).unwrap();
        assert!(sessions.take(kim, &id).is_none());
        assert!(sessions.take(ada, &id).is_some());
        assert!(sessions.take(ada, &id).is_none());
        for _ in 0..=REVIEWED_MAX {
            sessions.keep(ada, reviewed());
        }
        let open = sessions.lock();
        let kept = open.sessions.values().map(|session| session.reviewed.len());
        assert_eq!(kept.max(), Some(REVIEWED_MAX));
    }
}
