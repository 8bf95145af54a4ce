//! What comes with the switch: the demonstration and the documents.

mod demo;
mod documents;
mod words;
