//! `tessera decode`: messages, pasted or captured, as people read them.

use anyhow::{Result, bail};
use clap::Args;
use tessera_console::print;
use tessera_inspect::Decoded;
use tessera_protocol::Secrets;

use crate::input;

/// Shows what a message says: every field with its name and meaning
///
/// Takes hexadecimal, with or without the two bytes of length and whatever stands between the bytes; dumps of hexdump,
/// xxd, od, Wireshark, tcpdump -X and jPOS; strings and lists of bytes as programs write them; base64; hexadecimal in a log;
/// pcap and pcapng files; the bytes themselves. As text, as a file, or with `-` or nothing from the standard input. What may
/// be read in two ways is said. Several messages may follow one another where each has its length. Exits with 1 where a
/// message is bad; of such a message every run of digits is masked that may hold a card number.
#[derive(Args)]
pub struct Decode {
    /// Text, a file, or - for the standard input
    #[arg(value_name = "TEXT | FILE | -", default_value = "-")]
    input: Vec<String>,
    /// Prints one JSON object per message
    #[arg(long)]
    json: bool,
    /// Shows card numbers and other sensitive values
    #[arg(long)]
    unmask: bool,
}

impl Decode {
    /// Prints every message of the input.
    pub fn run(&self) -> Result<()> {
        let input = input::read(&self.input)?;
        let decoded = Decoded::of(&input, Secrets::unless(self.unmask), self.json)?;
        print(&decoded.text)?;
        if !decoded.good {
            bail!("bad message");
        }
        Ok(())
    }
}
