//! Limits, crowds, and those that read or write slowly: nobody else is held up.

use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use super::{BALANCE, balances, closed};
use crate::rig::wire::{ACQUIRER, Hand, PLAIN, Wire, card_purchase, network, rig_with, started};
use crate::rig::{Rig, wait_for};

#[test]
fn a_party_has_no_more_connections_and_requests_than_it_may() {
    let rig = Rig::new(1, BALANCE);
    rig.add_to_party(
        "development-acquirer-2.toml",
        "connections_max = 3\nin_flight_max = 4\nin_flight_per_connection_max = 3\n",
    );
    let rig = started(rig, &["faults.delay={ fixed = \"200ms\" }"]);

    let (mut one, mut two, mut three) = (
        Wire::signed_on(&rig, &PLAIN),
        Wire::signed_on(&rig, &PLAIN),
        Wire::signed_on(&rig, &PLAIN),
    );
    let mut four = Wire::connect(rig.addresses.malls);
    assert_eq!(four.ask(&network(&PLAIN, "001")).code(), "58");
    four.assert_closed("one connection too many");
    let party_full = "tessera_connections_refused_total{reason=\"party_full\"}";
    wait_for("a refusal to be counted", || {
        rig.figure(party_full) == Some(1.0)
    });
    drop(three);
    wait_for("a place for a connection", || {
        let mut again = Wire::connect(rig.addresses.malls);
        again.ask(&network(&PLAIN, "001")).code() == "00"
    });

    // Twelve at once on each of two connections, where four may be unanswered: all are answered, a
    // few at a time, and the others' requests are not held up.
    let purchases: Vec<Hand> = (0..24).map(|_| card_purchase(&PLAIN, 1, 10)).collect();
    let begun = Instant::now();
    for (wire, share) in [&mut one, &mut two].into_iter().zip(purchases.chunks(12)) {
        wire.send(&share.iter().flat_map(Hand::frame).collect::<Vec<u8>>());
    }
    three = Wire::signed_on(&rig, &ACQUIRER);
    let in_flight = format!(
        "tessera_party_requests_in_flight{{party=\"{}\"}}",
        PLAIN.name
    );
    let most = (0..10)
        .filter_map(|_| rig.figure(&in_flight))
        .fold(0.0, f64::max);
    assert!((1.0..=4.0).contains(&most), "{most} in flight");
    assert_eq!(three.ask(&card_purchase(&ACQUIRER, 1, 1)).code(), "00");
    for wire in [&mut one, &mut two] {
        for _ in 0..12 {
            let answer = wire.answer();
            assert_eq!(answer.code(), "00", "{}", answer.reason());
        }
    }
    assert!(
        begun.elapsed() >= Duration::from_millis(6 * 200),
        "four at a time"
    );
    let received = "tessera_requests_total{kind=\"purchase\"}";
    wait_for("a request that waited to be one request", || {
        rig.figure(received) == Some(25.0)
    });
    assert_eq!(balances(&rig, 1), (BALANCE - 241, BALANCE - 241));
}

#[test]
fn slow_readers_cannot_make_memory_grow_and_are_closed_in_the_end() {
    let rig = started(rig_with(1, BALANCE, &[("write_stall", "\"1500ms\"")]), &[]);
    let mut bystander = Wire::signed_on(&rig, &ACQUIRER);
    let memory = || {
        rig.figure("process_resident_memory_bytes")
            .expect("a figure")
    };
    let before = memory();
    let mut readers: Vec<Wire> = (0..8).map(|_| Wire::signed_on(&rig, &PLAIN)).collect();
    let echoes: Vec<u8> = (0..1000)
        .flat_map(|_| network(&PLAIN, "301").frame())
        .collect();
    let mut sent = 0;
    for wire in &mut readers {
        wire.socket
            .set_write_timeout(Some(Duration::from_millis(1000)))
            .expect("a socket");
        let mut from = 0;
        // Until the switch reads no more, and the socket's own buffers are full.
        while sent < 4_000_000_000_usize {
            match wire.socket.write(&echoes[from..]) {
                Ok(written) => {
                    sent += written;
                    from = (from + written) % echoes.len();
                }
                Err(error) => {
                    assert!(
                        matches!(
                            error.kind(),
                            ErrorKind::WouldBlock
                                | ErrorKind::TimedOut
                                | ErrorKind::ConnectionReset
                                | ErrorKind::BrokenPipe
                        ),
                        "{error}"
                    );
                    break;
                }
            }
        }
        bystander.assert_serves(&ACQUIRER);
    }
    let grown = memory() - before;
    assert!(grown < 32e6, "{grown} bytes for {sent} bytes of requests");
    wait_for("the slow readers to be closed", || {
        closed(&rig, "write_stall") == 8.0
    });
    bystander.assert_serves(&ACQUIRER);
    drop(readers);
}

/// Whatever one connection sends, and however fast, the others on its worker have their turn.
#[test]
fn a_flood_on_one_connection_does_not_hold_up_another() {
    let rig = started(rig_with(1, BALANCE, &[("workers", "1")]), &[]);
    let mut bystander = Wire::signed_on(&rig, &ACQUIRER);
    let flood = Wire::signed_on(&rig, &PLAIN).socket;
    let (mut writer, mut reader) = (flood.try_clone().expect("a socket"), flood);
    let flooding = std::thread::spawn(move || {
        let keep_alives = vec![0; 1 << 20];
        while writer.write_all(&keep_alives).is_ok() {}
    });
    for _ in 0..50 {
        let answer = bystander.ask(&card_purchase(&ACQUIRER, 1, 1));
        assert_eq!(answer.code(), "00", "{}", answer.reason());
    }
    reader.shutdown(Shutdown::Both).expect("an open socket");
    let _ = reader.read(&mut [0; 16]);
    flooding.join().expect("the flood ends");
}

/// Half of them signed on; each sends a byte of a frame now and then.
#[test]
fn a_thousand_slow_connections_keep_no_answer_from_a_fast_one() {
    let rig = started(
        rig_with(10, BALANCE, &[("unsigned_per_address_max", "1000")]),
        &[],
    );
    let mut fast = Wire::signed_on(&rig, &ACQUIRER);
    let mut slow: Vec<(Wire, Vec<u8>)> = (0..1000)
        .map(|number| {
            let wire = match number % 2 {
                0 => Wire::signed_on(&rig, &PLAIN),
                _ => Wire::connect(rig.addresses.malls),
            };
            (wire, network(&PLAIN, "001").frame())
        })
        .collect();
    std::thread::scope(|scope| {
        let dripping = scope.spawn(|| {
            // Three bytes each: no frame is whole, no time is over.
            for at in 0..3 {
                for (wire, frame) in &mut slow {
                    wire.send(&frame[at..=at]);
                }
                std::thread::sleep(Duration::from_millis(200));
            }
        });
        for number in 0..300 {
            let answer = fast.ask(&card_purchase(&ACQUIRER, 1 + number % 10, 1));
            assert_eq!(answer.code(), "00", "{}", answer.reason());
        }
        dripping.join().expect("bytes were taken");
    });
    // They were slow, not lost.
    for (wire, frame) in &mut slow {
        wire.send(&frame[3..]);
        assert_eq!(wire.answer().code(), "00");
    }
}

/// One message, whatever else follows it at once: the rest is not looked at.
#[test]
fn what_is_pipelined_before_a_sign_on_gets_one_answer_and_the_end() {
    let rig = Rig::started(1, BALANCE);
    let before = balances(&rig, 1);
    let mut crowd: Vec<Wire> = (0..50)
        .map(|_| Wire::connect(rig.addresses.malls))
        .collect();
    let purchases: Vec<u8> = (0..10)
        .flat_map(|_| card_purchase(&PLAIN, 1, 10).frame())
        .collect();
    for wire in &mut crowd {
        wire.send(&purchases);
    }
    for wire in &mut crowd {
        let answers = std::iter::from_fn(|| wire.try_answer());
        let codes: Vec<String> = answers.map(|answer| answer.code()).collect();
        // The end may overtake the answer, where more than the first message was on its way.
        assert!(codes.is_empty() || codes == ["58"], "{codes:?}");
    }
    wait_for("all to be closed for it", || {
        closed(&rig, "first_message") == 50.0
    });
    let refused = "tessera_frames_refused_total{reason=\"not_signed_on\"}";
    wait_for("one message each", || rig.figure(refused) == Some(50.0));
    // Nothing but keep-alives is no way round it.
    let mut wire = Wire::connect(rig.addresses.malls);
    wire.send(&[0; 8_194]);
    wire.assert_closed("more than anybody needs for a sign-on");
    assert_eq!(balances(&rig, 1), before);
}

/// From an address of the loopback network of its own.
fn connect_from(rig: &Rig, host: u8) -> Wire {
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None);
    let socket = socket.expect("a socket");
    let from = SocketAddr::from((Ipv4Addr::new(127, 0, 1, host), 0));
    socket.bind(&from.into()).expect("a loopback address");
    let to = rig.addresses.malls;
    socket.connect(&to.into()).expect("a connection");
    Wire::of(socket.into())
}

/// Three times as many as there may be, from many addresses: known parties come and go as if nobody were there.
#[test]
fn a_crowd_that_never_signs_on_takes_no_party_its_place() {
    let limits = [
        ("connections_max", "200"),
        ("unsigned_max", "16"),
        ("unsigned_known_max", "8"),
        ("unsigned_per_address_max", "4"),
        ("sign_on_within", "\"1h\""),
        ("idle_for", "\"1h\""),
    ];
    let rig = started(rig_with(1, BALANCE, &limits), &[]);
    let mut first = Wire::signed_on(&rig, &ACQUIRER);
    // The first ones from here wait for long, and are not the ones that go.
    let mut early: Vec<Wire> = (0..3).map(|_| Wire::connect(rig.addresses.malls)).collect();
    let mut crowd: Vec<Wire> = (0..120)
        .map(|number| connect_from(&rig, 1 + number % 20))
        .collect();
    wait_for("the oldest to be closed", || {
        closed(&rig, "crowded") == 104.0
    });
    let standing = "tessera_connections_not_signed_on";
    wait_for("the others to stand", || rig.figure(standing) == Some(19.0));
    for wire in &mut early {
        assert_eq!(wire.ask(&network(&PLAIN, "001")).code(), "00");
    }
    let mut parties: Vec<Wire> = (0..12).map(|_| Wire::signed_on(&rig, &PLAIN)).collect();
    assert_eq!(first.ask(&card_purchase(&ACQUIRER, 1, 1)).code(), "00");
    for wire in parties.iter_mut().chain(&mut early) {
        wire.assert_serves(&PLAIN);
    }
    // A connection from elsewhere that signs on is let in too.
    let mut newcomer = connect_from(&rig, 99);
    assert_eq!(newcomer.ask(&network(&PLAIN, "001")).code(), "00");
    for wire in &mut crowd[..100] {
        wire.assert_closed("crowded out");
    }
}

/// As many connections as a party may have, each with as many messages as the switch takes: a party with one connection
/// is served all the while. In what order is counted in `mall/turns.rs`.
#[test]
fn a_party_that_pipelines_over_many_connections_holds_up_no_other_party() {
    let rig = started(rig_with(1, BALANCE, &[("workers", "1")]), &[]);
    let mut single = Wire::signed_on(&rig, &ACQUIRER);
    let floods: Vec<_> = (0..100)
        .map(|_| Wire::signed_on(&rig, &PLAIN).socket)
        .collect();
    let frames: Vec<u8> = (0..200)
        .flat_map(|_| network(&PLAIN, "301").frame())
        .collect();
    std::thread::scope(|scope| {
        for flood in &floods {
            let frames = &frames;
            scope.spawn(move || {
                let mut flood: &TcpStream = flood;
                while flood.write_all(frames).is_ok() {}
            });
            scope.spawn(move || {
                let mut flood: &TcpStream = flood;
                let mut answers = [0; 64 * 1024];
                while flood.read(&mut answers).is_ok_and(|read| read > 0) {}
            });
        }
        for _ in 0..20 {
            let answer = single.ask(&card_purchase(&ACQUIRER, 1, 1));
            assert_eq!(answer.code(), "00", "{}", answer.reason());
        }
        for flood in &floods {
            flood.shutdown(Shutdown::Both).expect("an open socket");
        }
    });
}
