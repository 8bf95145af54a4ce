//! A configuration file and, after a zero byte, the file of a party: settings, or a complaint that names the file.

use std::fs;

use tessera_config::Settings;

pub fn run(bytes: &[u8]) {
    let mut files = bytes.splitn(2, |byte| *byte == 0);
    let folder = tempfile::tempdir().expect("a folder");
    let (switch, parties) = (
        folder.path().join("switch.toml"),
        folder.path().join("parties"),
    );
    fs::create_dir(&parties).expect("a folder");
    fs::write(&switch, files.next().unwrap_or_default()).expect("a file");
    if let Some(party) = files.next() {
        fs::write(parties.join("party.toml"), party).expect("a file");
    }
    if let Err(complaint) = Settings::read(&switch) {
        assert!(!complaint.to_string().is_empty());
    }
}
