//! Every change of an account, and every decision of an operator.

use tessera_kit::record::Sequence;
use tessera_ledger::controls::Controls;
use tessera_ledger::{
    AccountAct, Browser, CardRange, Change, ConsoleAccount, Contact, ContactChannel, Day, Directed,
    Directive, Irregular, KeyChange, Outbox, Owed, Passkey, PasskeyUse, ProposedContact, Reference,
    Session, Source, Subject, Undelivered,
};
use tessera_protocol::Institution;
use tessera_protocol::leased::{
    LanguageCode, Limits, NotificationPreferences, SessionKind, SourceKind,
};

use super::samples::NOW;
use crate::account::Reload;

const PREFERENCES: NotificationPreferences = NotificationPreferences {
    purchases: true,
    declines: false,
    loads: true,
    refunds: false,
    security: true,
};

pub(super) fn passkey() -> Passkey {
    Passkey {
        number: 4,
        digest: [0xDE; 32],
        sealed: [0x5A; 40].into(),
        name: "Chrome on Linux".into(),
        renamed: None,
        added_at: NOW,
        used_at: NOW.plus(60_000),
        counter: 7,
        synced: true,
    }
}

pub(super) fn all() -> Vec<(&'static str, Change)> {
    let session = |kind| Session {
        number: 3,
        digest: [0xD1; 32],
        kind,
        opened_at: NOW,
        used_at: NOW.plus(60_000),
        device: "Firefox on Linux".into(),
    };
    let source = |kind| Source {
        number: 2,
        added_by: Reference(0x5005),
        kind,
        sealed: [0x5E; 24].into(),
        shown: "…4242".into(),
    };
    let proposed = |channel| Change::ContactProposed {
        proposed: ProposedContact {
            contact: Contact {
                channel,
                sealed: [0xC0; 20].into(),
                shown: "p…@example.org".into(),
            },
            code: [0xDC; 32],
            until: NOW.plus(900_000),
            tries: 2,
        },
        sealed_code: [0x5C; 18].into(),
    };
    let reload = Reload {
        source: 2,
        threshold: 1_000,
        amount: 5_000,
        under_way: Some(Reference(0x1234)),
        failed_at: Some(NOW.saturating_sub(1)),
    };
    let hash = "$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA";
    vec![
        ("registered", Change::Registered(hash.into())),
        ("signed-in-web", Change::SignedIn(session(SessionKind::Web))),
        (
            "signed-in-extension",
            Change::SignedIn(session(SessionKind::Extension)),
        ),
        ("signed-out", Change::SignedOut(Some(3))),
        ("signed-out-everywhere", Change::SignedOut(None)),
        ("session-used", Change::SessionUsed(3)),
        (
            "password-changed",
            Change::PasswordChanged {
                password: hash.into(),
                keeps: 3,
            },
        ),
        ("recovery-set", Change::RecoverySet(hash.into())),
        ("recovered", Change::Recovered(hash.into())),
        ("source-card", Change::SourceAdded(source(SourceKind::Card))),
        (
            "source-account",
            Change::SourceAdded(source(SourceKind::Account)),
        ),
        ("source-removed", Change::SourceRemoved(2)),
        (
            "source-resealed",
            Change::SourceResealed(2, [0x5F; 24].into()),
        ),
        ("reload-set", Change::ReloadSet(Some(reload))),
        ("reload-cleared", Change::ReloadSet(None)),
        ("frozen", Change::Frozen),
        ("unfrozen", Change::Unfrozen),
        ("disputed", Change::Disputed(Reference(0x1234))),
        (
            "limits-set",
            Change::LimitsSet(Limits::from_array([100, 200, 300, 4, 5])),
        ),
        ("email-proposed", proposed(ContactChannel::Email)),
        ("mobile-proposed", proposed(ContactChannel::Mobile)),
        ("code-missed", Change::CodeMissed),
        ("contact-confirmed", Change::ContactConfirmed(PREFERENCES)),
        (
            "contact-resealed",
            Change::ContactResealed([0xC1; 20].into()),
        ),
        ("contact-removed", Change::ContactRemoved),
        ("preferences-set", Change::PreferencesSet(PREFERENCES)),
        (
            "language-set",
            Change::LanguageSet(LanguageCode::from_letters(*b"ko").expect("a code")),
        ),
        (
            "passkey-added",
            Change::PasskeyAdded {
                passkey: passkey(),
                user: [0x05; 40].into(),
            },
        ),
        (
            "passkey-used",
            Change::PasskeyUsed(PasskeyUse {
                number: 4,
                counter: 8,
                synced: false,
                again: false,
            }),
        ),
        (
            "passkey-renamed",
            Change::PasskeyRenamed(4, [0x5B; 24].into()),
        ),
        ("passkey-removed", Change::PasskeyRemoved(4)),
        (
            "browser-added",
            Change::BrowserAdded(browser(), PREFERENCES),
        ),
        ("browser-removed", Change::BrowserRemoved(5)),
    ]
}

fn browser() -> Browser {
    Browser {
        number: 5,
        digest: [0xB1; 32],
        sealed: [0x5D; 30].into(),
        name: "Firefox, on Linux".into(),
        added_at: NOW,
    }
}

pub(super) fn decisions() -> Vec<(&'static str, Directed)> {
    let reference = Reference(0x7007);
    let controls = |categories: Option<&[u16]>| Controls {
        categories: categories.map(Into::into),
        categories_forbidden: [7995].into(),
        countries: Some([276, 840].into()),
        ecommerce_only: true,
    };
    let key = KeyChange {
        institution: Institution::new(10_000_000_004).expect("a code"),
        profile: [0xCC; 3],
        wrapped: [0x44; 24],
    };
    let irregular = Irregular {
        wallets: 1,
        fallen: 2,
        repeated: 3,
        last_sequence: Sequence::from_stored(4),
    };
    let cards = CardRange::new("990000", "990001").expect("a range");
    let account = |act| {
        Directive::ConsoleAccount(ConsoleAccount {
            act,
            name: "kim".into(),
            role: "support".into(),
            at: NOW,
        })
    };
    let all = [
        ("block-wallet", Directive::Block(Subject::Wallet)),
        ("block-cards", Directive::Block(Subject::Cards(cards))),
        (
            "unblock-merchant",
            Directive::Unblock(Subject::Merchant(*b"SHOP-1         ")),
        ),
        (
            "control-wallet",
            Directive::Control(None, controls(Some(&[5942, 5411]))),
        ),
        ("control-card", Directive::Control(Some(2), controls(None))),
        ("retry", Directive::Retry(reference, Owed::Undo)),
        ("drop", Directive::Drop(reference, Owed::Posting)),
        ("begin-day", Directive::BeginDay(NOW, Day(20_786))),
        ("change-key", Directive::ChangeKey(key)),
        ("accept-references", Directive::AcceptReferences(irregular)),
        ("import", Directive::Import([7; 32])),
        (
            "resend-notification",
            Directive::Undelivered(Undelivered {
                outbox: Outbox::Payers,
                sends: true,
                id: Some("1a2b.0".into()),
                reference: Some(reference),
            }),
        ),
        (
            "drop-webhook-events",
            Directive::Undelivered(Undelivered {
                outbox: Outbox::Parties,
                sends: false,
                id: None,
                reference: None,
            }),
        ),
        ("console-add", account(AccountAct::Add)),
        ("console-replace", account(AccountAct::ReplaceToken)),
        ("console-remove", account(AccountAct::Remove)),
        ("console-end-session", account(AccountAct::EndSession)),
    ];
    let directed = |(name, directive)| {
        let directed = Directed {
            directive,
            by: "alice".into(),
            reason: "ticket 7".into(),
        };
        (name, directed)
    };
    all.into_iter().map(directed).collect()
}
