//! A run: who pays, which cases are played, all of them side by side, each with a payer to itself.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::{Condvar, Mutex};
use std::time::{Duration, Instant};

use tessera_common::addresses::Addresses;

use super::agreed::Agreed;
use super::bed::Bed;
use super::case::Case;
use super::connection::Target;
use super::fill::{Clock, Filler};
use super::keys::{Key, Keys};
use super::message::{inquiry, purchase};
use super::needs::{Offers, missing};
use super::party::{Kind, Party};
use super::payer::Payer;
use super::play::play;
use super::report::{Outcome, Report, Result as CaseResult};
use super::wallet_line::WalletLine;

/// Cases that are played at once: most wait for an answer, or for the end of a connection's time.
const AT_ONCE: usize = 12;

/// The options of a run.
pub struct Options {
    /// Where.
    pub target: Target,
    /// Who.
    pub party: Party,
    /// Who may pay. Cases that move money take one for themselves; with more of them, more go on at once.
    pub payers: Vec<Payer>,
    /// Where payers agree to orders; malls only.
    pub wallet_line: Option<WalletLineOptions>,
    /// Whether the target plays the sandbox, for a mall with payers who agree by themselves.
    pub sandbox: bool,
    /// Whether cases of minutes are played.
    pub long: bool,
    /// The cases to play; all of them if empty.
    pub only: Vec<String>,
    /// The longest that an answer may take.
    pub answer_within: Duration,
    /// Field 41; unique if not stated.
    pub terminal: Option<String>,
}

/// The wallet server's line.
#[derive(Debug, Clone)]
pub struct WalletLineOptions {
    /// Tried in turn.
    pub addresses: Addresses,
    /// The folder of wallet-server.pem, wallet-server.key and ca.pem.
    pub certificates: PathBuf,
}

/// Plays the cases; `Err` where not even a sign-on succeeds.
pub fn run(options: &Options, all: Vec<Case>) -> Result<Report, String> {
    let began = Instant::now();
    let clock = Clock::start();
    let terminal = options
        .terminal
        .clone()
        .unwrap_or_else(|| format!("C{}", clock.tag()));
    let wallet_line = match (&options.wallet_line, options.party.kind) {
        (Some(line), Kind::Mall) => Some(
            WalletLine::new(line.addresses.clone(), &line.certificates)
                .map_err(|error| error.to_string())?,
        ),
        _ => None,
    };
    let bed = Bed {
        party: &options.party,
        keys: Keys::of(&options.party),
        target: &options.target,
        terminal: &terminal,
        clock: &clock,
        wallet_line: wallet_line.as_ref(),
        payers_agree: options.sandbox && wallet_line.is_none(),
        answer_within: options.answer_within,
        apart: Mutex::new(None),
    };
    // One that was killed may have left the party with another key.
    let restored = options.party.wrapping.is_some() && bed.restore_key() == Ok(true);
    *bed.apart.lock().map_err(|_| "broken".to_owned())? = Some(bed.signed_on(Key::Profile)?);
    let payers = payers(&bed, &options.payers);
    let offers = Offers {
        no_payer: payers.as_ref().err().cloned(),
        sandbox: options.sandbox,
        long: options.long,
    };
    let cases = chosen(all, &options.only)?;
    let mut results: Vec<Option<CaseResult>> = Vec::new();
    let (mut together, mut alone) = (VecDeque::new(), Vec::new());
    for (at, case) in cases.iter().enumerate() {
        results.push(
            missing(case, &options.party, &offers).map(|why| CaseResult {
                case: case.clone(),
                outcome: Outcome::Skipped(why),
                transcript: Vec::new(),
                took: Duration::ZERO,
            }),
        );
        if results[at].is_some() {
            continue;
        }
        match case.is_alone() {
            true => alone.push(at),
            // What has to wait for the end of a time begins first.
            false if case.is_slow() => together.push_front(at),
            false => together.push_back(at),
        }
    }
    let till = Till::new(payers.unwrap_or_default());
    let results = Mutex::new(results);
    let together = Mutex::new(together);
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some(at) = together.lock().ok().and_then(|mut queue| queue.pop_front()) {
                    let result = play_one(&bed, &cases[at], &till);
                    if let Ok(mut results) = results.lock() {
                        results[at] = Some(result);
                    }
                }
            });
        }
    });
    for at in alone {
        // The party has no other connection.
        if let Ok(mut apart) = bed.apart.lock() {
            *apart = None;
        }
        let result = play_one(&bed, &cases[at], &till);
        if let Ok(mut results) = results.lock() {
            results[at] = Some(result);
        }
    }
    let results = results
        .into_inner()
        .map_err(|_| "a case has panicked".to_owned())?;
    Ok(Report {
        heading: format!(
            "Certification of {} ({}) at {}{}",
            options.party.code,
            match options.party.kind {
                Kind::Mall => "a mall",
                Kind::Acquirer => "an acquirer",
            },
            options.target.addresses,
            match restored {
                true =>
                    "\nAn earlier run has left the party with another MAC key: that of the profile counts again",
                false => "",
            }
        ),
        results: results.into_iter().flatten().collect(),
        took: began.elapsed(),
    })
}

fn play_one(bed: &Bed<'_>, case: &Case, till: &Till) -> CaseResult {
    let payer = match case.has_payer() {
        true => till.take(),
        false => Payer::default(),
    };
    let began = Instant::now();
    let played = play(bed, case, &payer);
    if case.has_payer() {
        till.give_back(payer);
    }
    CaseResult {
        case: case.clone(),
        outcome: match played.faults.is_empty() {
            true => Outcome::Passed,
            false => Outcome::Failed(played.faults),
        },
        transcript: played.transcript,
        took: began.elapsed(),
    }
}

/// The cases of these numbers or sections; all of them where none is named. `Err` names what is no case.
pub fn chosen(all: Vec<Case>, only: &[String]) -> Result<Vec<Case>, String> {
    let fits = |case: &Case, wanted: &str| case.number == wanted || case.section() == wanted;
    for wanted in only {
        if !all.iter().any(|case| fits(case, wanted)) {
            return Err(format!("there is no case {wanted}"));
        }
    }
    let wanted = |case: &Case| only.is_empty() || only.iter().any(|number| fits(case, number));
    Ok(all.into_iter().filter(wanted).collect())
}

/// Those who can pay; in words why nobody can.
fn payers(bed: &Bed<'_>, given: &[Payer]) -> Result<Vec<Payer>, String> {
    if bed.party.kind == Kind::Mall {
        let Some(line) = bed.wallet_line else {
            return payers_of_sandbox(bed);
        };
        let mut why = "no wallet was named".to_owned();
        let usable = given.iter().filter(|payer| {
            let balance = line.balance(bed.clock, payer.wallet);
            balance
                .as_ref()
                .map_err(|fault| why.clone_from(fault))
                .is_ok_and(|(_, available)| *available > 0)
        });
        let usable: Vec<_> = usable.cloned().collect();
        return if usable.is_empty() {
            Err(format!("no wallet has money: {why}"))
        } else {
            Ok(usable)
        };
    }
    if !bed.party.may_inquire() {
        return Ok(given.to_vec());
    }
    let mut codes = Vec::new();
    let mut usable = Vec::new();
    for payer in given {
        let seen = bed.ask_apart(&bed.filler(payer).fill(&inquiry()))?;
        match seen.additional_amount("02") {
            Some(available) if available > 0 => usable.push(payer.clone()),
            Some(available) => codes.push(format!("{available} available")),
            None => codes.push(seen.text(39).unwrap_or("without a code").to_owned()),
        }
    }
    match usable.is_empty() {
        true => Err(format!(
            "none of the cards can pay: their inquiries were answered {}",
            codes.join(", ")
        )),
        false => Ok(usable),
    }
}

/// As many payers as cases are played at once: those of a sandbox agree to orders by themselves. In words why there are none.
fn payers_of_sandbox(bed: &Bed<'_>) -> Result<Vec<Payer>, String> {
    if !bed.payers_agree {
        return Err(
            "nobody agrees to its orders: play against a sandbox (--sandbox), or name the wallet server's line (--wallet-line, --certs)"
                .to_owned(),
        );
    }
    let payer = Payer::default();
    let filler = Filler {
        case: "probe",
        agreed: &[Agreed::MISFIT],
        ..bed.filler(&payer)
    };
    let seen = bed.ask_apart(&filler.fill(&purchase(1)))?;
    match seen.text(39) {
        Some("13") => Ok(vec![payer; AT_ONCE]),
        code => Err(format!(
            "no payer of the sandbox agrees by itself: a purchase was answered {} instead of 13. Are its test cards provisioned \
             (tessera provision --test-cards), and is sandbox.play true?",
            code.unwrap_or("without a code")
        )),
    }
}

/// Payers, each with one case at a time.
struct Till {
    free: Mutex<Vec<Payer>>,
    given_back: Condvar,
}

impl Till {
    fn new(payers: Vec<Payer>) -> Self {
        Self {
            free: Mutex::new(payers),
            given_back: Condvar::new(),
        }
    }

    /// Waits until one is free. There is at least one, or no case needs any.
    fn take(&self) -> Payer {
        let Ok(mut free) = self.free.lock() else {
            return Payer::default();
        };
        loop {
            if let Some(payer) = free.pop() {
                return payer;
            }
            free = match self.given_back.wait(free) {
                Ok(free) => free,
                Err(_) => return Payer::default(),
            };
        }
    }

    fn give_back(&self, payer: Payer) {
        if let Ok(mut free) = self.free.lock() {
            free.push(payer);
        }
        self.given_back.notify_one();
    }
}
