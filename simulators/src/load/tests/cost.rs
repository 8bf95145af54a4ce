//! What a request costs the generator, apart from system calls: asking and judging, over 100,000 accounts.
//! `cargo test --profile quick -p tessera-simulators cost -- --ignored --nocapture`

use std::rc::Rc;
use std::time::{Duration, Instant};

use bytes::BytesMut;
use tessera_protocol::{Amount, Balances, Currency, Extras, MacKey, Message, ResponseCode, answer};

use crate::load::session::Session;
use crate::load::session::model::Model;
use crate::load::shared::Shared;
use crate::load::speakers::Speaker;
use crate::load::{Options, Pace};

const BATCHES: u32 = 20_000;

#[test]
#[ignore = "a measurement"]
fn cost_per_request() {
    let options = Options {
        cards: 100_000,
        pace: Pace::Window(64),
        duration: Duration::from_secs(3_600),
        ..Options::default()
    };
    let speaker = Speaker::from_options(&options);
    let key = speaker
        .key
        .as_deref()
        .map(|key| MacKey::from_hex(key).unwrap());
    let shared = Rc::new(Shared::new(options, Rc::default()));
    *shared.model.borrow_mut() = Model::open(vec![1_000_000_000; 100_000], false);
    shared.begin();
    let mut session = Session::new(&shared, 0, speaker, key.clone(), None).unwrap();
    let (mut out, mut answers) = (Vec::new(), BytesMut::new());
    let (mut asking, mut judging, mut requests) = (Duration::ZERO, Duration::ZERO, 0);
    for _ in 0..BATCHES {
        let started = Instant::now();
        session.ask(&shared, shared.clock.now(), &mut out);
        asking += started.elapsed();
        requests += answer_all(&mut out, &mut answers, key.as_ref());
        let started = Instant::now();
        let taken = session.take_answers(&shared, &answers, shared.clock.now());
        judging += started.elapsed();
        assert_eq!(taken, Ok(answers.len()));
        answers.clear();
    }
    let statistics = shared.live.statistics.borrow();
    // Balances are not really kept here, so that only inquiries of quiet accounts can be found wrong.
    assert_eq!(statistics.answered_total(), u64::from(requests));
    let each = |time: Duration| time.as_nanos() as f64 / f64::from(requests);
    println!(
        "{requests} requests: asking {:.0} ns, judging {:.0} ns",
        each(asking),
        each(judging)
    );
}

fn answer_all(out: &mut Vec<u8>, answers: &mut BytesMut, key: Option<&MacKey>) -> u32 {
    let balance = Amount::new(1).unwrap();
    let balances = Balances::new(balance, balance, Currency::USD);
    let mut requests = 0;
    let mut rest = &out[..];
    while let Some((&[high, low], after)) = rest.split_first_chunk::<2>() {
        let (frame, next) = after.split_at(usize::from(u16::from_be_bytes([high, low])));
        let message = Message::parse(frame).unwrap();
        let class = message.mti().class();
        let extras = Extras {
            approval: (class == 2).then_some(*b"000001"),
            balances: (class == 1).then_some(&balances),
            ..Extras::default()
        };
        answer(&message, answers, ResponseCode::APPROVED, &extras, key);
        requests += 1;
        rest = next;
    }
    out.clear();
    requests
}
