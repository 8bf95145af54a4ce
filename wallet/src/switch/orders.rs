//! Orders that the payer agrees to pay: 130 to 132.

use std::str::FromStr;

use tessera_protocol::Currency;
use tessera_protocol::leased::{Operation, tag};

use super::{Switch, with};
use crate::line::{Failure, Fields, Name};
use crate::session::Session;

/// What a mall wants paid.
#[derive(Debug, Clone, Copy)]
pub struct Order<'a> {
    /// Card acceptor id of the mall.
    pub acceptor: &'a str,
    /// The mall's order number.
    pub number: &'a str,
    /// In minor units.
    pub amount: u64,
    /// In which currency.
    pub currency: Currency,
    /// What is bought.
    pub description: &'a str,
}

/// An order as this wallet has agreed to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AgreedOrder {
    /// What has become of it.
    pub state: OrderState,
    /// In minor units.
    pub amount: u64,
    /// In which currency.
    pub currency: Currency,
}

/// What has become of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OrderState {
    /// Agreed to; the mall has not asked, or was declined.
    Open,
    /// The mall has asked, and the financial system has not answered.
    Paying,
    /// The financial system has approved the purchase.
    Paid,
    /// The payer has cancelled it.
    Cancelled,
    /// Nobody asked in time.
    Expired,
}

impl FromStr for OrderState {
    type Err = ();

    fn from_str(word: &str) -> Result<Self, ()> {
        match word {
            "open" => Ok(Self::Open),
            "paying" => Ok(Self::Paying),
            "paid" => Ok(Self::Paid),
            "cancelled" => Ok(Self::Cancelled),
            "expired" => Ok(Self::Expired),
            _ => Err(()),
        }
    }
}

impl Switch {
    /// 130: the payer agrees to pay.
    ///
    /// # Errors
    /// 94 where it was announced before or is another's; 51, 61, 62, 65 where it would be declined now.
    pub async fn announce_order(
        &self,
        session: &Session,
        order: &Order<'_>,
        name: Name,
    ) -> Result<(), Failure> {
        let fields = named(with(session), order.acceptor, order.number)
            .data(tag::AMOUNT, order.amount)
            .data(tag::CURRENCY, order.currency)
            .data(tag::DESCRIPTION, order.description);
        self.line
            .ask(Operation::AnnounceOrder, fields, name)
            .await
            .map(drop)
    }

    /// 131: the payer takes it back.
    ///
    /// # Errors
    /// 94 where it is paid or being paid, 25 where there is none.
    pub async fn cancel_order(
        &self,
        session: &Session,
        acceptor: &str,
        number: &str,
    ) -> Result<(), Failure> {
        let fields = named(with(session), acceptor, number);
        self.ask(Operation::CancelOrder, fields).await.map(drop)
    }

    /// 132: what was agreed to, and what has become of it.
    ///
    /// # Errors
    /// 25 where there is none of this wallet.
    pub async fn read_order(
        &self,
        session: &Session,
        acceptor: &str,
        number: &str,
    ) -> Result<AgreedOrder, Failure> {
        let fields = named(with(session), acceptor, number);
        let answer = self.ask(Operation::ReadOrder, fields).await?;
        let currency: String = answer.need(tag::CURRENCY, "currency of the order")?;
        Ok(AgreedOrder {
            state: answer.need(tag::STATE, "state of the order")?,
            amount: answer.need(tag::AMOUNT, "amount of the order")?,
            currency: Currency::from_text(currency.as_bytes())
                .ok_or(Failure::Nonsense("currency of the order"))?,
        })
    }
}

fn named(fields: Fields, acceptor: &str, number: &str) -> Fields {
    fields
        .data(tag::ACCEPTOR, acceptor)
        .data(tag::ORDER, number)
}
