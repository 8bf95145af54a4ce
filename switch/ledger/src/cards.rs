//! The card numbers of a wallet: the representative one, further ones for one purchase or one mall, and dead ones,
//! under which only refunds and reversals still come.

use smallvec::SmallVec;
use tessera_protocol::leased::{NumberState, NumberUse};
use tessera_protocol::{Amount, CardNumber, Institution};

use super::event::Wanted;
use super::{Broken, CardName, Opening, Reference, Rule};

/// So many cards are remembered: above it the oldest dead one is forgotten.
const REMEMBERED: usize = 256;

/// A card number that leads to the wallet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Card {
    /// Its number.
    pub number: CardNumber,
    /// YYMM.
    pub expiry: u16,
    /// Which of the wallet's it is, from 1.
    pub serial: u32,
    /// The request that the host issued it for; 0 for a development card.
    pub issued_by: Reference,
    /// Nothing can be bought with it any more.
    pub dead: bool,
    /// What a further number is for; none for the representative card.
    pub terms: Option<Box<Terms>>,
}

/// What a further number is for, and who has used it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    /// What it is for.
    pub usage: NumberUse,
    /// What a purchase with it may come to; zero for no limit.
    pub limit: Amount,
    /// The mall that has used it: institution and card acceptor.
    pub mall: Option<(Option<Institution>, [u8; 15])>,
    /// The purchase that used it up.
    pub used_by: Option<Reference>,
}

/// The numbers of a wallet's cards: messages to the host need one where events have a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CardNumbers(SmallVec<[(u32, CardNumber); 1]>);

/// See the head of this file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Cards {
    cards: SmallVec<[Card; 1]>,
    /// What the host is being asked for.
    requests: Vec<(Reference, Wanted)>,
}

impl Cards {
    /// All that are remembered, oldest first.
    pub fn iter(&self) -> std::slice::Iter<'_, Card> {
        self.cards.iter()
    }

    /// The one that the host knows the wallet by.
    pub fn representative(&self) -> Option<&Card> {
        self.cards
            .iter()
            .rev()
            .find(|card| card.terms.is_none() && !card.dead)
    }

    /// The one that a request or an event names, dead or alive.
    pub fn find(&self, name: CardName) -> Option<&Card> {
        self.cards
            .iter()
            .rev()
            .find(|card| card.serial == name.serial)
    }

    /// The serial number of the next one.
    pub(super) fn next_serial(&self) -> u32 {
        self.cards.last().map_or(1, |card| card.serial + 1)
    }

    /// The one that this request brought.
    pub fn issued_by(&self, reference: Reference) -> Option<&Card> {
        self.cards.iter().find(|card| card.issued_by == reference)
    }

    /// The further number with this serial number.
    pub fn further(&self, serial: u32) -> Option<&Card> {
        self.cards
            .iter()
            .find(|card| card.serial == serial && card.terms.is_some())
    }

    /// Those whose end the host does not know yet.
    pub fn known_to_host(&self) -> impl Iterator<Item = &Card> {
        self.cards.iter().filter(|card| !card.dead)
    }

    /// How many further numbers can be used.
    pub fn live_further(&self) -> usize {
        self.cards
            .iter()
            .filter(|card| card.terms.is_some() && card.state() == NumberState::Live)
            .count()
    }

    /// What the host is being asked for by this request.
    pub fn requested(&self, reference: Reference) -> Option<&Wanted> {
        let found = self
            .requests
            .iter()
            .find(|(request, _)| *request == reference);
        found.map(|(_, wanted)| wanted)
    }

    /// Whether the host is being asked for the representative card.
    pub fn representative_requested(&self) -> bool {
        let further = |wanted: &Wanted| matches!(wanted, Wanted::Further { .. });
        self.requests.iter().any(|(_, wanted)| !further(wanted))
    }

    pub(super) fn requests(&self) -> &[(Reference, Wanted)] {
        &self.requests
    }

    pub(super) fn request(&mut self, reference: Reference, wanted: Wanted) {
        self.requests.push((reference, wanted));
    }

    pub(super) fn give_up(&mut self, reference: Reference) {
        self.requests.retain(|(request, _)| *request != reference);
    }

    /// A card as the store kept it.
    pub(super) fn restore(&mut self, card: Card) {
        self.cards.push(card);
    }

    /// A development card.
    pub(super) fn provision(&mut self, number: &CardNumber, expiry: u16) {
        self.push(number, expiry, Reference(0), None);
    }

    /// The host issued what this request asked for.
    pub(super) fn issue(
        &mut self,
        reference: Reference,
        number: &CardNumber,
        expiry: u16,
    ) -> Result<(), Broken> {
        let wanted = self
            .requested(reference)
            .cloned()
            .ok_or(Broken::OutOfTurn(reference))?;
        self.give_up(reference);
        let terms = match wanted {
            Wanted::First => None,
            Wanted::Replacement(_) => {
                let representative = self.cards.iter_mut().filter(|card| card.terms.is_none());
                representative.for_each(|card| card.dead = true);
                None
            }
            Wanted::Further { usage, limit } => Some(Box::new(Terms {
                usage,
                limit,
                mall: None,
                used_by: None,
            })),
        };
        self.push(number, expiry, reference, terms);
        Ok(())
    }

    fn push(
        &mut self,
        number: &CardNumber,
        expiry: u16,
        issued_by: Reference,
        terms: Option<Box<Terms>>,
    ) {
        let serial = self.next_serial();
        self.cards.push(Card {
            number: number.clone(),
            expiry,
            serial,
            issued_by,
            dead: false,
            terms,
        });
    }

    /// Forgets the oldest card that can't be used any more, where too many are remembered. Nothing that is still to be
    /// settled may need its number.
    pub(super) fn forget_oldest(&mut self) {
        let ended = |card: &Card| card.state() != NumberState::Live;
        if self.cards.len() > REMEMBERED
            && let Some(place) = self.cards.iter().position(ended)
        {
            self.cards.remove(place);
        }
    }

    /// The numbers of all of them.
    pub fn numbers(&self) -> CardNumbers {
        let numbers = self
            .cards
            .iter()
            .map(|card| (card.serial, card.number.clone()));
        CardNumbers(numbers.collect())
    }

    pub(super) fn retire(&mut self, name: CardName) {
        for card in &mut self.cards {
            card.dead |= card.serial == name.serial;
        }
    }

    /// A purchase holds money with this card.
    pub(super) fn used(&mut self, name: CardName, opening: &Opening) {
        for card in &mut self.cards {
            if let Some(terms) = &mut card.terms
                && card.serial == name.serial
            {
                terms
                    .mall
                    .get_or_insert((opening.institution, opening.acceptor));
                if terms.usage == NumberUse::Once {
                    terms.used_by = Some(opening.reference);
                }
            }
        }
    }

    /// Nothing came of the purchase: its number can be used again.
    pub(super) fn unused(&mut self, purchase: Reference) {
        for card in &mut self.cards {
            if let Some(terms) = &mut card.terms
                && terms.used_by == Some(purchase)
            {
                terms.used_by = None;
            }
        }
    }
}

impl CardNumbers {
    /// The number of this card.
    pub fn of(&self, name: CardName) -> Option<&CardNumber> {
        let found = self.0.iter().find(|(serial, _)| *serial == name.serial);
        found.map(|(_, number)| number)
    }

    /// The number of this card, or the newest one where it was forgotten: the host knows a transaction by its reference.
    pub fn of_or_newest(&self, name: CardName) -> Option<&CardNumber> {
        let newest = || self.0.last().map(|(_, number)| number);
        self.of(name).or_else(newest)
    }
}

impl Card {
    /// How requests and events name it.
    pub fn name(&self) -> CardName {
        CardName::new(self.serial, &self.number)
    }

    /// What has become of it.
    pub fn state(&self) -> NumberState {
        let used = self
            .terms
            .as_ref()
            .is_some_and(|terms| terms.used_by.is_some());
        match (self.dead, used) {
            (true, _) => NumberState::Dead,
            (false, true) => NumberState::Used,
            (false, false) => NumberState::Live,
        }
    }

    /// Whether it may pay for this.
    pub(super) fn allows(&self, opening: &Opening) -> Result<(), Rule> {
        if self.dead {
            return Err(Rule::CardDead);
        }
        let Some(terms) = &self.terms else {
            return Ok(());
        };
        if terms.used_by.is_some() {
            return Err(Rule::NumberUsed);
        }
        let elsewhere = (opening.institution, opening.acceptor);
        if terms.usage == NumberUse::Mall && terms.mall.is_some_and(|mall| mall != elsewhere) {
            return Err(Rule::NumberOfAnotherMall);
        }
        if !terms.limit.is_zero() && opening.amount > terms.limit {
            return Err(Rule::NumberLimit);
        }
        Ok(())
    }
}
