//! A posted form: read within bounds, and refused without the token of this browser.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::web::Bytes;
use actix_web::{FromRequest, HttpRequest};
use zeroize::Zeroizing;

use super::forms::TOKEN;
use super::{Trouble, Visitor, is_pay_window};
use crate::session::same;
use crate::switch::{Proof, SignedByPasskey};

/// Our longest form is a tenth of this.
const BODY_BYTES_MAX: usize = 16 * 1024;
/// What opens the pay window: up to 30 lines of 80 characters, each of which JSON may write with 12 bytes and a form with 16, some
/// 40,000 in all.
const PAY_BODY_BYTES_MAX: usize = 64 * 1024;
/// A body must be here by then.
const BODY_WITHIN: Duration = Duration::from_secs(10);
/// The fields of a form. Wiped when dropped: passwords and card numbers stand in it.
#[derive(Clone, Default)]
pub struct Posted(Vec<(String, Zeroizing<String>)>);

impl Posted {
    /// From a body.
    pub fn parse(body: &[u8]) -> Self {
        let fields = url::form_urlencoded::parse(body);
        Self(
            fields
                .map(|(name, value)| (name.into_owned(), Zeroizing::new(value.into_owned())))
                .collect(),
        )
    }

    /// A field without the spaces around it; empty where it is absent.
    pub fn text(&self, name: &str) -> &str {
        self.raw(name).trim()
    }

    /// A field as it was typed; empty where it is absent.
    pub fn raw(&self, name: &str) -> &str {
        self.find(name).unwrap_or_default()
    }

    /// A field as it was typed; `None` where it is absent.
    pub fn find(&self, name: &str) -> Option<&str> {
        let field = self.0.iter().find(|(field, _)| field == name);
        field.map(|(_, value)| value.as_str())
    }

    /// A field of a number; `None` where it is not one.
    pub fn number(&self, name: &str) -> Option<u32> {
        self.text(name).parse().ok()
    }

    /// Whether a box is ticked.
    pub fn ticked(&self, name: &str) -> bool {
        !self.raw(name).is_empty()
    }

    /// The password of the form, or what a passkey has signed, if it asked for one, and where that was.
    pub fn proof(&self, visitor: &Visitor) -> Proof {
        let password = self.find("password");
        Proof {
            password: password.map(|password| Zeroizing::new(password.to_owned())),
            passkey: SignedByPasskey::from_form(self.raw("passkey")),
            address: visitor.address.clone(),
        }
    }

    fn has_token(&self, visitor: &Visitor) -> bool {
        let token = self.raw(TOKEN);
        let of_session = visitor.session.as_ref().map(|session| session.form_token());
        of_session.is_some_and(|expected| same(token, &expected))
            || (!visitor.form_secret_is_new && same(token, &visitor.entry_token()))
    }
}

impl FromRequest for Posted {
    type Error = Trouble;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Trouble>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let request = request.clone();
        let payload = payload.take();
        Box::pin(async move {
            let visitor = Visitor::extract(&request).await?;
            let posted = Self::parse(&read_body(&request, payload).await?);
            match posted.has_token(&visitor) {
                true => Ok(posted),
                false => Err(Trouble::Form),
            }
        })
    }
}

/// The body, as long as it is not too long and not too slow. Wiped when dropped: it never grows out of the place that it was given.
pub async fn read_body(
    request: &HttpRequest,
    mut payload: Payload,
) -> Result<Zeroizing<Vec<u8>>, Trouble> {
    let most = match is_pay_window(request.path()) {
        true => PAY_BODY_BYTES_MAX,
        false => BODY_BYTES_MAX,
    };
    let stated = request.headers().get(header::CONTENT_LENGTH);
    let stated = stated.and_then(|length| length.to_str().ok()?.parse().ok());
    let capacity = stated.unwrap_or(most).min(most);
    let read = async {
        let mut body = Zeroizing::new(Vec::with_capacity(capacity));
        while let Some(piece) = next(&mut payload).await {
            let piece = piece.map_err(|_| Trouble::Form)?;
            if body.len() + piece.len() > capacity {
                return Err(Trouble::TooLarge);
            }
            body.extend_from_slice(&piece);
        }
        Ok(body)
    };
    tokio::time::timeout(BODY_WITHIN, read)
        .await
        .unwrap_or(Err(Trouble::Form))
}

async fn next(payload: &mut Payload) -> Option<Result<Bytes, actix_web::error::PayloadError>> {
    std::future::poll_fn(|context| {
        futures_core::Stream::poll_next(Pin::new(&mut *payload), context)
    })
    .await
}
