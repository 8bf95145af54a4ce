//! What the engine on etcd promises, with real members and with fake ones.

mod fakes;
mod limits;
mod members;
mod tls;

use std::path::Path;
use std::sync::{Arc, Mutex, Weak};

use tempfile::TempDir;

use super::*;
use crate::testing::{EtcdRig, Options};

/// One member, and its folder.
pub struct Shared {
    pub rig: EtcdRig,
    _folder: TempDir,
}

/// The same one for all who ask while somebody has it.
pub fn one_member() -> Arc<Shared> {
    static SHARED: Mutex<Weak<Shared>> = Mutex::new(Weak::new());
    let mut shared = SHARED.lock().unwrap();
    if let Some(rig) = shared.upgrade() {
        return rig;
    }
    let folder = tempfile::tempdir().unwrap();
    let rig = EtcdRig::start(&options(folder.path(), 1));
    let rig = Arc::new(Shared {
        rig,
        _folder: folder,
    });
    *shared = Arc::downgrade(&rig);
    rig
}

fn options(folder: &Path, members: usize) -> Options {
    Options {
        program: etcd_bin_vendored::etcd_bin_path().unwrap().to_owned(),
        folder: folder.to_owned(),
        members,
        quota_bytes: 1 << 30,
        tls: None,
    }
}
