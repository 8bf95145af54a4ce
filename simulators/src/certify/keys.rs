//! The keys of a run: that of the party's profile, and those that the cases change it to, wrapped as field 48 tag 03 has
//! them.
//!
//! The new keys are derived from that of the profile: they are as secret, and a run that was killed after a change leaves no
//! key that nobody knows. The next one changes it back.

use tessera_protocol::{KEY_BYTES, KeyEncryptingKey, KeyMaterial, MAC_BYTES, MacKey};
use zeroize::Zeroizing;

use super::party::Party;

/// A key that a message is sealed with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Key {
    /// That of the profile.
    Profile,
    /// What it is changed to.
    New,
    /// What that is changed to.
    Newer,
}

impl Key {
    /// All of them, the newest first.
    pub const ALL: [Self; 3] = [Self::Newer, Self::New, Self::Profile];

    /// Whose it is, in words.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Profile => "the party's key",
            Self::New => "the new key",
            Self::Newer => "the key after the new one",
        }
    }
}

/// What becomes of a key on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wrapped {
    /// Nothing.
    Whole,
    /// One bit of the wrapped key is another.
    Damaged,
    /// It is wrapped under another key-encrypting key.
    Elsewhere,
    /// One bit of the check value is another.
    WrongCheckValue,
    /// Only so many of its characters.
    Short(usize),
    /// Two characters too many.
    Long,
}

impl Wrapped {
    /// What comes of it, in words.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Whole => "wrapped",
            Self::Damaged => "wrapped, with one wrong bit",
            Self::Elsewhere => "wrapped under another key-encrypting key",
            Self::WrongCheckValue => "wrapped, with one wrong bit in the check value",
            Self::Short(_) => "wrapped, and cut off",
            Self::Long => "wrapped, with a byte behind it",
        }
    }
}

/// The keys of a run.
pub struct Keys {
    profile: Option<MacKey>,
    /// New and newer; where there is one of the profile.
    made: Option<[MacKey; 2]>,
    /// In the order of [`Key`]; where the party can change its key.
    wrapped: Option<[KeyMaterial; 3]>,
}

impl Keys {
    /// Those of a run of this party.
    pub fn of(party: &Party) -> Self {
        let profile = party.key.clone();
        let made = profile
            .as_ref()
            .map(|key| [1, 2].map(|number| derived(key, number)));
        let wrapped = party.wrapping.as_ref().zip(made.as_ref());
        Self {
            wrapped: wrapped.map(|(wrapping, [new, newer])| {
                [wrapping.profile(), wrapping.wrap(new), wrapping.wrap(newer)]
            }),
            made: made.map(|made| made.map(|key| MacKey::new(*key))),
            profile,
        }
    }

    /// The same for a listing. It wraps keys that everybody knows under one that everybody knows, and so not that of the
    /// profile.
    pub fn example(party: &Party) -> Self {
        let [profile, new, newer] = [[0x11; KEY_BYTES], [0x22; KEY_BYTES], [0x33; KEY_BYTES]];
        let wrapping = KeyEncryptingKey::new(&[0x44; 32]).ok();
        Self {
            profile: party.key.clone(),
            made: party.key.is_some().then(|| [new, newer].map(MacKey::new)),
            wrapped: wrapping.map(|wrapping| [profile, new, newer].map(|key| wrapping.wrap(&key))),
        }
    }

    /// What a message is sealed with; `None` where the party has no key.
    pub fn find(&self, key: Key) -> Option<&MacKey> {
        let [new, newer] = self.made.as_ref()?;
        match key {
            Key::Profile => self.profile.as_ref(),
            Key::New => Some(new),
            Key::Newer => Some(newer),
        }
    }

    /// Field 48 tag 03 for a change to this key; `None` where the party cannot change it.
    pub fn material(&self, key: Key, wrapped: Wrapped) -> Option<String> {
        let mut material = self.wrapped.as_ref()?[key as usize];
        match wrapped {
            Wrapped::Damaged => material.wrapped[0] ^= 1,
            Wrapped::WrongCheckValue => material.check_value[0] ^= 1,
            Wrapped::Elsewhere => {
                let elsewhere = KeyEncryptingKey::new(&[0xA5; 32]).ok()?;
                material.wrapped = elsewhere.wrap(&[0xA5; 16]).wrapped;
            }
            Wrapped::Whole | Wrapped::Short(_) | Wrapped::Long => {}
        }
        let mut text = material.to_string();
        match wrapped {
            Wrapped::Short(length) => text.truncate(length),
            Wrapped::Long => text.push_str("00"),
            _ => {}
        }
        Some(text)
    }
}

/// Sixteen bytes that nobody can know who does not know the key: the MACs of two texts that are no message.
fn derived(key: &MacKey, number: u8) -> Zeroizing<[u8; KEY_BYTES]> {
    let mut made = Zeroizing::new([0; KEY_BYTES]);
    for (half, bytes) in made.chunks_exact_mut(MAC_BYTES).enumerate() {
        let text = format!("certification, key {number}, half {half}");
        bytes.copy_from_slice(&key.mac(text.as_bytes()));
    }
    made
}

#[cfg(test)]
mod tests {
    use tessera_protocol::UnwrapError;

    use super::super::wrapping::Wrapping;
    use super::*;

    fn keys() -> (KeyEncryptingKey, Keys) {
        let wrapping = KeyEncryptingKey::new(&[7; 16]).unwrap();
        let mut party = Party::development(20_000_000_001).unwrap();
        let profile = wrapping.wrap(&[8; KEY_BYTES]);
        party.key = Some(MacKey::new([8; KEY_BYTES]));
        party.wrapping = Some(Wrapping::new(wrapping.clone(), profile));
        (wrapping, Keys::of(&party))
    }

    #[test]
    fn each_key_is_another_one_and_comes_out_of_its_wrapping() {
        let (wrapping, keys) = keys();
        for key in Key::ALL {
            let text = keys.material(key, Wrapped::Whole).unwrap();
            let material = KeyMaterial::read(text.as_bytes()).unwrap();
            let opened = wrapping.open(&material).unwrap();
            for other in Key::ALL {
                let same = opened.is(keys.find(other).unwrap());
                assert_eq!(same, key == other, "{key:?} {other:?}");
            }
        }
    }

    #[test]
    fn what_is_wrong_with_a_wrapped_key_is_just_that() {
        let (wrapping, keys) = keys();
        let open = |wrapped| {
            let text = keys.material(Key::New, wrapped).unwrap();
            let material = KeyMaterial::read(text.as_bytes())?;
            Some(wrapping.open(&material).err())
        };
        assert_eq!(open(Wrapped::Damaged), Some(Some(UnwrapError::Integrity)));
        assert_eq!(open(Wrapped::Elsewhere), Some(Some(UnwrapError::Integrity)));
        assert_eq!(
            open(Wrapped::WrongCheckValue),
            Some(Some(UnwrapError::CheckValue))
        );
        assert_eq!(open(Wrapped::Short(48)), None);
        assert_eq!(open(Wrapped::Long), None);
    }

    #[test]
    fn a_listing_has_no_key_of_the_profile_in_it() {
        let (wrapping, _) = keys();
        let mut party = Party::development(20_000_000_001).unwrap();
        party.wrapping = Some(Wrapping::new(
            wrapping.clone(),
            wrapping.wrap(&[8; KEY_BYTES]),
        ));
        let example = Keys::example(&party).material(Key::Profile, Wrapped::Whole);
        let material = KeyMaterial::read(example.unwrap().as_bytes()).unwrap();
        let everybodys = KeyEncryptingKey::new(&[0x44; 32]).unwrap();
        assert!(
            everybodys
                .open(&material)
                .unwrap()
                .is(&MacKey::new([0x11; KEY_BYTES]))
        );
        // A party without a key seals nothing, and can be listed all the same.
        let bare = Keys::example(&Party::development(20_000_000_002).unwrap());
        assert!(bare.find(Key::New).is_none());
        assert!(bare.material(Key::New, Wrapped::Whole).is_some());
    }
}
