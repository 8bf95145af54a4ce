//! Prefetches memory before it is needed.
//!
//! A wallet that gets a message has not been touched for most of a second, and neither has its actor: some twenty lines
//! of memory, each a wait of a hundred nanoseconds if asked for when it is needed, and next to nothing if asked for
//! together with those of the other wallets of a batch.

// The one unsafe operation of this crate. A prefetch is a hint: it reads nothing that the program could see and
// faults at no address, so that any number may be handed to it.
#![allow(unsafe_code)]

/// Bytes that come into the cache together.
const LINE: usize = 64;

/// Asks for the lines from `address` on.
#[inline]
pub(super) fn prefetch(address: usize, bytes: usize) {
    let first = address & !(LINE - 1);
    for line in (first..address.saturating_add(bytes)).step_by(LINE) {
        prefetch_line(line);
    }
}

#[cfg(target_arch = "x86_64")]
#[inline]
fn prefetch_line(address: usize) {
    use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
    // SAFETY: see the head of this file; the instruction is part of every x86-64 processor.
    unsafe { _mm_prefetch::<_MM_HINT_T0>(address as *const i8) }
}

/// Elsewhere the processor has to find out by itself.
#[cfg(not(target_arch = "x86_64"))]
fn prefetch_line(_: usize) {}
