//! A switch that is killed between its decision and the disk: nobody was answered or notified of what is lost with it.

use std::time::Duration;

use crate::rig::held_disk::HeldDisk;
use crate::rig::hooks::Shop;
use crate::rig::inquiries::{about, about_order, said, state};
use crate::rig::leased::Line;
use crate::rig::wire::{Hand, MALL, Wire, order_purchase, rig_with, started};
use crate::rig::{Rig, wait_for};

const AMOUNT: u64 = 900;

/// The purchase and two inquiries about it, sent one after the other, and what comes back on their connections.
struct Decided {
    bought: Hand,
    lines: [Wire; 3],
}

/// The order's purchase is approved in the wallet, and the disk is held before the journal has that.
fn decided_on_a_held_disk(rig: &Rig, disk: &HeldDisk, order: &str) -> Decided {
    let mut lines = [(); 3].map(|()| Wire::signed_on(rig, &MALL));
    let [mall, about_the_order, about_the_purchase] = &mut lines;
    let mut other = Wire::signed_on(rig, &MALL);
    let host = rig.host.as_ref().expect("a host");
    let at_the_host = || rig.sum("tessera_host_requests_in_flight");
    let answered = || rig.sum("tessera_host_outcomes_total");
    let before = answered();
    let bought = order_purchase(&MALL, order, AMOUNT);
    host.signal("-STOP");
    mall.send(&bought.frame());
    wait_for("the request to be sent", || at_the_host() == 1.0);
    disk.hold();
    host.signal("-CONT");
    wait_for("its answer", || answered() > before);
    about_the_order.send(&about_order(&MALL, order).frame());
    about_the_purchase.send(&about(&bought).frame());
    // It answers what does not depend on that, and the three are silent.
    assert_eq!(other.ask(&about_order(&MALL, "never")).code(), "25");
    for line in &mut lines {
        line.assert_silent(Duration::from_millis(700));
    }
    Decided { bought, lines }
}

#[test]
fn an_inquiry_never_reports_what_the_journal_does_not_have() {
    let shop = Shop::open();
    let mut rig = rig_with(0, 0, &[]);
    shop.is_notified(&rig.path("parties/teacup.toml"));
    let disk = HeldDisk::of(&mut rig);
    let mut rig = started(rig, &[]);
    let mut line = Line::signed_on(&rig);
    let wallet = line.wallet_with(100_000);
    for order in ["U-1", "U-2"] {
        assert_eq!(line.announce(&wallet, &MALL, order, AMOUNT).code(), "00");
    }

    // The disk goes on: then it is approved.
    let Decided { lines, .. } = decided_on_a_held_disk(&rig, &disk, "U-1");
    assert!(shop.came().is_empty(), "not durable yet");
    disk.release();
    let [mut mall, asked @ ..] = lines;
    let approved = mall.answer();
    assert_eq!(approved.code(), "00", "{}", approved.reason());
    for mut asked in asked {
        assert_eq!(state(&asked.answer()), "approved");
    }
    shop.wait_for(1);

    // The switch is killed: then it never was.
    let Decided { bought, lines } = decided_on_a_held_disk(&rig, &disk, "U-2");
    rig.kill_switch();
    for mut line in lines {
        line.assert_closed("nothing that is lost was reported");
    }
    disk.release();
    rig.start_switch();
    rig.wait_until_ready();
    let mut mall = Wire::signed_on(&rig, &MALL);
    let of_the_purchase = said(&mall.ask(&about(&bought)));
    assert_eq!(of_the_purchase, ("declined".into(), "91".into(), vec![]));
    assert_eq!(state(&mall.ask(&about_order(&MALL, "U-2"))), "agreed");
    let again = mall.ask(&order_purchase(&MALL, "U-2", AMOUNT));
    assert_eq!(again.code(), "00", "{}", again.reason());
    shop.wait_for(2);
    wait_for("both events to be taken", || {
        rig.figure("tessera_webhooks_waiting{party=\"Teacup & Co\"}") == Some(0.0)
    });
    let came = shop.came();
    let references = came.iter().map(|came| &came.event["data"]["reference"]);
    let references: Vec<_> = references.filter_map(|text| text.as_str()).collect();
    assert_eq!(references, [approved.text(37), again.text(37)]);
    assert_eq!(rig.stop_switch(), Some(0));
    let audit = rig.run(&["audit", "--config", "switch.toml"]);
    let audit = String::from_utf8_lossy(&audit.stdout).into_owned();
    assert!(audit.contains("the totals agree"), "{audit}");
}
