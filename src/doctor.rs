//! `tessera doctor`: in which framing and packing a message was sent, and the lines of a profile that accept it.

use anyhow::{Result, bail};
use clap::Args;
use tessera_console::print;
use tessera_inspect::{Verdict, diagnose};
use tessera_protocol::Secrets;

use crate::input;

/// Find the framing and packing of a captured message
///
/// Prints its fields, and the lines of a profile that accept it.
/// Reads the same input as `tessera decode`; include the bytes in front of the message, as captured. Exits with 1 if it
/// is not a well-formed message.
#[derive(Args)]
pub struct Doctor {
    /// Text, a file, or - for the standard input
    #[arg(value_name = "TEXT | FILE | -", default_value = "-")]
    input: Vec<String>,
    /// Show card numbers and other sensitive values
    #[arg(long)]
    unmask: bool,
}

impl Doctor {
    /// Prints the dialect and the fields.
    pub fn run(&self) -> Result<()> {
        let input = input::read(&self.input)?;
        let finding = diagnose(&input, Secrets::unless(self.unmask))?;
        print(&finding.text)?;
        match finding.verdict {
            Verdict::Good => Ok(()),
            _ => bail!("no good message"),
        }
    }
}
