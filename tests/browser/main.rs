//! A payer's whole life in a headless Chromium, before the real processes: what they see, what everybody else learns, and what
//! an attacker can do.

mod access;
mod alone;
mod anonymity;
mod attacks;
mod checkouts;
mod chromium;
mod extension;
mod hostile;
mod journey;
mod life;
mod mall_page;
mod messages;
mod notices;
mod operators;
mod passkeys;
mod payer;
mod pictures;
mod plain;
#[path = "../rig/mod.rs"]
mod rig;
mod world;

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Two browsers side by side have a small machine wait for both.
fn one_browser() -> MutexGuard<'static, ()> {
    static BROWSER: Mutex<()> = Mutex::new(());
    BROWSER.lock().unwrap_or_else(PoisonError::into_inner)
}

#[test]
#[ignore = "needs Chromium and the peers: make test AREA=browser"]
fn a_wallet_lives_from_its_first_page_to_its_last_and_nobody_learns_whose_it_is() {
    let _one = one_browser();
    life::live();
}

#[test]
#[ignore = "needs Chromium and the peers: make test AREA=browser"]
fn everybody_can_use_every_page_in_light_and_dark_and_by_keyboard_alone() {
    let _one = one_browser();
    access::everybody_can_use_every_page();
}

#[test]
#[ignore = "needs Chromium and the peers: make test AREA=browser"]
fn a_passkey_signs_in_pays_and_is_removed() {
    let _one = one_browser();
    passkeys::live();
}

#[test]
#[ignore = "needs Chromium and the peers: make test AREA=browser"]
fn notifications_are_turned_on_shown_and_turned_off() {
    let _one = one_browser();
    notices::live();
}

#[test]
#[ignore = "needs Chromium and the peers: make test AREA=browser"]
fn attacks_on_a_payer_come_to_nothing() {
    let _one = one_browser();
    attacks::all_come_to_nothing();
}

#[test]
#[ignore = "needs Chromium and the peers: make test AREA=browser"]
fn money_comes_by_itself_and_nothing_old_is_shown_without_a_connection() {
    let _one = one_browser();
    alone::is_left_alone();
}

#[test]
#[ignore = "needs Chromium and the peers: make test AREA=browser"]
fn the_way_from_the_first_page_to_the_first_purchase_is_timed() {
    let _one = one_browser();
    journey::is_timed();
}

#[test]
#[ignore = "needs Chromium and the peers: make test AREA=browser"]
fn operators_can_use_every_page_of_their_console() {
    let _one = one_browser();
    operators::can_use_every_page();
}
