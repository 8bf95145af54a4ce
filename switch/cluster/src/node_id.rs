//! The name of a node.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Names a node in its cluster: 1 to 32 of `a` to `z`, `0` to `9` and `-`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct NodeId(String);

impl NodeId {
    /// The longest name.
    const CHARACTERS_MAX: usize = 32;

    /// This name, if it is one.
    pub fn parse(name: &str) -> Option<Self> {
        let allowed = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-');
        let length = (1..=Self::CHARACTERS_MAX).contains(&name.len());
        (length && name.bytes().all(allowed)).then(|| Self(name.to_owned()))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for NodeId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl TryFrom<String> for NodeId {
    type Error = &'static str;

    fn try_from(name: String) -> Result<Self, Self::Error> {
        Self::parse(&name).ok_or("a node's name has 1 to 32 of a to z, 0 to 9 and `-`")
    }
}

impl From<NodeId> for String {
    fn from(node: NodeId) -> Self {
        node.0
    }
}
