//! What the browser says of a ceremony: JSON (Web Authentication, 5.8.1).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;

use super::challenge::Challenge;

/// What a passkey was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ceremony {
    /// To be made.
    Create,
    /// To sign.
    Get,
}

/// See the head of this file. Browsers may add what they like.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ClientData {
    #[serde(rename = "type")]
    kind: String,
    challenge: String,
    origin: String,
    #[serde(default)]
    cross_origin: bool,
}

impl ClientData {
    pub(super) fn read(json: &[u8]) -> Option<Self> {
        serde_json::from_slice(json).ok()
    }

    /// Whether it is about this ceremony on a page of this origin, in no other site's frame.
    pub(super) fn is_of(&self, ceremony: Ceremony, origin: &str) -> bool {
        let kind = match ceremony {
            Ceremony::Create => "webauthn.create",
            Ceremony::Get => "webauthn.get",
        };
        self.kind == kind && self.origin == origin && !self.cross_origin
    }

    /// The challenge, where it can be one of ours.
    pub(super) fn challenge(&self) -> Option<Challenge> {
        URL_SAFE_NO_PAD
            .decode(&self.challenge)
            .ok()?
            .try_into()
            .ok()
    }
}
