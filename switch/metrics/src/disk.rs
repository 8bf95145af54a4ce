//! How much space the disks of the data have.

use prometheus::IntGaugeVec;

use super::journal::clamped;
use super::labels::{Folder, Label};
use super::register::Register;

/// A file system, in bytes.
#[derive(Debug, Clone, Copy)]
pub struct Space {
    /// What the switch may still write. Without what the system keeps for root.
    pub free: u64,
    /// All of it.
    pub size: u64,
}

/// The figures of the file systems.
pub struct DiskMetrics {
    free: IntGaugeVec,
    size: IntGaugeVec,
}

impl DiskMetrics {
    pub(super) fn new(register: &Register<'_>) -> Self {
        Self {
            free: register.gauge_family(
                "disk_free_bytes",
                "Bytes that the switch may still write on the file system of a folder.",
                &[Folder::LABEL],
            ),
            size: register.gauge_family(
                "disk_size_bytes",
                "Size of the file system of a folder.",
                &[Folder::LABEL],
            ),
        }
    }

    /// Takes what there is now. `None` where the system does not say: then there is no figure, rather than an old one.
    pub fn has(&self, folder: Folder, space: Option<Space>) {
        let name = [folder.name()];
        if let Some(Space { free, size }) = space {
            self.free.with_label_values(&name).set(clamped(free));
            self.size.with_label_values(&name).set(clamped(size));
        } else {
            // Neither is there before the first figure.
            let _ = self.free.remove_label_values(&name);
            let _ = self.size.remove_label_values(&name);
        }
    }
}
