//! Texts of the home page.

pub const TITLE: &str = "Home";
pub const AVAILABLE: &str = "Available";
pub const HELD: &str = "Held for open purchases";
pub const NOTHING_HELD: &str = "Nothing held";
pub const LIVE: &str = "Up to date";
/// After it comes the time of day.
pub const STALE: &str = "No connection. As of";
/// After it comes the time of day.
pub const RESTING: &str = "Updates have paused. As of";
pub const ENDED_TITLE: &str = "You are signed out";
pub const ENDED: &str = "This session has ended. Sign in to see your wallet.";
pub const SIGN_IN: &str = "Sign in";
pub const RELOAD_PAGE: &str = "Update now";
pub const RECENT: &str = "Last transactions";
pub const ALL: &str = "All transactions";
pub const EMPTY_TITLE: &str = "No transactions yet";
pub const EMPTY: &str = "Get a card, load some money, and your purchases will appear here at once.";
pub const LOAD: &str = "Load money";
pub const CARD: &str = "Your card";
pub const NO_CARD: &str = "You have no card yet. It is free, and you get it at once.";
pub const GET_CARD: &str = "Get a card";
pub const SHOW_CARD: &str = "Show the number";
pub const FREEZE: &str = "Freeze";
pub const FROZEN: &str = "Frozen: purchases are declined.";
pub const UNFREEZE: &str = "Unfreeze";
pub const CLOSING: &str = "This wallet is being closed.";
pub const CONTACT_PENDING: &str = "An address is not confirmed yet.";

/// So much is owed.
pub fn owed(amount: &str) -> String {
    format!(
        "You owe {amount}: a mall charged more than you had. It is paid from the next money that you load."
    )
}
