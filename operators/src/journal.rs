//! Brings what was done to accounts into the switch's journal: at once where the switch answers, and later where it does not. The
//! console does not wait for it: an account whose token was stolen is removed also while the switch is down.
//!
//! In comes what the file of the accounts says is not journaled yet; out go requests to the operators' socket. If the process is killed
//! between the two, the switch journals the same again, with the same moment in it.

use std::path::Path;
use std::time::Duration;

use actix_web::web::{self, Data};
use tessera_switch::ops::client::{self, AskError};
use tessera_switch::ops::operator::{AccountDone, OperatorRequest, Want, Whose};

use crate::accounts::{Accounts, AccountsError, Unjournaled};
use crate::web::{App, Trouble};

/// Longer than the switch's own timeout for an answer.
const PATIENCE: Duration = Duration::from_secs(15);
/// How often the console looks for what waits.
const EVERY: Duration = Duration::from_secs(2);

/// Why something is not journaled yet.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The accounts can't be read or written.
    #[error(transparent)]
    Accounts(#[from] AccountsError),
    /// The switch does not answer, or refuses.
    #[error(transparent)]
    Switch(#[from] AskError),
}

/// Has the switch journal what waits. Nothing waits when it returns.
///
/// # Errors
/// Where something goes on waiting.
pub fn journal(accounts: &Accounts, socket: &Path) -> Result<(), JournalError> {
    if accounts.unjournaled()?.is_empty() {
        return Ok(());
    }
    let _lock = accounts.lock_journaling().map_err(AccountsError::from)?;
    // What the other process has done meanwhile is not done again.
    for done in accounts.unjournaled()? {
        let text = serde_json::json!(request(&done)).to_string();
        client::ask(socket, ("POST", "/operator"), Some(&text), PATIENCE)?;
        accounts.journaled(&[done])?;
    }
    Ok(())
}

fn request(done: &Unjournaled) -> OperatorRequest {
    OperatorRequest {
        want: Want::ConsoleAccount(AccountDone {
            act: done.act,
            name: done.name.clone(),
            role: done.role.name().to_owned(),
            at: done.at.clone(),
        }),
        of: Whose::All,
        by: done.by.clone(),
        reason: done.reason.clone(),
    }
}

/// Has the switch journal what waits, on a thread for that. Whether it is journaled.
pub async fn at_once(app: &Data<App>) -> bool {
    tried(app).await.is_ok()
}

/// Goes on until the process ends.
pub async fn keep(app: Data<App>) {
    let mut said: Option<String> = None;
    loop {
        tokio::time::sleep(EVERY).await;
        let failed = tried(&app).await.err();
        if let Some(error) = &failed
            && said != failed
        {
            tracing::warn!(error, "what was done to accounts is not journaled yet");
        }
        said = failed;
    }
}

async fn tried(app: &Data<App>) -> Result<(), String> {
    let app = Data::clone(app);
    let waiting = app.accounts.unjournaled();
    if waiting.map_err(|error| error.to_string())?.is_empty() {
        return Ok(());
    }
    let socket = app.switch.socket();
    let socket = socket.map_err(|error| Trouble::from(error).to_string())?;
    let done = web::block(move || journal(&app.accounts, &socket));
    match done.await {
        Ok(done) => done.map_err(|error| error.to_string()),
        Err(error) => Err(error.to_string()),
    }
}
