//! Encryption at rest.
//!
//! A *master key*, which is kept outside of the data, wraps *data keys* (RFC 3394, AES-256). Wrapped, they are in a file beside
//! the data, the [key table](DataKeys). A writer derives a key of its own from the newest data key, for a purpose
//! and a salt (HKDF-SHA-256, RFC 5869), and names the data key beside what it wrote. So a new master key changes the table
//! alone, and a new data key changes what is written from then on. The same table has the key of the [card index](CardIndex).
//!
//! ```text
//! master key ─wraps─▶ data key 1, 2, 3 ... ─HKDF(purpose, salt)─▶ key of a segment, of a table of the store, ...
//!            └wraps─▶ key of the card index
//! ```
//!
//! Nothing here knows what is encrypted. AES-256-GCM is NIST SP 800-38D.

mod card_index;
mod cipher;
mod data_keys;
mod encrypted_card;
mod key_command;
mod key_source;
mod keyed_hash;
mod master;
mod rewrap;
mod row_cipher;
mod table;
mod token;
mod token_source;

pub use card_index::{CardIndex, IndexedCard};
pub use cipher::{Cipher, NONCE_BYTES, TAG_BYTES, Tampered};
pub use data_keys::{DataKeyId, DataKeys, KeyEntry, Purpose};
pub use encrypted_card::{CardCipher, EncryptedCard};
pub use key_source::{KeySource, KeySourceError, make_master_key};
pub use keyed_hash::KeyedHash;
pub use master::{MasterKey, MasterKeyError, MemoryKey};
pub use rewrap::{Rewrapped, rewrap};
pub use row_cipher::{RowCipher, RowError};
pub use table::{KeyKind, KeysError};
pub use token_source::{PinSource, TokenError, TokenSource};
