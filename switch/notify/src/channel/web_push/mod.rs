//! Notifications in browsers: Web Push (RFC 8030). A message goes, encrypted for its browser, to the push service that the browser
//! has named when it subscribed; the push service learns that something happened, and nothing else.
//!
//! | what the push service says | what it means here |
//! | --- | --- |
//! | 2xx | taken over |
//! | 404, 410 | the browser has ended its subscription |
//! | 503 | transient, after the time that it names; until then it is not asked |
//! | 429, 406, 408, another 5xx | transient, after the time that it names; other browsers' messages go on |
//! | 401, 403 | transient: the operator's to put right (the key has been changed) |
//! | another 4xx, or 3xx | permanent |
//! | nothing, no connection, a wrong certificate | transient; it is not asked for a while |
//!
//! A repeated message has the same topic (RFC 8030, 5.4): a push service that still has the first keeps one of them. Its browser
//! shows one, too, because the message says what it is known by.

mod encryption;
mod vapid;

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::{URL_SAFE, URL_SAFE_NO_PAD};
use hyper::StatusCode;
use hyper::header::{AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, HeaderName};
use sha2::{Digest as _, Sha256};
use tessera_config::{Environment, HttpUrl, SettingsError, WebPushSettings};
use tessera_kit::clock;
use zeroize::Zeroizing;

use super::{Failure, Message, MessageId};
use crate::post::{Answered, Posted, Poster, Reach};
use encryption::{BrowserKeys, PUBLIC_BYTES, SECRET_BYTES, encrypted};
pub use vapid::VapidKey;

/// For so long a push service keeps a message for a browser that is not running, in seconds. What is older is no news.
const KEPT_FOR: &str = "86400";
/// A push service without an answer is not asked for so long.
const REST: Duration = Duration::from_secs(10);
/// Nor for longer than this, whatever it says.
const REST_MAX: Duration = Duration::from_secs(15 * 60);
/// Characters of a topic.
const TOPIC_CHARACTERS: usize = 32;

/// The channel.
pub struct WebPush {
    settings: WebPushSettings,
    key: Arc<VapidKey>,
    poster: Poster,
    /// Until when a push service, by the authority of its addresses, is not asked. There are as many as the settings allow and browsers use.
    rests: Mutex<HashMap<String, Instant>>,
}

/// A browser as its subscription says: where its messages go, and how they are encrypted.
struct Subscription {
    address: HttpUrl,
    keys: BrowserKeys,
}

impl Subscription {
    /// Reads the two lines in which a wallet keeps it.
    fn of(text: &str, settings: &WebPushSettings) -> Result<Self, Failure> {
        let (address, keys) = text
            .split_once('\n')
            .ok_or_else(|| Failure::permanent("the subscription is unreadable"))?;
        Ok(Self {
            address: settings.address(address).ok_or_else(|| {
                Failure::permanent("the push service is not in notify.web_push.services any more")
            })?,
            keys: browser_keys(keys)
                .ok_or_else(|| Failure::permanent("the keys of the browser are unreadable"))?,
        })
    }
}

/// Whether this is the public key of a browser, a full stop and its secret, as messages can be encrypted with.
pub fn are_browser_keys(text: &str) -> bool {
    browser_keys(text).is_some_and(|keys| encrypted(b"", &keys).is_ok())
}

fn browser_keys(text: &str) -> Option<BrowserKeys> {
    let (public, secret) = text.split_once('.')?;
    let mut keys = BrowserKeys {
        public: [0; PUBLIC_BYTES],
        secret: [0; SECRET_BYTES],
    };
    decode(public, &mut keys.public)?;
    decode(secret, &mut keys.secret)?;
    Some(keys)
}

/// Base64url of as many bytes as there is space for; browsers write it with or without padding.
fn decode(text: &str, into: &mut [u8]) -> Option<()> {
    let engine = if text.ends_with('=') {
        &URL_SAFE
    } else {
        &URL_SAFE_NO_PAD
    };
    let decoded = Zeroizing::new(engine.decode(text).ok()?);
    if decoded.len() != into.len() {
        return None;
    }
    into.copy_from_slice(&decoded);
    Some(())
}

impl WebPush {
    /// Reads the authorities of the machine; nothing is connected before the first message.
    ///
    /// # Errors
    /// When TLS can't be set up.
    pub fn open(settings: &WebPushSettings, key: Arc<VapidKey>) -> Result<Self, SettingsError> {
        Ok(Self {
            settings: settings.clone(),
            key,
            poster: Poster::new()?,
            rests: Mutex::default(),
        })
    }

    /// What [`WebPush::open`] and the start of the switch would say.
    pub(crate) fn check(
        settings: &WebPushSettings,
        environment: Environment,
    ) -> Result<(), SettingsError> {
        Poster::new()?;
        let stated = settings.key_file.as_deref();
        // One that is missing is made at the start in development. Elsewhere a node that lacks it says so before it is needed.
        let stated = stated.filter(|path| environment != Environment::Development || path.exists());
        stated.map_or(Ok(()), VapidKey::check)
    }

    /// Hands a message to the browser's push service.
    pub async fn send(&self, message: &Message) -> Result<(), Failure> {
        let browser = Subscription::of(message.to.expose(), &self.settings)?;
        let service = browser.address.authority();
        if self.rests(&service, Instant::now()) {
            return Err(Failure::transient("the push service rests after a failure"));
        }
        let answered = self.poster.post(self.posted(message, browser)?).await;
        // The path is the payer's: an answer about it must not stop the messages of others.
        let (failure, rests) = match answered {
            Ok(answered) => {
                let rests = answered.status == StatusCode::SERVICE_UNAVAILABLE;
                match of_answer(answered) {
                    None => return Ok(()),
                    Some(failure) => (failure, rests),
                }
            }
            Err(why) => (Failure::Later(why, REST), true),
        };
        if let (Failure::Later(_, pause), true) = (&failure, rests) {
            self.let_rest(service, *pause);
        }
        Err(failure)
    }

    fn posted(&self, message: &Message, browser: Subscription) -> Result<Posted, Failure> {
        let Subscription { address, keys } = browser;
        let payload = Zeroizing::new(payload(message));
        let body = encrypted(payload.as_bytes(), &keys).map_err(|_| {
            Failure::permanent("the message could not be encrypted for the browser")
        })?;
        let word = self
            .key
            .authorization(&address, &self.settings.contact, clock::system());
        let word = word.ok_or_else(|| Failure::transient("the system has no random numbers"))?;
        let header = |name: &'static str| HeaderName::from_static(name);
        Ok(Posted {
            // A service of this machine is one that the configuration names.
            reach: if address.is_https() {
                Reach::Public
            } else {
                Reach::Any
            },
            url: address,
            headers: vec![
                (CONTENT_TYPE, "application/octet-stream".to_owned()),
                (CONTENT_ENCODING, "aes128gcm".to_owned()),
                (AUTHORIZATION, word),
                (header("ttl"), KEPT_FOR.to_owned()),
                (header("topic"), topic(&message.id)),
                (header("urgency"), "normal".to_owned()),
            ],
            body,
        })
    }

    fn rests(&self, service: &str, now: Instant) -> bool {
        let mut rests = self.rests.lock().unwrap_or_else(PoisonError::into_inner);
        rests.retain(|_, until| now < *until);
        rests.contains_key(service)
    }

    fn let_rest(&self, service: String, pause: Duration) {
        let until = Instant::now() + pause.min(REST_MAX);
        let mut rests = self.rests.lock().unwrap_or_else(PoisonError::into_inner);
        rests.insert(service, until);
    }
}

/// What an answer means; `None` where the push service has taken the message over.
fn of_answer(answered: Answered) -> Option<Failure> {
    let status = answered.status;
    let why = format!("the push service answered {}", status.as_u16());
    Some(match status {
        _ if status.is_success() => return None,
        StatusCode::NOT_FOUND | StatusCode::GONE => Failure::Gone,
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Failure::Transient(why),
        // Windows says 406 where others say 429.
        StatusCode::TOO_MANY_REQUESTS
        | StatusCode::NOT_ACCEPTABLE
        | StatusCode::REQUEST_TIMEOUT => Failure::Later(why, answered.retry_after.unwrap_or(REST)),
        _ if status.is_server_error() => Failure::Later(why, answered.retry_after.unwrap_or(REST)),
        _ => Failure::Permanent(why),
    })
}

/// The same for a repeated message, and for no other.
fn topic(id: &MessageId) -> String {
    let mut topic = URL_SAFE_NO_PAD.encode(Sha256::digest(id.as_str()));
    topic.truncate(TOPIC_CHARACTERS);
    topic
}

/// What the browser shows: the text of the short message, under the name that the text begins with.
fn payload(message: &Message) -> String {
    const NAME: &str = "Tessera";
    let text = message.sms.as_str();
    let bare = text
        .split_once([':', '：'])
        .filter(|(before, _)| before.split(' ').next_back() == Some(NAME))
        .map(|(_, rest)| rest.trim_start());
    serde_json::json!({
        "title": NAME,
        "body": bare.unwrap_or(text),
        "id": message.id.as_str(),
        "page": message.page,
        "lang": message.language.code(),
        "dir": message.language.direction(),
    })
    .to_string()
}

impl fmt::Debug for WebPush {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebPush").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
