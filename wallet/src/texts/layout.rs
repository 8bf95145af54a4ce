//! Texts of the frame around every page: navigation and footer.

pub const BRAND: &str = "Tessera";
pub const BRAND_LONG: &str = "Tessera wallet";
pub const DESCRIPTION: &str = "A prepaid wallet that pays without revealing who you are";
pub const MENU: &str = "Pages";
pub const SKIP: &str = "Skip to the content";
pub const HELP: &str = "Help";
pub const PROGRAM: &str = "Wallet program";
pub const SIGN_IN: &str = "Sign in";
pub const SIGN_OUT: &str = "Sign out";
pub const FOOTER: &str = "Malls see a card number or an order number, and nothing else.";

/// The menu: path, label.
pub const PAGES: &[(&str, &str)] = &[
    ("/home", "Home"),
    ("/transactions", "Transactions"),
    ("/card", "Card"),
    ("/money", "Money"),
    ("/limits", "Limits"),
    ("/notifications", "Notifications"),
    ("/sessions", "Security"),
];
