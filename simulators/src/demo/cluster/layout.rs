//! What the nodes read: the switch's configuration with its table `[cluster]`, one file for each. Certificates, parties and
//! the master key are the same files for all, because they are on one machine here.

use super::ports::ClusterPorts;
use crate::demo::configuration::{self, Lost};
use crate::demo::ports::{Ports, SwitchPorts, address};

pub use crate::demo::ports::NODES;

/// The configuration of each node, with the file's name.
pub fn files(ports: &Ports, cluster: &ClusterPorts) -> Result<Vec<(String, String)>, Lost> {
    let peers = NODES.iter().zip(cluster.peers);
    let nodes: Vec<_> = peers
        .map(|(node, port)| format!("{node} = \"{}\"", address(port)))
        .collect();
    let named = NODES.into_iter().zip(ports.switches()).enumerate();
    let file = |(number, (node, at)): (usize, (&str, SwitchPorts))| {
        // The member on its own machine first, as it would be with three machines.
        let members = (0..3).map(|ahead| {
            let member = cluster.members[(number + ahead) % 3];
            format!("\"https://{}\"", address(member.client))
        });
        let table = format!(
            "[cluster]\nnode = \"{node}\"\nnodes = {{ {} }}\netcd = [{}]\ncertificate = \"certs/switch.pem\"\n\
             key = \"certs/switch.key\"\nauthority = \"certs/ca.pem\"",
            nodes.join(", "),
            members.collect::<Vec<_>>().join(", ")
        );
        let switch = configuration::switch(ports, node, at)?;
        Ok((file_of(node), configuration::node(&switch, &table)?))
    };
    named.map(file).collect()
}

/// The file's name.
pub fn file_of(node: &str) -> String {
    format!("{node}.toml")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::cluster::ports::MemberPorts;
    use crate::demo::ports::USUAL;

    #[test]
    fn every_node_names_all_of_them_and_its_own_member_first() {
        let ports = Ports {
            others: Some([USUAL.switch; 2]),
            ..USUAL
        };
        let member = |client| MemberPorts {
            client,
            peer: 0,
            metrics: 0,
        };
        let cluster = ClusterPorts {
            peers: [1, 2, 3],
            members: [11, 12, 13].map(member),
        };
        let files = files(&ports, &cluster).unwrap();
        let (name, text) = &files[1];
        assert_eq!((files.len(), &**name), (3, "n2.toml"));
        let file: toml::Table = text.parse().unwrap();
        let table = &file["cluster"];
        assert_eq!(file["data"].as_str(), Some("n2"));
        assert_eq!(table["node"].as_str(), Some("n2"));
        assert_eq!(table["nodes"]["n3"].as_str(), Some("127.0.0.1:3"));
        assert_eq!(table["etcd"][0].as_str(), Some("https://127.0.0.1:12"));
        assert_eq!(table["etcd"][2].as_str(), Some("https://127.0.0.1:11"));
    }
}
