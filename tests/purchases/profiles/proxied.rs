//! Malls behind a load balancer that passes TCP on: rules about addresses hold for those that it names.

use super::BALANCE;
use crate::rig::wire::{PLAIN, Wire, card_purchase, network, rig_with, started};
use crate::rig::{Rig, wait_for};

const PLAIN_FILE: &str = "development-acquirer-2.toml";

/// A switch that believes who comes from the loopback, and a party that may come from one network only.
fn behind_a_balancer(trusted: &str) -> Rig {
    let rig = rig_with(1, BALANCE, &[("proxy_protocol_from", trusted)]);
    rig.add_to_party(
        PLAIN_FILE,
        "[line]\naddresses = [\"203.0.113.0/24\", \"2001:db8::/32\"]\n",
    );
    started(rig, &[])
}

/// Version 2, section 2.2 of the specification: PROXY, TCP over IPv4 or IPv6.
fn binary(family: u8, addresses: &[u8]) -> Vec<u8> {
    let mut header = b"\r\n\r\n\0\r\nQUIT\n\x21".to_vec();
    header.extend([family, 0, addresses.len() as u8]);
    header.extend(addresses);
    header
}

fn refused(rig: &Rig, reason: &str) -> f64 {
    let figure = format!("tessera_connections_refused_total{{reason=\"{reason}\"}}");
    rig.figure(&figure).unwrap_or(0.0)
}

#[test]
fn rules_about_addresses_hold_for_those_that_a_load_balancer_names() {
    let rig = behind_a_balancer("[\"127.0.0.0/8\"]");
    let v6 = [
        &[0x20, 0x01, 0x0D, 0xB8][..],
        &[0; 11],
        &[7],
        &[0; 15],
        &[1, 0xC3, 0x51, 0x21, 0x87],
    ]
    .concat();
    for (header, code) in [
        (
            b"PROXY TCP4 203.0.113.7 10.0.0.1 50001 8583\r\n".to_vec(),
            "00",
        ),
        (b"PROXY TCP6 2001:db8::7 ::1 50001 8583\r\n".to_vec(), "00"),
        (
            b"PROXY TCP4 198.51.100.7 10.0.0.1 50001 8583\r\n".to_vec(),
            "58",
        ),
        (b"PROXY UNKNOWN\r\n".to_vec(), "58"),
        (
            binary(0x11, &[203, 0, 113, 7, 10, 0, 0, 1, 0xC3, 0x51, 0x21, 0x87]),
            "00",
        ),
        (
            binary(
                0x11,
                &[198, 51, 100, 7, 10, 0, 0, 1, 0xC3, 0x51, 0x21, 0x87],
            ),
            "58",
        ),
        (binary(0x21, &v6), "00"),
    ] {
        // In one segment with the first message, and apart from it.
        for apart in [false, true] {
            let mut wire = Wire::connect(rig.addresses.malls);
            let sign_on = network(&PLAIN, "001").frame();
            match apart {
                true => {
                    wire.send(&header);
                    wire.send(&sign_on);
                }
                false => wire.send(&[&header[..], &sign_on].concat()),
            }
            let answer = wire.answer();
            assert_eq!(answer.code(), code, "{header:?}: {}", answer.reason());
            if code == "00" {
                assert_eq!(wire.ask(&card_purchase(&PLAIN, 1, 1)).code(), "00");
            }
        }
    }
    wait_for("those from elsewhere to be counted", || {
        refused(&rig, "address") == 6.0
    });
    wait_for("the log to name the address", || {
        rig.log("switch").contains("198.51.100.7")
    });
}

#[test]
fn a_load_balancer_has_to_say_from_where_a_connection_comes() {
    let rig = behind_a_balancer("[\"127.0.0.1\"]");
    for began in [
        network(&PLAIN, "001").frame(),
        b"PROXY TCP4 nobody 10.0.0.1 50001 8583\r\n".to_vec(),
        b"GET / HTTP/1.1\r\n\r\n".to_vec(),
    ] {
        let mut wire = Wire::connect(rig.addresses.malls);
        wire.send(&began);
        wire.assert_closed("no header");
    }
    // A health check.
    drop(Wire::connect(rig.addresses.malls));
    wait_for("them to be counted", || {
        refused(&rig, "proxy_header") == 4.0
    });
    wait_for("the log to say so", || {
        let log = rig.log("switch");
        log.contains("it must begin with a PROXY protocol header")
            && log.contains("looks_like=\"HTTP\"")
    });
}

#[test]
fn nobody_else_is_believed_and_the_log_says_what_came() {
    let rig = behind_a_balancer("[\"192.0.2.1\"]");
    let binary = binary(0x11, &[203, 0, 113, 7, 10, 0, 0, 1, 0xC3, 0x51, 0x21, 0x87]);
    for header in [
        b"PROXY TCP4 203.0.113.7 10.0.0.1 50001 8583\r\n".to_vec(),
        binary,
    ] {
        let mut wire = Wire::connect(rig.addresses.malls);
        wire.send(&[header, network(&PLAIN, "001").frame()].concat());
        wire.assert_closed("no message");
    }
    wait_for("the log to say so", || {
        let log = rig.log("switch");
        log.matches("the PROXY protocol, from a sender that is not in")
            .count()
            == 2
    });
}
