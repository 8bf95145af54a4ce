//! A master key in a token (PKCS #11): a hardware security module, a smart card, or SoftHSM2.
//!
//! The key never leaves the token. To wrap, a data key becomes an object of the session, which the token wraps with
//! `CKM_AES_KEY_WRAP` (RFC 3394); to unwrap, the other way round.

use std::sync::{Mutex, PoisonError};

use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::error::{Error, RvError};
use cryptoki::mechanism::Mechanism;
use cryptoki::object::{Attribute, AttributeType, KeyType, ObjectClass, ObjectHandle};
use cryptoki::session::{Session, UserType};
use zeroize::{Zeroize, Zeroizing};

use crate::token_source::{TokenError, TokenSource};
use crate::{MasterKey, MasterKeyError};

/// A key in a token, with the session that reaches it.
pub(crate) struct TokenKey {
    source: TokenSource,
    /// Opened again after an error: a token may have been taken out, or its module may have ended the session.
    session: Mutex<Option<Open>>,
}

struct Open {
    session: Session,
    key: ObjectHandle,
}

impl TokenKey {
    pub(crate) fn open(source: &TokenSource) -> Result<Self, TokenError> {
        let session = Open::new(source)?;
        Ok(Self {
            source: source.clone(),
            session: Mutex::new(Some(session)),
        })
    }

    fn with_session<T>(
        &self,
        work: impl Fn(&Open) -> Result<T, TokenError>,
    ) -> Result<T, MasterKeyError> {
        let mut session = self.session.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(Ok(done)) = session.as_ref().map(&work) {
            return Ok(done);
        }
        // Closed before the next one is opened: a login belongs to all sessions of the process.
        *session = None;
        let open = session.insert(Open::new(&self.source)?);
        Ok(work(open)?)
    }
}

impl MasterKey for TokenKey {
    fn wrap(&self, key: &[u8; 32]) -> Result<[u8; 40], MasterKeyError> {
        self.with_session(|open| open.wrap(key))
    }

    fn unwrap(&self, wrapped: &[u8; 40]) -> Result<Zeroizing<[u8; 32]>, MasterKeyError> {
        match self.with_session(|open| open.unwrap(wrapped)) {
            // Modules say in many ways that another key has wrapped something, or just that there is an error.
            Err(MasterKeyError::Token(_)) if self.wrap(&[0; 32]).is_ok() => {
                Err(MasterKeyError::Other)
            }
            unwrapped => unwrapped,
        }
    }
}

impl From<TokenError> for MasterKeyError {
    fn from(error: TokenError) -> Self {
        Self::Token(Box::new(error))
    }
}

impl Open {
    fn new(source: &TokenSource) -> Result<Self, TokenError> {
        let module = Pkcs11::new(&source.module)?;
        match module.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK)) {
            // By another key of this process.
            Err(Error::Pkcs11(RvError::CryptokiAlreadyInitialized, _)) => {}
            done => done?,
        }
        let mut found = Vec::new();
        for slot in module.get_slots_with_initialized_token()? {
            let label = module.get_token_info(slot)?.label().to_owned();
            if label == source.token {
                let session = module.open_rw_session(slot)?;
                return Self::logged_in(session, source);
            }
            found.push(label);
        }
        Err(TokenError::NoToken {
            module: source.module.clone(),
            token: source.token.clone(),
            found: found.join(", "),
        })
    }

    fn logged_in(session: Session, source: &TokenSource) -> Result<Self, TokenError> {
        match session.login(UserType::User, Some(&source.pin.read()?)) {
            Err(Error::Pkcs11(RvError::UserAlreadyLoggedIn, _)) => {}
            done => done?,
        }
        let keys = session.find_objects(&[
            Attribute::Class(ObjectClass::SECRET_KEY),
            Attribute::Label(source.key.clone().into_bytes()),
            Attribute::Wrap(true),
            Attribute::Unwrap(true),
        ])?;
        match keys[..] {
            [key] => Ok(Self { session, key }),
            _ => Err(TokenError::NoKey {
                key: source.key.clone(),
                found: keys.len(),
            }),
        }
    }

    fn wrap(&self, key: &[u8; 32]) -> Result<[u8; 40], TokenError> {
        let mut template = of_a_data_key();
        template.push(Attribute::Value(key.to_vec()));
        let object = self.session.create_object(&template);
        template.iter_mut().for_each(wipe);
        let object = object?;
        let wrapped = self
            .session
            .wrap_key(&Mechanism::AesKeyWrap, self.key, object);
        self.session.destroy_object(object)?;
        wrapped?.try_into().map_err(|_| TokenError::Length)
    }

    fn unwrap(&self, wrapped: &[u8; 40]) -> Result<Zeroizing<[u8; 32]>, TokenError> {
        let object =
            self.session
                .unwrap_key(&Mechanism::AesKeyWrap, self.key, wrapped, &of_a_data_key())?;
        let values = self.session.get_attributes(object, &[AttributeType::Value]);
        self.session.destroy_object(object)?;
        let mut key = None;
        for mut value in values? {
            if let Attribute::Value(bytes) = &value {
                key = <[u8; 32]>::try_from(&bytes[..]).ok().map(Zeroizing::new);
            }
            wipe(&mut value);
        }
        key.ok_or(TokenError::Length)
    }
}

/// An object of the session whose value may be read: it is ours.
fn of_a_data_key() -> Vec<Attribute> {
    vec![
        Attribute::Class(ObjectClass::SECRET_KEY),
        Attribute::KeyType(KeyType::GENERIC_SECRET),
        Attribute::Token(false),
        Attribute::Private(true),
        Attribute::Sensitive(false),
        Attribute::Extractable(true),
    ]
}

fn wipe(attribute: &mut Attribute) {
    if let Attribute::Value(bytes) = attribute {
        bytes.zeroize();
    }
}
