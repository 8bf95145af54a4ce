//! The user at the other end of the socket, and the user's rights.

use std::ffi::CString;

use nix::unistd::{Gid, Group, Uid, User, getgrouplist};
use tokio::net::unix::UCred;

use tessera_config::OperatorSettings;

/// What operators may be allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Right {
    /// To see blocks, decisions, dead letters.
    Read,
    /// To block and unblock, and to say where may be spent.
    Block,
    /// To begin settlement dates, and to send again or drop what could not be delivered.
    Settle,
    /// To have it journaled what the console did to its accounts.
    Account,
}

/// A user, and what that user may do.
#[derive(Debug, Clone)]
pub(super) struct Caller {
    name: String,
    rights: Vec<Right>,
}

impl Caller {
    /// Asks the system for the user's name and groups. The process at the other end (`SO_PEERCRED`) can't say that it is
    /// another user's.
    pub(super) fn new(peer: UCred, settings: &OperatorSettings) -> Self {
        let uid = Uid::from_raw(peer.uid());
        let user = User::from_uid(uid).ok().flatten();
        let groups = groups(user.as_ref(), Gid::from_raw(peer.gid()));
        let name = user.map_or_else(|| format!("uid {uid}"), |user| user.name);
        // The switch's own user can do everything to its files anyway, and so can root.
        let rights = match uid == Uid::effective() || uid.is_root() {
            true => vec![Right::Read, Right::Block, Right::Settle, Right::Account],
            false => rights(&name, &groups, settings),
        };
        Self { name, rights }
    }

    /// Why the user may not do this, if not.
    pub(super) fn refuse(&self, right: Right) -> Option<String> {
        let list = match right {
            Right::Read => "read",
            Right::Block => "block",
            Right::Settle => "settle",
            Right::Account => {
                let why =
                    "may not do that: only the user of the switch may, as which the console runs";
                return (!self.rights.contains(&right)).then(|| format!("{} {why}", self.name));
            }
        };
        let name = &self.name;
        (!self.rights.contains(&right)).then(|| {
            format!("{name} may not do that: [ops.operators] of the switch's configuration lists those who may ({list})")
        })
    }

    /// What is journaled: the user, and behind it the name that the request states, where that is another.
    pub(super) fn signature(&self, stated: &str) -> String {
        signature(&self.name, stated)
    }
}

/// A user, and behind it the name that was stated, where that is another. A stated name that begins with the user, as the journal
/// shows what the user has signed before, does not name the user twice.
pub fn signature(user: &str, stated: &str) -> String {
    let mut stated = stated.trim();
    let behind_user = |stated: &str| {
        let behind = stated.strip_prefix(user)?.trim_start();
        let behind = behind.strip_prefix("for")?;
        behind.starts_with(' ').then(|| behind.trim_start().len())
    };
    while let Some(length) = behind_user(stated) {
        stated = &stated[stated.len() - length..];
    }
    match stated {
        "" => user.to_owned(),
        stated if stated == user => user.to_owned(),
        stated => format!("{user} for {stated}"),
    }
}

/// Every right includes the right to read.
fn rights(name: &str, groups: &[String], settings: &OperatorSettings) -> Vec<Right> {
    let listed = |list: &[String]| {
        list.iter().any(|entry| match entry.strip_prefix('@') {
            Some(group) => groups.iter().any(|of_user| of_user == group),
            None => entry == name,
        })
    };
    let mut rights = Vec::new();
    if listed(&settings.block) {
        rights.push(Right::Block);
    }
    if listed(&settings.settle) {
        rights.push(Right::Settle);
    }
    if !rights.is_empty() || listed(&settings.read) {
        rights.push(Right::Read);
    }
    rights
}

/// The names of the groups that a user is in, the one of the process among them.
fn groups(user: Option<&User>, of_process: Gid) -> Vec<String> {
    let name = user.and_then(|user| CString::new(user.name.as_bytes()).ok());
    let mut all = match (user, name) {
        (Some(user), Some(name)) => getgrouplist(&name, user.gid).unwrap_or_default(),
        _ => Vec::new(),
    };
    all.push(of_process);
    all.into_iter()
        .filter_map(|group| Group::from_gid(group).ok().flatten())
        .map(|group| group.name)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings() -> OperatorSettings {
        let list = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
        OperatorSettings {
            read: list(&["@support"]),
            block: list(&["ada"]),
            settle: list(&["@finance", "grace"]),
        }
    }

    #[test]
    fn rights_go_by_user_and_group() {
        let of = |name: &str, groups: &[&str]| {
            let groups: Vec<_> = groups.iter().map(|&group| group.to_owned()).collect();
            rights(name, &groups, &settings())
        };
        assert_eq!(of("ada", &["users"]), [Right::Block, Right::Read]);
        assert_eq!(of("grace", &[]), [Right::Settle, Right::Read]);
        assert_eq!(
            of("kim", &["finance", "support"]),
            [Right::Settle, Right::Read]
        );
        assert_eq!(of("kim", &["support"]), [Right::Read]);
        // A user who is called like a group is not in it.
        assert_eq!(of("support", &["users"]), []);
        assert_eq!(of("@support", &["users"]), []);
        assert_eq!(of("mallory", &["ada"]), []);
    }

    #[test]
    fn a_stated_name_follows_the_known_user() {
        let caller = Caller {
            name: "ada".to_owned(),
            rights: Vec::new(),
        };
        assert_eq!(caller.signature(""), "ada");
        assert_eq!(caller.signature(" ada "), "ada");
        assert_eq!(caller.signature("Grace"), "ada for Grace");
        for twice in ["ada for Grace", " ada for  ada for Grace "] {
            assert_eq!(caller.signature(twice), "ada for Grace");
        }
        assert_eq!(caller.signature("ada for ada"), "ada");
        // Others, whose names only begin so.
        for other in ["adam for Grace", "ada fortune", "ada", "kim for ada"] {
            let whole = format!("ada for {other}");
            let expected = if other == "ada" { "ada" } else { &whole };
            assert_eq!(caller.signature(other), expected);
        }
        let why = caller.refuse(Right::Block).unwrap();
        assert!(
            why.contains("ada may not do that") && why.contains("(block)"),
            "{why}"
        );
    }
}
