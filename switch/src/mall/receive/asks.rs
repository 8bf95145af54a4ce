//! What a request asks of which wallet, if its party may ask it.

use tessera_protocol::{
    CardNumber, Financial, Message, OrderKey, Payer as Payers, Purchase, Request, StatusInquiry,
};

use super::super::permission;
use tessera_config::{Party, PartyKind};
use tessera_ledger::{
    Action, CardName, Class, DuplicateKey, KeyFields, KeyPayer, Merchant, Opening, Payer,
    Reference, Rule, StatusQuery,
};
use tessera_metrics::FrameRefused;

/// What a request asks.
pub(super) struct Asked {
    /// The request as the wallet's journal will have it, but for the serial number of a card.
    pub opening: Opening,
    /// What it wants.
    pub action: Action,
    /// The card that it names, which leads to the wallet and goes no further.
    pub card: Option<CardNumber>,
}

/// The payer as a message names them.
enum Named {
    /// By card number, with the expiry (YYMM) where there is one.
    Card(CardNumber, Option<u16>),
    /// By order.
    Order(OrderKey),
}

impl Named {
    fn in_key(&self) -> KeyPayer<'_> {
        match self {
            Self::Card(card, _) => KeyPayer::Card(card),
            Self::Order(order) => KeyPayer::Order(order),
        }
    }

    /// As the wallet's journal will have it, but for the serial number of a card, and the card.
    #[inline]
    fn split(self) -> (Payer, Option<CardNumber>) {
        match self {
            // The directory knows its serial number.
            Self::Card(card, expiry) => (Payer::Card(CardName::new(0, &card), expiry), Some(card)),
            Self::Order(order) => (Payer::Order(order), None),
        }
    }
}

/// What the request asks, or how it is counted and answered.
#[inline]
pub(super) fn read(
    party: &Party,
    message: &Message<'_>,
    request: &Request<'_>,
) -> Result<Asked, (FrameRefused, Rule)> {
    let not_permitted = |rule| (FrameRefused::NotPermitted, rule);
    permission::check(party, message).map_err(not_permitted)?;
    let (financial, payer, action) =
        wanted(party, request).ok_or(not_permitted(Rule::NotOffered))?;
    check(party, financial, &payer, &action)?;
    let class = Class::of(financial.mti).ok_or(not_permitted(Rule::NotOffered))?;
    let key = key_of(financial, function_of(&action), &payer);
    let (payer, card) = payer.split();
    let opening = Opening {
        // The wallet's own worker gives it one.
        reference: Reference(0),
        key,
        institution: financial.institution,
        class,
        processing_code: financial.processing_code,
        trace: financial.trace,
        transmission: message.number(7).unwrap_or(0) as u32,
        local_time: financial.local_time,
        local_date: financial.local_date,
        terminal: financial.terminal,
        acceptor: financial.acceptor,
        repeat: financial.repeat,
        retrieval: financial.reference,
        amount: financial.amount,
        currency: financial.currency,
        payer,
        merchant: merchant_of(request, party),
        place: place(request, message),
    };
    Ok(Asked {
        opening,
        action,
        card,
    })
}

/// What the request wants of which payer; `None` for what no party is offered.
#[inline]
fn wanted<'a>(party: &Party, request: &'a Request<'_>) -> Option<(&'a Financial, Named, Action)> {
    Some(match request {
        Request::Purchase(purchase) | Request::Authorization(purchase) => (
            &purchase.financial,
            named(&purchase.financial.acceptor, &purchase.payer),
            Action::Purchase {
                barred: barred(party, purchase),
            },
        ),
        Request::AuthorizationAdvice(advice) => {
            let payer = named(&advice.financial.acceptor, &advice.payer);
            let twin = key_of(&advice.financial, 0, &payer);
            (&advice.financial, payer, Action::Post { twin })
        }
        Request::Completion(completion) => {
            let payer = named(&completion.financial.acceptor, &completion.payer);
            let action = match completion.original {
                Some(original) => Action::Complete {
                    original,
                    several: party.quirks.several_completions,
                    elsewhere: party.quirks.stand_in_advices,
                },
                None => Action::Post {
                    twin: key_of(&completion.financial, 0, &payer),
                },
            };
            (&completion.financial, payer, action)
        }
        Request::Refund(refund) => {
            let action = Action::Refund {
                original: refund.original,
            };
            (
                &refund.financial,
                named(&refund.financial.acceptor, &refund.payer),
                action,
            )
        }
        // A load by a party is posted like a refund without a purchase.
        Request::Load(load) => {
            let payer = Named::Card(load.card.clone(), load.expiry);
            (&load.financial, payer, Action::Refund { original: None })
        }
        Request::Inquiry(inquiry) => {
            let payer = Named::Card(inquiry.card.clone(), inquiry.expiry);
            (&inquiry.financial, payer, Action::Inquiry)
        }
        Request::Verification(verified) => {
            let payer = Named::Card(verified.card.clone(), Some(verified.expiry));
            let country = verified.country.unwrap_or(0);
            let barred = controlled(
                party,
                (verified.merchant_category, country, verified.condition),
            );
            (&verified.financial, payer, Action::Verify { barred })
        }
        Request::Reversal(reversal) => {
            let action = Action::Reverse {
                original: reversal.original,
                replacement: reversal.replacement,
                advice: reversal.advice,
                was_waiting: false,
            };
            (
                &reversal.financial,
                named(&reversal.financial.acceptor, &reversal.payer),
                action,
            )
        }
        Request::Network(_)
        | Request::Payout(_)
        | Request::Reconciliation(_)
        | Request::Administrative(_)
        | Request::Status(_) => return None,
    })
}

/// Whether the party may ask this of the payer.
#[inline]
fn check(
    party: &Party,
    financial: &Financial,
    payer: &Named,
    action: &Action,
) -> Result<(), (FrameRefused, Rule)> {
    let not_permitted = |rule| (FrameRefused::NotPermitted, rule);
    let not_its = match (action, payer) {
        // Nobody agreed to what a mall would decide by itself.
        (Action::Post { .. }, Named::Order(_)) => Some(Rule::PartyAdvices),
        (Action::Post { .. }, _) if !party.quirks.stand_in_advices => Some(Rule::PartyAdvices),
        (Action::Refund { original: None }, _) => not_given(party, financial),
        _ => None,
    };
    if let Some(rule) = not_its {
        return Err(not_permitted(rule));
    }
    check_payer(party, &financial.acceptor, payer)
}

/// Whether the party speaks for the card acceptor, and names payers like this.
#[inline]
fn check_payer(
    party: &Party,
    acceptor: &[u8; 15],
    payer: &Named,
) -> Result<(), (FrameRefused, Rule)> {
    if !party.acceptors.allow(acceptor) {
        return Err((FrameRefused::Violation, Rule::PartyAcceptor));
    }
    // The payer agreed to pay that mall, not any client that knows the order number; and a mall learns nothing about
    // cards.
    let may = match payer {
        Named::Order(_) => PartyKind::Mall,
        Named::Card(..) => PartyKind::Acquirer,
    };
    if party.kind != may {
        return Err((FrameRefused::NotPermitted, Rule::PartyPayers));
    }
    Ok(())
}

/// What a status inquiry asks about, and the card that leads to the wallet.
pub(super) fn read_status(
    party: &Party,
    message: &Message<'_>,
    inquiry: &StatusInquiry<'_>,
) -> Result<(StatusQuery, Option<CardNumber>), (FrameRefused, Rule)> {
    permission::check(party, message).map_err(|rule| (FrameRefused::NotPermitted, rule))?;
    let payer = named(&inquiry.acceptor, &inquiry.payer);
    check_payer(party, &inquiry.acceptor, &payer)?;
    let (payer, card) = payer.split();
    Ok((StatusQuery::new(inquiry, payer), card))
}

/// Set in the message class of the key, so that an advice is no repeat of a request with the same fields.
fn function_of(action: &Action) -> u8 {
    match action {
        Action::Complete { .. } | Action::Post { .. } => ADVISES,
        Action::Purchase { .. }
        | Action::Inquiry
        | Action::Verify { .. }
        | Action::Refund { .. }
        | Action::Reverse { .. }
        | Action::Open
        | Action::IssueCard
        | Action::RenewCard
        | Action::Load(_)
        | Action::Announce { .. }
        | Action::Cancel
        | Action::History(_)
        | Action::Account(_)
        | Action::Unwatch => 0,
    }
}

/// Set in the message class of an advice, so that it is not a repeat of a request with the same key.
const ADVISES: u8 = 0x20;

fn key_of(financial: &Financial, function: u8, payer: &Named) -> DuplicateKey {
    DuplicateKey::of(KeyFields {
        institution: financial.institution,
        terminal: &financial.terminal,
        acceptor: &financial.acceptor,
        trace: financial.trace,
        local_time: financial.local_time,
        local_date: financial.local_date,
        class: financial.mti.class() | function,
        processing_code: financial.processing_code,
        payer: payer.in_key(),
    })
}

/// What the party's profile says against the purchase.
#[inline]
fn barred(party: &Party, purchase: &Purchase<'_>) -> Option<Rule> {
    if purchase.financial.amount > party.amount_max {
        return Some(Rule::PartyLimit);
    }
    let country = purchase.country.unwrap_or(0);
    controlled(
        party,
        (purchase.merchant_category, country, purchase.condition),
    )
}

/// What the party's profile says against a purchase of this merchant category, country and condition.
#[inline]
fn controlled(party: &Party, (category, country, condition): (u16, u16, u8)) -> Option<Rule> {
    party.controls.refuse(category, country, condition)
}

/// Why a party may not give money of which nothing was bought before.
fn not_given(party: &Party, financial: &Financial) -> Option<Rule> {
    let code = (financial.processing_code / 10_000) as u8;
    let loads = &party.quirks.load_codes;
    match code {
        REFUND_CODE if party.quirks.unreferenced_refunds => None,
        REFUND_CODE => Some(Rule::PartyRefunds),
        _ if loads.contains(&code) => None,
        _ => Some(Rule::PartyLoads),
    }
}

fn merchant_of(request: &Request<'_>, party: &Party) -> Merchant {
    match request {
        Request::Purchase(purchase)
        | Request::Authorization(purchase)
        | Request::AuthorizationAdvice(purchase) => Merchant {
            category: purchase.merchant_category,
            country: purchase.country.unwrap_or(0),
            entry_mode: purchase.entry_mode,
            condition: purchase.condition,
            takes_part: purchase.takes_part && party.quirks.partial_approval,
        },
        Request::Verification(verified) => Merchant {
            category: verified.merchant_category,
            country: verified.country.unwrap_or(0),
            entry_mode: verified.entry_mode,
            condition: verified.condition,
            takes_part: false,
        },
        Request::Completion(completion) => Merchant {
            category: completion.merchant_category,
            country: completion.country.unwrap_or(0),
            entry_mode: completion.entry_mode,
            condition: completion.condition,
            takes_part: false,
        },
        Request::Network(_)
        | Request::Refund(_)
        | Request::Load(_)
        | Request::Payout(_)
        | Request::Inquiry(_)
        | Request::Reversal(_)
        | Request::Reconciliation(_)
        | Request::Administrative(_)
        | Request::Status(_) => Merchant::default(),
    }
}

/// Field 43 of a message that asks for money or gives it; a reversal is shown with what it reverses.
#[inline]
fn place(request: &Request<'_>, message: &Message<'_>) -> Option<Box<[u8]>> {
    let shown = !matches!(request, Request::Reversal(_));
    let place = message.text(43).filter(|place| shown && !place.is_empty());
    place.map(Into::into)
}

fn named(acceptor: &[u8; 15], payer: &Payers<'_>) -> Named {
    match payer {
        Payers::Card { number, expiry } => Named::Card(number.clone(), *expiry),
        Payers::Order(order) => Named::Order(OrderKey::of(acceptor, order)),
    }
}

/// First two digits of field 3.
const REFUND_CODE: u8 = 20;
