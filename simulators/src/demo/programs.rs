//! All programs of the demo, started in the order in which they need each other, and stopped the other way round.

use tessera_console::say;

use super::children::Program;
use super::cluster::system::{Cluster, Outcome};
use super::folder::Folder;
use super::ports::{Ports, address};

/// See the head of this file.
pub struct Programs {
    host: Program,
    mail: Program,
    switch: Switch,
    wallet: Program,
    shop: Program,
}

/// What takes the requests.
enum Switch {
    One(Box<Program>),
    Cluster(Box<Cluster>),
}

impl Programs {
    /// Starts them; each is ready before the next one starts.
    pub async fn start(
        folder: &Folder,
        ports: &Ports,
        cluster: Option<Cluster>,
    ) -> anyhow::Result<Self> {
        let (smtp, page) = (address(ports.smtp), address(ports.mail));
        let caught = ["--smtp", &smtp, "--page", &page].map(AsRef::as_ref);
        Ok(Self {
            host: announced(Program::start(folder, "host").await?),
            mail: announced(Program::start_with(folder, "mail", &caught).await?),
            switch: Switch::start(folder, cluster).await?,
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

    /// The nodes, where there are several.
    pub fn cluster(&self) -> Option<&Cluster> {
        match &self.switch {
            Switch::Cluster(cluster) => Some(cluster),
            Switch::One(_) => None,
        }
    }

    /// Stops them: first those that send requests to the others. What came of the cluster.
    pub async fn stop(mut self) -> anyhow::Result<Option<Outcome>> {
        stop(self.shop).await?;
        stop(self.wallet).await?;
        if let Switch::Cluster(cluster) = &mut self.switch {
            cluster.settle().await?;
        }
        let outcome = match self.switch {
            Switch::Cluster(cluster) => Some(cluster.stop().await?),
            Switch::One(program) => stop(*program).await.map(|()| None)?,
        };
        stop(self.mail).await?;
        stop(self.host).await?;
        Ok(outcome)
    }
}

impl Switch {
    async fn start(folder: &Folder, cluster: Option<Cluster>) -> anyhow::Result<Self> {
        Ok(match cluster {
            Some(mut cluster) => {
                cluster.start().await?;
                Self::Cluster(Box::new(cluster))
            }
            None => Self::One(Box::new(announced(Program::start(folder, "switch").await?))),
        })
    }

    async fn ended(&mut self) -> anyhow::Error {
        match self {
            Self::One(program) => program.ended().await,
            Self::Cluster(cluster) => cluster.ended().await,
        }
    }
}

async fn stop(program: Program) -> anyhow::Result<()> {
    let name = program.name;
    let ended = program.stop().await?;
    anyhow::ensure!(ended.success(), "tessera {name} ended with {ended}");
    Ok(())
}

/// Says where it is.
fn announced(program: Program) -> Program {
    say(format_args!("{:9} {}", program.name, program.ready));
    program
}
