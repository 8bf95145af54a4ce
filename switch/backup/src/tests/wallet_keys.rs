//! Keys of wallets that the data has lost, and the backup has not.

use tessera_vault::wallet_key_pages;

use super::line::back_up_over_a_line;
use super::*;

impl Bed {
    fn seal(&self, wallet: u64) {
        let vault = Vault::for_tests(&self.data());
        vault
            .seal(WalletId(wallet), Purpose::Contact, b"a@b.example")
            .unwrap();
    }

    /// That no backup takes the keys of the copy away.
    fn refuses_the_keys(&self) {
        let path = self.copy().join("wallet.keys");
        let kept = fs::read(&path).unwrap();
        let manifest = self.copy().join("manifest.jsonl");
        let away = self.folder.path().join("away");
        for round in 0..2 {
            let error = self.back_up(Durable::Stopped).unwrap_err();
            assert!(
                matches!(error, BackupError::OlderWalletKeys { .. }),
                "{error}"
            );
            let error = back_up_over_a_line(self, usize::MAX).unwrap_err();
            let error = error.to_string();
            assert!(error.contains("newer version of the keys"), "{error}");
            assert!(fs::read(&path).unwrap() == kept, "round {round}");
            match round {
                0 => self.verify().unwrap(),
                _ => break,
            }
            // Also where nothing says that the file belongs to a backup.
            fs::rename(&manifest, &away).unwrap();
        }
        fs::rename(&away, &manifest).unwrap();
        self.verify().unwrap();
    }
}

#[test]
fn keys_of_wallets_that_the_data_has_lost_stay_in_the_backup() {
    let bed = Bed::new();
    let path = bed.data().join("wallet.keys");
    bed.seal(1);
    let older = fs::read(&path).unwrap();
    bed.seal(2);
    bed.back_up(Durable::Stopped).unwrap();
    let good = fs::read(&path).unwrap();
    bed.grow();

    fs::remove_file(&path).unwrap();
    bed.refuses_the_keys();
    fs::write(&path, &older).unwrap();
    bed.refuses_the_keys();
    fs::write(&path, &good[..good.len() / 4096 / 2 * 4096]).unwrap();
    bed.refuses_the_keys();
    // One that was made anew.
    fs::remove_file(&path).unwrap();
    bed.keys().record_wallet_key_changes(None).unwrap();
    bed.seal(3);
    bed.refuses_the_keys();

    fs::copy(bed.copy().join("wallet.keys"), &path).unwrap();
    bed.back_up(Durable::Stopped).unwrap();
    bed.verify().unwrap();
    assert_eq!(
        bed.stored().last(),
        bed.records("data").last().map(|it| it.0)
    );
}

#[test]
fn a_copy_that_follows_refuses_older_keys_of_wallets_too() {
    let bed = Bed::new();
    let path = bed.data().join("wallet.keys");
    bed.seal(1);
    let older = fs::read(&path).unwrap();
    bed.seal(2);
    let keys = bed.keys();
    let mut backup = Backup::new(&Location::in_data(&bed.data(), &keys), keys);
    let mut folder = Folder::open(&bed.copy()).unwrap();
    let mut once = || {
        backup.begin(&mut folder, u64::MAX)?;
        backup.finish(&mut folder, Durable::Stopped)
    };
    once().unwrap();
    let kept = fs::read(bed.copy().join("wallet.keys")).unwrap();
    fs::write(&path, &older).unwrap();
    for _ in 0..2 {
        let error = once().unwrap_err();
        assert!(
            matches!(error, BackupError::OlderWalletKeys { .. }),
            "{error}"
        );
    }
    assert!(fs::read(bed.copy().join("wallet.keys")).unwrap() == kept);
}

#[test]
fn a_copy_has_the_keys_of_all_wallets_in_it_also_while_the_file_rests() {
    let bed = Bed::new();
    bed.seal(1);
    let keys = bed.keys();
    let mut backup = Backup::new(&Location::in_data(&bed.data(), &keys), keys);
    let mut folder = Folder::open(&bed.copy()).unwrap();
    let mut once = |rests| {
        if rests {
            backup.rest();
        }
        backup.begin(&mut folder, u64::MAX).unwrap();
        backup.finish(&mut folder, Durable::Stopped).unwrap();
    };
    once(false);
    // The last one has no events, and a page of its own.
    let vault = Vault::for_tests(&bed.data());
    let seal = |wallet| {
        let sealed = vault.seal(WalletId(wallet), Purpose::Contact, b"a@b.example");
        (WalletId(wallet), sealed.unwrap())
    };
    let sealed: Vec<_> = (2..=WALLETS).map(seal).collect();
    let pages = |wallet| wallet_key_pages(WalletId(wallet), 65 * 4096).collect::<Vec<_>>();
    let is_alone = |wallet: &u64| (1..=WALLETS).all(|other| pages(other) != pages(*wallet));
    let (idle, of_idle) = seal((WALLETS + 1..).find(is_alone).unwrap());
    bed.grow();
    once(true);
    bed.verify().unwrap();
    bed.restore("new", None).unwrap();
    let restored = Vault::for_tests(&bed.folder.path().join("new"));
    let opens = |wallet, sealed: &[u8]| restored.open(wallet, Purpose::Contact, sealed).is_ok();
    for (wallet, sealed) in &sealed {
        assert!(opens(*wallet, sealed), "{wallet:?}");
    }
    assert!(!opens(idle, &of_idle));
}
