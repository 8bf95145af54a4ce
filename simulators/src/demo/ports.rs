//! The addresses of the demo: the usual ports, and free ones where those are taken.

use std::collections::BTreeSet;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};

/// Who listens where, all on the loopback.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ports {
    /// Malls and acquirers.
    pub mall: u16,
    /// The wallet server's line.
    pub leased: u16,
    /// The switch's figures.
    pub operations: u16,
    /// The financial system.
    pub host: u16,
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
}

/// The ports of the shipped configuration.
pub const USUAL: Ports = Ports {
    mall: 8583,
    leased: 8585,
    operations: 9583,
    host: 7583,
    tally: 7584,
    wallet: 8080,
    wallet_metrics: 9580,
    affiliated: 8081,
    unaffiliated: 8082,
    frame: 8083,
    smtp: 1025,
    mail: 8025,
};

impl Ports {
    /// The usual ones as far as they are free.
    pub fn free() -> io::Result<Self> {
        let mut given = BTreeSet::new();
        let mut free = |usual| {
            let mut port = free_port(usual)?;
            // The system may offer the same port twice, since nobody listens on it yet.
            while !given.insert(port) {
                port = free_port(0)?;
            }
            Ok::<_, io::Error>(port)
        };
        Ok(Self {
            mall: free(USUAL.mall)?,
            leased: free(USUAL.leased)?,
            operations: free(USUAL.operations)?,
            host: free(USUAL.host)?,
            tally: free(USUAL.tally)?,
            wallet: free(USUAL.wallet)?,
            wallet_metrics: free(USUAL.wallet_metrics)?,
            affiliated: free(USUAL.affiliated)?,
            unaffiliated: free(USUAL.unaffiliated)?,
            frame: free(USUAL.frame)?,
            smtp: free(USUAL.smtp)?,
            mail: free(USUAL.mail)?,
        })
    }
}

/// An address on the loopback.
pub fn address(port: u16) -> String {
    loopback(port).to_string()
}

/// The same as it is connected to.
pub fn loopback(port: u16) -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, port))
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
        assert_ne!(free_port(port).unwrap(), port);
    }

    #[test]
    fn gives_no_port_twice() {
        let ports = Ports::free().unwrap();
        let all = [
            ports.mall,
            ports.leased,
            ports.operations,
            ports.host,
            ports.tally,
            ports.wallet,
            ports.wallet_metrics,
            ports.affiliated,
            ports.unaffiliated,
            ports.frame,
            ports.smtp,
            ports.mail,
        ];
        assert_eq!(all.into_iter().collect::<BTreeSet<_>>().len(), 12);
    }
}
