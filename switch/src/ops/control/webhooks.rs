//! Events of webhooks that were given up.

use serde_json::{Value, json};
use tessera_journal::Position;
use tessera_ledger::Outbox;
use tessera_ledger::moment::rfc_3339;
use tessera_notify::{Letters, WebhookClient, WebhookId};

use super::undelivered::GivenUp;

impl GivenUp for WebhookClient {
    type Letters = Letters<WebhookId>;

    const PATH: &'static str = "/webhooks";
    const OUTBOX: Outbox = Outbox::Parties;
    const WHAT: &'static str = "events of webhooks";
    const NOT_CONFIGURED: &'static str =
        "no party has a webhook: see [webhook] in docs/webhooks.md";
    const NO_LETTER: &'static str = "no such event";
    const ALL: Letters<WebhookId> = Letters::All;

    fn one(name: &str) -> Option<Letters<WebhookId>> {
        name.parse().ok().map(Letters::One)
    }

    fn name(letters: Letters<WebhookId>) -> Option<(String, Position)> {
        match letters {
            Letters::One(id) => Some((id.to_string(), id.position())),
            Letters::All => None,
        }
    }

    async fn list(&self, most: usize) -> Result<Vec<Value>, String> {
        let dead = self.list(most).await?.into_iter();
        let events = dead.map(|dead| {
            json!({
                "id": dead.id,
                "party": dead.party.to_string(),
                "since": rfc_3339(dead.since),
                "attempts": dead.attempts,
                "why": dead.why,
            })
        });
        Ok(events.collect())
    }

    async fn has(&self, letters: Letters<WebhookId>) -> Result<bool, String> {
        self.has(letters).await
    }

    async fn take(&self, letters: Letters<WebhookId>, sends: bool) -> Result<usize, String> {
        self.take(letters, sends).await
    }
}
