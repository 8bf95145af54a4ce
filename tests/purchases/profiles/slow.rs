//! Who says something false is listened to more slowly, and nobody else is.

use std::time::{Duration, Instant};

use super::BALANCE;
use crate::rig::wire::{
    ACQUIRER, Hand, MALL, PLAIN, Wire, card_purchase, network, rig_with, started,
};
use crate::rig::{Rig, wait_for};

fn slow_rig() -> Rig {
    let settings = [
        ("workers", "1"),
        ("slow_down_min", "\"200ms\""),
        ("slow_down_max", "\"800ms\""),
    ];
    started(rig_with(1, BALANCE, &settings), &[])
}

#[test]
fn each_wrong_mac_in_a_row_doubles_the_pause_and_nobody_else_waits() {
    let rig = slow_rig();
    let mut wire = Wire::signed_on(&rig, &ACQUIRER);
    let wrong = || network(&ACQUIRER, "301").key(MALL.key);
    let begun = Instant::now();
    // All at once: it is the reading that waits.
    let frames: Vec<u8> = (0..4).flat_map(|_| wrong().frame()).collect();
    wire.send(&frames);
    wire.send(&network(&ACQUIRER, "301").frame());
    let mut bystander = Wire::signed_on(&rig, &PLAIN);
    for pauses in [0, 200, 600, 1400] {
        // Meanwhile the same worker serves everybody else: a blocked one would have answered once.
        let mut served = 0;
        while !wire.has_come() {
            assert_eq!(bystander.ask(&card_purchase(&PLAIN, 1, 1)).code(), "00");
            served += 1;
        }
        assert!(served > 1 || pauses < 600, "{served} in a pause");
        assert_eq!(wire.answer().code(), "63");
        assert!(
            begun.elapsed() >= Duration::from_millis(pauses),
            "before {pauses} ms"
        );
    }
    assert_eq!(wire.answer().code(), "00");
    assert!(begun.elapsed() >= Duration::from_millis(2200));
    assert_eq!(wire.ask(&wrong()).code(), "63");
    wire.assert_serves(&ACQUIRER);
    let failures = format!(
        "tessera_party_mac_failures_total{{party=\"{}\"}}",
        ACQUIRER.name
    );
    wait_for("them to be counted", || rig.figure(&failures) == Some(5.0));
}

#[test]
fn a_pause_ends_with_the_connection_and_with_the_switch() {
    let mut rig = slow_rig();
    let mut wire = Wire::signed_on(&rig, &ACQUIRER);
    let wrong: Vec<u8> = (0..8)
        .flat_map(|_| Hand::key(network(&ACQUIRER, "301"), MALL.key).frame())
        .collect();
    wire.send(&wrong);
    assert_eq!(wire.answer().code(), "63");
    assert_eq!(rig.stop_switch(), Some(0));
}

#[test]
fn refused_sign_ons_are_counted_for_their_party() {
    let rig = Rig::new(0, 0);
    rig.add_to_party("development-acquirer-2.toml", "connections_max = 1\n");
    let rig = started(rig, &[]);
    let _first = Wire::signed_on(&rig, &PLAIN);
    for _ in 0..3 {
        let mut another = Wire::connect(rig.addresses.malls);
        assert_eq!(another.ask(&network(&PLAIN, "001")).code(), "58");
        another.assert_closed("one too many");
    }
    let refused = |name: &str| {
        rig.figure(&format!(
            "tessera_party_sign_ons_refused_total{{party=\"{name}\"}}"
        ))
    };
    wait_for("them to be counted", || refused(PLAIN.name) == Some(3.0));
    assert_eq!(refused(ACQUIRER.name), Some(0.0));
}
