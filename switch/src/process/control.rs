//! The operators' socket, which listens as soon as the lock of the data is ours and answers once the components run.

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use actix_web::dev::ServerHandle;
use tessera_config::Settings;
use tessera_notify::{DeadLetterClient, WebhookClient};

use crate::ops::{self, Operator};

pub(super) struct Control {
    socket: PathBuf,
    server: ServerHandle,
    operator: Arc<OnceLock<Operator>>,
    outbox: Arc<OnceLock<DeadLetterClient>>,
    webhooks: Arc<OnceLock<WebhookClient>>,
}

impl Control {
    /// To be called with the lock of the data: a socket in the folder is then an ended process's.
    pub fn serve(settings: &Settings) -> anyhow::Result<Self> {
        let socket = settings.operations_socket();
        let (operator, outbox, webhooks) = (Arc::default(), Arc::default(), Arc::default());
        let server = ops::control::serve(
            &socket,
            &settings.ops.operators,
            (Arc::clone(&outbox), Arc::clone(&webhooks)),
            Arc::clone(&operator),
        )?;
        let handle = server.handle();
        actix::spawn(server);
        Ok(Self {
            socket,
            server: handle,
            operator,
            outbox,
            webhooks,
        })
    }

    /// From now on decisions and blocks are served. Called once.
    pub fn connect(&self, operator: Operator) {
        let _ = self.operator.set(operator);
    }

    /// From now on the messages that could not be delivered are served. Called once.
    pub fn connect_outbox(&self, outbox: Option<&DeadLetterClient>) {
        if let Some(outbox) = outbox {
            let _ = self.outbox.set(outbox.clone());
        }
    }

    /// From now on the events of webhooks that were given up are served. Called once.
    pub fn connect_webhooks(&self, webhooks: Option<&WebhookClient>) {
        if let Some(webhooks) = webhooks {
            let _ = self.webhooks.set(webhooks.clone());
        }
    }

    /// To be called while the lock of the data is ours. A socket that cannot be removed is removed by the next start.
    pub async fn stop(self) {
        self.server.stop(false).await;
        let _ = std::fs::remove_file(self.socket);
    }
}
