//! What a wallet asks of the host: its events as requests.

use super::WalletActor;
use crate::gate::Unread;
use tessera_admission::Requester;
use tessera_host::{CardUpdate, HostMessage, HostRequest, Original};
use tessera_kit::clock::{self, Timestamp};
use tessera_ledger::{
    AccountAction, Action, AdviceSubject, Ask, Change, Command, Context, Entry, Event, HostPurpose,
    Kind, LoadFrom, Opening, Outcome, Owed, Reference, Rule, Secret, ToHost, Wallet, Wanted,
};
use tessera_protocol::leased::Operation;
use tessera_protocol::{Amount, Currency, Mti, OriginalData};
use tessera_vault::{Purpose, VaultError};

/// Why a request could not be made.
#[derive(Debug, thiserror::Error)]
pub(super) enum MessageError {
    /// The source can't be read.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// The rules forwarded what is no request.
    #[error("nothing of the kind goes to the financial system")]
    Nothing,
}

/// The advice to the host about a transaction; `date` says to which settlement date (MMDD) a moment belongs.
pub(crate) fn unread(
    wallet: &Wallet,
    reference: Reference,
    owed: Owed,
    date: impl Fn(Timestamp) -> u32,
) -> Option<Unread> {
    let transaction = wallet.transactions.by_reference(reference)?;
    let posting = owed == Owed::Posting;
    let about = match transaction.kind {
        Kind::Completion => transaction.more().original,
        Kind::Purchase
        | Kind::Authorization
        | Kind::Reversal
        | Kind::Load
        | Kind::CardIssue
        | Kind::Refund
        | Kind::Payout
        | Kind::Retirement
        | Kind::Administration => Some(reference),
    };
    Some(Unread {
        wallet: wallet.id,
        reference,
        position: transaction.position,
        numbers: wallet.cards.numbers(),
        subject: match transaction.kind {
            _ if posting => AdviceSubject::Posting,
            Kind::Retirement => AdviceSubject::Card,
            Kind::Purchase
            | Kind::Authorization
            | Kind::Completion
            | Kind::Reversal
            | Kind::Load
            | Kind::CardIssue
            | Kind::Refund
            | Kind::Payout
            | Kind::Administration => AdviceSubject::Undo(transaction.left_at_host()),
        },
        original: if posting {
            about.and_then(|about| as_sent(wallet, about))
        } else {
            None
        },
        settlement_date: date(match posting {
            true => reference.given_at(),
            false => transaction.undone_at(),
        }),
        in_doubt: transaction.is_in_doubt(),
    })
}

/// A purchase or an authorization as the host knows it. Each advice of a stand-in decision had another time and trace
/// number: it is identified by its reference alone.
fn as_sent(wallet: &Wallet, reference: Reference) -> Option<Original> {
    let found = wallet.transactions.by_reference(reference)?;
    let (mti, advice) = match found.kind {
        Kind::Purchase => (Mti::PURCHASE, Mti::COMPLETION),
        Kind::Authorization => (Mti::AUTHORIZATION, Mti::AUTHORIZATION_ADVICE),
        Kind::Completion => (Mti::COMPLETION, Mti::COMPLETION),
        Kind::Reversal
        | Kind::Load
        | Kind::CardIssue
        | Kind::Refund
        | Kind::Payout
        | Kind::Retirement
        | Kind::Administration => return None,
    };
    let (mti, transmission) = match found.host_trace {
        None => (advice, 0),
        Some(_) => (mti, clock::transmission(reference.given_at())),
    };
    Some(Original {
        reference,
        data: OriginalData {
            mti,
            trace: found.host_trace,
            transmission,
            institution: found.institution,
            forwarding: None,
        },
    })
}

impl WalletActor {
    /// The request for the host that the event about `reference` stands for.
    pub(super) fn host_request(
        &self,
        reference: Reference,
        command: &Command,
        entries: &[Entry],
        requester: Option<&Requester>,
        context: &Context,
    ) -> Result<HostRequest, MessageError> {
        let opens = |entry: &&Entry| {
            let opening = entry.event.opening();
            opening.is_some_and(|opening| opening.reference == reference)
        };
        let event = &entries
            .iter()
            .find(opens)
            .ok_or(MessageError::Nothing)?
            .event;
        let settlement_date = self.services.numbers.settlement_date(reference.given_at());
        let message = match event.to_host() {
            Some(sent) => self.request_of_money(sent, settlement_date, command, requester)?,
            None if matches!(event, Event::CardRequested { .. }) => HostMessage::Card {
                update: self.card_update(reference).ok_or(MessageError::Nothing)?,
                repeat: false,
            },
            None => return Err(MessageError::Nothing),
        };
        let arrived = requester.map_or(self.sent_at, |requester| requester.arrived);
        Ok(HostRequest {
            wallet: self.wallet.id,
            reference,
            trace: context.host_trace.ok_or(MessageError::Nothing)?,
            transmission: self.services.numbers.transmission(reference),
            deadline: arrived + self.services.answer_within,
            message,
        })
    }

    /// What field 91 says for this request.
    pub(super) fn card_update(&self, reference: Reference) -> Option<CardUpdate> {
        Some(match self.wallet.cards.requested(reference)? {
            Wanted::First | Wanted::Further { .. } => CardUpdate::Issue,
            Wanted::Replacement(card) => {
                let replaced = self.wallet.cards.find(*card)?;
                CardUpdate::Replace(replaced.number.clone())
            }
        })
    }

    fn request_of_money(
        &self,
        sent: ToHost<'_>,
        settlement_date: u32,
        command: &Command,
        requester: Option<&Requester>,
    ) -> Result<HostMessage, MessageError> {
        let opening = sent.opening;
        let card = self.wallet.cards.find(sent.card);
        let card = || {
            card.map(|card| card.number.clone())
                .ok_or(MessageError::Nothing)
        };
        let forward = |processing_code, original: Option<Original>| {
            Ok(HostMessage::Forward {
                frame: requester.ok_or(MessageError::Nothing)?.frame.clone(),
                card: card()?,
                expiry: sent.expiry,
                settlement_date,
                processing_code,
                granted: (sent.amount < opening.amount).then_some(sent.amount),
                original: original.map(Box::new),
            })
        };
        match sent.purpose {
            HostPurpose::Payment => forward(None, None),
            HostPurpose::Refund => {
                let original = sent
                    .original
                    .and_then(|original| as_sent(&self.wallet, original));
                forward(Some(opening.host_processing_code()), original)
            }
            HostPurpose::Load | HostPurpose::Payout => Ok(HostMessage::Load {
                back: sent.purpose == HostPurpose::Payout,
                card: card()?,
                expiry: sent.expiry,
                settlement_date,
                amount: opening.amount,
                currency: opening.currency,
                source: self.source(command)?,
            }),
            HostPurpose::Advice | HostPurpose::Completion => Err(MessageError::Nothing),
        }
    }

    /// The number of the source that the payer named.
    fn source(&self, command: &Command) -> Result<Secret, MessageError> {
        let Command::Ask(ask) = command else {
            return Err(MessageError::Nothing);
        };
        let mut number = None;
        if let Action::Load(from) = &ask.action {
            number = Some(match from {
                LoadFrom::Number(number) => return Ok(number.clone()),
                LoadFrom::Source(number) | LoadFrom::Reload(number) => *number,
            });
        }
        if let Action::Account(action) = &ask.action
            && let AccountAction::Close(source) = **action
        {
            number = source;
        }
        let account = self.wallet.account.as_ref();
        let source = number.and_then(|number| account?.source(number));
        let sealed = &source.ok_or(MessageError::Nothing)?.sealed;
        let vault = &self.services.vault;
        Ok(vault.open(self.wallet.id, Purpose::Source, sealed)?)
    }

    /// The load that follows a purchase by itself: the purchase gives it its key, so that it comes once.
    pub(super) fn reload(
        &self,
        purchase: Reference,
        source: u32,
        amount: Amount,
        context: &Context,
    ) -> Box<Ask> {
        let opening = Opening {
            amount,
            ..Opening::by_itself(
                // Assigned when it is sent.
                Reference(0),
                purchase,
                b"RELOAD  ",
                Operation::Load,
                self.wallet.currency.unwrap_or(Currency::USD),
                context.now,
            )
        };
        Box::new(Ask {
            opening,
            action: Action::Load(LoadFrom::Reload(source)),
            claims: None,
        })
    }

    /// The card that the wallet asks for by itself in the place of this one: once a day, whatever comes of it.
    pub(super) fn renewal(&self, serial: u32, context: &Context) -> Box<Ask> {
        let today = context.operator_policy.days.of(context.now);
        let cause = Reference(u64::from(serial) << 32 | u64::from(today.0));
        let opening = Opening::by_itself(
            // Assigned when it is sent.
            Reference(0),
            cause,
            b"RENEWAL ",
            Operation::ReissueCard,
            self.wallet.currency.unwrap_or(Currency::USD),
            context.now,
        );
        Box::new(Ask {
            opening,
            action: Action::RenewCard,
            claims: None,
        })
    }

    /// Seals what came from a session with the key of the wallet, which is made, and written to the disk, the first time.
    /// Only an account has secrets: for others the rules decline.
    pub(super) fn seal(&self, action: &mut AccountAction) -> Result<(), Outcome> {
        if self.wallet.account.is_none() || self.wallet.has_ended() {
            return Ok(());
        }
        let secrets = if let AccountAction::AddSource(source) = action {
            vec![(Purpose::Source, &mut source.sealed)]
        } else if let AccountAction::ProposeContact(proposed) = action {
            vec![
                (Purpose::Contact, &mut proposed.contact.sealed),
                (Purpose::Code, &mut proposed.sealed_code),
            ]
        } else if let AccountAction::AddPasskey(new) = action {
            vec![(Purpose::Passkey, &mut new.sealed)]
        } else if let AccountAction::RenamePasskey(_, name) = action {
            vec![(Purpose::PasskeyName, name)]
        } else if let AccountAction::AddBrowser(new) = action {
            vec![(Purpose::Browser, &mut new.sealed)]
        } else {
            return Ok(());
        };
        let (vault, id) = (&self.services.vault, self.wallet.id);
        for (purpose, sealed) in secrets {
            if vault.is_outdated(sealed) {
                let opened = vault.open(id, purpose, sealed);
                let anew = opened.and_then(|secret| vault.seal(id, purpose, secret.expose()));
                *sealed = anew.map_err(|error| {
                    tracing::error!(%error, "a secret of a wallet could not be encrypted");
                    Outcome::declined(Rule::NotEncrypted)
                })?;
            }
        }
        Ok(())
    }

    /// Seals anew what an older key of the vault has sealed.
    pub(super) fn reseal(&mut self, now: Timestamp) {
        let Some(account) = &self.wallet.account else {
            return;
        };
        let vault = &self.services.vault;
        let id = self.wallet.id;
        let anew = |purpose, sealed: &[u8]| {
            if !vault.is_outdated(sealed) {
                return None;
            }
            let opened = vault.open(id, purpose, sealed);
            match opened.and_then(|secret| vault.seal(id, purpose, secret.expose())) {
                Ok(sealed) => Some(sealed),
                Err(error) => {
                    tracing::error!(%error, "a value of a wallet could not be re-encrypted");
                    None
                }
            }
        };
        let sources = account.sources.iter().filter_map(|source| {
            let sealed = anew(Purpose::Source, &source.sealed)?;
            Some(Change::SourceResealed(source.number, sealed))
        });
        let contact = account.contact.as_ref();
        let contact = contact.and_then(|contact| anew(Purpose::Contact, &contact.sealed));
        let changes: Vec<Change> = sources
            .chain(contact.map(Change::ContactResealed))
            .collect();
        for change in changes {
            let event = Event::Account {
                opening: None,
                change,
            };
            let entry = self.entry(event, now);
            self.journal(&entry);
        }
    }
}
