//! Logs and outputs that are full, closed or not read, before the real processes: none of them ends or waits.

use std::fs::OpenOptions;
use std::io::{PipeReader, Read, Write};
use std::process::{Command, Stdio};

use crate::rig::wire::{PLAIN, Wire, card_purchase};
use crate::rig::{Rig, Running, free_port, http_get, wait_for};

/// What standard output and standard error lead to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sink {
    FullDisk,
    ReaderGone,
    NotRead,
    Closed,
}

const ALL: [Sink; 4] = [
    Sink::FullDisk,
    Sink::ReaderGone,
    Sink::NotRead,
    Sink::Closed,
];

/// A process before such a sink, and the end of the pipe that nobody reads.
struct Started {
    running: Running,
    unread: PipeReader,
}

impl Sink {
    fn start(self, rig: &Rig, arguments: &[&str]) -> Started {
        let mut command = match self {
            Self::Closed => {
                let tessera = rig.command(arguments);
                let mut shell = Command::new("sh");
                shell
                    .args(["-c", "exec \"$@\" >&- 2>&-", "sh"])
                    .arg(tessera.get_program())
                    .args(arguments)
                    .current_dir(rig.folder.path());
                shell
            }
            _ => rig.command(arguments),
        };
        let (reader, writer) = std::io::pipe().expect("a pipe");
        let (gone, nowhere) = std::io::pipe().expect("a pipe");
        drop(gone);
        let both: [Stdio; 2] = match self {
            Self::FullDisk => [(); 2].map(|()| {
                let full = OpenOptions::new().write(true).open("/dev/full");
                full.expect("/dev/full").into()
            }),
            Self::ReaderGone => [(); 2].map(|()| nowhere.try_clone().expect("a pipe").into()),
            Self::NotRead => [(); 2].map(|()| writer.try_clone().expect("a pipe").into()),
            Self::Closed => [Stdio::inherit(), Stdio::inherit()],
        };
        let [output, errors] = both;
        let child = command
            .env("RUST_LOG", "debug")
            .stdin(Stdio::null())
            .stdout(output)
            .stderr(errors)
            .spawn()
            .expect("tessera starts");
        Started {
            running: Running(child),
            unread: reader,
        }
    }
}

/// Purchases that are declined, each with a log line at `debug`, many at once.
fn decline(wire: &mut Wire, batches: u32) {
    for _ in 0..batches {
        let too_much = 1_000_000_000;
        let frames: Vec<u8> = (0..200)
            .flat_map(|_| card_purchase(&PLAIN, 1, too_much).frame())
            .collect();
        wire.send(&frames);
        for _ in 0..200 {
            assert_ne!(wire.answer().code(), "00");
        }
    }
}

#[test]
fn a_switch_keeps_working_with_every_broken_sink_and_stops_on_request() {
    let mut rig = Rig::new(10, 1_000_000);
    rig.start_host(&[]);
    for sink in ALL {
        let mut switch = sink.start(&rig, &["switch", "--config", "switch.toml"]);
        rig.wait_until_ready();
        let mut wire = Wire::signed_on(&rig, &PLAIN);
        decline(&mut wire, 5);
        let answer = wire.ask(&card_purchase(&PLAIN, 1, 100));
        assert_eq!(answer.code(), "00", "{sink:?}: {}", answer.reason());
        assert!(rig.figure("tessera_log_lines_lost_total").is_some());
        switch.running.signal("-PIPE");
        let answer = wire.ask(&card_purchase(&PLAIN, 2, 100));
        assert_eq!(answer.code(), "00", "{sink:?}: {}", answer.reason());
        switch.running.signal("-TERM");
        let status = switch.running.ended_within(crate::rig::PATIENCE);
        let code = status.and_then(|status| status.code());
        assert_eq!(code, Some(0), "{sink:?}: {status:?}");
        drop(switch.unread);
    }
}

#[test]
fn what_a_log_that_nobody_reads_has_lost_is_counted_and_said_when_it_is_read_again() {
    let mut rig = Rig::new(10, 1_000_000);
    rig.start_host(&[]);
    let mut switch = Sink::NotRead.start(&rig, &["switch", "--config", "switch.toml"]);
    rig.wait_until_ready();
    let mut wire = Wire::signed_on(&rig, &PLAIN);
    let lost = || rig.figure("tessera_log_lines_lost_total").unwrap_or(0.0);
    for _ in 0..500 {
        if lost() > 0.0 {
            break;
        }
        decline(&mut wire, 1);
    }
    assert!(lost() > 0.0, "no line was lost");
    let answer = wire.ask(&card_purchase(&PLAIN, 1, 100));
    assert_eq!(answer.code(), "00", "{}", answer.reason());
    let mut unread = switch.unread;
    let reading = std::thread::spawn(move || {
        let (mut text, mut piece) = (String::new(), [0; 4096]);
        while !text.contains("lines were lost") {
            let read = unread.read(&mut piece).expect("a pipe");
            assert!(read > 0, "it ended without a word about lost lines");
            text.push_str(&String::from_utf8_lossy(&piece[..read]));
        }
        unread
    });
    wait_for("the log to say what it has lost", || reading.is_finished());
    let unread = reading.join().expect("lines were lost");
    switch.running.signal("-TERM");
    let status = switch.running.ended_within(crate::rig::PATIENCE);
    assert!(status.is_some_and(|status| status.success()), "{status:?}");
    drop(unread);
}

#[test]
fn the_other_services_live_on_before_every_broken_sink() {
    let mut rig = Rig::new(0, 0);
    rig.start_host(&[]);
    rig.start_switch();
    let mall = free_port();
    // For its configuration.
    let wallet = rig.start_wallet(mall, &[]);
    let shops = rig.start_shop(mall, &wallet.origin);
    let (smtp, page) = (free_port(), free_port());
    let addresses = (wallet.address, shops.unaffiliated);
    drop((wallet.running, shops.running));
    let (smtp_text, page_text) = (smtp.to_string(), page.to_string());
    let mail = ["mail", "--smtp", &smtp_text, "--page", &page_text];
    for sink in ALL {
        for (arguments, page) in [
            (&["wallet", "--config", "wallet.toml"][..], addresses.0),
            (&["shop", "--config", "shop.toml"][..], addresses.1),
            (&mail[..], page),
        ] {
            let mut started = sink.start(&rig, arguments);
            for _ in 0..3 {
                wait_for("an answer", || http_get(page, "/").starts_with("HTTP/1.1 "));
            }
            started.running.signal("-TERM");
            let status = started.running.ended_within(crate::rig::PATIENCE);
            let ended = status.is_some_and(|status| status.success());
            assert!(ended, "{sink:?}: {arguments:?}: {status:?}");
        }
    }
    rig.kill_host();
    for sink in ALL {
        // Only then is a line that is up one to this host: a signal that comes before a process listens for it ends it.
        wait_for("the line to be down", || {
            !rig.get("/readyz").starts_with("HTTP/1.1 200")
        });
        let mut host = sink.start(&rig, &["host", "--config", "host.toml"]);
        rig.wait_until_ready();
        host.running.signal("-USR1");
        host.running.signal("-TERM");
        let status = host.running.ended_within(crate::rig::PATIENCE);
        let ended = status.is_some_and(|status| status.success());
        assert!(ended, "{sink:?}: {status:?}");
    }
}

#[test]
fn a_command_ends_quietly_when_its_reader_has_seen_enough() {
    let rig = Rig::new(1, 100);
    let echo = "0800822000010000000004000000000000001122094500000002112000000000200301";
    for arguments in [
        &["audit", "--config", "switch.toml"][..],
        &["decode", echo],
        &["doctor", echo],
        &["certify", "--list"],
        &["certs", "certs"],
        &["recon", "--config", "switch.toml", "--date", "2026-11-23"],
    ] {
        let (gone, output) = std::io::pipe().expect("a pipe");
        drop(gone);
        let ended = rig.command(arguments).stdout(output).output();
        let ended = ended.expect("tessera runs");
        let said = String::from_utf8_lossy(&ended.stderr);
        assert!(ended.status.success(), "{arguments:?}: {said}");
        assert!(!said.contains("Broken pipe"), "{arguments:?}: {said}");
        let full = OpenOptions::new().write(true).open("/dev/full");
        let ended = rig
            .command(arguments)
            .stdout(full.expect("/dev/full"))
            .output();
        let ended = ended.expect("tessera runs");
        let said = String::from_utf8_lossy(&ended.stderr);
        if arguments[0] != "recon" {
            assert_eq!(ended.status.code(), Some(1), "{arguments:?}: {said}");
            assert!(said.contains("standard output"), "{arguments:?}: {said}");
        }
    }
}

/// Unknown clients at every port: few lines, each with an address, a summary, and metrics.
#[test]
fn log_lines_of_unknown_clients_are_limited_and_counted() {
    let mut rig = Rig::new(1, 1_000_000);
    rig.start_host(&[]);
    rig.start_switch();
    rig.wait_until_ready();
    let addresses = [
        rig.addresses.malls,
        rig.addresses.wallet_server,
        rig.addresses.operations,
    ];
    for _ in 0..100 {
        for address in addresses {
            let mut client = std::net::TcpStream::connect(address).expect("a connection");
            // The switch may have closed it before all is sent.
            let _ = client.write_all(b"\x16\x03\x01\x00\x00");
            let _ = client.shutdown(std::net::Shutdown::Write);
            let _ = client.read_to_end(&mut Vec::new());
        }
    }
    wait_for("lines to be suppressed", || {
        rig.sum("tessera_log_lines_suppressed_total") >= 100.0
    });
    wait_for("a summary", || {
        rig.log("switch").contains("log lines were suppressed")
    });
    let log = rig.log("switch");
    let lines = log
        .lines()
        .filter(|line| line.contains("WARN") || line.contains("ERROR"));
    let (count, without) = lines.fold((0, Vec::new()), |(count, mut without), line| {
        if !line.contains("127.0.0.1") {
            without.push(line);
        }
        (count + 1, without)
    });
    assert!(count < 100, "{count} lines\n{log}");
    assert!(without.is_empty(), "{without:#?}");
    let answer = Wire::signed_on(&rig, &PLAIN).ask(&card_purchase(&PLAIN, 1, 100));
    assert_eq!(answer.code(), "00", "{}", answer.reason());
}
