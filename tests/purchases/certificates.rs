//! Certificates of parties: those of `tessera certs`, and those of the guide's commands for openssl. What is wrong with one is
//! in the log, in plain words.

use std::path::Path;
use std::process::Command;

use crate::rig::wire::started;
use crate::rig::{Rig, at_home, free_port, wait_for};

/// A switch whose port with TLS accepts clients of this authority, and the address of the port.
fn with_tls(authority: &str) -> (Rig, String) {
    let address = free_port().to_string();
    let table = format!(
        "[mall.tls]\nlisten = \"{address}\"\ncertificate = \"certs/switch.pem\"\nkey = \"certs/switch.key\"\n\
         client_authority = \"{authority}\""
    );
    (Rig::with(2, 1_000_000, &[("#[mall.tls]", &table)]), address)
}

/// What a certification with this certificate comes to.
fn certify(rig: &Rig, address: &str, certificate: &str) -> (bool, String) {
    let (pem, key) = (format!("{certificate}.pem"), format!("{certificate}.key"));
    let arguments = [
        "certify", "--target", address, "--case", "1", "--case", "8.03",
    ];
    let tls = ["--tls-name", "localhost", "--tls-authority", "certs/ca.pem"];
    let own = ["--tls-certificate", &pem, "--tls-key", &key];
    let output = rig.try_run(&[&arguments[..], &tls, &own].concat());
    let said = [output.stdout, output.stderr].concat();
    (
        output.status.success(),
        String::from_utf8_lossy(&said).into_owned(),
    )
}

#[track_caller]
fn passes(rig: &Rig, address: &str, certificate: &str) {
    let (success, report) = certify(rig, address, certificate);
    assert!(
        success && report.contains("\n7 passed, 0 failed, 0 skipped"),
        "{report}"
    );
}

const PROFILE: &str = "parties/development-acquirer-1.toml";

/// Makes a certificate for the acquirer, and demands it in its profile, which is changed by `change` besides.
fn certified(rig: &Rig, change: impl FnOnce(String) -> String) {
    let make = [
        "certs",
        "certs",
        "--party",
        "20000000001",
        "--name",
        "acquirer.example",
    ];
    let said = String::from_utf8_lossy(&rig.run(&make).stdout).into_owned();
    let lines = said.split_once("in its profile:\n");
    let lines = lines.expect("lines for the profile").1;
    assert!(lines.contains("certificate_subject = "), "{said}");
    let text = std::fs::read_to_string(rig.path(PROFILE)).expect("a profile");
    let text = change(text.replace("[line]\n", &format!("[line]\n{lines}")));
    std::fs::write(rig.path(PROFILE), text).expect("a file");
}

#[test]
fn a_party_is_certified_over_tls_with_a_certificate_of_its_own() {
    let (rig, address) = with_tls("certs/ca.pem");
    certified(&rig, |profile| profile);
    let rig = started(rig, &[]);
    passes(&rig, &address, "certs/party-20000000001");
    let (success, report) = certify(&rig, &address, "certs/switch");
    assert!(
        !success && report.contains("another certificate"),
        "{report}"
    );
    let wrong = rig.try_run(&["certs", "certs", "--party", "20-1"]);
    let why = String::from_utf8_lossy(&wrong.stderr).into_owned();
    assert!(
        !wrong.status.success() && why.contains("1 to 11 digits"),
        "{why}"
    );
}

/// Load as this party, with this certificate: whether it was clean, and what was said.
fn load(rig: &Rig, address: &str, certificate: &str) -> (bool, String) {
    let (pem, key) = (format!("{certificate}.pem"), format!("{certificate}.key"));
    let (wallet_line, tally) = (
        rig.addresses.wallet_server.to_string(),
        rig.addresses.tally.to_string(),
    );
    let arguments = [
        &["load", "--party", PROFILE, "--target", address][..],
        &["--tls-name", "localhost", "--tls-authority", "certs/ca.pem"],
        &["--tls-certificate", &pem, "--tls-key", &key],
        &["--certs", "certs", "--wallet-line", &wallet_line],
        &["--host-tally", &tally, "--json", "load.json", "--plain"],
        &["--cards", "2", "--connections", "3", "--rate", "60"],
        &["--duration", "3s", "--settle", "20s"],
        &[
            "--faults",
            "duplicates=5%,late_repeats=5%,late_after=500ms,disconnects=2%",
        ],
    ];
    let output = rig.try_run(&arguments.concat());
    let said = [output.stdout, output.stderr].concat();
    (
        output.status.success(),
        String::from_utf8_lossy(&said).into_owned(),
    )
}

/// Every answer over the port with TLS is right, and so is every balance in the end.
fn load_is_clean(change: impl FnOnce(String) -> String) {
    let (rig, address) = with_tls("certs/ca.pem");
    certified(&rig, change);
    let rig = started(rig, &[]);
    let (clean, said) = load(&rig, &address, "certs/party-20000000001");
    assert!(clean, "{said}");
    let report = std::fs::read(rig.path("load.json")).expect("a report");
    let report: serde_json::Value = serde_json::from_slice(&report).expect("JSON");
    assert!(report["approved"].as_u64() > Some(100), "{report}");
    assert_eq!(report["host_tally_agrees"], true, "{report}");
    assert!(report.to_string().contains("\"tls\":\"yes\""), "{report}");
    // With the certificate of somebody else, the load says why it can't begin.
    let (clean, said) = load(&rig, &address, "certs/switch");
    assert!(!clean && said.contains("another certificate"), "{said}");
}

#[test]
fn load_is_sent_over_tls_with_the_certificate_of_the_party() {
    load_is_clean(|profile| profile);
}

#[test]
fn load_is_sent_over_tls_in_the_packing_of_the_profile() {
    load_is_clean(|profile| {
        profile.replace(
            "#framing = \"binary-2\"",
            "framing = \"ascii-4\"\npacking = \"ascii\"",
        )
    });
}

/// The commands of the guide behind `<!-- run: NAME -->`.
fn of_the_guide(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/operations.md");
    let guide = std::fs::read_to_string(path).expect("the guide");
    let (_, rest) = guide
        .split_once(&format!("<!-- run: {name} -->\n```sh\n"))
        .expect("commands");
    rest.split_once("```").expect("their end").0.to_owned()
}

/// Runs them in the rig's folder.
fn run(rig: &Rig, commands: &str) -> String {
    let mut shell = Command::new("sh");
    at_home(&mut shell, rig.folder.path());
    let ran = shell
        .args(["-ec", commands])
        .current_dir(rig.folder.path())
        .output();
    let ran = ran.expect("a shell");
    let why = String::from_utf8_lossy(&ran.stderr);
    assert!(ran.status.success(), "{commands}: {why}");
    String::from_utf8_lossy(&ran.stdout).into_owned()
}

#[test]
fn the_commands_of_the_guide_make_certificates_that_are_accepted() {
    let (rig, address) = with_tls("parties-ca.pem");
    run(&rig, &of_the_guide("authority"));
    run(&rig, &of_the_guide("request"));
    let said = run(&rig, &of_the_guide("sign"));
    assert!(
        said.contains("Corner Shop") && said.contains("ingerprint="),
        "{said}"
    );
    run(&rig, "chmod 600 corner-shop.key");
    let rig = started(rig, &[]);
    passes(&rig, &address, "corner-shop");

    // The same without extensions, as a refused certificate most often is.
    let sign = "openssl x509 -req -in corner-shop.csr -CA parties-ca.pem -CAkey parties-ca.key -CAcreateserial";
    run(
        &rig,
        &format!("{sign} -days 365 -out old.pem; cp corner-shop.key old.key"),
    );
    let (success, why) = certify(&rig, &address, "old");
    assert!(
        !success && why.contains("old.pem: the certificate is X.509 v1"),
        "{why}"
    );
    // A client that does not look at its own certificate.
    let show = format!("openssl s_client -connect {address} -cert old.pem -key old.key");
    run(&rig, &format!("{show} < /dev/null || true"));
    let logged = |words: &str| {
        wait_for(words, || rig.log("switch").contains(words));
    };
    logged("the certificate is X.509 v1");
    // One that another authority has signed.
    assert!(!certify(&rig, &address, "certs/switch").0);
    logged("the certificate is of the wrong authority");
    // One that may not be used by a client.
    let extensions = "printf 'extendedKeyUsage = serverAuth' > server.ext";
    run(
        &rig,
        &format!(
            "{extensions}; {sign} -days 365 -extfile server.ext -out server.pem; cp corner-shop.key server.key"
        ),
    );
    assert!(!certify(&rig, &address, "server").0);
    logged("the extended key usage of the certificate has no clientAuth");
}

#[test]
fn the_check_says_in_plain_words_what_is_wrong() {
    let rig = Rig::new(0, 0);
    let request = "openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=switch -keyout k.pem -out r.pem";
    run(
        &rig,
        &format!(
            "{request}; openssl x509 -req -in r.pem -signkey k.pem -days 9 -out c.pem; chmod 600 k.pem"
        ),
    );
    let says = |words: &str| {
        let check = rig.try_run(&["switch", "--config", "switch.toml", "--check"]);
        let why = String::from_utf8_lossy(&check.stderr).into_owned();
        assert!(!check.status.success() && why.contains(words), "{why}");
    };
    let text = std::fs::read_to_string(rig.path("switch.toml")).expect("a configuration");
    let with = |certificate: &str, key: &str| {
        let text = text
            .replace("certs/switch.pem", certificate)
            .replace("certs/switch.key", key);
        std::fs::write(rig.path("switch.toml"), text).expect("a file");
    };
    with("c.pem", "k.pem");
    says("c.pem: the certificate is X.509 v1");
    with("certs/switch.pem", "k.pem");
    says("k.pem: it is not the key of");
    with("certs/wallet-server.pem", "certs/wallet-server.key");
    says("wallet-server.pem: the certificate has no subjectAltName");
    with("certs/host.pem", "certs/host.key");
    says("host.pem: the extended key usage of the certificate has no clientAuth");
}
