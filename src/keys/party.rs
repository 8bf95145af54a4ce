//! Keys in files: of parties, and master keys.

use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;
use tessera_common::key_file;
use tessera_console::print;
use tessera_protocol::{CheckValue, KeyEncryptingKey, MacKey};

#[derive(Args)]
pub struct Make {
    /// The key's file; it must not exist yet
    file: PathBuf,
    /// Its length: a MAC key has 128, a master key 256
    #[arg(long, value_name = "BITS", default_value = "128", value_parser = ["128", "192", "256"])]
    bits: String,
}

#[derive(Args)]
pub struct Wrap {
    /// The file of the MAC key
    file: PathBuf,
    /// The file of the key-encrypting key
    #[arg(long, value_name = "FILE")]
    under: PathBuf,
}

pub fn make(make: &Make) -> anyhow::Result<()> {
    let bits: usize = make.bits.parse()?;
    key_file::make(&make.file, bits / 8)?;
    check(&make.file)
}

pub fn check(file: &Path) -> anyhow::Result<()> {
    let check_value = key_encrypting_key(file)?.check_value();
    print(format_args!(
        "{}  check value {}\n",
        file.display(),
        digits(check_value)
    ))?;
    Ok(())
}

pub fn wrap(wrap: &Wrap) -> anyhow::Result<()> {
    let under = key_encrypting_key(&wrap.under)?;
    let text = key_file::read(&wrap.file)?;
    let named = || wrap.file.display().to_string();
    let key = MacKey::bytes(text.trim()).with_context(named)?;
    let material = under.wrap(&key);
    print(format_args!("{material}\n"))?;
    print(format_args!(
        "{}  check value {}\n",
        named(),
        digits(material.check_value)
    ))?;
    print(format_args!(
        "under {}  check value {}\n",
        wrap.under.display(),
        digits(under.check_value())
    ))?;
    Ok(())
}

/// Any key of a party can be one.
fn key_encrypting_key(file: &Path) -> anyhow::Result<KeyEncryptingKey> {
    let text = key_file::read(file)?;
    KeyEncryptingKey::from_hex(text.trim()).map_err(|_| {
        anyhow::anyhow!(
            "{}: a key is 32, 48 or 64 hexadecimal digits",
            file.display()
        )
    })
}

pub fn digits(check_value: CheckValue) -> String {
    check_value
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}
