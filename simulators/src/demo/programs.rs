//! All programs of the demo, started in the order in which they need each other, and stopped the other way round.

use tessera_console::say;

use super::children::Program;
use super::folder::Folder;
use super::ports::{Ports, address};

/// See the head of this file.
pub struct Programs {
    host: Program,
    mail: Program,
    switch: Program,
    wallet: Program,
    shop: Program,
}

impl Programs {
    /// Starts them; each is ready before the next one starts.
    pub async fn start(folder: &Folder, ports: &Ports) -> anyhow::Result<Self> {
        let (smtp, page) = (address(ports.smtp), address(ports.mail));
        let caught = ["--smtp", &smtp, "--page", &page].map(AsRef::as_ref);
        Ok(Self {
            host: announced(Program::start(folder, "host").await?),
            mail: announced(Program::start_with(folder, "mail", &caught).await?),
            switch: announced(Program::start(folder, "switch").await?),
            wallet: announced(Program::start(folder, "wallet").await?),
            shop: announced(Program::start(folder, "shop").await?),
        })
    }

    /// Resolves when one of them has ended, which nobody asked for.
    pub async fn ended(&mut self) -> anyhow::Error {
        tokio::select! {
            ended = self.host.ended() => ended,
            ended = self.mail.ended() => ended,
            ended = self.switch.ended() => ended,
            ended = self.wallet.ended() => ended,
            ended = self.shop.ended() => ended,
        }
    }

    /// Stops them: first those that send requests to the others.
    pub async fn stop(self) -> anyhow::Result<()> {
        for program in [self.shop, self.wallet, self.switch, self.mail, self.host] {
            let name = program.name;
            let ended = program.stop().await?;
            anyhow::ensure!(ended.success(), "tessera {name} ended with {ended}");
        }
        Ok(())
    }
}

/// Says where it is.
fn announced(program: Program) -> Program {
    say(format_args!("{:9} {}", program.name, program.ready));
    program
}
