//! The representative card and further numbers: 110 to 115.

use tessera_protocol::leased::{NumberRow, NumberUse, Operation, tag};
use zeroize::Zeroizing;

use super::{Proof, ShownCard, Switch, with};
use crate::line::{Answer, Failure, Name};
use crate::session::Session;

/// A card number in full. Wiped when dropped, never printed.
pub struct Revealed {
    /// The digits of the card number.
    pub card: Zeroizing<String>,
    /// The expiry date, YYMM.
    pub expiry: Zeroizing<String>,
    /// What it is known by in its wallet.
    pub serial: Option<u32>,
}

impl Revealed {
    fn of(answer: &Answer) -> Result<Self, Failure> {
        Ok(Self {
            card: answer.secret(tag::CARD, "card number")?,
            expiry: answer.secret(tag::EXPIRY, "expiry")?,
            serial: answer.value(tag::NUMBER),
        })
    }
}

impl Switch {
    /// 110: the wallet's first card.
    ///
    /// # Errors
    /// 94 where there is one, 91 where the financial system does not answer.
    pub async fn issue_card(&self, session: &Session) -> Result<ShownCard, Failure> {
        let answer = self.ask(Operation::IssueCard, with(session)).await?;
        answer.need(tag::SHOWN_CARD, "card")
    }

    /// 111: the card's number in full, or a further number's.
    ///
    /// # Errors
    /// 63 for a wrong password, 14 without a card, 25 without such a number.
    pub async fn reveal(
        &self,
        session: &Session,
        proof: &Proof,
        number: Option<u32>,
    ) -> Result<Revealed, Failure> {
        let answer = self
            .ask_proven(Operation::RevealCard, session, proof, |fields| {
                fields.maybe(tag::NUMBER, number)
            })
            .await?;
        Revealed::of(&answer)
    }

    /// 112: a new number; the old one is dead, the money stays.
    ///
    /// # Errors
    /// 63 for a wrong password, 91 where the financial system does not answer.
    pub async fn reissue_card(
        &self,
        session: &Session,
        proof: &Proof,
    ) -> Result<ShownCard, Failure> {
        let answer = self
            .ask_proven(Operation::ReissueCard, session, proof, |fields| fields)
            .await?;
        answer.need(tag::SHOWN_CARD, "card")
    }

    /// 113: a further number. Without proof in a session of the extension only.
    ///
    /// # Errors
    /// 65 where there are too many, 63 for a wrong password.
    pub async fn issue_number(
        &self,
        session: &Session,
        proof: Option<&Proof>,
        usage: NumberUse,
        limit: Option<u64>,
        name: Name,
    ) -> Result<Revealed, Failure> {
        let fields = with(session)
            .data(tag::KIND, usage)
            .maybe(tag::AMOUNT, limit);
        let fields = match proof {
            Some(proof) => proof.add_to(fields)?,
            None => fields,
        };
        let answer = self.line.ask(Operation::IssueNumber, fields, name).await?;
        Revealed::of(&answer)
    }

    /// 114: ends a further number.
    ///
    /// # Errors
    /// 25 where there is no such number.
    pub async fn retire_number(&self, session: &Session, number: u32) -> Result<(), Failure> {
        let fields = with(session).data(tag::NUMBER, number);
        self.ask(Operation::RetireNumber, fields).await.map(drop)
    }

    /// 115: the further numbers.
    ///
    /// # Errors
    /// 63 where the session has ended.
    pub async fn numbers(&self, session: &Session) -> Result<Vec<NumberRow>, Failure> {
        let answer = self.ask(Operation::ListNumbers, with(session)).await?;
        Ok(answer.values(tag::NUMBER_ROW))
    }
}
