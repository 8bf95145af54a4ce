//! Outsiders to the switch.
