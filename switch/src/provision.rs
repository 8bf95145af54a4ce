//! Development wallets with a card and money each, written straight into journal and store of a switch
//! that is not running.

use tessera_protocol::sandbox::{OUTCOMES, TestCase};
use tessera_protocol::{Amount, CardNumber, Currency};

use crate::cluster::open_data;
use crate::recovery::Data;
use tessera_config::{Environment, Settings};
use tessera_journal::{Journal, Mark};
use tessera_kit::clock;
use tessera_ledger::{Balance, Entry, Event, Wallet, WalletId};
use tessera_store::{Known, Snapshot, Store};

/// Expiry of development cards (wire protocol, section 9), YYMM.
const EXPIRY: u16 = 3112;
/// Wallets in a batch of the store.
const BATCH: usize = 8192;

/// What is made.
#[derive(Debug, Clone, Copy)]
pub struct Wanted {
    /// Development cards 1 to this number.
    pub cards: u64,
    /// The test cards of the sandbox too.
    pub test_cards: bool,
    /// What is in each wallet.
    pub balance: Amount,
}

impl Wanted {
    /// The serial numbers of the cards.
    fn serials(&self) -> impl Iterator<Item = u64> + use<> {
        let test_cards = self.test_cards.then_some(OUTCOMES);
        let test_cards = test_cards.into_iter().flatten().map(TestCase::serial);
        (1..=self.cards).chain(test_cards)
    }

    /// How many cards that are.
    pub fn count(&self) -> u64 {
        self.serials().count() as u64
    }
}

/// Makes development cards, each in a wallet of its own (number = serial). Wallets that exist are left as they are.
/// Returns how many were made.
///
/// # Errors
/// When journal or store can't be opened or written, or a switch is running on the data.
pub fn provision(settings: &Settings, wanted: &Wanted) -> anyhow::Result<u64> {
    anyhow::ensure!(
        !wanted.test_cards || settings.environment == Environment::Development,
        "test cards have published numbers: they are made in the development environment only, and the configuration has environment = \"production\""
    );
    let (
        Data {
            lock: _lock,
            journal,
            store,
            ..
        },
        member,
    ) = open_data(settings)?;
    let mut made = 0;
    let mut batch = Vec::with_capacity(BATCH);
    let mut mark = None;
    for serial in wanted.serials() {
        let id = WalletId(serial);
        if store.wallet(id)?.is_some() {
            continue;
        }
        let mut known = Known::of(&Wallet::new(id));
        let (mut wallet, at) = make(
            id,
            wanted.balance,
            settings.currency,
            settings.partitions,
            journal.as_ref(),
        )?;
        mark = Some(at);
        batch.push(Snapshot::take(&mut wallet).beside(&mut known));
        made += 1;
        if batch.len() == BATCH {
            write(journal.as_ref(), &store, &mut batch, mark)?;
        }
    }
    write(journal.as_ref(), &store, &mut batch, mark)?;
    journal.close()?;
    store.sync()?;
    if let Some(member) = member {
        member.end();
    }
    Ok(made)
}

fn make(
    id: WalletId,
    balance: Amount,
    currency: Currency,
    partitions: u16,
    journal: &dyn Journal,
) -> anyhow::Result<(Wallet, Mark)> {
    let event = Event::Provisioned {
        currency,
        card: CardNumber::development(id.0),
        expiry: EXPIRY,
        balance,
    };
    let entry = Entry {
        wallet: id,
        previous: None,
        at: clock::now(),
        available: Balance::ZERO,
        held: Balance::ZERO,
        owed: Balance::ZERO,
        event,
    };
    let mut payload = Vec::with_capacity(64);
    entry.write(&mut payload);
    let appended = journal.append(id.partition(partitions), &payload);
    let mut wallet = Wallet::new(id);
    wallet.apply(&entry, appended.position, appended.sequence)?;
    Ok((wallet, appended.into()))
}

/// Writes to the store once that is durable on which it rests: it must not know what the journal does not.
pub(crate) fn write(
    journal: &dyn Journal,
    store: &Store,
    batch: &mut Vec<Snapshot>,
    mark: Option<Mark>,
) -> anyhow::Result<()> {
    journal.sync()?;
    store.write(batch, mark)?;
    batch.clear();
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn test_cards_are_made_in_development_only() {
        let settings = Settings {
            environment: Environment::Production,
            data: "/nowhere/at/all".into(),
            ..Settings::default()
        };
        let wanted = Wanted {
            cards: 0,
            test_cards: true,
            balance: Amount::ZERO,
        };
        let refused = provision(&settings, &wanted).expect_err("in production");
        assert!(
            refused.to_string().contains("published numbers"),
            "{refused}"
        );
    }
}
