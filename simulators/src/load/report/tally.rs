//! The financial system's own count of what it approved, held against the model. It says something only where
//! nobody else spends on that system meanwhile, or not on the cards that are counted.

use std::time::{Duration, Instant};

use crate::load::http::fetch;

/// How long the advices of the switch may take to arrive there.
const PATIENCE: Duration = Duration::from_secs(30);

/// Between two looks.
const PAUSE: Duration = Duration::from_millis(200);

/// Whose money is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counted {
    /// Everybody's.
    Everybody,
    /// That of the development cards, which payers never have.
    DevelopmentCards,
}

/// What the financial system says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tally {
    /// Spent on the cards that are counted, less what was reversed, in minor units.
    pub net: i64,
    /// Requests of the switch that contradicted an earlier one of it.
    pub contradictions: u64,
}

/// Reads it from `GET /tally`, and from `GET /cards` where not everybody's is counted.
pub async fn read(address: &str, counted: Counted) -> Result<Tally, String> {
    let unreadable =
        |why: &dyn std::fmt::Display| format!("the tally at {address} cannot be read: {why}");
    let body = fetch(address, "/tally")
        .await
        .map_err(|error| unreadable(&error))?;
    let tally: serde_json::Value =
        serde_json::from_str(&body).map_err(|error| unreadable(&error))?;
    let net = match counted {
        Counted::Everybody => tally["net"].as_i64(),
        Counted::DevelopmentCards => {
            let cards = fetch(address, "/cards").await;
            sum(&cards.map_err(|error| unreadable(&error))?)
        }
    };
    Ok(Tally {
        net: net.ok_or_else(|| unreadable(&"it has no `net`"))?,
        contradictions: tally["contradictions"].as_u64().unwrap_or(0),
    })
}

/// All `net` of a page of cards; `None` where a line has none.
fn sum(cards: &str) -> Option<i64> {
    let net = |line| -> Option<i64> {
        let card: serde_json::Value = serde_json::from_str(line).ok()?;
        card["net"].as_i64()
    };
    cards.lines().map(net).sum()
}

/// Waits until the tally has moved by `expected` since `before`; in words what is wrong otherwise.
pub async fn moved(
    address: &str,
    counted: Counted,
    before: Tally,
    expected: i64,
) -> Result<(), String> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        // The financial system may just be starting again.
        let wrong = match read(address, counted).await {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn adds_up_the_cards() {
        let cards =
            "{\"serial\":1,\"net\":150,\"loaded\":0}\n{\"serial\":2,\"net\":-50,\"loaded\":7}\n";
        assert_eq!(sum(cards), Some(100));
        assert_eq!(sum(""), Some(0));
        assert_eq!(sum("{}\n"), None);
    }
}
