//! From a key of the outbox to a message on its way.

use std::sync::Arc;
use tessera_protocol::Institution;

use super::channel::{Address, Channel, Failure, Message, MessageId};
use super::occasion::{self, Notice};
use super::outbox::{ChannelKind, Key, KnownContact, Outbox, To, Which};
use super::texts::{Facts, Occasion, compose};
use tessera_journal::Journal;
use tessera_kit::clock;
use tessera_ledger::{Change, Entry, Event, WalletId};
use tessera_store::read_back;
use tessera_texts::{Language, Locale};
use tessera_vault::{Purpose, Vault};

/// A code that came later would be of no use (see `CODE_VALID_FOR` in the wallet module).
pub(super) const CODE_WITHIN: u64 = 15 * 60 * 1000;

/// The name of the mall that an institution is, where it is one: parties come and go.
pub type MallNames = Arc<dyn Fn(Institution) -> Option<String> + Send + Sync>;

/// What is needed to put an event into words and hand them over.
pub(super) struct Delivery {
    pub(super) journal: Arc<dyn Journal>,
    pub(super) vault: Arc<Vault>,
    pub(super) email: Option<Channel>,
    pub(super) sms: Option<Channel>,
    pub(super) web_push: Option<Channel>,
    /// Names of malls, by institution.
    pub(super) malls: MallNames,
}

/// What has become of a message.
#[derive(Debug)]
pub(super) enum Delivered {
    /// A server has taken it over.
    Sent(&'static str),
    /// No receiver is left.
    NobodyThere,
    /// The wallet's browser of this number is no more.
    Gone(WalletId, u32),
    /// It was not taken over.
    Failed(&'static str, Failure),
}

impl Delivery {
    /// Hands the message over.
    pub(super) async fn deliver(&self, outbox: &Outbox, key: Key) -> Delivered {
        let (entry, notice, contact) = match self.read(outbox, key) {
            Ok(Some(found)) => found,
            Ok(None) => return Delivered::NobodyThere,
            Err(failure) => return Delivered::Failed("none", failure),
        };
        let channel = match contact.channel {
            ChannelKind::Email => self.email.as_ref(),
            ChannelKind::Mobile => self.sms.as_ref(),
            ChannelKind::Browser => self.web_push.as_ref(),
        };
        let Some(channel) = channel else {
            // Without their channel browsers show nothing, and their payers can't remove them.
            if contact.channel == ChannelKind::Browser {
                return Delivered::NobodyThere;
            }
            let failure = Failure::Transient("the channel is not configured".to_owned());
            return Delivered::Failed("none", failure);
        };
        let message = match self.message(key, &entry, &notice, &contact) {
            Ok(message) => message,
            Err(failure) => return Delivered::Failed(channel.name(), failure),
        };
        match (channel.send(&message).await, key.to) {
            (Ok(()), _) => Delivered::Sent(channel.name()),
            (Err(Failure::Gone), To::Browser(number)) => Delivered::Gone(entry.wallet, number),
            (Err(failure), _) => Delivered::Failed(channel.name(), failure),
        }
    }

    fn read(
        &self,
        outbox: &Outbox,
        key: Key,
    ) -> Result<Option<(Entry, Notice, KnownContact)>, Failure> {
        let transient = |error: &dyn std::fmt::Display| Failure::Transient(error.to_string());
        let entry = read_back(self.journal.read(key.position));
        let entry = entry.map_err(|error| transient(&error))?;
        let notice = occasion::of(&entry, self.journal.as_ref());
        let notice = notice.map_err(|error| transient(&error))?;
        let contact = match (key.to, &entry.event) {
            (
                To::Proposed,
                Event::Account {
                    change: Change::ContactProposed { proposed, .. },
                    ..
                },
            ) if clock::now().since(entry.at) < CODE_WITHIN => Some(KnownContact {
                channel: proposed.contact.channel.into(),
                preferences: tessera_protocol::leased::NotificationPreferences::DEFAULT,
                language: outbox
                    .contact(entry.wallet, Which::Proposed)
                    .map_err(|error| transient(&error))?
                    .and_then(|contact| contact.language),
                sealed: proposed.contact.sealed.clone(),
            }),
            (To::Proposed, _) => None,
            (To::Contact, _) => {
                let contact = outbox.contact(entry.wallet, Which::Confirmed);
                contact.map_err(|error| transient(&error))?
            }
            (To::Browser(number), _) => {
                let browser = outbox.browser(entry.wallet, number);
                browser.map_err(|error| transient(&error))?
            }
            (To::Former, _) => {
                let contact = outbox.former(key.position);
                contact.map_err(|error| transient(&error))?
            }
        };
        Ok(notice
            .zip(contact)
            .map(|(notice, contact)| (entry, notice, contact)))
    }

    fn message(
        &self,
        key: Key,
        entry: &Entry,
        notice: &Notice,
        contact: &KnownContact,
    ) -> Result<Message, Failure> {
        let sealed = |error: tessera_vault::VaultError| Failure::Permanent(error.to_string());
        let purpose = match contact.channel {
            ChannelKind::Email | ChannelKind::Mobile => Purpose::Contact,
            ChannelKind::Browser => Purpose::Browser,
        };
        let address = self
            .vault
            .open(entry.wallet, purpose, &contact.sealed)
            .map_err(sealed)?;
        let address = String::from_utf8_lossy(address.expose()).into_owned();
        let code = if let Event::Account {
            change: Change::ContactProposed { sealed_code, .. },
            ..
        } = &entry.event
            && notice.occasion == Occasion::ConfirmationCode
        {
            let opened = self.vault.open(entry.wallet, Purpose::Code, sealed_code);
            Some(opened.map_err(sealed)?)
        } else {
            None
        };
        let code = code
            .as_ref()
            .and_then(|code| str::from_utf8(code.expose()).ok());
        let mall = notice.mall.as_ref().map(|(institution, acceptor)| {
            let known = institution.and_then(|institution| (self.malls)(institution));
            known.unwrap_or_else(|| acceptor.clone())
        });
        let language = contact.language;
        let language = language.and_then(|code| Language::from_code(code.as_str()));
        let language = language.unwrap_or(Language::English);
        let texts = compose(
            notice.occasion,
            &Facts {
                at: Some(notice.at),
                amount: notice.amount,
                available: notice.available,
                mall: mall.as_deref(),
                reference: notice.reference.as_deref(),
                card: notice.card.as_deref(),
                reason: notice.reason.clone(),
                device: notice.device.as_deref(),
                code,
            },
            &Locale::of_messages(language),
        );
        // A journal that was restored gives positions again, but not with the same time.
        let id = MessageId::new(&format!("{key}.{:x}", notice.at.milliseconds()));
        let id = id.ok_or(Failure::Permanent("no id for the message".to_owned()))?;
        let mut message = Message::new(id, Address::new(address), texts);
        message.language = language;
        message.page = page(notice);
        Ok(message)
    }
}

/// The wallet server's page about a notice.
fn page(notice: &Notice) -> String {
    match notice.transaction {
        Some(reference) => {
            let text = reference.to_text();
            format!("/transactions/{}", String::from_utf8_lossy(&text))
        }
        None => "/home".to_owned(),
    }
}
