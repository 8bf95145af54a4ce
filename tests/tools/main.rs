//! What comes with the switch: the demonstration, the documents, the words, and the targets of the fuzzer.

mod demo;
mod deployment;
mod documents;
mod random_input;
#[path = "../rig/mod.rs"]
mod rig;
#[path = "../../fuzz/src/lib.rs"]
mod targets;
mod tidy;
mod words;
