//! Complaints about the switch's own file.

use std::time::Duration;

use tessera_encryption::KeySource;

use super::*;

#[test]
fn says_what_cannot_be_read() {
    let error = Settings::read(Path::new("no/such/switch.toml"))
        .unwrap_err()
        .to_string();
    assert_eq!(
        error,
        "unreadable configuration: no/such/switch.toml: No such file or directory (os error 2)"
    );
    assert_eq!(
        complaint("a = 1\nb == 2"),
        "switch.toml:2: not TOML: extra `=`, expected nothing"
    );
    assert_eq!(
        complaint("a = 1\na = 2"),
        "switch.toml:2: not TOML: duplicate key"
    );
}

#[test]
fn names_unknown_keys_and_the_nearest_known_one() {
    assert_eq!(
        complaint("[mall]\n\nlisen = \"127.0.0.1:1\""),
        "switch.toml:3: unknown key `mall.lisen`: did you mean `listen`?"
    );
    assert_eq!(
        complaint("[mal]\nlisten = \"\""),
        "switch.toml:1: unknown key `mal`: did you mean `mall`?"
    );
    assert_eq!(
        complaint("[log]\ncolour = true"),
        "switch.toml:2: unknown key `log.colour`: known here are format, level"
    );
    assert_eq!(
        complaint("[ops]\nport = 1"),
        "switch.toml:2: unknown key `ops.port`: known here are listen, hosts, socket, operators"
    );
}

#[test]
fn names_bad_values_and_what_is_allowed() {
    for (text, expected) in [
        (
            "environment = \"test\"",
            "1: environment = \"test\": unknown variant `test`, expected `development` or `production`",
        ),
        (
            "[sandbox]\nplay = true",
            "2: sandbox.play = true: must be false unless environment = \"development\"",
        ),
        ("workers = 17", "1: workers = 17: must be from 0 to 16"),
        (
            "workers = -1",
            "1: workers = -1: must be a whole number, not negative",
        ),
        (
            "workers = \"two\"",
            "1: workers = \"two\": must be a whole number, not negative",
        ),
        (
            "partitions = 0",
            "1: partitions = 0: must be from 1 to 4096",
        ),
        (
            "partitions = 70000",
            "1: partitions = 70000: must be a whole number from 0 to 65535",
        ),
        ("data = 1", "1: data = 1: must be a path in quotes"),
        ("mall = 1", "1: mall = 1: must be a table"),
        (
            "currency = \"USD\"",
            "1: currency = \"USD\": must be a numeric ISO 4217 code of three digits in quotes, as in \"840\"",
        ),
        (
            "[mall]\nanswer_within = \"7 s\"",
            "2: mall.answer_within = \"7 s\": must be a whole number and a unit (ms, s, min, h, d) in quotes, as in \"500ms\", \"7s\" or \"15min\"",
        ),
        (
            "[mall]\nanswer_within = 7",
            "2: mall.answer_within = 7: must be a whole number and a unit (ms, s, min, h, d) in quotes, as in \"500ms\", \"7s\" or \"15min\"",
        ),
        (
            "[journal]\nsegment_bytes = \"256MB\"",
            "2: journal.segment_bytes = \"256MB\": must be a whole number and a unit (B, KiB, MiB, GiB) in quotes, as in \"64KiB\" or \"256MiB\"",
        ),
        (
            "[journal]\nsegment_bytes = \"1B\"",
            "2: journal.segment_bytes = \"1B\": must be from \"64KiB\" to \"16GiB\"",
        ),
        (
            "[ops]\nlisten = \"localhost\"",
            "2: ops.listen = \"localhost\": must be an address and a port in quotes, as in \"127.0.0.1:8583\" or \"[::1]:8583\"",
        ),
        (
            "[store]\ntransactions_kept = \"23h\"",
            "2: store.transactions_kept = \"23h\": must be from \"1d\" to \"3650d\"",
        ),
        (
            "[journal]\nkeep = \"6d\"",
            " store.transactions_kept: must not exceed journal.keep = \"6d\"",
        ),
        (
            "[journal]\nkeep = \"2d\"\n[store]\ntransactions_kept = \"1d\"",
            " notify.give_up_after: must not exceed journal.keep = \"2d\"",
        ),
        (
            "[mall]\nin_flight_max = 0",
            "2: mall.in_flight_max = 0: must be from 1 to 1000000",
        ),
        (
            "[leased]\npassword_threads = 5000",
            "2: leased.password_threads = 5000: must be from 1 to 64",
        ),
        (
            "[leased]\npasswords_waiting_max = 1000000000000",
            "2: leased.passwords_waiting_max = 1000000000000: must be from 1 to 65536",
        ),
        (
            "[leased]\ntries_per_account = 0",
            "2: leased.tries_per_account = 0: must be from 1 to 1000",
        ),
        (
            "[leased]\nsession_max_age = \"0s\"",
            "2: leased.session_max_age = \"0s\": must be from \"1s\" to \"365d\"",
        ),
        (
            "[mall]\norder_wait = \"8s\"",
            "2: mall.order_wait = \"8s\": must not exceed mall.answer_within = \"7s\"",
        ),
        (
            "[host]\nrepeat_min = \"2min\"",
            "2: host.repeat_min = \"2min\": must not exceed host.repeat_max = \"1min\"",
        ),
        (
            "[host]\naddress = \"bank.example\"",
            "2: host.address = \"bank.example\": a name or address and a port, as in \"host.example:7583\"",
        ),
        (
            "[host]\nserver_name = \"a b\"",
            "2: host.server_name = \"a b\": neither a DNS name nor an IP address",
        ),
        (
            "[ops]\nlisten = \"127.0.0.1:8585\"",
            "2: ops.listen = \"127.0.0.1:8585\": is also leased.listen",
        ),
        (
            "[leased]\ninstitution = \"x\"",
            "2: leased.institution = \"x\": must be an institution code of 1 to 11 digits in quotes, and not zero",
        ),
        (
            "[log]\nlevel = \"loud\"",
            "2: log.level = \"loud\": unknown variant `loud`, expected one of `error`, `warn`, `info`, `debug`, `trace`",
        ),
    ] {
        assert_eq!(complaint(text), format!("switch.toml:{expected}"));
    }
}

#[test]
fn the_master_key_has_one_source() {
    for (text, expected) in [
        (
            "[encryption]\nkey_file = \"a\"\n\nkey_command = [\"b\"]",
            "4: encryption.key_command: encryption.key_file is stated too: the master key has one source",
        ),
        (
            "[encryption]\nkey_environment = \"A=B\"",
            "2: encryption.key_environment = \"A=B\": is not the name of a variable",
        ),
        (
            "[encryption]\nrotate_every = \"10min\"",
            "2: encryption.rotate_every = \"10min\": must be from \"1h\" to \"3650d\"",
        ),
        (
            "[encryption]\nkey_command = []",
            "2: encryption.key_command: a program and its arguments are needed",
        ),
        (
            "[encryption]\nkey_command = \"vault kv get\"",
            "2: encryption.key_command = \"vault kv get\": must be a list of texts in quotes",
        ),
        (
            "[encryption.pkcs11]\nmodule = \"m\"\ntoken = \"t\"",
            "1: missing key `encryption.pkcs11.key`",
        ),
        (
            "[encryption.pkcs11]\nmodule = \"m\"\ntoken = \"t\"\nkey = \"k\"",
            "1: encryption.pkcs11: pin_file or pin_environment is needed",
        ),
        (
            "[encryption]\nkey_file = \"a\"\n[encryption.pkcs11]\nmodule = \"m\"\ntoken = \"t\"\nkey = \"k\"\npin_file = \"p\"",
            "3: encryption.pkcs11: encryption.key_file is stated too: the master key has one source",
        ),
    ] {
        assert_eq!(complaint(text), format!("switch.toml:{expected}"));
    }
    let (folder, settings) = read("[encryption]\nkey_command = [\"./key\", \"a\"]");
    let program = folder.path().join("./key").display().to_string();
    let expected = KeySource::Command(vec![program, "a".into()]);
    assert_eq!(settings.unwrap().encryption.master_key, expected);
}

/// A key's old name is accepted with its value, and named with its line; beside the new name it is an error.
#[test]
fn a_renamed_key_is_accepted_by_its_old_name() {
    let text = "[leased]\nsession_stands = \"1h\"\n\n[mall]\norder_stands = \"5min\"\nhold_stands = \"2d\"\n";
    let (folder, settings) = read(text);
    let settings = settings.unwrap();
    let minutes = |minutes: u64| Duration::from_secs(60 * minutes);
    assert_eq!(settings.leased.session_max_age, minutes(60));
    assert_eq!(settings.mall.order_valid_for, minutes(5));
    assert_eq!(settings.mall.hold_valid_for, minutes(2 * 24 * 60));
    let prefix = format!("{}/", folder.path().display());
    let warned = settings.outdated_keys.iter();
    let warned: Vec<_> = warned
        .map(|key| key.to_string().replace(&prefix, ""))
        .collect();
    assert_eq!(
        warned[0],
        "switch.toml:5: mall.order_stands is now called mall.order_valid_for; the next version will refuse the old name"
    );
    assert_eq!(warned.len(), 3);

    let (_folder, settings) = read("");
    assert_eq!(settings.unwrap().outdated_keys, []);

    assert_eq!(
        complaint("[mall]\norder_stands = \"0s\""),
        "switch.toml:2: mall.order_valid_for = \"0s\": must be from \"1s\" to \"1d\""
    );
    assert_eq!(
        complaint("[mall]\norder_stands = \"5min\"\norder_valid_for = \"5min\""),
        "switch.toml:2: mall.order_stands: is the old name of mall.order_valid_for, which is stated too: delete one of them"
    );
}
