//! A list of a profile, or `any`.

use serde::Deserialize;

/// A list, or `any`.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub enum AnyOr {
    /// These.
    List(Vec<String>),
    /// `any`, or whatever the switch would refuse.
    Any(#[allow(dead_code, reason = "any text stands for all")] String),
}

impl AnyOr {
    /// What is listed; `None` for any.
    pub fn list(&self) -> Option<&[String]> {
        match self {
            Self::List(list) => Some(list),
            Self::Any(_) => None,
        }
    }

    /// Whether this is one of them.
    pub fn holds(&self, code: &str) -> bool {
        let list = self.list();
        list.is_none_or(|list| list.iter().any(|one| one == code))
    }

    /// What is listed; `None` for any.
    pub fn into_list(self) -> Option<Vec<String>> {
        match self {
            Self::List(list) => Some(list),
            Self::Any(_) => None,
        }
    }
}

impl Default for AnyOr {
    fn default() -> Self {
        Self::Any(String::new())
    }
}
