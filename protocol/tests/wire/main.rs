//! The wire: golden messages from elsewhere, generated ones, and the guide that describes them.

mod answers;
mod common;
mod describing;
mod dialects;
mod documents;
mod properties;
mod requests;
mod sequences;
mod tables;
mod vectors;
mod worked;
