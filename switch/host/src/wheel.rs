//! Deadlines: a hashed timing wheel whose lists run through one array.
//!
//! ```text
//! nodes: [ one for each slot of the table of requests | one head for each of the 1,024 spokes ]
//!          in the list of the spoke `due % 1024`        an empty list points at itself
//! ```
//! A deadline costs two writes to set and two to take back, and takes no memory beyond its node;
//! with a queue, the deadlines of seven seconds' answered requests would lie about.

/// Length of one tick. A deadline is noticed at most this much too late.
pub(super) const TICK_MILLISECONDS: u64 = 10;
/// 10.24 seconds. What is due later goes round more than once.
const SPOKES: u64 = 1_024;

#[derive(Clone, Copy)]
struct Node {
    previous: u32,
    next: u32,
    due: u64,
}

pub(super) struct Wheel {
    nodes: Box<[Node]>,
    slots: u32,
    /// The tick up to which everything due has been taken out.
    turned_to: u64,
}

impl Wheel {
    pub(super) fn new(slots: u32) -> Self {
        let alone = |index| Node {
            previous: index,
            next: index,
            due: 0,
        };
        Self {
            nodes: (0..slots + SPOKES as u32).map(alone).collect(),
            slots,
            turned_to: 0,
        }
    }

    /// What the clock said last.
    pub(super) fn now(&self) -> u64 {
        self.turned_to
    }

    /// The slot must not be on the wheel. What is due already is taken out by the next turn.
    pub(super) fn insert(&mut self, slot: u32, due: u64) {
        let due = due.max(self.turned_to + 1);
        let head = self.slots + (due % SPOKES) as u32;
        // Before the head is the end of its list: those due together come out in their order.
        let last = self.nodes[head as usize].previous;
        self.nodes[slot as usize] = Node {
            previous: last,
            next: head,
            due,
        };
        self.nodes[last as usize].next = slot;
        self.nodes[head as usize].previous = slot;
    }

    /// The slot must be on the wheel.
    pub(super) fn due(&self, slot: u32) -> u64 {
        self.nodes[slot as usize].due
    }

    /// The slot must be on the wheel.
    pub(super) fn remove(&mut self, slot: u32) {
        let Node { previous, next, .. } = self.nodes[slot as usize];
        self.nodes[previous as usize].next = next;
        self.nodes[next as usize].previous = previous;
    }

    /// Takes out what is due.
    pub(super) fn turn(&mut self, now: u64, mut due: impl FnMut(u32)) {
        // After a long sleep one round visits every spoke.
        let first = (self.turned_to + 1).max(now.saturating_sub(SPOKES - 1));
        for tick in first..=now {
            let head = self.slots + (tick % SPOKES) as u32;
            let mut slot = self.nodes[head as usize].next;
            while slot != head {
                let node = self.nodes[slot as usize];
                if node.due <= now {
                    self.remove(slot);
                    due(slot);
                }
                slot = node.next;
            }
        }
        self.turned_to = self.turned_to.max(now);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn turn(wheel: &mut Wheel, now: u64) -> Vec<u32> {
        let mut out = Vec::new();
        wheel.turn(now, |slot| out.push(slot));
        out
    }

    #[test]
    fn takes_out_what_is_due_and_nothing_else() {
        let mut wheel = Wheel::new(8);
        wheel.insert(1, 5);
        wheel.insert(2, 5 + SPOKES);
        wheel.insert(3, 5);
        wheel.insert(4, 6);
        wheel.remove(3);
        assert!(turn(&mut wheel, 4).is_empty());
        assert_eq!(turn(&mut wheel, 5), [1]);
        wheel.insert(5, 2);
        assert_eq!(turn(&mut wheel, 10_000), [2, 4, 5]);
    }

    proptest! {
        #[test]
        fn agrees_with_a_plain_list(steps in prop::collection::vec((0u32..32, 0u64..3_000, 0u64..2_000), 1..200)) {
            let mut wheel = Wheel::new(32);
            let mut plain = [None; 32];
            let mut now = 0;
            for (slot, ahead, passed) in steps {
                match plain[slot as usize].take() {
                    Some(_) => wheel.remove(slot),
                    None => {
                        wheel.insert(slot, now + ahead);
                        plain[slot as usize] = Some((now + ahead).max(now + 1));
                    }
                }
                now += passed;
                let mut out = turn(&mut wheel, now);
                out.sort_unstable();
                let expected: Vec<u32> = (0..32)
                    .filter(|&slot| plain[slot as usize].take_if(|due| *due <= now).is_some())
                    .collect();
                prop_assert_eq!(out, expected);
            }
        }
    }
}
