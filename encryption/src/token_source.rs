//! Which key of which token, and what can be wrong with it.

use std::fmt;
use std::path::PathBuf;

use cryptoki::error::Error;
use cryptoki::types::AuthPin;
use tessera_common::key_file::{self, KeyFileError};
use zeroize::Zeroizing;

/// Where the key is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenSource {
    /// The library of the token's manufacturer.
    pub module: PathBuf,
    /// The label of the token.
    pub token: String,
    /// The label of the key: a secret AES key that may wrap and unwrap.
    pub key: String,
    /// The source of the user's PIN.
    pub pin: PinSource,
}

/// Where the PIN is; white space around it does not count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PinSource {
    /// In a file that its owner alone may read.
    File(PathBuf),
    /// In the environment variable of this name.
    Environment(String),
}

/// Why a token can't be used.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// The PIN can't be read.
    #[error("the PIN of the token {0}")]
    PinFile(#[from] KeyFileError),
    /// There is no such variable.
    #[error("the PIN of the token: the environment variable {0} is not set")]
    PinEnvironment(String),
    /// The module has no such token.
    #[error("the module {} has no token {token:?}; it has: {found}", module.display())]
    NoToken {
        /// The library.
        module: PathBuf,
        /// The label of the token.
        token: String,
        /// The labels of its tokens.
        found: String,
    },
    /// The token has no such key, or several.
    #[error("the token has {found} secret keys {key:?}; one is needed that may wrap and unwrap")]
    NoKey {
        /// The label of the key.
        key: String,
        /// How many.
        found: usize,
    },
    /// The module says so.
    #[error("the token's module: {0}")]
    Module(#[from] Error),
    /// Something that is not a key of 32 bytes came out.
    #[error("the token's module gave a key of another length")]
    Length,
}

impl PinSource {
    pub(crate) fn read(&self) -> Result<AuthPin, TokenError> {
        let text = match self {
            Self::File(path) => key_file::read(path)?,
            Self::Environment(name) => std::env::var(name)
                .map(Zeroizing::new)
                .map_err(|_| TokenError::PinEnvironment(name.clone()))?,
        };
        Ok(AuthPin::from(text.trim().to_owned()))
    }
}

impl fmt::Display for TokenSource {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "the key {:?} of the token {:?}",
            self.key, self.token
        )
    }
}
