//! Certification held to itself.
