//! A payer's operations with the switch and the financial system killed in the middle of them: what is sent again is
//! applied once, every answer is true, and at the end the balance, the journal and the financial system's ledger agree.

use std::io;
use std::process::Command;
use std::thread::JoinHandle;
use std::time::Duration;

use crate::rig::leased::Line;
use crate::rig::payer::{Payer, with_card};
use crate::rig::totals::settles_with_the_host;
use crate::rig::wire::{Hand, PLAIN, Seen, Wire, purchase, refund, reversal, rig_with};
use crate::rig::{Rig, Running, wait_for};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

const OPERATIONS: u32 = 60;
/// Blows fall within so long of an operation's begin: it takes some milliseconds, and a password some tens of them.
const WITHOUT: Duration = Duration::from_millis(12);
const WITH_PASSWORD: Duration = Duration::from_millis(60);
/// The financial system's ledger survives.
const HOST_DATA: &str = "data=\"host-data\"";

/// What is killed, and after how long.
#[derive(Debug, Clone, Copy)]
enum Blow {
    None,
    Switch(Duration),
    Host(Duration),
}

/// A purchase that was approved.
struct Bought {
    message: Hand,
    amount: u64,
    left: u64,
}

struct Life {
    rig: Rig,
    random: StdRng,
    payer: Payer,
    source: String,
    /// What the payer owns, by the answers alone.
    balance: u64,
    bought: Vec<Bought>,
    /// A blow that was dealt and may not have hit yet.
    falling: Option<(JoinHandle<()>, Blow)>,
}

#[test]
fn whatever_is_killed_every_answer_is_true() {
    let seed = match std::env::var("TESSERA_CRASH_SEED") {
        Ok(seed) => seed.parse().expect("a number"),
        Err(_) => rand::random(),
    };
    println!("TESSERA_CRASH_SEED={seed}");
    let settings = [
        ("answer_within", "\"1s\""),
        ("order_wait", "\"500ms\""),
        ("repeat_min", "\"100ms\""),
        ("repeat_max", "\"1s\""),
        ("reconnect_max", "\"300ms\""),
        ("checkpoint_every", "\"1s\""),
    ];
    let rig = crate::rig::wire::started(rig_with(0, 0, &settings), &[HOST_DATA]);
    let payer = Payer::with(&rig, 10_000);
    let mut life = Life {
        rig,
        random: StdRng::seed_from_u64(seed),
        payer,
        source: String::new(),
        balance: 10_000,
        bought: Vec::new(),
        falling: None,
    };
    let sources = life.payer.done("210", &[], &[]).tag(61, 35);
    life.source = sources.split(',').next().expect("a number").to_owned();
    for operation in 0..OPERATIONS {
        life.lives_on();
        if operation % 20 == 0 {
            life.load_whose_answer_is_lost();
        }
    }
    let owned = life.quietly("140", &[], &[]);
    assert_eq!(owned.code(), "00");
    assert_eq!(owned.tag(61, 10), life.balance.to_string());
    settles_with_the_host(life.rig);
}

impl Life {
    fn lives_on(&mut self) {
        let amount = self.random.random_range(1..500u64);
        match self.random.random_range(0..10) {
            0..3 => {
                let blow = self.next_blow(WITH_PASSWORD);
                self.load(amount, blow);
            }
            3..7 => {
                let blow = self.next_blow(WITHOUT);
                self.buy(amount, blow);
            }
            7 => {
                let blow = self.next_blow(WITHOUT);
                self.refund(blow);
            }
            8 => {
                let blow = self.next_blow(WITHOUT);
                self.reverse(blow);
            }
            _ => {
                let blow = self.next_blow(WITH_PASSWORD);
                self.reissue(blow);
            }
        }
    }

    fn next_blow(&mut self, within: Duration) -> Blow {
        let after = self.random.random_range(Duration::ZERO..within);
        match self.random.random_range(0..5) {
            0 => Blow::Switch(after),
            1 => Blow::Host(after),
            _ => Blow::None,
        }
    }

    fn load(&mut self, amount: u64, blow: Blow) {
        let (source, minor) = (self.source.clone(), amount.to_string());
        let data = [(22, source.as_str()), (2, &minor)];
        let message = self
            .payer
            .message("120", &data, &[(17, crate::rig::payer::PASSWORD)]);
        let answer = self.operation(&message, blow);
        match answer.code().as_str() {
            "00" => self.balance += amount,
            "91" => {}
            code => panic!("a load was answered {code}: {}", answer.reason()),
        }
    }

    /// The switch is killed after the money has moved and before the answer.
    fn load_whose_answer_is_lost(&mut self) {
        let data = [(22, self.source.as_str()), (2, "77")];
        let message = self
            .payer
            .message("120", &data, &[(17, crate::rig::payer::PASSWORD)]);
        self.payer.line.send(&message).expect("the switch reads");
        let mut other = Line::signed_on(&self.rig);
        let owned = self.payer.message("140", &[], &[]);
        wait_for("the money to be there", || {
            let answer = other.ask(&owned);
            answer.tag(61, 10) == (self.balance + 77).to_string()
        });
        self.rig.kill_switch();
        self.rig.start_switch();
        self.rig.wait_until_ready();
        let answer = self.operation_again(&message).expect("an answer");
        assert_eq!(answer.code(), "00", "{}", answer.reason());
        self.balance += 77;
    }

    fn buy(&mut self, amount: u64, blow: Blow) {
        let card = self.card();
        let message = with_card(purchase(&PLAIN, amount), &card);
        let answer = self.request(&message, blow);
        match answer.code().as_str() {
            "00" => {
                self.balance -= amount;
                self.bought.push(Bought {
                    message,
                    amount,
                    left: amount,
                });
            }
            // A card that is replaced late is not there any more.
            "91" | "51" | "14" => {}
            code => panic!("a purchase was answered {code}: {}", answer.reason()),
        }
    }

    fn refund(&mut self, blow: Blow) {
        let Some(place) = self.place() else { return };
        let bought = &self.bought[place];
        if bought.left == 0 {
            return;
        }
        let amount = self.random.random_range(1..=bought.left);
        let message = refund(&bought.message, amount);
        let answer = self.request(&message, blow);
        match answer.code().as_str() {
            "00" => {
                self.balance += amount;
                self.bought[place].left -= amount;
            }
            "91" => {}
            code => panic!("a refund was answered {code}: {}", answer.reason()),
        }
    }

    fn reverse(&mut self, blow: Blow) {
        let Some(place) = self.place() else { return };
        let message = reversal("0420", &self.bought[place].message);
        let answer = self.request(&message, blow);
        assert_eq!(answer.code(), "00", "a reversal: {}", answer.reason());
        let bought = self.bought.swap_remove(place);
        assert!(bought.left <= bought.amount);
        self.balance += bought.left;
    }

    fn reissue(&mut self, blow: Blow) {
        let message = self
            .payer
            .message("112", &[], &[(17, crate::rig::payer::PASSWORD)]);
        let answer = self.operation(&message, blow);
        let code = answer.code();
        // 94: one that was not answered is still being asked for.
        assert!(matches!(code.as_str(), "00" | "91" | "94"), "{code}");
    }

    fn place(&mut self) -> Option<usize> {
        (!self.bought.is_empty()).then(|| self.random.random_range(0..self.bought.len()))
    }

    /// The card's number as it is now.
    fn card(&mut self) -> (String, String) {
        let shown = self.quietly("111", &[], &[(17, crate::rig::payer::PASSWORD)]);
        assert_eq!(shown.code(), "00", "{}", shown.reason());
        (shown.tag(62, 8), shown.tag(62, 9))
    }

    fn quietly(&mut self, code: &str, data: &[(u8, &str)], secrets: &[(u8, &str)]) -> Seen {
        let message = self.payer.message(code, data, secrets);
        self.operation(&message, Blow::None)
    }

    /// Asked over the leased line, again and again until there is an answer.
    fn operation(&mut self, message: &Hand, blow: Blow) -> Seen {
        self.strike(blow);
        let first = self.payer.line.try_ask(message);
        let answer = first.or_else(|_| self.operation_again(message));
        self.mend();
        answer.expect("an answer in the end")
    }

    fn operation_again(&mut self, message: &Hand) -> io::Result<Seen> {
        self.mend();
        self.payer.line = Line::signed_on(&self.rig);
        self.payer.line.try_ask(&message.clone().mti("0601"))
    }

    /// Asked as an acquirer, likewise.
    fn request(&mut self, message: &Hand, blow: Blow) -> Seen {
        let mut wire = Wire::signed_on(&self.rig, &PLAIN);
        self.strike(blow);
        wire.send(&message.frame());
        let answer = wire.try_answer().unwrap_or_else(|| {
            self.mend();
            let mut wire = Wire::signed_on(&self.rig, &PLAIN);
            let mti = message.message()[1] | 1;
            let repeat = format!("{:02x}{mti:02x}", message.message()[0]);
            wire.ask(&message.clone().mti(&repeat))
        });
        self.mend();
        answer
    }

    /// Kills a process a little later, while the next request is under way.
    fn strike(&mut self, blow: Blow) {
        let id = |running: &Option<Running>| running.as_ref().expect("it runs").0.id();
        let (process, after) = match blow {
            Blow::None => return,
            Blow::Switch(after) => (id(&self.rig.switch), after),
            Blow::Host(after) => (id(&self.rig.host), after),
        };
        let falling = std::thread::spawn(move || {
            std::thread::sleep(after);
            let killed = Command::new("kill")
                .args(["-9", &process.to_string()])
                .status();
            assert!(killed.expect("kill").success());
        });
        self.falling = Some((falling, blow));
    }

    /// Starts again what was killed.
    fn mend(&mut self) {
        let Some((falling, blow)) = self.falling.take() else {
            return;
        };
        falling.join().expect("a blow");
        let (switch, host) = (
            matches!(blow, Blow::Switch(_)),
            matches!(blow, Blow::Host(_)),
        );
        let ended = |running: &mut Option<Running>| {
            let running = running.as_mut().expect("it ran");
            running.0.wait().expect("a child that was killed");
        };
        if host {
            ended(&mut self.rig.host);
            self.rig.kill_host();
            self.rig.start_host(&[HOST_DATA]);
        }
        if switch {
            ended(&mut self.rig.switch);
            self.rig.kill_switch();
            self.rig.start_switch();
        }
        self.rig.wait_until_ready();
        if switch {
            self.payer.line = Line::signed_on(&self.rig);
        }
    }
}
