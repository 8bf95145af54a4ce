//! What is made for a payer: the identification number, passwords, recovery codes. Each follows from a secret that the payer's
//! browser keeps, so that it can be shown again, and nothing is stored here.
//!
//! Each has a secret of its own ([`Part`]), which follows from the form's. A cookie holds no more than that: who reads the one
//! of the number gets neither the password nor the code.

use tessera_protocol::ClientNumber;
use zeroize::Zeroizing;

use crate::session::token;

/// What a secret is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// The identification number.
    Number,
    /// The created password.
    Password,
    /// The recovery code.
    Recovery,
}

impl Part {
    /// Its own secret, out of a form's; as long as that.
    pub fn of(self, secret: &str) -> Zeroizing<String> {
        let purpose = match self {
            Self::Number => "secret of the number",
            Self::Password => "secret of the password",
            Self::Recovery => "secret of the recovery code",
        };
        let drawn = Zeroizing::new(token(purpose, secret, ""));
        Zeroizing::new(drawn.get(..secret.len()).unwrap_or_default().to_owned())
    }
}

/// The number that follows from its secret.
pub fn client_of(secret: &str) -> ClientNumber {
    let drawn = Zeroizing::new(token("client number", secret, ""));
    let random = drawn
        .get(..16)
        .map(|digits| u64::from_str_radix(digits, 16));
    ClientNumber::from_random(random.and_then(Result::ok).unwrap_or_default())
}

/// Fifteen digits in groups of five, as people write them down.
pub fn written(client: &ClientNumber) -> Zeroizing<String> {
    let digits = digits(client);
    Zeroizing::new(format!(
        "{} {} {}",
        &digits[..5],
        &digits[5..10],
        &digits[10..]
    ))
}

/// As it is typed into a form.
pub fn digits(client: &ClientNumber) -> Zeroizing<String> {
    let digits = Zeroizing::new(client.expose());
    Zeroizing::new(digits.iter().map(|digit| char::from(*digit)).collect())
}

/// Without characters that look alike: 32 of them, 5 bits each.
const ALPHABET: &[u8; 32] = b"abcdefghjkmnpqrstuvwxyz23456789+";
const PASSWORD_GROUPS: usize = 4;
const GROUP: usize = 5;

/// The password that follows from its secret, of 100 random bits: `k7mqe-vh2sd-p+x4a-nc9rt`.
pub fn created_password(secret: &str) -> Zeroizing<String> {
    groups("created password", secret, PASSWORD_GROUPS)
}

/// So many groups of signs that follow from a secret and what they are for, at most six.
pub fn groups(purpose: &str, secret: &str, count: usize) -> Zeroizing<String> {
    let drawn = Zeroizing::new(token(purpose, secret, ""));
    let mut password = Zeroizing::new(String::with_capacity(40));
    let bytes = drawn.as_bytes().chunks_exact(2);
    for (place, pair) in bytes.take(count * GROUP).enumerate() {
        if place > 0 && place % GROUP == 0 {
            password.push('-');
        }
        let byte = std::str::from_utf8(pair).map(|pair| u8::from_str_radix(pair, 16));
        let byte = byte.ok().and_then(Result::ok).unwrap_or_default();
        password.push(char::from(ALPHABET[usize::from(byte % 32)]));
    }
    password
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::cookies::draw_secret;

    #[test]
    fn number_and_password_follow_from_the_secret_alone() {
        let [secret, other] = [(); 2].map(|()| draw_secret());
        assert_eq!(client_of(&secret), client_of(&secret));
        assert_ne!(client_of(&secret), client_of(&other));
        let password = created_password(&secret);
        assert_eq!(password, created_password(&secret));
        assert_ne!(password, created_password(&other));
        assert_eq!(password.len(), 23);
        let shown = written(&client_of(&secret));
        assert_eq!(ClientNumber::from_text(&shown), Ok(client_of(&secret)));
    }

    /// The secret of the number says nothing of the others.
    #[test]
    fn no_secret_yields_another() {
        let secret = draw_secret();
        let parts = [Part::Number, Part::Password, Part::Recovery].map(|part| part.of(&secret));
        for (place, part) in parts.iter().enumerate() {
            assert_eq!(part.len(), secret.len());
            assert!(**part != secret && !parts[..place].contains(part));
        }
        let [number, password, _] = &parts;
        assert_ne!(created_password(number), created_password(password));
        assert_ne!(client_of(&secret), client_of(number));
    }

    /// All characters of the alphabet come up, so no bit of the secret is lost.
    #[test]
    fn a_created_password_uses_the_whole_alphabet() {
        let mut seen: Vec<u8> = (0..200)
            .flat_map(|number| created_password(&number.to_string()).as_bytes().to_vec())
            .filter(|sign| *sign != b'-')
            .collect();
        seen.sort_unstable();
        seen.dedup();
        let mut alphabet = ALPHABET.to_vec();
        alphabet.sort_unstable();
        assert_eq!(seen, alphabet);
    }
}
