//! `tessera completions`.

use clap::{Args, Command};
use clap_complete::{Shell, generate};
use tessera_console::print;

/// Print the completions of commands and options for a shell
#[derive(Args)]
pub struct Completions {
    /// The shell
    shell: Shell,
}

impl Completions {
    pub fn run(&self, mut command: Command) -> anyhow::Result<()> {
        let mut script = Vec::new();
        generate(self.shell, &mut command, "tessera", &mut script);
        print(String::from_utf8(script)?)?;
        Ok(())
    }
}
