//! Texts of the help page, of the installable program, and of the page without a connection.

pub const TITLE: &str = "Help";
/// Question, answer.
pub const QUESTIONS: &[(&str, &str)] = &[
    (
        "I have lost my password",
        "Set a new one with your identification number and your recovery code: choose \u{201c}Forgotten your password?\u{201d} on the sign-in page.",
    ),
    (
        "I have lost my identification number or my recovery code",
        "Look at the page that you printed and in your password manager. A device that is still signed in can create another code under Security, and the device on which you opened the wallet shows the number there. Without the number, or without both password and code, nobody can open the wallet: if you are still signed in, pay your money back to a funding source and open a new wallet.",
    ),
    (
        "What does a mall learn about me?",
        "That an order was paid, or a card number that represents you. It does not learn your name, your bank, your real card, your balance, or your other purchases.",
    ),
    (
        "What is \u{201c}held\u{201d}?",
        "Money that is held for a purchase that is not complete yet. It is either paid, or returned to you automatically.",
    ),
    (
        "A purchase was declined",
        "The Transactions page shows the reason. \u{201c}Not enough money\u{201d}: load more money. \u{201c}Above an amount limit\u{201d}: check the Limits page. \u{201c}The bank did not answer\u{201d}: nothing was paid; try again.",
    ),
    (
        "When do I use a further number?",
        "One purchase: for a mall that you don't trust. One mall: for a subscription, or a mall that stores your card.",
    ),
    (
        "Somebody else has my card number",
        "Freeze the wallet, then get a new number on the Card page. Your money stays.",
    ),
    (
        "Why am I signed out so often?",
        "A session ends after some time without use, and in any case after some hours. This protects your wallet if somebody finds your device unlocked.",
    ),
    (
        "How do I close the wallet?",
        "Use the form at the end of the Money page. Your money is paid back to one of your funding sources.",
    ),
];

pub const PROGRAM_TITLE: &str = "Wallet program";
pub const PROGRAM_LEAD: &str =
    "These pages are all you need. Two additions make them easier to use.";
pub const INSTALL_TITLE: &str = "As an app";
pub const INSTALL: &[&str] = &[
    "On a phone: open the browser's menu on this page and choose \u{201c}Add to home screen\u{201d} or \u{201c}Install\u{201d}.",
    "On a computer: choose the install sign at the right end of the address bar.",
    "It stores no data of your wallet on the device.",
];
pub const EXTENSION_TITLE: &str = "In the browser: the extension";
pub const EXTENSION_LEAD: &str =
    "At malls without Tessera, it fills the card form with a number that works only for that mall.";
pub const CHROMIUM_TITLE: &str = "Chrome, Edge and other browsers based on Chromium";
pub const CHROMIUM_STEPS: &[&str] = &[
    "Download the extension and unpack it into a permanent folder.",
    "Open chrome://extensions (or edge://extensions) and switch on \u{201c}Developer mode\u{201d}.",
    "Choose \u{201c}Load unpacked\u{201d} and the folder.",
    "Pin Tessera to the toolbar, open it, and sign in with your identification number and password.",
];
pub const CHROMIUM_DOWNLOAD: &str = "Download for Chrome and Edge";
pub const FIREFOX_TITLE: &str = "Firefox";
pub const FIREFOX_STEPS: &[&str] = &[
    "Download the extension. You don't need to unpack it.",
    "Open about:debugging#/runtime/this-firefox and choose \u{201c}Load Temporary Add-on\u{2026}\u{201d} and the file.",
    "Open Tessera from the toolbar, and sign in with your identification number and password.",
    "Firefox removes it when it is closed: load it again after the next start.",
];
pub const FIREFOX_DOWNLOAD: &str = "Download for Firefox";
pub const SIGNED_STEPS: &[&str] = &[
    "Choose \u{201c}Install in Firefox\u{201d}, and confirm when Firefox asks.",
    "Open Tessera from the toolbar, and sign in with your identification number and password.",
];
pub const SIGNED_INSTALL: &str = "Install in Firefox";
pub const SHORTCUT_TITLE: &str = "Open it quickly";
pub const SHORTCUT: &str = "Press Alt+Shift+P on the page with the card form, or right-click a field and choose \u{201c}Fill with a Tessera card\u{201d}. The extension shows what it can fill and fills nothing until you press its button.";
pub const MISSING_TITLE: &str = "The extension is not available";
pub const MISSING: &str =
    "This server has no such package. Choose another one under \u{201c}Wallet program\u{201d}.";

pub const OFFLINE_TITLE: &str = "No connection";
pub const OFFLINE: &str = "Your wallet is not stored on this device, so it can't be shown without a connection. Try again when you are online.";
pub const RETRY: &str = "Try again";
