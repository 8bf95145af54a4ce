//! `tessera certs`.

use std::path::PathBuf;

use tessera_console::print;
use tessera_simulators::certs;

/// Make development certificates
///
/// For an authority, the financial system, the switch and the wallet server.
#[derive(clap::Args)]
pub struct Certs {
    /// The folder for them; it is created if it does not exist
    dir: PathBuf,
    /// Renew all of them, also existing ones
    #[arg(long)]
    force: bool,
}

impl Certs {
    /// Prints the result for each certificate.
    pub fn run(self) -> anyhow::Result<()> {
        for outcome in certs::write(&self.dir, self.force)? {
            let certificate = outcome.certificate.display();
            if outcome.written {
                print(format_args!("written  {certificate}\n"))?;
            } else {
                print(format_args!(
                    "kept     {certificate} (it exists; --force renews it)\n"
                ))?;
            }
        }
        Ok(())
    }
}
