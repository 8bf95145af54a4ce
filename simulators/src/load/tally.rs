//! The financial system's own count of what it approved, held against the model. It says something only where
//! nobody else spends on that system meanwhile.

use std::time::{Duration, Instant};

use super::http::fetch;

/// How long the advices of the switch may take to arrive there.
const PATIENCE: Duration = Duration::from_secs(30);

/// Between two looks.
const PAUSE: Duration = Duration::from_millis(200);

/// What the financial system says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tally {
    /// Spent on all cards together, less what was reversed, in minor units.
    pub net: i64,
    /// Requests of the switch that contradicted an earlier one of it.
    pub contradictions: u64,
}

/// Reads it from `GET /tally`.
pub async fn read(address: &str) -> Result<Tally, String> {
    let told =
        |why: &dyn std::fmt::Display| format!("the tally at {address} cannot be read: {why}");
    let body = fetch(address, "/tally")
        .await
        .map_err(|error| told(&error))?;
    let tally: serde_json::Value = serde_json::from_str(&body).map_err(|error| told(&error))?;
    Ok(Tally {
        net: tally["net"]
            .as_i64()
            .ok_or_else(|| told(&"it has no `net`"))?,
        contradictions: tally["contradictions"].as_u64().unwrap_or(0),
    })
}

/// Waits until the tally has moved by `expected` since `before`; in words what is wrong otherwise.
pub async fn moved(address: &str, before: Tally, expected: i64) -> Result<(), String> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        // The financial system may just be starting again.
        let wrong = match read(address).await {
            Ok(after) if after.contradictions > before.contradictions => {
                return Err("the financial system was asked contradictory things".to_owned());
            }
            Ok(after) if after.net - before.net == expected => return Ok(()),
            Ok(after) => {
                let moved = after.net - before.net;
                let by = moved - expected;
                format!(
                    "the financial system counts {moved} net, the answers add up to {expected} ({by:+})"
                )
            }
            Err(fault) => fault,
        };
        if Instant::now() > deadline {
            return Err(wrong);
        }
        tokio::time::sleep(PAUSE).await;
    }
}
