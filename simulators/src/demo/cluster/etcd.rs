//! The members of etcd, with the flags of `deploy/systemd/tessera-etcd.service`.

use std::path::Path;

use tokio::process::Command;

use super::ports::{ClusterPorts, MemberPorts};
use crate::demo::children::foreign_command;
use crate::demo::folder::Folder;
use crate::demo::ports::address;

/// Their names.
pub const MEMBERS: [&str; 3] = ["etcd1", "etcd2", "etcd3"];

/// Starts a member, which goes on with the data that it has.
pub fn command(
    program: &Path,
    folder: &Folder,
    cluster: &ClusterPorts,
    number: usize,
) -> anyhow::Result<Command> {
    foreign_command(program, &flags(folder, cluster, number))
}

fn flags(folder: &Folder, cluster: &ClusterPorts, number: usize) -> Vec<String> {
    let peer = |member: MemberPorts| format!("https://{}", address(member.peer));
    let all = MEMBERS.iter().zip(cluster.members);
    let all: Vec<_> = all
        .map(|(name, member)| format!("{name}={}", peer(member)))
        .collect();
    let (name, member) = (MEMBERS[number], cluster.members[number]);
    let client = format!("https://{}", address(member.client));
    let file = |name: &str| folder.file(name).display().to_string();
    let certificate = |name: &str| folder.certificates().join(name).display().to_string();
    let (pem, key) = (certificate("switch.pem"), certificate("switch.key"));
    let authority = certificate("ca.pem");
    let metrics = format!("http://{}", address(member.metrics));
    let named = [
        ("name", name.to_owned()),
        ("data-dir", file(&format!("etcd/{name}"))),
        ("listen-client-urls", client.clone()),
        ("advertise-client-urls", client),
        ("listen-peer-urls", peer(member)),
        ("initial-advertise-peer-urls", peer(member)),
        ("initial-cluster", all.join(",")),
        ("initial-cluster-token", "tessera-demo".to_owned()),
        ("listen-metrics-urls", metrics),
        ("snapshot-count", "500".to_owned()),
        ("snapshot-catchup-entries", "300".to_owned()),
        ("quota-backend-bytes", "4294967296".to_owned()),
        ("cert-file", pem.clone()),
        ("key-file", key.clone()),
        ("trusted-ca-file", authority.clone()),
        ("peer-cert-file", pem),
        ("peer-key-file", key),
        ("peer-trusted-ca-file", authority),
        ("log-level", "warn".to_owned()),
    ];
    let named = named.map(|(name, value)| format!("--{name}={value}"));
    let plain = ["--client-cert-auth", "--peer-client-cert-auth"].map(str::to_owned);
    named.into_iter().chain(plain).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::ports::{Finder, Ports};

    /// What a certificate's file is called, and where a member is, differs.
    #[test]
    fn a_member_has_every_flag_of_the_unit() {
        let unit = include_str!("../../../../deploy/systemd/tessera-etcd.service");
        let parent = tempfile::tempdir().unwrap();
        let mut finder = Finder::default();
        let ports = Ports::free(&mut finder, true).unwrap();
        let folder = Folder::prepare(parent.path(), &ports).unwrap();
        let cluster = ClusterPorts::find(&folder, &mut finder).unwrap();
        let flags = flags(&folder, &cluster, 0);
        let stated = unit
            .lines()
            .filter_map(|line| line.trim().strip_prefix("--"));
        let mut count = 0;
        for line in stated {
            let line = line.trim_end_matches([' ', '\\']);
            let (name, value) = line.split_once(' ').unwrap_or((line, ""));
            let number = value.parse::<u64>().is_ok();
            let wanted = match value {
                "" => format!("--{name}"),
                value if number => format!("--{name}={value}"),
                _ => format!("--{name}="),
            };
            let found = flags.iter().any(|flag| flag.starts_with(&wanted));
            assert!(found, "{wanted} in {flags:?}");
            count += 1;
        }
        assert!(count >= 12, "{count} flags");
    }
}
