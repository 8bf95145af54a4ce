//! Sources, loads, payouts and the history: 120 to 123, 140, 150 and 180.

use tessera_protocol::leased::{HistoryRow, Operation, ReloadRow, SourceKind, tag};

use super::{Proof, Switch, with};
use crate::line::{Failure, Name, Notice};
use crate::session::Session;

/// Rows of a history, and the position of the next older ones.
pub struct Rows {
    /// The rows, newest first.
    pub rows: Vec<HistoryRow>,
    /// The position to continue from; `None` at the end of the history.
    pub older: Option<u64>,
    /// Available after the newest event of all, in minor units, where the rows begin with it.
    pub available: Option<u64>,
}

impl Switch {
    /// 120: loads money from a source. The same name is loaded once.
    ///
    /// # Errors
    /// 63 for a wrong password; 05, 51 and others by the financial system; 91 where it does not answer.
    pub async fn load(
        &self,
        session: &Session,
        proof: &Proof,
        source: u32,
        amount: u64,
        name: Name,
    ) -> Result<(), Failure> {
        let fields = proof
            .add_to(with(session))?
            .data(tag::NUMBER, source)
            .data(tag::AMOUNT, amount)
            .data(tag::CURRENCY, self.currency);
        self.line.ask(Operation::Load, fields, name).await.map(drop)
    }

    /// 121: stores a funding source; its number within the wallet.
    ///
    /// # Errors
    /// 94 where it is there, 65 where there are five.
    pub async fn add_source(
        &self,
        session: &Session,
        proof: &Proof,
        kind: SourceKind,
        source: &str,
    ) -> Result<u32, Failure> {
        let answer = self
            .ask_proven(Operation::AddSource, session, proof, |fields| {
                fields.data(tag::KIND, kind).secret(tag::SOURCE, source)
            })
            .await?;
        answer.need(tag::NUMBER, "number of the source")
    }

    /// 122: forgets a funding source.
    ///
    /// # Errors
    /// 25 where there is no such source.
    pub async fn remove_source(
        &self,
        session: &Session,
        proof: &Proof,
        number: u32,
    ) -> Result<(), Failure> {
        self.ask_proven(Operation::RemoveSource, session, proof, |fields| {
            fields.data(tag::NUMBER, number)
        })
        .await
        .map(drop)
    }

    /// 123: reloads by itself from now on, or no longer.
    ///
    /// # Errors
    /// 25 where there is no such source.
    pub async fn set_reload(
        &self,
        session: &Session,
        proof: &Proof,
        reload: Option<ReloadRow>,
    ) -> Result<(), Failure> {
        self.ask_proven(
            Operation::SetReload,
            session,
            proof,
            |fields| match reload {
                Some(reload) => fields
                    .data(tag::NUMBER, reload.source)
                    .data(tag::THRESHOLD, reload.threshold)
                    .data(tag::AMOUNT, reload.amount),
                None => fields,
            },
        )
        .await
        .map(drop)
    }

    /// 140: the balances.
    ///
    /// # Errors
    /// 63 where the session has ended.
    pub async fn balance(&self, session: &Session) -> Result<Notice, Failure> {
        let answer = self.ask(Operation::ReadBalance, with(session)).await?;
        Ok(Notice {
            wallet: session.wallet(),
            ledger: answer.need(tag::LEDGER, "ledger balance")?,
            available: answer.need(tag::AVAILABLE, "available balance")?,
            position: 0,
        })
    }

    /// 150: the last events, or those before a position.
    ///
    /// # Errors
    /// 63 where the session has ended.
    pub async fn history(&self, session: &Session, from: Option<u64>) -> Result<Rows, Failure> {
        let fields = with(session).maybe(tag::POSITION, from);
        let answer = self.ask(Operation::ReadHistory, fields).await?;
        Ok(Rows {
            rows: answer.events(),
            older: answer.value(tag::POSITION),
            available: answer.value(tag::AVAILABLE),
        })
    }

    /// 180: pays the money back and ends the wallet.
    ///
    /// # Errors
    /// 94 while purchases are under way, 12 where money is left and no source is named.
    pub async fn close(
        &self,
        session: &Session,
        proof: &Proof,
        source: Option<u32>,
    ) -> Result<(), Failure> {
        self.ask_proven(Operation::Close, session, proof, |fields| {
            fields.maybe(tag::NUMBER, source)
        })
        .await
        .map(drop)
    }
}
