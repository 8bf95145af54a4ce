//! The ports: bound before the data is opened, listening where this process is to serve, accepting once it can.

use std::net::{SocketAddr, TcpListener as StdListener};
use std::sync::Arc;

use actix_web::dev::ServerHandle;
use anyhow::Context;
use tessera_admission::{PlaceLimits, Places, Way};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::Addresses;
use super::base::Base;
use super::workers::Workers;
use crate::ops;

pub(super) struct Ports {
    malls: StdListener,
    sealed_malls: Option<StdListener>,
    wallet_servers: StdListener,
    pub operations: ServerHandle,
    pub addresses: Addresses,
}

impl Ports {
    /// Binds all ports. That of operations serves from now on.
    pub fn bind(base: &Base) -> anyhow::Result<Self> {
        let settings = &base.settings;
        let malls = bind("malls", settings.mall.listen)?;
        let tls = settings.mall.tls.as_ref();
        let sealed_malls = tls
            .map(|tls| bind("malls with TLS", tls.listen))
            .transpose()?;
        let wallet_servers = bind("wallet servers", settings.leased.listen)?;
        let operations = ops::serve(
            &settings.ops,
            Arc::clone(&base.metrics),
            Arc::clone(&base.health),
        )
        .with_context(|| at("operations", settings.ops.listen))?;
        let addresses = Addresses {
            malls: malls.local_addr()?,
            sealed_malls: sealed_malls
                .as_ref()
                .map(StdListener::local_addr)
                .transpose()?,
            wallet_server: wallet_servers.local_addr()?,
            operations: operations.address,
        };
        let handle = operations.server.handle();
        actix::spawn(operations.server);
        Ok(Self {
            malls,
            sealed_malls,
            wallet_servers,
            operations: handle,
            addresses,
        })
    }

    /// From now on clients can connect; they wait until the ports [accept](Self::accept). Before, a connection is refused, so that
    /// a client of a standby tries another node.
    pub fn listen(&self) -> anyhow::Result<()> {
        let listeners = [&self.malls, &self.wallet_servers];
        for listener in listeners.into_iter().chain(&self.sealed_malls) {
            tessera_admission::listen(listener)?;
        }
        Ok(())
    }

    /// The connections that the malls' ports may have, with TLS and without together.
    pub fn places(&self, base: &Base) -> Arc<Places> {
        let settings = &base.settings.mall;
        let balancers = settings
            .tls
            .as_ref()
            .map_or(&[][..], |tls| &tls.proxy_protocol_from)
            .iter()
            .chain(&settings.proxy_protocol_from);
        let places = Places::new(
            PlaceLimits::of_malls(settings),
            balancers.cloned().collect(),
        );
        places.know(&base.party_directory.parties());
        places
    }

    /// Accepts connections, until the tasks are aborted.
    pub fn accept(
        self,
        workers: &Workers,
        of_malls: &Arc<Places>,
        base: &Base,
    ) -> anyhow::Result<Vec<JoinHandle<()>>> {
        let accept = |listener, ways: &[Way], places: &Arc<Places>| -> anyhow::Result<_> {
            let listener = TcpListener::from_std(listener)?;
            Ok(actix::spawn(tessera_admission::accept(
                listener,
                ways.to_vec(),
                Arc::clone(places),
                Arc::clone(&base.metrics),
            )))
        };
        let of_wallet_servers = PlaceLimits::of_wallet_servers(&base.settings.leased);
        let of_wallet_servers = Places::new(of_wallet_servers, Vec::new());
        let mut accepting = vec![
            accept(self.malls, &workers.malls, of_malls)?,
            accept(
                self.wallet_servers,
                &workers.wallet_servers,
                &of_wallet_servers,
            )?,
        ];
        if let Some(listener) = self.sealed_malls {
            accepting.push(accept(listener, &workers.sealed_malls, of_malls)?);
        }
        Ok(accepting)
    }
}

fn bind(clients: &str, address: SocketAddr) -> anyhow::Result<StdListener> {
    tessera_admission::bind(address).with_context(|| at(clients, address))
}

fn at(clients: &str, address: SocketAddr) -> String {
    format!("can't listen for {clients} at {address}")
}
