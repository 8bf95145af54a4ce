//! Messages to payers that were given up.

use serde_json::{Value, json};
use tessera_journal::Position;
use tessera_ledger::Outbox;
use tessera_ledger::moment::rfc_3339;
use tessera_notify::{DeadLetterClient, Letters};

use super::undelivered::GivenUp;

impl GivenUp for DeadLetterClient {
    type Letters = Letters;

    const PATH: &'static str = "/outbox";
    const OUTBOX: Outbox = Outbox::Payers;
    const WHAT: &'static str = "messages to payers";
    const NOT_CONFIGURED: &'static str =
        "no channel is configured: see [notify.email], [notify.sms] and [notify.web_push]";
    const NO_LETTER: &'static str = "no such message";
    const ALL: Letters = Letters::All;

    fn one(name: &str) -> Option<Letters> {
        name.parse().ok().map(Letters::One)
    }

    fn name(letters: Letters) -> Option<(String, Position)> {
        match letters {
            Letters::One(key) => Some((key.to_string(), key.position)),
            Letters::All => None,
        }
    }

    async fn list(&self, most: usize) -> Result<Vec<Value>, String> {
        let dead = self.list(most).await?.into_iter();
        let letters = dead.map(|(key, dead)| {
            json!({
                "id": key.to_string(),
                "since": rfc_3339(dead.since),
                "attempts": dead.attempts,
                "why": dead.why,
            })
        });
        Ok(letters.collect())
    }

    async fn has(&self, letters: Letters) -> Result<bool, String> {
        self.has(letters).await
    }

    async fn take(&self, letters: Letters, sends: bool) -> Result<usize, String> {
        match sends {
            true => self.retry(letters).await,
            false => self.forget(letters).await,
        }
    }
}
