//! Writes the messages to the switch: operations, sign-on, echo.

use bytes::BytesMut;
use tessera_protocol::{Mti, Packer};
use time::OffsetDateTime;

use super::ask::Ask;

/// Field 70.
#[derive(Debug, Clone, Copy)]
pub(super) enum Network {
    SignOn = 1,
    Echo = 301,
}

/// 0800.
pub(super) fn network(out: &mut BytesMut, code: Network, trace: u32, institution: u64) {
    Packer::new(out, Mti::NETWORK)
        .number(7, transmission())
        .number(11, trace.into())
        .number(32, institution)
        .number(70, code as u64)
        .finish();
}

/// 0600; 0601 where it has been sent before.
pub(super) fn administrative(out: &mut BytesMut, ask: &Ask, institution: u64) {
    let mti = match ask.repeat {
        true => Mti::ADMINISTRATIVE.repeat(),
        false => Mti::ADMINISTRATIVE,
    };
    let mut packer = Packer::new(out, mti);
    packer
        .number(7, transmission())
        .number(11, ask.name.trace.into())
        .number(24, ask.operation.number().into())
        .number(32, institution)
        .text(37, &ask.name.reference);
    if !ask.fields.data.is_empty() {
        packer.text(60, &ask.fields.data);
    }
    if !ask.fields.secrets.is_empty() {
        packer.text(62, &ask.fields.secrets);
    }
    packer.finish();
}

/// MMDDhhmmss, UTC.
fn transmission() -> u64 {
    let now = OffsetDateTime::now_utc();
    [
        u8::from(now.month()),
        now.day(),
        now.hour(),
        now.minute(),
        now.second(),
    ]
    .into_iter()
    .fold(0, |number, part| number * 100 + u64::from(part))
}
