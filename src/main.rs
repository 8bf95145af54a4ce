//! The `tessera` command: one subcommand, one file.

mod certs;
mod decode;
mod demo;
mod host;
mod load;

use std::process::ExitCode;

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
    Demo(demo::Demo),
    Host(host::Host),
    Load(Box<load::Load>),
}

fn main() -> anyhow::Result<ExitCode> {
    tessera_simulators::demo::end_with_parent();
    match Tessera::parse().command {
        Command::Certs(certs) => certs.run()?,
        Command::Decode(decode) => decode.run()?,
        Command::Demo(demo) => return demo.run(),
        Command::Host(host) => host.run()?,
        Command::Load(load) => return load.run(),
    }
    Ok(ExitCode::SUCCESS)
}
