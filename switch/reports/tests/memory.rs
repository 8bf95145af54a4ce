//! What an audit takes of memory, counted at the allocator: nothing else runs in this process.

use peak_alloc::PeakAlloc;
use tessera_journal::Location;
use tessera_reports::audit::Audit;
use tessera_reports::testing::Traffic;

#[global_allocator]
static ALLOCATOR: PeakAlloc = PeakAlloc;

const MIB: usize = 1 << 20;

#[test]
fn an_audit_stays_below_its_bound_however_many_wallets_there_are() {
    let folder = tempfile::tempdir().unwrap();
    let mut traffic = Traffic::new(folder.path(), 16 << 20);
    traffic.provision(60_000);
    traffic.round(60_000);
    traffic.close();
    let keys = Traffic::keys(folder.path());
    let peak = |wallet_bytes_max: usize| {
        let before = ALLOCATOR.current_usage();
        ALLOCATOR.reset_peak_usage();
        let proof = Audit::of(&Location::in_data(folder.path(), &keys))
            .with_wallet_bytes_max(wallet_bytes_max);
        assert_eq!(proof.run().unwrap().wallets, 60_000);
        ALLOCATOR.peak_usage() - before
    };
    let (bounded, unbounded) = (peak(2 * MIB), peak(usize::MAX));
    // Buffers, batches and wallets that are being looked at take the rest, whatever the number of wallets.
    assert!(bounded < 18 * MIB, "{bounded} bytes");
    assert!(unbounded > bounded, "{unbounded} and {bounded} bytes");
    // 200 bytes for each wallet: ten million take as many passes as 640 MiB need.
    assert!(unbounded < 30 * MIB, "{unbounded} bytes");
}
