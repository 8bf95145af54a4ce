//! What operators can do, from a form to what is asked of the switch: the role that may, and the words in which it is reviewed.

use std::fmt;

use tessera_protocol::mask_card_numbers;
use tessera_switch::ops::operator::{Limits, OperatorRequest, Want, Whose};
use zeroize::Zeroizing;

use crate::accounts::Role;
use crate::posted::Posted;

/// An action with its reason, as it was shown to the operator.
#[derive(Debug)]
pub struct Reviewed {
    /// What shall be done.
    pub action: Action,
    /// Why.
    pub reason: String,
}

/// Something that an operator decides.
#[derive(Debug)]
pub enum Action {
    /// Purchases are declined.
    Block(Target),
    /// Purchases are possible again.
    Unblock(Target),
    /// Purchases outside these limits are declined.
    Control(Target, Limits),
    /// The next settlement date begins.
    BeginDay,
    /// An advice is sent again.
    RetryAdvice(String),
    /// An advice is dropped.
    DropAdvice(String),
    /// A notification that was given up is sent again; all of them without an id.
    RetryNotification(Option<String>),
    /// A notification that was given up is dropped; all of them without an id.
    DropNotification(Option<String>),
    /// Something about the console itself.
    Own(Own),
}

/// What the console does by itself.
#[derive(Debug)]
pub enum Own {
    /// An account is made.
    AddAccount(String, Role),
    /// An account gets another token, and this role.
    ReplaceToken(String, Role),
    /// An account is removed.
    RemoveAccount(String),
    /// A session ends.
    EndSession(u64),
}

/// What a block or a control is about.
#[derive(Debug)]
pub enum Target {
    /// A wallet by its number in the switch.
    Wallet(u64),
    /// A wallet by its payer's identification number.
    Client(Typed),
    /// A wallet by one of its card numbers; a control is of that card alone.
    Card(Typed),
    /// Cards whose numbers begin so, from the first to the last.
    Cards(String, String),
    /// A merchant by its card acceptor.
    Merchant(String),
}

/// A number that is not shown again.
pub struct Typed(Zeroizing<String>);

impl fmt::Debug for Typed {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("…")
    }
}

/// How an action is carried out.
pub enum Order {
    /// `POST /operator` at the operators' socket.
    Decide(OperatorRequest),
    /// `POST` of this path there.
    Outbox(String),
    /// By the console itself.
    Own(Own),
}

impl Action {
    /// What a form asks for.
    ///
    /// # Errors
    /// What is wrong with it, for the operator.
    pub fn read(form: &Posted) -> Result<Self, String> {
        let id = || match form.text("id") {
            id if !id.is_empty()
                && id
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || byte == b'.') =>
            {
                Ok(id.to_owned())
            }
            _ => Err("this is not the id of an entry in the list".to_owned()),
        };
        let one_or_all = || match form.text("id") {
            "" => Ok(None),
            _ => id().map(Some),
        };
        let name = || form.text("name").to_owned();
        let role = || Role::named(form.text("role")).ok_or("choose a role".to_owned());
        Ok(match form.text("action") {
            "block" => Self::Block(Target::read(form)?),
            "unblock" => Self::Unblock(Target::read(form)?),
            "control" => Self::Control(Target::read(form)?.of_wallet()?, limits(form)),
            "begin-day" => Self::BeginDay,
            "retry-advice" => Self::RetryAdvice(id()?),
            "drop-advice" => Self::DropAdvice(id()?),
            "retry-notification" => Self::RetryNotification(one_or_all()?),
            "drop-notification" => Self::DropNotification(one_or_all()?),
            "add-account" => Self::Own(Own::AddAccount(name(), role()?)),
            "replace-token" => Self::Own(Own::ReplaceToken(name(), role()?)),
            "remove-account" => Self::Own(Own::RemoveAccount(name())),
            "end-session" => {
                let number = form.text("id").parse();
                Self::Own(Own::EndSession(
                    number.map_err(|_| "this is not a session".to_owned())?,
                ))
            }
            _ => return Err("this form has no action".to_owned()),
        })
    }

    /// Who may.
    pub fn role(&self) -> Role {
        match self {
            Self::Block(_) | Self::Unblock(_) | Self::RetryNotification(_) => Role::Support,
            Self::BeginDay
            | Self::RetryAdvice(_)
            | Self::DropAdvice(_)
            | Self::DropNotification(_) => Role::Settle,
            Self::Control(..) | Self::Own(_) => Role::Admin,
        }
    }

    /// For the log: one word.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Block(_) => "block",
            Self::Unblock(_) => "unblock",
            Self::Control(..) => "control",
            Self::BeginDay => "begin-day",
            Self::RetryAdvice(_) => "retry-advice",
            Self::DropAdvice(_) => "drop-advice",
            Self::RetryNotification(_) => "retry-notification",
            Self::DropNotification(_) => "drop-notification",
            Self::Own(Own::AddAccount(..)) => "add-account",
            Self::Own(Own::ReplaceToken(..)) => "replace-token",
            Self::Own(Own::RemoveAccount(_)) => "remove-account",
            Self::Own(Own::EndSession(_)) => "end-session",
        }
    }

    /// The page that shows what came of it.
    pub fn page(&self) -> &'static str {
        match self {
            Self::Block(_) | Self::Unblock(_) | Self::Control(..) => "/controls",
            Self::BeginDay => "/settlement",
            Self::RetryAdvice(_) | Self::DropAdvice(_) => "/advices",
            Self::RetryNotification(_) | Self::DropNotification(_) => "/notifications",
            Self::Own(_) => "/accounts",
        }
    }

    /// What it is, as the title of the review and of the button.
    pub fn title(&self) -> String {
        match self {
            Self::Block(target) => format!("Block {}", target.words()),
            Self::Unblock(target) => format!("Unblock {}", target.words()),
            Self::Control(target, limits) if is_free(limits) => {
                format!("Remove the controls of {}", target.words())
            }
            Self::Control(target, _) => format!("Set the controls of {}", target.words()),
            Self::BeginDay => "Begin the next settlement date".to_owned(),
            Self::RetryAdvice(id) => format!("Resend the advice {id}"),
            Self::DropAdvice(id) => format!("Drop the advice {id}"),
            Self::RetryNotification(Some(id)) => format!("Resend the notification {id}"),
            Self::RetryNotification(None) => {
                "Resend all notifications that were given up".to_owned()
            }
            Self::DropNotification(Some(id)) => format!("Drop the notification {id}"),
            Self::DropNotification(None) => "Drop all notifications that were given up".to_owned(),
            Self::Own(Own::AddAccount(name, role)) => {
                format!("Add the account {name} with the role {}", role.name())
            }
            Self::Own(Own::ReplaceToken(name, _)) => format!("Replace the token of {name}"),
            Self::Own(Own::RemoveAccount(name)) => format!("Remove the account {name}"),
            Self::Own(Own::EndSession(number)) => format!("End session {number}"),
        }
    }

    /// What it will do, before it is done.
    pub fn effects(&self) -> Vec<String> {
        let list: &[&str] = match self {
            Self::Block(Target::Merchant(_)) => &[
                "Purchases and authorizations at this merchant are declined with 03, whichever party requests them.",
                "Refunds, reversals and completions continue. What is approved already stays approved.",
                "It counts as soon as it is journaled, and until somebody removes the block.",
            ],
            Self::Block(_) => &[
                "Purchases and authorizations are declined with 62.",
                "Refunds, reversals and completions continue. What is approved already stays approved.",
                "It counts as soon as it is journaled, and until somebody removes the block. The payer is not notified.",
            ],
            Self::Unblock(_) => &[
                "Purchases are possible again as soon as it is journaled, unless another block stands in the way.",
            ],
            Self::Control(..) => &[
                "Purchases against the controls are declined with 57.",
                "They replace the earlier controls of the wallet, or of this card.",
            ],
            Self::BeginDay => &[
                "The next settlement date begins now instead of at its cutover: purchases count under it from then on.",
                "The switch sends the totals of the date that ends to the financial system. This can't be undone.",
            ],
            Self::RetryAdvice(_) => &[
                "The switch sends the advice again until the financial system acknowledges it, or has refused it too often once more.",
            ],
            Self::DropAdvice(_) => &[
                "The advice is never sent. This can't be undone.",
                "The totals of both sides differ by it from now on, unless the financial system has posted it by hand.",
            ],
            Self::RetryNotification(_) => &[
                "The message is sent again. If the earlier one did arrive after all, the payer gets it twice.",
            ],
            Self::DropNotification(_) => {
                &["The payer never gets the message. This can't be undone."]
            }
            Self::Own(Own::AddAccount(..)) => {
                &["A token is made and shown once, on the next page. Pass it on by a safe way."]
            }
            Self::Own(Own::ReplaceToken(..)) => &[
                "The present token ends, and with it all sessions of the account.",
                "The new token is shown once, on the next page. Pass it on by a safe way.",
            ],
            Self::Own(Own::RemoveAccount(_)) => &[
                "The token ends, and with it all sessions of the account. What it has decided stays journaled under its name.",
            ],
            Self::Own(Own::EndSession(_)) => &["Its browser has to sign in again."],
        };
        let mut effects: Vec<_> = list.iter().map(|&text| text.to_owned()).collect();
        if let Self::Control(_, limits) = self {
            effects.insert(0, limit_words(limits));
        }
        if let Self::Own(Own::ReplaceToken(_, role)) = self {
            effects.insert(0, format!("Its role is {} from now on.", role.name()));
        }
        effects
    }

    /// What the confirmed action asks for. `by` is the account.
    pub fn order(self, by: &str, reason: &str) -> Order {
        let decide = |want, of| {
            Order::Decide(OperatorRequest {
                want,
                of,
                by: by_line(by),
                reason: reason.to_owned(),
            })
        };
        let outbox = |id: Option<String>, what: &str| {
            Order::Outbox(match id {
                Some(id) => format!("/outbox/{id}/{what}"),
                None => format!("/outbox/{what}"),
            })
        };
        match self {
            Self::Block(target) => decide(Want::Block, target.whose()),
            Self::Unblock(target) => decide(Want::Unblock, target.whose()),
            Self::Control(target, limits) => decide(Want::Control(limits), target.whose()),
            Self::BeginDay => decide(Want::BeginDay, Whose::All),
            Self::RetryAdvice(id) => decide(Want::Retry, Whose::Letter(id)),
            Self::DropAdvice(id) => decide(Want::Drop, Whose::Letter(id)),
            Self::RetryNotification(id) => outbox(id, "retry"),
            Self::DropNotification(id) => outbox(id, "drop"),
            Self::Own(own) => Order::Own(own),
        }
    }
}

/// How the journal names an account: behind the user of the console's process, which the switch puts in front. No user of the
/// machine can be mistaken for it.
pub fn by_line(account: &str) -> String {
    format!("{account} at the console")
}

impl Target {
    fn read(form: &Posted) -> Result<Self, String> {
        let value = form.text("value");
        let typed = || Typed(Zeroizing::new(value.split_whitespace().collect()));
        if value.is_empty() {
            return Err("state what it is about".to_owned());
        }
        Ok(match form.text("kind") {
            "wallet" => Self::Wallet(
                value
                    .parse()
                    .map_err(|_| "a wallet's number in the switch is a whole number".to_owned())?,
            ),
            "client" => Self::Client(typed()),
            "card" => Self::Card(typed()),
            "cards" => {
                let (first, last) = value.split_once('-').unwrap_or((value, value));
                Self::Cards(first.trim().to_owned(), last.trim().to_owned())
            }
            "merchant" => Self::Merchant(value.to_owned()),
            _ => return Err("choose what it is about".to_owned()),
        })
    }

    fn of_wallet(self) -> Result<Self, String> {
        match self {
            Self::Cards(..) | Self::Merchant(_) => {
                Err("controls are of a wallet or of one card".to_owned())
            }
            wallet @ (Self::Wallet(_) | Self::Client(_) | Self::Card(_)) => Ok(wallet),
        }
    }

    fn whose(self) -> Whose {
        match self {
            Self::Wallet(number) => Whose::Wallet(number),
            Self::Client(number) => Whose::Client(number.0.to_string()),
            Self::Card(number) => Whose::Card(number.0.to_string()),
            Self::Cards(first, last) => Whose::Cards(first, last),
            Self::Merchant(acceptor) => Whose::Merchant(acceptor),
        }
    }

    fn words(&self) -> String {
        match self {
            Self::Wallet(number) => format!("wallet {number}"),
            Self::Client(_) => "the wallet of the identification number".to_owned(),
            Self::Card(number) => {
                let digits = number.0.as_str();
                let last_four = digits.get(digits.len().saturating_sub(4)..);
                format!(
                    "the wallet with the card that ends with {}",
                    last_four.unwrap_or_default()
                )
            }
            Self::Cards(first, last) if first == last => {
                format!("cards that begin with {}", mask_card_numbers(first))
            }
            Self::Cards(first, last) => {
                format!(
                    "cards that begin with {} to {}",
                    mask_card_numbers(first),
                    mask_card_numbers(last)
                )
            }
            Self::Merchant(acceptor) => format!("merchant {}", mask_card_numbers(acceptor)),
        }
    }
}

fn limits(form: &Posted) -> Limits {
    let list = |name: &str| -> Vec<String> {
        let codes = form.text(name).split([',', ' ']);
        codes
            .filter(|code| !code.is_empty())
            .map(str::to_owned)
            .collect()
    };
    let some = |name: &str| Some(list(name)).filter(|codes| !codes.is_empty());
    Limits {
        categories: some("categories"),
        categories_forbidden: list("no-categories"),
        countries: some("countries"),
        ecommerce_only: !form.text("ecommerce-only").is_empty(),
    }
}

fn is_free(limits: &Limits) -> bool {
    limits.categories.is_none()
        && limits.categories_forbidden.is_empty()
        && limits.countries.is_none()
        && !limits.ecommerce_only
}

fn limit_words(limits: &Limits) -> String {
    let mut parts = Vec::new();
    if let Some(categories) = &limits.categories {
        parts.push(format!(
            "only the merchant categories {}",
            categories.join(", ")
        ));
    }
    if !limits.categories_forbidden.is_empty() {
        parts.push(format!(
            "not the merchant categories {}",
            limits.categories_forbidden.join(", ")
        ));
    }
    if let Some(countries) = &limits.countries {
        parts.push(format!("only the countries {}", countries.join(", ")));
    }
    if limits.ecommerce_only {
        parts.push("only e-commerce".to_owned());
    }
    match parts.is_empty() {
        true => "Allowed: anything.".to_owned(),
        false => format!("Allowed: {}.", parts.join("; ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &str) -> Result<Action, String> {
        Action::read(&Posted::parse(body.as_bytes()))
    }

    #[test]
    fn a_card_number_is_sent_to_the_switch_and_shown_nowhere() {
        let action = read("action=block&kind=card&value=9900+0000+0000+0017").unwrap();
        let shown = format!("{} {:?} {action:?}", action.title(), action.effects());
        assert!(shown.contains("ends with 0017"), "{shown}");
        assert!(!shown.contains("99000"), "{shown}");
        let Order::Decide(request) = action.order("ada", "fraud") else {
            panic!("a decision of the switch");
        };
        let sent = serde_json::to_string(&request).unwrap();
        assert!(sent.contains("9900000000000017"), "{sent}");
        assert!(sent.contains("ada at the console"), "{sent}");
        let range = read("action=block&kind=cards&value=9900000000000017").unwrap();
        assert!(
            !range.title().contains("9900000000000017"),
            "{}",
            range.title()
        );
    }

    #[test]
    fn forms_that_say_nothing_are_refused() {
        for wrong in [
            "",
            "action=nothing",
            "action=block",
            "action=block&kind=wallet&value=x",
            "action=block&kind=purse&value=1",
            "action=control&kind=merchant&value=SHOP-77",
            "action=retry-advice&id=",
            "action=retry-advice&id=../outbox/drop",
            "action=add-account&name=ada&role=root",
            "action=end-session&id=all",
        ] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn controls_are_read_as_lists() {
        let action =
            read("action=control&kind=wallet&value=7&categories=5411,+5942&ecommerce-only=1")
                .unwrap();
        assert_eq!(
            action.effects()[0],
            "Allowed: only the merchant categories 5411, 5942; only e-commerce."
        );
        let none = read("action=control&kind=wallet&value=7&categories=&countries=").unwrap();
        assert_eq!(none.title(), "Remove the controls of wallet 7");
    }
}
