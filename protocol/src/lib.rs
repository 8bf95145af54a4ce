//! The wire of Tessera.
