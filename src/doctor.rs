//! `tessera doctor`: in which framing and packing a message was sent, and the lines of a profile that accept it.

use anyhow::{Result, bail};
use clap::Args;
use tessera_console::print;
use tessera_inspect::{Verdict, diagnose};
use tessera_protocol::Secrets;

use crate::input;

/// Says in which framing and packing a captured message is, what it says, and which lines of a profile accept it
///
/// Takes all that `tessera decode` takes; the message with what stands in front of it, as captured. Exits with 1 where that is no good message.
#[derive(Args)]
pub struct Doctor {
    /// Text, a file, or - for the standard input
    #[arg(value_name = "TEXT | FILE | -", default_value = "-")]
    input: Vec<String>,
    /// Shows card numbers and other sensitive values
    #[arg(long)]
    unmask: bool,
}

impl Doctor {
    /// Prints what it looks like.
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
