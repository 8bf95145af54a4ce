//! Which known word was meant by a misspelt one.

/// The word of `known` that takes the fewest changes of a character, if few enough to be a slip.
pub(super) fn nearest(word: &str, known: &[String]) -> Option<String> {
    let slips_max = 1 + word.chars().count() / 4;
    known
        .iter()
        .map(|candidate| (distance(word, candidate), candidate))
        .filter(|(slips, _)| *slips <= slips_max)
        .min_by_key(|(slips, _)| *slips)
        .map(|(_, candidate)| candidate.clone())
}

/// Levenshtein's distance: insertions, deletions and replacements from `one` to `other`.
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (line, left) in one.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = line + 1;
        for (column, right) in other.iter().enumerate() {
            let replaced = diagonal + usize::from(left != *right);
            diagonal = row[column + 1];
            row[column + 1] = replaced.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row[other.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_changes() {
        assert_eq!(distance("listen", "listen"), 0);
        assert_eq!(distance("lisen", "listen"), 1);
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("kitten", "sitting"), 3);
    }

    #[test]
    fn names_the_nearest_only_if_it_is_near() {
        let known = ["listen".to_string(), "idle_for".to_string()];
        assert_eq!(nearest("lisen", &known).as_deref(), Some("listen"));
        assert_eq!(nearest("idle_or", &known).as_deref(), Some("idle_for"));
        assert_eq!(nearest("colour", &known), None);
    }
}
