//! The configurations in `deploy/` against the programs that read them.

use std::fs;
use std::path::{Path, PathBuf};

use crate::rig::Rig;

/// What they name in `certs/`, and which certificate for development stands in for it.
const CERTIFICATES: &[(&str, &str)] = &[
    ("cluster-ca.pem", "ca.pem"),
    ("host-ca.pem", "ca.pem"),
    ("leased-ca.pem", "ca.pem"),
    ("host.pem", "switch.pem"),
    ("host.key", "switch.key"),
    ("node.pem", "switch.pem"),
    ("node.key", "switch.key"),
    ("switch.pem", "switch.pem"),
    ("switch.key", "switch.key"),
    ("wallet-server.pem", "wallet-server.pem"),
    ("wallet-server.key", "wallet-server.key"),
];

const PARTY: &str =
    "code = \"31000000001\"\nname = \"North\"\nkind = \"acquirer\"\nmac_key = \"none\"\n";

fn read(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

/// A file in a config map of Kubernetes.
fn in_manifest(path: &str, file: &str) -> String {
    let text = read(path);
    let (_, rest) = text.split_once(&format!("\n  {file}: |\n")).unwrap();
    let lines = rest
        .lines()
        .map_while(|line| line.strip_prefix("    ").or(line.is_empty().then_some("")));
    lines.flat_map(|line| [line, "\n"]).collect()
}

/// `/etc/tessera` of a machine.
fn folder(rig: &Rig) -> PathBuf {
    let folder = rig.path("etc");
    for name in ["certs", "keys", "parties"] {
        fs::create_dir_all(folder.join(name)).unwrap();
    }
    for (name, development) in CERTIFICATES {
        let from = rig.path("certs").join(development);
        fs::copy(from, folder.join("certs").join(name)).unwrap();
    }
    fs::write(folder.join("parties/north.toml"), PARTY).unwrap();
    rig.run(&["keys", "make", "--bits", "256", "etc/keys/master.key"]);
    folder
}

#[test]
fn configurations_of_a_deployment_are_good() {
    let rig = Rig::new(0, 0);
    let folder = folder(&rig);
    let of_pod = |text: String| {
        assert!(text.contains("@NODE@"));
        text.replace("@NODE@", "tessera-0")
    };
    let switch = "deploy/kubernetes/switch.yaml";
    // The console reads it.
    fs::write(
        folder.join("switch.toml"),
        read("deploy/config/switch.toml"),
    )
    .unwrap();
    for (program, text) in [
        ("switch", read("deploy/config/switch.toml")),
        ("switch", of_pod(in_manifest(switch, "switch.toml"))),
        ("wallet", read("deploy/config/wallet.toml")),
        ("console", read("deploy/config/console.toml")),
        (
            "wallet",
            in_manifest("deploy/kubernetes/wallet.yaml", "wallet.toml"),
        ),
    ] {
        fs::write(folder.join("tested.toml"), text).unwrap();
        let mut arguments = vec![program, "--config", "etc/tested.toml", "--check"];
        if program == "switch" {
            arguments.extend(["--data", "etc/data"]);
        }
        rig.run(&arguments);
    }
}

#[test]
fn every_unit_names_a_command_with_its_options() {
    let rig = Rig::new(0, 0);
    let units = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/systemd");
    let mut commands = 0;
    for unit in fs::read_dir(units).unwrap() {
        let text = fs::read_to_string(unit.unwrap().path()).unwrap();
        let line = text
            .lines()
            .find_map(|line| line.strip_prefix("ExecStart=/usr/bin/tessera "));
        let Some((command, options)) = line.and_then(|line| line.split_once(' ')) else {
            continue;
        };
        let help = rig.run(&[command, "--help"]).stdout;
        let help = String::from_utf8(help).unwrap();
        let options = options.split(' ').filter(|word| word.starts_with("--"));
        for option in options {
            let is_known = help.split_whitespace().any(|word| word == option);
            assert!(is_known, "{command} {option}");
        }
        commands += 1;
    }
    assert_eq!(commands, 4);
}
