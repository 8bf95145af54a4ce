//! What push services know us by (RFC 8292): a key pair, whose public half browsers subscribe with, and a signed word with each message.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::pki_types::pem::PemObject as _;
use tessera_common::key_file::{self, KeyFileError};
use tessera_config::{Environment, HttpUrl, Settings, SettingsError};
use tessera_kit::clock::Timestamp;
use zeroize::Zeroizing;

/// In the folder of the data, where no other file is stated.
const NAME: &str = "web-push.key";
/// For how long a word counts, in seconds; at most a day.
const COUNTS_FOR: u64 = 12 * 60 * 60;
const ALGORITHM: &ring::signature::EcdsaSigningAlgorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;

/// The key pair. It is not printed.
pub struct VapidKey(EcdsaKeyPair);

impl VapidKey {
    /// The key of the settings, where notifications in browsers are configured. Where there is no file yet, no browser has
    /// subscribed: the one in the folder of the data is made, and a stated one in development.
    ///
    /// # Errors
    /// When the file is no such key, or can't be read or made.
    pub fn open(settings: &Settings) -> Result<Option<Arc<Self>>, SettingsError> {
        let Some(web_push) = &settings.notify.web_push else {
            return Ok(None);
        };
        let path = match &web_push.key_file {
            Some(stated) => stated.clone(),
            None => in_data(settings),
        };
        let makes = web_push.key_file.is_none() || settings.environment == Environment::Development;
        if makes && !path.exists() {
            make(&path)?;
            tracing::info!(
                path = %path.display(),
                "made a key for push services: browsers that were added with another one get nothing"
            );
        }
        Self::read(&path).map(Arc::new).map(Some)
    }

    /// Tries what [`VapidKey::open`] reads, and writes nothing.
    pub(crate) fn check(stated: &Path) -> Result<(), SettingsError> {
        Self::read(stated).map(drop)
    }

    fn read(path: &Path) -> Result<Self, SettingsError> {
        let text = key_file::read(path).map_err(|error| match error.is_not_found() {
            true => unusable(path, "there is no such file"),
            false => unusable(path, &unnamed(&error)),
        })?;
        let key = PrivatePkcs8KeyDer::from_pem_slice(text.as_bytes());
        let key = key.map_err(|_| unusable(path, "no private key in PEM and PKCS #8"))?;
        Self::of(key.secret_pkcs8_der()).ok_or_else(|| unusable(path, "no key of the curve P-256"))
    }

    fn of(der: &[u8]) -> Option<Self> {
        let pair = EcdsaKeyPair::from_pkcs8(ALGORITHM, der, &SystemRandom::new());
        pair.ok().map(Self)
    }

    /// A new one.
    ///
    /// # Panics
    /// Where the system has no random numbers.
    pub fn for_tests() -> Self {
        let der = EcdsaKeyPair::generate_pkcs8(ALGORITHM, &SystemRandom::new()).expect("a key");
        Self::of(der.as_ref()).expect("a key")
    }

    /// The public half, as browsers take it: base64url of a point that is not compressed.
    pub fn public(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.0.public_key())
    }

    /// The header `authorization` of a message to this push service.
    pub(super) fn authorization(
        &self,
        url: &HttpUrl,
        contact: &str,
        now: Timestamp,
    ) -> Option<String> {
        let scheme = if url.is_https() { "https" } else { "http" };
        let claims = serde_json::json!({
            "aud": format!("{scheme}://{}", url.authority()),
            "exp": now.milliseconds() / 1_000 + COUNTS_FOR,
            "sub": contact,
        });
        let encode = |text: &str| URL_SAFE_NO_PAD.encode(text);
        let signed = format!(
            "{}.{}",
            encode(r#"{"typ":"JWT","alg":"ES256"}"#),
            encode(&claims.to_string())
        );
        let signature = self.0.sign(&SystemRandom::new(), signed.as_bytes()).ok()?;
        let signature = URL_SAFE_NO_PAD.encode(signature);
        Some(format!("vapid t={signed}.{signature},k={}", self.public()))
    }
}

fn in_data(settings: &Settings) -> PathBuf {
    settings.data.join(NAME)
}

/// As a whole or not at all: browsers that subscribed with a lost key get nothing.
fn make(path: &Path) -> Result<(), SettingsError> {
    let der = EcdsaKeyPair::generate_pkcs8(ALGORITHM, &SystemRandom::new())
        .map_err(|_| unusable(path, "the system has no random numbers"))?;
    let body = Zeroizing::new(STANDARD.encode(der.as_ref()));
    let mut text = Zeroizing::new("-----BEGIN PRIVATE KEY-----\n".to_owned());
    for line in body.as_bytes().chunks(64) {
        text.push_str(std::str::from_utf8(line).unwrap_or_default());
        text.push('\n');
    }
    text.push_str("-----END PRIVATE KEY-----\n");
    key_file::replace(path, &text).map_err(|error| unusable(path, &unnamed(&error)))
}

/// The reason without the path, which the error that it becomes names.
fn unnamed(error: &KeyFileError) -> String {
    match error {
        KeyFileError::Io { why, .. } => why.to_string(),
        KeyFileError::Open { .. } => "others can read it: `chmod 600` it".to_owned(),
    }
}

fn unusable(path: &Path, why: &str) -> SettingsError {
    SettingsError::PushKey {
        path: path.to_path_buf(),
        why: why.to_owned(),
    }
}

impl fmt::Debug for VapidKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("VapidKey(..)")
    }
}

#[cfg(test)]
mod tests {
    use ring::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};

    use super::*;

    #[test]
    fn a_key_is_made_once_and_says_who_sends() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(NAME);
        assert!(
            VapidKey::check(&path)
                .unwrap_err()
                .to_string()
                .contains("there is no such file")
        );
        make(&path).unwrap();
        let key = VapidKey::read(&path).unwrap();
        assert_eq!(key.public(), VapidKey::read(&path).unwrap().public());
        assert_eq!(format!("{key:?}"), "VapidKey(..)");

        // The origin, however the browser has written it.
        let url = HttpUrl::read("https://PUSH.example:443/wpush/v2/token", false).unwrap();
        let now = Timestamp::from_milliseconds(1_000_000_000_000);
        let said = key.authorization(&url, "mailto:a@b.example", now).unwrap();
        let (word, public) = said
            .strip_prefix("vapid t=")
            .unwrap()
            .split_once(",k=")
            .unwrap();
        assert_eq!(public, key.public());
        let (signed, signature) = word.rsplit_once('.').unwrap();
        let public = URL_SAFE_NO_PAD.decode(public).unwrap();
        let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
        UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, public)
            .verify(signed.as_bytes(), &signature)
            .unwrap();
        let claims = URL_SAFE_NO_PAD
            .decode(signed.split_once('.').unwrap().1)
            .unwrap();
        assert_eq!(
            serde_json::from_slice::<serde_json::Value>(&claims).unwrap(),
            // Nothing of the address but its server.
            serde_json::json!({"aud": "https://push.example", "exp": 1_000_043_200, "sub": "mailto:a@b.example"})
        );
    }

    #[test]
    fn what_is_no_key_of_its_owner_alone_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(NAME);
        let refused = || VapidKey::read(&path).unwrap_err().to_string();
        key_file::replace(&path, "5f5f\n").unwrap();
        assert!(refused().contains("no private key"), "{}", refused());
        let other = rcgen::KeyPair::generate_for(&rcgen::PKCS_ED25519).unwrap();
        key_file::replace(&path, &other.serialize_pem()).unwrap();
        assert!(refused().contains("P-256"), "{}", refused());
        let right = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap();
        key_file::replace(&path, &right.serialize_pem()).unwrap();
        assert!(VapidKey::read(&path).is_ok());
        std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o644))
            .unwrap();
        assert!(refused().contains("others can read it"), "{}", refused());
    }
}
