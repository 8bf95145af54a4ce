//! TLV tags of fields 60 to 63. `secret` ones stand in field 62.

/// Wallet, decimal.
pub const WALLET: u8 = 1;
/// Amount in minor units, decimal.
pub const AMOUNT: u8 = 2;
/// Currency, numeric.
pub const CURRENCY: u8 = 3;
/// Card acceptor id of the mall.
pub const ACCEPTOR: u8 = 4;
/// Order number of the mall.
pub const ORDER: u8 = 5;
/// What is bought, for the payer's eyes.
pub const DESCRIPTION: u8 = 6;
/// Secret: the number of a funding source, up to 28 characters. In field 60 for a wallet without an account.
pub const SOURCE: u8 = 7;
/// Secret: card number.
pub const CARD: u8 = 8;
/// Secret: expiry of the card, YYMM.
pub const EXPIRY: u8 = 9;
/// Ledger balance in minor units, decimal.
pub const LEDGER: u8 = 10;
/// Available balance in minor units, decimal.
pub const AVAILABLE: u8 = 11;
/// How many events of history. In an overview: how many passkeys there are; absent where none can be had.
pub const COUNT: u8 = 12;
/// Where history goes on; absent where it ends. In an overview and a notice: where the newest event stands.
pub const POSITION: u8 = 13;
/// One event, a [`HistoryRow`](super::HistoryRow).
pub const EVENT: u8 = 14;
/// Secret: the handle of a session, [`SESSION_DIGITS`](super::SESSION_DIGITS) long.
pub const SESSION: u8 = 15;
/// Secret: the payer's identification number.
pub const CLIENT: u8 = 16;
/// Secret: the password.
pub const PASSWORD: u8 = 17;
/// Secret: the password to be.
pub const NEW_PASSWORD: u8 = 18;
/// Secret: what opens a session, [`SECRET_DIGITS`](super::SECRET_DIGITS) long.
pub const SECRET: u8 = 19;
/// What the payer sees in their list of sessions, up to 60 characters.
pub const DEVICE: u8 = 20;
/// Secret: the address of the payer's browser, to slow down who guesses. Never kept.
pub const ADDRESS: u8 = 21;
/// Number of a funding source, a session or a further card number within its wallet.
pub const NUMBER: u8 = 22;
/// Seconds after which it may be tried again.
pub const RETRY_AFTER: u8 = 23;
/// Kind of a session, a source, a number or a contact: a word.
pub const KIND: u8 = 24;
/// Below how much available the wallet reloads.
pub const THRESHOLD: u8 = 25;
/// Secret: e-mail address or mobile number.
pub const CONTACT: u8 = 26;
/// Secret: the confirmation code.
pub const CODE: u8 = 27;
/// [`NotificationPreferences`](super::NotificationPreferences).
pub const PREFERENCES: u8 = 28;
/// The payer's own [`Limits`](super::Limits).
pub const LIMITS: u8 = 29;
/// State of the wallet: `open`, `frozen`, `closing`. Of an order: `open`, `paying`, `paid`, `cancelled`, `expired`.
pub const STATE: u8 = 30;
/// The representative card as it may be shown: `last four digits,YYMM`.
pub const SHOWN_CARD: u8 = 32;
/// The operator's [`Limits`](super::Limits).
pub const LIMITS_ALLOWED: u8 = 33;
/// [`Spent`](super::Spent).
pub const SPENT: u8 = 34;
/// A [`SourceRow`](super::SourceRow).
pub const SOURCE_ROW: u8 = 35;
/// A [`ReloadRow`](super::ReloadRow).
pub const RELOAD: u8 = 36;
/// The confirmed contact: `email` or `mobile`, a comma, and the address as it may be shown.
pub const SHOWN_CONTACT: u8 = 37;
/// The same of one that is not confirmed yet.
pub const SHOWN_PENDING_CONTACT: u8 = 38;
/// A [`SessionRow`](super::SessionRow).
pub const SESSION_ROW: u8 = 39;
/// A [`NumberRow`](super::NumberRow).
pub const NUMBER_ROW: u8 = 40;
/// Retrieval reference of a transaction, 12 characters.
pub const REFERENCE: u8 = 41;
/// A [`RequestRow`](super::RequestRow) about the event before it.
pub const REQUEST: u8 = 42;
/// In an overview: there is a recovery code, `1`.
pub const RECOVERY: u8 = 43;
/// The channels of notifications that are configured: words, separated by commas; empty for none.
pub const CHANNELS: u8 = 44;
/// For how many seconds operations of the session need no password; absent where they need it now.
pub const CONFIRMED_FOR: u8 = 45;
/// What the payer owes, in minor units: it is taken out of the money that comes in next. Absent where it is nothing.
pub const OWED: u8 = 46;
/// The language of messages, a [`LanguageCode`](super::LanguageCode). Absent in an overview where none was set.
pub const LANGUAGE: u8 = 47;
/// What a passkey signs: made by the switch, good once and for a few minutes, base64url.
pub const CHALLENGE: u8 = 53;
/// Secret: the id of a passkey, base64url.
pub const PASSKEY: u8 = 54;
/// Secret: what a passkey knows the wallet by, base64url. It is not the identification number.
pub const PASSKEY_USER: u8 = 55;
/// The client data of a passkey's answer, as the browser made it: JSON, base64url.
pub const CLIENT_DATA: u8 = 56;
/// Secret: the authenticator data of a passkey's answer, base64url; then, but for a new passkey, a full stop and its signature.
pub const AUTHENTICATOR: u8 = 57;
/// A [`PasskeyRow`](super::PasskeyRow).
pub const PASSKEY_ROW: u8 = 58;
/// Secret: the address at which a push service takes messages for a browser, up to
/// [`PUSH_ADDRESS_BYTES_MAX`](super::PUSH_ADDRESS_BYTES_MAX) characters.
pub const PUSH_ADDRESS: u8 = 60;
/// Secret: what messages to a browser are encrypted with (RFC 8291): its public key, a full stop and its authentication secret,
/// base64url.
pub const PUSH_KEYS: u8 = 61;
/// A [`BrowserRow`](super::BrowserRow).
pub const BROWSER_ROW: u8 = 62;
/// What browsers subscribe with: the switch's public key for push services (RFC 8292), base64url.
pub const PUSH_KEY: u8 = 63;
