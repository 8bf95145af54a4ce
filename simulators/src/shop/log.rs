//! A small durable file: one JSON object a line, the newest line about a thing is the thing. In come things, and what
//! was written before; out goes nothing. A line is never reported before it is on the disk.
//!
//! ```text
//! {"shop_log_format":2}                           of all lines; another one is refused
//! {"order":"TC-7Q…","state":"asked",…}
//! {"order":"TC-7Q…","state":{"approved":…},…}
//! ```
//!
//! A last line that a kill cut off is dropped: it was never reported. Anything else that can't be read refuses the
//! start. A start writes what it has read anew, one line each, so that the file doesn't grow for ever.

use std::collections::HashMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::marker::PhantomData;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// Rises with every change of what lines look like.
const FORMAT: u32 = 2;

/// The first line. Builds before 0.2.0 wrote none.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct FirstLine {
    shop_log_format: u32,
}

/// What stands in a log.
pub(super) trait Entry: Serialize + DeserializeOwned {
    /// Its key.
    fn key(&self) -> &str;
}

/// Why a log cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// It could not be read or written.
    #[error("{}: {why}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        why: io::Error,
    },
    /// A line that is not the last one is wrong.
    #[error("{}: line {line} is damaged", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// From 1.
        line: usize,
    },
    /// Another build wrote it, in another format.
    #[error(
        "{}: has {}, this build ({}) reads format {FORMAT}: start the build that wrote it, or the shop with another file",
        path.display(),
        found.map_or_else(|| "no format in its first line".to_owned(), |found| format!("format {found}")),
        env!("CARGO_PKG_VERSION")
    )]
    Version {
        /// The file.
        path: PathBuf,
        /// The format that it says.
        found: Option<u32>,
    },
    /// Another process writes it.
    #[error("{}: in use by another process", path.display())]
    InUse {
        /// The file.
        path: PathBuf,
    },
}

/// The file, open for more.
#[derive(Debug)]
pub(super) struct Log<T> {
    file: File,
    /// Of all its whole lines.
    length: u64,
    /// Held for as long as the log is open.
    _lock: File,
    things: PhantomData<fn(T)>,
}

impl<T: Entry> Log<T> {
    /// Opens or makes it: the file, and the things in it in the order in which they first came.
    pub(super) fn open(path: &Path) -> Result<(Self, Vec<T>), LogError> {
        let failed = |why| LogError::File {
            path: path.to_owned(),
            why,
        };
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(failed)?;
        }
        let lock = private(&beside(path, ".lock")).map_err(failed)?;
        lock.try_lock().map_err(|why| match why {
            fs::TryLockError::WouldBlock => LogError::InUse {
                path: path.to_owned(),
            },
            fs::TryLockError::Error(why) => failed(why),
        })?;
        let text = match fs::read(path) {
            Ok(text) => text,
            Err(why) if why.kind() == io::ErrorKind::NotFound => Vec::new(),
            Err(why) => return Err(failed(why)),
        };
        let things = read(&text).map_err(|fault| match fault {
            Fault::Damaged(line) => LogError::Damaged {
                path: path.to_owned(),
                line,
            },
            Fault::Version(found) => LogError::Version {
                path: path.to_owned(),
                found,
            },
        })?;
        let file = rewrite(path, &things).map_err(failed)?;
        let length = file.metadata().map_err(failed)?.len();
        let log = Self {
            file,
            length,
            _lock: lock,
            things: PhantomData,
        };
        Ok((log, things))
    }

    /// Adds a line; when this returns it is on the disk.
    pub(super) fn write(&mut self, thing: &T) -> io::Result<()> {
        let line = line(thing)?;
        // A full disk may have taken a part of the line before: nothing goes behind that.
        if self.file.metadata()?.len() != self.length {
            self.file.set_len(self.length)?;
        }
        self.file.write_all(&line)?;
        self.file.sync_data()?;
        self.length += line.len() as u64;
        Ok(())
    }
}

enum Fault {
    /// The number of the line.
    Damaged(usize),
    Version(Option<u32>),
}

/// The things of a file.
fn read<T: Entry>(text: &[u8]) -> Result<Vec<T>, Fault> {
    let mut things: Vec<T> = Vec::new();
    let mut places = HashMap::new();
    let whole = text.iter().rposition(|&byte| byte == b'\n').unwrap_or(0);
    for (number, line) in text[..whole].split(|&byte| byte == b'\n').enumerate() {
        if number == 0 && whole > 0 {
            check_format(line)?;
            continue;
        }
        if line.is_empty() {
            continue;
        }
        let thing: T = serde_json::from_slice(line).map_err(|_| Fault::Damaged(number + 1))?;
        match places.get(thing.key()) {
            Some(&at) => things[at] = thing,
            None => {
                places.insert(thing.key().to_owned(), things.len());
                things.push(thing);
            }
        }
    }
    Ok(things)
}

fn check_format(first: &[u8]) -> Result<(), Fault> {
    let first: Option<FirstLine> = serde_json::from_slice(first).ok();
    match first.map(|first| first.shop_log_format) {
        Some(FORMAT) => Ok(()),
        found => Err(Fault::Version(found)),
    }
}

/// Writes the things beside the file, then puts that in its place: a kill leaves one or the other.
fn rewrite<T: Entry>(path: &Path, things: &[T]) -> io::Result<File> {
    let new = beside(path, ".new");
    let mut file = private(&new)?;
    file.set_len(0)?;
    let shop_log_format = FORMAT;
    file.write_all(&line(&FirstLine { shop_log_format })?)?;
    for thing in things {
        file.write_all(&line(thing)?)?;
    }
    file.sync_data()?;
    fs::rename(&new, path)?;
    Ok(file)
}

/// A file of the same name with more behind it.
fn beside(path: &Path, more: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(more);
    name.into()
}

fn line<T: Serialize>(thing: &T) -> io::Result<Vec<u8>> {
    let mut line = serde_json::to_vec(thing)?;
    line.push(b'\n');
    Ok(line)
}

/// For its owner only.
pub(super) fn private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, Serialize, serde::Deserialize)]
    struct Thing(String, u32);

    impl Entry for Thing {
        fn key(&self) -> &str {
            &self.0
        }
    }

    fn thing(name: &str, number: u32) -> Thing {
        Thing(name.to_owned(), number)
    }

    #[test]
    fn the_newest_line_counts_and_a_torn_one_does_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("inner/things");
        {
            let (mut log, found) = Log::open(&path).unwrap();
            assert_eq!(found, []);
            for thing in [thing("a", 1), thing("b", 2), thing("a", 3)] {
                log.write(&thing).unwrap();
            }
            let busy = Log::<Thing>::open(&path).unwrap_err();
            assert!(matches!(busy, LogError::InUse { .. }), "{busy}");
        }
        let mut text = fs::read(&path).unwrap();
        text.extend_from_slice(b"[\"a\",");
        fs::write(&path, text).unwrap();
        let (_, found) = Log::<Thing>::open(&path).unwrap();
        assert_eq!(found, [thing("a", 3), thing("b", 2)]);
        assert_eq!(fs::read_to_string(&path).unwrap().lines().count(), 3);
    }

    #[test]
    fn what_a_full_disk_took_of_a_line_is_no_damage() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("things");
        let (mut log, _) = Log::open(&path).unwrap();
        log.write(&thing("a", 1)).unwrap();
        private(&path).unwrap().write_all(b"[\"b\",").unwrap();
        log.write(&thing("c", 3)).unwrap();
        log.write(&thing("d", 4)).unwrap();
        drop(log);
        let (_, found) = Log::<Thing>::open(&path).unwrap();
        assert_eq!(found, [thing("a", 1), thing("c", 3), thing("d", 4)]);
    }

    #[test]
    fn damage_in_the_middle_refuses_the_start() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("things");
        let first = "{\"shop_log_format\":2}";
        fs::write(&path, format!("{first}\n[\"a\",1]\nnonsense\n[\"a\",2]\n")).unwrap();
        let error = Log::<Thing>::open(&path).unwrap_err().to_string();
        assert!(error.ends_with("line 3 is damaged"), "{error}");
    }

    #[test]
    fn refuses_the_format_of_another_build() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("things");
        let cases = [
            (
                "{\"shop_log_format\":3}\n[\"a\",1]\n",
                "has format 3, this build (",
            ),
            (
                "[\"a\",1]\n[\"b\",1]\n",
                "has no format in its first line, this build (",
            ),
        ];
        for (text, expected) in cases {
            fs::write(&path, text).unwrap();
            let error = Log::<Thing>::open(&path).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
            assert!(
                error.contains("reads format 2: start the build that wrote it"),
                "{error}"
            );
            assert_eq!(fs::read_to_string(&path).unwrap(), text);
        }
    }
}
