//! Requests of an operator to the running switch: blocks, controls and dead letters.
//!
//! Input: texts from `tessera control` and `tessera saf`. Output: commands for wallets, and their answers. What never
//! happens here: a decision about a payment.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tessera_common::text::to_latin_1;
use tessera_protocol::{CardNumber, ClientNumber, ResponseCode, Secrets, describe};

use crate::dispatch::Inboxes;
use crate::gate::{DeadLetters, LetterId};
use crate::message::{Directions, WalletMessage};
use crate::settlement;
use crate::shared::Directory;
use crate::shared::OperatorPolicy;
use tessera_admission::Register;
use tessera_journal::{Journal, Position, Sequence};
use tessera_kit::clock;
use tessera_ledger::controls::{self, Controls};
use tessera_ledger::moment::{parse, rfc_3339};
use tessera_ledger::{
    About, AccountAct, CardRange, Command, ConsoleAccount, Day, Directed, Directive, Outbox,
    Subject, Supervision, Undelivered, WalletId,
};
use tessera_store::read_back_kept;

/// A wallet answers within milliseconds, unless the switch is overloaded.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);
/// Events looked through for an operator's decisions, newest first.
const LOOKED_THROUGH_MAX: usize = 100_000;
/// Bytes of a name or a reason: what the journal can count.
const TEXT_MAX: usize = 200;

/// Serves the operators' requests.
pub struct Operator {
    /// Commands to wallets go here.
    pub inboxes: Inboxes,
    /// Finds the wallet of a card.
    pub directory: Arc<Directory>,
    /// The decisions so far are read from it.
    pub journal: Arc<dyn Journal>,
    /// Advices that the financial system has refused too often.
    pub dead_letters: Arc<DeadLetters>,
    /// What is decided about all wallets.
    pub policy: Arc<OperatorPolicy>,
    /// The open connections of malls and acquirers.
    pub register: Arc<Register>,
}

/// A request of an operator.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OperatorRequest {
    /// What to do.
    pub want: Want,
    /// What it is about.
    pub of: Whose,
    /// The name of the person who decides; empty for the user of the socket.
    #[serde(default)]
    pub by: String,
    /// The reason, at most 200 bytes.
    #[serde(default)]
    pub reason: String,
}

/// What can be requested.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Want {
    /// Purchases are declined.
    Block,
    /// Purchases are possible again.
    Unblock,
    /// Purchases outside these limits are declined.
    Control(Limits),
    /// Reports the decisions so far.
    Show,
    /// The next settlement date begins.
    BeginDay,
    /// A dead letter is sent again.
    Retry,
    /// A dead letter is dropped.
    Drop,
    /// Journals what the console has done to one of its accounts.
    ConsoleAccount(AccountDone),
}

/// What the console has done to one of its accounts, which are not the switch's.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccountDone {
    /// What was done.
    pub act: Act,
    /// The account's name.
    pub name: String,
    /// What it may do since, or could do before.
    pub role: String,
    /// When (RFC 3339).
    pub at: String,
}

/// What can be done to an account of the console.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Act {
    /// It was made.
    Add,
    /// It got another token, and perhaps another role.
    ReplaceToken,
    /// It was removed.
    Remove,
    /// One of its sessions was ended.
    EndSession,
}

impl AccountDone {
    fn read(&self) -> Result<ConsoleAccount, Refusal> {
        Ok(ConsoleAccount {
            act: match self.act {
                Act::Add => AccountAct::Add,
                Act::ReplaceToken => AccountAct::ReplaceToken,
                Act::Remove => AccountAct::Remove,
                Act::EndSession => AccountAct::EndSession,
            },
            name: text("name", &self.name)?,
            role: text("role", &self.role)?,
            at: parse(&self.at).ok_or("`at` is no time in RFC 3339")?,
        })
    }
}

/// What a request is about.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Whose {
    /// A wallet by its number in the switch.
    Wallet(u64),
    /// A wallet by its payer's identification number.
    Client(String),
    /// The wallet of a card; a control is of that card alone.
    Card(String),
    /// Cards that begin so, from the first to the last.
    Cards(String, String),
    /// A merchant by its card acceptor.
    Merchant(String),
    /// A dead letter.
    Letter(String),
    /// All wallets.
    All,
}

/// Where may be spent, as texts: no list allows anything.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Merchant categories, four digits each.
    pub categories: Option<Vec<String>>,
    /// Forbidden merchant categories, four digits each.
    pub categories_forbidden: Vec<String>,
    /// Countries, three digits each.
    pub countries: Option<Vec<String>>,
    /// Nothing but e-commerce.
    pub ecommerce_only: bool,
}

/// The state after a request.
#[derive(Debug, Serialize)]
pub struct Standing {
    /// What is blocked.
    pub blocks: Vec<Fact>,
    /// What is controlled.
    pub controls: Vec<String>,
    /// The settlement date at this moment.
    pub today: String,
    /// Settlement dates that are over, and of which the financial system has not said that it has the same totals.
    pub unsettled: Vec<String>,
    /// What was decided, newest first.
    pub decisions: Vec<Fact>,
}

/// Something that was decided.
#[derive(Debug, Serialize)]
pub struct Fact {
    /// The time (RFC 3339).
    pub at: String,
    /// The decision, in words.
    pub what: String,
    /// The user who decided.
    pub by: String,
    /// The stated reason.
    pub reason: String,
}

/// Why a request was refused, for the operator.
pub struct Refusal(pub String);

impl<T: Into<String>> From<T> for Refusal {
    fn from(why: T) -> Self {
        Self(why.into())
    }
}

impl Operator {
    /// The last record of the journal that is durable.
    pub fn durable(&self) -> Option<u64> {
        let durable = self.journal.durable(WalletId::OPERATOR.partition(1));
        durable.map(Sequence::to_stored)
    }

    /// Does what the request says; returns the state after it.
    ///
    /// # Errors
    /// The reason of a refusal, for the operator.
    pub async fn grant(&self, request: OperatorRequest) -> Result<Standing, Refusal> {
        let (wallet, serial) = self.wallet_of(&request.of)?;
        let command = match self.directive(&request)? {
            None => Command::Inspect,
            Some(directive) => {
                let directive = match directive {
                    Directive::Control(_, controls) => Directive::Control(serial, controls),
                    other @ (Directive::Block(_)
                    | Directive::Unblock(_)
                    | Directive::BeginDay(..)
                    | Directive::ChangeKey(_)
                    | Directive::Retry(..)
                    | Directive::Drop(..)
                    | Directive::AcceptReferences(_)
                    | Directive::Import(_)
                    | Directive::Undelivered(_)
                    | Directive::ConsoleAccount(_)) => other,
                };
                let directed = Directed {
                    directive,
                    by: text("by", &request.by)?,
                    reason: text("reason", &request.reason)?,
                };
                Command::Direct(Box::new(directed))
            }
        };
        let directions = self.direct(wallet, command).await?;
        Ok(Standing {
            blocks: blocks(&directions.supervision),
            controls: controlled(&directions.supervision),
            today: self.today().to_string(),
            unsettled: self.unsettled(),
            decisions: self.decisions(directions.position)?,
        })
    }

    /// Journals what is about to be done with messages that were given up, in the wallet of the message or in that of the operator.
    ///
    /// # Errors
    /// Why it must not be done: for the operator.
    pub async fn journal_undelivered(
        &self,
        (outbox, sends): (Outbox, bool),
        one: Option<(String, Position)>,
        (by, reason): (&str, &str),
    ) -> Result<(), Refusal> {
        let (by, reason) = (text("by", by)?, text("reason", reason)?);
        let (mut wallet, mut reference) = (WalletId::OPERATOR, None);
        if let Some((_, position)) = &one {
            let entry = read_back_kept(self.journal.read(*position));
            // An event that is about no wallet names none.
            let entry = entry.map_err(|error| error.to_string())?;
            if let Some(entry) = entry.filter(|entry| !entry.wallet.is_nobody()) {
                wallet = entry.wallet;
                reference = entry.event.opening().map(|opening| opening.reference);
                if let (None, About::Reference(about)) = (reference, entry.event.about()) {
                    reference = Some(about);
                }
            }
        }
        let directive = Directive::Undelivered(Undelivered {
            outbox,
            sends,
            id: one.map(|(id, _)| id.into()),
            reference,
        });
        let directed = Directed {
            directive,
            by,
            reason,
        };
        self.direct(wallet, Command::Direct(Box::new(directed)))
            .await?;
        Ok(())
    }

    /// Has a wallet do it. What was decided is durable when this returns.
    async fn direct(&self, wallet: WalletId, command: Command) -> Result<Directions, Refusal> {
        let (message, answered) = WalletMessage::directed(command);
        self.inboxes.send(wallet, message);
        let directions = answer(answered).await?;
        if directions.outcome.code != ResponseCode::APPROVED {
            let reason = directions.outcome.verdict().reason();
            return Err(reason.unwrap_or_default().into());
        }
        Ok(directions)
    }

    /// The message that a dead letter would be, in words and without secrets.
    ///
    /// # Errors
    /// Why it can't be shown.
    pub fn show(&self, id: LetterId) -> Result<Option<String>, Refusal> {
        let Some(letter) = self.dead_letters.find(id) else {
            return Ok(None);
        };
        let written = crate::gate::write_out(self.journal.as_ref(), id, &letter);
        let bytes = written.map_err(|error| error.to_string())?;
        Ok(Some(describe(&bytes, Secrets::Masked).to_string()))
    }

    fn directive(&self, request: &OperatorRequest) -> Result<Option<Directive>, Refusal> {
        if !matches!(request.want, Want::BeginDay) {
            return directive(request);
        }
        let next = Day(self.today().0 + 1);
        let begins = clock::now().plus(settlement::NOTICE);
        Ok(Some(Directive::BeginDay(begins, next)))
    }

    fn today(&self) -> Day {
        self.policy.read().days.of(clock::now())
    }

    fn unsettled(&self) -> Vec<String> {
        let decided = self.policy.read();
        let days = decided.days.unsettled(clock::now());
        days.map(|(day, _)| day.to_string()).collect()
    }

    /// The wallet, and which of its cards was named.
    fn wallet_of(&self, whose: &Whose) -> Result<(WalletId, Option<u32>), Refusal> {
        Ok(match whose {
            Whose::Wallet(number) => (WalletId(*number), None),
            Whose::Client(number) => {
                let client = ClientNumber::from_text(number);
                let client = client.map_err(|error| error.to_string())?;
                (WalletId::of_client(&client), None)
            }
            Whose::Card(digits) => {
                let card = CardNumber::from_digits(digits);
                let card = card.ok_or("a card number has 8 to 19 digits")?;
                let found = self.directory.find(&card);
                let found = found.map_err(|error| error.to_string())?;
                let card = found.ok_or("no wallet has that card")?;
                (card.wallet, Some(card.serial))
            }
            Whose::Letter(id) => {
                let id: LetterId = id
                    .parse()
                    .map_err(|()| "this is not the id of a dead letter")?;
                (id.wallet, None)
            }
            Whose::Cards(..) | Whose::Merchant(_) | Whose::All => (WalletId::OPERATOR, None),
        })
    }

    fn decisions(&self, newest: Option<Position>) -> Result<Vec<Fact>, Refusal> {
        let mut next = newest;
        let mut facts = Vec::new();
        for _ in 0..LOOKED_THROUGH_MAX {
            let Some(position) = next else { break };
            let entry = read_back_kept(self.journal.read(position));
            // What came before is no longer kept.
            let Some(entry) = entry.map_err(|error| error.to_string())? else {
                break;
            };
            if let tessera_ledger::Event::Directed(directed) = &entry.event {
                facts.push(Fact {
                    at: rfc_3339(entry.at),
                    what: directed.directive.words(),
                    by: directed.by.to_string(),
                    reason: directed.reason.to_string(),
                });
            }
            next = entry.previous;
        }
        Ok(facts)
    }
}

async fn answer(
    answered: tokio::sync::oneshot::Receiver<Directions>,
) -> Result<Directions, Refusal> {
    let answered = tokio::time::timeout(ANSWER_WITHIN, answered).await;
    match answered {
        Ok(Ok(directions)) => Ok(directions),
        Ok(Err(_)) => Err("the wallet could not be loaded: the log says why".into()),
        Err(_) => Err("the switch has not answered in time; the command may still be carried out: check the result".into()),
    }
}

fn directive(request: &OperatorRequest) -> Result<Option<Directive>, Refusal> {
    let subject = || -> Result<Subject, Refusal> {
        Ok(match &request.of {
            Whose::Cards(first, last) => {
                let range = CardRange::new(first, last);
                Subject::Cards(range.ok_or("a range is two numbers of up to 19 digits, in order")?)
            }
            Whose::Merchant(acceptor) => Subject::Merchant(padded(acceptor)?),
            Whose::Wallet(_) | Whose::Client(_) | Whose::Card(_) => Subject::Wallet,
            Whose::All | Whose::Letter(_) => return Err("this cannot be blocked".into()),
        })
    };
    let letter = || -> Result<LetterId, Refusal> {
        match &request.of {
            Whose::Letter(id) => Ok(id
                .parse()
                .map_err(|()| "this is not the id of a dead letter")?),
            Whose::Wallet(_)
            | Whose::Client(_)
            | Whose::Card(_)
            | Whose::Cards(..)
            | Whose::Merchant(_)
            | Whose::All => Err("there is no such dead letter".into()),
        }
    };
    Ok(Some(match &request.want {
        Want::Block => Directive::Block(subject()?),
        Want::Unblock => Directive::Unblock(subject()?),
        Want::Control(limits) => Directive::Control(None, limits.read()?),
        Want::Show | Want::BeginDay => return Ok(None),
        Want::Retry => {
            let id = letter()?;
            Directive::Retry(id.reference, id.owed)
        }
        Want::Drop => {
            let id = letter()?;
            Directive::Drop(id.reference, id.owed)
        }
        Want::ConsoleAccount(done) => match &request.of {
            Whose::All => Directive::ConsoleAccount(done.read()?),
            Whose::Wallet(_)
            | Whose::Client(_)
            | Whose::Card(_)
            | Whose::Cards(..)
            | Whose::Merchant(_)
            | Whose::Letter(_) => return Err("accounts of the console are of all wallets".into()),
        },
    }))
}

impl Limits {
    fn read(&self) -> Result<Controls, Refusal> {
        let list = |texts: &[String], digits| {
            let codes = controls::codes(texts, digits);
            codes.map_err(|wrong| Refusal(format!("{wrong:?} is not {digits} digits")))
        };
        let some = |texts: &Option<Vec<String>>, digits| {
            let texts = texts.as_deref();
            texts.map(|texts| list(texts, digits)).transpose()
        };
        Ok(Controls {
            categories: some(&self.categories, 4)?,
            categories_forbidden: list(&self.categories_forbidden, 4)?,
            countries: some(&self.countries, 3)?,
            ecommerce_only: self.ecommerce_only,
        })
    }
}

fn padded(acceptor: &str) -> Result<[u8; 15], Refusal> {
    let printable = !acceptor.contains(char::is_control);
    let bytes = to_latin_1(acceptor).unwrap_or_default();
    let mut padded = [b' '; 15];
    match padded.get_mut(..bytes.len()) {
        Some(place) if printable && !bytes.trim_ascii().is_empty() => {
            place.copy_from_slice(&bytes);
            Ok(padded)
        }
        _ => Err("a card acceptor is 1 to 15 printable characters of ISO 8859-1".into()),
    }
}

/// What an operator says, as it is journaled: not empty, and not too long.
pub(crate) fn text(what: &str, text: &str) -> Result<Box<str>, Refusal> {
    match text.trim() {
        "" => Err(Refusal(format!(
            "`{what}` is required: it is journaled with the decision"
        ))),
        text if text.len() > TEXT_MAX => {
            Err(Refusal(format!("`{what}` is longer than {TEXT_MAX} bytes")))
        }
        text => Ok(text.into()),
    }
}

fn blocks(supervision: &Supervision) -> Vec<Fact> {
    let blocks = supervision.blocks.iter();
    let fact = |block: &tessera_ledger::Block| Fact {
        at: rfc_3339(block.since),
        what: block.subject.words(),
        by: block.by.to_string(),
        reason: block.reason.to_string(),
    };
    blocks.map(fact).collect()
}

fn controlled(supervision: &Supervision) -> Vec<String> {
    let controls = supervision.controls.iter();
    controls
        .map(|(serial, controls)| controls.words(*serial))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_merchant_of_any_letters_can_be_named() {
        let named = |text| padded(text).ok().map(|acceptor| acceptor.to_vec());
        assert_eq!(named("SHOP-77").unwrap(), b"SHOP-77        ");
        assert_eq!(named("K\u{c4}SE").unwrap(), b"K\xc4SE           ");
        for wrong in [
            "",
            "  ",
            "1234567890123456",
            "a\nb",
            "\u{85}",
            "10 \u{20ac}",
        ] {
            assert_eq!(named(wrong), None, "{wrong:?}");
        }
    }
}
