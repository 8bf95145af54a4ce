//! A metric with one label from a closed set, every child looked up once.

use std::marker::PhantomData;

use prometheus::local::LocalIntCounter;
use prometheus::{IntCounter, IntCounterVec};

use super::labels::Label;

/// A counter for each value of a label.
pub struct Counters<L> {
    children: Box<[IntCounter]>,
    label: PhantomData<L>,
}

impl<L: Label> Counters<L> {
    pub(super) fn new(family: &IntCounterVec) -> Self {
        let child = |value: &L| family.with_label_values(&[value.name()]);
        Self {
            children: L::ALL.iter().map(child).collect(),
            label: PhantomData,
        }
    }

    /// The counter of a value.
    pub fn of(&self, value: L) -> &IntCounter {
        &self.children[value.index()]
    }

    /// Counters of one worker that are poured into these.
    pub(super) fn local(&self) -> LocalCounters<L> {
        LocalCounters {
            children: self.children.iter().map(IntCounter::local).collect(),
            label: PhantomData,
        }
    }
}

/// The share of one worker in [`Counters`].
pub(super) struct LocalCounters<L> {
    children: Box<[LocalIntCounter]>,
    label: PhantomData<L>,
}

impl<L: Label> LocalCounters<L> {
    pub(super) fn count(&self, value: L) {
        self.children[value.index()].inc();
    }

    pub(super) fn flush(&self) {
        self.children.iter().for_each(LocalIntCounter::flush);
    }
}
