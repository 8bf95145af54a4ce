//! The demo's folder.
//!
//! ```text
//! DIR/certs/          development certificates
//! DIR/switch.toml     written anew at each start, like host.toml, wallet.toml, shop.toml and console.toml
//! DIR/n1.toml         in place of switch.toml in a cluster, with n2.toml and n3.toml
//! DIR/parties/        who may connect, written anew likewise
//! DIR/switch/         journal, store and outbox; in a cluster n1, n2 and n3
//! DIR/etcd/           the data of its members, and their ports
//! DIR/keys/           the keys of the vault: without them, funding sources and addresses in the journal stay sealed; the operators' accounts
//! DIR/web-push.key    what browsers that show notifications know the switch by
//! DIR/host/           what the financial system remembers
//! DIR/shop/           the orders of both shops
//! DIR/switch.log      the log of the switch, of all runs; the other programs' likewise
//! DIR/provisioned     there once the cards have been made
//! DIR/lock            held by the demo that runs there
//! ```

use std::fs::{self, File, TryLockError};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;

use super::configuration;
use super::ports::Ports;
use crate::certs;

/// Of a file's size on the disk, wherever it is.
const BLOCK_BYTES: u64 = 512;

/// The folder, made ready.
#[derive(Debug, Clone)]
pub struct Folder {
    /// Where it is.
    pub path: PathBuf,
    /// Held for as long as the demo runs.
    _lock: Arc<File>,
}

impl Folder {
    /// Makes what is missing: the folder, certificates, configurations.
    pub fn prepare(path: &Path, ports: &Ports) -> anyhow::Result<Self> {
        fs::create_dir_all(path).with_context(|| path.display().to_string())?;
        // Children are started with absolute paths, so that nothing depends on where they run.
        let path = path
            .canonicalize()
            .with_context(|| path.display().to_string())?;
        let lock = Arc::new(lock(&path)?);
        let folder = Self { path, _lock: lock };
        certs::write(&folder.certificates(), false)?;
        match ports.others {
            Some(_) => folder.refuse_data_of("switch.toml", "without")?,
            None => {
                folder.refuse_data_of("n1.toml", "with")?;
                let switch = configuration::switch(ports, "switch", ports.switch)?;
                folder.write("switch.toml", &switch)?;
            }
        }
        fs::create_dir_all(folder.file("parties"))?;
        for (name, text) in configuration::parties(ports)? {
            folder.write(&format!("parties/{name}"), &text)?;
        }
        folder.write("host.toml", &configuration::host(ports)?)?;
        folder.write("wallet.toml", &configuration::wallet(ports)?)?;
        folder.write("shop.toml", &configuration::shop(ports)?)?;
        let switch = ports.others.map_or("switch.toml", |_| "n1.toml");
        folder.write("console.toml", &configuration::console(ports, switch)?)?;
        Ok(folder)
    }

    /// The certificates.
    pub fn certificates(&self) -> PathBuf {
        self.path.join("certs")
    }

    /// A file in it.
    pub fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// Whether the cards have been made, by this run or an earlier one.
    pub fn provisioned(&self) -> bool {
        self.file("provisioned").exists()
    }

    /// They have.
    pub fn set_provisioned(&self, report: &str) -> anyhow::Result<()> {
        self.write("provisioned", report)
    }

    /// The data of a switch on its own are not those of a cluster.
    fn refuse_data_of(&self, file: &str, with: &str) -> anyhow::Result<()> {
        anyhow::ensure!(
            !self.file(file).exists(),
            "{} has the data of a demo {with} --cluster: choose another folder with --data",
            self.path.display()
        );
        Ok(())
    }

    /// What all files below it take on the disk, as far as they can be read: some come and go meanwhile.
    pub fn disk_bytes(&self) -> u64 {
        disk_bytes(&self.path)
    }

    /// Writes a file in it.
    pub fn write(&self, name: &str, content: &str) -> anyhow::Result<()> {
        let path = self.file(name);
        fs::write(&path, content).with_context(|| path.display().to_string())
    }
}

fn disk_bytes(path: &Path) -> u64 {
    // A link is counted as itself, and never followed.
    let Ok(status) = fs::symlink_metadata(path) else {
        return 0;
    };
    let within = match status.is_dir() {
        true => fs::read_dir(path).into_iter().flatten().flatten(),
        false => return status.blocks() * BLOCK_BYTES,
    };
    within.map(|entry| disk_bytes(&entry.path())).sum()
}

/// So that a second demo does not write over what the first one runs with.
fn lock(folder: &Path) -> anyhow::Result<File> {
    let path = folder.join("lock");
    let file = File::create(&path).with_context(|| path.display().to_string())?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => anyhow::bail!(
            "a demo is running in {}: end it first, or choose another folder with --data",
            folder.display()
        ),
        Err(TryLockError::Error(error)) => Err(error).context(path.display().to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::ports::USUAL;

    #[test]
    fn can_be_prepared_twice() {
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path().join("new/demo");
        let folder = Folder::prepare(&path, &USUAL).unwrap();
        assert!(folder.certificates().join("wallet-server.pem").exists());
        assert!(folder.file("switch.toml").exists() && !folder.provisioned());
        let authority = fs::read(folder.certificates().join("ca.pem")).unwrap();
        folder.set_provisioned("yes").unwrap();
        let second = Folder::prepare(&path, &USUAL).unwrap_err().to_string();
        assert!(second.contains("a demo is running in"), "{second}");
        let before = folder.disk_bytes();
        fs::create_dir(folder.file("deep")).unwrap();
        folder.write("deep/file", &"x".repeat(1 << 20)).unwrap();
        assert!(folder.disk_bytes() >= before + (1 << 20), "{before}");
        drop(folder);
        let nodes = Ports {
            others: Some([USUAL.switch; 2]),
            ..USUAL
        };
        let cluster = Folder::prepare(&path, &nodes).unwrap_err().to_string();
        assert!(cluster.contains("a demo without --cluster"), "{cluster}");
        let folder = Folder::prepare(&path, &USUAL).unwrap();
        assert!(folder.provisioned());
        assert_eq!(
            fs::read(folder.certificates().join("ca.pem")).unwrap(),
            authority
        );
    }
}
