//! Where in the file things are.

use tessera_ledger::WalletId;

/// In the folder of data.
pub(super) const NAME: &str = "wallet.keys";
pub(super) const FIRST_LINE: &[u8] = b"tessera wallet keys 1\n";
/// Bytes of a page of the file.
pub const WALLET_KEYS_PAGE: usize = 4096;
pub(super) const PAGE: usize = WALLET_KEYS_PAGE;
/// Pages of the first level.
const PAGES: u64 = 64;

/// A level of pages, from 0.
#[derive(Clone, Copy)]
pub(super) struct Level(pub u32);

/// Where the pages are, in a file of this length, that can have the key of a wallet.
pub fn wallet_key_pages(wallet: WalletId, length: u64) -> impl Iterator<Item = u64> {
    let levels = (0..).map(Level);
    let there = levels.take_while(move |level| level.end() <= length);
    there.map(move |level| level.page_of(wallet))
}

impl Level {
    /// The one that an offset is in.
    pub fn at(offset: u64) -> Self {
        let mut level = Self(0);
        while level.end() <= offset {
            level = Self(level.0 + 1);
        }
        level
    }

    fn pages(self) -> u64 {
        PAGES << self.0
    }

    pub fn start(self) -> u64 {
        // Behind the first page, and the levels before.
        (1 + self.pages() - PAGES) * PAGE as u64
    }

    pub fn end(self) -> u64 {
        self.start() + self.pages() * PAGE as u64
    }

    pub fn page_of(self, wallet: WalletId) -> u64 {
        // Numbers of wallets may be consecutive.
        let hash = wallet.0.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 20;
        self.start() + hash % self.pages() * PAGE as u64
    }
}
