//! Trace numbers, field 11: six digits, unique over all workers among what is in flight.

use tessera_protocol::Stan;

/// Which share of the trace numbers a worker owns: those with `trace % count == index`.
#[derive(Debug, Clone, Copy)]
pub struct TraceShare {
    /// The worker's number, from 0.
    pub index: u32,
    /// How many workers there are.
    pub count: u32,
}

impl TraceShare {
    /// All of them, where there is one worker.
    pub const WHOLE: Self = Self { index: 0, count: 1 };

    /// How many trace numbers the worker owns. Zero is nobody's: it reads like a missing one.
    pub(super) fn len(self) -> u32 {
        (Stan::MAX - self.index) / self.count
    }

    /// The `ordinal`th of them, from 1 to [`TraceShare::len`].
    pub(super) fn trace(self, ordinal: u32) -> Stan {
        let number = ordinal * self.count + self.index;
        Stan::new(number).expect("an ordinal from 1 to the length of the share")
    }

    /// The reverse; `None` for a trace number that is not the worker's.
    pub(super) fn ordinal(self, trace: Stan) -> Option<u32> {
        let trace = trace.number();
        let ours = trace % self.count == self.index && trace >= self.count;
        ours.then(|| trace / self.count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_do_not_overlap() {
        for count in [1, 2, 3, 16] {
            let mut owners = vec![0u8; Stan::MAX as usize + 1];
            for index in 0..count {
                let share = TraceShare { index, count };
                for ordinal in 1..=share.len() {
                    let trace = share.trace(ordinal);
                    owners[trace.number() as usize] += 1;
                    assert_eq!(share.ordinal(trace), Some(ordinal));
                }
            }
            assert!(owners[count as usize..].iter().all(|&owners| owners == 1));
            assert!(owners[..count as usize].iter().all(|&owners| owners == 0));
        }
    }
}
