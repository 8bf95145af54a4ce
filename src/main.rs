//! The `tessera` command: one subcommand, one file.

mod audit;
mod backup;
mod certify;
mod certs;
mod cluster;
mod console;
mod control;
mod decode;
mod demo;
mod doctor;
mod explain;
mod export;
mod findings;
mod host;
mod input;
mod journal;
mod keys;
mod load;
mod mail;
mod moment;
mod operations;
mod operator;
mod outbox;
mod program;
mod provision;
mod recon;
mod recover;
mod restore;
mod saf;
mod shop;
mod switch;
mod table;
mod wallet;

use std::process::ExitCode;

use clap::{FromArgMatches as _, Parser, Subcommand};
use mimalloc::MiMalloc;
use tessera_common::private;
use tessera_protocol::mask_card_numbers;
use tessera_switch::fault;

/// A purchase allocates and frees a few small boxes; the system's allocator would need a tenth of the worker's time for
/// them.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// An anonymous prepaid payment switch
#[derive(Parser)]
#[command(
    version,
    after_help = "`tessera COMMAND --help` explains a command, with examples."
)]
struct Tessera {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Audit(audit::Audit),
    Backup(Box<backup::Backup>),
    Certify(Box<certify::Certify>),
    Certs(certs::Certs),
    Cluster(cluster::Cluster),
    Completions(program::completions::Completions),
    Console(console::Console),
    Control(Box<control::Control>),
    Decode(decode::Decode),
    Demo(demo::Demo),
    Doctor(doctor::Doctor),
    Explain(explain::Explain),
    Export(export::Export),
    Extension(wallet::extension::Extension),
    Host(host::Host),
    Journal(journal::Journal),
    Keys(keys::Keys),
    Load(Box<load::Load>),
    Mail(mail::Mail),
    Man(program::man::Pages),
    Outbox(outbox::Outbox),
    Provision(provision::Provision),
    Recon(recon::Recon),
    Recover(recover::Recover),
    Restore(restore::Restore),
    Saf(saf::Saf),
    Shop(shop::Shop),
    Simulate(certify::simulate::Simulate),
    Switch(switch::Switch),
    Version(program::version::Version),
    Wallet(wallet::Wallet),
}

fn main() -> ExitCode {
    // Before anything is written: card numbers, keys and logs are for this user alone.
    private::set_umask();
    private::forbid_core_dumps();
    tessera_simulators::demo::end_with_parent();
    let code = run().unwrap_or_else(|error| {
        // Arguments and files that were not understood are quoted in errors.
        tessera_console::note(format_args!(
            "tessera: {}",
            mask_card_numbers(&format!("{error:#}"))
        ));
        fault::exit_code(&error).map_or(ExitCode::FAILURE, ExitCode::from)
    });
    tessera_console::finish();
    code
}

fn run() -> anyhow::Result<ExitCode> {
    let command = program::command::<Tessera>();
    let arguments = command.clone().get_matches();
    let tessera = Tessera::from_arg_matches(&arguments).unwrap_or_else(|error| error.exit());
    match tessera.command {
        Command::Audit(audit) => return audit.run(),
        Command::Backup(backup) => backup.run()?,
        Command::Certify(certify) => return certify.run(),
        Command::Certs(certs) => certs.run()?,
        Command::Cluster(cluster) => return cluster.run(),
        Command::Completions(completions) => completions.run(command)?,
        Command::Console(console) => console.run()?,
        Command::Control(control) => control.run()?,
        Command::Decode(decode) => decode.run()?,
        Command::Demo(demo) => return demo.run(),
        Command::Doctor(doctor) => doctor.run()?,
        Command::Explain(explain) => return explain.run(),
        Command::Export(export) => return export.run(),
        Command::Extension(extension) => extension.run()?,
        Command::Host(host) => host.run()?,
        Command::Journal(journal) => journal.run()?,
        Command::Keys(keys) => keys.run()?,
        Command::Load(load) => return load.run(),
        Command::Mail(mail) => mail.run()?,
        Command::Man(pages) => pages.run(command)?,
        Command::Outbox(outbox) => outbox.run()?,
        Command::Provision(provision) => provision.run()?,
        Command::Recon(recon) => return recon.run(),
        Command::Recover(recover) => return Ok(recover.run()),
        Command::Restore(restore) => restore.run()?,
        Command::Saf(saf) => saf.run()?,
        Command::Shop(shop) => shop.run()?,
        Command::Simulate(simulate) => return simulate.run(),
        Command::Switch(switch) => switch.run()?,
        Command::Version(version) => version.run()?,
        Command::Wallet(wallet) => wallet.run()?,
    }
    Ok(ExitCode::SUCCESS)
}
