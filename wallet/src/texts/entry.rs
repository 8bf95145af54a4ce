//! Start, registration, signing in.

pub const START_TITLE: &str = "Pay without saying who you are";
pub const START_LEAD: &str = "Tessera is a prepaid wallet. You load it, you shop, and the mall is paid. It never learns your name, your card or your bank.";
pub const START_POINTS: &[(&str, &str)] = &[
    (
        "Nothing to hand over",
        "No name, no e-mail, no phone number. A number that we draw for you and a password is all there is.",
    ),
    (
        "A card that stands for you",
        "Your representative card pays where cards are taken. Further numbers last for one purchase, or for one mall.",
    ),
    (
        "You decide each time",
        "Where a mall offers the pay window, you see what it is and what it costs, and you agree or you don't.",
    ),
    (
        "Never more than you loaded",
        "Prepaid, with limits that you set. Freeze it with one tap.",
    ),
];
pub const REGISTER: &str = "Open a wallet";
pub const REGISTER_LEAD: &str =
    "It takes a password. We draw an identification number for you and show it once.";
pub const PASSWORD: &str = "Password";
pub const PASSWORD_HINT: &str =
    "At least 10 characters. Nobody can send you a new one, so keep it well.";
pub const PASSWORD_AGAIN: &str = "The same once more";
pub const OWN: &str = "Open with this password";
pub const GENERATED_TITLE: &str = "Or take one that nobody guesses";
pub const GENERATED_LEAD: &str =
    "We draw a strong password and show it to you together with the number.";
pub const GENERATED: &str = "Open with a drawn password";
pub const PASSWORD_SHORT: &str = "The password must have at least 10 characters.";
pub const PASSWORD_LONG: &str = "The password is too long. 128 plain letters, digits and signs fit; letters with accents and of other scripts take the room of two or more.";
pub const PASSWORD_DIFFERS: &str = "The two passwords are not the same.";

pub const NEW_TITLE: &str = "Write this down";
pub const NEW_LEAD: &str = "This is the only time that you see your identification number. It is not stored anywhere from which we could send it, and without it nobody can open the wallet: not you, and not us.";
pub const NEW_NUMBER: &str = "Identification number";
pub const NEW_PASSWORD: &str = "Password";
pub const NEW_NEXT: &str = "I have written it down";
pub const COPY: &str = "Copy";
pub const COPIED: &str = "Copied";

pub const SIGN_IN: &str = "Sign in";
pub const CLIENT: &str = "Identification number";
pub const CLIENT_HINT: &str = "15 digits; spaces do not matter.";
pub const NO_MATCH: &str = "The identification number and the password do not fit together.";
pub const MISTYPED: &str = "The identification number is mistyped: look at the digits again.";
pub const NO_WALLET: &str = "No wallet yet?";
