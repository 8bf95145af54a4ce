//! What has become of an order, as the payer's window says it.

use serde::Serialize;
use tessera_protocol::leased::EventKind;

use super::purchase::Purchase;
use crate::history::{Outcome as Settled, assemble};
use crate::line::Failure;
use crate::session::Session;
use crate::switch::OrderState;
use crate::web::App;

/// What has become of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The mall has not asked for the money.
    Agreed,
    /// The financial system is being asked.
    Paying,
    /// It is paid.
    Paid,
    /// Declined with this field 39.
    Declined(String),
    /// Taken back.
    Cancelled,
    /// Nobody asked in time.
    Expired,
}

/// For the window's script.
#[derive(Debug, Serialize)]
pub struct Told {
    /// The word.
    pub state: &'static str,
}

impl Outcome {
    /// As a word, for scripts and the mall's page.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Agreed => "agreed",
            Self::Paying => "paying",
            Self::Paid => "paid",
            Self::Declined(_) => "declined",
            Self::Cancelled => "cancelled",
            Self::Expired => "expired",
        }
    }

    /// Whether nothing more will happen.
    pub const fn is_final(&self) -> bool {
        !matches!(self, Self::Agreed | Self::Paying)
    }

    /// Asks the switch.
    ///
    /// # Errors
    /// 25 where nobody has agreed to the order in this wallet.
    pub async fn read(app: &App, session: &Session, purchase: &Purchase) -> Result<Self, Failure> {
        let state = app
            .switch
            .read_order(session, &purchase.mall, &purchase.order)
            .await?;
        Ok(match state {
            OrderState::Open => match declined(app, session, purchase).await? {
                Some(code) => Self::Declined(code),
                None => Self::Agreed,
            },
            OrderState::Paying => Self::Paying,
            OrderState::Paid => Self::Paid,
            OrderState::Cancelled => Self::Cancelled,
            OrderState::Expired => match declined(app, session, purchase).await? {
                Some(code) => Self::Declined(code),
                None => Self::Expired,
            },
        })
    }
}

/// Why the mall's last attempt came to nothing, if there was one: after it the order is open again. What was agreed to just now
/// stands among the newest events.
async fn declined(
    app: &App,
    session: &Session,
    purchase: &Purchase,
) -> Result<Option<String>, Failure> {
    let rows = app.switch.history(session, None).await?.rows;
    let description = purchase.description();
    let announced = rows.iter().find(|row| {
        row.kind == EventKind::OrderAnnounced
            && row.acceptor == purchase.mall
            && row.amount == purchase.amount
            && row.text == description
    });
    let Some(announced) = announced else {
        return Ok(None);
    };
    let transactions = assemble(&rows, app.settings.line.institution);
    let attempt = transactions
        .into_iter()
        .find(|transaction| transaction.order == announced.order);
    Ok(attempt.and_then(|attempt| match attempt.outcome {
        Settled::Failed(code) => Some(code),
        _ => None,
    }))
}
