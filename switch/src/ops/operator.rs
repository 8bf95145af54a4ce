//! Requests of an operator to the running switch: blocks, controls and dead letters.
//!
//! Input: texts from `tessera control` and `tessera saf`. Output: commands for wallets, and their answers. What never
//! happens here: a decision about a payment.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tessera_common::text::{latin_1, to_latin_1, visible};
use tessera_protocol::{CardNumber, ClientNumber, ResponseCode, Secrets, describe};

use crate::dispatch::Inboxes;
use crate::gate::{DeadLetters, LetterId};
use crate::message::{Directions, WalletMessage};
use crate::settlement;
use crate::shared::Directory;
use crate::shared::OperatorPolicy;
use tessera_journal::{Journal, Position, Sequence};
use tessera_kit::clock;
use tessera_ledger::controls::{self, Controls};
use tessera_ledger::moment::rfc_3339;
use tessera_ledger::{
    CardRange, Command, Day, Directed, Directive, Subject, Supervision, WalletId,
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
                    | Directive::Import(_)) => other,
                };
                let directed = Directed {
                    directive,
                    by: text("by", &request.by)?,
                    reason: text("reason", &request.reason)?,
                };
                Command::Direct(Box::new(directed))
            }
        };
        let (message, answered) = WalletMessage::directed(command);
        self.inboxes.send(wallet, message);
        let directions = answer(answered).await?;
        if directions.outcome.code != ResponseCode::APPROVED {
            let reason = directions.outcome.verdict().reason();
            return Err(reason.unwrap_or_default().into());
        }
        Ok(Standing {
            blocks: blocks(&directions.supervision),
            controls: controlled(&directions.supervision),
            today: self.today().to_string(),
            unsettled: self.unsettled(),
            decisions: self.decisions(directions.position)?,
        })
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
                    what: words(&directed.directive),
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
        what: subject_words(&block.subject),
        by: block.by.to_string(),
        reason: block.reason.to_string(),
    };
    blocks.map(fact).collect()
}

fn controlled(supervision: &Supervision) -> Vec<String> {
    let controls = supervision.controls.iter();
    controls
        .map(|(serial, controls)| control_words(*serial, controls))
        .collect()
}

pub(super) fn words(directive: &Directive) -> String {
    match directive {
        Directive::Block(subject) => format!("block {}", subject_words(subject)),
        Directive::Unblock(subject) => format!("unblock {}", subject_words(subject)),
        Directive::Control(serial, controls) => control_words(*serial, controls),
        Directive::BeginDay(begins, day) => {
            let begins = clock::transmission(*begins);
            format!("settlement date {day} begins at {begins:010} (MMDDhhmmss)")
        }
        Directive::ChangeKey(change) => {
            format!("change of the MAC key of party {}", change.institution)
        }
        Directive::Retry(reference, owed) => {
            let reference = reference.to_text();
            let reference = String::from_utf8_lossy(&reference);
            format!("resend the advice {reference} ({owed:?})")
        }
        Directive::Drop(reference, owed) => {
            let reference = reference.to_text();
            let reference = String::from_utf8_lossy(&reference);
            format!("drop the advice {reference} ({owed:?})")
        }
        Directive::AcceptReferences(irregular) => format!(
            "accept {} references that fall and {} that repeat, in {} wallets, up to sequence {}",
            irregular.fallen,
            irregular.repeated,
            irregular.wallets,
            irregular.last_sequence.map_or(0, Sequence::to_stored)
        ),
        Directive::Import(list) => {
            let digits: String = list.iter().map(|byte| format!("{byte:02x}")).collect();
            format!("import what the financial system has booked: list with SHA-256 {digits}")
        }
    }
}

fn subject_words(subject: &Subject) -> String {
    match subject {
        Subject::Wallet => "the wallet".to_owned(),
        Subject::Cards(range) => {
            let (first, last) = range.bounds();
            format!("cards {first:019} to {last:019}")
        }
        Subject::Merchant(acceptor) => {
            format!("merchant {}", visible(latin_1(acceptor).trim_end()))
        }
    }
}

fn control_words(serial: Option<u32>, controls: &Controls) -> String {
    let list = |codes: &[u16], digits: usize| {
        let codes: Vec<_> = codes
            .iter()
            .map(|code| format!("{code:0digits$}"))
            .collect();
        codes.join(", ")
    };
    let mut parts = Vec::new();
    if let Some(categories) = &controls.categories {
        parts.push(format!("only categories {}", list(categories, 4)));
    }
    if !controls.categories_forbidden.is_empty() {
        parts.push(format!(
            "no categories {}",
            list(&controls.categories_forbidden, 4)
        ));
    }
    if let Some(countries) = &controls.countries {
        parts.push(format!("only countries {}", list(countries, 3)));
    }
    if controls.ecommerce_only {
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
