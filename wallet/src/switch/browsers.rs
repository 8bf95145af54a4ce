//! Browsers that show notifications: 230 to 232. What a browser is known by at its push service passes on to the switch.

use tessera_protocol::leased::{
    BROWSER_NAME_CHARACTERS_MAX, BrowserRow, Operation, PUSH_ADDRESS_BYTES_MAX, tag,
};
use zeroize::Zeroizing;

use super::{Proof, Switch, with};
use crate::line::Failure;
use crate::session::Session;

/// The browsers of a wallet.
#[derive(Debug)]
pub struct Browsers {
    /// What a browser subscribes with, base64url.
    pub key: String,
    /// The newest first.
    pub rows: Vec<BrowserRow>,
}

/// A browser as its subscription says, which the script has put into two fields.
pub struct Subscription {
    address: Zeroizing<String>,
    keys: Zeroizing<String>,
}

impl Subscription {
    /// From the fields of a form; `None` where the script has not filled them.
    pub fn from_form(address: &str, keys: &str) -> Option<Self> {
        let fits = |text: &str, most: usize| {
            (1..=most).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
        };
        let own = |text: &str| Zeroizing::new(text.to_owned());
        (fits(address, PUSH_ADDRESS_BYTES_MAX) && fits(keys, KEYS_BYTES_MAX)).then(|| Self {
            address: own(address),
            keys: own(keys),
        })
    }
}

/// A public key and a secret in base64url, with padding, and a full stop.
const KEYS_BYTES_MAX: usize = 120;

impl Switch {
    /// 230: has a browser show notifications, which the payer knows by this name.
    ///
    /// # Errors
    /// 63 for a wrong password; 94 where it shows them already, 65 where there are too many, 12 for another push service.
    pub async fn add_browser(
        &self,
        session: &Session,
        proof: &Proof,
        browser: &Subscription,
        name: &str,
    ) -> Result<(), Failure> {
        let name: String = name.chars().take(BROWSER_NAME_CHARACTERS_MAX).collect();
        self.ask_proven(Operation::AddBrowser, session, proof, |fields| {
            fields
                .data(tag::DEVICE, name)
                .secret(tag::PUSH_ADDRESS, &browser.address)
                .secret(tag::PUSH_KEYS, &browser.keys)
        })
        .await
        .map(drop)
    }

    /// 231: shows no more notifications in a browser.
    ///
    /// # Errors
    /// 63 for a wrong password; 25 where there is none of this number.
    pub async fn remove_browser(
        &self,
        session: &Session,
        proof: &Proof,
        number: u32,
    ) -> Result<(), Failure> {
        self.ask_proven(Operation::RemoveBrowser, session, proof, |fields| {
            fields.data(tag::NUMBER, number)
        })
        .await
        .map(drop)
    }

    /// 232: the browsers, the newest first, and the key that they subscribe with.
    ///
    /// # Errors
    /// 12 where they are not configured.
    pub async fn browsers(&self, session: &Session) -> Result<Browsers, Failure> {
        let answer = self.ask(Operation::ListBrowsers, with(session)).await?;
        Ok(Browsers {
            key: answer.need(tag::PUSH_KEY, "key for push services")?,
            rows: answer.values(tag::BROWSER_ROW),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_a_browser_says_is_a_subscription() {
        assert!(Subscription::from_form("https://push.example/1", "AQID.BAUG").is_some());
        let long = "a".repeat(PUSH_ADDRESS_BYTES_MAX + 1);
        for (address, keys) in [
            ("", "AQID.BAUG"),
            ("https://push.example/1", ""),
            ("https://push.example/1 2", "AQID.BAUG"),
            ("https://push.example/é", "AQID.BAUG"),
            (&long, "AQID.BAUG"),
            ("https://push.example/1", &long),
        ] {
            assert!(
                Subscription::from_form(address, keys).is_none(),
                "{address} {keys}"
            );
        }
    }
}
