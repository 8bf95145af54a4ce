//! `[notify]`: notifications of payers. Without `[notify.email]` no e-mail is sent, without `[notify.sms]` no short
//! message, and without `[notify.web_push]` nothing is shown in browsers.

mod check;
mod web_push;

use std::path::{Path, PathBuf};
use std::time::Duration;

use lettre::Address;
use lettre::message::Mailbox;
use lettre::transport::smtp::authentication::Credentials;
use serde::Deserialize;
use tessera_common::key_file::{self, KeyFileError};
use zeroize::Zeroizing;

use super::{SettingsError, units};
pub(super) use check::check;
use tessera_kit::email_address::EmailAddress;
pub use web_push::{PushService, WebPushSettings};

const SECOND: Duration = Duration::from_secs(1);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Bytes of an SMPP password, its final zero not counted.
const SMPP_PASSWORD_MAX: usize = 8;

/// Notifications to payers.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct NotifySettings {
    /// The first pause before a message that could not be handed over is tried again; doubled each time, with jitter.
    #[serde(with = "units::duration")]
    pub retry_min: Duration,
    /// The longest pause before it is tried again.
    #[serde(with = "units::duration")]
    pub retry_max: Duration,
    /// A message that could not be handed over for this long is given up.
    #[serde(with = "units::duration")]
    pub give_up_after: Duration,
    /// Messages of each channel that are on their way at the same time.
    pub batch: usize,
    /// E-mail.
    pub email: Option<EmailSettings>,
    /// Short messages.
    pub sms: Option<SmsSettings>,
    /// Notifications in browsers.
    pub web_push: Option<WebPushSettings>,
}

impl NotifySettings {
    /// Whether payers are notified at all.
    pub fn has_channel(&self) -> bool {
        self.email.is_some() || self.sms.is_some() || self.web_push.is_some()
    }
}

impl Default for NotifySettings {
    fn default() -> Self {
        Self {
            retry_min: 5 * SECOND,
            retry_max: Duration::from_secs(15 * 60),
            give_up_after: 3 * DAY,
            batch: 100,
            email: None,
            sms: None,
            web_push: None,
        }
    }
}

/// The mail server.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct EmailSettings {
    /// Where it listens: a name or an address, and a port.
    pub server: String,
    /// The name that its certificate must carry; that of `server`, if not stated.
    pub server_name: Option<String>,
    /// How the line is kept secret.
    pub tls: EmailTls,
    /// The authorities (PEM) that may have signed its certificate; those of the machine, if not stated.
    pub authority: Option<PathBuf>,
    /// Who we are to it; nobody, if not stated.
    pub user: Option<String>,
    /// The file with the user's password.
    pub password_file: Option<PathBuf>,
    /// Whom the payer sees: `Name <address>`.
    pub from: String,
    /// Connections at the same time.
    pub connections_max: usize,
    /// Connection, TLS and authentication must be through by then.
    #[serde(with = "units::duration")]
    pub connect_within: Duration,
    /// A message must have been taken over by then.
    #[serde(with = "units::duration")]
    pub answer_within: Duration,
    /// A connection that had nothing to do for this long is not used again.
    #[serde(with = "units::duration")]
    pub idle_for: Duration,
}

/// How the line to the mail server is kept secret.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EmailTls {
    /// In the clear first, then STARTTLS, or not at all.
    #[default]
    Starttls,
    /// TLS from the first byte.
    Implicit,
    /// In the clear: for development, on this machine.
    Plain,
}

impl Default for EmailSettings {
    fn default() -> Self {
        Self {
            server: String::new(),
            server_name: None,
            tls: EmailTls::default(),
            authority: None,
            user: None,
            password_file: None,
            from: String::new(),
            connections_max: 4,
            connect_within: 10 * SECOND,
            answer_within: 30 * SECOND,
            idle_for: 60 * SECOND,
        }
    }
}

/// The message centre: SMPP 3.4.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SmsSettings {
    /// Where it listens: a name or an address, and a port.
    pub server: String,
    /// The name that its certificate must carry; that of `server`, if not stated.
    pub server_name: Option<String>,
    /// Whether the line is TLS. Many centres expect a private line instead.
    pub tls: bool,
    /// The authorities (PEM) that may have signed its certificate; those of the machine, if not stated.
    pub authority: Option<PathBuf>,
    /// Who we are to it.
    pub system_id: String,
    /// The file with our password.
    pub password_file: Option<PathBuf>,
    /// What kind of system we are to it; most centres want nothing.
    pub system_type: String,
    /// Whom the payer sees: a name of up to 11 characters, a short code, or a number with its country (`+49170...`).
    pub sender: String,
    /// Segments in a second.
    pub messages_per_second: u32,
    /// Segments that the centre has not acknowledged.
    pub window: usize,
    /// A line on which nothing came for this long is tried with `enquire_link`.
    #[serde(with = "units::duration")]
    pub enquire_after: Duration,
    /// Connection, TLS and bind must be through by then.
    #[serde(with = "units::duration")]
    pub connect_within: Duration,
    /// A segment must have been acknowledged by then.
    #[serde(with = "units::duration")]
    pub answer_within: Duration,
    /// The first pause before a lost line is tried again; doubled each time, with jitter.
    #[serde(with = "units::duration")]
    pub reconnect_min: Duration,
    /// The longest pause before a lost line is tried again.
    #[serde(with = "units::duration")]
    pub reconnect_max: Duration,
}

impl Default for SmsSettings {
    fn default() -> Self {
        Self {
            server: String::new(),
            server_name: None,
            tls: false,
            authority: None,
            system_id: String::new(),
            password_file: None,
            system_type: String::new(),
            sender: "TESSERA".into(),
            messages_per_second: 10,
            window: 10,
            enquire_after: 30 * SECOND,
            connect_within: 10 * SECOND,
            answer_within: 10 * SECOND,
            reconnect_min: SECOND,
            reconnect_max: 60 * SECOND,
        }
    }
}

impl EmailSettings {
    /// The name that the server's certificate must carry.
    pub fn server_name(&self) -> &str {
        named(self.server_name.as_deref(), &self.server)
    }

    /// `from`, taken apart.
    pub fn sender(&self) -> Result<Mailbox, SettingsError> {
        let unfit = || SettingsError::Unfit {
            key: "notify.email.from",
            why: SENDER,
        };
        // The library takes a domain as it stands: mail servers want A-labels.
        let stated: Mailbox = self.from.parse().map_err(|_| unfit())?;
        let address = EmailAddress::parse(stated.email.as_ref());
        let address = address.filter(|address| !address.needs_smtputf8());
        let address = address.ok_or_else(unfit)?;
        let email = Address::new(address.local(), address.ascii_domain());
        Ok(Mailbox::new(stated.name, email.map_err(|_| unfit())?))
    }

    /// User and password, if there are any.
    pub fn credentials(&self) -> Result<Option<Credentials>, SettingsError> {
        let (Some(user), Some(file)) = (&self.user, &self.password_file) else {
            return Ok(None);
        };
        let password = password(file)?;
        Ok(Some(Credentials::new(user.clone(), password.to_string())))
    }
}

const SENDER: &str =
    "a name and an address with ASCII before the @, as in \"Tessera <no-reply@example.com>\"";

impl SmsSettings {
    /// The name that the centre's certificate must carry.
    pub fn server_name(&self) -> &str {
        named(self.server_name.as_deref(), &self.server)
    }

    /// Our password; empty where the centre wants none.
    pub fn password(&self) -> Result<Zeroizing<String>, SettingsError> {
        let Some(file) = &self.password_file else {
            return Ok(Zeroizing::default());
        };
        let password = password(file)?;
        if password.len() > SMPP_PASSWORD_MAX
            || !password.bytes().all(|byte| byte.is_ascii_graphic())
        {
            return Err(SettingsError::Password {
                path: file.clone(),
                why: format!("SMPP allows {SMPP_PASSWORD_MAX} printable ASCII characters"),
            });
        }
        Ok(password)
    }
}

/// The first line of a file.
fn password(file: &Path) -> Result<Zeroizing<String>, SettingsError> {
    let unreadable = |why: String| SettingsError::Password {
        path: file.to_path_buf(),
        why,
    };
    let text = key_file::read(file).map_err(|error| match error {
        KeyFileError::Io { why, .. } => unreadable(why.to_string()),
        open => unreadable(open.to_string()),
    })?;
    match text.lines().next().unwrap_or_default() {
        "" => Err(unreadable("its first line is empty".to_owned())),
        line => Ok(Zeroizing::new(line.to_owned())),
    }
}

fn named<'a>(stated: Option<&'a str>, server: &'a str) -> &'a str {
    let name = server.rsplit_once(':').map_or(server, |(name, _)| name);
    // An address of version 6 stands in brackets before a port, and without them in a certificate.
    let bare = name
        .strip_prefix('[')
        .and_then(|name| name.strip_suffix(']'));
    stated.unwrap_or(bare.unwrap_or(name))
}

/// Paths seen from the folder of the configuration file.
pub(super) fn resolve(notify: &mut NotifySettings, base: &Path) {
    let email = notify.email.iter_mut();
    let sms = notify.sms.iter_mut();
    let web_push = notify.web_push.iter_mut();
    for path in email
        .flat_map(|email| [&mut email.authority, &mut email.password_file])
        .chain(sms.flat_map(|sms| [&mut sms.authority, &mut sms.password_file]))
        .chain(web_push.map(|web_push| &mut web_push.key_file))
        .flatten()
    {
        *path = base.join(&*path);
    }
}
