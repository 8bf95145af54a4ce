//! `[notify]`: the example that stands in the shipped file, and complaints.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;

use super::*;

/// The shipped file with its two examples in force.
fn shipped() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../config/switch.toml");
    let text = std::fs::read_to_string(path).unwrap();
    let example = |line: &str| line.starts_with("#[notify.") || line.contains(" = ");
    let (mut inside, mut lines) = (false, Vec::new());
    for line in text.lines() {
        inside = line.starts_with("#[notify.") || (inside && line.starts_with('#'));
        lines.push(match line.strip_prefix('#') {
            Some(stated) if inside && example(line) => stated,
            _ => line,
        });
    }
    lines.join("\n")
}

#[test]
fn the_shipped_example_states_every_key_and_its_default() {
    let text = shipped();
    let (folder, settings) = read(&text);
    let notify = settings.unwrap().notify;
    let (email, sms) = (notify.email.unwrap(), notify.sms.unwrap());
    let web_push = notify.web_push.unwrap();
    assert_eq!(
        web_push.key_file.unwrap(),
        folder.path().join("web-push.key")
    );
    assert_eq!(web_push.services, WebPushSettings::default().services);
    assert_eq!(
        email.password_file.unwrap(),
        folder.path().join("mail.password")
    );
    assert_eq!(
        sms.authority.unwrap(),
        folder.path().join("certs/smpp-ca.pem")
    );
    let document: toml::Table = text.parse().unwrap();
    for table in ["email", "sms", "web_push"] {
        let (_folder, settings) = read(&format!("[notify.{table}]\nzzzzzzzzzz = 1"));
        let Err(SettingsError::UnknownKey { known, .. }) = settings else {
            panic!("{table}");
        };
        for key in known {
            let stated = document["notify"][table].as_table().unwrap();
            assert!(stated.contains_key(&key), "[notify.{table}] {key}");
        }
    }
    // What has a default is shown with it.
    let (_folder, bare) = read(
        "[notify.email]\nserver = \"a:1\"\nfrom = \"a@b.example\"\n\
         [notify.sms]\nserver = \"a:1\"\nsystem_id = \"a\"\n",
    );
    let bare = bare.unwrap().notify;
    let (plain_email, plain_sms) = (bare.email.unwrap(), bare.sms.unwrap());
    assert_eq!(email.tls, plain_email.tls);
    assert_eq!(
        (
            email.connections_max,
            email.connect_within,
            email.answer_within,
            email.idle_for
        ),
        (
            plain_email.connections_max,
            plain_email.connect_within,
            plain_email.answer_within,
            plain_email.idle_for
        )
    );
    assert_eq!(
        (
            sms.tls,
            sms.system_type,
            sms.sender,
            sms.messages_per_second,
            sms.window
        ),
        (
            plain_sms.tls,
            plain_sms.system_type,
            plain_sms.sender,
            plain_sms.messages_per_second,
            plain_sms.window
        )
    );
    assert_eq!(
        (sms.enquire_after, sms.connect_within, sms.answer_within),
        (
            plain_sms.enquire_after,
            plain_sms.connect_within,
            plain_sms.answer_within
        )
    );
    assert_eq!(
        (sms.reconnect_min, sms.reconnect_max),
        (plain_sms.reconnect_min, plain_sms.reconnect_max)
    );
}

#[test]
fn nothing_is_sent_where_nothing_is_stated() {
    let (_folder, settings) = read("");
    let notify = settings.unwrap().notify;
    assert!(notify.email.is_none() && notify.sms.is_none() && notify.web_push.is_none());
}

#[test]
fn names_what_cannot_be() {
    let email = "[notify.email]\nserver = \"mail.example:587\"\nfrom = \"T <t@mail.example>\"";
    let sms = "[notify.sms]\nserver = \"smpp.example:2775\"\nsystem_id = \"tessera\"";
    for (text, expected) in [
        (
            "[notify]\nbatch = 0".to_owned(),
            "2: notify.batch = 0: must be from 1 to 10000",
        ),
        (
            "[notify]\ngive_up_after = \"0s\"".to_owned(),
            "2: notify.give_up_after = \"0s\": must be from \"1s\" to \"30d\"",
        ),
        (
            "[notify]\nretry_min = \"20min\"".to_owned(),
            "2: notify.retry_min = \"20min\": must not exceed notify.retry_max = \"15min\"",
        ),
        (
            "[notify.email]\nfrom = \"t@mail.example\"".to_owned(),
            "1: notify.email.server: missing: a name or address and a port, as in \"mail.example:587\"",
        ),
        (
            email.replace(":587", ""),
            "2: notify.email.server = \"mail.example\": a name or address and a port, as in \"mail.example:587\"",
        ),
        (
            email.replace("T <t@mail.example>", "nobody"),
            "3: notify.email.from = \"nobody\": a name and an address with ASCII before the @, as in \"Tessera <no-reply@example.com>\"",
        ),
        (
            format!("{email}\nuser = \"u\""),
            "4: notify.email.user = \"u\": user and password_file go together",
        ),
        (
            format!("{email}\ntls = \"none\""),
            "4: notify.email.tls = \"none\": unknown variant `none`, expected one of `starttls`, `implicit`, `plain`",
        ),
        (
            format!("{email}\ntls = \"plain\""),
            "4: notify.email.tls = \"plain\": only in a development configuration, and only to a loopback address as in \"127.0.0.1:1025\"",
        ),
        (
            format!("{email}\npasword_file = \"p\""),
            "4: unknown key `notify.email.pasword_file`: did you mean `password_file`?",
        ),
        (
            sms.replace("tessera", "far-too-long-for-smpp"),
            "3: notify.sms.system_id = \"far-too-long-for-smpp\": must be 1 to 15 printable ASCII characters",
        ),
        (
            format!("{sms}\nsender = \"TESSERA WALLET\""),
            "4: notify.sms.sender = \"TESSERA WALLET\": must be a name of 1 to 11 letters, digits and spaces, a short code, or a number as in \"+491701234567\"",
        ),
        (
            "[notify.web_push]\nservices = []".to_owned(),
            "1: notify.web_push.contact: whom a push service can reach, as in \"mailto:operations@mail.example\" or \"https://wallet.example\"",
        ),
        (
            "[notify.web_push]\ncontact = \"mailto:a@b.example\"\nservices = [\"10.0.0.1\"]"
                .to_owned(),
            "3: notify.web_push.services: \"10.0.0.1\": a name in lower case as in \"fcm.googleapis.com\", or \"*.push.apple.com\" for all below one",
        ),
        (
            format!("{sms}\nwindow = 0"),
            "4: notify.sms.window = 0: must be from 1 to 1000",
        ),
        (
            format!("{sms}\nmessages_per_second = -1"),
            "4: notify.sms.messages_per_second = -1: must be a whole number from 0 to 4294967295",
        ),
    ] {
        let complaint = complaint(&text);
        assert_eq!(complaint, format!("switch.toml:{expected}"));
    }
    // In development, to this machine.
    let plain = email.replace("mail.example:587", "127.0.0.1:1025");
    let (_folder, settings) = read(&format!(
        "environment = \"development\"\n{plain}\ntls = \"plain\""
    ));
    assert!(settings.is_ok(), "{settings:?}");
}

#[test]
fn a_password_is_the_first_line_of_its_file_and_is_never_printed() {
    let folder = tempfile::tempdir().unwrap();
    let password_file = folder.path().join("smpp.password");
    let sms = SmsSettings {
        password_file: Some(password_file.clone()),
        ..SmsSettings::default()
    };
    let error = sms.password().unwrap_err().to_string();
    assert!(error.starts_with("unreadable password: "), "{error}");
    for (text, password) in [
        ("s3cret\n", Some("s3cret")),
        ("\n", None),
        ("ninechars", None),
    ] {
        std::fs::write(&password_file, text).unwrap();
        std::fs::set_permissions(&password_file, Permissions::from_mode(0o600)).unwrap();
        match (sms.password(), password) {
            (Ok(read), Some(password)) => assert_eq!(*read, password),
            (Err(error), None) => assert!(!error.to_string().contains("ninechars")),
            (read, _) => panic!("{text:?}: {}", read.is_ok()),
        }
    }
    let email = EmailSettings {
        user: Some("u".into()),
        password_file: Some(password_file),
        ..EmailSettings::default()
    };
    assert!(!format!("{email:?}").contains("ninechars"));
    assert!(email.credentials().unwrap().is_some());
    let path = email.password_file.as_ref().unwrap();
    std::fs::set_permissions(path, Permissions::from_mode(0o640)).unwrap();
    let error = email.credentials().unwrap_err().to_string();
    assert!(
        error.contains("can be read by others: `chmod 600 "),
        "{error}"
    );
}
