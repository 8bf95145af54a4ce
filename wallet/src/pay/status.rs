//! The page after the payer has agreed: the live state of the purchase, and the result for the mall's page.

use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use maud::{Markup, PreEscaped, html};

use super::outcome::{Outcome, WindowState};
use super::review::cancel_form;
use super::sealed::{Sealed, Step};
use super::{address, refused, window};
use crate::line::Notice;
use crate::web::live::Show;
use crate::web::{App, Member, Trouble, Visitor, answer, live};
use crate::words::refusals;
use tessera_texts::Money;
use tessera_texts::{Text, pay as text};

/// After so many seconds a browser without scripts looks again.
const LOOKS_AGAIN: u32 = 5;

/// `/pay/status`
pub async fn page(
    app: Data<App>,
    visitor: Visitor,
    request: HttpRequest,
) -> Result<HttpResponse, Trouble> {
    let Some(sealed) = Sealed::of(&request) else {
        return Ok(refused(
            &request,
            text::UNREGISTERED_TITLE,
            text::UNREGISTERED,
        ));
    };
    let outcome = match read(&app, &visitor, &sealed).await {
        // It was taken back before it was ever agreed to, or is not ours.
        Err(Trouble::Failure(failure)) if failure.is("25") => Ok(Some(Outcome::Cancelled)),
        outcome => outcome,
    };
    let shown = outcome.map(|outcome| match outcome {
        Some(outcome) => show(&app, &visitor, &request, &sealed, &outcome),
        None => refused(&request, text::OTHER_TITLE, text::OTHER),
    });
    sealed.keep(&request, shown)
}

fn show(
    app: &App,
    visitor: &Visitor,
    request: &HttpRequest,
    sealed: &Sealed,
    outcome: &Outcome,
) -> HttpResponse {
    let locale = &visitor.locale;
    let purchase = &sealed.purchase;
    let total = Money::new(purchase.amount, purchase.currency);
    let ends = outcome.is_final();
    // If the payer goes back earlier, the status is what they did; the mall's server gets the result.
    let word = if ends {
        outcome.word()
    } else {
        Outcome::Agreed.word()
    };
    let back = purchase.way_back(word);
    let to = |path| address(path, request);
    let body = html! {
        section id="pay-state" class={ "outcome " (class(outcome)) }
            data-state=(outcome.word()) data-order=(purchase.order) data-origin=(purchase.origin)
            data-final=[ends.then_some("1")] data-live=(to("/pay/live")) data-poll=(to("/pay/state")) {
            (sign(outcome))
            div role="status" { h1 { (locale.say(title(outcome))) } }
            @if let Some(words) = words(outcome) { p { (locale.say(words)) } }
            @if *outcome == Outcome::Agreed && back.is_some() { p { (locale.say(text::GO_BACK)) } }
            p.detail { (app.mall_name(&purchase.mall)) " · " (visitor.locale.money(total)) " · " (locale.say(text::order(&purchase.order))) }
            @if let Some(back) = &back {
                p.actions { a.button id="back" href=(back) { (locale.say(text::BACK)) } }
            } @else if ends {
                p.actions { button id="close" type="button" hidden { (locale.say(text::CLOSE)) } }
            }
            @if *outcome == Outcome::Agreed && let Some(session) = &visitor.session {
                (cancel_form(locale, request, &session.form_token()))
            }
        }
    };
    let again = to("/pay/status");
    let refresh = (!ends).then_some((LOOKS_AGAIN, again.as_str()));
    answer::html(StatusCode::OK, &window(locale, text::TITLE, refresh, &body))
}

async fn read(app: &App, visitor: &Visitor, sealed: &Sealed) -> Result<Option<Outcome>, Trouble> {
    if sealed.step == Step::Cancelled {
        return Ok(Some(Outcome::Cancelled));
    }
    let session = visitor.session.as_ref().ok_or(Trouble::Ended)?;
    Ok(Outcome::read(app, session, &sealed.purchase).await?)
}

/// `/pay/state`: only the status word, for a script without server-sent events.
pub async fn state(
    app: Data<App>,
    visitor: Visitor,
    request: HttpRequest,
) -> Result<HttpResponse, Trouble> {
    let sealed = Sealed::of(&request).ok_or(Trouble::Form)?;
    let body = match read(&app, &visitor, &sealed).await {
        Ok(outcome) => WindowState::of(outcome.as_ref()),
        Err(Trouble::Ended) => WindowState::ENDED,
        Err(trouble) => return Err(trouble),
    };
    Ok(answer::json(StatusCode::OK, &body))
}

/// `/pay/live`: the word whenever something happens to the wallet, until nothing more will.
pub async fn live(
    app: Data<App>,
    member: Member,
    request: HttpRequest,
) -> Result<HttpResponse, Trouble> {
    let sealed = Sealed::of(&request).ok_or(Trouble::Form)?;
    let now = app.switch.balance(&member.session).await?;
    let Some(view) = app.watches.view(app.switch.line(), &member.session) else {
        return Ok(HttpResponse::new(StatusCode::SERVICE_UNAVAILABLE));
    };
    let lasts = app.settings.live_for;
    let show = move |_: Notice| {
        let (app, session) = (app.clone(), member.session.clone());
        let purchase = sealed.purchase.clone();
        async move {
            let outcome = match Outcome::read(&app, &session, &purchase).await {
                Ok(outcome) => outcome,
                Err(failure) => return failure.into(),
            };
            let state = WindowState::of(outcome.as_ref());
            match outcome.is_some_and(|now| !now.is_final()) {
                true => Show::State(state),
                false => Show::Last(state),
            }
        }
    };
    Ok(live::stream(view, now, lasts, show))
}

fn class(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Agreed | Outcome::Paying => "waiting",
        Outcome::Paid => "paid",
        Outcome::Declined(_) => "declined",
        Outcome::Cancelled => "cancelled",
        Outcome::Expired => "expired",
    }
}

fn title(outcome: &Outcome) -> Text {
    match outcome {
        Outcome::Agreed => text::WAITING,
        Outcome::Paying => text::PAYING,
        Outcome::Paid => text::PAID,
        Outcome::Declined(_) => text::DECLINED,
        Outcome::Cancelled => text::CANCELLED,
        Outcome::Expired => text::EXPIRED,
    }
}

fn words(outcome: &Outcome) -> Option<Text> {
    Some(match outcome {
        Outcome::Agreed | Outcome::Paying => return None,
        Outcome::Paid => text::PAID_LEAD,
        Outcome::Declined(code) => text::declined_because(refusals::reason(code)),
        Outcome::Cancelled => text::CANCELLED_LEAD,
        Outcome::Expired => text::EXPIRED_LEAD,
    })
}

/// A tick, a cross, or tiles that turn.
fn sign(outcome: &Outcome) -> Markup {
    let drawn = match outcome {
        Outcome::Agreed | Outcome::Paying => {
            r#"<g fill="currentColor"><rect x="6" y="6" width="16" height="16" rx="3"/><rect x="26" y="6" width="16" height="16" rx="3" opacity=".45"/><rect x="6" y="26" width="16" height="16" rx="3" opacity=".45"/><rect x="26" y="26" width="16" height="16" rx="3" opacity=".7"/></g>"#
        }
        Outcome::Paid => {
            r#"<circle cx="24" cy="24" r="22" fill="none" stroke="currentColor" stroke-width="3"/><path d="M14 25l7 7 14-15" fill="none" stroke="currentColor" stroke-width="4" stroke-linecap="round" stroke-linejoin="round"/>"#
        }
        _ => {
            r#"<circle cx="24" cy="24" r="22" fill="none" stroke="currentColor" stroke-width="3"/><path d="M17 17l14 14M31 17L17 31" fill="none" stroke="currentColor" stroke-width="4" stroke-linecap="round"/>"#
        }
    };
    html! { svg.sign viewBox="0 0 48 48" aria-hidden="true" { (PreEscaped(drawn)) } }
}
