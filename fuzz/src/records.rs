//! The payload of a journal record, and the snapshot of a wallet: what is read is written and read alike.

use tessera_ledger::{Entry, Wallet, WalletId};

pub fn run(bytes: &[u8]) {
    let mut again = Vec::new();
    if let Ok(entry) = Entry::read(bytes) {
        entry.write(&mut again);
        assert_eq!(Entry::read(&again), Ok(entry));
    }
    again.clear();
    if let Ok(mut wallet) = Wallet::read_snapshot(WalletId(1), bytes) {
        wallet.write_snapshot(&mut again);
        assert_eq!(
            Wallet::read_snapshot(WalletId(1), &again),
            Ok(wallet.clone())
        );
        // What was read of a list that turns out to be damaged stays in a wallet that is thrown away.
        let _ = wallet.restore_settled(bytes);
    }
    let _ = Wallet::new(WalletId(1)).restore_settled(bytes);
}
