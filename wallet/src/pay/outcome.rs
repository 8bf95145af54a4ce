//! The state of an order, as the pay window shows it.

use serde::Serialize;
use tessera_protocol::OrderKey;
use tessera_protocol::leased::EventKind;

use super::purchase::Purchase;
use crate::history::{Outcome as Settled, assemble};
use crate::line::Failure;
use crate::session::Session;
use crate::switch::OrderState;
use crate::web::App;

/// Events that are looked through for the payer's agreement: it stands for minutes only.
const ROWS_MAX: usize = 1_000;

/// Whether a purchase can be agreed to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// It can: this wallet has not agreed to the order, or its agreement is over.
    Free,
    /// It can again: what the mall asked for was declined with this field 39, and nothing is paid.
    Declined(String),
    /// This wallet has agreed to exactly this.
    Agreed,
    /// This wallet has agreed to another amount or currency.
    Other,
}

impl Standing {
    /// Asks the switch.
    ///
    /// # Errors
    /// 63 where the session has ended.
    pub async fn read(app: &App, session: &Session, purchase: &Purchase) -> Result<Self, Failure> {
        let order = app
            .switch
            .read_order(session, &purchase.mall, &purchase.order)
            .await;
        match order {
            Ok(order) => Ok(match order.state {
                OrderState::Cancelled | OrderState::Expired => Self::Free,
                _ if !purchase.is(&order) => Self::Other,
                OrderState::Open => match declined(app, session, purchase).await? {
                    Some(code) => Self::Declined(code),
                    None => Self::Agreed,
                },
                OrderState::Paying | OrderState::Paid => Self::Agreed,
            }),
            Err(failure) if failure.is("25") => Ok(Self::Free),
            Err(failure) => Err(failure),
        }
    }
}

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
    /// The payer has cancelled it.
    Cancelled,
    /// Nobody asked in time.
    Expired,
}

/// For the window's script.
#[derive(Debug, Serialize)]
pub struct WindowState {
    /// The word. Whenever it is another than before, the page is loaded again and says more.
    state: &'static str,
}

impl WindowState {
    /// The session has ended.
    pub const ENDED: Self = Self { state: "ended" };

    /// What has become of it; `None` where the payer has agreed to something else.
    pub fn of(outcome: Option<&Outcome>) -> Self {
        Self {
            state: outcome.map_or("other", Outcome::word),
        }
    }
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

    /// Asks the switch. `None` where the payer has agreed to another amount or currency: nothing that the switch says of the order is
    /// about this purchase.
    ///
    /// # Errors
    /// 25 where nobody has agreed to the order in this wallet.
    pub async fn read(
        app: &App,
        session: &Session,
        purchase: &Purchase,
    ) -> Result<Option<Self>, Failure> {
        let order = app
            .switch
            .read_order(session, &purchase.mall, &purchase.order)
            .await?;
        if !purchase.is(&order) {
            return Ok(None);
        }
        Ok(Some(match order.state {
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
        }))
    }
}

/// Why the mall's last attempt since the payer's agreement came to nothing, if there was one: after it the order is open again.
async fn declined(
    app: &App,
    session: &Session,
    purchase: &Purchase,
) -> Result<Option<String>, Failure> {
    let order = OrderKey::of(purchase.mall.as_bytes(), purchase.order.as_bytes()).to_string();
    let (mut rows, mut from) = (Vec::new(), None);
    // What is older than the agreement is about an earlier one.
    loop {
        let piece = app.switch.history(session, from).await?;
        let known = rows.len();
        rows.extend(piece.rows);
        let agreement = rows[known..]
            .iter()
            .position(|row| row.kind == EventKind::OrderAnnounced && row.order == order);
        if let Some(place) = agreement {
            rows.truncate(known + place);
            break;
        }
        from = piece.older;
        if from.is_none() || rows.len() == known || rows.len() >= ROWS_MAX {
            break;
        }
    }
    let transactions = assemble(&rows, app.settings.line.institution);
    let attempt = transactions
        .into_iter()
        .find(|transaction| transaction.order == order);
    Ok(attempt.and_then(|attempt| match attempt.outcome {
        Settled::Failed(code) => Some(code),
        _ => None,
    }))
}
