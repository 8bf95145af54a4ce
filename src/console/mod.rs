//! `tessera console`: the operators' console, and their accounts.

use std::path::PathBuf;

use anyhow::Context as _;
use clap::{Args, Subcommand, ValueEnum};
use tessera_console::{note, print, say, start_logging};
use tessera_operators::{Account, Accounts, Role, Settings, Why, journal};

use crate::table::of_json;
use crate::{control, operator};

/// Run the operators' console, or manage its accounts
///
/// Operators sign in with an account and its token. Decisions are journaled with the account's name and the reason.
#[derive(Args)]
pub struct Console {
    /// The console's configuration; relative paths in it are relative to this file
    #[arg(
        long,
        value_name = "FILE",
        default_value = "config/console.toml",
        global = true
    )]
    config: PathBuf,
    /// Only check the configuration, with its certificate and that of the switch
    #[arg(long)]
    check: bool,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Make an account, and print its token
    ///
    /// The token is printed only now: the file of the accounts has its hash.
    Add {
        /// The name, which is journaled with each decision
        name: String,
        /// What it may do
        #[arg(long)]
        role: RoleName,
        #[command(flatten)]
        why: control::Why,
    },
    /// List the accounts
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Set a new token for an account, and end its sessions
    Replace {
        /// The name
        name: String,
        /// What it may do from now on; as before, if not stated
        #[arg(long)]
        role: Option<RoleName>,
        #[command(flatten)]
        why: control::Why,
    },
    /// Remove an account, and end its sessions
    Remove {
        /// The name
        name: String,
        #[command(flatten)]
        why: control::Why,
    },
}

#[derive(Clone, Copy, ValueEnum)]
enum RoleName {
    /// Sees everything, card numbers masked
    Read,
    /// Also blocks, unblocks, and has notifications sent again
    Support,
    /// Also decides about dead letters and settlement dates
    Settle,
    /// Also sets controls, and manages accounts and sessions
    Admin,
}

impl From<RoleName> for Role {
    fn from(name: RoleName) -> Self {
        match name {
            RoleName::Read => Self::Read,
            RoleName::Support => Self::Support,
            RoleName::Settle => Self::Settle,
            RoleName::Admin => Self::Admin,
        }
    }
}

impl Console {
    /// Serves until SIGTERM or SIGINT, or changes the accounts.
    pub fn run(self) -> anyhow::Result<()> {
        let settings = Settings::read(&self.config)?;
        match self.command {
            None => serve(settings, &self.config.display().to_string(), self.check),
            Some(command) => command.run(&settings),
        }
    }
}

fn serve(settings: Settings, config: &str, check: bool) -> anyhow::Result<()> {
    settings.check()?;
    if check {
        let switch = tessera_config::Settings::read(&settings.switch);
        switch.with_context(|| settings.switch.display().to_string())?;
        let accounts = Accounts::of(&settings.accounts).all()?.len();
        let noun = if accounts == 1 { "account" } else { "accounts" };
        print(format_args!("{config} is good: {accounts} {noun}\n"))?;
        return Ok(());
    }
    start_logging(&settings.log)?;
    tessera_operators::run(settings, |addresses| {
        say(format_args!(
            "ready pages={} origin={}",
            addresses.pages, addresses.origin
        ));
    })
}

impl Command {
    fn run(self, settings: &Settings) -> anyhow::Result<()> {
        let accounts = Accounts::of(&settings.accounts);
        match self {
            Self::Add { name, role, why } => {
                let token = accounts.add(&name, role.into(), &signed(why))?;
                print(format_args!("{}\n", token.as_str()))?;
            }
            Self::Replace { name, role, why } => {
                let token = accounts.replace(&name, role.map(Role::from), &signed(why))?;
                print(format_args!("{}\n", token.as_str()))?;
            }
            Self::Remove { name, why } => accounts.remove(&name, &signed(why))?,
            Self::List { json } => return Ok(print(list(&accounts.all()?, json)?)?),
        }
        if let Err(why) = journal_now(&accounts, settings) {
            note(format_args!(
                "done, and not journaled yet ({why}): the console has that done when the switch answers"
            ));
        }
        Ok(())
    }
}

/// The console may journal it later, as its own user.
fn signed(why: control::Why) -> Why {
    let (by, reason) = why.user_and_reason();
    let by = operator::signature(Some(&by));
    Why { by, reason }
}

fn journal_now(accounts: &Accounts, settings: &Settings) -> anyhow::Result<()> {
    let switch = tessera_config::Settings::read(&settings.switch)?;
    Ok(journal(accounts, &switch.operations_socket())?)
}

fn list(accounts: &[Account], json: bool) -> anyhow::Result<String> {
    let list = accounts.iter().map(|account| {
        serde_json::json!({
            "name": account.name,
            "role": account.role.name(),
            "since": account.since,
        })
    });
    let list: serde_json::Value = list.collect();
    Ok(match json {
        true => serde_json::to_string_pretty(&list)? + "\n",
        false => of_json(
            ["name", "role", "token of"],
            ["name", "role", "since"],
            &list,
        ),
    })
}
