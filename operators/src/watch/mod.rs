//! Watches the switch: its figures and whether it is ready, each second, from the operations port of each node.
//!
//! In comes what `/metrics` and `/readyz` say; out goes one [`View`] for all pages, however many are open. What never happens here: the
//! switch is asked more often because somebody looks.

pub mod alerts;
pub mod figures;
pub mod samples;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tessera_common::bounded;
use tessera_kit::clock;
use tessera_kit::clock::Timestamp;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::MissedTickBehavior;

use alerts::{Alert, Alerts};
use figures::{Figures, History};
use samples::Samples;

const EVERY: Duration = Duration::from_secs(1);
/// Of a second: a page says within two seconds that the switch is gone.
const PATIENCE: Duration = Duration::from_millis(700);
/// Some 500 lines are 60 KiB.
const ANSWER_BYTES_MAX: usize = 8 << 20;

/// What the switch is doing at a moment.
#[derive(Debug, Clone)]
pub struct View {
    /// When it was asked.
    pub at: Timestamp,
    /// Of each operations port, the switch's own first.
    pub nodes: Vec<Node>,
    /// Which of them serves payments; the first where none does.
    pub active: usize,
    /// Of that node.
    pub figures: Figures,
    /// Of that node.
    pub alerts: Vec<Alert>,
}

/// A node at a moment.
#[derive(Debug, Clone)]
pub struct Node {
    /// What operators call it.
    pub name: String,
    /// Its operations port.
    pub address: SocketAddr,
    /// What it says.
    pub state: State,
    /// Since when it has been in a state like that.
    pub since: Timestamp,
}

/// Whether a node answers, and what.
#[derive(Debug, Clone)]
pub enum State {
    /// It has not been asked yet.
    Unknown,
    /// It does not answer.
    Gone,
    /// It answers.
    There {
        /// Why it is not ready; empty where it is.
        reasons: Vec<String>,
        /// Its figures.
        samples: Arc<Samples>,
    },
}

impl State {
    fn is_like(&self, other: &Self) -> bool {
        match (self, other) {
            (
                Self::There { reasons, .. },
                Self::There {
                    reasons: others, ..
                },
            ) => reasons == others,
            (Self::Gone, Self::Gone) | (Self::Unknown, Self::Unknown) => true,
            _ => false,
        }
    }
}

/// Whether purchases are possible, in a few words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Health {
    /// They are.
    Ready,
    /// The switch says why not.
    NotReady(String),
    /// It does not answer, since this moment.
    Gone(Timestamp),
    /// It has not been asked yet.
    Unknown,
}

impl Health {
    /// Whether purchases are possible.
    pub fn is_good(&self) -> bool {
        *self == Self::Ready
    }

    /// For the style.
    pub fn class(&self) -> &'static str {
        match self.is_good() {
            true => "good",
            false => "bad",
        }
    }

    /// For people.
    pub fn words(&self) -> String {
        match self {
            Self::Ready => "Ready".to_owned(),
            Self::NotReady(why) => format!("Not ready: {why}"),
            Self::Gone(since) => {
                let at = tessera_ledger::moment::rfc_3339(*since);
                let clock = at.get(11..19).unwrap_or_default();
                format!("The switch has not answered since {clock} UTC")
            }
            Self::Unknown => "Asking the switch".to_owned(),
        }
    }
}

impl Node {
    /// Whether it answers.
    pub fn is_there(&self) -> bool {
        matches!(self.state, State::There { .. })
    }

    /// Whether it says that it is the active one of a cluster.
    pub fn is_active(&self) -> bool {
        match &self.state {
            State::There { samples, .. } => {
                samples.sum("tessera_cluster_active").unwrap_or(0.0) > 0.0
            }
            State::Gone | State::Unknown => false,
        }
    }
}

impl View {
    fn new(nodes: Vec<(String, SocketAddr)>) -> Self {
        let at = clock::system();
        let node = |(name, address)| Node {
            name,
            address,
            state: State::Unknown,
            since: at,
        };
        Self {
            at,
            nodes: nodes.into_iter().map(node).collect(),
            active: 0,
            figures: Figures::default(),
            alerts: Vec::new(),
        }
    }

    /// Of the node that serves payments.
    pub fn health(&self) -> Health {
        match self.nodes.get(self.active) {
            None => Health::Unknown,
            Some(node) => match &node.state {
                State::Unknown => Health::Unknown,
                State::Gone => Health::Gone(node.since),
                State::There { reasons, .. } if reasons.is_empty() => Health::Ready,
                State::There { reasons, .. } => Health::NotReady(reasons.join(", ")),
            },
        }
    }

    /// The state in a few words, for the head of each page: in a cluster, with the node that is active.
    pub fn words(&self) -> String {
        let words = self.health().words();
        match self.nodes.get(self.active) {
            Some(active) if self.nodes.len() > 1 && active.is_active() => {
                format!("{words}: {} is active", active.name)
            }
            _ => words,
        }
    }

    /// Of the node that serves payments, if it answers.
    pub fn samples(&self) -> Option<&Samples> {
        match &self.nodes.get(self.active)?.state {
            State::There { samples, .. } => Some(samples),
            State::Gone | State::Unknown => None,
        }
    }
}

/// Watches these nodes by their operations ports for good, in the background.
pub fn start(nodes: Vec<(String, SocketAddr)>) -> watch::Receiver<Arc<View>> {
    let (sender, receiver) = watch::channel(Arc::new(View::new(nodes)));
    actix_web::rt::spawn(async move {
        let mut ticks = tokio::time::interval(EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let (mut history, mut alerts) = (History::default(), Alerts::default());
        loop {
            ticks.tick().await;
            let before = Arc::clone(&sender.borrow());
            let nodes = ask_all(&before.nodes).await;
            let active = active(&nodes, before.active);
            if active != before.active {
                history.forget();
            }
            let mut view = View {
                at: clock::system(),
                nodes,
                active,
                figures: Figures::default(),
                alerts: Vec::new(),
            };
            match view.samples() {
                None => history.forget(),
                Some(samples) => {
                    let now = Instant::now();
                    history.add(samples, now);
                    view.alerts = alerts.judge(samples, now);
                }
            }
            view.figures = history.figures();
            if sender.send(Arc::new(view)).is_err() {
                return;
            }
        }
    });
    receiver
}

async fn ask_all(before: &[Node]) -> Vec<Node> {
    let asked: Vec<_> = before
        .iter()
        .map(|node| actix_web::rt::spawn(ask(node.address)))
        .collect();
    let mut nodes = Vec::new();
    for (node, asked) in before.iter().zip(asked) {
        let state = asked.await.unwrap_or(State::Gone);
        let since = match state.is_like(&node.state) {
            true => node.since,
            false => clock::system(),
        };
        nodes.push(Node {
            name: node.name.clone(),
            address: node.address,
            state,
            since,
        });
    }
    nodes
}

/// The node that says that it is active; where no node says so, the one that was.
fn active(nodes: &[Node], before: usize) -> usize {
    nodes.iter().position(Node::is_active).unwrap_or(before)
}

async fn ask(address: SocketAddr) -> State {
    let both = async { tokio::join!(fetch(address, "/metrics"), fetch(address, "/readyz")) };
    match tokio::time::timeout(PATIENCE, both).await {
        Ok((Ok((200, metrics)), Ok((status, words)))) => State::There {
            reasons: match status {
                200 => Vec::new(),
                _ => words.lines().map(str::to_owned).collect(),
            },
            samples: Arc::new(Samples::read(&metrics)),
        },
        _ => State::Gone,
    }
}

/// The status and the body of a page.
async fn fetch(address: SocketAddr, path: &str) -> io::Result<(u16, String)> {
    let mut stream = TcpStream::connect(address).await?;
    // Version 1.0: the body comes whole, and the connection ends with it.
    let request = format!("GET {path} HTTP/1.0\r\nHost: {address}\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    let limit = ANSWER_BYTES_MAX as u64 + 1;
    if stream.take(limit).read_to_string(&mut answer).await? > ANSWER_BYTES_MAX {
        return Err(bounded::too_long(ANSWER_BYTES_MAX));
    }
    let no_answer = || io::Error::other("no HTTP answer");
    let (head, body) = answer.split_once("\r\n\r\n").ok_or_else(no_answer)?;
    let status = head.split_ascii_whitespace().nth(1);
    let status = status.and_then(|status| status.parse().ok());
    Ok((status.ok_or_else(no_answer)?, body.to_owned()))
}
