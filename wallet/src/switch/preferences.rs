//! The payer's settings: freezing, limits, notifications, language. 160 to 173, and 220.

use tessera_protocol::leased::{Limits, NotificationPreferences, Operation, tag};

use tessera_texts::Language;

use super::{ContactKind, Proof, Switch, with};
use crate::line::Failure;
use crate::session::Session;

impl Switch {
    /// 160: refuses purchases until further notice.
    ///
    /// # Errors
    /// 63 where the session has ended.
    pub async fn freeze(&self, session: &Session) -> Result<(), Failure> {
        self.ask(Operation::Freeze, with(session)).await.map(drop)
    }

    /// 160: reports a transaction that the payer does not recognise, and refuses purchases until further notice.
    ///
    /// # Errors
    /// 63 where the session has ended.
    pub async fn dispute(&self, session: &Session, reference: &str) -> Result<(), Failure> {
        let fields = with(session).data(tag::REFERENCE, reference);
        self.ask(Operation::Freeze, fields).await.map(drop)
    }

    /// 161: allows purchases again.
    ///
    /// # Errors
    /// 63 for a wrong password.
    pub async fn unfreeze(&self, session: &Session, proof: &Proof) -> Result<(), Failure> {
        self.ask_proven(Operation::Unfreeze, session, proof, |fields| fields)
            .await
            .map(drop)
    }

    /// 162: the payer's own limits.
    ///
    /// # Errors
    /// 61 where one is above the operator's.
    pub async fn set_limits(
        &self,
        session: &Session,
        proof: &Proof,
        limits: Limits,
    ) -> Result<(), Failure> {
        self.ask_proven(Operation::SetLimits, session, proof, |fields| {
            fields.data(tag::LIMITS, limits)
        })
        .await
        .map(drop)
    }

    /// 170: has a confirmation code sent to an address.
    ///
    /// # Errors
    /// 30 where it is no address, 65 where too many codes were sent.
    pub async fn propose_contact(
        &self,
        session: &Session,
        proof: &Proof,
        kind: ContactKind,
        address: &str,
    ) -> Result<(), Failure> {
        self.ask_proven(Operation::ProposeContact, session, proof, |fields| {
            fields
                .data(tag::KIND, kind.word())
                .secret(tag::CONTACT, address)
        })
        .await
        .map(drop)
    }

    /// 171: confirms an address by its code.
    ///
    /// # Errors
    /// 25 where none is pending, 63 for a wrong code.
    pub async fn confirm_contact(&self, session: &Session, code: &str) -> Result<(), Failure> {
        let fields = with(session).secret(tag::CODE, code);
        self.ask(Operation::ConfirmContact, fields).await.map(drop)
    }

    /// 172: forgets the address.
    ///
    /// # Errors
    /// 63 for a wrong password.
    pub async fn remove_contact(&self, session: &Session, proof: &Proof) -> Result<(), Failure> {
        self.ask_proven(Operation::RemoveContact, session, proof, |fields| fields)
            .await
            .map(drop)
    }

    /// 173: the payer's notification preferences.
    ///
    /// # Errors
    /// 63 where the session has ended.
    pub async fn set_preferences(
        &self,
        session: &Session,
        preferences: NotificationPreferences,
    ) -> Result<(), Failure> {
        let fields = with(session).data(tag::PREFERENCES, preferences);
        self.ask(Operation::SetPreferences, fields).await.map(drop)
    }

    /// 220: the language of messages.
    ///
    /// # Errors
    /// 63 where the session has ended.
    pub async fn set_language(&self, session: &Session, language: Language) -> Result<(), Failure> {
        let fields = with(session).data(tag::LANGUAGE, language.code());
        self.ask(Operation::SetLanguage, fields).await.map(drop)
    }
}
