//! Reads the operations on browsers that show notifications from tags.

use tessera_config::WebPushSettings;
use tessera_ledger::{AccountAction, NewBrowser, Rule, WalletId};
use tessera_notify::are_browser_keys;
use tessera_protocol::leased::{
    BROWSER_NAME_CHARACTERS_MAX, BrowserRow, Operation as Code, PUSH_ADDRESS_BYTES_MAX, tag,
};
use tessera_vault::Purpose;

use super::data::{Data, Reading};
use super::payer;

/// The action of an operation that is about browsers.
pub(super) fn read(
    code: Code,
    wallet: WalletId,
    data: &Data<'_>,
    reading: &Reading,
) -> Result<AccountAction, Rule> {
    let web_push = reading.web_push.as_ref();
    let (settings, key) = web_push.ok_or(Rule::PushNotConfigured)?;
    Ok(if code == Code::AddBrowser {
        AccountAction::AddBrowser(new(wallet, data, reading, settings)?)
    } else if code == Code::RemoveBrowser {
        let number = data.small(tag::NUMBER)?;
        AccountAction::RemoveBrowser(number.ok_or(Rule::NumberMissing)?)
    } else {
        AccountAction::ListBrowsers(key.as_str().into())
    })
}

/// The payer's browser has named the address: the switch sends to none but the configured push services.
fn new(
    wallet: WalletId,
    data: &Data<'_>,
    reading: &Reading,
    settings: &WebPushSettings,
) -> Result<NewBrowser, Rule> {
    let text = |tag| {
        let text = data.secret(tag)?.unwrap_or_default();
        Ok::<_, Rule>(str::from_utf8(text).unwrap_or_default())
    };
    let address = text(tag::PUSH_ADDRESS)?;
    let fits = (1..=PUSH_ADDRESS_BYTES_MAX).contains(&address.len())
        && address.bytes().all(|byte| byte.is_ascii_graphic());
    if !fits {
        return Err(Rule::PushAddressFormat);
    }
    if settings.address(address).is_none() {
        return Err(Rule::PushServiceUnknown);
    }
    let keys = text(tag::PUSH_KEYS)?;
    if !are_browser_keys(keys) {
        return Err(Rule::PushKeysFormat);
    }
    let subscription = format!("{address}\n{keys}");
    Ok(NewBrowser {
        digest: BrowserRow::digest(wallet.0, address),
        sealed: payer::seal(
            &reading.vault,
            wallet,
            Purpose::Browser,
            subscription.as_bytes(),
        )?,
        name: name(data)?,
    })
}

fn name(data: &Data<'_>) -> Result<Box<str>, Rule> {
    let name = data.find(tag::DEVICE)?.unwrap_or_default();
    let name = str::from_utf8(name).map_err(|_| Rule::BrowserNameFormat)?;
    let fits = (1..=BROWSER_NAME_CHARACTERS_MAX).contains(&name.chars().count())
        && !name.chars().any(char::is_control);
    fits.then(|| name.into()).ok_or(Rule::BrowserNameFormat)
}
