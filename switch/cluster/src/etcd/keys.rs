//! The keys of a cluster.

use bytes::Bytes;

use crate::NodeId;

/// Names the keys. See the drawing at the head of this folder.
#[derive(Clone, Debug)]
pub struct Keys {
    prefix: String,
}

impl Keys {
    /// Digits of an entry's number: as many as the largest one has, so that the order of keys is that of numbers.
    const DIGITS: usize = 20;

    pub fn new(cluster: &NodeId) -> Self {
        Self {
            prefix: format!("/tessera/{cluster}/"),
        }
    }

    pub fn head(&self) -> Bytes {
        self.named("head")
    }

    pub fn config(&self) -> Bytes {
        self.named("config")
    }

    pub fn owner(&self) -> Bytes {
        self.named("owner")
    }

    pub fn hand_over(&self) -> Bytes {
        self.named("hand-over")
    }

    pub fn node(&self, node: &NodeId) -> Bytes {
        self.named(&format!("nodes/{node}"))
    }

    /// The first key of a node, and the first one after them all.
    pub fn nodes(&self) -> [Bytes; 2] {
        [self.named("nodes/"), self.named("nodes0")]
    }

    pub fn entry(&self, number: u64) -> Bytes {
        self.named(&format!("log/{number:0width$}", width = Self::DIGITS))
    }

    /// The first key after all entries.
    pub fn entries_end(&self) -> Bytes {
        self.named("log0")
    }

    /// The number in the key of an entry, if it is one.
    pub fn number(&self, key: &[u8]) -> Option<u64> {
        let digits = key
            .strip_prefix(self.prefix.as_bytes())?
            .strip_prefix(b"log/")?;
        let all_digits = digits.len() == Self::DIGITS && digits.iter().all(u8::is_ascii_digit);
        all_digits
            .then(|| std::str::from_utf8(digits).ok()?.parse().ok())
            .flatten()
    }

    fn named(&self, name: &str) -> Bytes {
        Bytes::from(format!("{}{name}", self.prefix))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_come_back_and_are_in_order() {
        let keys = Keys::new(&NodeId::parse("mall-1").unwrap());
        assert_eq!(keys.head(), "/tessera/mall-1/head");
        assert_eq!(keys.entry(7), "/tessera/mall-1/log/00000000000000000007");
        let numbers = [0, 1, 9, 10, u64::MAX];
        assert!(numbers.map(|number| keys.entry(number)).is_sorted());
        for number in numbers {
            assert_eq!(keys.number(&keys.entry(number)), Some(number));
            assert!(keys.entry(number) < keys.entries_end());
        }
        for key in [
            "log/7",
            "log/0000000000000000000x",
            "log/99999999999999999999",
            "head",
        ] {
            assert_eq!(keys.number(&keys.named(key)), None, "{key}");
        }
        let node = keys.node(&NodeId::parse("n1").unwrap());
        let [first, end] = keys.nodes();
        assert!(first < node && node < end);
    }
}
