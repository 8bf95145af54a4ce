//! A disk that knows its content after a crash, and that fails on request.
//!
//! Every sector remembers what was written to it since the last sync. After a killed process
//! everything written is there; after a power cut each such sector holds any one of its versions,
//! and only some of the renamed files have their new names.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use super::super::disk::{Access, Disk, DiskFile};
use super::nonces::Witness;

const SECTOR: usize = 512;

#[derive(Clone, Default)]
pub struct MemoryDisk(Arc<Mutex<State>>);

#[derive(Clone, Default)]
struct State {
    files: Vec<Contents>,
    names: BTreeMap<PathBuf, usize>,
    /// The names before each change that is not synced yet, oldest first.
    former_names: Vec<BTreeMap<PathBuf, usize>>,
    failure: Option<Failure>,
    /// Longer files are refused, as if the disk were full.
    longest: Option<u64>,
    operations: u64,
    witness: Arc<Mutex<Witness>>,
}

/// When the disk fails.
#[derive(Clone, Copy, Debug)]
pub struct Failure {
    /// The changing operation that fails, counted from 0.
    pub operation: u64,
    /// Whether all later ones fail too.
    pub forever: bool,
    pub errno: rustix::io::Errno,
}

#[derive(Clone, Default)]
struct Contents {
    bytes: Vec<u8>,
    synced_length: usize,
    /// What a truncation that is not synced has cut off.
    cut_off: Vec<u8>,
    unsynced: BTreeMap<usize, Sector>,
}

#[derive(Clone, Default)]
struct Sector {
    /// What it held at the last sync, then everything written since.
    versions: Vec<Vec<u8>>,
    /// A sync has failed: the operating system forgot that it still has to write this sector, and
    /// the next sync will succeed without it. Only writing it again helps.
    forgotten: bool,
}

impl MemoryDisk {
    pub fn fail(&self, failure: Failure) {
        let mut state = self.0.lock().unwrap();
        state.failure = Some(failure);
        state.operations = 0;
    }

    /// From now on no file can have space reserved for more bytes than these.
    pub fn has_space_for(&self, longest: u64) {
        self.0.lock().unwrap().longest = Some(longest);
    }

    /// The disk as a process finds it that starts after this one was killed.
    pub fn after_kill(&self) -> Self {
        let state = State {
            failure: None,
            ..self.0.lock().unwrap().clone()
        };
        Self(Arc::new(Mutex::new(state)))
    }

    /// The disk after a power cut; `choose(n)` picks one of n.
    pub fn after_power_cut(&self, mut choose: impl FnMut(usize) -> usize) -> Self {
        let mut state = self.0.lock().unwrap().clone();
        state.failure = None;
        let mut names = std::mem::take(&mut state.former_names);
        names.push(std::mem::take(&mut state.names));
        state.names = names.swap_remove(choose(names.len()));
        for file in &mut state.files {
            let cut_off = std::mem::take(&mut file.cut_off);
            if choose(2) == 0 {
                file.bytes.extend(cut_off);
            }
            for (sector, Sector { mut versions, .. }) in std::mem::take(&mut file.unsynced) {
                let version = versions.swap_remove(choose(versions.len()));
                let space = file.bytes.iter_mut().skip(sector * SECTOR);
                space.zip(version).for_each(|(byte, was)| *byte = was);
            }
            if choose(2) == 0 {
                file.bytes.truncate(file.synced_length);
            }
            file.synced_length = file.bytes.len();
        }
        Self(Arc::new(Mutex::new(state)))
    }

    pub fn contents(&self, path: &Path) -> Vec<u8> {
        let state = self.0.lock().unwrap();
        state.files[state.names[path]].bytes.clone()
    }

    pub fn put(&self, path: &Path, bytes: Vec<u8>) {
        let mut state = self.0.lock().unwrap();
        let file = Contents {
            synced_length: bytes.len(),
            bytes,
            ..Contents::default()
        };
        state.files.push(file);
        let last = state.files.len() - 1;
        state.names.insert(path.to_owned(), last);
        state.former_names.clear();
    }

    pub fn remove(&self, path: &Path) {
        let mut state = self.0.lock().unwrap();
        state.names.remove(path);
        state.former_names.clear();
    }

    /// Sees what is written to this disk, and to what becomes of it in crashes.
    pub fn witness(&self) -> Arc<Mutex<Witness>> {
        Arc::clone(&self.0.lock().unwrap().witness)
    }

    /// All files and what is in them.
    pub fn files(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let state = self.0.lock().unwrap();
        let contents = |file: &usize| state.files[*file].bytes.clone();
        let files = state.names.iter();
        files
            .map(|(path, file)| (path.clone(), contents(file)))
            .collect()
    }

    /// The segments, oldest first.
    pub fn segments(&self) -> Vec<PathBuf> {
        let state = self.0.lock().unwrap();
        state
            .names
            .keys()
            .filter(|path| path.extension().is_some_and(|kind| kind == "journal"))
            .cloned()
            .collect()
    }
}

impl State {
    fn operate(&mut self) -> io::Result<()> {
        let operation = self.operations;
        self.operations += 1;
        match self.failure {
            Some(failure)
                if operation == failure.operation
                    || failure.forever && operation > failure.operation =>
            {
                Err(failure.errno.into())
            }
            _ => Ok(()),
        }
    }

    fn rename(&mut self, change: impl FnOnce(&mut BTreeMap<PathBuf, usize>)) {
        self.former_names.push(self.names.clone());
        change(&mut self.names);
    }
}

impl Contents {
    fn resize(&mut self, length: usize) {
        if self.bytes.len() < length {
            self.bytes.resize(length, 0);
        }
    }

    fn truncate(&mut self, length: usize) {
        let cut_off = self.bytes.split_off(self.bytes.len().min(length));
        self.cut_off.splice(..0, cut_off);
    }

    fn write(&mut self, bytes: &[u8], offset: usize) {
        let sectors = offset / SECTOR..=(offset + bytes.len()).saturating_sub(1) / SECTOR;
        self.resize(offset + bytes.len());
        let before: Vec<_> = sectors.clone().map(|sector| self.sector(sector)).collect();
        self.bytes[offset..][..bytes.len()].copy_from_slice(bytes);
        for (sector, before) in sectors.zip(before) {
            let now = self.sector(sector);
            let unsynced = self.unsynced.entry(sector).or_default();
            if unsynced.versions.is_empty() {
                unsynced.versions.push(before);
            }
            unsynced.versions.push(now);
            unsynced.forgotten = false;
        }
    }

    fn sector(&self, sector: usize) -> Vec<u8> {
        let from = sector * SECTOR;
        self.bytes[from..self.bytes.len().min(from + SECTOR)].to_vec()
    }
}

impl Disk for MemoryDisk {
    fn list(&self, directory: &Path) -> io::Result<Vec<String>> {
        let state = self.0.lock().unwrap();
        let here = |path: &&PathBuf| path.parent() == Some(directory);
        let names = state.names.keys().filter(here);
        let names = names.filter_map(|path| path.file_name());
        Ok(names
            .map(|name| name.to_string_lossy().into_owned())
            .collect())
    }

    fn open(&self, path: &Path, access: Access) -> io::Result<Arc<dyn DiskFile>> {
        let mut state = self.0.lock().unwrap();
        if access == Access::Create {
            state.operate()?;
            state.files.push(Contents::default());
            let last = state.files.len() - 1;
            state.rename(|names| {
                names.insert(path.to_owned(), last);
            });
        }
        let file = *state.names.get(path).ok_or(io::ErrorKind::NotFound)?;
        Ok(Arc::new(MemoryFile {
            disk: self.clone(),
            file,
        }))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut state = self.0.lock().unwrap();
        state.operate()?;
        let file = *state.names.get(from).ok_or(io::ErrorKind::NotFound)?;
        state.rename(|names| {
            names.remove(from);
            names.insert(to.to_owned(), file);
        });
        Ok(())
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        let mut state = self.0.lock().unwrap();
        state.operate()?;
        state.names.get(path).ok_or(io::ErrorKind::NotFound)?;
        state.rename(|names| {
            names.remove(path);
        });
        Ok(())
    }

    fn sync_directory(&self, _directory: &Path) -> io::Result<()> {
        let mut state = self.0.lock().unwrap();
        state.operate()?;
        state.former_names.clear();
        Ok(())
    }
}

struct MemoryFile {
    disk: MemoryDisk,
    file: usize,
}

impl MemoryFile {
    fn change(&self, change: impl FnOnce(&mut Contents)) -> io::Result<()> {
        let mut state = self.disk.0.lock().unwrap();
        state.operate()?;
        change(&mut state.files[self.file]);
        Ok(())
    }

    fn write(&self, bytes: &[u8], offset: usize) -> io::Result<()> {
        self.change(|file| file.write(bytes, offset))?;
        let state = self.disk.0.lock().unwrap();
        let written = &state.files[self.file].bytes;
        state.witness.lock().unwrap().see(written, bytes, offset);
        Ok(())
    }
}

impl DiskFile for MemoryFile {
    fn read_at(&self, bytes: &mut [u8], offset: u64) -> io::Result<usize> {
        let state = self.disk.0.lock().unwrap();
        let contents = &state.files[self.file].bytes;
        let from = contents.len().min(offset as usize);
        let length = bytes.len().min(contents.len() - from);
        bytes[..length].copy_from_slice(&contents[from..][..length]);
        Ok(length)
    }

    /// Two steps, each of which may fail, or be the last before the process is killed.
    fn write_all_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        let (first, second) = bytes.split_at(bytes.len() / 2);
        self.write(first, offset as usize)?;
        std::thread::yield_now();
        self.write(second, offset as usize + first.len())
    }

    fn sync(&self) -> io::Result<()> {
        let mut state = self.disk.0.lock().unwrap();
        let outcome = state.operate();
        let file = &mut state.files[self.file];
        if outcome.is_ok() {
            file.unsynced.retain(|_, sector| sector.forgotten);
            file.synced_length = file.bytes.len();
            file.cut_off.clear();
        } else {
            file.unsynced
                .values_mut()
                .for_each(|sector| sector.forgotten = true);
        }
        outcome
    }

    fn reserve(&self, bytes: u64) -> io::Result<()> {
        let longest = self.disk.0.lock().unwrap().longest;
        if longest.is_some_and(|longest| bytes > longest) {
            return Err(rustix::io::Errno::NOSPC.into());
        }
        self.change(|file| file.resize(bytes as usize))
    }

    fn truncate(&self, bytes: u64) -> io::Result<()> {
        self.change(|file| file.truncate(bytes as usize))
    }

    fn length(&self) -> io::Result<u64> {
        Ok(self.disk.0.lock().unwrap().files[self.file].bytes.len() as u64)
    }
}
