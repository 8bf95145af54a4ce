//! The demo's configurations: the shipped ones, with the few lines changed that the demo needs otherwise. A line
//! that is not found any more is an error here and a failing test, not a demo with another configuration.

use super::ports::{NODES, Ports, SwitchPorts, USUAL, address};

macro_rules! party {
    ($name:literal) => {
        (
            $name,
            include_str!(concat!("../../../config/parties/", $name)),
        )
    };
}

const SWITCH: &str = include_str!("../../../config/switch.toml");
/// The parties of development, by the names of their files.
const PARTIES: [(&str, &str); 4] = [
    party!("teacup.toml"),
    party!("development-mall-2.toml"),
    party!("development-acquirer-1.toml"),
    party!("development-acquirer-2.toml"),
];
/// The one that the switch notifies, at the affiliated shop.
const WITH_WEBHOOK: &str = "teacup.toml";
const HOST: &str = include_str!("../../../config/host.toml");
const WALLET: &str = include_str!("../../../config/wallet.toml");
const SHOP: &str = include_str!("../../../config/shop.toml");
const CONSOLE: &str = include_str!("../../../config/console.toml");

/// The shipped files have lost a line that is changed here.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("the shipped configuration has no line `{0}` any more")]
pub struct Lost(String);

/// The configuration of a switch, whose data are in this folder and that is at these ports.
pub fn switch(ports: &Ports, data: &str, at: SwitchPorts) -> Result<String, Lost> {
    let mut file = SWITCH.to_owned();
    change(&mut file, "data = \"data\"", &format!("data = \"{data}\""))?;
    let usual = USUAL.switch;
    move_port(&mut file, "listen", usual.mall, at.mall)?;
    move_port(&mut file, "listen", usual.leased, at.leased)?;
    move_port(&mut file, "listen", usual.operations, at.operations)?;
    let shipped = format!("origin = \"{}\"", wallet_origin(&USUAL));
    let origin = format!("origin = \"{}\"", wallet_origin(ports));
    change(&mut file, &shipped, &origin)?;
    // The link can be cut, and should be seen to come back soon.
    move_port(&mut file, "address", USUAL.host, ports.link)?;
    change(
        &mut file,
        "reconnect_max = \"10s\"",
        "reconnect_max = \"1s\"",
    )?;
    // It may run for days.
    change(
        &mut file,
        "transactions_kept = \"7d\"",
        "transactions_kept = \"1d\"",
    )?;
    change(
        &mut file,
        "cache_bytes = \"64MiB\"",
        "cache_bytes = \"8MiB\"",
    )?;
    // Two of them are allocated at once.
    change(
        &mut file,
        "segment_bytes = \"256MiB\"",
        "segment_bytes = \"32MiB\"",
    )?;
    let email = format!(
        "[notify.email]\nserver = \"{}\"\ntls = \"plain\"\nfrom = \"Tessera <no-reply@tessera.example>\"",
        address(ports.smtp)
    );
    change(&mut file, "#[notify.email]", &email)?;
    // Relative to this file: the nodes of a cluster have one.
    let web_push = "[notify.web_push]\ncontact = \"mailto:operations@tessera.example\"\nkey_file = \"web-push.key\"";
    change(&mut file, "#[notify.web_push]", web_push)?;
    Ok(headed(&file))
}

/// The files of the parties, by name.
pub fn parties(ports: &Ports) -> Result<Vec<(&'static str, String)>, Lost> {
    let written = PARTIES.iter().map(|(name, text)| {
        let mut file = (*text).to_owned();
        if *name == WITH_WEBHOOK {
            let url = |port| format!("url = \"http://{}/tessera/events\"", address(port));
            change(&mut file, &url(USUAL.affiliated), &url(ports.affiliated))?;
        }
        Ok((*name, headed(&file)))
    });
    written.collect()
}

/// The wallet server's.
pub fn wallet(ports: &Ports) -> Result<String, Lost> {
    let mut file = WALLET.to_owned();
    move_port(&mut file, "listen", USUAL.wallet, ports.wallet)?;
    move_port(
        &mut file,
        "metrics",
        USUAL.wallet_metrics,
        ports.wallet_metrics,
    )?;
    let leased: Vec<_> = ports.switches().map(|switch| switch.leased).collect();
    list_ports(&mut file, "address", USUAL.switch.leased, &leased)?;
    let shipped = format!("origin = \"{}\"", wallet_origin(&USUAL));
    let origin = format!("origin = \"{}\"", wallet_origin(ports));
    change(&mut file, &shipped, &origin)?;
    let origins = |port| format!("origins = [\"http://{}\"]", address(port));
    let ours = origins(ports.affiliated);
    change(&mut file, &origins(USUAL.affiliated), &ours)?;
    Ok(headed(&file))
}

/// The shops'.
pub fn shop(ports: &Ports) -> Result<String, Lost> {
    let mut file = SHOP.to_owned();
    change(&mut file, "data = \"data/shop\"", "data = \"shop\"")?;
    let malls: Vec<_> = ports.switches().map(|switch| switch.mall).collect();
    list_ports(&mut file, "switch", USUAL.switch.mall, &malls)?;
    let wallet = |ports| format!("wallet = \"{}\"", wallet_origin(ports));
    change(&mut file, &wallet(&USUAL), &wallet(ports))?;
    move_port(&mut file, "listen", USUAL.affiliated, ports.affiliated)?;
    move_port(&mut file, "listen", USUAL.unaffiliated, ports.unaffiliated)?;
    move_port(&mut file, "frame", USUAL.frame, ports.frame)?;
    Ok(headed(&file))
}

/// How browsers name the wallet server. Cookies are shared by all ports of a host, so it has another host name than the
/// shops.
pub fn wallet_origin(ports: &Ports) -> String {
    format!("http://localhost:{}", ports.wallet)
}

/// The operators' console's: of the switch, or of the first node and all others.
pub fn console(ports: &Ports, switch: &str) -> Result<String, Lost> {
    let mut file = CONSOLE.to_owned();
    move_port(&mut file, "listen", USUAL.console, ports.console)?;
    let origin = |ports| format!("origin = \"{}\"", console_origin(ports));
    change(&mut file, &origin(&USUAL), &origin(ports))?;
    let named = format!("switch = \"{switch}\"");
    change(&mut file, "switch = \"switch.toml\"", &named)?;
    // The folder of a node's data has its name.
    let others = NODES.into_iter().zip(ports.switches()).skip(1);
    let others = others.map(|(node, at)| {
        let operations = address(at.operations);
        format!("{{ operations = \"{operations}\", name = \"{node}\", socket = \"{node}/operations.sock\" }}")
    });
    let nodes = format!("nodes = [{}]", others.collect::<Vec<_>>().join(", "));
    change(&mut file, "nodes = []", &nodes)?;
    Ok(headed(&file))
}

/// The name of the account at the operators' console.
pub const OPERATOR: &str = "demo";

/// How browsers name the operators' console.
pub fn console_origin(ports: &Ports) -> String {
    format!("http://localhost:{}", ports.console)
}

/// The financial system's: it takes a little time, and declines a few.
pub fn host(ports: &Ports) -> Result<String, Lost> {
    let mut file = HOST.to_owned();
    change(&mut file, "#data = \"data/host\"", "data = \"host\"")?;
    change(&mut file, "decline_share = 0.0", "decline_share = 0.02")?;
    change(
        &mut file,
        "remember_max = 12000000",
        "remember_max = 200000",
    )?;
    let codes = "decline_codes = { \"05\" = 3, \"61\" = 1 }";
    let shipped = "#decline_codes = { \"05\" = 3, \"51\" = 5, \"61\" = 1 }";
    change(&mut file, shipped, codes)?;
    let delay = "delay = { median = \"2ms\", p99 = \"20ms\" }";
    change(
        &mut file,
        "#delay = { median = \"2ms\", p99 = \"50ms\" }",
        delay,
    )?;
    move_port(&mut file, "listen", USUAL.host, ports.host)?;
    move_port(&mut file, "ops", USUAL.tally, ports.tally)?;
    Ok(headed(&file))
}

/// The configuration of a node of a cluster: that of a switch, with this table in place of the commented one.
pub fn node(switch: &str, cluster: &str) -> Result<String, Lost> {
    let mut file = switch.to_owned();
    change(&mut file, "#[cluster]", cluster)?;
    Ok(file)
}

fn headed(file: &str) -> String {
    format!("# Written by `tessera demo`, anew at each start.\n\n{file}")
}

fn move_port(file: &mut String, key: &str, from: u16, to: u16) -> Result<(), Lost> {
    let line = |port| format!("{key} = \"{}\"", address(port));
    change(file, &line(from), &line(to))
}

/// The same, with the addresses of all nodes of a cluster in place of the one.
fn list_ports(file: &mut String, key: &str, from: u16, to: &[u16]) -> Result<(), Lost> {
    let listed = match to {
        [port] => format!("\"{}\"", address(*port)),
        ports => {
            let all = ports.iter().map(|port| format!("\"{}\"", address(*port)));
            format!("[{}]", all.collect::<Vec<_>>().join(", "))
        }
    };
    let shipped = format!("{key} = \"{}\"", address(from));
    change(file, &shipped, &format!("{key} = {listed}"))
}

fn change(file: &mut String, from: &str, to: &str) -> Result<(), Lost> {
    if !file.lines().any(|line| line == from) {
        return Err(Lost(from.to_owned()));
    }
    *file = file
        .lines()
        .map(|line| if line == from { to } else { line })
        .flat_map(|line| [line, "\n"])
        .collect();
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const PORTS: Ports = Ports {
        switch: SwitchPorts {
            mall: 1,
            leased: 2,
            operations: 3,
        },
        others: None,
        host: 4,
        link: 13,
        tally: 5,
        wallet: 6,
        wallet_metrics: 7,
        affiliated: 8,
        unaffiliated: 9,
        frame: 10,
        smtp: 11,
        mail: 12,
        start: 14,
        console: 15,
    };

    #[test]
    fn the_shipped_files_have_every_line_that_is_changed() {
        let switch: toml::Table = switch(&PORTS, "switch", PORTS.switch)
            .unwrap()
            .parse()
            .unwrap();
        assert_eq!(switch["mall"]["listen"].as_str(), Some("127.0.0.1:1"));
        assert_eq!(switch["leased"]["listen"].as_str(), Some("127.0.0.1:2"));
        assert_eq!(switch["ops"]["listen"].as_str(), Some("127.0.0.1:3"));
        assert_eq!(switch["host"]["address"].as_str(), Some("127.0.0.1:13"));
        assert_eq!(switch["data"].as_str(), Some("switch"));
        let email = &switch["notify"]["email"];
        assert_eq!(email["server"].as_str(), Some("127.0.0.1:11"));
        let host: toml::Table = host(&PORTS).unwrap().parse().unwrap();
        assert_eq!(host["listen"].as_str(), Some("127.0.0.1:4"));
        assert_eq!(host["ops"].as_str(), Some("127.0.0.1:5"));
        assert_eq!(host["data"].as_str(), Some("host"));
        assert_eq!(host["rules"]["decline_share"].as_float(), Some(0.02));
    }

    #[test]
    fn wallet_server_and_shops_name_each_other_as_browsers_do() {
        let wallet = wallet(&PORTS).unwrap();
        let wallet: toml::Table = wallet.parse().unwrap();
        let shop: toml::Table = shop(&PORTS).unwrap().parse().unwrap();
        assert_eq!(wallet["origin"], shop["wallet"]);
        let origin = format!("http://{}", shop["affiliated"]["listen"].as_str().unwrap());
        assert_eq!(wallet["malls"][0]["origins"][0].as_str(), Some(&*origin));
        assert_eq!(
            wallet["malls"][0]["acceptor"],
            shop["affiliated"]["acceptor"]
        );
        assert_eq!(wallet["line"]["address"].as_str(), Some("127.0.0.1:2"));
        assert_eq!(shop["unaffiliated"]["frame"].as_str(), Some("127.0.0.1:10"));
    }

    #[test]
    fn the_switch_notifies_the_affiliated_shop() {
        let parties = parties(&PORTS).unwrap();
        let profile = |wanted: &str| -> toml::Table {
            let found = parties.iter().find(|(name, _)| *name == wanted);
            found.unwrap().1.parse().unwrap()
        };
        let shop: toml::Table = shop(&PORTS).unwrap().parse().unwrap();
        let (teacup, shop) = (profile(WITH_WEBHOOK), &shop["affiliated"]);
        let webhook = &teacup["webhook"];
        let url = format!("http://{}/tessera/events", shop["listen"].as_str().unwrap());
        assert_eq!(webhook["url"].as_str(), Some(&*url));
        assert_eq!(webhook["secret"], shop["webhook_secret"]);
        assert_eq!(teacup["code"], shop["party"]);
        assert!(!profile("development-mall-2.toml").contains_key("webhook"));
    }

    #[test]
    fn the_console_watches_all_nodes_of_a_cluster() {
        let alone: toml::Table = console(&PORTS, "switch.toml").unwrap().parse().unwrap();
        assert_eq!(alone["origin"].as_str(), Some("http://localhost:15"));
        assert_eq!(alone["nodes"].as_array().unwrap().len(), 0);
        let ports = Ports {
            others: Some([USUAL.switch, PORTS.switch]),
            ..PORTS
        };
        let of_three: toml::Table = console(&ports, "n1.toml").unwrap().parse().unwrap();
        assert_eq!(of_three["switch"].as_str(), Some("n1.toml"));
        let second = &of_three["nodes"][0];
        assert_eq!(second["operations"].as_str(), Some("127.0.0.1:9583"));
        assert_eq!(second["socket"].as_str(), Some("n2/operations.sock"));
    }

    #[test]
    fn the_clients_of_a_cluster_have_the_addresses_of_all_nodes() {
        let ports = Ports {
            others: Some([USUAL.switch, PORTS.switch]),
            ..PORTS
        };
        let wallet: toml::Table = wallet(&ports).unwrap().parse().unwrap();
        let lines = wallet["line"]["address"].as_array().unwrap();
        assert_eq!(lines[1].as_str(), Some("127.0.0.1:8585"));
        let shop: toml::Table = shop(&ports).unwrap().parse().unwrap();
        assert_eq!(shop["switch"].as_array().unwrap().len(), 3);
    }

    #[test]
    fn a_lost_line_is_reported() {
        let mut file = "a = 1\n".to_owned();
        assert_eq!(
            change(&mut file, "b = 1", "b = 2"),
            Err(Lost("b = 1".to_owned()))
        );
    }
}
