//! Makes the file of the socket: its permissions, and the removal of one that an ended process left.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::{FileTypeExt as _, PermissionsExt as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;

use anyhow::{Context as _, bail};

/// Makes the socket; one that a killed switch has left behind is removed. Other users may connect only where some of them have
/// rights: each connection is then asked who it is.
///
/// # Errors
/// When it can't be made, or somebody listens there.
pub(super) fn bind(path: &Path, others: bool) -> anyhow::Result<UnixListener> {
    match fs::symlink_metadata(path) {
        Err(why) if why.kind() == io::ErrorKind::NotFound => {}
        Err(why) => return Err(why).with_context(|| at(path)),
        Ok(found) if !found.file_type().is_socket() => {
            bail!("{}: the path exists and is not a socket", at(path))
        }
        Ok(_) => {
            if UnixStream::connect(path).is_ok() {
                bail!("{}: another process listens there", at(path));
            }
            fs::remove_file(path).with_context(|| at(path))?;
        }
    }
    // A path may have 107 bytes: the system's complaint says so.
    let listener = UnixListener::bind(path).with_context(|| at(path))?;
    let mode = if others { 0o666 } else { 0o600 };
    fs::set_permissions(path, Permissions::from_mode(mode)).with_context(|| at(path))?;
    Ok(listener)
}

fn at(path: &Path) -> String {
    format!(
        "can't listen for operators at {} (ops.socket)",
        path.display()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_the_place_of_a_dead_socket_only() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("operations.sock");
        let mode = || fs::metadata(&path).unwrap().permissions().mode() & 0o777;
        let listener = bind(&path, false).unwrap();
        assert_eq!(mode(), 0o600);
        let error = bind(&path, false).unwrap_err().to_string();
        assert!(error.contains("another process listens there"), "{error}");
        drop(listener);
        bind(&path, true).unwrap();
        assert_eq!(mode(), 0o666);
        fs::remove_file(&path).unwrap();
        fs::write(&path, "precious").unwrap();
        assert!(bind(&path, false).is_err());
        assert_eq!(fs::read(&path).unwrap(), b"precious");
        let long = folder.path().join("a".repeat(120));
        assert!(format!("{:#}", bind(&long, false).unwrap_err()).contains("ops.socket"));
    }
}
