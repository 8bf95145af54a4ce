use std::fs;

use tessera_common::certificates::{Flaw, ShownAs, flaw};

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

#[test]
fn a_party_gets_a_client_certificate_of_the_authority_with_its_names() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), false).unwrap();
    let party = PartySubject {
        code: 10_000_000_007,
        names: vec!["shop.example".into(), "10.0.0.7".into()],
    };
    assert!(write_party(folder.path(), &party, false).unwrap().written);
    let path = folder.path().join("party-10000000007.pem");
    let before = fs::read(&path).unwrap();
    assert!(!write_party(folder.path(), &party, false).unwrap().written);
    assert_eq!(fs::read(&path).unwrap(), before);
    assert!(write_party(folder.path(), &party, true).unwrap().written);
    assert_ne!(fs::read(&path).unwrap(), before);
    // What the others have was signed by the same authority, and stays.
    assert_eq!(written(&write(folder.path(), false).unwrap()), [false; 4]);

    let chain = tessera_common::pem::certificates(&path).unwrap();
    let shown = |shown_as| flaw(&chain, shown_as, clock());
    assert_eq!(shown(ShownAs::Client), None);
    assert_eq!(shown(ShownAs::Server), Some(Flaw::NotFor("serverAuth")));
}

fn clock() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.unwrap().as_secs() as i64
}

#[test]
fn a_party_needs_the_authority() {
    let folder = tempfile::tempdir().unwrap();
    let party = PartySubject {
        code: 7,
        names: Vec::new(),
    };
    let error = write_party(folder.path(), &party, false).unwrap_err();
    assert!(error.to_string().contains("ca.pem"), "{error}");
}
