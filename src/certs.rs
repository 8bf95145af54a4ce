//! `tessera certs`.

use std::path::PathBuf;

use anyhow::{Context as _, Result, ensure};
use tessera_console::print;
use tessera_simulators::certs::{self, Outcome, PartySubject};

/// Make development certificates
///
/// For an authority, the financial system, the switch and the wallet server; with `--party`, of malls and acquirers.
#[derive(clap::Args)]
pub struct Certs {
    /// The folder for them; it is created if it does not exist
    dir: PathBuf,
    /// Make the certificate of the party with this institution code, signed by the authority of the folder; can be
    /// repeated
    #[arg(long = "party", value_name = "CODE")]
    parties: Vec<String>,
    /// A name or address in the certificate of the party (subject alternative name); can be repeated
    #[arg(long = "name", value_name = "NAME | ADDRESS", requires = "parties")]
    names: Vec<String>,
    /// Renew all of them, also existing ones; with --party, only those of the parties
    #[arg(long)]
    force: bool,
}

impl Certs {
    /// Prints the result for each certificate.
    pub fn run(self) -> Result<()> {
        let parties = self.parties.iter().map(|code| {
            let digits =
                (1..=11).contains(&code.len()) && code.bytes().all(|byte| byte.is_ascii_digit());
            ensure!(
                digits,
                "--party {code}: an institution code has 1 to 11 digits"
            );
            Ok(PartySubject {
                code: code.parse().context("an institution code")?,
                names: self.names.clone(),
            })
        });
        let parties = parties.collect::<Result<Vec<_>>>()?;
        let all = self.force && parties.is_empty();
        for outcome in certs::write(&self.dir, all)? {
            // Those of the others are not what was asked for, unless they are new.
            if parties.is_empty() || outcome.written {
                report(&outcome)?;
            }
        }
        for party in &parties {
            let outcome = certs::write_party(&self.dir, party, self.force)?;
            report(&outcome)?;
            if outcome.written {
                print(format_args!(
                    "         for [line] in its profile:\n         transport = \"tls\"\n         certificate_subject = \"{}\"\n",
                    party.subject()
                ))?;
            }
        }
        Ok(())
    }
}

fn report(outcome: &Outcome) -> Result<()> {
    let certificate = outcome.certificate.display();
    if outcome.written {
        print(format_args!("written  {certificate}\n"))?;
    } else {
        print(format_args!(
            "kept     {certificate} (it exists; --force renews it)\n"
        ))?;
    }
    Ok(())
}
