//! What is kept by key for as long as it is young.

use std::hash::Hash;

use hashbrown::HashMap;

/// Values by key. Like the ledger it forgets its oldest.
pub(super) struct Recent<K, V> {
    young: HashMap<K, V>,
    old: HashMap<K, V>,
    young_max: usize,
}

impl<K: Eq + Hash, V> Recent<K, V> {
    /// `remember_max`: values in all, young and old.
    pub(super) fn new(remember_max: usize) -> Self {
        Self {
            young: HashMap::new(),
            old: HashMap::new(),
            young_max: (remember_max / 2).max(1),
        }
    }

    pub(super) fn of(&self, key: &K) -> Option<&V> {
        self.young.get(key).or_else(|| self.old.get(key))
    }

    pub(super) fn of_mut(&mut self, key: &K) -> Option<&mut V> {
        self.young.get_mut(key).or_else(|| self.old.get_mut(key))
    }

    pub(super) fn insert(&mut self, key: K, value: V) {
        if self.young.len() >= self.young_max {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(key, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_are_forgotten_first() {
        let mut recent = Recent::new(20);
        for number in 0..100 {
            recent.insert(number, ());
        }
        assert!(recent.of(&50).is_none());
        assert!((90..100).all(|number| recent.of_mut(&number).is_some()));
    }
}
