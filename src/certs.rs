//! `tessera certs`.

use std::path::PathBuf;

use tessera_console::print;
use tessera_simulators::certs;

/// Makes development certificates: authority, host, switch and wallet server
#[derive(clap::Args)]
pub struct Certs {
    /// The folder for them; it is made if it is not there
    dir: PathBuf,
    /// Renew all of them, also those that are there
    #[arg(long)]
    force: bool,
}

impl Certs {
    /// Says about each certificate what became of it.
    pub fn run(self) -> anyhow::Result<()> {
        for outcome in certs::write(&self.dir, self.force)? {
            let certificate = outcome.certificate.display();
            if outcome.written {
                print(format_args!("written  {certificate}\n"))?;
            } else {
                print(format_args!(
                    "kept     {certificate} (it was there; --force renews it)\n"
                ))?;
            }
        }
        Ok(())
    }
}
