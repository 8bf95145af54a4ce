//! SIGHUP: the parties' files and the malls' certificate are read again, and parties that did not change are not
//! affected.
//!
//! Input: the current files. Output: one message to each worker, between two requests. What never happens here: a
//! part of the change takes effect.

use std::collections::HashSet;
use std::sync::Arc;

use rustls::ServerConfig;
use tokio::sync::mpsc::UnboundedSender;
use tokio_rustls::TlsAcceptor;

use crate::cluster::digests;
use crate::router::{WorkerTask, ask_all};
use tessera_admission::{Parties, PartyDirectory, Places};
use tessera_cluster::Standing;
use tessera_config::{
    MallTlsSettings, Party, Settings, SettingsError, check_authorities, ends_at, mall_server,
};
use tessera_metrics::Metrics;
use tessera_metrics::{Certificate, Reloaded};

/// What is needed to read the parties again.
pub(crate) struct Reload {
    pub(crate) settings: Arc<Settings>,
    pub(crate) party_directory: Arc<PartyDirectory>,
    pub(crate) places: Arc<Places>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) worker_tasks: Vec<UnboundedSender<WorkerTask>>,
    /// Of a node of a cluster: compares its parties with those of the others.
    pub(crate) standing: Option<Arc<Standing>>,
}

impl Reload {
    /// Reads the files and sends them to the workers; if one is wrong, logs the reason and changes nothing.
    pub(crate) async fn run(&self) {
        let settings = Arc::clone(&self.settings);
        let is_node = self.standing.is_some();
        let read = move || -> anyhow::Result<_> {
            let parties = settings.read_parties()?;
            let digests = is_node.then(|| digests(&settings, &parties)).transpose()?;
            check_authorities(&settings)?;
            let tls = settings
                .mall
                .tls
                .as_ref()
                .map(Certified::read)
                .transpose()?;
            Ok((parties, digests, tls))
        };
        let (parties, digests, tls) = match tokio::task::spawn_blocking(read).await {
            Ok(Ok(read)) => read,
            Ok(Err(error)) => return self.refuse(&error),
            Err(error) => return self.refuse(&error),
        };
        if let (Some(standing), Some(digests)) = (&self.standing, digests) {
            standing.set_digests(digests);
        }
        let before = self.party_directory.parties();
        let figures = &self.metrics.admission;
        let after = Arc::new(before.renewed(parties, figures));
        let [added, removed] = difference(&before, &after);
        self.party_directory.turn(Arc::clone(&after));
        self.places.know(&after);
        let acceptor = tls
            .as_ref()
            .map(|tls| TlsAcceptor::from(Arc::clone(&tls.server)));
        if let Some(tls) = tls {
            self.metrics
                .certificate_ends(Certificate::Malls, tls.ends_at);
        }
        ask_all(&self.worker_tasks, |done| {
            WorkerTask::Renew(Arc::clone(&after), acceptor.clone(), done)
        })
        .await;
        let names: HashSet<&str> = after.all().map(|listed| &*listed.party.name).collect();
        let gone = before.all().map(|listed| &*listed.party.name);
        gone.filter(|name| !names.contains(name))
            .for_each(|name| figures.forget(name));
        figures.reloads.of(Reloaded::Done).inc();
        tracing::info!(
            parties = names.len(),
            added,
            removed,
            "reloaded parties and certificates"
        );
    }

    fn refuse(&self, error: &dyn std::fmt::Display) {
        self.metrics.admission.reloads.of(Reloaded::Refused).inc();
        tracing::error!(%error, "reload refused: parties and certificates are unchanged");
    }
}

/// The certificate of the malls' port with TLS.
pub(crate) struct Certified {
    pub(crate) server: Arc<ServerConfig>,
    /// When it ends, in seconds since 1970.
    pub(crate) ends_at: i64,
}

impl Certified {
    /// Reads certificate, key and authorities.
    pub(crate) fn read(settings: &MallTlsSettings) -> Result<Self, SettingsError> {
        Ok(Self {
            server: mall_server(settings)?,
            ends_at: ends_at(&settings.certificate)?,
        })
    }
}

/// How many parties are new, and how many are gone.
fn difference(before: &Parties, after: &Parties) -> [usize; 2] {
    let missing = |from: &Parties, of: &Parties| {
        let absent = |party: &Party| from.find(party.code).is_none();
        of.all().filter(|listed| absent(&listed.party)).count()
    };
    [missing(before, after), missing(after, before)]
}
