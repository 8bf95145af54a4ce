//! What `tessera audit` prints.

/// Whether nothing is held, nothing pending and no advice open.
pub fn is_settled(audit: &str) -> bool {
    says(audit, "held", "0.00")
        && says(audit, "open at host", "0")
        && says(audit, "advices open", "0")
}

/// Whether the audit has this line.
pub fn says(audit: &str, what: &str, value: &str) -> bool {
    let mut values = audit.lines().filter_map(|line| line.strip_prefix(what));
    values.any(|said| said.trim() == value)
}
