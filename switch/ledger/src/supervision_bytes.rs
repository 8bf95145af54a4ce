//! Operators' decisions as bytes. Little endian. A decision begins with its kind. Kinds 1 to 11 were given.

use bytes::BufMut;
use tessera_kit::record::Sequence;

use super::bytes::{Reader, Unreadable};
use super::event::parts::{read_institution, read_text, write_text};
use super::supervision::{ChangedKey, Directed, Directive, Irregular, KeyChange, Supervision};
use super::{
    AccountAct, Block, Blocks, CardRange, ConsoleAccount, Day, Outbox, Owed, Reference, Subject,
    Undelivered,
};
use crate::controls::Controls;

/// The highest number of a decision that was ever given; rises with each new one.
pub(crate) const NEWEST_DECISION: u8 = 11;

impl Directed {
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        match &self.directive {
            Directive::Block(subject) => {
                out.put_u8(1);
                subject.write(out);
            }
            Directive::Unblock(subject) => {
                out.put_u8(2);
                subject.write(out);
            }
            Directive::Control(serial, controls) => {
                out.put_u8(3);
                out.put_u32_le(serial.unwrap_or(0));
                write_controls(out, controls);
            }
            Directive::BeginDay(begins, day) => {
                out.put_u8(6);
                out.put_u64_le(begins.milliseconds());
                out.put_u32_le(day.0);
            }
            Directive::ChangeKey(change) => {
                out.put_u8(7);
                change.write(out);
            }
            Directive::Retry(reference, owed) => {
                out.put_u8(4);
                out.put_u64_le(reference.0);
                out.put_u8(owed.byte());
            }
            Directive::Drop(reference, owed) => {
                out.put_u8(5);
                out.put_u64_le(reference.0);
                out.put_u8(owed.byte());
            }
            Directive::AcceptReferences(irregular) => {
                out.put_u8(8);
                out.put_u64_le(irregular.wallets);
                out.put_u64_le(irregular.fallen);
                out.put_u64_le(irregular.repeated);
                out.put_u64_le(irregular.last_sequence.map_or(0, Sequence::to_stored));
            }
            Directive::Import(list) => {
                out.put_u8(9);
                out.put_slice(list);
            }
            Directive::Undelivered(undelivered) => {
                out.put_u8(10);
                undelivered.write(out);
            }
            Directive::ConsoleAccount(account) => {
                out.put_u8(11);
                account.write(out);
            }
        }
        write_text(out, &self.by);
        write_text(out, &self.reason);
    }

    pub(super) fn read(from: &mut Reader<'_>) -> Result<Self, Unreadable> {
        Ok(Self {
            directive: match from.u8()? {
                1 => Directive::Block(Subject::read(from)?),
                2 => Directive::Unblock(Subject::read(from)?),
                3 => {
                    let serial = from.u32()?;
                    Directive::Control((serial != 0).then_some(serial), read_controls(from)?)
                }
                4 => Directive::Retry(Reference(from.u64()?), Owed::read(from)?),
                5 => Directive::Drop(Reference(from.u64()?), Owed::read(from)?),
                6 => Directive::BeginDay(from.timestamp()?, Day(from.u32()?)),
                7 => Directive::ChangeKey(KeyChange::read(from)?),
                8 => Directive::AcceptReferences(Irregular {
                    wallets: from.u64()?,
                    fallen: from.u64()?,
                    repeated: from.u64()?,
                    last_sequence: Sequence::from_stored(from.u64()?),
                }),
                9 => Directive::Import(from.array()?),
                10 => Directive::Undelivered(Undelivered::read(from)?),
                11 => Directive::ConsoleAccount(ConsoleAccount::read(from)?),
                kind => return Err(from.unknown("kind of decision", kind, NEWEST_DECISION)),
            },
            by: read_text(from)?.into(),
            reason: read_text(from)?.into(),
        })
    }
}

/// Outbox (1 payers, 2 parties), 1 where they are sent again, id (empty for all), reference (0 for none).
impl Undelivered {
    fn write(&self, out: &mut Vec<u8>) {
        out.put_u8(match self.outbox {
            Outbox::Payers => 1,
            Outbox::Parties => 2,
        });
        out.put_u8(u8::from(self.sends));
        write_text(out, self.id.as_deref().unwrap_or_default());
        out.put_u64_le(self.reference.map_or(0, |reference| reference.0));
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, Unreadable> {
        Ok(Self {
            outbox: match from.u8()? {
                1 => Outbox::Payers,
                2 => Outbox::Parties,
                kind => return Err(from.unknown("kind of outbox", kind, 2)),
            },
            sends: from.u8()? != 0,
            id: Some(read_text(from)?)
                .filter(|id| !id.is_empty())
                .map(Into::into),
            reference: Some(from.u64()?)
                .filter(|reference| *reference != 0)
                .map(Reference),
        })
    }
}

/// Act (1 add, 2 replace token, 3 remove, 4 end session), name, role, moment.
impl ConsoleAccount {
    fn write(&self, out: &mut Vec<u8>) {
        out.put_u8(match self.act {
            AccountAct::Add => 1,
            AccountAct::ReplaceToken => 2,
            AccountAct::Remove => 3,
            AccountAct::EndSession => 4,
        });
        write_text(out, &self.name);
        write_text(out, &self.role);
        out.put_u64_le(self.at.milliseconds());
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, Unreadable> {
        Ok(Self {
            act: match from.u8()? {
                1 => AccountAct::Add,
                2 => AccountAct::ReplaceToken,
                3 => AccountAct::Remove,
                4 => AccountAct::EndSession,
                kind => return Err(from.unknown("kind of change of an account", kind, 4)),
            },
            name: read_text(from)?.into(),
            role: read_text(from)?.into(),
            at: from.timestamp()?,
        })
    }
}

impl Supervision {
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        out.put_u16_le(self.blocks.iter().len() as u16);
        for block in self.blocks.iter() {
            block.subject.write(out);
            out.put_u64_le(block.since.milliseconds());
            write_text(out, &block.by);
            write_text(out, &block.reason);
        }
        out.put_u16_le(self.controls.len() as u16);
        for (serial, controls) in &self.controls {
            out.put_u32_le(serial.unwrap_or(0));
            write_controls(out, controls);
        }
        out.put_u16_le(self.days.iter().len() as u16);
        for (begins, day) in self.days.iter() {
            out.put_u64_le(begins.milliseconds());
            out.put_u32_le(day.0);
            out.put_u8(u8::from(self.days.is_agreed(day)));
        }
        out.put_u16_le(self.keys.len() as u16);
        for key in &self.keys {
            key.newest.write(out);
            out.put_u64_le(key.since.milliseconds());
            out.put_u8(u8::from(key.before.is_some()));
            out.put_slice(key.before.as_ref().map_or(&[], |before| &before[..]));
        }
    }

    pub(super) fn read(from: &mut Reader<'_>) -> Result<Self, Unreadable> {
        let mut supervision = Self::default();
        let mut blocks = Vec::new();
        for _ in 0..from.u16()? {
            blocks.push(Block {
                subject: Subject::read(from)?,
                since: from.timestamp()?,
                by: read_text(from)?.into(),
                reason: read_text(from)?.into(),
            });
        }
        supervision.blocks = Blocks::new(blocks);
        for _ in 0..from.u16()? {
            let serial = from.u32()?;
            let serial = (serial != 0).then_some(serial);
            supervision.controls.push((serial, read_controls(from)?));
        }
        for _ in 0..from.u16()? {
            let (begins, day) = (from.timestamp()?, Day(from.u32()?));
            supervision.days.begin(begins, day);
            if from.u8()? != 0 {
                supervision.days.agree(day);
            }
        }
        for _ in 0..from.u16()? {
            supervision.keys.push(ChangedKey {
                newest: KeyChange::read(from)?,
                since: from.timestamp()?,
                before: match from.u8()? {
                    0 => None,
                    _ => Some(from.array()?),
                },
            });
        }
        Ok(supervision)
    }
}

impl KeyChange {
    fn write(&self, out: &mut Vec<u8>) {
        out.put_u64_le(self.institution.number());
        out.put_slice(&self.profile);
        out.put_slice(&self.wrapped);
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, Unreadable> {
        Ok(Self {
            institution: read_institution(from)?.ok_or(from.fault("a party"))?,
            profile: from.array()?,
            wrapped: from.array()?,
        })
    }
}

impl Subject {
    fn write(self, out: &mut Vec<u8>) {
        match self {
            Self::Wallet => out.put_u8(1),
            Self::Cards(range) => {
                let (first, last) = range.bounds();
                out.put_u8(2);
                out.put_u64_le(first);
                out.put_u64_le(last);
            }
            Self::Merchant(acceptor) => {
                out.put_u8(3);
                out.put_slice(&acceptor);
            }
        }
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, Unreadable> {
        Ok(match from.u8()? {
            1 => Self::Wallet,
            2 => {
                let range = CardRange::between(from.u64()?, from.u64()?);
                Self::Cards(range.ok_or(from.fault("a range of cards"))?)
            }
            3 => Self::Merchant(from.array()?),
            kind => return Err(from.unknown("kind of block", kind, 3)),
        })
    }
}

impl Owed {
    pub(super) fn byte(self) -> u8 {
        match self {
            Self::Undo => 1,
            Self::Posting => 2,
            Self::Card => 3,
        }
    }

    pub(super) fn read(from: &mut Reader<'_>) -> Result<Self, Unreadable> {
        Ok(match from.u8()? {
            1 => Self::Undo,
            2 => Self::Posting,
            3 => Self::Card,
            kind => return Err(from.unknown("kind of advice", kind, 3)),
        })
    }
}

fn write_controls(out: &mut Vec<u8>, controls: &Controls) {
    write_codes(out, controls.categories.as_deref());
    write_codes(out, Some(&controls.categories_forbidden));
    write_codes(out, controls.countries.as_deref());
    out.put_u8(u8::from(controls.ecommerce_only));
}

fn read_controls(from: &mut Reader<'_>) -> Result<Controls, Unreadable> {
    Ok(Controls {
        categories: read_codes(from)?,
        categories_forbidden: read_codes(from)?.unwrap_or_default(),
        countries: read_codes(from)?,
        ecommerce_only: from.u8()? != 0,
    })
}

/// Instead of a count: no list at all.
const NO_LIST: u16 = u16::MAX;

fn write_codes(out: &mut Vec<u8>, codes: Option<&[u16]>) {
    let Some(codes) = codes else {
        out.put_u16_le(NO_LIST);
        return;
    };
    out.put_u16_le(codes.len() as u16);
    codes.iter().for_each(|code| out.put_u16_le(*code));
}

fn read_codes(from: &mut Reader<'_>) -> Result<Option<Box<[u16]>>, Unreadable> {
    match from.u16()? {
        NO_LIST => Ok(None),
        count => (0..count)
            .map(|_| from.u16())
            .collect::<Result<_, _>>()
            .map(Some),
    }
}
