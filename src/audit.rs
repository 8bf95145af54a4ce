//! `tessera audit`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use serde_json::json;
use tessera_common::bounded;
use tessera_console::{errors_are_terminal, note, overwrite, print};
use tessera_protocol::mask_card_numbers;
use tessera_reports::audit::{
    Audit as Proof, Progress, ResultError, ResultHash, Totals, Violation, WALLET_BYTES_MAX,
};

use crate::switch::Configured;

/// The exit code of an audit that could not read what it has to.
const INCOMPLETE: u8 = 3;

/// How often progress is shown on a terminal, and elsewhere.
const ON_TERMINAL: Duration = Duration::from_millis(200);
const ELSEWHERE: Duration = Duration::from_secs(10);

/// Prove from the journal that no money appeared or vanished
///
/// Also while the switch runs.
#[derive(clap::Args)]
pub struct Audit {
    #[command(flatten)]
    configured: Configured,
    /// Write what was proven to this file, so that the next audit can begin there
    #[arg(long, value_name = "FILE")]
    result: Option<PathBuf>,
    /// Begin where the audit ended that wrote this file, which may be the same as --result
    #[arg(long, value_name = "FILE")]
    since: Option<PathBuf>,
    /// Print the opening balances of a journal of which segments were deleted, for an operator to sign
    #[arg(long, conflicts_with_all = ["result", "since", "attested"])]
    attest: bool,
    /// The SHA-256 of the opening balances that an operator has signed, or a file that begins with it. Others are refused
    #[arg(long, value_name = "SHA256|FILE", value_parser = attested, conflicts_with = "since")]
    attested: Option<ResultHash>,
    /// What wallets in memory may take. With less, the journal is read more often
    #[arg(long, value_name = "MIB", default_value_t = (WALLET_BYTES_MAX >> 20) as u64, value_parser = clap::value_parser!(u64).range(1..=1 << 20))]
    memory: u64,
    /// Print the totals as JSON
    #[arg(long, conflicts_with = "attest")]
    json: bool,
}

impl Audit {
    /// Exit code 1 and a violation where there is one; [`INCOMPLETE`] where that could not be found out.
    pub fn run(self) -> anyhow::Result<ExitCode> {
        let (attest, as_json) = (self.attest, self.json);
        let error = match self.prove() {
            Ok(Ok(totals)) if attest => {
                let hash = totals.since.map(|(_, hash)| hash.to_string());
                print(format_args!(
                    "{}\n\nOpening balances of the journal\n{totals}\n",
                    hash.unwrap_or_default()
                ))?;
                return Ok(ExitCode::SUCCESS);
            }
            Ok(Ok(totals)) if as_json => {
                print(serde_json::to_string_pretty(&totals.json())? + "\n")?;
                return Ok(ExitCode::SUCCESS);
            }
            Ok(Ok(totals)) => {
                print(format_args!(
                    "{totals}\naudit: every event balances, no wallet is overdrawn, the totals agree\n"
                ))?;
                return Ok(ExitCode::SUCCESS);
            }
            Ok(Err(violation)) if violation.is_in_the_journal() => {
                if as_json {
                    let found = json!({ "violation": violation.to_string() });
                    print(serde_json::to_string_pretty(&found)? + "\n")?;
                    return Ok(ExitCode::from(1));
                }
                print(format_args!("audit: VIOLATION: {violation}\n"))?;
                return Ok(ExitCode::from(1));
            }
            Ok(Err(error)) => error.into(),
            Err(error) => error,
        };
        let text = format!("audit: not completed, nothing is proven: {error:#}");
        // Digits of a SHA-256 can look like a card number, and an operator compares all of them.
        let is_about_hashes = matches!(
            error.downcast_ref(),
            Some(Violation::Result(ResultError::NotAttested { .. }))
        );
        match is_about_hashes {
            true => note(text),
            false => note(mask_card_numbers(&text)),
        }
        Ok(ExitCode::from(INCOMPLETE))
    }

    fn prove(self) -> anyhow::Result<Result<Totals, Violation>> {
        let settings = self.configured.settings_with_journal()?;
        let journal = tessera_switch::journal_to_read(&settings)?;
        let mut display = Display::new();
        let proof = Proof::of(&journal)
            .since(self.since)
            .with_result(self.result)
            .with_wallet_bytes_max((self.memory as usize) << 20)
            .with_attested(self.attested)
            .with_progress(|progress| display.show(progress));
        let outcome = match self.attest {
            true => proof.opening(),
            false => proof.run(),
        };
        display.end();
        Ok(outcome)
    }
}

/// A SHA-256, or the first word of a file.
fn attested(text: &str) -> Result<ResultHash, String> {
    let wrong = match text.parse() {
        Ok(hash) => return Ok(hash),
        Err(wrong) => wrong,
    };
    let Ok(file) = bounded::text_file(Path::new(text)) else {
        return Err(wrong);
    };
    file.split_whitespace().next().unwrap_or_default().parse()
}

/// A line on standard error that says how far it is; none of an audit that is soon over.
struct Display {
    terminal: bool,
    next: Instant,
    shown: bool,
}

impl Display {
    fn new() -> Self {
        let terminal = errors_are_terminal();
        let every = if terminal { ON_TERMINAL } else { ELSEWHERE };
        Self {
            terminal,
            next: Instant::now() + every,
            shown: false,
        }
    }

    fn show(&mut self, progress: Progress) {
        let now = Instant::now();
        if now < self.next {
            return;
        }
        let Progress {
            pass,
            journal_bytes,
            wallets,
        } = progress;
        let line = format!(
            "audit: pass {pass}, {:.1} GiB of the journal read, for {}.{} % of the wallets",
            journal_bytes as f64 / f64::from(1 << 30),
            wallets / 10,
            wallets % 10
        );
        self.shown = true;
        match self.terminal {
            true => {
                self.next = now + ON_TERMINAL;
                overwrite(format_args!("\r{line}\x1b[K"));
            }
            false => {
                self.next = now + ELSEWHERE;
                note(line);
            }
        }
    }

    fn end(&self) {
        if self.terminal && self.shown {
            note("");
        }
    }
}
