//! Passkeys: 221 to 227. The browser talks to the authenticator, the switch looks at what it has signed; here both only pass.

use tessera_protocol::leased::{
    Operation, PASSKEY_NAME_CHARACTERS_MAX, PasskeyRow, SessionKind, tag,
};
use zeroize::Zeroizing;

use super::{Proof, Switch, with, with_address};
use crate::caller::Caller;
use crate::line::{Failure, Fields};
use crate::session::Session;

/// What a browser is asked to have signed, or made.
#[derive(Debug)]
pub struct Asked {
    /// The challenge, base64url.
    pub challenge: String,
    /// The ids of the passkeys that there are, base64url; empty where nobody is known.
    pub passkeys: Vec<String>,
    /// What a new passkey knows the wallet by, base64url; empty where none is to be made.
    pub user: String,
}

/// What a passkey has signed, as the script has put it into a field: five parts, base64url, with full stops between them.
#[derive(Clone)]
pub struct SignedByPasskey {
    id: Zeroizing<String>,
    user: Zeroizing<String>,
    client_data: String,
    /// The authenticator data, a full stop, and the signature.
    signed: Zeroizing<String>,
}

/// What was made for a challenge: in four parts.
pub struct MadePasskey {
    user: Zeroizing<String>,
    client_data: String,
    authenticator: Zeroizing<String>,
}

impl SignedByPasskey {
    /// From the field of a form; `None` where it is no answer of a passkey.
    pub fn from_form(text: &str) -> Option<Self> {
        let [id, user, client_data, authenticator, signature] = parts(text)?;
        let own = |text: &str| Zeroizing::new(text.to_owned());
        Some(Self {
            id: own(id),
            user: own(user),
            client_data: client_data.to_owned(),
            signed: Zeroizing::new(format!("{authenticator}.{signature}")),
        })
    }

    pub(super) fn add_to(&self, fields: Fields) -> Fields {
        fields
            .data(tag::CLIENT_DATA, &self.client_data)
            .secret(tag::PASSKEY, &self.id)
            .secret(tag::AUTHENTICATOR, &self.signed)
    }
}

impl MadePasskey {
    /// From the field of a form; `None` where no passkey was made.
    pub fn from_form(text: &str) -> Option<Self> {
        let [user, client_data, authenticator] = parts(text)?;
        Some(Self {
            user: Zeroizing::new(user.to_owned()),
            client_data: client_data.to_owned(),
            authenticator: Zeroizing::new(authenticator.to_owned()),
        })
    }

    /// The authenticator data, base64url.
    pub fn authenticator(&self) -> &str {
        &self.authenticator
    }
}

fn parts<const COUNT: usize>(text: &str) -> Option<[&str; COUNT]> {
    let is_of_base64 = |part: &&str| {
        let mut signs = part.bytes();
        signs.all(|sign| sign.is_ascii_alphanumeric() || sign == b'-' || sign == b'_')
    };
    let parts: Vec<&str> = text.split('.').collect();
    let parts: [&str; COUNT] = parts.try_into().ok()?;
    parts.iter().all(is_of_base64).then_some(parts)
}

/// A name as the switch takes it.
pub fn name(text: &str) -> String {
    let shown = text.chars().filter(|character| !character.is_control());
    let name: String = shown.take(PASSKEY_NAME_CHARACTERS_MAX).collect();
    name.trim().to_owned()
}

impl Switch {
    /// 221: a challenge for a passkey, to sign in or to confirm what a session asks.
    ///
    /// # Errors
    /// 12 where passkeys are not configured.
    pub async fn passkey_challenge(&self, session: Option<&Session>) -> Result<Asked, Failure> {
        let fields = session.map_or_else(Fields::default, with);
        let answer = self.ask(Operation::PasskeyChallenge, fields).await?;
        Ok(Asked {
            challenge: answer.need(tag::CHALLENGE, "challenge")?,
            passkeys: answer.values(tag::PASSKEY),
            user: String::new(),
        })
    }

    /// 222: a session, by a passkey.
    ///
    /// # Errors
    /// 63 where it is none of a wallet, or took too long.
    pub async fn sign_in_by_passkey(
        &self,
        signed: &SignedByPasskey,
        device: &str,
        address: Option<&Caller>,
    ) -> Result<Session, Failure> {
        let secret = Session::draw_secret();
        let fields = Fields::default()
            .data(tag::DEVICE, device)
            .data(tag::KIND, SessionKind::Web)
            .secret(tag::SECRET, &secret)
            .secret(tag::PASSKEY_USER, &signed.user);
        let fields = with_address(signed.add_to(fields), address);
        let answer = self.ask(Operation::PasskeySignIn, fields).await?;
        let wallet = answer.need(tag::WALLET, "wallet")?;
        Ok(Session::of(wallet, &secret))
    }

    /// 223: a challenge to add a passkey.
    ///
    /// # Errors
    /// 63 for a wrong password; 65 where there are too many passkeys.
    pub async fn begin_passkey(&self, session: &Session, proof: &Proof) -> Result<Asked, Failure> {
        let answer = self
            .ask_proven(Operation::BeginPasskey, session, proof, |fields| fields)
            .await?;
        Ok(Asked {
            challenge: answer.need(tag::CHALLENGE, "challenge")?,
            passkeys: answer.values(tag::PASSKEY),
            user: answer.need(tag::PASSKEY_USER, "user")?,
        })
    }

    /// 224: adds the passkey that was made.
    ///
    /// # Errors
    /// 63 where it took too long.
    pub async fn add_passkey(
        &self,
        session: &Session,
        made: &MadePasskey,
        name: &str,
    ) -> Result<(), Failure> {
        let fields = with(session)
            .data(tag::DEVICE, name)
            .data(tag::CLIENT_DATA, &made.client_data)
            .secret(tag::PASSKEY_USER, &made.user)
            .secret(tag::AUTHENTICATOR, &made.authenticator);
        self.ask(Operation::AddPasskey, fields).await.map(drop)
    }

    /// 225: calls a passkey so.
    ///
    /// # Errors
    /// 25 where there is none of this number.
    pub async fn rename_passkey(
        &self,
        session: &Session,
        number: u32,
        name: &str,
    ) -> Result<(), Failure> {
        let fields = with(session)
            .data(tag::NUMBER, number)
            .data(tag::DEVICE, name);
        self.ask(Operation::RenamePasskey, fields).await.map(drop)
    }

    /// 226: removes a passkey.
    ///
    /// # Errors
    /// 63 for a wrong password; 25 where there is none of this number.
    pub async fn remove_passkey(
        &self,
        session: &Session,
        proof: &Proof,
        number: u32,
    ) -> Result<(), Failure> {
        self.ask_proven(Operation::RemovePasskey, session, proof, |fields| {
            fields.data(tag::NUMBER, number)
        })
        .await
        .map(drop)
    }

    /// 227: the passkeys, the newest first.
    ///
    /// # Errors
    /// 12 where they are not configured.
    pub async fn passkeys(&self, session: &Session) -> Result<Vec<PasskeyRow>, Failure> {
        let answer = self.ask(Operation::ListPasskeys, with(session)).await?;
        Ok(answer.values(tag::PASSKEY_ROW))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_the_script_makes_is_an_answer() {
        assert!(SignedByPasskey::from_form("a.b.c.d.e").is_some());
        assert!(MadePasskey::from_form("a.b-_9.c").is_some());
        for wrong in ["", "a.b.c.d", "a.b.c.d.e.f", "a.b.c.d.e=", "a.b.c.d.\u{e9}"] {
            assert!(SignedByPasskey::from_form(wrong).is_none(), "{wrong}");
        }
    }

    #[test]
    fn a_name_is_short_and_of_letters() {
        assert_eq!(name("  Work\r\n phone "), "Work phone");
        assert_eq!(name(&"é".repeat(90)).chars().count(), 40);
        assert_eq!(name(" \t"), "");
    }
}
