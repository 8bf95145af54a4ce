//! The page before the payer agrees: the mall, the goods, the amount, and the balance afterwards.

use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use maud::{Markup, html};

use super::obstacles::{self, obstacle};
use super::outcome::{Outcome, Standing};
use super::purchase::Purchase;
use super::sealed::{Sealed, Step};
use super::{address, is_framed, refused, window};
use crate::line::Name;
use crate::pages::entry::{sign_in_fields, try_sign_in};
use crate::pages::parts;
use crate::session::Session;
use crate::switch::{Order, Overview};
use crate::web::fields::summary;
use crate::web::forms::form;
use crate::web::say::Say;
use crate::web::{App, Posted, Trouble, Visitor, answer, cookies};
use crate::words::refusals;
use tessera_texts::{Locale, Money};
use tessera_texts::{entry as entry_text, pay as text};

/// `/pay/review`
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
    let ask_to_sign_in = || sign_in_page(&app, &request, &visitor, &sealed, &Say::default());
    let Some(session) = &visitor.session else {
        return Ok(ask_to_sign_in());
    };
    match app.switch.overview(session).await {
        Ok(overview) => {
            let shown = show(&app, &request, &visitor, session, &overview, &sealed).await;
            sealed.keep(&request, shown)
        }
        Err(failure) if failure.is("63") => Ok(ask_to_sign_in()),
        Err(failure) => sealed.keep(&request, Err(failure.into())),
    }
}

async fn show(
    app: &App,
    request: &HttpRequest,
    visitor: &Visitor,
    session: &Session,
    overview: &Overview,
    sealed: &Sealed,
) -> Result<HttpResponse, Trouble> {
    let say = match Standing::read(app, session, &sealed.purchase).await? {
        Standing::Free => Say::default(),
        Standing::Declined(code) => {
            Say::before("agree", text::declined_before(refusals::reason(&code)))
        }
        // Loaded again, or opened twice, after it was agreed to: on to what becomes of it.
        Standing::Agreed => return Ok(sealed.at(Step::Agreed).go(request, "/pay/status")),
        Standing::Other => return Ok(refused(request, text::OTHER_TITLE, text::OTHER)),
    };
    let looking = Looking {
        app,
        visitor,
        session,
        overview,
    };
    let page = agree_page(&looking, request, sealed, &say);
    Ok(answer::html(StatusCode::OK, &page))
}

/// Who looks at a purchase, and with what.
struct Looking<'a> {
    app: &'a App,
    visitor: &'a Visitor,
    session: &'a Session,
    overview: &'a Overview,
}

fn agree_page(looking: &Looking<'_>, request: &HttpRequest, sealed: &Sealed, say: &Say) -> Markup {
    let Looking {
        app,
        visitor,
        session,
        overview,
    } = looking;
    let locale = &visitor.locale;
    let purchase = &sealed.purchase;
    let obstacle = obstacle(app, overview, purchase);
    let same_currency = purchase.currency == app.currency();
    let left = overview.available.checked_sub(purchase.amount);
    let money = |minor| visitor.locale.money(Money::new(minor, purchase.currency));
    let token = session.form_token();
    let body = html! {
        // The script shows the page anew when the wallet changes, here or in another window.
        section id="purchase" data-live="/live" {
            (summary(locale, say))
            (what(app, visitor, purchase))
            @if same_currency {
                table.lines {
                    tr.after { th scope="row" { (locale.say(text::AVAILABLE)) } td id="available" { (money(overview.available)) } }
                    @if obstacle.is_none() && let Some(left) = left {
                        tr.after { th scope="row" { (locale.say(text::AFTER)) } td id="balance-after" { (money(left)) } }
                    }
                }
            }
            @if let Some(obstacle) = &obstacle {
                (obstacles::show((app, &visitor.locale), obstacle, overview, (request, &token), say))
            }
            div.agree {
                @if obstacle.is_none() {
                    (form("agree", &address("/pay/agree", request), &token, &html! {
                        input type="hidden" name="name" value=(Name::random());
                        button type="submit" { (locale.say(text::amount(money(purchase.amount)))) }
                    }))
                }
                (cancel_form(locale, request, &token))
            }
        }
    };
    window(locale, text::TITLE, None, &body)
}

fn what(app: &App, visitor: &Visitor, purchase: &Purchase) -> Markup {
    let locale = &visitor.locale;
    let shop = html! { span.mall { (app.mall_name(&purchase.mall)) } };
    let order = html! { span id="order" { (purchase.order) } };
    let money = |minor| visitor.locale.money(Money::new(minor, purchase.currency));
    html! {
        h1 { (parts::around(locale, text::wants, &shop)) }
        p.detail { (parts::around(locale, text::order, &order)) }
        table.lines {
            @for line in &purchase.lines {
                tr { th scope="row" { (line.text) } td { (money(line.amount)) } }
            }
            tr.total { th scope="row" { (locale.say(text::TOTAL)) } td id="total" { (money(purchase.amount)) } }
        }
    }
}

/// A button that takes the purchase back, whether it was agreed to or not.
pub fn cancel_form(locale: &Locale, request: &HttpRequest, token: &str) -> Markup {
    let button = html! { button.second type="submit" { (locale.say(text::CANCEL)) } };
    form("cancel", &address("/pay/cancel", request), token, &button)
}

fn sign_in_page(
    app: &App,
    request: &HttpRequest,
    visitor: &Visitor,
    sealed: &Sealed,
    say: &Say,
) -> HttpResponse {
    let locale = &visitor.locale;
    let token = visitor.entry_token();
    let body = html! {
        section {
            (what(app, visitor, &sealed.purchase))
            h2 { (locale.say(entry_text::SIGN_IN)) }
            p { (locale.say(text::SIGN_IN_LEAD)) }
            (summary(locale, say))
            (form("sign-in", &address("/pay/sign-in", request), &token, &sign_in_fields(locale, say)))
            (cancel_form(locale, request, &token))
            p { (locale.say(entry_text::NO_WALLET)) " " a href="/register" target="_blank" rel="noopener" { (locale.say(entry_text::REGISTER)) } }
        }
    };
    say.entry_page(visitor, &window(locale, text::TITLE, None, &body))
}

/// `POST /pay/sign-in`
pub async fn sign_in(
    app: Data<App>,
    visitor: Visitor,
    request: HttpRequest,
    posted: Result<Posted, Trouble>,
) -> Result<HttpResponse, Trouble> {
    let Some(sealed) = Sealed::of(&request) else {
        return Ok(refused(
            &request,
            text::UNREGISTERED_TITLE,
            text::UNREGISTERED,
        ));
    };
    let posted = match posted {
        Ok(posted) => posted,
        Err(trouble) => return sealed.keep(&request, Err(trouble)),
    };
    Ok(match try_sign_in(&app, &visitor, &posted).await {
        Ok(session) => {
            let mut response = sealed.go(&request, "/pay/review");
            // Hexadecimal digits are always a cookie.
            let _ = response.add_cookie(&cookies::session(&session));
            response
        }
        Err(say) => sign_in_page(&app, &request, &visitor, &sealed, &say),
    })
}

/// `POST /pay/agree`
pub async fn agree(
    app: Data<App>,
    visitor: Visitor,
    request: HttpRequest,
    posted: Result<Posted, Trouble>,
) -> Result<HttpResponse, Trouble> {
    let Some(sealed) = Sealed::of(&request) else {
        return Ok(refused(
            &request,
            text::UNREGISTERED_TITLE,
            text::UNREGISTERED,
        ));
    };
    if !stays_out_of_frames(&app, &request, &sealed) {
        return Ok(refused(&request, text::FRAMED_TITLE, text::FRAMED));
    }
    let answer = try_agree(&app, &visitor, &request, &sealed, posted).await;
    sealed.keep(&request, answer)
}

/// The policy of the pages keeps them out of frames, unless the mall may have them in one; this is for browsers that do not know
/// it.
pub fn stays_out_of_frames(app: &App, request: &HttpRequest, sealed: &Sealed) -> bool {
    let malls = app.malls();
    let mall = malls.find(&sealed.purchase.mall);
    !is_framed(request) || mall.is_some_and(|mall| mall.frames)
}

async fn try_agree(
    app: &App,
    visitor: &Visitor,
    request: &HttpRequest,
    sealed: &Sealed,
    posted: Result<Posted, Trouble>,
) -> Result<HttpResponse, Trouble> {
    let session = visitor.session.as_ref().ok_or(Trouble::Ended)?;
    let posted = posted?;
    let purchase = &sealed.purchase;
    let description = purchase.description();
    let order = Order {
        acceptor: &purchase.mall,
        number: &purchase.order,
        amount: purchase.amount,
        currency: purchase.currency,
        description: &description,
    };
    let name = Name::from_form(posted.raw("name"));
    match app.switch.announce_order(session, &order, name).await {
        Ok(()) => Ok(agreed(request, sealed)),
        Err(failure) if failure.is("63") => Err(Trouble::Ended),
        // A second window of the same order: ours, or somebody else's.
        Err(failure) if failure.is("94") => {
            Ok(match Standing::read(app, session, purchase).await? {
                Standing::Agreed | Standing::Declined(_) => agreed(request, sealed),
                Standing::Other => refused(request, text::OTHER_TITLE, text::OTHER),
                Standing::Free => refused(request, text::ELSEWHERE_TITLE, text::ELSEWHERE),
            })
        }
        // It would be declined now: the same page once more, with the reason.
        Err(failure) => {
            let say = Say::failed("agree", &failure, refusals::words(&failure));
            show_again(app, visitor, request, session, sealed, &say).await
        }
    }
}

/// The page once more, with what is wrong.
pub async fn show_again(
    app: &App,
    visitor: &Visitor,
    request: &HttpRequest,
    session: &Session,
    sealed: &Sealed,
    say: &Say,
) -> Result<HttpResponse, Trouble> {
    let overview = app.switch.overview(session).await?;
    let looking = Looking {
        app,
        visitor,
        session,
        overview: &overview,
    };
    Ok(say.page(&agree_page(&looking, request, sealed, say)))
}

fn agreed(request: &HttpRequest, sealed: &Sealed) -> HttpResponse {
    match sealed.purchase.way_back(Outcome::Agreed.word()) {
        Some(back) => answer::see_other(&back),
        None => sealed.at(Step::Agreed).go(request, "/pay/status"),
    }
}

/// `POST /pay/cancel`
pub async fn cancel(
    app: Data<App>,
    visitor: Visitor,
    request: HttpRequest,
    posted: Result<Posted, Trouble>,
) -> Result<HttpResponse, Trouble> {
    let Some(sealed) = Sealed::of(&request) else {
        return Ok(refused(
            &request,
            text::UNREGISTERED_TITLE,
            text::UNREGISTERED,
        ));
    };
    let answer = match take_back(&app, &visitor, &sealed, posted).await {
        Ok(()) => Ok(cancelled(&request, &sealed)),
        // Paid, or about to be: shows the result.
        Err(Trouble::Failure(failure)) if failure.is("94") => {
            Ok(sealed.at(Step::Agreed).go(&request, "/pay/status"))
        }
        Err(trouble) => Err(trouble),
    };
    sealed.keep(&request, answer)
}

async fn take_back(
    app: &App,
    visitor: &Visitor,
    sealed: &Sealed,
    posted: Result<Posted, Trouble>,
) -> Result<(), Trouble> {
    let cancelled = match &visitor.session {
        Some(session) => {
            posted?;
            let purchase = &sealed.purchase;
            app.switch
                .cancel_order(session, &purchase.mall, &purchase.order)
                .await
                .map_err(Trouble::from)
        }
        None => Err(Trouble::Ended),
    };
    match cancelled {
        // Never agreed to.
        Err(Trouble::Failure(failure)) if failure.is("25") => Ok(()),
        // Nobody is signed in, and this window has not led to an agreement: there is nothing to take back.
        Err(Trouble::Ended) if sealed.step == Step::Asked => Ok(()),
        cancelled => cancelled,
    }
}

fn cancelled(request: &HttpRequest, sealed: &Sealed) -> HttpResponse {
    match sealed.purchase.way_back(Outcome::Cancelled.word()) {
        Some(back) => answer::see_other(&back),
        None => sealed.at(Step::Cancelled).go(request, "/pay/status"),
    }
}
