//! The party's key after something has gone wrong: what a case, or a run that was killed, has changed it to is changed back
//! to that of the profile.

use super::bed::Bed;
use super::keys::{Key, Wrapped};
use super::message::{key_change, sign_on};
use super::payer::Payer;

impl Bed<'_> {
    /// Sees to it that the party's key is that of its profile: whether it was another. `Err` says which key counts.
    pub fn restore_key(&self) -> Result<bool, String> {
        match self.newest_key() {
            Ok(Some(Key::Profile)) => Ok(false),
            Ok(Some(newest)) => match self.change_back(newest) {
                Ok(()) => Ok(true),
                Err(why) => Err(format!("{} ({why})", self.stated(newest))),
            },
            Ok(None) => Err("none that this run knows".to_owned()),
            Err(why) => {
                let (new, newer) = (self.stated(Key::New), self.stated(Key::Newer));
                Err(format!(
                    "not known ({why}): that of the profile, or {new}, or {newer}"
                ))
            }
        }
    }

    /// The one of the run's keys that counts: with it the switch seals what it refuses.
    fn newest_key(&self) -> Result<Option<Key>, String> {
        let filled = self.filler(&Payer::default()).fill(&sign_on());
        let seen = self.exchange(&mut self.connected()?, &filled, None)?;
        let sealed = |key: &Key| {
            let key = self.keys.find(*key);
            key.is_some_and(|key| seen.is_sealed_with(key))
        };
        Ok(Key::ALL.into_iter().find(sealed))
    }

    fn change_back(&self, newest: Key) -> Result<(), String> {
        let mut connection = self.signed_on(newest)?;
        let filled = self
            .filler(&Payer::default())
            .fill(&key_change(Key::Profile));
        let seen = self.exchange(&mut connection, &filled, Some(newest))?;
        match seen.text(39) {
            Some("00") => Ok(()),
            code => {
                let code = code.unwrap_or("without a code");
                Err(format!("the change back was answered {code}"))
            }
        }
    }

    /// A key as a profile may state it.
    fn stated(&self, key: Key) -> String {
        let material = self.keys.material(key, Wrapped::Whole);
        format!("mac_key_wrapped = \"{}\"", material.unwrap_or_default())
    }
}
