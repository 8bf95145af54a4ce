//! What the cluster needs beside the ports of its switches.

use std::net::{Ipv4Addr, TcpListener};

use anyhow::Context as _;

use crate::demo::folder::Folder;
use crate::demo::ports::{Finder, NODE_STEP};

/// Where the nodes reach each other, usually.
const PEER: u16 = 8586;

/// The first member of etcd, and from one to the next.
const MEMBER: MemberPorts = MemberPorts {
    client: 12_379,
    peer: 12_380,
    metrics: 12_381,
};

/// The members' ports towards each other, which the data of etcd name, one in a line.
const KEPT: &str = "etcd/ports";

/// See the head of this file.
#[derive(Debug, Clone, Copy)]
pub struct ClusterPorts {
    /// Where each node serves the others.
    pub peers: [u16; 3],
    /// The members of etcd.
    pub members: [MemberPorts; 3],
}

/// The ports of a member of etcd.
#[derive(Debug, Clone, Copy)]
pub struct MemberPorts {
    /// For the nodes.
    pub client: u16,
    /// For the other members.
    pub peer: u16,
    /// Its health and its figures, without TLS.
    pub metrics: u16,
}

impl ClusterPorts {
    /// Free ones, except that the members of an earlier run keep theirs.
    pub fn find(folder: &Folder, finder: &mut Finder) -> anyhow::Result<Self> {
        let kept = kept(folder)?;
        let mut peers = [0; 3];
        let mut members = [MEMBER; 3];
        for (number, (peer, member)) in peers.iter_mut().zip(&mut members).enumerate() {
            // Three nodes: no port comes near its end.
            let step = NODE_STEP * number as u16;
            *peer = finder.find("the nodes among themselves", PEER + step)?;
            member.client = finder.find("clients of etcd", MEMBER.client + step)?;
            member.metrics = finder.find("metrics of etcd", MEMBER.metrics + step)?;
            member.peer = match kept {
                Some(kept) => kept[number],
                None => finder.find("members of etcd", MEMBER.peer + step)?,
            };
        }
        match kept {
            Some(kept) => kept.into_iter().try_for_each(check)?,
            None => {
                std::fs::create_dir_all(folder.file("etcd"))?;
                let lines = members.map(|member| format!("{}\n", member.peer));
                folder.write(KEPT, &lines.concat())?;
            }
        }
        Ok(Self { peers, members })
    }
}

fn kept(folder: &Folder) -> anyhow::Result<Option<[u16; 3]>> {
    let path = folder.file(KEPT);
    if !path.exists() {
        return Ok(None);
    }
    let text = std::fs::read_to_string(&path)?;
    let ports: Option<Vec<u16>> = text.lines().map(|line| line.parse().ok()).collect();
    let ports = ports.and_then(|ports| ports.try_into().ok());
    let named = || format!("{} does not have three ports", path.display());
    Ok(Some(ports.with_context(named)?))
}

fn check(port: u16) -> anyhow::Result<()> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port));
    listener.map(drop).with_context(|| {
        format!(
            "port {port}, which the data of etcd in this folder name, is taken: end the program that listens there, or \
             choose another folder with --data"
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::ports::Ports;

    #[test]
    fn the_members_keep_their_ports() {
        let parent = tempfile::tempdir().unwrap();
        let mut finder = Finder::default();
        let ports = Ports::free(&mut finder, true).unwrap();
        let folder = Folder::prepare(parent.path(), &ports).unwrap();
        let first = ClusterPorts::find(&folder, &mut finder).unwrap();
        let mut again = || ClusterPorts::find(&folder, &mut finder);
        let second = again().unwrap();
        let peers = |ports: ClusterPorts| ports.members.map(|member| member.peer);
        assert_eq!(peers(first), peers(second));
        let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, first.members[1].peer)).unwrap();
        let refused = again().unwrap_err().to_string();
        assert!(refused.contains("which the data of etcd"), "{refused}");
        drop(taken);
        folder.write(KEPT, "1\n2\n").unwrap();
        assert!(again().is_err());
    }
}
