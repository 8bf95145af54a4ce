//! The browsers of an account that show notifications (Web Push, RFC 8030). Their addresses and keys are sealed by the vault.

use tessera_kit::clock::Timestamp;
use tessera_protocol::leased::BROWSERS_MAX;

use super::Account;
use crate::Rule;

/// A browser that shows notifications.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Browser {
    /// Within the wallet.
    pub number: u32,
    /// SHA-256 of its address, which nobody can guess.
    pub digest: [u8; 32],
    /// Its address at its push service, a line feed, and its keys; sealed by the vault.
    pub sealed: Box<[u8]>,
    /// What the payer knows it by.
    pub name: Box<str>,
    /// When it was added.
    pub added_at: Timestamp,
}

impl Account {
    /// The browser of this number.
    pub fn browser(&self, number: u32) -> Option<&Browser> {
        let mut browsers = self.browsers.iter();
        browsers.find(|browser| browser.number == number)
    }

    /// Whether the browser whose address has this digest can be added.
    pub(crate) fn takes_browser(&self, digest: &[u8; 32]) -> Result<(), Rule> {
        let mut browsers = self.browsers.iter();
        if browsers.any(|browser| browser.digest == *digest) {
            return Err(Rule::BrowserExists);
        }
        match self.browsers.len() < BROWSERS_MAX {
            true => Ok(()),
            false => Err(Rule::TooManyBrowsers),
        }
    }

    pub(super) fn add_browser(&mut self, browser: &Browser) {
        self.numbers = browser.number;
        self.browsers.push(browser.clone());
    }
}
