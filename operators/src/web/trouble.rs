//! What goes wrong, as a page.

use std::fmt;

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, ResponseError};
use maud::html;

use super::{frame, html as page, see_other};
use crate::accounts::Role;
use crate::switch::SwitchError;

/// Why there is not the page that was asked for.
#[derive(Debug, Clone)]
pub enum Trouble {
    /// Nobody is signed in; then this page is shown.
    SignIn(String),
    /// It needs a role that the operator does not have.
    Forbidden(Role, Role),
    /// There is no such page.
    NotFound,
    /// The form is not one of this session.
    Form,
    /// The switch does not do it.
    Switch(SwitchError),
    /// Something else.
    Failed(String),
}

impl From<SwitchError> for Trouble {
    fn from(error: SwitchError) -> Self {
        Self::Switch(error)
    }
}

impl Trouble {
    /// A title, and what to do.
    fn words(&self) -> (&'static str, String) {
        match self {
            Self::SignIn(_) => ("Sign in", "Sign in first.".to_owned()),
            Self::Forbidden(needed, has) => (
                "Not allowed",
                format!(
                    "This needs the role {}; your account has the role {}. Ask an administrator of the console.",
                    needed.name(),
                    has.name()
                ),
            ),
            Self::NotFound => ("Nothing here", "There is no such page, or nothing of that name.".to_owned()),
            Self::Form => (
                "Nothing has been done",
                "The form is not one of your session: it was sent from elsewhere, or you have signed in again since. Open its page again.".to_owned(),
            ),
            Self::Switch(SwitchError::Unreachable(why)) => ("The switch does not answer", why.clone()),
            Self::Switch(SwitchError::Refused(why)) => ("The switch refuses", why.clone()),
            Self::Switch(SwitchError::Busy) => (
                "Others read the journal",
                "At most two pages read the journal at the same time. Try again in a moment.".to_owned(),
            ),
            Self::Failed(why) | Self::Switch(SwitchError::Failed(why)) => ("That did not work", why.clone()),
        }
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (title, text) = self.words();
        write!(formatter, "{title}: {text}")
    }
}

impl ResponseError for Trouble {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::SignIn(_) => StatusCode::SEE_OTHER,
            Self::Forbidden(..) | Self::Form => StatusCode::FORBIDDEN,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Switch(SwitchError::Unreachable(_)) | Self::Switch(SwitchError::Busy) => {
                StatusCode::SERVICE_UNAVAILABLE
            }
            Self::Switch(SwitchError::Refused(_)) => StatusCode::CONFLICT,
            Self::Failed(_) | Self::Switch(SwitchError::Failed(_)) => {
                StatusCode::INTERNAL_SERVER_ERROR
            }
        }
    }

    fn error_response(&self) -> HttpResponse {
        if let Self::SignIn(to) = self {
            let to: String = url::form_urlencoded::byte_serialize(to.as_bytes()).collect();
            return see_other(&format!("/sign-in?to={to}"));
        }
        let (title, text) = self.words();
        let can_wait = matches!(
            self,
            Self::Switch(SwitchError::Unreachable(_)) | Self::Switch(SwitchError::Busy)
        );
        let text = tessera_protocol::mask_card_numbers(&text);
        let body = html! {
            section.narrow {
                h1 { (title) }
                p { (text) }
                p.actions {
                    @if can_wait { a.button href="" { "Try again" } }
                    a.button.second href="/" { "To the overview" }
                }
            }
        };
        page(self.status_code(), &frame::plain(title, &body))
    }
}
