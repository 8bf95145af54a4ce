//! A worker's tasks: they run until the switch stops.

use std::net::TcpStream;
use std::rc::Rc;
use std::time::{Duration, Instant};

use tokio::sync::mpsc::UnboundedReceiver;
use tokio::time::{MissedTickBehavior, interval};

use crate::dispatch::Inbox;
use crate::leased::{self, LineKeeper};
use crate::mall::{self, SessionContext};
use crate::router::{Worker, WorkerTask};
use crate::wallet::Services;
use tessera_admission::{Arrivals, Place};
use tessera_host::Link;

/// How often waiting purchases and idle wallets are checked.
const TICK: Duration = Duration::from_millis(20);
/// How often a drained worker is asked whether all is answered.
const DRAIN_TICK: Duration = Duration::from_millis(5);

/// A worker's parts, as the switch asks for them.
pub(super) struct Crew {
    pub(super) worker: Rc<Worker>,
    pub(super) services: Rc<Services>,
    pub(super) link: Rc<Link>,
    pub(super) malls: Rc<SessionContext>,
    pub(super) wallet_servers: Rc<LineKeeper>,
    /// Within this time all requests under way are answered.
    pub(super) drain_within: Duration,
    /// For so many milliseconds without messages a wallet stays in memory.
    pub(super) idle_after: u64,
}

impl Crew {
    /// Starts all tasks of the worker; the arrivals are of malls, of malls that connect with TLS, and of wallet servers.
    pub(super) fn start(
        self,
        inbox: Inbox,
        worker_tasks: UnboundedReceiver<WorkerTask>,
        [malls, sealed_malls, wallet_servers]: [Arrivals; 3],
    ) {
        let gate = Rc::clone(&self.services.gate);
        actix::spawn(async move { gate.keep().await });
        actix::spawn(Rc::clone(&self.worker).hand_out());
        actix::spawn(Rc::clone(&self.worker).read_inbox(inbox));
        actix::spawn(Rc::clone(&self.malls.turns).keep());
        actix::spawn(tick(
            Rc::clone(&self.services),
            Rc::clone(&self.worker),
            self.idle_after,
        ));
        let keeper = Rc::clone(&self.malls);
        actix::spawn(receive(malls, move |socket, place| {
            actix::spawn(mall::serve(socket, place, Rc::clone(&keeper)));
        }));
        let keeper = Rc::clone(&self.malls);
        actix::spawn(receive(sealed_malls, move |socket, place| {
            actix::spawn(mall::serve_sealed(socket, place, Rc::clone(&keeper)));
        }));
        let keeper = Rc::clone(&self.wallet_servers);
        actix::spawn(receive(wallet_servers, move |socket, place| {
            actix::spawn(leased::serve(socket, place, Rc::clone(&keeper)));
        }));
        actix::spawn(self.run_worker_tasks(worker_tasks));
    }

    async fn run_worker_tasks(self, mut worker_tasks: UnboundedReceiver<WorkerTask>) {
        while let Some(worker_task) = worker_tasks.recv().await {
            let done = match worker_task {
                WorkerTask::Checkpoint(done) => {
                    self.worker.checkpoint().await;
                    // The store waits for what was appended, and the worker may be stopped before its turn ends by itself.
                    self.services.events.end_turn();
                    done
                }
                WorkerTask::Renew(parties, acceptor, done) => {
                    self.malls.renew(parties, acceptor);
                    done
                }
                WorkerTask::Drain(done) => {
                    self.drain().await;
                    done
                }
                WorkerTask::Close(done) => {
                    self.link.close().await;
                    done
                }
            };
            // Nobody waits for it where the switch is being killed.
            let _ = done.send(());
        }
    }

    /// Reads no more requests, and waits until those under way are answered.
    async fn drain(&self) {
        let (malls, wallet_servers) = (&self.malls.connections, &self.wallet_servers.connections);
        malls.drain();
        wallet_servers.drain();
        let _ = tokio::time::timeout(self.drain_within, async {
            while !malls.is_empty() || !wallet_servers.is_empty() {
                tokio::time::sleep(DRAIN_TICK).await;
            }
        })
        .await;
    }
}

async fn receive(mut arrivals: Arrivals, serve: impl Fn(TcpStream, Place)) {
    while let Some((socket, place)) = arrivals.recv().await {
        serve(socket, place);
    }
}

async fn tick(services: Rc<Services>, worker: Rc<Worker>, idle_after: u64) {
    let mut interval = interval(TICK);
    interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        interval.tick().await;
        services.purchases.give_up(Instant::now());
        worker.rest_idle(idle_after).await;
        worker.wake();
        services.metrics.flush();
        // A worker that always has something to do ends its turns here.
        services.events.end_turn();
    }
}
