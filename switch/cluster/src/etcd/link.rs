//! A line to etcd: connections to the members, of which one is used until it fails. Lines do not wait for each other, and learn
//! from each other which members have failed.
//!
//! ```text
//! once   one attempt at one member, for what must not be sent twice
//! ask    one member after the other until the time is over, for what may be repeated
//! ```

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::{Instant, sleep, timeout_at};

use super::connection::{Answers, Connection};
use super::fault::{Fault, Kind};
use super::limits::{ATTEMPT, ATTEMPT_MIN, CONNECT, PAUSE, REQUEST};
use super::members::Members;
use super::wire::{Answer, Rpc, StatusRequest};

/// See the head of this file.
pub struct Link {
    members: Arc<Members>,
    /// It leads to this member only.
    pinned: bool,
    current: Mutex<Current>,
}

struct Current {
    member: usize,
    connections: Vec<Option<Connection>>,
}

/// A connection that was chosen for an attempt.
pub struct Chosen {
    member: usize,
    connection: Connection,
}

impl Link {
    pub fn new(members: Arc<Members>) -> Self {
        Self::to(members, 0, false)
    }

    pub fn pinned(members: Arc<Members>, member: usize) -> Self {
        Self::to(members, member, true)
    }

    fn to(members: Arc<Members>, member: usize, pinned: bool) -> Self {
        let connections = vec![None; members.count()];
        let current = Mutex::new(Current {
            member,
            connections,
        });
        Self {
            members,
            pinned,
            current,
        }
    }

    /// Asks until there is an answer, or one that another attempt would not change, or the time is over.
    pub async fn ask<R: Rpc>(&self, request: &R) -> Result<R::Answer, Fault> {
        let deadline = Instant::now() + REQUEST;
        loop {
            let attempt = deadline.min(Instant::now() + ATTEMPT);
            let fault = match self.choose().await {
                Ok(chosen) => match self.once(&chosen, request.clone(), attempt).await {
                    Err(fault) if fault.passes() => fault,
                    ended => return ended,
                },
                // Whatever is wrong with this one, the next may do.
                Err(fault) => fault,
            };
            if Instant::now() + ATTEMPT_MIN > deadline {
                return Err(fault);
            }
            sleep(PAUSE).await;
        }
    }

    /// A connection to some member, before this time. Nothing is sent meanwhile, so this may take several attempts.
    pub async fn connected(&self, deadline: Instant) -> Result<Chosen, Fault> {
        loop {
            match self.choose().await {
                Err(_) if Instant::now() + ATTEMPT_MIN < deadline => sleep(PAUSE).await,
                ended => return ended,
            }
        }
    }

    /// Asks one member, once.
    pub async fn attempt<R: Rpc>(&self, request: R, deadline: Instant) -> Result<R::Answer, Fault> {
        let chosen = self.choose().await?;
        self.once(&chosen, request, deadline).await
    }

    /// Sends the request, once, over this connection.
    pub async fn once<R: Rpc>(
        &self,
        chosen: &Chosen,
        request: R,
        deadline: Instant,
    ) -> Result<R::Answer, Fault> {
        let mut request = tonic::Request::new(request);
        // The member gives up too.
        request.set_timeout(deadline.saturating_duration_since(Instant::now()));
        let answer = timeout_at(deadline, chosen.connection.unary(request)).await;
        let answer = answer.unwrap_or_else(|_| Err(Fault::broken("no answer in time")));
        self.judged(chosen, answer).await
    }

    /// Opens a stream over this connection.
    pub async fn stream<R: Rpc>(
        &self,
        chosen: &Chosen,
        requests: impl futures_util::Stream<Item = R> + Send + 'static,
        wait: Duration,
    ) -> Result<Answers<R::Answer>, Fault> {
        let opened = tokio::time::timeout(wait, chosen.connection.streaming(requests)).await;
        match opened.unwrap_or_else(|_| Err(Fault::broken("no answer in time"))) {
            Ok(answers) => Ok(answers),
            Err(fault) => Err(self.blame(chosen, fault).await),
        }
    }

    /// An answer is of our cluster; a fault says whose it is, and has the next attempt go elsewhere.
    pub async fn judged<A: Answer>(
        &self,
        chosen: &Chosen,
        answer: Result<A, Fault>,
    ) -> Result<A, Fault> {
        let admitted = answer.and_then(|answer| {
            if let Some(header) = answer.header() {
                self.members.admit(header)?;
            }
            Ok(answer)
        });
        match admitted {
            Ok(answer) => Ok(answer),
            Err(fault) => Err(self.blame(chosen, fault).await),
        }
    }

    /// The member to ask now, with a connection.
    pub async fn choose(&self) -> Result<Chosen, Fault> {
        let mut current = self.current.lock().await;
        if !self.pinned {
            current.member = self.members.choose(current.member);
        }
        let member = current.member;
        if let Some(connection) = &current.connections[member]
            && !connection.is_closed()
        {
            let connection = connection.clone();
            return Ok(Chosen { member, connection });
        }
        match self.connect(member).await {
            Ok(connection) => {
                current.connections[member] = Some(connection.clone());
                Ok(Chosen { member, connection })
            }
            Err(fault) => {
                self.members.suspect(member);
                Err(fault.of(&self.members.name(member)))
            }
        }
    }

    /// Whether the next attempt would choose this one too.
    pub fn prefers(&self, chosen: &Chosen) -> bool {
        self.members.choose(chosen.member) == chosen.member
    }

    /// The member behind it has answered: it lives, belongs to our cluster, and knows a leader.
    async fn connect(&self, member: usize) -> Result<Connection, Fault> {
        let connected = async {
            let connection = self.members.connect(member).await?;
            let request = tonic::Request::new(StatusRequest {});
            let answer = connection.unary(request).await?;
            if let Some(header) = answer.header() {
                self.members.admit(header)?;
            }
            match answer.leader == 0 && !self.pinned {
                true => Err(Fault::new(Kind::Busy, "it knows no leader")),
                false => Ok(connection),
            }
        };
        let connected = tokio::time::timeout(CONNECT, connected).await;
        connected.unwrap_or_else(|_| Err(Fault::broken("no connection in time")))
    }

    /// What is not a matter of one member leaves it as it is.
    async fn blame(&self, chosen: &Chosen, fault: Fault) -> Fault {
        if matches!(fault.kind, Kind::Broken | Kind::Busy | Kind::Refused) {
            self.members.suspect(chosen.member);
        }
        if fault.kind == Kind::Broken {
            self.current.lock().await.connections[chosen.member] = None;
        }
        fault.of(&self.members.name(chosen.member))
    }
}
