//! The operators' console on the first node's machine: it follows the active node, and decides there.

use crate::rig::cluster::Cluster;
use crate::rig::operator::Operator;
use crate::rig::services::Console;
use crate::rig::wait_for;

/// With the other nodes' sockets, which are on this machine, or without.
fn console(cluster: &Cluster, with_sockets: bool) -> Console {
    let others = cluster.nodes.iter().enumerate().skip(1);
    let nodes = others.map(|(index, node)| {
        let (name, operations) = (&node.name, node.addresses.operations);
        let socket = cluster.path(index, "data/operations.sock");
        let socket = format!(", socket = \"{}\"", socket.display());
        let socket = if with_sockets { socket.as_str() } else { "" };
        format!("{{ operations = \"{operations}\", name = \"{name}\"{socket} }}")
    });
    let nodes = format!("nodes = [{}]", nodes.collect::<Vec<_>>().join(", "));
    cluster.rig.start_console(&[
        ("nodes = []", &nodes),
        ("switch = \"switch.toml\"", "switch = \"n1/switch.toml\""),
    ])
}

fn block(action: &str) -> [(&str, &str); 3] {
    [
        ("action", action),
        ("kind", "merchant"),
        ("value", "SHOP-99"),
    ]
}

#[test]
fn the_console_follows_the_active_node_and_decides_there() {
    let mut cluster = Cluster::started("console");
    let console_of_all = console(&cluster, true);
    let token = cluster.rig.operator("ada", "admin");
    let ada = Operator::signed_in(&console_of_all, "ada", &token);
    let says = |ada: &Operator<'_>, words: &str| ada.get("/help").text.contains(words);
    wait_for("the first node to be named", || {
        says(&ada, "Ready: n1 is active")
    });
    let page = ada.decides(&block("block"), "fraud, case 4711");
    assert!(page.contains("done, and journaled"), "{page}");
    let parties = ada.get("/parties").text;
    assert!(
        parties.contains("No mall and no acquirer is connected."),
        "{parties}"
    );

    cluster.all_follow();
    cluster.kill(0);
    let active = cluster.taken_over_from(0);
    let name = cluster.nodes[active].name.clone();
    let words = format!("Ready: {name} is active");
    wait_for("the other node to be named", || says(&ada, &words));
    let overview = ada.get("/").text;
    for words in [
        "n1 does not answer, on whose machine this console is".to_owned(),
        format!("Figures and decisions are of {name}"),
    ] {
        assert!(overview.contains(&words), "{words}: {overview}");
    }
    // The block is there, and can be removed; accounts are journaled there too.
    let blocks = ada.get("/controls").text;
    assert!(blocks.contains("merchant SHOP-99"), "{blocks}");
    let page = ada.decides(&block("unblock"), "it was another shop");
    assert!(page.contains("done, and journaled"), "{page}");
    let account = [("action", "add-account"), ("name", "kim"), ("role", "read")];
    let page = ada.decides(&account, "new here");
    assert!(page.contains("It is journaled."), "{page}");
    let config = format!("{name}/switch.toml");
    let shown = cluster
        .rig
        .run(&["control", "--config", &config, "show"])
        .stdout;
    let shown = String::from_utf8_lossy(&shown).into_owned();
    let whys = [
        "fraud, case 4711",
        "it was another shop",
        "add the console account kim",
    ];
    for why in whys {
        assert!(shown.contains(why), "{why}: {shown}");
    }

    // The node of the console's machine is a standby now: its journal has all of it within moments.
    cluster.start_node(0);
    cluster.all_follow();
    wait_for("the notice to go", || !says(&ada, "does not answer"));
    wait_for("the standby to have all decisions", || {
        let page = ada.get("/decisions").text;
        whys.iter().all(|why| page.contains(why))
    });
    drop(console_of_all);

    // Without the other sockets, the console says where to decide, and that is all.
    let console_of_one = console(&cluster, false);
    let ada = Operator::signed_in(&console_of_one, "ada", &token);
    wait_for("the active node to be named", || says(&ada, &words));
    let refused = ada.get("/controls");
    assert_eq!(refused.status, 503, "{}", refused.text);
    let advice = format!("{name} is active: use the console of its machine");
    assert!(refused.text.contains(&advice), "{}", refused.text);
    let account = [("action", "remove-account"), ("name", "kim")];
    let page = ada.decides(&account, "no more");
    assert!(
        page.contains("It will be journaled when the switch answers."),
        "{page}"
    );
}
