//! The lines to the financial system, one for each worker, with somebody in between who cuts them one by one.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use crate::rig::totals::settles;
use crate::rig::wire::{ACQUIRER, Hand, Wire, card_purchase, reversal, rig_with, started};
use crate::rig::{Rig, free_port, http_get, wait_for};

const CARDS: u64 = 40;
const BALANCE: u64 = 1_000_000;

/// Between the switch and the financial system: passes bytes on, and cuts.
struct Relay {
    lines: Arc<Mutex<Vec<TcpStream>>>,
    refuses: Arc<AtomicBool>,
}

impl Relay {
    fn start(at: SocketAddr, behind: SocketAddr) -> Self {
        let listener = TcpListener::bind(at).expect("a free port");
        let (lines, refuses) = (Arc::default(), Arc::<AtomicBool>::default());
        let relay = Self {
            lines: Arc::clone(&lines),
            refuses: Arc::clone(&refuses),
        };
        thread::spawn(move || {
            for line in listener.incoming() {
                let line = line.expect("a connection");
                if !refuses.load(Ordering::SeqCst) {
                    let far = TcpStream::connect(behind).expect("the financial system");
                    lines.lock().unwrap().push(line.try_clone().unwrap());
                    pass(line.try_clone().unwrap(), far.try_clone().unwrap());
                    pass(far, line);
                }
            }
        });
        relay
    }

    /// Cuts the oldest line, which does not come back before [`Relay::mend`].
    fn cut_one(&self) {
        self.refuses.store(true, Ordering::SeqCst);
        let line = self.lines.lock().unwrap().remove(0);
        line.shutdown(Shutdown::Both).expect("a line");
    }

    fn mend(&self) {
        self.refuses.store(false, Ordering::SeqCst);
    }
}

fn pass(mut from: TcpStream, mut to: TcpStream) {
    thread::spawn(move || {
        let mut bytes = vec![0; 64 * 1024];
        while let Ok(count @ 1..) = from.read(&mut bytes) {
            if to.write_all(&bytes[..count]).is_err() {
                break;
            }
        }
        let _ = from.shutdown(Shutdown::Both);
        let _ = to.shutdown(Shutdown::Both);
    });
}

/// A switch of two workers, whose lines go through the relay.
fn relayed(settings: &[(&str, &str)]) -> (Rig, Relay) {
    let mut rig = rig_with(CARDS, BALANCE, settings);
    let behind = free_port();
    let listen = format!("listen=\"{behind}\"");
    rig.start_host(&[&listen, "rules.endings={\"91\"=\"silent\"}"]);
    let relay = Relay::start(rig.addresses.host, behind);
    rig.start_switch();
    lines_up(&rig, 2.0);
    (rig, relay)
}

fn lines_up(rig: &Rig, count: f64) {
    wait_for("the lines", || rig.sum("tessera_host_line_up") == count);
}

fn borrowed(rig: &Rig) -> f64 {
    rig.sum("tessera_host_requests_borrowed_total")
}

/// One of each wallet, which every worker has some of.
fn buy(wire: &mut Wire) -> Vec<Hand> {
    let purchases = (1..=CARDS).map(|card| card_purchase(&ACQUIRER, card, 100));
    purchases
        .inspect(|purchase| {
            let answer = wire.ask(purchase);
            assert_eq!(answer.code(), "00", "{}", answer.reason());
        })
        .collect()
}

#[test]
fn a_worker_whose_line_is_cut_asks_over_that_of_another() {
    let (rig, relay) = relayed(&[("order_wait", "\"1s\""), ("answer_within", "\"2s\"")]);
    let mut wire = Wire::signed_on(&rig, &ACQUIRER);
    buy(&mut wire);
    assert_eq!(borrowed(&rig), 0.0);

    relay.cut_one();
    lines_up(&rig, 1.0);
    assert!(rig.get("/readyz").starts_with("HTTP/1.1 200"));
    let bought = buy(&mut wire);
    let over_another = borrowed(&rig);
    assert!(over_another > 0.0 && over_another < CARDS as f64);
    // Advices go that way too: a reversal, and those of what was not answered in time.
    for purchase in &bought {
        assert_eq!(wire.ask(&reversal("0420", purchase)).code(), "00");
    }
    for card in 1..=4 {
        let unanswered = card_purchase(&ACQUIRER, card, 191);
        assert_eq!(wire.ask(&unanswered).code(), "91");
    }
    wait_for("all advices to be acknowledged", || {
        rig.sum("tessera_store_and_forward_depth") == 0.0
    });

    relay.mend();
    lines_up(&rig, 2.0);
    let before = borrowed(&rig);
    buy(&mut wire);
    assert_eq!(borrowed(&rig), before, "a worker with a line of its own");
    settles(rig, (CARDS * BALANCE) as i64);
}

#[test]
fn without_any_line_purchases_are_declined_until_the_first_is_back() {
    let (rig, relay) = relayed(&[]);
    let mut wire = Wire::signed_on(&rig, &ACQUIRER);
    relay.cut_one();
    relay.cut_one();
    lines_up(&rig, 0.0);
    assert!(rig.get("/readyz").ends_with("\r\n\r\nhost link down\n"));
    for card in 1..=CARDS {
        let answer = wire.ask(&card_purchase(&ACQUIRER, card, 100));
        assert_eq!(answer.code(), "91");
    }
    relay.mend();
    rig.wait_until_ready();
    buy(&mut wire);
    settles(rig, (CARDS * BALANCE) as i64);
}

/// The wallets of one worker are asked by the connections of another: none of them signs off before all are answered.
#[test]
fn what_is_under_way_when_the_switch_stops_is_answered_on_every_worker() {
    let rig = started(Rig::new(CARDS, BALANCE), &["faults.delay={fixed=\"1s\"}"]);
    lines_up(&rig, 2.0);
    let mut wire = Wire::signed_on(&rig, &ACQUIRER);
    for card in 1..=CARDS {
        wire.send(&card_purchase(&ACQUIRER, card, 100).frame());
    }
    wait_for("all of them to be with the financial system", || {
        rig.sum("tessera_host_requests_total") >= CARDS as f64
    });
    rig.switch.as_ref().expect("a switch").signal("-TERM");
    for _ in 1..=CARDS {
        assert_eq!(wire.answer().code(), "00");
    }
}

#[test]
fn lines_of_the_log_name_the_other_side() {
    let rig = started(rig_with(1, BALANCE, &[]), &[]);
    let log = rig.log("switch");
    let up = log.lines().find(|line| line.contains("host line is up"));
    let up = up.expect("a line");
    assert!(
        up.contains("host=127.0.0.1:") && up.contains("peer=127.0.0.1:"),
        "{up}"
    );
}

#[test]
fn a_financial_system_whose_certificate_has_another_name_is_not_signed_on_to() {
    let settings = [("server_name", "\"bank.example\"")];
    let mut rig = rig_with(1, BALANCE, &settings);
    rig.start_host(&[]);
    rig.start_switch();
    wait_for("both lines to be refused", || {
        rig.sum("tessera_host_reconnects_total") >= 2.0
    });
    wait_for("the log to say so", || {
        let log = rig.log("switch");
        let mut lines = log
            .lines()
            .filter(|line| line.contains("host line is down"));
        lines.any(|line| {
            line.contains("the certificate is for localhost, 127.0.0.1")
                && line.contains("not for bank.example")
                && line.contains("host.server_name")
        })
    });
    let mut wire = Wire::signed_on(&rig, &ACQUIRER);
    let answer = wire.ask(&card_purchase(&ACQUIRER, 1, 100));
    assert_eq!(answer.code(), "91");
    let tally = http_get(rig.addresses.tally, "/tally");
    assert!(tally.contains("\"requests\":0"), "{tally}");
}
