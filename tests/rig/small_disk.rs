//! A small disk, which a test can fill.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A small file system at a folder.
pub struct SmallDisk {
    pub data: PathBuf,
}

impl SmallDisk {
    /// With the data that is there already; `None` where this process may not mount.
    #[allow(clippy::print_stderr, reason = "a skipped test must be seen")]
    pub fn mount(data: &Path, mebibytes: u32) -> Option<Self> {
        let (data, aside) = (data.to_owned(), data.with_file_name("aside"));
        fs::rename(&data, &aside).expect("data");
        fs::create_dir(&data).expect("a folder");
        let size = format!("size={mebibytes}m,mode=700");
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &size, "tmpfs"])
            .arg(&data)
            .output();
        if !mounted.is_ok_and(|mounted| mounted.status.success()) {
            eprintln!("SKIPPED: only root may mount a small disk");
            return None;
        }
        let disk = Self { data };
        let copied = Command::new("cp")
            .arg("-a")
            .arg(aside.join("."))
            .arg(&disk.data)
            .status();
        assert!(copied.is_ok_and(|copied| copied.success()), "a copy");
        Some(disk)
    }

    /// Fills the disk.
    pub fn fill(&self) {
        let mut file = fs::OpenOptions::new()
            .create(true)
            .write(true)
            .truncate(true)
            .mode(0o600)
            .open(self.data.join("filler"))
            .expect("a file");
        for size in [1 << 16, 4096] {
            let piece = vec![1; size];
            while file.write_all(&piece).is_ok() {}
        }
    }

    pub fn free(&self) {
        fs::remove_file(self.data.join("filler")).expect("the filler");
    }

    pub fn make_read_only(&self) {
        let done = Command::new("mount")
            .args(["-o", "remount,ro"])
            .arg(&self.data)
            .status();
        assert!(done.is_ok_and(|done| done.success()), "a remount");
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily: the switch of a test that fails is killed after this.
        let _ = Command::new("umount").arg("-l").arg(&self.data).status();
    }
}
