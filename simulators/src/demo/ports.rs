//! The addresses of the demo: the usual ports, and free ones where those are taken.

use std::collections::BTreeSet;
use std::fmt;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};

/// The nodes of a cluster: their folders, configurations and logs have these names too.
pub const NODES: [&str; 3] = ["n1", "n2", "n3"];

/// Who listens where, all on the loopback.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ports {
    /// The switch, or the first node of the cluster.
    pub switch: SwitchPorts,
    /// The other nodes, where the demo runs a cluster.
    pub others: Option<[SwitchPorts; 2]>,
    /// The financial system.
    pub host: u16,
    /// The link to it, as the switch sees it.
    pub link: u16,
    /// Its tally.
    pub tally: u16,
    /// The wallet server's pages.
    pub wallet: u16,
    /// The wallet server's figures.
    pub wallet_metrics: u16,
    /// The affiliated shop.
    pub affiliated: u16,
    /// The other shop.
    pub unaffiliated: u16,
    /// Its frame of card fields.
    pub frame: u16,
    /// The mail catcher, for the switch.
    pub smtp: u16,
    /// The mail catcher, for browsers.
    pub mail: u16,
    /// The start page.
    pub start: u16,
    /// The operators' console.
    pub console: u16,
}

/// Where a switch listens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SwitchPorts {
    /// Malls and acquirers.
    pub mall: u16,
    /// The wallet server's line.
    pub leased: u16,
    /// Its figures.
    pub operations: u16,
}

/// The ports of the shipped configuration.
pub const USUAL: Ports = Ports {
    switch: SwitchPorts {
        mall: 8583,
        leased: 8585,
        operations: 9583,
    },
    others: None,
    host: 7583,
    link: 7585,
    tally: 7584,
    wallet: 8080,
    wallet_metrics: 9580,
    affiliated: 8081,
    unaffiliated: 8082,
    frame: 8083,
    smtp: 1025,
    mail: 8025,
    start: 8090,
    console: 9180,
};

/// From one node's ports to the next one's.
pub const NODE_STEP: u16 = 100;

impl Ports {
    /// The usual ones as far as they are free, of one switch or of three.
    pub fn free(finder: &mut Finder, is_cluster: bool) -> io::Result<Self> {
        let switch = USUAL.switch;
        let others = match is_cluster {
            true => Some([
                switch.moved(NODE_STEP).free(finder)?,
                switch.moved(2 * NODE_STEP).free(finder)?,
            ]),
            false => None,
        };
        Ok(Self {
            switch: switch.free(finder)?,
            others,
            host: finder.find("the financial system", USUAL.host)?,
            link: finder.find("the link to the financial system", USUAL.link)?,
            tally: finder.find("the financial system's tally", USUAL.tally)?,
            wallet: finder.find("the wallets", USUAL.wallet)?,
            wallet_metrics: finder.find("the wallet server's metrics", USUAL.wallet_metrics)?,
            affiliated: finder.find("Teacup & Co", USUAL.affiliated)?,
            unaffiliated: finder.find("Paper Lantern", USUAL.unaffiliated)?,
            frame: finder.find("Paper Lantern's card form", USUAL.frame)?,
            smtp: finder.find("the mail server", USUAL.smtp)?,
            mail: finder.find("the mail viewer", USUAL.mail)?,
            start: finder.find("the start page", USUAL.start)?,
            console: finder.find("the operators' console", USUAL.console)?,
        })
    }

    /// The switch, or all nodes in their order.
    pub fn switches(&self) -> impl Iterator<Item = SwitchPorts> {
        std::iter::once(self.switch).chain(self.others.into_iter().flatten())
    }
}

impl SwitchPorts {
    const fn moved(self, by: u16) -> Self {
        Self {
            mall: self.mall + by,
            leased: self.leased + by,
            operations: self.operations + by,
        }
    }

    fn free(self, finder: &mut Finder) -> io::Result<Self> {
        Ok(Self {
            mall: finder.find("malls and acquirers", self.mall)?,
            leased: finder.find("the wallet server's line", self.leased)?,
            operations: finder.find("the switch's metrics", self.operations)?,
        })
    }
}

/// Finds free ports, none of them twice.
#[derive(Default)]
pub struct Finder {
    given: BTreeSet<u16>,
    /// Those that are not the usual ones, in the order in which they were found.
    pub replaced: Vec<Replaced>,
}

/// A usual port that is taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replaced {
    /// Who would listen there.
    pub listener: &'static str,
    /// The usual port.
    pub usual: u16,
    /// The port in its place.
    pub port: u16,
}

impl Finder {
    /// The usual port of a listener, or another one where that is taken.
    pub fn find(&mut self, listener: &'static str, usual: u16) -> io::Result<u16> {
        let mut port = free_port(usual)?;
        // The system may offer the same port twice, since nobody listens on it yet.
        while !self.given.insert(port) {
            port = free_port(0)?;
        }
        if port != usual {
            self.replaced.push(Replaced {
                listener,
                usual,
                port,
            });
        }
        Ok(port)
    }
}

impl fmt::Display for Replaced {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            listener,
            usual,
            port,
        } = self;
        write!(
            f,
            "{usual} is taken by another program; {port} is used for {listener}"
        )
    }
}

/// An address on the loopback.
pub fn address(port: u16) -> String {
    SocketAddr::from((Ipv4Addr::LOCALHOST, port)).to_string()
}

fn free_port(usual: u16) -> io::Result<u16> {
    let at = |port| TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
    let listener = at(usual).or_else(|_| at(0))?;
    Ok(listener.local_addr()?.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passes_over_a_port_that_is_taken() {
        let taken = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = taken.local_addr().unwrap().port();
        let mut finder = Finder::default();
        let found = finder.find("the wallets", port).unwrap();
        assert_ne!(found, port);
        let said = finder.replaced[0].to_string();
        let expected =
            format!("{port} is taken by another program; {found} is used for the wallets");
        assert_eq!(said, expected);
        let free = finder.find("the mail viewer", found).unwrap();
        assert_ne!(free, found);
    }

    #[test]
    fn gives_no_port_twice() {
        let mut finder = Finder::default();
        let ports = Ports::free(&mut finder, true).unwrap();
        let switches = ports
            .switches()
            .flat_map(|switch| [switch.mall, switch.leased, switch.operations]);
        let all = switches.chain([
            ports.host,
            ports.link,
            ports.tally,
            ports.wallet,
            ports.wallet_metrics,
            ports.affiliated,
            ports.unaffiliated,
            ports.frame,
            ports.smtp,
            ports.mail,
            ports.start,
            ports.console,
        ]);
        assert_eq!(all.collect::<BTreeSet<_>>().len(), 21);
        assert_eq!(finder.given.len(), 21);
    }
}
