//! `tessera audit`.

use std::path::PathBuf;
use std::process::ExitCode;

use tessera_console::print;
use tessera_reports::audit::audit;

/// Proves from the journal that no money appeared or vanished; also while the switch runs
#[derive(clap::Args)]
pub struct Audit {
    /// The switch's configuration
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// The folder of journal and store, in place of the configured one
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
}

impl Audit {
    /// Exit code 1 and the first violation where there is one.
    pub fn run(self) -> anyhow::Result<ExitCode> {
        let settings = crate::switch::read_with_journal(&self.config, self.data)?;
        Ok(match audit(&settings.data) {
            Ok(totals) => {
                print(format_args!(
                    "{totals}\naudit: every event balances, no wallet is overdrawn, the totals agree\n"
                ))?;
                ExitCode::SUCCESS
            }
            Err(violation) => {
                print(format_args!("audit: VIOLATION: {violation}\n"))?;
                ExitCode::from(1)
            }
        })
    }
}
