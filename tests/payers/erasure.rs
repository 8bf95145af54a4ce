//! What is left of a payer whose wallet has ended: nothing that says who it was, in no copy of the journal either.

use std::fs;
use std::path::Path;

use tessera_config::Settings;
use tessera_journal::Location;
use tessera_ledger::{Change, Entry, Event, WalletId};
use tessera_vault::{Purpose, Vault, VaultError, WalletKeys};

use crate::rig::leased::Line;
use crate::rig::payer::{GOOD_ACCOUNT, GOOD_CARD, Payer};
use crate::rig::totals::settles_with_the_host;
use crate::rig::{Rig, wait_for};

const DESTROYED: &str = "destroyed the keys of ended wallets";

/// The funding sources in a journal, and what of them the keys of wallets open.
fn sources(rig: &Rig, data: &Path) -> Vec<(WalletId, Option<Vec<u8>>)> {
    let mut settings = Settings::read(&rig.path("switch.toml")).expect("settings");
    settings.data = rig.path("data");
    let keys = settings.data_keys_to_read().expect("keys");
    let wallet_keys = WalletKeys::open(&settings.data, keys.clone()).expect("keys");
    let vault = Vault::new(wallet_keys, None).expect("a vault");
    let mut found = Vec::new();
    let reader = tessera_journal::reader(&Location::in_data(data, &keys));
    let scanned = reader.scan(None, &mut |record| {
        let entry = Entry::read(record.payload)?;
        if let Event::Account {
            change: Change::SourceAdded(source),
            ..
        } = &entry.event
        {
            let opened = vault.open(entry.wallet, Purpose::Source, &source.sealed);
            let opened = match opened {
                Err(VaultError::Erased) => None,
                opened => Some(opened.expect("a source").expose().to_vec()),
            };
            found.push((entry.wallet, opened));
        }
        Ok(())
    });
    scanned.expect("a journal");
    found
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("a file");
        if entry.path().is_file() {
            fs::copy(entry.path(), to.join(entry.file_name())).expect("a file");
        }
    }
}

#[test]
fn what_identified_the_payer_of_an_ended_wallet_is_erased_for_good() {
    let mut rig = Rig::started(0, 0);
    let mut ends = Payer::with(&rig, 1_000);
    let account = ends.source(GOOD_ACCOUNT, "account");
    Payer::with(&rig, 2_000);
    assert_eq!(rig.stop_switch(), Some(0));
    let (card, account_number) = (GOOD_CARD.as_bytes(), GOOD_ACCOUNT.as_bytes());
    let all: Vec<_> = sources(&rig, &rig.path("data"))
        .into_iter()
        .map(|(_, opened)| opened.expect("a source"))
        .collect();
    assert_eq!(all, [card, account_number, card]);
    copy(&rig.path("data/journal"), &rig.path("backup/journal"));
    let keys = rig.path("data/wallet.keys");
    fs::copy(&keys, rig.path("before.keys")).expect("a file");

    rig.start_switch();
    rig.wait_until_ready();
    ends.line = Line::signed_on(&rig);
    ends.proven("180", &[(22, &account)], &[]);
    wait_for("the key to be destroyed", || {
        rig.log("switch").contains(DESTROYED)
    });
    // The same once more as if the switch had been killed before: the wallet has ended, and its key is there.
    for killed in [false, true] {
        if killed {
            rig.kill_switch();
            fs::copy(rig.path("before.keys"), &keys).expect("a file");
            rig.start_switch();
            rig.wait_until_ready();
            wait_for("the key to be destroyed at the start", || {
                rig.log("switch").matches(DESTROYED).count() == 2
            });
            let log = rig.log("switch");
            assert!(log.contains("wallet.keys is an older copy"), "{log}");
        }
        assert_eq!(rig.stop_switch(), Some(0));
        for data in ["data", "backup"] {
            let [first, second, other] = &sources(&rig, &rig.path(data))[..] else {
                panic!("three sources");
            };
            assert_eq!((&first.1, &second.1), (&None, &None), "{data}");
            assert_eq!(other.1.as_deref(), Some(card), "{data}");
        }
        rig.run(&["audit", "--config", "switch.toml"]);
        rig.start_switch();
        rig.wait_until_ready();
    }
    settles_with_the_host(rig);
}
