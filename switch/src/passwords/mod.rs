//! Passwords: looked at and hashed on threads of their own, as that takes as long as a hundred thousand decisions.
//!
//! In come requests that a wallet has sent here with what it knows of its password; out go the same requests to the
//! same wallet, with a proof. What never happens here: a password is kept, or an unknown account answered
//! faster than a known one.

mod hash;
mod throttle;

use std::io;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};

use hash::Hasher;
pub use throttle::{Throttle, ThrottleSettings};

use crate::door::Asker;
use crate::wallet::{Ask, Claims, Command, Proof, Tell, WalletId};

/// A request whose passwords are to be looked at.
#[derive(Debug)]
pub struct Job {
    /// Whose.
    pub wallet: WalletId,
    /// What is asked.
    pub ask: Box<Ask>,
    /// Who asks.
    pub asker: Asker,
    /// The hash that the password must fit; none where there is no account, which takes as long.
    pub stored: Option<Box<str>>,
}

/// Takes a request back to its wallet.
pub type Return = Arc<dyn Fn(WalletId, Tell) + Send + Sync>;

/// The way to the threads; cheap to clone.
#[derive(Clone)]
pub struct Passwords {
    jobs: SyncSender<Job>,
    throttle: Arc<Throttle>,
}

impl Passwords {
    /// Starts so many threads; so many requests may wait for them. They end with the last clone of what is returned.
    ///
    /// # Errors
    /// When the system gives no threads.
    pub fn start(
        threads: usize,
        waiting_max: usize,
        throttle: Arc<Throttle>,
        give_back: Return,
    ) -> io::Result<Self> {
        let (jobs, taken) = sync_channel(waiting_max);
        let taken = Arc::new(Mutex::new(taken));
        for _ in 0..threads.max(1) {
            let (taken, throttle) = (Arc::clone(&taken), Arc::clone(&throttle));
            let give_back = Arc::clone(&give_back);
            std::thread::Builder::new()
                .name("passwords".into())
                .spawn(move || work(&taken, &throttle, &give_back))?;
        }
        Ok(Self { jobs, throttle })
    }

    /// Hands a request over; it comes back where too many wait, and is no try then.
    ///
    /// # Errors
    /// With the request.
    pub fn submit(&self, job: Job) -> Result<(), Box<Job>> {
        self.jobs.try_send(job).map_err(|error| {
            let (TrySendError::Full(job) | TrySendError::Disconnected(job)) = error;
            let claims = job.ask.claims.as_ref();
            let address = claims.and_then(|claims| claims.address.as_ref());
            self.throttle.take_back(job.wallet, address);
            Box::new(job)
        })
    }
}

fn work(taken: &Mutex<Receiver<Job>>, throttle: &Throttle, give_back: &Return) {
    // Purchases go before: a payer who signs in can wait for a moment longer. Where the system does not allow
    // it, nothing is lost but that.
    let _ = rustix::process::setpriority_process(None, 10);
    let mut hasher = Hasher::new();
    loop {
        let next = taken.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(mut job) = next else { return };
        let registers = job.ask.action.registers();
        let Some(claims) = &mut job.ask.claims else {
            continue;
        };
        let proof = prove(&mut hasher, claims, job.stored, registers);
        if proof.right && claims.password.is_some() {
            throttle.forgive(job.wallet, claims.address.as_ref());
        }
        claims.password = None;
        claims.new_password = None;
        claims.proof = Some(proof);
        let tell = Tell {
            command: Command::Ask(job.ask),
            asker: Some(job.asker),
        };
        give_back(job.wallet, tell);
    }
}

fn prove(hasher: &mut Hasher, claims: &Claims, stored: Option<Box<str>>, registers: bool) -> Proof {
    let right = match &claims.password {
        Some(password) => hasher.fits(password.expose(), stored.as_deref()),
        None => registers,
    };
    let new = claims.new_password.as_ref().filter(|_| right);
    let new_hash = new.and_then(|password| hasher.hash(password.expose()));
    Proof {
        of: stored,
        right,
        new_hash,
    }
}
