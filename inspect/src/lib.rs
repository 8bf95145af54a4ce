//! Captured messages, in whatever form people have kept them.
//!
//! In comes a text or the content of a file; out comes what `tessera decode` and `tessera doctor` print. Card numbers and
//! other sensitive values are masked unless they are asked for. Nothing is read or written here, and no input ends the process.

mod decode;
mod doctor;
mod input;
#[cfg(test)]
mod tests;

pub use decode::Decoded;
pub use doctor::{Finding, Verdict, diagnose};
pub use input::{Form, INPUT_BYTES_MAX, Input, InputError, Stream};
