//! `tessera decode`: messages, pasted or captured, as people read them.

use anyhow::{Result, bail};
use clap::Args;
use tessera_console::print;
use tessera_inspect::Decoded;
use tessera_protocol::Secrets;

use crate::input;

/// Print the fields of a message with names and meanings
///
/// Reads hexadecimal with or without the two bytes of length, with any separators; dumps of hexdump, xxd, od,
/// Wireshark, tcpdump -X and jPOS; strings and lists of bytes in the syntax of programs; base64; hexadecimal in a log;
/// pcap and pcapng files; raw bytes. The input is a text, a file, or, with `-` or without an argument, the standard
/// input. Ambiguous input is reported. The input may contain several messages if each has its length. Exits with 1 if a
/// message is malformed; in such a message every run of digits that may be a card number is masked.
#[derive(Args)]
pub struct Decode {
    /// Text, a file, or - for the standard input
    #[arg(value_name = "TEXT | FILE | -", default_value = "-")]
    input: Vec<String>,
    /// Print one JSON object per message
    #[arg(long)]
    json: bool,
    /// Show card numbers and other sensitive values
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
