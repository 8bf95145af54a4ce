//! Texts of the pay window.

pub const TITLE: &str = "Pay";
pub const OPENING: &str = "Waiting for the mall\u{2026}";
pub const NO_SCRIPT: &str =
    "This window needs JavaScript. Go back to the mall and choose another way to pay.";
pub const UNREGISTERED_TITLE: &str = "This mall is not registered";
pub const UNREGISTERED: &str = "This purchase does not come from a registered page of the mall. Nothing has been paid. Go back to the mall and try again. If it happens again, please inform the mall.";
pub const BAD_TITLE: &str = "This purchase can't be read";
pub const BAD: &str =
    "The details from the mall are incomplete or do not match. Nothing has been paid.";
pub const SILENT_TITLE: &str = "The mall does not answer";
pub const SILENT: &str = "The page that opened this window does not say what you want to pay. Nothing has been paid. Close this window and try again in the mall.";
pub const SILENT_MALL: &str = "The page that opened the window was closed, or its Cross-Origin-Opener-Policy cuts it off: use same-origin-allow-popups.";
pub const FOR_MALL: &str = "For the mall:";
pub const SEE: &str = "See \u{201c}What can go wrong\u{201d} in docs/malls.md.";
pub const OTHER_TITLE: &str = "This is not what you agreed to";
pub const OTHER: &str = "You agreed to a different amount for this order. The amount that the mall shows now will not be paid. Go back to the mall, and check your transactions to see what you paid.";
pub const FRAMED_TITLE: &str = "This page is inside another page";
pub const FRAMED: &str = "Something could be covering it, so you can't agree to a purchase here. Nothing has been paid. Go back to the mall and inform it.";
pub const SIGN_IN_LEAD: &str = "Sign in to see the purchase. The mall does not see your details.";
pub const WANTS: &str = "asks you to pay";
pub const ORDER: &str = "Order";
pub const TOTAL: &str = "Total";
pub const AVAILABLE: &str = "Available";
pub const AFTER: &str = "Afterwards";
pub const LOAD_FROM: &str = "Load it from";
pub const LOAD_AMOUNT: &str = "Amount to load";
pub const LOAD: &str = "Load money";
pub const ADD_SOURCE: &str = "Add a card or bank account to load from, in a new tab";
pub const GET_CARD: &str = "Get a card to load money onto, in a new tab";
pub const FROZEN: &str = "Your wallet is frozen. Unfreeze it to pay.";
pub const UNFREEZE: &str = "Unfreeze the wallet";
pub const CLOSING: &str = "Your wallet is being closed, so it can't pay any more.";
pub const CHANGE_LIMITS: &str = "Change your limits in a new tab";
/// After it comes the amount.
pub const PAY: &str = "Pay";
pub const CANCEL: &str = "Cancel";
pub const OTHER_CURRENCY: &str = "This purchase is not in the currency of your wallet.";
pub const WAITING: &str = "You agreed. Waiting for the mall\u{2026}";
pub const GO_BACK: &str = "Go back to the mall to complete the purchase.";
pub const PAYING: &str = "Waiting for the bank\u{2026}";
pub const PAID: &str = "Paid";
pub const PAID_LEAD: &str = "The mall has been informed. You can close this window.";
pub const CANCELLED: &str = "Cancelled";
pub const CANCELLED_LEAD: &str = "Nothing was paid. You can close this window.";
pub const EXPIRED: &str = "The mall did not charge you";
pub const EXPIRED_LEAD: &str =
    "You agreed, but the mall did not request the payment. Nothing was paid.";
pub const DECLINED: &str = "Declined";
pub const BACK: &str = "Back to the mall";
pub const CLOSE: &str = "Close this window";
pub const ELSEWHERE: &str = "This order is already paid, or another wallet has agreed to pay it.";

/// So much is missing in the wallet.
pub fn short(missing: &str) -> String {
    format!("You need {missing} more to pay this.")
}

/// What is wrong with a field of the mall's request.
pub fn field(name: &str) -> String {
    let rule = match name {
        "order" => "1 to 32 printable ASCII characters without spaces",
        "amount" => "a whole number of minor units, 1 to 999999999999",
        "currency" => "ISO 4217, letters or number, such as USD or 840",
        "lines" => {
            "a list of up to 30 lines with text and amount; the amounts add up to the amount of the order"
        }
        _ => "an address of the page that asks, with the same origin",
    };
    format!("the field {name} can't be used. It must be {rule}.")
}

/// No such mall is registered.
pub fn unknown_mall(mall: &str) -> String {
    match mall {
        "" => "the field mall is missing.".to_owned(),
        _ => format!("the field mall names {mall}, which is not registered at this wallet server."),
    }
}

/// The page that asks is none of the mall's, as far as it is known.
pub fn origin(mall: &str, origin: Option<&str>) -> String {
    match origin {
        None => format!("the origin of the page is not registered for {mall}."),
        Some("" | "null") => format!(
            "the browser does not say from which page of {mall} it comes: do not use Referrer-Policy: no-referrer."
        ),
        Some(origin) => format!("the origin {origin} is not registered for {mall}."),
    }
}

/// The result of the previous try, if the payer may agree again.
pub fn declined_before(reason: &str) -> String {
    format!("The last try was declined: {reason}. Nothing was paid, and you may agree again.")
}

/// The reason of a decline.
pub fn declined(reason: &str) -> String {
    format!("Reason: {reason}. Nothing was paid.")
}
