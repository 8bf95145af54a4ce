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

/// People read these from paper, and they pass through mails and addresses: small letters and digits only, and of those that look
/// alike (0 o, 1 i l, 2 z, 5 s, u v) one at most. 28 of them, 4.8 bits each.
const ALPHABET: &[u8; 28] = b"abcdefghjkmnpqrtvwxy23456789";
const PASSWORD_GROUPS: usize = 4;
const GROUP: usize = 5;

/// The password that follows from its secret, of 96 random bits: `k7mqe-vh2wd-p6x4a-nc9rt`.
pub fn created_password(secret: &str) -> Zeroizing<String> {
    groups("created password", secret, PASSWORD_GROUPS)
}

/// So many groups of signs that follow from a secret and what they are for, at most six: 256 bits, written to the base of the
/// alphabet from the lowest digit on. No sign is more likely than another by more than a part in 2^112.
pub fn groups(purpose: &str, secret: &str, count: usize) -> Zeroizing<String> {
    let drawn = Zeroizing::new(token(purpose, secret, ""));
    let digits = drawn.bytes().map(|digit| char::from(digit).to_digit(16));
    let mut number: Zeroizing<Vec<u32>> =
        Zeroizing::new(digits.map(Option::unwrap_or_default).collect());
    let mut password = Zeroizing::new(String::with_capacity(40));
    for place in 0..count * GROUP {
        if place > 0 && place % GROUP == 0 {
            password.push('-');
        }
        let sign = divide(&mut number, ALPHABET.len() as u32);
        password.push(char::from(ALPHABET[sign as usize]));
    }
    password
}

/// Divides a number of hexadecimal digits, the highest first, and says what is over.
fn divide(digits: &mut [u32], by: u32) -> u32 {
    digits.iter_mut().fold(0, |over, digit| {
        let part = over * 16 + *digit;
        *digit = part / by;
        part % by
    })
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

    #[test]
    fn no_sign_is_taken_for_another() {
        for alike in ["0o", "1il", "2z", "5s", "uv"] {
            let both = alike.bytes().filter(|sign| ALPHABET.contains(sign));
            assert!(both.count() <= 1, "{alike}");
        }
        assert!(ALPHABET.iter().all(u8::is_ascii_alphanumeric));
        assert!(!ALPHABET.iter().any(u8::is_ascii_uppercase));
        // As Python divides the same 256 bits.
        assert_eq!(
            *groups("recovery code", "a secret", 6),
            "ky2ce-3fgfj-36r2f-mqmk3-knmw9-dnxe8"
        );
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
