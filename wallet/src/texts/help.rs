//! Help, the wallet program, and being offline.

pub const TITLE: &str = "Help";
/// Question, answer.
pub const QUESTIONS: &[(&str, &str)] = &[
    (
        "I have lost my identification number or my password",
        "Then nobody can open the wallet. We don't know who you are, so there is nobody to whom we could give it back. As long as you are signed in somewhere, load nothing, pay the money back to a source and open a new wallet.",
    ),
    (
        "What does a mall learn about me?",
        "That an order was paid, or a card number that stands for you. Not your name, your bank, your real card, your balance, or what you bought elsewhere.",
    ),
    (
        "What is \u{201c}held\u{201d}?",
        "Money that is set aside for a purchase which the bank has not answered yet. It is paid, or it comes back by itself.",
    ),
    (
        "A purchase was declined",
        "Transactions says why. \u{201c}Not enough money\u{201d}: load some. \u{201c}Above an amount limit\u{201d}: look at Limits. \u{201c}The bank did not answer\u{201d}: nothing was paid; try again.",
    ),
    (
        "When do I use a further number?",
        "One purchase: for a mall that you don't trust. One mall: for a subscription, or a mall that keeps your card.",
    ),
    (
        "Somebody has my card number",
        "Freeze the wallet, then take a new number on the Card page. Your money stays.",
    ),
    (
        "Why am I signed out so often?",
        "A session ends when it is not used for a while, and after some hours in any case: whoever finds your device open finds no wallet.",
    ),
    (
        "How do I close the wallet?",
        "At the end of the Money page. Your money goes back to a source of yours.",
    ),
];

pub const PROGRAM_TITLE: &str = "Wallet program";
pub const PROGRAM_LEAD: &str = "These pages are all you need. Two additions make them handier.";
pub const INSTALL_TITLE: &str = "As an app";
pub const INSTALL: &[&str] = &[
    "On a phone: open the browser's menu on this page and choose \u{201c}Add to home screen\u{201d} or \u{201c}Install\u{201d}.",
    "On a computer: choose the install sign at the right end of the address bar.",
    "It keeps nothing of your wallet on the device.",
];
pub const EXTENSION_TITLE: &str = "In the browser: the extension";
pub const EXTENSION_LEAD: &str = "It fills a number made for that mall into the card fields of a mall that does not know Tessera.";
pub const EXTENSION_STEPS: &[&str] = &[
    "Download the extension and unpack it into a folder that stays.",
    "Open chrome://extensions (or edge://extensions) and switch on \u{201c}Developer mode\u{201d}.",
    "Choose \u{201c}Load unpacked\u{201d} and the folder.",
    "Open the extension and sign in with your identification number and password.",
];
pub const DOWNLOAD: &str = "Download the extension";
pub const MISSING_TITLE: &str = "The extension has not been packed";
pub const MISSING: &str = "This server has no extension to hand out. Its operator packs it with \u{201c}make extension\u{201d}, or names its path in the configuration.";

pub const OFFLINE_TITLE: &str = "No connection";
pub const OFFLINE: &str = "Your wallet is not kept on this device, so there is nothing to show without a connection. Try again when you are back.";
pub const RETRY: &str = "Try again";
