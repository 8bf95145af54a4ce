//! Browsers that show notifications, over the wallet server's leased line, against the real switch.

use crate::rig::payer::{PASSWORD, Payer};
use crate::rig::wire::{rig_with, started};
use crate::rig::{Rig, wait_for};

/// The example of RFC 8291.
const KEYS: &str = "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4.BTBZMqHH6r4Tts7J_aSIgg";
const ADDRESS: &str = "http://127.0.0.1:9/push/s3cret-of-a-browser";

/// Nobody listens at this push service.
fn rig() -> Rig {
    let rig = rig_with(0, 0, &[]);
    let path = rig.path("switch.toml");
    let text = std::fs::read_to_string(&path).expect("a configuration");
    let table = "\n[notify.web_push]\ncontact = \"mailto:operations@tessera.example\"\n\
                 services = [\"127.0.0.1:9\", \"fcm.googleapis.com\"]\n";
    std::fs::write(path, text + table).expect("a file");
    started(rig, &[])
}

fn list(payer: &mut Payer) -> Vec<String> {
    payer.done("232", &[], &[]).tags(61, 62)
}

#[test]
fn a_browser_is_added_listed_and_removed_and_survives_a_kill() {
    let mut rig = rig();
    let mut payer = Payer::with(&rig, 1_000);
    assert!(
        payer
            .done("210", &[], &[])
            .tag(61, 44)
            .split(',')
            .any(|word| word == "push")
    );
    let key = payer.done("232", &[], &[]).tag(61, 63);
    assert_eq!(key.len(), 87, "{key}");
    let (name, browser) = ([(20, "Firefox on Linux")], [(60, ADDRESS), (61, KEYS)]);
    payer.proven("230", &name, &browser);
    let row = list(&mut payer).remove(0);
    let (number, rest) = row.split_once(',').expect("a row");
    assert!(rest.ends_with(",Firefox on Linux"), "{row}");
    let again = payer.ask("230", &name, &[(17, PASSWORD), browser[0], browser[1]]);
    assert_eq!(again.code(), "94");

    rig.kill_switch();
    rig.start_switch();
    rig.wait_until_ready();
    payer.line = crate::rig::leased::Line::signed_on(&rig);
    assert_eq!(list(&mut payer), std::slice::from_ref(&row));
    assert_eq!(payer.done("232", &[], &[]).tag(61, 63), key, "another key");
    // The messages go with it, so it is asked each time.
    assert_eq!(payer.ask("231", &[(22, number)], &[]).code(), "30");
    payer.proven("231", &[(22, number)], &[]);
    assert_eq!(list(&mut payer), Vec::<String>::new());
    let gone = payer.ask("231", &[(22, number)], &[(17, PASSWORD)]);
    assert_eq!(gone.code(), "25");
    // Its address is in no log.
    let log = rig.log("switch");
    assert!(!log.contains("s3cret") && !log.contains("/push/"));
}

#[test]
fn what_a_browser_may_not_say_is_refused() {
    let rig = rig();
    let mut payer = Payer::registers(&rig);
    let mut ask = |name: &str, address: &str, keys: &str| {
        let secrets = [(17, PASSWORD), (60, address), (61, keys)];
        let answer = payer.ask("230", &[(20, name)], &secrets);
        (answer.code().to_owned(), answer.reason())
    };
    let long = format!("https://fcm.googleapis.com/{}", "a".repeat(600));
    for (address, code, why) in [
        // Whatever the payer's browser says, the switch asks nobody else: neither its own machine nor a network behind it.
        (
            "http://127.0.0.1:10/push",
            "12",
            "not in the configured list",
        ),
        (
            "http://localhost:9/push",
            "12",
            "not in the configured list",
        ),
        (
            "http://127.0.0.1:9583/metrics",
            "12",
            "not in the configured list",
        ),
        (
            "https://169.254.169.254/latest/meta-data",
            "12",
            "not in the configured list",
        ),
        (
            "https://fcm.googleapis.com.example.com/1",
            "12",
            "not in the configured list",
        ),
        (
            "https://fcm.googleapis.com:8443/1",
            "12",
            "not in the configured list",
        ),
        (
            "http://fcm.googleapis.com/1",
            "12",
            "not in the configured list",
        ),
        (
            "https://a@fcm.googleapis.com/1",
            "12",
            "not in the configured list",
        ),
        ("", "30", "tag 60"),
        ("https://fcm.googleapis.com/a b", "30", "tag 60"),
        (&long, "30", "tag 60"),
    ] {
        let (answered, reason) = ask("Firefox", address, KEYS);
        assert_eq!(answered, code, "{address}: {reason}");
        assert!(reason.contains(why), "{address}: {reason}");
    }
    for keys in [
        "",
        "abc",
        "AAAA.BTBZMqHH6r4Tts7J_aSIgg",
        &KEYS.replace("BCV", "BBV"),
    ] {
        let (answered, reason) = ask("Firefox", ADDRESS, keys);
        assert_eq!(answered, "30", "{keys}");
        assert!(reason.contains("tag 61"), "{keys}: {reason}");
    }
    let long = "x".repeat(61);
    for name in ["", &long] {
        assert_eq!(ask(name, ADDRESS, KEYS).0, "30", "{name:?}");
    }
    assert_eq!(ask("Firefox", ADDRESS, KEYS).0, "00");
}

#[test]
fn nothing_is_offered_where_it_is_not_configured() {
    let rig = started(rig_with(0, 0, &[]), &[]);
    let mut payer = Payer::registers(&rig);
    assert_eq!(payer.done("210", &[], &[]).tag(61, 44), "");
    for code in ["230", "231", "232"] {
        let answer = payer.ask(
            code,
            &[(20, "Firefox"), (22, "1")],
            &[(60, ADDRESS), (61, KEYS)],
        );
        assert_eq!(answer.code(), "12", "{code}: {}", answer.reason());
    }
    wait_for("no key to be made", || {
        !rig.path("data/web-push.key").exists()
    });
}
