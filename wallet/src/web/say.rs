//! The message about the form that led to a page: a success, or the errors with their fields.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use maud::Markup;

use super::trouble::{retry_after, status_of};
use super::{App, Member, Posted, Trouble, Visitor, answer, cookies};
use crate::line::{Failure, Name};
use crate::session::Session;
use crate::words::{done, passkeys, refusals};
use tessera_texts::{Text, refusals as text};

/// A message, or none.
#[derive(Clone, Default)]
pub struct Say {
    done: Option<Text>,
    // Rare, and large.
    complaint: Option<Box<Complaint>>,
}

/// What is wrong, and where.
#[derive(Clone)]
pub struct Complaint {
    /// The id of the form.
    pub form: &'static str,
    /// The name of the field; `None` for the form as a whole.
    pub field: Option<&'static str>,
    /// The message for the payer.
    pub text: Text,
    status: StatusCode,
    retry_after: Option<u64>,
    /// Whether the same form may be sent again under its name: what it asked is not decided, or nobody knows how.
    is_open: bool,
    /// The form as it was sent.
    posted: Posted,
}

impl Say {
    /// What the address says was done.
    pub fn done(query: &str) -> Self {
        let key = super::query(query).remove("done").unwrap_or_default();
        Self {
            done: done::words(&key),
            complaint: None,
        }
    }

    fn complaining(complaint: Complaint) -> Self {
        Self {
            done: None,
            complaint: Some(Box::new(complaint)),
        }
    }

    /// A field was filled in wrongly.
    pub fn wrong(form: &'static str, field: &'static str, text: Text) -> Self {
        Self::complaining(Complaint {
            form,
            field: Some(field),
            text,
            status: StatusCode::UNPROCESSABLE_ENTITY,
            retry_after: None,
            is_open: true,
            posted: Posted::default(),
        })
    }

    /// The switch refused what a form asked, in a page where nobody is known.
    pub fn failed(form: &'static str, failure: &Failure, text: Text) -> Self {
        Self::complaining(Complaint {
            form,
            field: None,
            text,
            status: status_of(failure),
            retry_after: retry_after(failure),
            is_open: is_open(failure),
            posted: Posted::default(),
        })
    }

    /// The same, where a field is to be changed.
    pub fn at(mut self, field: &'static str) -> Self {
        if let Some(complaint) = &mut self.complaint {
            complaint.field = Some(field);
        }
        self
    }

    /// What came of an earlier try, which this form makes good.
    pub fn before(form: &'static str, text: Text) -> Self {
        Self::complaining(Complaint {
            form,
            field: None,
            text,
            status: StatusCode::OK,
            retry_after: None,
            is_open: false,
            posted: Posted::default(),
        })
    }

    /// Keeps the form as it was sent, so that nothing but secrets has to be typed again.
    pub fn of(mut self, posted: &Posted) -> Self {
        if let Some(complaint) = &mut self.complaint {
            complaint.posted = posted.clone();
        }
        self
    }

    /// What was done, in words.
    pub fn done_words(&self) -> Option<&Text> {
        self.done.as_ref()
    }

    /// Whether this was done, by its word in the address.
    pub fn has_done(&self, key: &str) -> bool {
        self.done.is_some() && self.done == done::words(key)
    }

    /// What is wrong.
    pub fn complaint(&self) -> Option<&Complaint> {
        self.complaint.as_deref()
    }

    /// What is wrong with a field of a form.
    pub fn about(&self, form: &str, field: &str) -> Option<&Text> {
        let complaint = self.complaint.as_ref()?;
        (complaint.form == form && complaint.field == Some(field)).then_some(&complaint.text)
    }

    /// A page that shows it, with its status.
    pub fn page(&self, markup: &Markup) -> HttpResponse {
        answer::later(answer::html(self.status(), markup), self.retry_after())
    }

    /// A page with a form before a session: the browser is given the secret that the form is known by.
    pub fn entry_page(&self, visitor: &Visitor, markup: &Markup) -> HttpResponse {
        let mut response = self.page(markup);
        if visitor.form_secret_is_new {
            // A form without its cookie is refused when it is sent, with a page that says how to go on.
            let _ = response.add_cookie(&cookies::form(&visitor.form_secret));
        }
        response
    }

    /// Whether it is about this form, which must not be folded away then.
    pub fn is_about(&self, form: &str) -> bool {
        let complaint = self.complaint.as_ref();
        complaint.is_some_and(|complaint| complaint.form == form)
    }

    /// The form as it was sent, where it is this one that is shown again.
    pub fn posted(&self, form: &str) -> Option<&Posted> {
        let complaint = self.complaint.as_ref()?;
        (complaint.form == form).then_some(&complaint.posted)
    }

    /// By what the switch knows the form when it is sent: applied once, however often that is. The form that is shown again keeps
    /// its name as long as what it asked may have been done.
    pub fn name(&self, form: &str) -> Name {
        let complaint = self.complaint.as_ref();
        let open = complaint.is_some_and(|complaint| complaint.is_open);
        match self.posted(form).filter(|_| open) {
            Some(posted) => Name::from_form(posted.raw("name")),
            None => Name::random(),
        }
    }

    /// The status of the answer.
    pub fn status(&self) -> StatusCode {
        let complaint = self.complaint.as_ref();
        complaint.map_or(StatusCode::OK, |complaint| complaint.status)
    }

    /// Seconds after which it may be tried again.
    pub fn retry_after(&self) -> Option<u64> {
        self.complaint.as_ref()?.retry_after
    }
}

/// A decline by the financial system stands, and is answered alike under the same name; what the switch itself refused before
/// it looked any further is not decided.
fn is_open(failure: &Failure) -> bool {
    match failure {
        Failure::Refused(refusal) => matches!(refusal.code.as_str(), "30" | "63" | "65" | "96"),
        _ => true,
    }
}

/// Shows a member's page again with what the switch refused about one of its forms. A 63 means the password or
/// passkey where the session is still good.
///
/// # Errors
/// Where the session has ended, or the page can't be shown.
pub async fn refused(
    show: impl AsyncFnOnce(&App, &Member, Say) -> Result<HttpResponse, Trouble>,
    app: &App,
    member: &Member,
    (form, posted): (&'static str, &Posted),
    failure: Failure,
) -> Result<HttpResponse, Trouble> {
    let say = about(app, &member.session, form, &failure).await?;
    show(app, member, say.of(posted)).await
}

/// What the form should say about a refusal.
///
/// # Errors
/// Where the session has ended.
pub async fn about(
    app: &App,
    session: &Session,
    form: &'static str,
    failure: &Failure,
) -> Result<Say, Trouble> {
    if failure.is("63") {
        app.switch.balance(session).await?;
        let words = passkeys::refusal(failure).unwrap_or(text::WRONG_PASSWORD);
        return Ok(Say::wrong(form, "password", words));
    }
    if failure.wants_password() {
        return Ok(Say::wrong(form, "password", text::PASSWORD_AGAIN));
    }
    Ok(Say::failed(form, failure, refusals::words(failure)))
}

/// Goes on to another page where the switch did what a form asked, and shows the page again where it did not.
///
/// # Errors
/// As [`refused`].
pub async fn finish(
    show: impl AsyncFnOnce(&App, &Member, Say) -> Result<HttpResponse, Trouble>,
    app: &App,
    member: &Member,
    form: (&'static str, &Posted),
    outcome: Result<(), Failure>,
    then: &str,
) -> Result<HttpResponse, Trouble> {
    match outcome {
        Ok(()) => Ok(answer::see_other(then)),
        Err(failure) => refused(show, app, member, form, failure).await,
    }
}
