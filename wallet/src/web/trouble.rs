//! Errors that keep a page from being shown, and the one place that turns them into an answer.

use std::fmt;

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, ResponseError};
use maud::{Markup, html};

use super::{answer, cookies};
use crate::line::Failure;
use crate::words::refusals;
use tessera_texts::{Locale, Text, trouble as text};

/// Why a request gets no page of its own.
#[derive(Debug, Clone, PartialEq)]
pub enum Trouble {
    /// There is no session; this path wanted one.
    SignIn(String),
    /// The session has ended.
    Ended,
    /// The form is not from this browser, or out of date.
    Form,
    /// The body is too long.
    TooLarge,
    /// The wallet's history is being read already.
    Busy,
    /// There is no such thing.
    NotFound,
    /// The switch refused, or did not answer.
    Failure(Failure),
}

/// When a history that is being read may be asked for again.
const BUSY_SECONDS: u64 = 5;

impl From<Failure> for Trouble {
    fn from(failure: Failure) -> Self {
        match failure.is("63") {
            true => Self::Ended,
            false => Self::Failure(failure),
        }
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, formatter)
    }
}

/// The status of an operation that came to nothing.
pub fn status_of(failure: &Failure) -> StatusCode {
    match failure {
        Failure::Refused(refusal) => match refusal.code.as_str() {
            "65" if refusal.retry_after.is_some() => StatusCode::TOO_MANY_REQUESTS,
            "96" | "91" => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::UNPROCESSABLE_ENTITY,
        },
        Failure::NotSent | Failure::NoAnswer => StatusCode::SERVICE_UNAVAILABLE,
        Failure::TooLong => StatusCode::UNPROCESSABLE_ENTITY,
        Failure::Nonsense(_) => StatusCode::BAD_GATEWAY,
    }
}

/// Seconds after which it may be tried again.
pub fn retry_after(failure: &Failure) -> Option<u64> {
    match failure {
        Failure::Refused(refusal) => refusal.retry_after,
        Failure::NotSent => Some(5),
        _ => None,
    }
}

impl std::error::Error for Trouble {}

impl ResponseError for Trouble {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::SignIn(_) | Self::Ended => StatusCode::SEE_OTHER,
            Self::Form => StatusCode::FORBIDDEN,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Busy => StatusCode::TOO_MANY_REQUESTS,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Failure(failure) => status_of(failure),
        }
    }

    fn error_response(&self) -> HttpResponse {
        match self {
            Self::SignIn(path) => {
                let next = url::form_urlencoded::Serializer::new(String::new())
                    .append_pair("next", path)
                    .finish();
                answer::see_other(&format!("/sign-in?{next}"))
            }
            Self::Ended => {
                let mut response = answer::see_other("/sign-in?done=ended");
                // A cookie that can't be added leaves a session that the switch has ended anyway.
                let _ = response.add_cookie(&cookies::no_session());
                response
            }
            // The guard, which knows the language, makes a page of it.
            _ => HttpResponse::new(self.status_code()),
        }
    }
}

impl Trouble {
    /// A page that says so, with a way on: its address and what stands on the button.
    pub fn page(
        &self,
        locale: &Locale,
        (address, button): (&str, &Text),
        layout: impl Fn(&Locale, Text, Markup) -> Markup,
    ) -> HttpResponse {
        let (title, words) = match self {
            Self::Form => (text::FORM_TITLE, text::FORM),
            Self::TooLarge => (text::TOO_LARGE_TITLE, text::TOO_LARGE),
            Self::Busy => (text::FAILURE_TITLE, text::BUSY),
            Self::Failure(failure) => (text::FAILURE_TITLE, refusals::words(failure)),
            _ => (text::NOT_FOUND_TITLE, text::NOT_FOUND),
        };
        let page = layout(
            locale,
            title.clone(),
            html! {
                section.narrow {
                    h1 { (locale.say(&title)) }
                    p { (locale.say(&words)) }
                    p { a.button href=(address) { (locale.say(button)) } }
                }
            },
        );
        let seconds = match self {
            Self::Failure(failure) => retry_after(failure),
            Self::Busy => Some(BUSY_SECONDS),
            _ => None,
        };
        answer::later(answer::html(self.status_code(), &page), seconds)
    }
}
