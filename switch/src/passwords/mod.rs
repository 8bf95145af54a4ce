//! Passwords are checked and hashed on threads of their own: one takes as long as a hundred thousand decisions.
//!
//! In come requests that a wallet has sent here with what it knows of its password or passkey; out go the same requests to the
//! same wallet, with a proof. What never happens here: a password is kept, an unknown account is answered
//! faster than a known one, or a request counts as a guess whose password is not checked.

mod attempt;
mod hash;
mod throttle;

use std::io;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use hashbrown::HashMap;

use attempt::Digester;
use hash::Hasher;
use throttle::{Settled, Try, Verdict};
pub use throttle::{Throttle, ThrottleSettings};

use crate::message::WalletMessage;
use crate::passkeys::{Passkeys, bound};
use tessera_admission::Requester;
use tessera_kit::clock;
use tessera_ledger::{Ask, Claims, Command, Proof, Rule, Secret, ShownPasskey, WalletId};

/// Requests of one account that wait for its tries under way: what a payer's impatient clicks come to.
const WAITING_OF_ACCOUNT_MAX: usize = 16;

/// A request whose passwords are to be checked.
#[derive(Debug)]
pub struct Job {
    /// The wallet of the account.
    pub wallet: WalletId,
    /// The request that goes back to the wallet with the proof.
    pub ask: Box<Ask>,
    /// The requester that waits for the answer.
    pub requester: Requester,
    /// What the request is compared with.
    pub stored: Stored,
}

/// What a request is compared with.
#[derive(Debug)]
pub enum Stored {
    /// The hash that the password must fit; none where there is no account, which takes as long.
    Password(Option<Box<str>>),
    /// The number, the id and the public key of the passkey that must have signed.
    Passkey(u32, Secret),
}

/// Why a request's passwords are not checked now. It did not count as a guess.
#[derive(Debug)]
pub enum Refused {
    /// Too many wait.
    Busy(Box<Job>),
    /// Too many were wrong: not before this time has passed.
    TooEarly(Box<Job>, Duration),
}

/// Takes a request back to its wallet.
pub type Return = Arc<dyn Fn(WalletId, WalletMessage) + Send + Sync>;

/// The way to the threads; cheap to clone.
#[derive(Clone)]
pub struct Passwords {
    jobs: SyncSender<(Try, Job)>,
    shared: Arc<Shared>,
}

struct Shared {
    throttle: Throttle,
    digester: Digester,
    /// Looks at what passkeys have signed; none where they are not configured.
    passkeys: Option<Arc<Passkeys>>,
    waiting: Mutex<Waiting>,
    waiting_max: usize,
    give_back: Return,
}

/// Requests that wait until a try of their account is settled.
#[derive(Default)]
struct Waiting {
    of: HashMap<WalletId, Vec<Job>>,
    count: usize,
}

impl Passwords {
    /// Starts so many threads; so many requests may wait for them. They end with the last clone of what is returned.
    ///
    /// # Errors
    /// When the system gives no threads or no random numbers.
    pub fn start(
        threads: usize,
        waiting_max: usize,
        throttle: Throttle,
        passkeys: Option<Arc<Passkeys>>,
        give_back: Return,
    ) -> io::Result<Self> {
        let digester = Digester::new().ok_or_else(|| io::Error::other("no random numbers"))?;
        let shared = Arc::new(Shared {
            throttle,
            digester,
            passkeys,
            waiting: Mutex::default(),
            waiting_max,
            give_back,
        });
        let (jobs, taken) = sync_channel(waiting_max);
        let taken = Arc::new(Mutex::new(taken));
        for _ in 0..threads.max(1) {
            let (taken, shared) = (Arc::clone(&taken), Arc::clone(&shared));
            std::thread::Builder::new()
                .name("passwords".into())
                .spawn(move || work(&taken, &shared))?;
        }
        Ok(Self { jobs, shared })
    }

    /// Hands a request over.
    ///
    /// # Errors
    /// With the request, where its passwords can't be checked now.
    pub fn submit(&self, job: Job) -> Result<(), Refused> {
        let one = self.shared.try_of(&job);
        // Held until the job stands somewhere: a try that is settled meanwhile finds it.
        let mut waiting = self.shared.waiting();
        match self.shared.throttle.reserve(&one, Instant::now()) {
            Verdict::Check => self.jobs.try_send((one, job)).map_err(|error| {
                let (TrySendError::Full((_, job)) | TrySendError::Disconnected((_, job))) = error;
                self.shared.settle(&one, Settled::NotChecked);
                Refused::Busy(Box::new(job))
            }),
            Verdict::KnownWrong => {
                drop(waiting);
                let found = self.shared.known_wrong(&job);
                self.shared.prove(job, found);
                Ok(())
            }
            Verdict::Wait => waiting
                .add(job, self.shared.waiting_max)
                .map_err(Refused::Busy),
            Verdict::TooEarly(wait) => Err(Refused::TooEarly(Box::new(job), wait)),
        }
    }
}

impl Shared {
    /// A registration guesses no account's password; it counts for the address alone. So does a passkey: a signature is not
    /// guessed, and nobody who knows an identification number can keep its passkeys from working.
    fn try_of(&self, job: &Job) -> Try {
        let none = Claims::default();
        let claims = job.ask.claims.as_deref().unwrap_or(&none);
        let digest = self
            .digester
            .digest(job.wallet, &job.ask.opening.key, claims);
        if matches!(job.stored, Stored::Passkey(..)) {
            return self
                .throttle
                .try_of_passkey(claims.address.as_ref(), digest);
        }
        let account = (!job.ask.action.registers()).then_some(job.wallet);
        self.throttle
            .try_of(account, claims.address.as_ref(), digest)
    }

    fn settle(&self, one: &Try, settled: Settled) {
        self.throttle.settle(one, settled, Instant::now());
    }

    fn known_wrong(&self, job: &Job) -> Found {
        Found {
            right: false,
            new_hash: None,
            passkey: match job.stored {
                Stored::Password(_) => None,
                Stored::Passkey(..) => Some(ShownPasskey::Refused(Rule::WrongPasskey)),
            },
        }
    }

    /// Gives a request back with what was found; it holds its passwords no longer.
    fn prove(&self, mut job: Job, found: Found) {
        if let Some(claims) = &mut job.ask.claims {
            claims.password = None;
            claims.new_password = None;
            claims.proof = Some(Proof {
                of: match &mut job.stored {
                    Stored::Password(stored) => stored.take(),
                    Stored::Passkey(..) => None,
                },
                right: found.right,
                new_hash: found.new_hash,
            });
            claims.passkey = found.passkey;
        }
        self.give_back(job);
    }

    fn look_at(&self, job: &Job, claims: &Claims, passkey: (u32, &Secret)) -> ShownPasskey {
        let checked = match (&self.passkeys, &claims.assertion) {
            (Some(passkeys), Some(assertion)) => {
                let session = claims.session.map(|session| bound(job.wallet, session));
                let key = &job.ask.opening.key;
                passkeys.check(passkey, assertion, session, key, clock::now())
            }
            _ => Err(Rule::PasskeysNotConfigured),
        };
        match checked {
            Ok(used) => ShownPasskey::Fits(used),
            Err(rule) => ShownPasskey::Refused(rule),
        }
    }

    fn give_back(&self, job: Job) {
        let message = WalletMessage::asked(Command::Ask(job.ask), job.requester);
        (self.give_back)(job.wallet, message);
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Waiting {
    fn add(&mut self, job: Job, most: usize) -> Result<(), Box<Job>> {
        let full = self.count >= most;
        let jobs = self.of.entry(job.wallet).or_default();
        if full || jobs.len() >= WAITING_OF_ACCOUNT_MAX {
            return Err(Box::new(job));
        }
        jobs.push(job);
        self.count += 1;
        Ok(())
    }

    fn take(&mut self, wallet: WalletId) -> Vec<Job> {
        let jobs = self.of.remove(&wallet).unwrap_or_default();
        self.count -= jobs.len();
        jobs
    }
}

fn work(taken: &Mutex<Receiver<(Try, Job)>>, shared: &Shared) {
    // Purchases go before: a payer who signs in can wait for a moment longer. Where the system does not allow
    // it, nothing is lost but that.
    let _ = rustix::process::setpriority_process(None, 10);
    let mut hasher = Hasher::new();
    loop {
        let next = taken.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok((one, job)) = next else { return };
        check(&mut hasher, shared, one, job);
    }
}

/// Checks the passwords of a request and gives it back, and after it those that waited for it: they are repeats of it that the
/// wallet can answer now, or they come here again.
fn check(hasher: &mut Hasher, shared: &Shared, one: Try, job: Job) {
    let wallet = job.wallet;
    let registers = job.ask.action.registers();
    let found = find(hasher, shared, &job);
    let settled = match found.passkey {
        // It took too long, or the form was sent again: that is no try to get in.
        Some(ShownPasskey::Refused(Rule::PasskeyTooLate)) => Settled::NotChecked,
        _ if found.right && !registers => Settled::Right,
        _ => Settled::Counts,
    };
    shared.settle(&one, settled);
    shared.prove(job, found);
    let waited = shared.waiting().take(wallet);
    for job in waited {
        shared.give_back(job);
    }
}

/// What was found of a request.
struct Found {
    /// The password, or the passkey's signature, is right.
    right: bool,
    /// The hash of the password to be.
    new_hash: Option<Box<str>>,
    /// What a passkey has signed.
    passkey: Option<ShownPasskey>,
}

fn find(hasher: &mut Hasher, shared: &Shared, job: &Job) -> Found {
    let none = Claims::default();
    let claims = job.ask.claims.as_deref().unwrap_or(&none);
    let (right, passkey) = match &job.stored {
        Stored::Password(stored) => {
            let right = match &claims.password {
                Some(password) => hasher.fits(password.expose(), stored.as_deref()),
                None => job.ask.action.registers(),
            };
            (right, None)
        }
        Stored::Passkey(number, material) => {
            let shown = shared.look_at(job, claims, (*number, material));
            (matches!(shown, ShownPasskey::Fits(_)), Some(shown))
        }
    };
    let new = claims.new_password.as_ref().filter(|_| right);
    Found {
        right,
        new_hash: new.and_then(|password| hasher.hash(password.expose())),
        passkey,
    }
}

#[cfg(test)]
mod tests;
