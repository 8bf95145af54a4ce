//! Operators' decisions in words: for the lists of decisions, `tessera explain` and exports.

use tessera_common::text::{latin_1, visible};
use tessera_kit::clock;
use tessera_kit::record::Sequence;

use crate::controls::Controls;
use crate::moment::rfc_3339;
use crate::{AccountAct, ConsoleAccount, Directive, Outbox, Reference, Subject, Undelivered};

impl Directive {
    /// What was decided.
    pub fn words(&self) -> String {
        match self {
            Self::Block(subject) => format!("block {}", subject.words()),
            Self::Unblock(subject) => format!("unblock {}", subject.words()),
            Self::Control(serial, controls) => controls.words(*serial),
            Self::BeginDay(begins, day) => {
                let begins = clock::transmission(*begins);
                format!("settlement date {day} begins at {begins:010} (MMDDhhmmss)")
            }
            Self::ChangeKey(change) => {
                format!("change of the MAC key of party {}", change.institution)
            }
            Self::Retry(reference, owed) => {
                format!("resend the advice {} ({owed:?})", text(*reference))
            }
            Self::Drop(reference, owed) => {
                format!("drop the advice {} ({owed:?})", text(*reference))
            }
            Self::AcceptReferences(irregular) => format!(
                "accept {} references that fall and {} that repeat, in {} wallets, up to sequence {}",
                irregular.fallen,
                irregular.repeated,
                irregular.wallets,
                irregular.last_sequence.map_or(0, Sequence::to_stored)
            ),
            Self::Import(list) => {
                let digits: String = list.iter().map(|byte| format!("{byte:02x}")).collect();
                format!("import what the financial system has booked: list with SHA-256 {digits}")
            }
            Self::Undelivered(undelivered) => undelivered.words(),
            Self::ConsoleAccount(account) => account.words(),
        }
    }
}

impl Undelivered {
    fn words(&self) -> String {
        let what = if self.sends { "resend" } else { "drop" };
        let (one, all) = match self.outbox {
            Outbox::Payers => ("the notification", "all notifications"),
            Outbox::Parties => ("the webhook event", "all webhook events"),
        };
        match (&self.id, self.reference) {
            (None, _) => format!("{what} {all} that were given up"),
            (Some(id), None) => format!("{what} {one} {id}"),
            (Some(id), Some(reference)) => {
                format!("{what} {one} {id} about {}", text(reference))
            }
        }
    }
}

impl ConsoleAccount {
    fn words(&self) -> String {
        let (name, role) = (&self.name, &self.role);
        let what = match self.act {
            AccountAct::Add => format!("add the console account {name} with the role {role}"),
            AccountAct::ReplaceToken => {
                format!("replace the token of the console account {name}, with the role {role}")
            }
            AccountAct::Remove => format!("remove the console account {name}"),
            AccountAct::EndSession => format!("end a session of the console account {name}"),
        };
        format!("{what}, done at {}", rfc_3339(self.at))
    }
}

impl Subject {
    /// What is blocked.
    pub fn words(&self) -> String {
        match self {
            Self::Wallet => "the wallet".to_owned(),
            Self::Cards(range) => {
                let (first, last) = range.bounds();
                format!("cards {first:019} to {last:019}")
            }
            Self::Merchant(acceptor) => {
                format!("merchant {}", visible(latin_1(acceptor).trim_end()))
            }
        }
    }
}

impl Controls {
    /// Where may be spent: with the wallet, or with its card with this serial number.
    pub fn words(&self, serial: Option<u32>) -> String {
        let list = |codes: &[u16], digits: usize| {
            let codes: Vec<_> = codes
                .iter()
                .map(|code| format!("{code:0digits$}"))
                .collect();
            codes.join(", ")
        };
        let mut parts = Vec::new();
        if let Some(categories) = &self.categories {
            parts.push(format!("only categories {}", list(categories, 4)));
        }
        if !self.categories_forbidden.is_empty() {
            parts.push(format!(
                "no categories {}",
                list(&self.categories_forbidden, 4)
            ));
        }
        if let Some(countries) = &self.countries {
            parts.push(format!("only countries {}", list(countries, 3)));
        }
        if self.ecommerce_only {
            parts.push("only e-commerce".to_owned());
        }
        if parts.is_empty() {
            parts.push("anything".to_owned());
        }
        let of = serial.map_or("the wallet".to_owned(), |serial| {
            format!("card number {serial}")
        });
        format!("{of}: {}", parts.join("; "))
    }
}

fn text(reference: Reference) -> String {
    String::from_utf8_lossy(&reference.to_text()).into_owned()
}

#[cfg(test)]
mod tests {
    use tessera_kit::clock::Timestamp;

    use super::*;

    #[test]
    fn what_was_done_to_messages_says_which_and_to_whom() {
        let undelivered = |outbox, sends, id: Option<&str>, reference| {
            Directive::Undelivered(Undelivered {
                outbox,
                sends,
                id: id.map(Into::into),
                reference,
            })
            .words()
        };
        let about = text(Reference(7));
        for (found, expected) in [
            (
                undelivered(Outbox::Payers, true, Some("1a.0"), Some(Reference(7))),
                format!("resend the notification 1a.0 about {about}"),
            ),
            (
                undelivered(Outbox::Payers, false, None, None),
                "drop all notifications that were given up".to_owned(),
            ),
            (
                undelivered(Outbox::Parties, false, Some("1.2.3"), None),
                "drop the webhook event 1.2.3".to_owned(),
            ),
        ] {
            assert_eq!(found, expected);
        }
    }

    #[test]
    fn what_was_done_to_accounts_says_the_role_and_when() {
        let account = |act| {
            Directive::ConsoleAccount(ConsoleAccount {
                act,
                name: "kim".into(),
                role: "read".into(),
                at: Timestamp::EPOCH,
            })
            .words()
        };
        for (act, begins) in [
            (
                AccountAct::Add,
                "add the console account kim with the role read, done at 1970",
            ),
            (
                AccountAct::ReplaceToken,
                "replace the token of the console account kim, with the role read",
            ),
            (AccountAct::Remove, "remove the console account kim, done"),
            (
                AccountAct::EndSession,
                "end a session of the console account kim, done",
            ),
        ] {
            assert!(account(act).starts_with(begins), "{}", account(act));
        }
    }
}
