//! The `tessera` command: one subcommand, one file.

mod certs;
mod host;

use clap::{Parser, Subcommand};

/// An anonymous prepaid payment switch.
#[derive(Parser)]
#[command(version)]
struct Tessera {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Certs(certs::Certs),
    Host(host::Host),
}

fn main() -> anyhow::Result<()> {
    match Tessera::parse().command {
        Command::Certs(certs) => certs.run(),
        Command::Host(host) => host.run(),
    }
}
