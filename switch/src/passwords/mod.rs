//! Passwords are checked and hashed on threads of their own: one takes as long as a hundred thousand decisions.
//!
//! In come requests that a wallet has sent here with what it knows of its password; out go the same requests to the
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
use tessera_admission::Requester;
use tessera_ledger::{Ask, Claims, Command, Proof, WalletId};

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
    /// The hash that the password must fit; none where there is no account, which takes as long.
    pub stored: Option<Box<str>>,
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
        give_back: Return,
    ) -> io::Result<Self> {
        let digester = Digester::new().ok_or_else(|| io::Error::other("no random numbers"))?;
        let shared = Arc::new(Shared {
            throttle,
            digester,
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
                self.shared.prove(job, false, None);
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
    /// A registration guesses no account's password; it counts for the address alone.
    fn try_of(&self, job: &Job) -> Try {
        let none = Claims::default();
        let claims = job.ask.claims.as_deref().unwrap_or(&none);
        let digest = self
            .digester
            .digest(job.wallet, &job.ask.opening.key, claims);
        let account = (!job.ask.action.registers()).then_some(job.wallet);
        self.throttle
            .try_of(account, claims.address.as_ref(), digest)
    }

    fn settle(&self, one: &Try, settled: Settled) {
        self.throttle.settle(one, settled, Instant::now());
    }

    /// Gives a request back with what was found; it holds its passwords no longer.
    fn prove(&self, mut job: Job, right: bool, new_hash: Option<Box<str>>) {
        if let Some(claims) = &mut job.ask.claims {
            claims.password = None;
            claims.new_password = None;
            claims.proof = Some(Proof {
                of: job.stored.take(),
                right,
                new_hash,
            });
        }
        self.give_back(job);
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
    let (right, new_hash) = match &job.ask.claims {
        Some(claims) => find(hasher, claims, job.stored.as_deref(), registers),
        None => (false, None),
    };
    let settled = match right && !registers {
        true => Settled::Right,
        false => Settled::Counts,
    };
    shared.settle(&one, settled);
    shared.prove(job, right, new_hash);
    let waited = shared.waiting().take(wallet);
    for job in waited {
        shared.give_back(job);
    }
}

/// Whether the password is right, and the hash of the one to be.
fn find(
    hasher: &mut Hasher,
    claims: &Claims,
    stored: Option<&str>,
    registers: bool,
) -> (bool, Option<Box<str>>) {
    let right = match &claims.password {
        Some(password) => hasher.fits(password.expose(), stored),
        None => registers,
    };
    let new = claims.new_password.as_ref().filter(|_| right);
    let new_hash = new.and_then(|password| hasher.hash(password.expose()));
    (right, new_hash)
}

#[cfg(test)]
mod tests;
