//! Rebuilds requests, answers and advices from what the journal keeps of them.

use bytes::BytesMut;
use tessera_protocol::{Amount, Institution, Mti, Packer, ResponseCode, Secrets, Stan, describe};

use tessera_ledger::{CardNumbers, Class, Event, Opening, Payer, Reference};

/// The request of a party, in words.
pub(super) fn request(event: &Event, opening: &Opening, cards: &CardNumbers) -> Option<String> {
    let mti = mti(event, opening)?;
    let mti = if opening.repeat { mti.repeat() } else { mti };
    let mut out = BytesMut::new();
    let mut packer = Packer::new(&mut out, mti);
    if let Payer::Card(name, _) = opening.payer
        && let Some(card) = cards.of(name)
    {
        packer.card(card);
    }
    packer
        .number(3, u64::from(opening.processing_code))
        .number(4, opening.amount.value())
        .number(7, u64::from(opening.transmission))
        .number(11, u64::from(Stan::digits(opening.trace)))
        .number(12, u64::from(opening.local_time))
        .number(13, u64::from(opening.local_date));
    if let Payer::Card(_, Some(expiry)) = opening.payer {
        packer.number(14, u64::from(expiry));
    }
    let merchant = opening.merchant;
    if merchant.category != 0 {
        packer.number(18, u64::from(merchant.category));
    }
    if merchant.country != 0 {
        packer.number(19, u64::from(merchant.country));
    }
    if merchant.category != 0 {
        packer
            .number(22, u64::from(merchant.entry_mode))
            .number(25, u64::from(merchant.condition));
    }
    packer
        .digits(32, &Institution::digits(opening.institution).to_string())
        .raw(37, &opening.retrieval)
        .raw(41, &opening.terminal)
        .raw(42, &opening.acceptor)
        .text(49, opening.currency.to_string().as_bytes())
        .finish();
    Some(framed(&out))
}

/// The answer to the request of an event.
pub(super) fn answer(
    event: &Event,
    opening: &Opening,
    (code, amount): (ResponseCode, Amount),
    approval: Option<Reference>,
) -> Option<String> {
    let mut out = BytesMut::new();
    let mut packer = Packer::new(&mut out, mti(event, opening)?.answer());
    packer
        .number(3, u64::from(opening.processing_code))
        .number(4, amount.value())
        .number(7, u64::from(opening.transmission))
        .number(11, u64::from(Stan::digits(opening.trace)))
        .digits(32, &Institution::digits(opening.institution).to_string())
        .raw(37, &opening.retrieval);
    if let Some(reference) = approval {
        packer.raw(38, &reference.approval());
    }
    packer.raw(39, code.as_bytes()).finish();
    Some(framed(&out))
}

/// What went to the financial system for it.
pub(super) fn forwarded(event: &Event, opening: &Opening, cards: &CardNumbers) -> Option<String> {
    let sent = event.to_host()?;
    let trace = sent.trace?;
    let mti = match opening.class {
        Class::Authorization => Mti::AUTHORIZATION,
        Class::Financial | Class::Reversal | Class::Administrative => Mti::PURCHASE,
    };
    let reference = opening.reference;
    let mut out = BytesMut::new();
    let mut packer = Packer::new(&mut out, mti);
    if let Some(card) = cards.of(sent.card) {
        packer.card(card);
    }
    packer
        .number(4, sent.amount.value())
        .number(
            7,
            u64::from(tessera_kit::clock::transmission(reference.given_at())),
        )
        .number(11, u64::from(trace.number()))
        .number(14, u64::from(sent.expiry))
        .raw(37, &reference.to_text())
        .text(49, opening.currency.to_string().as_bytes())
        .finish();
    Some(framed(&out))
}

fn mti(event: &Event, opening: &Opening) -> Option<Mti> {
    Some(match (event, opening.class) {
        (Event::Advised { .. }, Class::Authorization) => Mti::AUTHORIZATION_ADVICE,
        (Event::Advised { .. } | Event::Completed { .. }, _) => Mti::COMPLETION,
        (_, Class::Authorization) => Mti::AUTHORIZATION,
        (_, Class::Financial) => Mti::PURCHASE,
        // The journal does not distinguish a 0400 from a 0420.
        (_, Class::Reversal) => Mti::REVERSAL,
        (_, Class::Administrative) => return None,
    })
}

/// Without the length in front.
fn framed(frame: &[u8]) -> String {
    words(frame.get(2..).unwrap_or_default())
}

/// A message, masked.
pub(super) fn words(message: &[u8]) -> String {
    let described = describe(message, Secrets::Masked).to_string();
    let lines = described.lines().map(|line| format!("  {line}\n"));
    lines.collect()
}
