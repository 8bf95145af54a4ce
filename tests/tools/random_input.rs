//! What `make fuzz` runs for as long as one likes, with the same targets: seeds changed at random, a bounded number of them.
//! Built without instrumentation, so that it finds less and costs no build of its own.

use std::fs;
use std::path::Path;

use tessera_journal::reader;
use tessera_ledger::{Entry, Wallet};

use crate::rig::Rig;
use crate::rig::mutation::Mutation;
use crate::rig::shop::{Shops, post_form, post_json};
use crate::rig::wire::{
    ACQUIRER, MALL, Wire, card_purchase, hex, network, order_purchase, reversal,
};
use crate::targets;

/// For what only reads.
const CASES: usize = 20_000;
/// For what writes files.
const CASES_ON_DISK: usize = 2_000;
/// For what speaks over a socket, or waits for the disk.
const SLOW_CASES: usize = 400;

fn seeds(target: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fuzz/seeds")
        .join(target);
    let mut files: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|file| file.unwrap().path())
        .collect();
    files.sort();
    files.iter().map(|file| fs::read(file).unwrap()).collect()
}

#[test]
fn messages_in_every_dialect() {
    Mutation::of(seeds("message")).run(CASES, targets::message::run);
}

#[test]
fn text_for_decode_and_doctor() {
    Mutation::of(seeds("text")).run(CASES_ON_DISK, targets::text::run);
}

#[test]
fn mail_servers() {
    Mutation::of(seeds("mail_server")).run(SLOW_CASES, targets::mail_server::run);
}

#[test]
fn message_centres() {
    Mutation::of(seeds("message_centre")).run(SLOW_CASES, targets::message_centre::run);
}

#[test]
fn http_requests() {
    Mutation::of(seeds("http")).run(SLOW_CASES, targets::http::run);
}

#[test]
fn rows_of_the_leased_line() {
    Mutation::of(seeds("leased_rows")).run(CASES, targets::leased_rows::run);
}

#[test]
fn journal_files() {
    Mutation::of(seeds("journal")).run(SLOW_CASES, targets::journal::run);
}

#[test]
fn configuration_files() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("config");
    let switch = fs::read(folder.join("switch.toml")).unwrap();
    let parties = fs::read_dir(folder.join("parties")).unwrap();
    let mut parties: Vec<_> = parties.map(|file| file.unwrap().path()).collect();
    parties.sort();
    let seeds = parties
        .iter()
        .map(|party| [&switch[..], &[0], &fs::read(party).unwrap()].concat());
    let mut seeds: Vec<_> = seeds.collect();
    // A short one is more often changed where it matters.
    let short = parties
        .iter()
        .map(|party| [&[0][..], &fs::read(party).unwrap()].concat());
    seeds.extend(short);
    Mutation::of(seeds).run(CASES_ON_DISK, targets::configuration::run);
}

/// Seeds are every kind of event as releases wrote it, what a switch has journaled, and the wallets that this makes.
#[test]
fn records_and_snapshots() {
    let mut rig = Rig::started(2, 10_000);
    let mut wire = Wire::connect(rig.addresses.malls);
    wire.ask(&network(&ACQUIRER, "001"));
    let purchase = card_purchase(&ACQUIRER, 1, 1_000);
    wire.ask(&purchase);
    wire.ask(&reversal("0400", &purchase));
    wire.ask(&card_purchase(&ACQUIRER, 2, 2_000));
    wire.ask(&card_purchase(&ACQUIRER, 2, 20_000));
    let mut payer = crate::rig::payer::Payer::with(&rig, 10_000);
    payer.card();
    let mut mall = Wire::connect(rig.addresses.malls);
    mall.ask(&network(&MALL, "001"));
    mall.ask(&order_purchase(&MALL, "ORDER-1", 1_000));
    rig.kill_switch();
    let (mut seeds, mut wallets) = (released_events(), std::collections::BTreeMap::new());
    let journal = reader(&rig.journal());
    let read = journal.scan(None, &mut |record| {
        let entry = Entry::read(record.payload)?;
        let wallet = wallets
            .entry(entry.wallet.0)
            .or_insert_with(|| Wallet::new(entry.wallet));
        wallet.apply(&entry, record.position, record.sequence)?;
        seeds.push(record.payload.to_vec());
        Ok(())
    });
    read.unwrap();
    for wallet in wallets.values() {
        let mut snapshot = Vec::new();
        wallet.write_snapshot(&mut snapshot);
        seeds.push(snapshot);
    }
    Mutation::of(seeds).run(CASES, targets::records::run);
}

/// What a visitor types at the shops: each form is answered, and none is a fault of the shop's.
#[test]
fn forms_of_the_shops() {
    let rig = Rig::started(1, 1_000_000);
    let shops = Shops::start(&rig, &[]);
    let (affiliated, unaffiliated) = (shops.affiliated, shops.unaffiliated);
    let forms = [
        (affiliated, "/basket", "good=cup&add=1&set=2"),
        (affiliated, "/orders", "order=A-1"),
        (
            unaffiliated,
            "/buy/round/plain",
            "order=A-1&name=A&number=9900000000000010&expiry=12%2F31&csc=",
        ),
        (unaffiliated, "/clerk/A-1/refund", "amount=1.00&refunds=0"),
    ];
    let objects = [
        (
            unaffiliated,
            "/buy/star/controlled",
            r#"{"order":"A-2","number":"9900000000000010","month":"12","year":"2031"}"#,
        ),
        (
            shops.frame,
            "/tokens",
            r#"{"number":"9900000000000010","expiry":"12 / 31","csc":""}"#,
        ),
        (
            unaffiliated,
            "/buy/string/framed",
            r#"{"order":"A-3","name":"A","token":"5a5a"}"#,
        ),
    ];
    let mut mutation = Mutation::of(vec![
        b"&order=%00&amount=-1".to_vec(),
        br#"{"order":[1e400]}"#.to_vec(),
    ]);
    for _ in 0..SLOW_CASES / forms.len() {
        for (at, path, form) in forms {
            let form = mutation.changed(form.into());
            let form = String::from_utf8_lossy(&form);
            let status = post_form(at, path, "", &form).status;
            assert!(status < 500, "{status} to {path} with {form}");
        }
        for (at, path, object) in objects {
            let object = mutation.changed(object.into());
            let object = String::from_utf8_lossy(&object);
            let status = post_json(at, path, &object).status;
            assert!(status < 500, "{status} to {path} with {object}");
        }
    }
}

fn released_events() -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let mut events = Vec::new();
    for release in fs::read_dir(folder).unwrap() {
        let text = fs::read_to_string(release.unwrap().path().join("events.txt")).unwrap();
        let digits = text
            .lines()
            .filter_map(|line| Some(line.split_once(' ')?.1));
        events.extend(digits.map(hex));
    }
    assert!(events.len() > 50);
    events
}
