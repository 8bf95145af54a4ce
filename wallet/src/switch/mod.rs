//! Operations of the switch, one function for each. Input: a session and the parameters. Output: a typed result or a
//! [`Failure`]. Nothing here depends on a page.

mod accounts;
mod browsers;
mod cards;
mod money;
mod orders;
mod passkeys;
mod preferences;

use tessera_protocol::Currency;
use tessera_protocol::leased::{Operation, PASSWORD_BYTES_MAX, PASSWORD_BYTES_MIN, tag};
use zeroize::Zeroizing;

pub use accounts::{Asks, ContactKind, Entry, Overview, ShownCard, WalletState};
pub use browsers::Subscription;
pub use cards::Revealed;
pub use orders::{AgreedOrder, Order, OrderState};
pub use passkeys::{Asked, MadePasskey, SignedByPasskey, name as passkey_name};

use crate::caller::Caller;
use crate::line::{Answer, Failure, Fields, Line, Name, Refusal};
use crate::session::Session;

/// Asks the switch.
#[derive(Clone)]
pub struct Switch {
    line: Line,
    currency: Currency,
}

/// The proof that operations on money and secrets need: the password or a passkey, and the address of the browser.
pub struct Proof {
    /// The password; none where the form had no field for it, because the last one still counts.
    pub password: Option<Zeroizing<String>>,
    /// What a passkey has signed in the place of the password.
    pub passkey: Option<SignedByPasskey>,
    /// The browser's address, for the rate limit of wrong passwords.
    pub address: Option<Caller>,
}

impl Proof {
    fn add_to(&self, fields: Fields) -> Result<Fields, Failure> {
        match (&self.passkey, &self.password) {
            (Some(signed), _) => Ok(with_address(signed.add_to(fields), self.address.as_ref())),
            (None, Some(password)) => with_password(fields, password, self.address.as_ref()),
            (None, None) => Ok(fields),
        }
    }
}

impl Switch {
    /// Over these lines, in this currency.
    pub fn new(line: Line, currency: Currency) -> Self {
        Self { line, currency }
    }

    /// The line, for views.
    pub fn line(&self) -> &Line {
        &self.line
    }

    async fn ask(&self, operation: Operation, fields: Fields) -> Result<Answer, Failure> {
        self.line.ask(operation, fields, Name::random()).await
    }

    async fn ask_proven(
        &self,
        operation: Operation,
        session: &Session,
        proof: &Proof,
        more: impl FnOnce(Fields) -> Fields,
    ) -> Result<Answer, Failure> {
        let fields = more(proof.add_to(with(session))?);
        self.ask(operation, fields).await
    }
}

fn with(session: &Session) -> Fields {
    Fields::default().secret(tag::SESSION, session.expose())
}

/// A password that is shorter or longer than any can be is wrong, and the switch would take it for a malformed message.
fn with_password(
    fields: Fields,
    password: &str,
    address: Option<&Caller>,
) -> Result<Fields, Failure> {
    if !(PASSWORD_BYTES_MIN..=PASSWORD_BYTES_MAX).contains(&password.len()) {
        return Err(Failure::Refused(Refusal {
            code: "63".to_owned(),
            reason: "no password is that short or that long".to_owned(),
            retry_after: None,
        }));
    }
    let fields = fields.secret(tag::PASSWORD, password);
    Ok(with_address(fields, address))
}

fn with_address(fields: Fields, address: Option<&Caller>) -> Fields {
    match address {
        Some(address) => fields.secret(tag::ADDRESS, address.text()),
        None => fields,
    }
}
