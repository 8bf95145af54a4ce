//! Puts right what keeps a payer from agreeing, and goes back to the review.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};

use super::refused;
use super::review::{show_again, stays_out_of_frames};
use super::sealed::Sealed;
use crate::line::Name;
use crate::pages::wanted::{read, say_of};
use crate::session::Session;
use crate::web::say::{Say, about};
use crate::web::{App, Posted, Trouble, Visitor};
use tessera_texts::pay as text;

/// `POST /pay/load`
pub async fn load(
    app: Data<App>,
    visitor: Visitor,
    request: HttpRequest,
    posted: Result<Posted, Trouble>,
) -> Result<HttpResponse, Trouble> {
    put_right(&app, &visitor, &request, posted, async |session, posted| {
        let wanted = match read(&app, &visitor.locale, posted) {
            Ok(wanted) => wanted,
            Err(say) => return Ok(Some(say)),
        };
        let proof = posted.proof(&visitor);
        let name = Name::from_form(posted.raw("name"));
        let (source, minor) = (wanted.source, wanted.money.minor);
        let loaded = app.switch.load(session, &proof, source, minor, name).await;
        match loaded {
            Ok(()) => Ok(None),
            Err(failure) => say_of(&app, session, &failure).await.map(Some),
        }
    })
    .await
}

/// `POST /pay/unfreeze`
pub async fn unfreeze(
    app: Data<App>,
    visitor: Visitor,
    request: HttpRequest,
    posted: Result<Posted, Trouble>,
) -> Result<HttpResponse, Trouble> {
    put_right(&app, &visitor, &request, posted, async |session, posted| {
        let proof = posted.proof(&visitor);
        match app.switch.unfreeze(session, &proof).await {
            Ok(()) => Ok(None),
            Err(failure) => about(&app, session, "unfreeze", &failure).await.map(Some),
        }
    })
    .await
}

/// Does something about an obstacle and goes back to the review, or shows it again with what is wrong.
async fn put_right(
    app: &App,
    visitor: &Visitor,
    request: &HttpRequest,
    posted: Result<Posted, Trouble>,
    change: impl AsyncFnOnce(&Session, &Posted) -> Result<Option<Say>, Trouble>,
) -> Result<HttpResponse, Trouble> {
    let Some(sealed) = Sealed::of(request) else {
        return Ok(refused(
            request,
            text::UNREGISTERED_TITLE,
            text::UNREGISTERED,
        ));
    };
    if !stays_out_of_frames(app, request, &sealed) {
        return Ok(refused(request, text::FRAMED_TITLE, text::FRAMED));
    }
    let changed = async {
        let session = visitor.session.as_ref().ok_or(Trouble::Ended)?;
        let posted = posted?;
        match change(session, &posted).await? {
            None => Ok(sealed.go(request, "/pay/review")),
            Some(say) => {
                show_again(app, visitor, request, session, &sealed, &say.of(&posted)).await
            }
        }
    };
    sealed.keep(request, changed.await)
}
