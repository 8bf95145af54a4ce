//! Home.

pub const TITLE: &str = "Home";
pub const AVAILABLE: &str = "Available";
pub const HELD: &str = "Held for purchases under way";
pub const NOTHING_HELD: &str = "Nothing held";
pub const LIVE: &str = "Up to date";
pub const RESTING: &str = "Not live any more";
pub const RELOAD_PAGE: &str = "Show now";
pub const RECENT: &str = "Last transactions";
pub const ALL: &str = "All transactions";
pub const EMPTY_TITLE: &str = "Nothing has happened yet";
pub const EMPTY: &str =
    "Take a card, load some money, and your purchases will appear here as they happen.";
pub const LOAD: &str = "Load money";
pub const CARD: &str = "Your card";
pub const NO_CARD: &str = "You have no card yet. It is free, and it is made at once.";
pub const GET_CARD: &str = "Get a card";
pub const SHOW_CARD: &str = "Show the number";
pub const FREEZE: &str = "Freeze";
pub const FROZEN: &str = "Frozen: no purchase goes through.";
pub const UNFREEZE: &str = "Open again";
pub const CLOSING: &str = "This wallet is being closed.";
pub const CONTACT_PENDING: &str = "An address waits for its code.";
