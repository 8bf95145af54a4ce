//! The events that cause notifications, and their data, read from the journal.

use tessera_common::text::{latin_1, merchant, visible};
use tessera_kit::clock::Timestamp;
use tessera_protocol::leased::NotificationPreferences;
use tessera_protocol::{Amount, Currency, Institution, ResponseCode};

use super::texts::Occasion;
use tessera_journal::Journal;
use tessera_ledger::{
    Balance, Change, Class, Entry, Event, HostPurpose, LastFour, Opening, Reference, Wanted,
};
use tessera_store::{ReadBackError, read_back_kept};
use tessera_texts::{Text, reasons, rules};

/// Events of a wallet that are read back at most to find where a transaction began.
const STEPS_MAX: usize = 10_000;

/// The content of a notification, without the text.
#[derive(Debug)]
pub struct Notice {
    pub occasion: Occasion,
    pub at: Timestamp,
    pub amount: Option<(Amount, Currency)>,
    pub available: Option<(Amount, Currency)>,
    /// The party, and the merchant as it named itself (field 43), or its card acceptor id.
    pub mall: Option<(Option<Institution>, String)>,
    pub reference: Option<String>,
    pub card: Option<String>,
    pub reason: Option<Text>,
    pub device: Option<String>,
    /// The transaction that it is about, as the payer's pages know it.
    pub transaction: Option<Reference>,
}

/// Whether the payer wants this notification.
pub fn is_wanted(occasion: Occasion, preferences: NotificationPreferences) -> bool {
    match occasion {
        Occasion::PurchasePaid | Occasion::AmountHeld => preferences.purchases,
        Occasion::PurchaseDeclined => preferences.declines,
        Occasion::PurchaseReversed
        | Occasion::PurchaseRefunded
        | Occasion::RefundTakenBack
        | Occasion::HoldFreed => preferences.refunds,
        Occasion::LoadArrived
        | Occasion::LoadFailed
        | Occasion::PayoutSent
        | Occasion::PayoutFailed => preferences.loads,
        Occasion::SignedIn
        | Occasion::PasswordChanged
        | Occasion::RecoverySet
        | Occasion::Recovered
        | Occasion::PasskeyAdded
        | Occasion::PasskeyRemoved
        | Occasion::BrowserAdded
        | Occasion::BrowserRemoved
        | Occasion::CardReissued
        | Occasion::ContactChanged
        | Occasion::Frozen
        | Occasion::Disputed
        | Occasion::Unfrozen
        | Occasion::WalletClosed => preferences.security,
        Occasion::ConfirmationCode => true,
    }
}

/// The notification about this event; `None` if there is none.
///
/// # Errors
/// When the journal can't be read back.
pub fn of(entry: &Entry, journal: &dyn Journal) -> Result<Option<Notice>, ReadBackError> {
    let notice = match &entry.event {
        Event::Approved { reference } | Event::StoodIn { reference } => {
            let Some(opened) = opened(entry, *reference, journal)? else {
                return Ok(None);
            };
            approved(entry, &opened)
        }
        Event::Released {
            reference, code, ..
        } => {
            let Some(opened) = opened(entry, *reference, journal)? else {
                return Ok(None);
            };
            released(entry, &opened, *code)
        }
        Event::Advised { opening, card, .. } => {
            let notice = Notice::of(paid_or_held(opening), entry).about(opening, opening.amount);
            let taken = entry.available.of(opening.amount);
            let available = entry.available.minus(taken).unwrap_or_default();
            Some(notice.paid_with(card.last_four).having(available, opening))
        }
        // What is available then depends on what was held.
        Event::Completed {
            opening,
            card,
            debit,
            ..
        } if !debit.is_zero() => {
            let notice = Notice::of(Occasion::PurchasePaid, entry).about(opening, *debit);
            Some(notice.paid_with(card.last_four))
        }
        Event::Expired { reference } => {
            let opened = opened(entry, *reference, journal)?;
            let opening = opened.as_ref().and_then(|opened| opened.event.opening());
            opening.map(|opening| Notice {
                amount: None,
                ..Notice::of(Occasion::HoldFreed, entry).about(opening, opening.amount)
            })
        }
        Event::Declined {
            opening,
            code,
            reason,
        } if pays(opening) && *code != ResponseCode::DUPLICATE => {
            let notice =
                Notice::of(Occasion::PurchaseDeclined, entry).about(opening, opening.amount);
            let words = rules::for_payer(reason.text()).unwrap_or_else(|| in_words(*code));
            let notice = Notice {
                reason: Some(words),
                ..notice
            };
            Some(notice.having(entry.available, opening))
        }
        Event::Reversed {
            original, standing, ..
        } => reversed(entry, *original, None, *standing, journal)?,
        Event::ReversedFurther {
            original,
            stood,
            standing,
            ..
        } => reversed(entry, *original, Some(*stood), *standing, journal)?,
        Event::CardIssued {
            reference, card, ..
        } => {
            let opened = opened(entry, *reference, journal)?;
            let replaces = opened.is_some_and(|opened| {
                matches!(
                    opened.event,
                    Event::CardRequested {
                        wanted: Wanted::Replacement(_),
                        ..
                    }
                )
            });
            let notice = || Notice::of(Occasion::CardReissued, entry).paid_with(LastFour::of(card));
            replaces.then(notice)
        }
        Event::Closed { .. } => Some(Notice::of(Occasion::WalletClosed, entry)),
        Event::Account {
            change: Change::Disputed(reference),
            ..
        } => {
            let opened = opened(entry, *reference, journal)?;
            let notice = Notice::of(Occasion::Disputed, entry);
            Some(
                match opened.as_ref().and_then(|opened| opened.event.opening()) {
                    Some(opening) => notice.about(opening, opening.amount),
                    None => notice,
                },
            )
        }
        // Its push service no longer knows it: the payer has removed it in the browser.
        Event::Account {
            opening: None,
            change: Change::BrowserRemoved(_),
        } => None,
        Event::Account { change, .. } => account(entry, change),
        Event::Opened(_)
        | Event::Provisioned { .. }
        | Event::CardRequested { .. }
        | Event::CardRetired { .. }
        | Event::LoadRequested { .. }
        | Event::PayoutRequested { .. }
        | Event::RefundRequested { .. }
        | Event::Held { .. }
        | Event::Completed { .. }
        | Event::PostingAcknowledged { .. }
        | Event::Declined { .. }
        | Event::ReversalNoted { .. }
        | Event::AdviceAcknowledged { .. }
        | Event::Repeated { .. }
        | Event::OrderAnnounced { .. }
        | Event::OrderCancelled { .. }
        | Event::GivenUp { .. }
        | Event::Directed(_)
        | Event::Reconciled(_)
        | Event::CardLate { .. } => None,
    };
    Ok(notice)
}

fn approved(entry: &Entry, opened: &Entry) -> Option<Notice> {
    let sent = opened.event.to_host()?;
    let opening = sent.opening;
    let notice = |occasion| Notice::of(occasion, entry).about(opening, sent.amount);
    let credited = |occasion| notice(occasion).having(credited_to(entry, opening.amount), opening);
    match sent.purpose {
        HostPurpose::Payment => {
            let notice = notice(paid_or_held(opening)).paid_with(sent.card.last_four);
            Some(notice.having(entry.available, opening))
        }
        HostPurpose::Load => Some(credited(Occasion::LoadArrived)),
        HostPurpose::Refund => {
            let occasion = match opening.is_load() {
                true => Occasion::LoadArrived,
                false => Occasion::PurchaseRefunded,
            };
            Some(credited(occasion).paid_with(sent.card.last_four))
        }
        HostPurpose::Payout => Some(notice(Occasion::PayoutSent).having(entry.available, opening)),
        HostPurpose::Advice | HostPurpose::Completion => None,
    }
}

/// Whether a party asks for the payer's money, and does not merely look at the card.
fn pays(opening: &Opening) -> bool {
    matches!(opening.class, Class::Authorization | Class::Financial)
        && !opening.credits()
        && !opening.amount.is_zero()
}

/// An authorization only sets the money aside.
fn paid_or_held(opening: &Opening) -> Occasion {
    match opening.class {
        Class::Authorization => Occasion::AmountHeld,
        Class::Financial | Class::Reversal | Class::Administrative => Occasion::PurchasePaid,
    }
}

fn released(entry: &Entry, opened: &Entry, code: ResponseCode) -> Option<Notice> {
    let sent = opened.event.to_host()?;
    let opening = sent.opening;
    let notice = |occasion| Notice::of(occasion, entry).about(opening, opening.amount);
    let freed = |notice: Notice| {
        let notice = notice.paid_with(sent.card.last_four);
        notice.having(credited_to(entry, opening.amount), opening)
    };
    let notice = match sent.purpose {
        HostPurpose::Payment => freed(notice(Occasion::PurchaseDeclined)),
        HostPurpose::Load => notice(Occasion::LoadFailed),
        HostPurpose::Payout => freed(notice(Occasion::PayoutFailed)),
        HostPurpose::Refund | HostPurpose::Advice | HostPurpose::Completion => return None,
    };
    Some(notice.because(code))
}

/// A mall reversed a transaction that the payer was notified of.
fn reversed(
    entry: &Entry,
    original: Reference,
    stood: Option<Amount>,
    standing: Amount,
    journal: &dyn Journal,
) -> Result<Option<Notice>, ReadBackError> {
    let mut was_approved = false;
    let found = search(entry, journal, |event| {
        if matches!(event, Event::Approved { reference } | Event::StoodIn { reference } if *reference == original)
        {
            was_approved = true;
        }
        opens(event, original)
    })?;
    let Some(opened) = found else {
        return Ok(None);
    };
    let Some(sent) = opened.event.to_host() else {
        return Ok(None);
    };
    let opening = sent.opening;
    let at_once = matches!(sent.purpose, HostPurpose::Advice | HostPurpose::Completion);
    if !was_approved && !at_once {
        return Ok(None);
    }
    Ok(match sent.purpose {
        HostPurpose::Payment | HostPurpose::Advice | HostPurpose::Completion => {
            let undone = stood.unwrap_or(sent.amount).saturating_sub(standing);
            let notice = Notice::of(Occasion::PurchaseReversed, entry).about(opening, undone);
            let notice = notice.paid_with(sent.card.last_four);
            Some(notice.having(credited_to(entry, undone), opening))
        }
        HostPurpose::Refund => {
            let undone = opening.amount.saturating_sub(standing);
            let notice = Notice::of(Occasion::RefundTakenBack, entry).about(opening, undone);
            let taken = entry.available.of(undone);
            let available = entry.available.minus(taken).unwrap_or_default();
            Some(
                notice
                    .paid_with(sent.card.last_four)
                    .having(available, opening),
            )
        }
        HostPurpose::Load | HostPurpose::Payout => None,
    })
}

/// What is available when this has come in, and what was owed was taken out of it.
fn credited_to(entry: &Entry, amount: Amount) -> Balance {
    let kept = amount.saturating_sub(entry.owed.of(amount));
    entry.available.plus(kept).unwrap_or(entry.available)
}

fn account(entry: &Entry, change: &Change) -> Option<Notice> {
    let notice = |occasion| Notice::of(occasion, entry);
    Some(match change {
        Change::SignedIn(session) => Notice {
            device: Some(session.device.to_string()),
            ..notice(Occasion::SignedIn)
        },
        Change::PasswordChanged { .. } => notice(Occasion::PasswordChanged),
        Change::RecoverySet(_) => notice(Occasion::RecoverySet),
        Change::Recovered(_) => notice(Occasion::Recovered),
        Change::PasskeyAdded { passkey, .. } => Notice {
            device: Some(passkey.name.to_string()),
            ..notice(Occasion::PasskeyAdded)
        },
        Change::PasskeyRemoved(_) => notice(Occasion::PasskeyRemoved),
        Change::BrowserAdded(browser, _) => Notice {
            device: Some(browser.name.to_string()),
            ..notice(Occasion::BrowserAdded)
        },
        Change::BrowserRemoved(_) => notice(Occasion::BrowserRemoved),
        Change::Frozen => notice(Occasion::Frozen),
        Change::Unfrozen => notice(Occasion::Unfrozen),
        Change::ContactConfirmed(_) | Change::ContactRemoved => notice(Occasion::ContactChanged),
        Change::ContactProposed { .. } => notice(Occasion::ConfirmationCode),
        Change::Registered(_)
        | Change::SignedOut(_)
        | Change::SessionUsed(_)
        | Change::SourceAdded(_)
        | Change::SourceRemoved(_)
        | Change::SourceResealed(..)
        | Change::ReloadSet(_)
        | Change::LimitsSet(_)
        | Change::CodeMissed
        | Change::ContactResealed(_)
        | Change::Disputed(_)
        | Change::PasskeyUsed(_)
        | Change::PasskeyRenamed(..)
        | Change::PreferencesSet(_)
        | Change::LanguageSet(_) => return None,
    })
}

/// The event that opened a transaction, looked for from `entry` back.
pub fn opened(
    entry: &Entry,
    reference: Reference,
    journal: &dyn Journal,
) -> Result<Option<Entry>, ReadBackError> {
    search(entry, journal, |event| opens(event, reference))
}

fn opens(event: &Event, reference: Reference) -> bool {
    event
        .opening()
        .is_some_and(|opening| opening.reference == reference)
}

fn search(
    entry: &Entry,
    journal: &dyn Journal,
    mut is_it: impl FnMut(&Event) -> bool,
) -> Result<Option<Entry>, ReadBackError> {
    let mut position = entry.previous;
    for _ in 0..STEPS_MAX {
        let Some(at) = position else { break };
        // What came before is no longer kept.
        let Some(earlier) = read_back_kept(journal.read(at))? else {
            break;
        };
        if is_it(&earlier.event) {
            return Ok(Some(earlier));
        }
        position = earlier.previous;
    }
    Ok(None)
}

impl Notice {
    fn of(occasion: Occasion, entry: &Entry) -> Self {
        Self {
            occasion,
            at: entry.at,
            amount: None,
            available: None,
            mall: None,
            reference: None,
            card: None,
            reason: None,
            device: None,
            transaction: None,
        }
    }

    fn about(self, opening: &Opening, amount: Amount) -> Self {
        let text = |bytes: &[u8]| visible(latin_1(bytes).trim());
        let of_a_party = opening.class != Class::Administrative;
        Self {
            amount: Some((amount, opening.currency)),
            mall: of_a_party.then(|| {
                let place = opening.place.as_deref().map(|place| merchant(&text(place)));
                let name = place.unwrap_or_else(|| text(&opening.acceptor));
                (opening.institution, name)
            }),
            transaction: Some(opening.reference),
            reference: of_a_party.then(|| text(&opening.retrieval)),
            ..self
        }
    }

    fn having(self, available: Balance, opening: &Opening) -> Self {
        Self {
            available: Some((available.as_amount(), opening.currency)),
            ..self
        }
    }

    fn paid_with(self, card: LastFour) -> Self {
        Self {
            card: Some(card.to_string()),
            ..self
        }
    }

    fn because(self, code: ResponseCode) -> Self {
        Self {
            reason: Some(in_words(code)),
            ..self
        }
    }
}

/// A decline in a payer's words.
fn in_words(code: ResponseCode) -> Text {
    match code {
        ResponseCode::NOT_ENOUGH_MONEY => reasons::MONEY,
        ResponseCode::ABOVE_AMOUNT_LIMIT => reasons::CODE_LIMIT,
        ResponseCode::ABOVE_COUNT_LIMIT => reasons::CODE_COUNT,
        ResponseCode::WALLET_BLOCKED => reasons::CODE_FROZEN,
        ResponseCode::EXPIRED => reasons::EXPIRY,
        ResponseCode::NO_SUCH_CARD => reasons::CODE_NUMBER,
        ResponseCode::NOT_PERMITTED_TO_CARD => reasons::CODE_NOT_PERMITTED,
        ResponseCode::HOST_UNREACHABLE => reasons::BANK_SILENT,
        ResponseCode::INVALID_AMOUNT => reasons::CODE_AMOUNT,
        ResponseCode::NOT_FOUND => reasons::CODE_NOT_AGREED,
        _ => reasons::CODE_DECLINED,
    }
}
