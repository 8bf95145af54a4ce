//! Limits, crowds, and those that read or write slowly: nobody else is held up.

use std::io::{ErrorKind, Read, Write};
use std::net::Shutdown;
use std::time::{Duration, Instant};

use crate::rig::wire::{ACQUIRER, Hand, PLAIN, Wire, card_purchase, network, rig_with, started};
use crate::rig::{Rig, wait_for};
use crate::{BALANCE, balances, closed};

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
    wait_for("room for a connection", || {
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
            .set_write_timeout(Some(Duration::from_millis(300)))
            .expect("a socket");
        // Until the switch reads no more, and the socket's own buffers are full.
        while sent < 4_000_000_000_usize {
            match wire.socket.write(&echoes) {
                Ok(written) => sent += written,
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
fn a_thousand_slow_connections_do_not_slow_a_fast_one() {
    let rig = Rig::started(10, BALANCE);
    let mut fast = Wire::signed_on(&rig, &ACQUIRER);
    let mut rounds = |count: u64| {
        let begun = Instant::now();
        for number in 0..count {
            let answer = fast.ask(&card_purchase(&ACQUIRER, 1 + number % 10, 1));
            assert_eq!(answer.code(), "00", "{}", answer.reason());
        }
        begun.elapsed()
    };
    let alone = rounds(300);
    let mut slow: Vec<(Wire, Vec<u8>)> = (0..1000)
        .map(|number| {
            let wire = match number % 2 {
                0 => Wire::signed_on(&rig, &PLAIN),
                _ => Wire::connect(rig.addresses.malls),
            };
            (wire, network(&PLAIN, "001").frame())
        })
        .collect();
    let crowd = std::thread::scope(|scope| {
        let dripping = scope.spawn(|| {
            // Three bytes each: no frame is whole, no time is over.
            for at in 0..3 {
                for (wire, frame) in &mut slow {
                    wire.send(&frame[at..=at]);
                }
                std::thread::sleep(Duration::from_millis(200));
            }
        });
        let crowd = rounds(300);
        dripping.join().expect("bytes were taken");
        crowd
    });
    assert!(
        crowd < alone * 10 + Duration::from_secs(1),
        "{crowd:?} against {alone:?} alone"
    );
    // They were slow, not lost.
    for (wire, frame) in &mut slow {
        wire.send(&frame[3..]);
        assert_eq!(wire.answer().code(), "00");
    }
}
