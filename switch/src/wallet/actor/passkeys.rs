//! What the rules do not know of passkeys: their ids, their keys, and what they know the wallet by.

use tessera_console::Limit;
use tessera_ledger::{
    AccountAction, Action, Command, Details, Outcome, Passkey, Rule, Secret, ShownPasskey, WalletId,
};
use tessera_protocol::leased::{PasskeyRow, tag};
use tessera_vault::{Purpose, VaultError};

use super::WalletActor;
use crate::passkeys::{encode, id_of};

/// A copied passkey may be tried as often as passwords may.
static COPIED: Limit = Limit::new("passkey copied");

impl WalletActor {
    /// The id and the public key of a passkey; none where they can't be decrypted.
    pub(super) fn passkey_material(&self, number: u32) -> Option<Secret> {
        let account = self.wallet.account.as_ref()?;
        self.open_passkey(account.passkey_of(number)?)
    }

    fn open_passkey(&self, passkey: &Passkey) -> Option<Secret> {
        let vault = &self.services.vault;
        let opened = vault.open(self.wallet.id, Purpose::Passkey, &passkey.sealed);
        opened
            .inspect_err(|error| tracing::error!(%error, "a passkey could not be decrypted"))
            .ok()
    }

    /// Adds to an answer what the rules can't say: which wallet a passkey has opened, and to a challenge the ids of the wallet's
    /// passkeys, and what they know the wallet by.
    pub(super) fn add_passkeys(&self, outcome: &mut Outcome, command: &Command) {
        let Command::Ask(ask) = command else { return };
        let Action::Account(action) = &ask.action else {
            return;
        };
        if !outcome.code.is_approved() {
            return;
        }
        let shows = ask
            .claims
            .as_ref()
            .and_then(|claims| claims.assertion.as_ref());
        if let AccountAction::SignIn(_) = &**action
            && shows.is_some()
        {
            let wallet = (tag::WALLET, self.wallet.id.0.to_string());
            outcome.details = Details::Rows(vec![wallet]);
        }
        if let AccountAction::ListPasskeys = &**action
            && let Details::Rows(rows) = &mut outcome.details
        {
            rows.iter_mut().for_each(|(_, row)| self.name(row));
        }
        let adds = matches!(&**action, AccountAction::BeginPasskey(_));
        if let Details::Rows(rows) = &mut outcome.details
            && (adds || matches!(&**action, AccountAction::PasskeyChallenge(_)))
        {
            if adds {
                match self.passkey_user() {
                    Ok(user) => rows.push((tag::PASSKEY_USER, encode(&user))),
                    Err(error) => {
                        tracing::error!(%error, "a wallet's number could not be encrypted for passkeys");
                        *outcome = Outcome::declined(Rule::NotEncrypted);
                        return;
                    }
                }
            }
            // The one that was used last is first: what does not fit into the answer is left out.
            let account = self.wallet.account.as_ref();
            let mut passkeys: Vec<&Passkey> = account
                .iter()
                .flat_map(|account| &account.passkeys)
                .collect();
            passkeys.sort_by_key(|passkey| std::cmp::Reverse(passkey.used_at));
            let ids = passkeys
                .into_iter()
                .filter_map(|passkey| id_of(&self.open_passkey(passkey)?));
            rows.extend(ids.map(|id| (tag::PASSKEY, id)));
        }
    }

    /// Puts what the payer calls a passkey into its row.
    fn name(&self, row: &mut String) {
        let Ok(mut named) = row.parse::<PasskeyRow>() else {
            return;
        };
        let account = self.wallet.account.as_ref();
        let passkey = account.and_then(|account| account.passkey_of(named.number));
        let Some(sealed) = passkey.and_then(|passkey| passkey.renamed.as_ref()) else {
            return;
        };
        let vault = &self.services.vault;
        match vault.open(self.wallet.id, Purpose::PasskeyName, sealed) {
            Ok(name) => {
                named.name = String::from_utf8_lossy(name.expose()).into_owned();
                *row = named.to_string();
            }
            Err(error) => tracing::error!(%error, "the name of a passkey could not be decrypted"),
        }
    }

    /// What passkeys know the wallet by. Its number is encrypted with the key of the operator's wallet, which is never destroyed:
    /// to anybody else it says nothing, and it leads to no other wallet.
    fn passkey_user(&self) -> Result<Box<[u8]>, VaultError> {
        let account = self.wallet.account.as_ref();
        let vault = &self.services.vault;
        let opens = |user: &[u8]| {
            let opened = vault.open(WalletId::OPERATOR, Purpose::PasskeyUser, user);
            opened.is_ok()
        };
        // After a restore without the keys of wallets there is another key.
        let user = account.and_then(|account| account.passkey_user.clone());
        if let Some(user) = user.filter(|user| opens(user)) {
            return Ok(user);
        }
        let number = self.wallet.id.0.to_be_bytes();
        vault.seal(WalletId::OPERATOR, Purpose::PasskeyUser, &number)
    }

    /// Says in the log that there is a copy of a passkey, where an answer shows it.
    pub(super) fn look_for_copies(&self, command: &Command) {
        let Command::Ask(ask) = command else { return };
        let Some(ShownPasskey::Fits(used)) = ask.claims.as_ref().and_then(|claims| claims.passkey)
        else {
            return;
        };
        let account = self.wallet.account.as_ref();
        let accepted = account.map(|account| account.accept_passkey(&used));
        if accepted == Some(Err(Rule::PasskeyCounter)) && COPIED.allows(None) {
            tracing::warn!(
                counter = used.counter,
                "a passkey was refused: its counter does not rise, so there may be a copy of it"
            );
        }
    }
}
