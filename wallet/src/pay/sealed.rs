//! The mall's request, encrypted into an address that only this server can make for this browser.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse};

use super::purchase::Purchase;
use super::{address, window};
use crate::session::{same, token};
use crate::web::visitor::locale;
use crate::web::{Trouble, answer, cookies, query};
use tessera_texts::trouble as text;

/// How far it has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// The payer is asked.
    Asked,
    /// The payer has agreed.
    Agreed,
    /// The payer has not.
    Cancelled,
}

impl Step {
    const fn word(self) -> &'static str {
        match self {
            Self::Asked => "asked",
            Self::Agreed => "agreed",
            Self::Cancelled => "cancelled",
        }
    }

    fn of(word: &str) -> Option<Self> {
        [Self::Asked, Self::Agreed, Self::Cancelled]
            .into_iter()
            .find(|step| step.word() == word)
    }
}

/// A purchase and how far it has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sealed {
    /// What is asked.
    pub purchase: Purchase,
    /// How far it has come.
    pub step: Step,
}

impl Sealed {
    /// Not sealed yet.
    pub fn new(purchase: Purchase, step: Step) -> Self {
        Self { purchase, step }
    }

    /// The same purchase, so far.
    pub fn at(&self, step: Step) -> Self {
        Self::new(self.purchase.clone(), step)
    }

    /// From the address of a request; `None` where the seal is not this browser's.
    pub fn of(request: &HttpRequest) -> Option<Self> {
        let secret = cookies::secret(request, cookies::PAY)?;
        let fields = query(request.query_string());
        let find = |name: &str| fields.get(name).map_or("", String::as_str);
        let purchase = Purchase::read(find("origin"), find).ok()?;
        let sealed = Self::new(purchase, Step::of(find("step"))?);
        let seal = token("pay", &secret, &sealed.plain());
        same(&seal, find("seal")).then_some(sealed)
    }

    /// The part of an address behind the question mark.
    pub fn query(&self, secret: &str) -> String {
        let plain = self.plain();
        let seal = token("pay", secret, &plain);
        format!("{plain}&seal={seal}")
    }

    /// On to a page of the window with it.
    pub fn go(&self, request: &HttpRequest, path: &str) -> HttpResponse {
        let kept = cookies::secret(request, cookies::PAY);
        let new = kept.is_none();
        let secret = kept.unwrap_or_else(cookies::draw_secret);
        let mut response = answer::see_other(&format!("{path}?{}", self.query(&secret)));
        // The address holds what is bought: no page that comes after learns it.
        let referrer = header::HeaderValue::from_static("no-referrer");
        response
            .headers_mut()
            .insert(header::REFERRER_POLICY, referrer);
        if new {
            // Without the cookie the next page says that it can't be read.
            let _ = response.add_cookie(&cookies::pay(&secret));
        }
        response
    }

    /// An answer of the window. Where the session has ended meanwhile, or the form was made for one that has, the payer is asked again,
    /// and whatever else fails may be tried again: any page outside the window would lose the purchase.
    pub fn keep(
        &self,
        request: &HttpRequest,
        answer: Result<HttpResponse, Trouble>,
    ) -> Result<HttpResponse, Trouble> {
        match answer {
            Err(Trouble::Ended | Trouble::Form) => Ok(self.go(request, "/pay/review")),
            Err(trouble) => Ok(trouble.page(
                &locale(request),
                (&address("/pay/review", request), &text::AGAIN),
                |locale, title, body| window(locale, title, None, &body),
            )),
            answer => answer,
        }
    }

    fn plain(&self) -> String {
        let mut text = url::form_urlencoded::Serializer::new(String::new());
        text.extend_pairs(self.purchase.fields());
        text.append_pair("step", self.step.word());
        text.finish()
    }
}
