//! Texts of the start page, registration and sign-in.

pub const START_TITLE: &str = "Pay without saying who you are";
pub const START_LEAD: &str = "Tessera is a prepaid wallet. You load money, you shop, and the mall gets paid. It never learns your name, your card or your bank.";
pub const START_POINTS: &[(&str, &str)] = &[
    (
        "No personal data",
        "No name, no e-mail, no phone number. You only need a password and an identification number, which we create for you.",
    ),
    (
        "A card that represents you",
        "Pay with your card wherever cards are accepted. Further numbers work for one purchase, or for one mall.",
    ),
    (
        "You decide each time",
        "If a mall offers the pay window, you see the purchase and its price, and you agree or cancel.",
    ),
    (
        "Never more than you loaded",
        "Prepaid, with limits that you set. Freeze it with one tap.",
    ),
];
pub const REGISTER: &str = "Open a wallet";
pub const REGISTER_LEAD: &str =
    "We have created an identification number for you. Choose a password, and keep both.";
pub const NUMBER_HINT: &str =
    "Your password manager can save it. You see it again on the next page.";
pub const ANOTHER: &str =
    "This identification number is in use already. Here is another one; nothing was opened.";
pub const PASSWORD: &str = "Password";
pub const PASSWORD_HINT: &str = "At least 10 characters that nobody guesses: three or four words, for example. Only the recovery code replaces a lost one.";
pub const PASSWORD_AGAIN: &str = "Repeat the password";
pub const OWN: &str = "Open with this password";
pub const GENERATED_TITLE: &str = "Or use a strong password";
pub const GENERATED_LEAD: &str =
    "We create a strong password and show it to you together with the number.";
pub const GENERATED: &str = "Open with a created password";
pub const PASSWORD_SHORT: &str = "The password must have at least 10 characters.";
pub const PASSWORD_LONG: &str = "The password is too long. It can have 128 plain letters, digits and signs; letters with accents and letters of other scripts count as two or more.";
pub const PASSWORD_NUMBER: &str =
    "The password must not contain the identification number. Use something that only you know.";
pub const PASSWORD_BETTER: &str =
    "Use three or four words that have nothing to do with each other, or a created password.";
pub const WEAK: &str = "This password is easy to guess.";
pub const WEAK_COMMON: &str = "This is one of the most common passwords.";
pub const WEAK_SIMILAR: &str = "This is almost one of the most common passwords.";
pub const WEAK_KEYS: &str = "Keys that are next to each other are easy to guess.";
pub const WEAK_REPEATS: &str = "Repeated letters or groups are easy to guess.";
pub const WEAK_SEQUENCE: &str = "Sequences such as abc or 4321 are easy to guess.";
pub const WEAK_DATE: &str = "Dates and years are easy to guess.";
pub const WEAK_WORD: &str = "A single word is easy to guess.";
pub const WEAK_NAME: &str = "Names are easy to guess.";
pub const PASSWORD_DIFFERS: &str = "The two passwords are not the same.";

pub const NEW_TITLE: &str = "Write this down";
pub const NEW_LEAD: &str = "You sign in with your identification number. We do not store it, so we can't send it to you. Without it the wallet can't be opened, neither by you nor by us. Until you sign out of this browser, you also find it under Security.";
pub const NEW_CODE_LEAD: &str = "The recovery code sets a new password if you lose yours. It is shown only now: print this page or write the code down, and keep it away from this device.";
pub const NEW_NUMBER: &str = "Identification number";
pub const NEW_PASSWORD: &str = "Password";
pub const NUMBER_LEAD: &str = "You sign in with it. This browser shows it until you sign out.";
pub const NUMBER_SHOW: &str = "Show the number";
pub const NEW_NEXT: &str = "I have written it down";
pub const COPY: &str = "Copy";
pub const COPIED: &str = "Copied";

pub const SIGN_IN: &str = "Sign in";
pub const CLIENT: &str = "Identification number";
pub const CLIENT_HINT: &str = "15 digits; spaces do not matter.";
pub const NO_MATCH: &str = "The identification number or the password is wrong.";
pub const MISTYPED: &str = "The identification number is mistyped. Please check the digits.";
pub const NO_WALLET: &str = "No wallet yet?";
