use std::sync::mpsc::{Receiver, channel};

use bytes::Bytes;
use tessera_protocol::{Amount, Currency, Institution, Stan};

use super::*;
use tessera_admission::{Admission, Admitted, Arrival, Bound, Carrier, Connection};
use tessera_ledger::{
    Action, Class, DuplicateKey, LoadFrom, Merchant, Opening, Payer, Reference, Secret,
};
use tessera_metrics::Kind;

const WALLET: WalletId = WalletId(1);
const RIGHT: &[u8] = b"correct horse";
const TRIES: usize = 3;

/// The threads, and what they give back.
struct Bench {
    passwords: Passwords,
    returned: Receiver<WalletMessage>,
    stored: Box<str>,
}

impl Bench {
    fn new() -> Self {
        let (sender, returned) = channel();
        let throttle = Throttle::new(ThrottleSettings {
            account_tries: TRIES as u32,
            address_tries: 30,
        });
        let give_back = Arc::new(move |_, message| sender.send(message).expect("the test listens"));
        let passwords = Passwords::start(2, 64, throttle, None, give_back).expect("threads");
        let stored = Hasher::new().hash(RIGHT).expect("a hash");
        Self {
            passwords,
            returned,
            stored,
        }
    }

    fn job(&self, number: u128, password: &[u8]) -> Job {
        Job {
            wallet: WALLET,
            ask: Box::new(load(number, password)),
            requester: requester(),
            stored: Stored::Password(Some(self.stored.clone())),
        }
    }

    /// Sends them all at once, plays the wallet to those that come back without a proof, and says which were right; `None`
    /// for those that came too early.
    fn all(&self, jobs: Vec<Job>) -> Vec<Option<bool>> {
        let mut open = jobs.len();
        let mut answers = Vec::new();
        let submit = |job: Job, answers: &mut Vec<_>| match self.passwords.submit(job) {
            Ok(()) => {}
            Err(Refused::TooEarly(..)) => answers.push(None),
            Err(Refused::Busy(_)) => panic!("busy"),
        };
        for job in jobs {
            submit(job, &mut answers);
        }
        open -= answers.len();
        while open > 0 {
            let WalletMessage {
                command, requester, ..
            } = self.returned.recv().expect("an answer");
            let Command::Ask(ask) = command else {
                panic!("{command:?}")
            };
            let before = answers.len();
            match &ask.claims.as_ref().expect("claims").proof {
                Some(proof) => answers.push(Some(proof.right)),
                None => {
                    let job = Job {
                        wallet: WALLET,
                        ask,
                        requester: requester.expect("an asker"),
                        stored: Stored::Password(Some(self.stored.clone())),
                    };
                    submit(job, &mut answers);
                }
            }
            open -= answers.len() - before;
        }
        answers
    }
}

fn load(number: u128, password: &[u8]) -> Ask {
    let claims = Claims {
        password: Some(Secret::new(password)),
        address: Some(Secret::new(b"192.0.2.1")),
        ..Claims::default()
    };
    Ask {
        opening: Opening {
            reference: Reference(0),
            key: DuplicateKey(number.to_le_bytes()),
            institution: Institution::new(90_000_000_001),
            class: Class::Administrative,
            processing_code: 120,
            trace: Stan::new(1),
            transmission: 11_22_13_00_04,
            local_time: 13_00_04,
            local_date: 11_22,
            terminal: [b' '; 8],
            acceptor: [b' '; 15],
            repeat: false,
            retrieval: [b'0'; 12],
            amount: Amount::new(100).expect("an amount"),
            currency: Currency::USD,
            payer: Payer::Wallet,
            merchant: Merchant::default(),
            place: None,
        },
        action: Action::Load(LoadFrom::Source(1)),
        claims: Some(Box::new(claims)),
    }
}

fn requester() -> Requester {
    let connection = Connection::sealed();
    connection.bind(Bound {
        listed: None,
        arrival: Arrival::from(None, Carrier::Tls(None)),
        limits: std::array::from_fn(|_| Admission::new(1)),
    });
    Requester {
        admitted: Admitted::take(&connection).expect("a place"),
        frame: Bytes::new(),
        header: Default::default(),
        arrived: Instant::now(),
        kind: Kind::Administrative,
        key: None,
        reply: |_, _, _| {},
    }
}

#[test]
fn eight_right_requests_at_once_are_all_right_and_no_guesses() {
    let bench = Bench::new();
    let same = (0..8).map(|_| bench.job(1, RIGHT)).collect();
    assert_eq!(bench.all(same), [Some(true); 8]);
    let others = (10..18).map(|number| bench.job(number, RIGHT)).collect();
    assert_eq!(bench.all(others), [Some(true); 8]);
    let wrong: Vec<_> = (20..23)
        .map(|number| bench.all(vec![bench.job(number, b"something else")]))
        .collect();
    assert_eq!(wrong, [[Some(false)]; TRIES], "nothing was counted before");
    assert_eq!(bench.all(vec![bench.job(30, RIGHT)]), [None]);
}

#[test]
fn guesses_at_once_are_no_more_than_guesses_one_after_another() {
    let bench = Bench::new();
    let guess = |number: u128| bench.job(number, format!("guess number {number}").as_bytes());
    let answers = bench.all((0..16).map(guess).collect());
    let checked = answers.iter().filter(|answer| answer.is_some()).count();
    assert_eq!((checked, answers.len()), (TRIES, 16));
}

#[test]
fn repeats_of_one_wrong_form_are_one_try() {
    let bench = Bench::new();
    let wrong = |number| bench.job(number, b"something else");
    let at_once = (0..8).map(|_| wrong(1)).collect();
    assert_eq!(bench.all(at_once), [Some(false); 8]);
    for _ in 0..8 {
        assert_eq!(bench.all(vec![wrong(1)]), [Some(false)]);
    }
    // The same password in another form is a try of its own.
    assert_eq!(bench.all(vec![wrong(2)]), [Some(false)]);
    assert_eq!(bench.all(vec![bench.job(1, RIGHT)]), [Some(true)]);
}

#[test]
fn one_account_keeps_no_more_waiting_than_its_share() {
    let bench = Bench::new();
    let mut refused = 0;
    for number in 0..100 {
        match bench.passwords.submit(bench.job(number, b"something else")) {
            Ok(()) | Err(Refused::TooEarly(..)) => {}
            Err(Refused::Busy(_)) => refused += 1,
        }
        let waiting = bench.passwords.shared.waiting().count;
        assert!(waiting <= WAITING_OF_ACCOUNT_MAX, "{waiting}");
    }
    assert!(refused <= 100 - TRIES);
}
