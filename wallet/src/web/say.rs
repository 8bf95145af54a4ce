//! What a page says about the form that led to it: it is done, or what is wrong and where.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;

use super::trouble::{retry_after, status_of};
use super::{App, Member, Trouble, answer};
use crate::line::Failure;
use crate::texts::{done, refusals};

/// Something to tell, or nothing.
#[derive(Debug, Clone, Default)]
pub struct Say {
    done: Option<&'static str>,
    complaint: Option<Complaint>,
}

/// What is wrong, and where.
#[derive(Debug, Clone)]
pub struct Complaint {
    /// Which form of the page.
    pub form: &'static str,
    /// Which field of the form; `None` for the form as a whole.
    pub field: Option<&'static str>,
    /// In words.
    pub text: String,
    status: StatusCode,
    retry_after: Option<u64>,
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

    /// A field was filled in wrongly.
    pub fn wrong(form: &'static str, field: &'static str, text: impl Into<String>) -> Self {
        Self {
            done: None,
            complaint: Some(Complaint {
                form,
                field: Some(field),
                text: text.into(),
                status: StatusCode::UNPROCESSABLE_ENTITY,
                retry_after: None,
            }),
        }
    }

    /// The switch refused what a form asked, in a page where nobody is known.
    pub fn failed(form: &'static str, failure: &Failure, text: String) -> Self {
        Self {
            done: None,
            complaint: Some(Complaint {
                form,
                field: None,
                text,
                status: status_of(failure),
                retry_after: retry_after(failure),
            }),
        }
    }

    /// What was done, in words.
    pub fn done_words(&self) -> Option<&'static str> {
        self.done
    }

    /// What is wrong.
    pub fn complaint(&self) -> Option<&Complaint> {
        self.complaint.as_ref()
    }

    /// What is wrong with a field of a form.
    pub fn about(&self, form: &str, field: &str) -> Option<&str> {
        let complaint = self.complaint.as_ref()?;
        (complaint.form == form && complaint.field == Some(field)).then_some(&complaint.text)
    }

    /// The answer's.
    pub fn status(&self) -> StatusCode {
        let complaint = self.complaint.as_ref();
        complaint.map_or(StatusCode::OK, |complaint| complaint.status)
    }

    /// Seconds after which it may be tried again.
    pub fn retry_after(&self) -> Option<u64> {
        self.complaint.as_ref()?.retry_after
    }
}

/// Shows a member's page again with what the switch refused about one of its forms. A 63 means the password where the
/// session is still good.
///
/// # Errors
/// Where the session has ended, or the page can't be shown.
pub async fn refused(
    show: impl AsyncFnOnce(&App, &Member, Say) -> Result<HttpResponse, Trouble>,
    app: &App,
    member: &Member,
    form: &'static str,
    failure: Failure,
) -> Result<HttpResponse, Trouble> {
    let say = if failure.is("63") {
        app.switch.balance(&member.session).await?;
        Say::wrong(form, "password", refusals::WRONG_PASSWORD)
    } else {
        let text = refusals::words(&failure);
        Say::failed(form, &failure, text)
    };
    show(app, member, say).await
}

/// Goes on to another page where the switch did what a form asked, and shows the page again where it did not.
///
/// # Errors
/// As [`refused`].
pub async fn finish(
    show: impl AsyncFnOnce(&App, &Member, Say) -> Result<HttpResponse, Trouble>,
    app: &App,
    member: &Member,
    form: &'static str,
    outcome: Result<(), Failure>,
    then: &str,
) -> Result<HttpResponse, Trouble> {
    match outcome {
        Ok(()) => Ok(answer::see_other(then)),
        Err(failure) => refused(show, app, member, form, failure).await,
    }
}
