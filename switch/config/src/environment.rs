//! Development or production.

use serde::Deserialize;

/// Whether test data is welcome.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Environment {
    /// The published development parties and their keys are accepted.
    Development,
    /// They are refused.
    #[default]
    Production,
}
