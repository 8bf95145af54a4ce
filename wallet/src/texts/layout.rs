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

pub const MORE: &str = "More";

/// The first part of the menu, which a phone shows as tabs: path, label.
pub const TABS: &[(&str, &str)] = &[
    ("/home", "Home"),
    ("/transactions", "Transactions"),
    ("/card", "Card"),
    ("/money", "Money"),
];

/// The rest of the menu, which a phone shows on a page of its own: path, label, what is there.
pub const REST: &[(&str, &str, &str)] = &[
    (
        "/limits",
        "Limits",
        "What can be spent, and a way to freeze the wallet",
    ),
    (
        "/notifications",
        "Notifications",
        "Messages about purchases and sign-ins",
    ),
    (
        "/sessions",
        "Security",
        "Your sessions, password and recovery code",
    ),
];
pub const HELP_LEAD: &str = "Answers to common questions";
