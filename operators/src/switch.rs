//! The switch, as the console reaches it: its operators' socket, and its journal, which is only read.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use actix_web::web;
use serde_json::Value;
use tessera_config::{Party, Settings};
use tessera_journal::Location;
use tessera_switch::journal_to_read;
use tessera_switch::ops::client::{self, AskError};
use tokio::sync::{Semaphore, watch};

use crate::settings::NodeSettings;
use crate::watch::View;

/// A list comes in a moment, or the page says that the switch does not answer.
const LIST_PATIENCE: Duration = Duration::from_secs(2);
/// Longer than the switch's own timeout for an answer.
const DECISION_PATIENCE: Duration = Duration::from_secs(15);
/// Pages that read the journal at the same time: its disk belongs to the switch.
const READERS_MAX: usize = 2;
/// How long a page waits until it is its turn.
const TURN_WITHIN: Duration = Duration::from_secs(10);
/// The file of the data keys, which the switch replaces with each new key.
const KEYS: &str = "keys.table";

/// The journal, with the keys of a file that was written at this time. They are read again when it has changed only: the master key
/// may come from a program, or be in a token.
type Keyed = (Option<SystemTime>, Location);

/// Why there is no answer, or nothing was read.
#[derive(Debug, Clone)]
pub enum SwitchError {
    /// The switch does not answer.
    Unreachable(String),
    /// The switch refuses, and says why.
    Refused(String),
    /// Others read the journal.
    Busy,
    /// Something else.
    Failed(String),
}

/// See the head of this file.
pub struct Switch {
    settings: Arc<Settings>,
    /// Its own first, in the order of the view.
    nodes: Vec<NodeSettings>,
    view: watch::Receiver<Arc<View>>,
    journal: Arc<Mutex<Option<Keyed>>>,
    readers: Semaphore,
}

impl Switch {
    /// That of this configuration, with the nodes that the view shows, its own first.
    pub fn new(
        settings: Settings,
        nodes: Vec<NodeSettings>,
        view: watch::Receiver<Arc<View>>,
    ) -> Self {
        Self {
            settings: Arc::new(settings),
            nodes,
            view,
            journal: Arc::default(),
            readers: Semaphore::new(READERS_MAX),
        }
    }

    /// Its configuration, as it was when the console started.
    pub fn settings(&self) -> &Arc<Settings> {
        &self.settings
    }

    /// The operators' socket of the switch; in a cluster, of the active node.
    ///
    /// # Errors
    /// Where it is not on this machine.
    pub fn socket(&self) -> Result<PathBuf, SwitchError> {
        let active = self.view.borrow().active;
        let node = self.nodes.get(active).or(self.nodes.first());
        let socket = node.and_then(|node| node.socket.clone());
        socket.ok_or_else(|| {
            let name = node.map_or("another node", |node| node.name.as_str());
            SwitchError::Unreachable(format!(
                "{name} is active: use the console of its machine, or name its operators' socket in `nodes` of this console's configuration."
            ))
        })
    }

    /// What a list of the switch has.
    ///
    /// # Errors
    /// Where the switch does not answer, or refuses.
    pub async fn list(&self, path: &'static str) -> Result<Value, SwitchError> {
        let answer = self
            .ask("GET", path.to_owned(), None, LIST_PATIENCE)
            .await?;
        serde_json::from_str(&answer).map_err(|error| SwitchError::Failed(error.to_string()))
    }

    /// A text of the switch.
    ///
    /// # Errors
    /// Where the switch does not answer, or refuses.
    pub async fn text(&self, path: String) -> Result<String, SwitchError> {
        self.ask("GET", path, None, LIST_PATIENCE).await
    }

    /// Something that changes something, or asks a wallet.
    ///
    /// # Errors
    /// Where the switch does not answer, or refuses.
    pub async fn decide(&self, path: String, json: String) -> Result<String, SwitchError> {
        self.ask("POST", path, Some(json), DECISION_PATIENCE).await
    }

    async fn ask(
        &self,
        method: &'static str,
        path: String,
        json: Option<String>,
        patience: Duration,
    ) -> Result<String, SwitchError> {
        let socket = self.socket()?;
        let answer =
            web::block(move || client::ask(&socket, (method, &path), json.as_deref(), patience));
        let answer = answer
            .await
            .map_err(|error| SwitchError::Failed(error.to_string()))?;
        answer.map_err(|error| match error {
            AskError::Nobody { .. } => SwitchError::Unreachable("Nobody listens at the operators' socket.".to_owned()),
            AskError::Lost(_) if method == "POST" => SwitchError::Unreachable(
                "The switch has not answered. What was decided may have been done: look at the list before you try again.".to_owned(),
            ),
            AskError::Lost(_) => SwitchError::Unreachable("The switch has not answered in time.".to_owned()),
            AskError::Refused { status: 503, why } => SwitchError::Unreachable(why),
            AskError::Refused { why, .. } => SwitchError::Refused(why),
        })
    }

    /// Reads the journal on a thread for that.
    ///
    /// # Errors
    /// Where it can't be read, or too many read it.
    pub async fn read<T, E>(
        &self,
        job: impl FnOnce(&Location) -> Result<T, E> + Send + 'static,
    ) -> Result<Result<T, E>, SwitchError>
    where
        T: Send + 'static,
        E: Send + 'static,
    {
        let turn = tokio::time::timeout(TURN_WITHIN, self.readers.acquire()).await;
        let Ok(Ok(_turn)) = turn else {
            return Err(SwitchError::Busy);
        };
        let (settings, journal) = (Arc::clone(&self.settings), Arc::clone(&self.journal));
        let done = web::block(move || {
            let location = location(&settings, &journal)?;
            Ok::<_, anyhow::Error>(job(&location))
        });
        let done = done
            .await
            .map_err(|error| SwitchError::Failed(error.to_string()))?;
        done.map_err(|error| SwitchError::Failed(format!("{error:#}")))
    }

    /// The profiles of the parties, as their files say now.
    ///
    /// # Errors
    /// Where they can't be read.
    pub async fn parties(&self) -> Result<Vec<Party>, SwitchError> {
        let settings = Arc::clone(&self.settings);
        let read = web::block(move || settings.read_parties()).await;
        let read = read.map_err(|error| SwitchError::Failed(error.to_string()))?;
        read.map_err(|error| SwitchError::Failed(error.to_string()))
    }

    /// What `tessera cluster status` shows; `None` without a cluster.
    pub async fn cluster(&self) -> Option<Result<Value, String>> {
        self.settings.cluster.as_ref()?;
        let settings = Arc::clone(&self.settings);
        let view = web::block(move || tessera_switch::view_cluster(&settings)).await;
        Some(match view {
            Ok(Ok(view)) => Ok(tessera_switch::cluster_status::json(&view)),
            Ok(Err(error)) => Err(format!("{error:#}")),
            Err(error) => Err(error.to_string()),
        })
    }
}

fn location(settings: &Settings, known: &Mutex<Option<Keyed>>) -> anyhow::Result<Location> {
    let mut known = known.lock().unwrap_or_else(PoisonError::into_inner);
    let written = std::fs::metadata(settings.data.join(KEYS));
    let written = written.and_then(|keys| keys.modified()).ok();
    match &*known {
        Some((of, location)) if *of == written => Ok(location.clone()),
        Some(_) | None => {
            let location = journal_to_read(settings)?;
            *known = Some((written, location.clone()));
            Ok(location)
        }
    }
}
