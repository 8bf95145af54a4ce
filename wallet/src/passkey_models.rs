//! What a passkey is called at first: its provider, where the authenticator says which it is (Web Authentication, 6.5.1, AAGUID).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// As providers publish them. Others, and authenticators that say nothing, are called by the browser.
const MODELS: &[(&str, &str)] = &[
    (
        "ea9b8d664d011d213ce4b6b48cb575d4",
        "Google Password Manager",
    ),
    ("fbfc3007154e4ecc8c0b6e020557d7bd", "Apple Passwords"),
    ("dd4ec289e01d41c9bb8970fa845d4bf2", "Apple Passwords"),
    ("08987058cadc4b81b6e130de50dcbe96", "Windows Hello"),
    ("9ddd1817af5a4672a2b93e3dd95000a9", "Windows Hello"),
    ("6028b017b1d44c02b4b3afcdafc96bb2", "Windows Hello"),
    ("adce000235bcc60a648b0b25f1f05503", "Chrome on macOS"),
    ("53414d53554e47000000000000000000", "Samsung Pass"),
    ("bada5566a7aa401fbd9645619a55120d", "1Password"),
    ("d548826e79b4db40a3d811116f7e8349", "Bitwarden"),
    ("531126d6e717415c93203d9aa6981239", "Dashlane"),
    ("fdb141b25d84443e8a354698c205a502", "KeePassXC"),
    ("50726f746f6e5061737350726f746f6e", "Proton Pass"),
    ("b84e404815dc4dd08640f4f60813c8af", "NordPass"),
];

/// Behind the site (32), the flags (1) and the counter (4).
const MODEL_AT: usize = 37;
const MODEL_BYTES: usize = 16;

/// The provider that has made a passkey, by its authenticator data in base64url.
pub fn of(authenticator: &str) -> Option<&'static str> {
    let bytes = URL_SAFE_NO_PAD.decode(authenticator).ok()?;
    let model: String = bytes
        .get(MODEL_AT..MODEL_AT + MODEL_BYTES)?
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let mut models = MODELS.iter();
    models
        .find(|(known, _)| *known == model)
        .map(|found| found.1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_provider_is_known_by_its_number() {
        assert!(
            MODELS
                .iter()
                .all(|(model, _)| model.len() == 2 * MODEL_BYTES)
        );
        let with = |model: &[u8]| {
            let data = [&[0; MODEL_AT][..], model, &[0, 0]].concat();
            URL_SAFE_NO_PAD.encode(data)
        };
        assert_eq!(of(&with(b"ProtonPassProton")), Some("Proton Pass"));
        assert_eq!(of(&"A".repeat(80)), None);
        assert_eq!(of("A"), None);
        assert_eq!(of("=.="), None);
    }
}
