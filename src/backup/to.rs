//! Where a backup goes: a folder, or one on another machine.

use std::path::PathBuf;

/// See the head of this file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum To {
    Folder(PathBuf),
    Remote(Machine),
}

/// A folder on another machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Machine {
    /// As `ssh` takes it: with a user in front where one was given.
    pub host: String,
    pub port: Option<u16>,
    pub folder: String,
}

impl To {
    /// Reads `DIR`, `[user@]host:DIR` or `ssh://[user@]host[:port]/DIR`.
    pub fn parse(text: &str) -> Result<Self, String> {
        let wrong = || {
            format!("`{text}` names no folder (DIR, user@host:DIR, or ssh://user@host:port/DIR)")
        };
        let (host, port, folder) = match text.strip_prefix("ssh://") {
            Some(rest) => {
                let slash = rest.find('/').ok_or_else(wrong)?;
                let (host, folder) = rest.split_at(slash);
                match host.rsplit_once(':') {
                    Some((host, port)) => (host, Some(port.parse().map_err(|_| wrong())?), folder),
                    None => (host, None, folder),
                }
            }
            None => match text.split_once(':') {
                // As with scp: a colon behind a slash belongs to the name of a file.
                Some((host, folder)) if !host.contains('/') => (host, None, folder),
                _ if text.is_empty() => return Err(wrong()),
                _ => return Ok(Self::Folder(text.into())),
            },
        };
        // Not one that `ssh` would take for an option.
        if host.is_empty() || host.starts_with('-') || folder.is_empty() {
            return Err(wrong());
        }
        Ok(Self::Remote(Machine {
            host: host.to_owned(),
            port,
            folder: folder.to_owned(),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn remote(host: &str, port: Option<u16>, folder: &str) -> To {
        let (host, folder) = (host.to_owned(), folder.to_owned());
        To::Remote(Machine { host, port, folder })
    }

    #[test]
    fn a_colon_before_any_slash_names_a_machine() {
        let folder = |path: &str| To::Folder(path.into());
        for (text, expected) in [
            ("/mnt/backup", folder("/mnt/backup")),
            ("backup", folder("backup")),
            ("./a:b", folder("./a:b")),
            ("vault:backup", remote("vault", None, "backup")),
            ("ada@vault:/b", remote("ada@vault", None, "/b")),
            ("ssh://vault/b", remote("vault", None, "/b")),
            (
                "ssh://ada@vault:2222/b/c",
                remote("ada@vault", Some(2222), "/b/c"),
            ),
        ] {
            assert_eq!(To::parse(text), Ok(expected), "{text}");
        }
        for wrong in [
            "",
            ":b",
            "vault:",
            "-oProxyCommand=x:b",
            "ssh://vault",
            "ssh://:22/b",
            "ssh://vault:x/b",
        ] {
            assert!(To::parse(wrong).is_err(), "{wrong}");
        }
    }
}
