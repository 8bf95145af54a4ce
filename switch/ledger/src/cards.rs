//! The card numbers of a wallet: the representative one, further ones for one purchase or one mall, and dead ones,
//! under which only refunds and reversals still come.

use smallvec::SmallVec;
use tessera_protocol::leased::{NumberState, NumberUse};
use tessera_protocol::{Amount, CardNumber, Institution};

use super::event::Wanted;
use super::{Broken, Opening, Reference, Rule};

/// Cards remembered at most: above it the oldest dead one is forgotten.
const REMEMBERED_MAX: usize = 256;

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

    /// The one with this number, dead or alive.
    pub fn find(&self, number: &CardNumber) -> Option<&Card> {
        self.cards.iter().rev().find(|card| card.number == *number)
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
        let serial = self.cards.last().map_or(1, |card| card.serial + 1);
        self.cards.push(Card {
            number: number.clone(),
            expiry,
            serial,
            issued_by,
            dead: false,
            terms,
        });
        if self.cards.len() > REMEMBERED_MAX
            && let Some(place) = self
                .cards
                .iter()
                .position(|card| card.state() != NumberState::Live)
        {
            self.cards.remove(place);
        }
    }

    pub(super) fn retire(&mut self, number: &CardNumber) {
        for card in self.cards.iter_mut().filter(|card| card.number == *number) {
            card.dead = true;
        }
    }

    /// A purchase holds money with this number.
    pub(super) fn used(&mut self, number: &CardNumber, opening: &Opening) {
        for card in &mut self.cards {
            if let Some(terms) = &mut card.terms
                && card.number == *number
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

impl Card {
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
