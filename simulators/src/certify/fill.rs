//! From the words of a case to digits and characters: times, trace numbers, who pays, and what earlier messages had.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use tessera_protocol::{FIELDS, Packing};

use super::agreed::Agreed;
use super::keys::Keys;
use super::message::{Message, Value};
use super::packing::{Body, FilledMessage};
use super::party::{Kind, Party};
use super::payer::Payer;
use super::seen::Seen;
use crate::load::clock::Stamp;

/// So many seconds before a message that came was the first that did not.
const LOST_BEFORE: u32 = 45;

/// A code that is hardly anybody's.
const OTHER_PARTY: &str = "39999999999";

/// Trace numbers and time of a run.
pub struct Clock {
    next: AtomicU32,
    /// A fixed second, where the messages are only shown.
    fixed: Option<u32>,
    /// Seven characters that hardly any other run has.
    tag: String,
}

impl Clock {
    /// That of a run: trace numbers begin where the time has it.
    pub fn start() -> Self {
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        let mut rest = now.as_millis() as u64 / 10;
        let mut tag = [b'0'; 7];
        for place in tag.iter_mut().rev() {
            *place = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"[(rest % 36) as usize];
            rest /= 36;
        }
        Self {
            next: AtomicU32::new((now.as_millis() / 10 % 900_000) as u32 + 1),
            fixed: None,
            tag: tag.iter().map(|&byte| char::from(byte)).collect(),
        }
    }

    /// One that shows the examples of the protocol guide.
    pub fn example() -> Self {
        Self {
            next: AtomicU32::new(1),
            fixed: Some(1_795_340_700),
            tag: "EXAMPLE".to_owned(),
        }
    }

    /// Seconds since 1970.
    pub fn now(&self) -> u32 {
        self.fixed.unwrap_or_else(|| {
            SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .map_or(0, |since| since.as_secs() as u32)
        })
    }

    /// A number that this run has not used.
    pub fn fresh(&self) -> u32 {
        self.next.fetch_add(1, Ordering::Relaxed) % 999_999 + 1
    }

    /// What terminals and orders of this run are named after.
    pub fn tag(&self) -> &str {
        &self.tag
    }
}

/// Field 7 of a second.
pub fn transmission_time(second: u32) -> String {
    format!("{:010}", Stamp::at(second).transmission())
}

/// Who speaks and pays in a case, and what has been sent in it.
pub struct Filler<'a> {
    /// The party.
    pub party: &'a Party,
    /// Its keys.
    pub keys: &'a Keys,
    /// Field 41.
    pub terminal: &'a str,
    /// Time and trace numbers.
    pub clock: &'a Clock,
    /// Who pays.
    pub payer: &'a Payer,
    /// What distinguishes the orders of this case.
    pub case: &'a str,
    /// The orders whose payers agree by themselves.
    pub agreed: &'a [Agreed],
    /// A trace number that the case has kept for later.
    pub announced_early: u32,
    /// The messages so far.
    pub filled: &'a [FilledMessage],
    /// And their answers.
    pub seen: &'a [Option<Seen>],
}

impl Filler<'_> {
    /// The message with everything filled in.
    pub fn fill(&self, message: &Message) -> FilledMessage {
        let (now, fresh) = (self.clock.now(), self.clock.fresh());
        let fields = message.fields.iter().filter_map(|(&field, value)| {
            let body = match value {
                Value::As(number) => self.earlier(*number)?.fields.get(&field)?.clone(),
                Value::Lengthened(length, text) => Body {
                    text: (*text).to_owned(),
                    length: Some((*length).to_owned()),
                },
                value => padded(field, self.text(field, value, now, fresh)?).into(),
            };
            Some((field, body))
        });
        FilledMessage {
            mti: message.mti.to_owned(),
            fields: fields.collect(),
        }
    }

    /// The order's number, for a mall.
    pub fn order(&self, number: u8) -> String {
        let agreed = self.agreed.iter().find(|agreed| agreed.order == number);
        let ending = agreed.map(Agreed::ending).unwrap_or_default();
        format!("C{}-{}-{number}{ending}", self.clock.tag(), self.case)
    }

    /// What an answer has to have in a field, where a case says so by name.
    pub fn expected(&self, field: u8, value: &Value) -> String {
        let text = self.text(field, value, self.clock.now(), 0);
        padded(field, text.unwrap_or_default())
    }

    fn text(&self, field: u8, value: &Value, now: u32, fresh: u32) -> Option<String> {
        let stamp = Stamp::at(now);
        Some(match value {
            Value::Exactly(text) => text.clone().into_owned(),
            Value::Now(later) => transmission_time((i64::from(now) + later) as u32),
            Value::LocalTime => format!("{:06}", stamp.time()),
            Value::LocalDate => format!("{:04}", stamp.date()),
            Value::Fresh if field == 37 => format!("{fresh:012}"),
            Value::Fresh => format!("{fresh:06}"),
            Value::Party => self.party.code.clone(),
            Value::OtherParty => OTHER_PARTY.to_owned(),
            Value::Acceptor => self.party.acceptor.clone(),
            Value::Terminal => self.terminal.to_owned(),
            Value::Card if self.party.kind == Kind::Acquirer => self.payer.card.clone(),
            Value::Expiry if self.party.kind == Kind::Acquirer => self.payer.expiry.clone(),
            Value::Card | Value::Expiry => return None,
            Value::Category => self.party.controls.category(),
            Value::Country => self.party.controls.country()?,
            // Examples, for a listing, where the profile forbids none.
            Value::AboveAmountMax => {
                let most = self.party.amount_max.unwrap_or(1_000_000);
                format!("{:012}", most + 1)
            }
            Value::CategoryRefused => {
                let refused = self.party.controls.category_refused();
                refused.unwrap_or_else(|| "7995".to_owned())
            }
            Value::CountryRefused => {
                let refused = self.party.controls.country_refused();
                refused.unwrap_or_else(|| "999".to_owned())
            }
            Value::KeyMaterial(key, wrapped) => {
                let material = self.keys.material(*key, *wrapped)?;
                tags_text([(3, material.as_str())].into_iter())?
            }
            Value::Order(number, more) => {
                let order = (self.party.kind == Kind::Mall).then(|| self.order(*number));
                let tags = order.iter().map(|order| (1, order.as_str()));
                tags_text(tags.chain(more.iter().copied()))?
            }
            Value::Tags(tags) => tags_text(tags.iter().copied())?,
            Value::Original(number) => self.original(*number, |time, party| (time, party))?,
            Value::OriginalWithoutTime(number) => {
                self.original(*number, |_, _| ("0000000000", "0"))?
            }
            Value::OriginalUnnamed(number) => format!("{}{:038}", self.earlier(*number)?.mti, 0),
            Value::OriginalLost(number) => {
                let lost = transmission_time(now - LOST_BEFORE);
                self.original(*number, |_, party| (&lost, party))?
            }
            Value::OriginalOfAnother(number) => {
                self.original(*number, |time, _| (time, OTHER_PARTY))?
            }
            Value::OriginalToCome => {
                let (time, party) = (transmission_time(now), &self.party.code);
                format!("0200{:06}{time}{party:0>11}{:011}", self.announced_early, 0)
            }
            Value::AnnouncedEarly => format!("{:06}", self.announced_early),
            Value::AsAnswer(number) => self.answered(*number, field),
            Value::As(_) | Value::Lengthened(..) => return None,
        })
    }

    /// Zeros where there is no answer: in a listing.
    fn answered(&self, number: usize, field: u8) -> String {
        let seen = number.checked_sub(1).and_then(|at| self.seen.get(at));
        let text = seen
            .and_then(Option::as_ref)
            .and_then(|seen| seen.text(field));
        let length = FIELDS[usize::from(field) - 1].packing.length_max();
        text.map_or_else(|| "0".repeat(length), str::to_owned)
    }

    fn earlier(&self, number: usize) -> Option<&FilledMessage> {
        self.filled.get(number.checked_sub(1)?)
    }

    fn original<'t>(
        &'t self,
        number: usize,
        named: impl FnOnce(&'t str, &'t str) -> (&'t str, &'t str),
    ) -> Option<String> {
        let original = self.earlier(number)?;
        let (trace, time) = (original.text(11)?, original.text(7)?);
        let (time, institution) = named(time, original.text(32)?);
        Some(format!(
            "{}{trace}{time}{institution:0>11}{:011}",
            original.mti, 0
        ))
    }
}

fn tags_text<'a>(tags: impl Iterator<Item = (u8, &'a str)>) -> Option<String> {
    let text: String = tags
        .map(|(tag, value)| format!("{tag:02}{:03}{value}", value.len()))
        .collect();
    (!text.is_empty()).then_some(text)
}

/// Fixed texts have their whole length.
fn padded(field: u8, text: String) -> String {
    match FIELDS[usize::from(field) - 1].packing {
        Packing::Text(length) => format!("{text:0$}", usize::from(length)),
        _ => text,
    }
}
