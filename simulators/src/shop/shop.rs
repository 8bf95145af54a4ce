//! What the pages of a shop share.

use std::sync::Arc;

use maud::Markup;
use tessera_protocol::Currency;

use super::acquiring::{Client, Standing};
use super::goods::{Good, find};
use super::orders::{Line, Order, Orders};
use super::webhook::{Confirmation, Webhooks};

/// A shop.
pub(super) struct Shop {
    /// What its sign says.
    pub name: String,
    /// The class of its pages.
    pub look: &'static str,
    /// Where its pages lead: address and text.
    pub ways: &'static [(&'static str, &'static str)],
    pub goods: &'static [Good],
    /// The currency of its prices.
    pub currency: Currency,
    pub orders: Orders,
    /// What an order's page offers its buyer while it is not paid.
    pub unpaid: fn(&Order, Option<&Standing>) -> Markup,
    pub client: Client,
    /// What the switch confirms by itself; none where it is not asked to.
    pub webhooks: Option<Webhooks>,
}

impl Shop {
    /// Places an order on these goods, at the shop's own prices, under a number that was drawn for it: sent twice, it is placed
    /// once. `None` where there are none of these goods, or the shop can't write.
    pub async fn place(
        self: &Arc<Self>,
        number: String,
        wanted: &[(String, u64)],
    ) -> Option<Order> {
        let lines: Vec<_> = wanted
            .iter()
            .filter_map(|(id, count)| {
                let good = find(self.goods, id)?;
                let text = match count {
                    0 => return None,
                    1 => good.name.to_owned(),
                    count => format!("{count} x {}", good.name),
                };
                let amount = good.price.checked_mul(*count)?;
                Some(Line {
                    text,
                    good: id.clone(),
                    count: *count,
                    amount,
                })
            })
            .collect();
        if lines.is_empty() {
            return None;
        }
        // It waits for the disk.
        let shop = Arc::clone(self);
        match actix_web::web::block(move || shop.orders.place(&number, lines)).await {
            Ok(Ok(order)) => Some(order),
            Ok(Err(error)) => {
                tracing::error!(%error, "the orders cannot be written");
                None
            }
            Err(_) => None,
        }
    }

    /// An order and how it stands.
    pub async fn look(&self, number: &str) -> Option<(Order, Option<Standing>)> {
        let order = self.orders.find(number)?;
        let standing = self.client.look(number).await;
        Some((order, standing))
    }

    /// What webhooks have confirmed about an order, in the order in which they came.
    pub fn confirmed(&self, number: &str) -> Vec<Confirmation> {
        let webhooks = self.webhooks.as_ref();
        webhooks.map_or_else(Vec::new, |webhooks| webhooks.confirmations.of(number))
    }
}
