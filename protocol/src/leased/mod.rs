//! What the wallet server and the switch say to each other in 0600, 0610 and 0620: operations, tags, rows.
//!
//! ```text
//! 0600  24 operation   60 data      62 secrets
//! 0610  24 operation   39 code      61, 63 data (a list that goes on)   62 secrets   48 tag 09 why it was refused
//! 0620  24 operation   60 data      nobody answers it: something happened to a wallet that is being watched
//! ```
//!
//! Data and secrets are text TLVs, as in field 48. Passwords, sessions, card numbers and the like are in field 62 only,
//! so that a program that shows a message can omit that one field.

mod operation;
mod rows;
pub mod tag;

pub use operation::{Operation, WATCHED};
pub use rows::{
    BrowserRow, EventKind, HistoryRow, LIMITS, LanguageCode, Limits, NotificationPreferences,
    NumberRow, NumberState, NumberUse, PasskeyRow, Purpose, ReloadRow, RequestRow, RowError,
    SessionKind, SessionRow, SourceKind, SourceRow, Spent,
};

/// A session's handle: the wallet in 16 hexadecimal digits, and the secret of [`SECRET_DIGITS`] that opened it.
pub const SESSION_DIGITS: usize = 16 + SECRET_DIGITS;
/// The secret that a session is opened with: 24 random bytes in hexadecimal.
pub const SECRET_DIGITS: usize = 48;
/// Passkeys of a wallet.
pub const PASSKEYS_MAX: usize = 10;
/// Characters of a passkey's name at most.
pub const PASSKEY_NAME_CHARACTERS_MAX: usize = 40;
/// Bytes of a passkey's id at most.
pub const PASSKEY_ID_BYTES_MAX: usize = 256;
/// Browsers of a wallet that show notifications.
pub const BROWSERS_MAX: usize = 5;
/// Characters of a browser's name at most.
pub const BROWSER_NAME_CHARACTERS_MAX: usize = 60;
/// Characters of the address at which a push service takes messages, at most.
pub const PUSH_ADDRESS_BYTES_MAX: usize = 600;
/// Bytes of a password at least.
pub const PASSWORD_BYTES_MIN: usize = 10;
/// Bytes of a password at most.
pub const PASSWORD_BYTES_MAX: usize = 128;
