//! Answers to the wallet server: 0610 with field 39, fields 61 and 63 for what was asked, and field 62 for secrets.
//! And 0620, the notice about a watched wallet.

use bytes::BytesMut;
use tessera_protocol::leased::{Operation as Code, WATCHED, tag};
use tessera_protocol::{ClientNumber, Institution, Message, Mti, Packer, ResponseCode, tlv};

use super::answer_fields::AnswerFields;
use super::history;
use super::operation::key_of;
use crate::gate::News;
use tessera_admission::Requester;
use tessera_journal::Position;
use tessera_kit::clock;
use tessera_ledger::{Details, Outcome, WalletId};

/// The answer to an admitted operation. The frame was parsed before it was admitted.
pub(super) fn reply(requester: &Requester, outcome: &Outcome, out: &mut BytesMut) {
    let Ok(request) = Message::parse(&requester.frame) else {
        return;
    };
    let mut fields = AnswerFields::default();
    if outcome.code.is_approved()
        && let Some(wallet) = wallet_made(&request)
    {
        fields.number(tag::WALLET, wallet.0);
    }
    match &outcome.details {
        // No operation asks for a purchase, for totals, or for what has become of a party's request.
        Details::None | Details::Part { .. } | Details::Totals { .. } | Details::Status(_) => {}
        Details::Balances { ledger, available } => {
            fields.number(tag::LEDGER, ledger.value());
            fields.number(tag::AVAILABLE, available.value());
        }
        Details::Card {
            number,
            expiry,
            serial,
            in_full,
        } => {
            let shown = format!("{:04},{expiry:04}", number.expose() % 10_000);
            fields.add(tag::SHOWN_CARD, shown.as_bytes());
            fields.number(tag::NUMBER, u64::from(*serial));
            if *in_full {
                fields.card(number, *expiry);
            }
        }
        Details::Number(number) => {
            fields.number(tag::NUMBER, u64::from(*number));
        }
        Details::Order {
            state,
            amount,
            currency,
            paid_by,
        } => {
            fields.add(tag::STATE, state.as_bytes());
            fields.number(tag::AMOUNT, amount.value());
            fields.add(tag::CURRENCY, &currency.to_text());
            if let Some(reference) = paid_by {
                fields.add(tag::REFERENCE, &reference.to_text());
            }
        }
        // What does not fit is left out: the lists begin with what matters most.
        Details::Rows(rows) => rows.iter().for_each(|(tag, row)| {
            fields.add(*tag, row.as_bytes());
        }),
        Details::History {
            entries,
            next,
            sources,
            available,
        } => {
            if let Some(available) = available {
                fields.number(tag::AVAILABLE, available.value());
            }
            history::add(&mut fields, entries, *next, sources);
        }
    }
    write(
        &request,
        outcome.code,
        outcome.verdict().reason(),
        &fields,
        out,
    );
}

/// The wallet that an operation has made or opened a session of.
fn wallet_made(request: &Message<'_>) -> Option<WalletId> {
    match Code::of(request.number(24)? as u16)? {
        Code::CreateWallet => Some(WalletId::created_by(&key_of(request)?)),
        Code::Register | Code::SignIn | Code::Recover => {
            let client = tlv::find(request.text(62)?, tag::CLIENT).ok()??;
            let client = str::from_utf8(client).ok()?;
            Some(WalletId::of_client(&ClientNumber::from_text(client).ok()?))
        }
        Code::IssueCard
        | Code::RevealCard
        | Code::ReissueCard
        | Code::IssueNumber
        | Code::RetireNumber
        | Code::ListNumbers
        | Code::Load
        | Code::AddSource
        | Code::RemoveSource
        | Code::SetReload
        | Code::AnnounceOrder
        | Code::CancelOrder
        | Code::ReadOrder
        | Code::ReadBalance
        | Code::ReadHistory
        | Code::Freeze
        | Code::Unfreeze
        | Code::SetLimits
        | Code::ProposeContact
        | Code::ConfirmContact
        | Code::RemoveContact
        | Code::SetPreferences
        | Code::SetLanguage
        | Code::Close
        | Code::Watch
        | Code::Unwatch
        | Code::SignOut
        | Code::SignOutEverywhere
        | Code::ListSessions
        | Code::ChangePassword
        | Code::EndSession
        | Code::SetRecovery
        | Code::PasskeyChallenge
        | Code::BeginPasskey
        | Code::AddPasskey
        | Code::RenamePasskey
        | Code::RemovePasskey
        | Code::ListPasskeys
        | Code::AddBrowser
        | Code::RemoveBrowser
        | Code::ListBrowsers
        // Its wallet says which it is.
        | Code::PasskeySignIn
        | Code::Overview => None,
    }
}

/// An answer that needs no wallet.
pub(super) fn at_once(
    request: &Message<'_>,
    code: ResponseCode,
    reason: Option<&str>,
    out: &mut BytesMut,
) {
    write(request, code, reason, &AnswerFields::default(), out);
}

/// A challenge for a passkey of somebody who is not known yet.
pub(super) fn challenge(request: &Message<'_>, challenge: &str, out: &mut BytesMut) {
    let mut fields = AnswerFields::default();
    fields.add(tag::CHALLENGE, challenge.as_bytes());
    write(request, ResponseCode::APPROVED, None, &fields, out);
}

fn write(
    request: &Message<'_>,
    code: ResponseCode,
    reason: Option<&str>,
    fields: &AnswerFields,
    out: &mut BytesMut,
) {
    let mut packer = Packer::new(out, request.mti().answer());
    for field in [7, 11, 24, 32, 37] {
        packer.copy(request, field);
    }
    packer.raw(39, code.as_bytes());
    if let Some(reason) = reason {
        let mut tlvs = tlv::TlvWriter::new();
        tlvs.add(tlv::REASON, reason.as_bytes());
        packer.raw(48, tlvs.as_bytes());
    }
    for (field, list) in [
        (61, &fields.first),
        (62, &fields.secrets),
        (63, &fields.second),
    ] {
        if !list.as_bytes().is_empty() {
            packer.raw(field, list.as_bytes());
        }
    }
    packer.copy(request, 70);
    packer.finish();
}

/// Something happened to a wallet that is being watched.
pub fn write_news(news: &News, institution: Institution, out: &mut BytesMut) {
    let position = news.position.map_or(0, Position::to_stored);
    let mut data = tlv::TlvWriter::new();
    for (tag, number) in [
        (tag::WALLET, news.wallet.0),
        (tag::LEDGER, news.ledger.value()),
        (tag::AVAILABLE, news.available.value()),
        (tag::POSITION, position),
    ] {
        data.add(tag, number.to_string().as_bytes());
    }
    let now = clock::transmission(clock::system());
    let mut packer = Packer::new(out, Mti::ADMINISTRATIVE_ADVICE);
    packer
        .number(7, u64::from(now))
        .number(11, position % 1_000_000)
        .number(24, u64::from(WATCHED))
        .number(32, institution.number())
        .raw(60, data.as_bytes());
    packer.finish();
}
