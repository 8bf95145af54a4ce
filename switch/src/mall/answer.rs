//! Writes answers to malls and acquirers into the outbox of their connection.

use bytes::BytesMut;
use tessera_console::Limit;
use tessera_protocol::{
    Balances, Dialect, Extras, Header, MacKey, Message, Mti, Packer, Refusal, ResponseCode, answer,
    tlv,
};

use tessera_admission::{Reply, Requester};
use tessera_config::{Party, Quirks, UnknownReversal};
use tessera_ledger::{Details, Outcome, Verdict};

static KEY_NOT_CHANGED: Limit = Limit::new("key change declined");
static UNSPEAKABLE: Limit = Limit::new("answer not sayable");

/// How an admitted request is answered whose party has these habits.
#[inline]
pub(super) fn reply_as(quirks: &Quirks) -> Reply {
    match quirks.unknown_reversal {
        UnknownReversal::NotFound => reply::<false>,
        UnknownReversal::Approved => reply::<true>,
    }
}

/// The answer to an admitted request, as the profile of its party says.
pub(super) fn reply_by_profile(requester: &Requester, outcome: &Outcome, out: &mut BytesMut) {
    if let Some(listed) = requester.admitted.connection().listed() {
        reply_as(&listed.party.quirks)(requester, outcome, out);
    }
}

/// The answer to a change of the key.
pub(super) fn reply_to_key_change(requester: &Requester, outcome: &Outcome, out: &mut BytesMut) {
    if let Some(listed) = requester.admitted.connection().listed() {
        let (party, party_name) = (listed.party.code.number(), &listed.party.name);
        match outcome.code.is_approved() {
            true => {
                listed.figures.key_changes.inc();
                tracing::info!(party, party_name, "the party's MAC key was changed");
            }
            false => {
                listed.figures.key_changes_refused.inc();
                if KEY_NOT_CHANGED.allows(None) {
                    tracing::warn!(
                        party,
                        party_name,
                        reason = outcome.verdict().reason(),
                        "the party's MAC key was not changed"
                    );
                }
            }
        }
    }
    reply::<false>(requester, outcome, out);
}

/// The answer to an admitted request. The frame was parsed before it was admitted.
fn reply<const KNOWS_ALL: bool>(requester: &Requester, outcome: &Outcome, out: &mut BytesMut) {
    let Ok(request) = Message::parse(&requester.frame) else {
        return;
    };
    // Neither the profile's key nor the dialect changes while a connection stands.
    let party = requester
        .admitted
        .connection()
        .listed()
        .map(|listed| &listed.party);
    let of_profile = || party.and_then(|party| party.mac_key.as_ref());
    let key = requester.key.as_deref().or_else(of_profile);
    let dialect = party.map_or(Dialect::CANONICAL, |party| party.dialect);
    let code = match KNOWS_ALL && is_unknown_reversal(request.mti(), outcome.code) {
        true => ResponseCode::APPROVED,
        false => outcome.code,
    };
    let currency = request
        .raw(49)
        .and_then(tessera_protocol::Currency::from_text);
    let balances = match (&outcome.details, currency) {
        (Details::Balances { ledger, available }, Some(currency)) => Some(Balances::new(
            ledger.as_amount(),
            available.as_amount(),
            currency,
        )),
        (Details::Part { of, .. }, Some(currency)) => Some(Balances::of_original(*of, currency)),
        _ => None,
    };
    let extras = Extras {
        approval: outcome.approval,
        amount: match outcome.details {
            Details::Part { granted, .. } => Some(granted),
            Details::None
            | Details::Balances { .. }
            | Details::Card { .. }
            | Details::Number(_)
            | Details::Order { .. }
            | Details::Totals { .. }
            | Details::Status(_)
            | Details::Rows(_)
            | Details::History { .. } => None,
        },
        balances: balances.as_ref(),
        reason: outcome.verdict().reason(),
        totals: match &outcome.details {
            Details::Totals { agreed, ours } => Some((*agreed, ours)),
            Details::None
            | Details::Balances { .. }
            | Details::Part { .. }
            | Details::Card { .. }
            | Details::Number(_)
            | Details::Order { .. }
            | Details::Status(_)
            | Details::Rows(_)
            | Details::History { .. } => None,
        },
        status: match &outcome.details {
            Details::Status(report) => Some(report),
            Details::None
            | Details::Balances { .. }
            | Details::Part { .. }
            | Details::Card { .. }
            | Details::Number(_)
            | Details::Order { .. }
            | Details::Totals { .. }
            | Details::Rows(_)
            | Details::History { .. } => None,
        },
    };
    write(dialect, requester.header, key, out, |out, key| {
        answer(&request, out, code, &extras, key);
    });
}

/// Appends the output of `answer`, in the requester's dialect and with the header of its frame.
#[inline]
pub(super) fn write(
    dialect: Dialect,
    header: Header,
    key: Option<&MacKey>,
    out: &mut BytesMut,
    answer: impl FnOnce(&mut BytesMut, Option<&MacKey>),
) {
    if let Err(error) = dialect.answer(header, key, out, answer)
        && UNSPEAKABLE.allows(None)
    {
        tracing::error!(%error, %dialect, "an answer cannot be packed in this dialect");
    }
}

/// The verdict as the party's profile wants it: some parties do not accept 25 as the answer to an 0400.
pub(super) fn under_profile(party: &Party, mti: Mti, verdict: Verdict) -> Verdict {
    match party.quirks.unknown_reversal {
        UnknownReversal::Approved if is_unknown_reversal(mti, verdict.code) => Verdict {
            code: ResponseCode::APPROVED,
            ..verdict
        },
        UnknownReversal::NotFound | UnknownReversal::Approved => verdict,
    }
}

#[inline]
fn is_unknown_reversal(mti: Mti, code: ResponseCode) -> bool {
    code == ResponseCode::NOT_FOUND && mti.value() >> 4 == 0x40
}

/// An answer that needs no wallet.
pub(super) fn at_once(
    request: &Message<'_>,
    code: ResponseCode,
    reason: Option<&str>,
    key: Option<&MacKey>,
    out: &mut BytesMut,
) {
    answer(
        request,
        out,
        code,
        &Extras {
            reason,
            ..Extras::default()
        },
        key,
    );
}

/// The answer to a message that is no request: a format error carries only what section 8 lists.
pub(super) fn refuse(
    request: &Message<'_>,
    refusal: &Refusal,
    key: Option<&MacKey>,
    out: &mut BytesMut,
) {
    let reason = refusal.to_string();
    let code = refusal.code();
    if code != ResponseCode::FORMAT_ERROR {
        return at_once(request, code, Some(&reason), key, out);
    }
    let mut packer = Packer::new(out, request.mti().answer());
    for field in [7, 11, 32, 37] {
        packer.copy(request, field);
    }
    packer.raw(39, code.as_bytes());
    packer.copy(request, 41).copy(request, 42);
    let mut tlvs = tlv::TlvWriter::new();
    // A refusal's reason is far shorter than a field.
    let _ = tlvs.add(tlv::REASON, reason.as_bytes());
    packer.raw(48, tlvs.as_bytes());
    packer.close(key);
}
