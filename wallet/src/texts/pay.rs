//! The pay window.

pub const TITLE: &str = "Pay";
pub const OPENING: &str = "Waiting for the mall\u{2026}";
pub const NO_SCRIPT: &str =
    "This window needs JavaScript. Go back to the mall and choose another way to pay.";
pub const STRANGER_TITLE: &str = "We don't know who is asking";
pub const STRANGER: &str = "This purchase does not come from a page of a mall that is registered here. Nothing has been paid. Go back to the mall and try again; if it happens again, tell the mall.";
pub const BAD_TITLE: &str = "This purchase can't be read";
pub const BAD: &str =
    "What the mall has sent is incomplete or contradicts itself. Nothing has been paid.";
pub const OTHER_TITLE: &str = "This is not what you agreed to";
pub const OTHER: &str = "You have agreed to pay another amount for this order. What the mall shows now changes nothing about that, and is not paid. Go back to the mall; your transactions say what you have paid.";
pub const FRAMED_TITLE: &str = "This page stands in another one";
pub const FRAMED: &str = "What lies over it can't be known, so nothing is agreed to here. Nothing has been paid. Go back to the mall and tell it.";
pub const SIGN_IN_LEAD: &str =
    "Sign in to see what it is about. The mall does not see any of this.";
pub const WANTS: &str = "asks you to pay";
pub const ORDER: &str = "Order";
pub const TOTAL: &str = "Total";
pub const AVAILABLE: &str = "Available";
pub const AFTER: &str = "Afterwards";
pub const SHORT: &str = "There is not enough money in your wallet.";
pub const LOAD: &str = "Load money in a new tab";
pub const AGREE: &str = "Agree and pay";
pub const CANCEL: &str = "Cancel";
pub const OTHER_CURRENCY: &str = "Your wallet is in another currency than this purchase.";
pub const WAITING: &str = "Agreed. The mall is being told\u{2026}";
pub const GO_BACK: &str = "Go back to the mall, so that it hears of it.";
pub const PAYING: &str = "The bank is being asked\u{2026}";
pub const PAID: &str = "Paid";
pub const PAID_LEAD: &str = "The mall knows. You can close this window.";
pub const CANCELLED: &str = "Cancelled";
pub const CANCELLED_LEAD: &str = "Nothing was paid. You can close this window.";
pub const EXPIRED: &str = "The mall did not ask";
pub const EXPIRED_LEAD: &str =
    "You agreed, but the mall never asked for the money. Nothing was paid.";
pub const DECLINED: &str = "Declined";
pub const BACK: &str = "Back to the mall";
pub const CLOSE: &str = "Close this window";
pub const ELSEWHERE: &str = "This order is paid, or somebody else has agreed to pay it.";

/// What became of the try before, where the payer may agree again.
pub fn declined_before(reason: &str) -> String {
    format!("The last try was declined: {reason}. Nothing was paid, and you may agree again.")
}

/// Why the bank or the switch said no.
pub fn declined(reason: &str) -> String {
    format!("Reason: {reason}. Nothing was paid.")
}
