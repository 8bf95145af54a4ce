//! A copy of the store's mark in its own file. A program that reads a journal without opening the store (because a
//! switch has it open, or because it must not write) can see from it whether the journal is shorter than the store's
//! checkpoint.
//!
//! ```text
//! data/store/mark     sequence 4711 position 268402176
//! ```

use std::io;
use std::path::Path;

use tessera_journal::{Mark, Position, Sequence};

const NAME: &str = "mark";

/// Where the store in `directory` last reflected the journal up to; `None` where it does not say.
pub fn recorded_mark(directory: &Path) -> Option<Mark> {
    let text = std::fs::read_to_string(directory.join(NAME)).ok()?;
    let mut words = text.split_whitespace();
    let mut number = |name| {
        let named = words.next() == Some(name);
        words.next().filter(|_| named)?.parse().ok()
    };
    Some(Mark {
        sequence: Sequence::from_stored(number("sequence")?)?,
        position: Position::from_stored(number("position")?)?,
    })
}

/// Replaces what the file says.
pub(super) fn record(directory: &Path, mark: Mark) -> io::Result<()> {
    let Mark { sequence, position } = mark;
    let new = directory.join("mark.new");
    std::fs::write(&new, format!("sequence {sequence} position {position}\n"))?;
    std::fs::rename(new, directory.join(NAME))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_what_was_recorded_last() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(recorded_mark(folder.path()), None);
        for number in [7, 8] {
            let mark = Mark {
                sequence: Sequence::from_stored(number).unwrap(),
                position: Position::from_stored(number << 40).unwrap(),
            };
            record(folder.path(), mark).unwrap();
            assert_eq!(recorded_mark(folder.path()), Some(mark));
        }
        for damaged in [
            "",
            "sequence 7",
            "sequence x position 9",
            "position 7 sequence 9",
            "sequence 0 position 9",
        ] {
            std::fs::write(folder.path().join(NAME), damaged).unwrap();
            assert_eq!(recorded_mark(folder.path()), None, "{damaged}");
        }
    }
}
