//! The `tessera` command: one subcommand, one file.

mod certs;
mod decode;
mod host;
mod load;

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
    Decode(decode::Decode),
    Host(host::Host),
    Load(Box<load::Load>),
}

fn main() -> anyhow::Result<()> {
    match Tessera::parse().command {
        Command::Certs(certs) => certs.run(),
        Command::Decode(decode) => decode.run(),
        Command::Host(host) => host.run(),
        Command::Load(load) => load.run(),
    }
}
