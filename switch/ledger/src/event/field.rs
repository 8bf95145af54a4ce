//! What a field of an event is as bytes: one way for each type, for writing and for reading.

use bytes::BufMut;
use tessera_kit::clock::Timestamp;
use tessera_protocol::{Amount, CardNumber, Currency, ResponseCode, Stan};

use super::parts::{
    read_amount, read_card, read_code, read_currency, read_host_stan, read_name, read_text,
    write_card, write_name, write_stan, write_text,
};
use super::{NotedOriginal, Opening, Reconciled, Wanted};
use crate::bytes::{Reader, Unreadable, write_optional_time};
use crate::{CardName, Change, Directed, Owed, Reason, Reference};

/// A field of an event.
pub(super) trait Field: Sized {
    /// Appends it.
    fn put(&self, out: &mut Vec<u8>);
    /// Reads what [`Field::put`] appended.
    fn take(from: &mut Reader<'_>) -> Result<Self, Unreadable>;
}

macro_rules! fields {
    ($($type:ty: |$field:ident, $out:ident| $put:expr, |$from:ident| $take:expr;)*) => {$(
        impl Field for $type {
            fn put(&self, $out: &mut Vec<u8>) {
                let $field = self;
                $put;
            }

            fn take($from: &mut Reader<'_>) -> Result<Self, Unreadable> {
                $take
            }
        }
    )*};
}

fields! {
    bool: |field, out| out.put_u8(u8::from(*field)), |from| Ok(from.u8()? != 0);
    u16: |field, out| out.put_u16_le(*field), |from| from.u16();
    u32: |field, out| out.put_u32_le(*field), |from| from.u32();
    Amount: |field, out| out.put_u64_le(field.value()), |from| read_amount(from);
    CardName: |field, out| write_name(out, *field), |from| match from.has_numbers() {
        true => read_card(from).and_then(|card| from.name_of(&card)),
        false => read_name(from),
    };
    CardNumber: |field, out| write_card(out, field), |from| read_card(from);
    Change: |field, out| field.write(out), |from| Self::read(from);
    Currency: |field, out| out.put_u16_le(field.code()), |from| read_currency(from);
    Directed: |field, out| field.write(out), |from| Self::read(from);
    NotedOriginal: |field, out| field.write(out), |from| Self::read(from);
    Opening: |field, out| field.write(out), |from| Self::read(from);
    Owed: |field, out| out.put_u8(field.byte()), |from| Self::read(from);
    Reason: |field, out| write_text(out, field.text()), |from| read_text(from).map(Self::with_text);
    Reconciled: |field, out| field.write(out), |from| Self::read(from);
    Reference: |field, out| out.put_u64_le(field.0), |from| from.u64().map(Self);
    Option<Reference>: |field, out| Reference::write_optional(*field, out), |from| Reference::read_optional(from);
    ResponseCode: |field, out| out.put_slice(field.as_bytes()), |from| read_code(from);
    Stan: |field, out| write_stan(out, Some(*field)), |from| read_host_stan(from);
    Timestamp: |field, out| out.put_u64_le(field.milliseconds()), |from| from.timestamp();
    Option<Timestamp>: |field, out| write_optional_time(*field, out), |from| from.optional_timestamp();
    Wanted: |field, out| field.write(out), |from| Self::read(from);
}

impl<T: Field> Field for Box<T> {
    fn put(&self, out: &mut Vec<u8>) {
        T::put(self, out);
    }

    fn take(from: &mut Reader<'_>) -> Result<Self, Unreadable> {
        T::take(from).map(Self::new)
    }
}
