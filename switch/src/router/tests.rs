//! A worker's actors from their first message to their rest, in an actix system.

use std::rc::Rc;
use std::time::Duration;

use tessera_kit::clock;
use tessera_ledger::{Command, Rules, WalletId};
use tessera_protocol::Amount;

use super::Worker;
use super::worker::PIECE;
use crate::message::WalletMessage;
use crate::testing::Bench;
use crate::wallet::Housekeeping;

/// A worker that hands out what is dispatched.
fn started(bench: &Bench) -> Rc<Worker> {
    let (services, active) = (Rc::clone(&bench.services), Rc::clone(&bench.active));
    let worker = Rc::new(Worker::new(services, active));
    actix::spawn(Rc::clone(&worker).hand_out());
    worker
}

/// Runs the tasks that are ready, until this is so.
async fn until(what: &str, is_so: impl Fn() -> bool) {
    for _ in 0..100_000 {
        if is_so() {
            return;
        }
        tokio::task::yield_now().await;
    }
    panic!("never: {what}");
}

fn inquiry(bench: &Bench) -> WalletMessage {
    question(bench, "balance")
}

#[test]
fn an_actor_starts_at_the_first_message_and_stops_when_it_is_idle() {
    actix::System::new().block_on(async {
        let bench = Bench::new(Rules::default(), 0);
        let worker = started(&bench);
        let wallet = WalletId(7);
        bench.services.outgoing.dispatch(wallet, inquiry(&bench));
        until("the wallet is active", || {
            bench.active.place(wallet).is_some()
        })
        .await;
        until("it has decided", || !bench.services.gate.is_empty()).await;
        bench.sync();
        assert!(bench.answers().starts_with("balance "));

        // First its snapshot has to come into the store.
        for _ in 0..10_000 {
            worker.rest_idle(0).await;
            if bench.active.place(wallet).is_none() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        assert!(bench.active.place(wallet).is_none(), "it rests");

        bench.services.outgoing.dispatch(wallet, inquiry(&bench));
        until("it is active again", || {
            bench.active.place(wallet).is_some()
        })
        .await;
    });
}

#[test]
fn a_checkpoint_ends_and_its_actor_goes_on() {
    actix::System::new().block_on(async {
        let bench = Bench::new(Rules::default(), 0);
        let worker = started(&bench);
        let wallet = WalletId(7);
        for _ in 0..2 {
            bench.services.outgoing.dispatch(wallet, inquiry(&bench));
            until("it has decided", || !bench.services.gate.is_empty()).await;
            bench.sync();
            assert!(bench.answers().starts_with("balance "));

            bench.services.snapshots.turned_dirty(wallet);
            let ended = tokio::time::timeout(Duration::from_secs(20), worker.checkpoint()).await;
            assert!(ended.is_ok(), "the actor has done what was asked");
            assert!(bench.active.place(wallet).is_some(), "it goes on");
        }
    });
}

#[test]
fn all_messages_of_a_batch_reach_their_wallets_in_order() {
    actix::System::new().block_on(async {
        let bench = Bench::new(Rules::default(), 0);
        started(&bench);
        for name in ["1", "2", "3"] {
            let asked = question(&bench, name);
            bench.services.outgoing.dispatch(WalletId(7), asked);
        }
        until("all are decided", || bench.services.gate.len() == 3).await;
        bench.sync();
        assert_eq!(answered(&bench), ["1", "2", "3"]);
    });
}

/// What was answered, in this order.
fn answered(bench: &Bench) -> Vec<String> {
    let answers = bench.answers();
    let questions = answers.split(';').filter_map(|one| one.split(' ').next());
    let questions = questions.filter(|question| !question.is_empty());
    questions.map(str::to_owned).collect()
}

/// A question that is distinguished by its name.
fn question(bench: &Bench, name: &str) -> WalletMessage {
    let opening = crate::testing::inquiry(Amount::ZERO);
    let name: &'static str = name.to_owned().leak();
    bench.ask(name, opening, tessera_ledger::Action::Inquiry)
}

#[test]
fn a_batch_of_several_pieces_reaches_each_wallet_in_order() {
    actix::System::new().block_on(async {
        let bench = Bench::new(Rules::default(), 0);
        started(&bench);
        // Two of three messages are for one wallet: it gets more than a piece, with the borders in between.
        let names: Vec<_> = (0..3 * PIECE)
            .map(|number| match number % 3 {
                0 => format!("other-{number}"),
                _ => format!("busy-{number}"),
            })
            .collect();
        for name in &names {
            let wallet = WalletId(if name.starts_with("busy") { 7 } else { 8 });
            let asked = question(&bench, name);
            bench.services.outgoing.dispatch(wallet, asked);
        }
        until("all are decided", || {
            bench.services.gate.len() == names.len()
        })
        .await;
        bench.sync();
        let answers = answered(&bench);
        for wallet in ["busy", "other"] {
            let of = |all: &[String]| -> Vec<String> {
                let of = all.iter().filter(|name| name.starts_with(wallet));
                of.cloned().collect()
            };
            assert_eq!(of(&answers), of(&names));
        }
    });
}

/// A wallet that is active, and that could rest: the store has it.
async fn idle_wallet(bench: &Bench, worker: &Worker, wallet: WalletId) -> usize {
    bench.services.outgoing.dispatch(wallet, inquiry(bench));
    until("it has decided", || !bench.services.gate.is_empty()).await;
    bench.sync();
    assert_eq!(answered(bench), ["balance"]);
    worker.checkpoint().await;
    for _ in 0..10_000 {
        if bench.services.snapshots.are_stored(wallet) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    assert!(bench.services.snapshots.are_stored(wallet));
    bench.active.place(wallet).expect("it is active")
}

#[test]
fn a_wallet_that_shall_rest_takes_what_waits_for_it_first() {
    for messages_first in [true, false] {
        actix::System::new().block_on(async {
            let bench = Bench::new(Rules::default(), 0);
            let worker = started(&bench);
            let wallet = WalletId(7);
            let place = idle_wallet(&bench, &worker, wallet).await;
            let names: Vec<_> = (0..2 * PIECE).map(|number| number.to_string()).collect();
            let send = || {
                for name in &names {
                    let asked = Box::new(question(&bench, name));
                    bench.active.send(place, asked);
                }
            };
            let rest = || {
                let sent = bench
                    .active
                    .send_housekeeping(wallet, Housekeeping::Rest, None);
                assert!(sent, "it is active");
            };
            if messages_first {
                send();
                rest();
            } else {
                rest();
                send();
            }
            until("all are decided", || {
                bench.services.gate.len() == names.len()
            })
            .await;
            bench.sync();
            assert_eq!(answered(&bench), names);
            // It rests behind its messages, and stays where some came after the request to rest.
            let stayed = (!messages_first).then_some(place);
            assert_eq!(bench.active.place(wallet), stayed);
        });
    }
}

#[test]
fn a_wake_is_sent_when_its_time_has_come() {
    actix::System::new().block_on(async {
        let bench = Bench::new(Rules::default(), 0);
        let worker = Worker::new(Rc::clone(&bench.services), Rc::clone(&bench.active));
        let now = clock::now();
        bench.services.wakes.at(now, WalletId(1));
        bench.services.wakes.at(now.plus(3_600_000), WalletId(2));
        worker.wake();
        let sent = bench.sent().await;
        assert_eq!(sent.len(), 1);
        assert_eq!(sent[0].0, WalletId(1));
        assert!(matches!(sent[0].1.command, Command::Wake));
    });
}
