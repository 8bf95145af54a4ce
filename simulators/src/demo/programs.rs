//! All programs of the demo, started in the order in which they need each other, kept running, and stopped the other way
//! round.

use std::ffi::OsString;
use std::rc::Rc;
use std::time::Duration;

use anyhow::Context as _;
use tessera_console::say;

use super::children::Program;
use super::cluster::system::{Cluster, Outcome};
use super::folder::Folder;
use super::ports::{Ports, address};
use super::supervision::link::Link;
use super::supervision::parts::Parts;
use super::supervision::process::Process;
use super::supervision::supervised::Supervised;

/// How long what was killed in the last moment may take to be there again, in the end.
const UP_WITHIN: Duration = Duration::from_secs(60);

/// Between two looks at the parts.
const PAUSE: Duration = Duration::from_millis(50);

/// See the head of this file.
pub struct Programs {
    parts: Rc<Parts>,
    host: Supervised,
    link: Link,
    mail: Supervised,
    switch: Switch,
    wallet: Supervised,
    shop: Supervised,
    console: Supervised,
}

/// What takes the requests.
enum Switch {
    One(Box<Supervised>),
    Cluster(Box<Cluster>),
}

impl Programs {
    /// Starts them; each is ready before the next one starts.
    pub async fn start(
        folder: &Folder,
        ports: &Ports,
        parts: &Rc<Parts>,
        cluster: Option<Cluster>,
    ) -> anyhow::Result<Self> {
        let caught = [
            "--smtp",
            &address(ports.smtp),
            "--page",
            &address(ports.mail),
        ];
        let caught = caught.map(OsString::from).to_vec();
        let configured = |name| {
            let config = folder.file(&format!("{name}.toml"));
            vec!["--config".into(), config.into_os_string()]
        };
        let start = async |process: &Rc<Process>, arguments: Vec<OsString>| {
            let (folder, name) = (folder.clone(), process.name);
            let launch = move || Program::tessera(&folder, name, &arguments);
            let mut supervised = Supervised::new(process, &parts.events, launch);
            let ready = supervised.start_ready().await?;
            say(format_args!("{name:9} {ready}"));
            Ok::<_, anyhow::Error>(supervised)
        };
        let host = start(&parts.host, configured("host")).await?;
        let link = Link::start(&parts.link, &parts.events, ports.link, ports.host);
        let link = link.await.context("the link to the financial system")?;
        let mail = start(&parts.mail, caught).await?;
        let switch = match cluster {
            Some(mut cluster) => {
                cluster.start().await?;
                Switch::Cluster(Box::new(cluster))
            }
            None => {
                let one = start(&parts.switch, configured("switch")).await?;
                Switch::One(Box::new(one))
            }
        };
        Ok(Self {
            parts: Rc::clone(parts),
            host,
            link,
            mail,
            switch,
            wallet: start(&parts.wallet, configured("wallet")).await?,
            shop: start(&parts.shop, configured("shop")).await?,
            console: start(&parts.console, configured("console")).await?,
        })
    }

    /// Keeps all of them running. Resolves when one can't be kept running. May be dropped and called again at any time.
    pub async fn keep(&mut self) -> anyhow::Error {
        tokio::select! {
            error = self.host.keep() => error,
            never = self.link.keep() => match never {},
            error = self.mail.keep() => error,
            error = self.switch.keep() => error,
            error = self.wallet.keep() => error,
            error = self.shop.keep() => error,
            error = self.console.keep() => error,
        }
    }

    /// Waits until what was killed in the last moment is there again: what is stopped has ended in order.
    async fn settle(&mut self) -> anyhow::Result<()> {
        let parts = Rc::clone(&self.parts);
        let are_up = async {
            if !parts.are_up() {
                say("waiting until every part of the demo is back");
            }
            while !parts.are_up() {
                tokio::time::sleep(PAUSE).await;
            }
        };
        tokio::select! {
            up = tokio::time::timeout(UP_WITHIN, are_up) => {
                up.with_context(|| format!("a part of the demo is not back after {UP_WITHIN:?}"))?;
            }
            error = self.keep() => return Err(error),
        }
        match &mut self.switch {
            Switch::Cluster(cluster) => cluster.settle().await,
            Switch::One(_) => Ok(()),
        }
    }

    /// Stops them: first those that send requests to the others. What came of the cluster.
    pub async fn stop(mut self) -> anyhow::Result<Option<Outcome>> {
        self.settle().await?;
        stop("console", self.console).await?;
        stop("shop", self.shop).await?;
        stop("wallet", self.wallet).await?;
        let outcome = match self.switch {
            Switch::Cluster(cluster) => Some(cluster.stop().await?),
            Switch::One(program) => stop("switch", *program).await.map(|()| None)?,
        };
        stop("mail", self.mail).await?;
        stop("host", self.host).await?;
        Ok(outcome)
    }
}

impl Switch {
    async fn keep(&mut self) -> anyhow::Error {
        match self {
            Self::One(program) => program.keep().await,
            Self::Cluster(cluster) => cluster.ended().await,
        }
    }
}

async fn stop(name: &str, program: Supervised) -> anyhow::Result<()> {
    let ended_in_order = program.stop().await?;
    anyhow::ensure!(
        ended_in_order,
        "tessera {name} did not end in order: see {name}.log"
    );
    Ok(())
}
