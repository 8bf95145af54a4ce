//! What the journal asks of a disk, and the disk of the operating system. Tests put one in its
//! place that fails, or forgets what was not synced.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;

/// A file system, as far as the journal uses one.
pub(super) trait Disk: Send + Sync {
    fn list(&self, directory: &Path) -> io::Result<Vec<String>>;
    fn open(&self, path: &Path, access: Access) -> io::Result<Arc<dyn DiskFile>>;
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    fn remove(&self, path: &Path) -> io::Result<()>;
    fn sync_directory(&self, directory: &Path) -> io::Result<()>;
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Access {
    Read,
    Write,
    /// Empties the file if it exists.
    Create,
    /// Writes past the system's cache of pages, where it can: nobody will read it soon. In multiples of
    /// [`FILL_ALIGNED`], from memory that is aligned to it.
    Fill,
}

/// What every disk takes as a unit.
pub(super) const FILL_ALIGNED: usize = 4096;

pub(super) trait DiskFile: Send + Sync {
    /// Reads as many bytes as there are, up to all of `bytes`.
    fn read_at(&self, bytes: &mut [u8], offset: u64) -> io::Result<usize>;
    fn write_all_at(&self, bytes: &[u8], offset: u64) -> io::Result<()>;
    /// Makes contents durable, and of the metadata what is needed to read them.
    fn sync(&self) -> io::Result<()>;
    /// Reserves space for the first `bytes` bytes and makes the file as long; new bytes read as zeros.
    fn reserve(&self, bytes: u64) -> io::Result<()>;
    /// Makes the file shorter.
    fn truncate(&self, bytes: u64) -> io::Result<()>;
    fn length(&self) -> io::Result<u64>;
}

/// The operating system's files.
pub(super) struct Files;

impl Disk for Files {
    fn list(&self, directory: &Path) -> io::Result<Vec<String>> {
        fs::read_dir(directory)?
            .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
            .collect()
    }

    fn open(&self, path: &Path, access: Access) -> io::Result<Arc<dyn DiskFile>> {
        let mut options = OpenOptions::new();
        options.read(true).write(access != Access::Read);
        options
            .create(access == Access::Create)
            .truncate(access == Access::Create);
        if access == Access::Fill
            && let Ok(file) = past_the_cache(&options, path)
        {
            return Ok(Arc::new(file));
        }
        Ok(Arc::new(options.open(path)?))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }

    fn sync_directory(&self, directory: &Path) -> io::Result<()> {
        File::open(directory)?.sync_all()
    }
}

#[cfg(target_os = "linux")]
fn past_the_cache(options: &OpenOptions, path: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;
    let direct = rustix::fs::OFlags::DIRECT.bits() as i32;
    options.clone().custom_flags(direct).open(path)
}

#[cfg(not(target_os = "linux"))]
fn past_the_cache(_: &OpenOptions, _: &Path) -> io::Result<File> {
    Err(io::ErrorKind::Unsupported.into())
}

impl DiskFile for File {
    fn read_at(&self, bytes: &mut [u8], offset: u64) -> io::Result<usize> {
        let mut filled = 0;
        while filled < bytes.len() {
            match FileExt::read_at(self, &mut bytes[filled..], offset + filled as u64) {
                Ok(0) => break,
                Ok(read) => filled += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(filled)
    }

    fn write_all_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        FileExt::write_all_at(self, bytes, offset)
    }

    fn sync(&self) -> io::Result<()> {
        self.sync_data()
    }

    fn reserve(&self, bytes: u64) -> io::Result<()> {
        match rustix::fs::fallocate(self, rustix::fs::FallocateFlags::empty(), 0, bytes) {
            // Not every file system can; the file is then as good, only its syncs are slower.
            Err(rustix::io::Errno::OPNOTSUPP) => self.set_len(bytes),
            other => other.map_err(io::Error::from),
        }
    }

    fn truncate(&self, bytes: u64) -> io::Result<()> {
        self.set_len(bytes)
    }

    fn length(&self) -> io::Result<u64> {
        Ok(self.metadata()?.len())
    }
}
