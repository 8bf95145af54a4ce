use std::fs;

use super::*;

fn written(outcomes: &[Outcome]) -> Vec<bool> {
    outcomes.iter().map(|outcome| outcome.written).collect()
}

#[test]
fn makes_what_is_missing_and_touches_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let inner = folder.path().join("a/b");
    assert_eq!(written(&write(&inner, false).unwrap()), [true; 4]);
    let before = fs::read(inner.join("host.pem")).unwrap();
    fs::remove_file(inner.join("switch.pem")).unwrap();
    fs::remove_file(inner.join("switch.key")).unwrap();
    assert_eq!(
        written(&write(&inner, false).unwrap()),
        [false, false, true, false]
    );
    assert_eq!(fs::read(inner.join("host.pem")).unwrap(), before);
    assert_eq!(written(&write(&inner, true).unwrap()), [true; 4]);
    assert_ne!(fs::read(inner.join("host.pem")).unwrap(), before);
}

#[test]
fn a_new_authority_signs_everyone_anew() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), false).unwrap();
    fs::remove_file(folder.path().join("ca.pem")).unwrap();
    fs::remove_file(folder.path().join("ca.key")).unwrap();
    assert_eq!(written(&write(folder.path(), false).unwrap()), [true; 4]);
}

#[test]
fn refuses_half_a_pair() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), false).unwrap();
    fs::remove_file(folder.path().join("host.key")).unwrap();
    let error = write(folder.path(), false).unwrap_err().to_string();
    assert!(error.contains("host.pem is there, but"), "{error}");
}

#[test]
#[cfg(unix)]
fn keys_are_for_their_owner_only() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), false).unwrap();
    for name in ["ca", "host", "switch", "wallet-server"] {
        let key = fs::metadata(folder.path().join(format!("{name}.key"))).unwrap();
        assert_eq!(key.permissions().mode() & 0o777, 0o600, "{name}");
    }
}
