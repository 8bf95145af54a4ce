//! Browsers that show notifications.

use tessera_protocol::leased::{BROWSERS_MAX, BrowserRow, Operation, tag};

use super::{Given, Reply, Wallet};

/// What browsers subscribe with.
pub const PUSH_KEY: &str = "BAEC";

impl Wallet {
    pub(super) fn of_browsers(
        &mut self,
        operation: Operation,
        given: &Given,
        (handle, number): (&str, u32),
    ) -> Reply {
        let refused = |code: &str, reason: &str| {
            let mut reply = Reply::code(code);
            reply.reason = reason.into();
            reply
        };
        let wallet = u64::from_str_radix(&handle[..16], 16).unwrap();
        let (address, count) = (given.text(tag::PUSH_ADDRESS), self.browsers.len());
        match operation {
            Operation::AddBrowser if address.contains("unknown") => {
                refused("12", "this push service is not in the configured list")
            }
            Operation::AddBrowser if self.browsers.iter().any(|(known, ..)| known == address) => {
                refused("94", "this browser shows notifications already")
            }
            Operation::AddBrowser if count >= BROWSERS_MAX => {
                refused("65", "too many browsers: remove one of them first")
            }
            Operation::AddBrowser => {
                let row = BrowserRow {
                    number: count as u32 + 1,
                    added_at: 1_795_000_000_000,
                    digest: BrowserRow::digest(wallet, address),
                    name: given.text(tag::DEVICE).into(),
                };
                let keys = given.text(tag::PUSH_KEYS).to_owned();
                self.browsers.push((address.to_owned(), keys, row));
                Reply::code("00")
            }
            Operation::RemoveBrowser => {
                self.browsers.retain(|(.., row)| row.number != number);
                let left = self.browsers.len() < count;
                Reply::code(if left { "00" } else { "25" })
            }
            _ => {
                let key = Reply::code("00").data(tag::PUSH_KEY, PUSH_KEY);
                let rows = self.browsers.iter().rev();
                rows.fold(key, |reply, (.., row)| reply.data(tag::BROWSER_ROW, row))
            }
        }
    }
}
