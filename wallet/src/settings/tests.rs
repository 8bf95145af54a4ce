use super::*;

const SHIPPED: &str = include_str!("../../../config/wallet.toml");

fn complaint(change: impl FnOnce(&mut Settings)) -> String {
    let mut settings = Settings::default();
    change(&mut settings);
    settings.check_values().unwrap_err().to_string()
}

/// The shipped file states every key with its default; only the malls differ.
#[test]
fn the_shipped_file_states_the_defaults() {
    let mut shipped: Settings = toml::from_str(SHIPPED).unwrap();
    assert_eq!(shipped.malls.len(), 2);
    shipped.malls.clear();
    assert_eq!(format!("{shipped:?}"), format!("{:?}", Settings::default()));
    shipped.check_values().unwrap();
}

/// The keys that the settings have in a table, as the complaint about an unknown one lists them.
fn known(header: &str) -> Vec<String> {
    let text = format!("{header}\nzzzzzzzzzz = 1");
    let complaint_text = toml::from_str::<Settings>(&text).unwrap_err().to_string();
    let (_, expected) = complaint_text.split_once(", expected ").expect(header);
    let names = expected.split('`').skip(1).step_by(2);
    names.map(str::to_owned).collect()
}

#[test]
fn the_shipped_file_states_every_key() {
    let uncommented = |line: &str| {
        let rest = line
            .strip_prefix("# ")
            .filter(|rest| rest.starts_with('[') || rest.contains(" = \""));
        format!("{}\n", rest.unwrap_or(line))
    };
    let shown: String = SHIPPED.lines().map(uncommented).collect();
    let shown: toml::Table = shown.parse().unwrap();
    let malls = shown["malls"].as_array().unwrap();
    for (header, table) in [
        ("", &shown),
        ("[tls]", shown["tls"].as_table().unwrap()),
        ("[line]", shown["line"].as_table().unwrap()),
        ("[log]", shown["log"].as_table().unwrap()),
        ("[[malls]]", malls[0].as_table().unwrap()),
    ] {
        for key in known(header) {
            assert!(table.contains_key(&key), "{header} {key}");
        }
    }
}

#[test]
fn the_line_has_one_address_or_several() {
    let read = |text: &str| toml::from_str::<Settings>(&format!("[line]\naddress = {text}"));
    let stated = |text: &str| read(text).unwrap().line.address.to_string();
    assert_eq!(stated("\"switch.example:8585\""), "switch.example:8585");
    let two = "[\"a.example:8585\", \"[fd00::2]:8585\"]";
    assert_eq!(stated(two), "a.example:8585,[fd00::2]:8585");
    for (wrong, says) in [("\"a\"", "is not an address"), ("[]", "1 to 16 addresses")] {
        let complaint = read(wrong).unwrap_err().to_string();
        assert!(complaint.contains(says), "{complaint}");
    }
}

#[test]
fn an_unknown_key_is_an_error() {
    assert!(toml::from_str::<Settings>("lisen = 1").is_err());
}

#[test]
fn plain_http_leaves_this_machine_only_behind_a_proxy() {
    let outside = |settings: &mut Settings| settings.listen = ([0, 0, 0, 0], 8080).into();
    assert!(complaint(outside).starts_with("listen: plain HTTP"));
    let mut settings = Settings {
        behind_proxy: true,
        trusted_proxies: vec![[10, 0, 0, 1].into()],
        origin: "https://wallet.example".into(),
        ..Settings::default()
    };
    outside(&mut settings);
    settings.check_values().unwrap();
    settings.origin = "http://wallet.example".into();
    assert!(settings.check_values().is_err());
    let nobody = complaint(|settings| settings.behind_proxy = true);
    assert!(nobody.starts_with("trusted_proxies: "), "{nobody}");
}

#[test]
fn malls_come_from_origins_as_browsers_write_them() {
    let mall = |origin: &str| Mall {
        acceptor: "MALL-0001".into(),
        name: "Teacup".into(),
        origins: vec![origin.into()],
        frames: false,
    };
    for wrong in [
        "https://shop.example/",
        "shop.example",
        "https://SHOP.example",
        "http://shop.example",
        "https://shop.example; script-src *",
    ] {
        let complaint_text = complaint(|settings| settings.malls.push(mall(wrong)));
        assert!(
            complaint_text.starts_with("malls[0].origins"),
            "{complaint_text}"
        );
    }
    let twice = complaint(|settings| settings.malls = vec![mall("https://a.example"); 2]);
    assert_eq!(twice, "malls[1].acceptor: is stated twice");
}
