//! What the process has before it binds a port: settings, keys, certificates, parties, figures.

use std::sync::Arc;

use rustls::{ClientConfig, ServerConfig};
use tessera_admission::{Parties, PartyDirectory};
use tessera_config::{
    Acceptors, PartyKind, Settings, check_authorities, ends_at, host_client, leased_server,
};
use tessera_metrics::{Certificate, LinkStats, Metrics};
use tessera_notify::{Hook, HookDirectory, MallNames};

use crate::gauges;
use crate::ops::Health;
use crate::reload::Certified;

pub(super) struct Base {
    pub settings: Arc<Settings>,
    pub health: Arc<Health>,
    pub metrics: Arc<Metrics>,
    pub party_directory: Arc<PartyDirectory>,
    /// Of each worker's lines to the financial system.
    pub link_stats: Vec<Arc<LinkStats>>,
    pub host_tls: Arc<ClientConfig>,
    pub leased_tls: Arc<ServerConfig>,
    /// Of the malls' port with TLS, where there is one.
    pub mall_tls: Option<Arc<ServerConfig>>,
}

impl Base {
    /// Reads all files that the settings name, but for the data.
    pub fn read(settings: Settings) -> anyhow::Result<Self> {
        let settings = Arc::new(settings);
        let workers = settings.worker_count();
        let metrics = Arc::new(Metrics::new());
        gauges::refresh_disks_before_reading(&metrics, &settings);
        let party_directory = Arc::new(PartyDirectory::new(Parties::new(
            settings.parties.clone(),
            settings.mall.in_flight_max,
            &metrics.admission,
        )));
        let host_tls = host_client(&settings.host)?;
        let leased_tls = leased_server(&settings.leased)?;
        check_authorities(&settings)?;
        let tls = settings.mall.tls.as_ref();
        let certified = tls.map(Certified::read).transpose()?;
        for (certificate, path) in [
            (Certificate::Host, &settings.host.certificate),
            (Certificate::WalletServer, &settings.leased.certificate),
        ] {
            metrics.certificate_ends(certificate, ends_at(path)?);
        }
        if let Some(certified) = &certified {
            metrics.certificate_ends(Certificate::Malls, certified.ends_at);
        }
        let link_stats = (0..workers)
            .map(|_| Arc::new(LinkStats::new(settings.host.lines_per_worker)))
            .collect();
        Ok(Self {
            settings,
            health: Arc::new(Health::new(workers)),
            metrics,
            party_directory,
            link_stats,
            host_tls,
            leased_tls,
            mall_tls: certified.map(|certified| certified.server),
        })
    }

    /// What payers know a mall by.
    pub fn mall_names(&self) -> MallNames {
        let party_directory = Arc::clone(&self.party_directory);
        Arc::new(move |institution| {
            let parties = party_directory.parties();
            let party = &parties.find(institution)?.party;
            (party.kind == PartyKind::Mall).then(|| party.name.clone())
        })
    }

    /// The parties that have a webhook.
    pub fn hooks(&self) -> HookDirectory {
        let party_directory = Arc::clone(&self.party_directory);
        Arc::new(move || {
            let parties = party_directory.parties();
            let hooks = parties.all().filter_map(|listed| {
                let party = &listed.party;
                Some(Hook {
                    party: party.code,
                    name: party.name.clone(),
                    acceptors: match (&party.acceptors, party.kind) {
                        (Acceptors::List(list), PartyKind::Mall) => list.clone(),
                        (Acceptors::Any, _) | (Acceptors::List(_), PartyKind::Acquirer) => {
                            Vec::new()
                        }
                    },
                    webhook: party.webhook.clone()?,
                })
            });
            hooks.collect()
        })
    }
}
