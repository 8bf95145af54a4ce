//! Shares a worker's time among parties: however many connections a party has, in each round as much of what it has sent
//! is handled as of any other party.
//!
//! A round begins when every task that was ready has run and the sockets have been looked at again. In a round a party may
//! have so many bytes handled (`ROUND_BYTES`); what is above waits for the next one, connection after connection in the
//! order in which they began to wait. So a request waits for at most one round of every other party. All connections that
//! have not signed on count as one party.
//!
//! Nothing here looks at a clock, and a connection that need not wait costs two comparisons.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;

use hashbrown::HashMap;
use tessera_protocol::Institution;
use tokio::sync::{Notify, oneshot};

/// What a party may have handled in a round: some three hundred purchases, a few milliseconds.
const ROUND_BYTES: i64 = 64 * 1024;

/// What a TLS handshake counts for: it costs as much as a hundred messages.
pub(super) const HANDSHAKE_BYTES: usize = 16 * 1024;

/// The shares of all parties on a worker.
#[derive(Debug)]
pub struct Turns {
    round: Cell<u64>,
    parties: RefCell<HashMap<Institution, Rc<Share>>>,
    /// Of the connections that have not signed on.
    unsigned: Rc<Share>,
    /// The shares on which somebody waits for the next round.
    waiting: RefCell<VecDeque<Rc<Share>>>,
    bell: Notify,
}

/// What one party has left of a round, and who waits for more.
#[derive(Debug)]
pub(super) struct Share {
    left: Cell<i64>,
    round: Cell<u64>,
    waiting: RefCell<VecDeque<oneshot::Sender<Baton>>>,
    /// It is in the queue for the next round.
    queued: Cell<bool>,
}

/// The turn of one connection of those that have waited. The next one has it when this is dropped.
#[derive(Debug)]
pub(super) struct Baton {
    turns: Rc<Turns>,
    share: Rc<Share>,
}

impl Default for Turns {
    fn default() -> Self {
        Self {
            round: Cell::new(0),
            parties: RefCell::default(),
            unsigned: Share::new(),
            waiting: RefCell::default(),
            bell: Notify::new(),
        }
    }
}

impl Turns {
    /// The share of a party.
    pub(super) fn of(&self, party: Institution) -> Rc<Share> {
        let mut parties = self.parties.borrow_mut();
        Rc::clone(parties.entry(party).or_insert_with(Share::new))
    }

    /// The share of all connections that have not signed on.
    pub(super) fn of_unsigned(&self) -> Rc<Share> {
        Rc::clone(&self.unsigned)
    }

    /// Begins a round whenever somebody waits for one, as long as the worker lives.
    pub async fn keep(self: Rc<Self>) {
        loop {
            self.bell.notified().await;
            while !self.waiting.borrow().is_empty() {
                tokio::task::yield_now().await;
                self.begin_round();
            }
        }
    }

    fn begin_round(self: &Rc<Self>) {
        self.round.set(self.round.get() + 1);
        let shares = self.waiting.take();
        for share in &shares {
            share.queued.set(false);
        }
        for share in shares {
            self.pass_on(&share);
        }
    }

    /// The next one of those that wait has its turn, now or in the next round.
    fn pass_on(self: &Rc<Self>, share: &Rc<Share>) {
        loop {
            if share.left(self) <= 0 {
                return self.queue(share);
            }
            let Some(next) = share.waiting.borrow_mut().pop_front() else {
                return;
            };
            // One whose connection has ended meanwhile is passed over. Nobody else runs between question and answer.
            if !next.is_closed() {
                let _ = next.send(Baton {
                    turns: Rc::clone(self),
                    share: Rc::clone(share),
                });
                return;
            }
        }
    }

    fn queue(&self, share: &Rc<Share>) {
        if !share.waiting.borrow().is_empty() && !share.queued.replace(true) {
            self.waiting.borrow_mut().push_back(Rc::clone(share));
            self.bell.notify_one();
        }
    }
}

impl Share {
    fn new() -> Rc<Self> {
        Rc::new(Self {
            left: Cell::new(ROUND_BYTES),
            round: Cell::new(0),
            waiting: RefCell::default(),
            queued: Cell::new(false),
        })
    }

    /// What is left in this round. What was too much in the one before is missing in it.
    fn left(&self, turns: &Turns) -> i64 {
        if self.round.get() != turns.round.get() {
            self.round.set(turns.round.get());
            self.left
                .set((self.left.get() + ROUND_BYTES).min(ROUND_BYTES));
        }
        self.left.get()
    }

    /// So many bytes were handled. True where there is something left.
    #[inline]
    pub(super) fn spend(&self, turns: &Turns, bytes: usize) -> bool {
        let left = self.left(turns) - bytes as i64;
        self.left.set(left);
        left > 0
    }

    /// Whether a connection may go on without waiting: something is left, and no other one waits for it.
    #[inline]
    pub(super) fn is_free(&self, turns: &Turns) -> bool {
        self.left(turns) > 0 && self.waiting.borrow().is_empty()
    }

    /// Waits behind the party's other connections. `None` where the worker ends.
    pub(super) async fn wait(self: &Rc<Self>, turns: &Turns) -> Option<Baton> {
        let (turn, is_turn) = oneshot::channel();
        self.waiting.borrow_mut().push_back(turn);
        turns.queue(self);
        is_turn.await.ok()
    }
}

impl Drop for Baton {
    fn drop(&mut self) {
        self.turns.pass_on(&self.share);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Who was served, in order: the connection and how many bytes of it.
    type Served = Rc<RefCell<Vec<(&'static str, usize)>>>;

    const FRAME: usize = 200;

    /// A connection that has so many frames to be handled, as a session handles them.
    async fn connection(
        name: &'static str,
        share: Rc<Share>,
        turns: Rc<Turns>,
        frames: usize,
        served: Served,
    ) {
        let mut baton = None;
        for _ in 0..frames {
            if baton.is_none() && !share.is_free(&turns) {
                baton = share.wait(&turns).await;
            }
            served.borrow_mut().push((name, FRAME));
            if !share.spend(&turns, FRAME) {
                baton = None;
            }
        }
    }

    fn party(code: u64) -> Institution {
        Institution::new(code).unwrap()
    }

    fn run(test: impl AsyncFnOnce(Rc<Turns>, Served)) -> Vec<(&'static str, usize)> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        let local = tokio::task::LocalSet::new();
        let served = Served::default();
        local.block_on(&runtime, async {
            let turns = Rc::new(Turns::default());
            tokio::task::spawn_local(Rc::clone(&turns).keep());
            test(turns, Rc::clone(&served)).await;
        });
        served.take()
    }

    /// The bytes of others that were handled before each frame of this connection, since the one before.
    fn waits(served: &[(&'static str, usize)], name: &str) -> Vec<usize> {
        let mut waits = vec![];
        let mut since = 0;
        for (who, bytes) in served {
            match *who == name {
                true => waits.push(std::mem::take(&mut since)),
                false => since += bytes,
            }
        }
        waits
    }

    #[test]
    fn a_thousand_connections_of_a_party_delay_another_party_by_one_round_at_most() {
        let served = run(async |turns, served| {
            let mut tasks = Vec::new();
            for _ in 0..1000 {
                let many = connection(
                    "many",
                    turns.of(party(1)),
                    Rc::clone(&turns),
                    300,
                    served.clone(),
                );
                tasks.push(tokio::task::spawn_local(many));
            }
            let one = connection(
                "one",
                turns.of(party(2)),
                Rc::clone(&turns),
                2000,
                served.clone(),
            );
            tasks.push(tokio::task::spawn_local(one));
            for task in tasks {
                task.await.unwrap();
            }
        });
        assert_eq!(served.len(), 302_000, "all are served in the end");
        let waits = waits(&served, "one");
        let most = ROUND_BYTES as usize + FRAME;
        assert!(
            waits.iter().all(|wait| *wait <= most),
            "{:?}",
            waits.iter().max()
        );
        // Of what both have, each party has half.
        let last = served.iter().rposition(|(who, _)| *who == "one").unwrap();
        let others = served[..last]
            .iter()
            .filter(|(who, _)| *who == "many")
            .count();
        assert!(
            others <= 2000 + 2 * most / FRAME,
            "{others} frames of the other party"
        );
    }

    #[test]
    fn connections_of_one_party_have_their_turns_in_the_order_in_which_they_wait() {
        let served = run(async |turns, served| {
            let names = ["a", "b", "c"];
            let tasks = names.map(|name| {
                let task = connection(
                    name,
                    turns.of(party(1)),
                    Rc::clone(&turns),
                    700,
                    served.clone(),
                );
                tokio::task::spawn_local(task)
            });
            for task in tasks {
                task.await.unwrap();
            }
        });
        let mut order: Vec<&str> = served.iter().map(|(who, _)| *who).collect();
        order.dedup();
        assert_eq!(order[..4], ["a", "b", "c", "a"]);
    }

    #[test]
    fn a_connection_that_ends_while_it_waits_holds_up_nobody() {
        let served = run(async |turns, served| {
            let share = turns.of(party(1));
            share.spend(&turns, 2 * ROUND_BYTES as usize);
            let gone: Vec<_> = (0..3)
                .map(|_| {
                    let (share, turns) = (Rc::clone(&share), Rc::clone(&turns));
                    tokio::task::spawn_local(async move { share.wait(&turns).await })
                })
                .collect();
            let waiting = connection("last", share, Rc::clone(&turns), 1, served);
            let waiting = tokio::task::spawn_local(waiting);
            tokio::task::yield_now().await;
            gone.iter().for_each(tokio::task::JoinHandle::abort);
            waiting.await.unwrap();
        });
        assert_eq!(served, [("last", FRAME)]);
    }

    #[test]
    fn nobody_waits_where_nobody_else_is_there_until_a_round_is_over() {
        let turns = Turns::default();
        let share = turns.of(party(1));
        for _ in 0..ROUND_BYTES as usize / FRAME {
            assert!(share.is_free(&turns));
            share.spend(&turns, FRAME);
        }
        assert!(share.is_free(&turns));
        share.spend(&turns, FRAME);
        assert!(!share.is_free(&turns));
    }
}
