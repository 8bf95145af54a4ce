//! The wiring, last stage first, and the switch's life: assemble, announce, serve, drain.

use std::net::{SocketAddr, TcpListener as StdListener};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use actix::{Arbiter, System};
use rustls::{ClientConfig, ServerConfig};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio::sync::oneshot;

use crate::config::Settings;
use crate::door::{self, Admission, Arrivals, Guests};
use crate::gate::Gate;
use crate::host::{Forwarder, Link, LinkStats, TraceShare};
use crate::journal::{Journal, Segments};
use crate::leased::{self, LineKeeper};
use crate::mall::{self, Doorkeeper};
use crate::ops::{Health, Metrics};
use crate::orders::Orders;
use crate::router::{Directory, Inbox, Order, Parts, Ways, Worker};
use crate::store::{Checkpointer, Store};
use crate::wallet::{Command, Tell};

/// What all workers are made of.
#[derive(Clone)]
struct Shared {
    settings: Arc<Settings>,
    metrics: Arc<Metrics>,
    health: Arc<Health>,
    journal: Arc<dyn Journal>,
    directory: Arc<Directory>,
    orders: Arc<Orders>,
    checkpointer: Checkpointer,
    guests: Arc<Guests>,
    host_tls: Arc<ClientConfig>,
    leased_tls: Arc<ServerConfig>,
    references_after: u64,
    ways: Arc<Vec<Ways>>,
}

/// What one worker takes with it to its thread.
struct Seed {
    index: usize,
    inbox: Inbox,
    malls: Arrivals,
    wallet_servers: Arrivals,
    stats: Arc<LinkStats>,
}
