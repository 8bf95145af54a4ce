//! Who decides what is journaled by this process, not by the running switch.

use nix::unistd::{Uid, User};
use tessera_switch::ops::control;

/// The user of this process as the system's password database names it, and behind it the name that was stated, as the switch signs
/// the decisions that it receives.
pub fn signature(stated: Option<&str>) -> String {
    let uid = Uid::current();
    let user = User::from_uid(uid).ok().flatten();
    let user = user.map_or_else(|| format!("uid {uid}"), |user| user.name);
    control::signature(&user, stated.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn the_name_is_that_of_the_password_database_whatever_is_stated() {
        let named = Command::new("id").arg("-un").output().unwrap().stdout;
        let user = String::from_utf8(named).unwrap().trim_end().to_owned();
        assert_eq!(signature(None), user);
        assert_eq!(signature(Some(" ")), user);
        assert_eq!(signature(Some(&user)), user);
        assert_eq!(signature(Some("Ada")), format!("{user} for Ada"));
    }
}
