//! The purchase before it is agreed to: who asks, for what, how much, and what is left then.

use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use maud::{Markup, html};

use super::purchase::Purchase;
use super::sealed::{Sealed, Step};
use super::{refused, window};
use crate::currency::Money;
use crate::line::{Failure, Name};
use crate::pages::entry::{sign_in_fields, try_sign_in};
use crate::session::Session;
use crate::switch::{Order, Overview};
use crate::texts::{entry as entry_text, pay as text, refusals};
use crate::web::fields::{form, summary};
use crate::web::say::Say;
use crate::web::{App, Member, Posted, Trouble, Visitor, answer, cookies};

/// `/pay/review`
pub async fn page(
    app: Data<App>,
    visitor: Visitor,
    request: HttpRequest,
) -> Result<HttpResponse, Trouble> {
    let Some(sealed) = Sealed::of(&request) else {
        return Ok(refused(text::STRANGER_TITLE, text::STRANGER));
    };
    let Some(session) = visitor.session.clone() else {
        return Ok(ask_to_sign_in(
            &app,
            &request,
            &visitor,
            &sealed,
            &Say::default(),
        ));
    };
    match app.switch.overview(&session).await {
        Ok(overview) => show(&app, &request, &visitor, &session, &overview, sealed).await,
        Err(failure) if failure.is("63") => Ok(ask_to_sign_in(
            &app,
            &request,
            &visitor,
            &sealed,
            &Say::default(),
        )),
        Err(failure) => Err(failure.into()),
    }
}

async fn show(
    app: &App,
    request: &HttpRequest,
    visitor: &Visitor,
    session: &Session,
    overview: &Overview,
    sealed: Sealed,
) -> Result<HttpResponse, Trouble> {
    let purchase = &sealed.purchase;
    // Loaded again, or opened twice, after it was agreed to: on to what became of it.
    match app
        .switch
        .read_order(session, &purchase.mall, &purchase.order)
        .await
    {
        Ok(_) => {
            let agreed = Sealed::new(sealed.purchase, Step::Agreed);
            return Ok(agreed.go(request, "/pay/status"));
        }
        Err(failure) if failure.is("25") => {}
        Err(failure) => return Err(failure.into()),
    }
    let looking = Looking {
        app,
        visitor,
        session,
        overview,
    };
    let page = agree_page(&looking, &sealed, request.query_string(), &Say::default());
    Ok(answer::html(StatusCode::OK, &page))
}

/// Who looks at a purchase, and with what.
struct Looking<'a> {
    app: &'a App,
    visitor: &'a Visitor,
    session: &'a Session,
    overview: &'a Overview,
}

fn agree_page(looking: &Looking<'_>, sealed: &Sealed, sealed_text: &str, say: &Say) -> Markup {
    let Looking {
        app,
        visitor,
        session,
        overview,
    } = looking;
    let purchase = &sealed.purchase;
    let same_currency = purchase.currency == app.currency();
    let left = overview.available.checked_sub(purchase.amount);
    let money = |minor| visitor.locale.money(Money::new(minor, purchase.currency));
    let (token, hidden) = (session.form_token(), hidden(sealed_text));
    let body = html! {
        section id="purchase" {
            (summary(say))
            (what(app, visitor, purchase))
            @if same_currency {
                table.lines {
                    tr.after { th scope="row" { (text::AVAILABLE) } td { (money(overview.available)) } }
                    @if let Some(left) = left {
                        tr.after { th scope="row" { (text::AFTER) } td id="balance-after" { (money(left)) } }
                    }
                }
            }
            @if !same_currency { p.warning { (text::OTHER_CURRENCY) } }
            @else if left.is_none() {
                p.warning { (text::SHORT) " " a href="/money" target="_blank" rel="noopener" { (text::LOAD) } }
            }
            div.agree {
                @if same_currency && left.is_some() {
                    (form("agree", "/pay/agree", &token, &html! {
                        (hidden)
                        input type="hidden" name="name" value=(Name::random());
                        button type="submit" { (text::AGREE) }
                    }))
                }
                (form("cancel", "/pay/cancel", &token, &html! {
                    (hidden)
                    button.second type="submit" { (text::CANCEL) }
                }))
            }
        }
    };
    window(text::TITLE, &body)
}

fn what(app: &App, visitor: &Visitor, purchase: &Purchase) -> Markup {
    let money = |minor| visitor.locale.money(Money::new(minor, purchase.currency));
    html! {
        h1 { span.mall { (app.settings.mall_name(&purchase.mall)) } " " (text::WANTS) }
        p.detail { (text::ORDER) " " span id="order" { (purchase.order) } }
        table.lines {
            @for line in &purchase.lines {
                tr { th scope="row" { (line.text) } td { (money(line.amount)) } }
            }
            tr.total { th scope="row" { (text::TOTAL) } td id="total" { (money(purchase.amount)) } }
        }
    }
}

/// The address of this window, to come back with the form.
fn hidden(sealed_text: &str) -> Markup {
    html! { input type="hidden" name="sealed" value=(sealed_text); }
}

fn ask_to_sign_in(
    app: &App,
    request: &HttpRequest,
    visitor: &Visitor,
    sealed: &Sealed,
    say: &Say,
) -> HttpResponse {
    sign_in_page(app, visitor, &sealed.purchase, request.query_string(), say)
}

fn sign_in_page(
    app: &App,
    visitor: &Visitor,
    purchase: &Purchase,
    sealed: &str,
    say: &Say,
) -> HttpResponse {
    let fields = html! {
        input type="hidden" name="sealed" value=(sealed);
        (sign_in_fields(say))
    };
    let body = html! {
        section {
            (what(app, visitor, purchase))
            h2 { (entry_text::SIGN_IN) }
            p { (text::SIGN_IN_LEAD) }
            (summary(say))
            (form("sign-in", "/pay/sign-in", &visitor.entry_token(), &fields))
            p { (entry_text::NO_WALLET) " " a href="/register" target="_blank" rel="noopener" { (entry_text::REGISTER) } }
        }
    };
    answer::entry_page(visitor, say, &window(text::TITLE, &body))
}

/// `POST /pay/sign-in`
pub async fn sign_in(
    app: Data<App>,
    visitor: Visitor,
    request: HttpRequest,
    posted: Posted,
) -> HttpResponse {
    let text_of_seal = posted.raw("sealed");
    let Some(sealed) = Sealed::read(&request, text_of_seal) else {
        return refused(text::STRANGER_TITLE, text::STRANGER);
    };
    match try_sign_in(&app, &visitor, &posted).await {
        Ok(session) => {
            let mut response = sealed.go(&request, "/pay/review");
            // Hexadecimal digits are always a cookie.
            let _ = response.add_cookie(&cookies::session(&session));
            response
        }
        Err(say) => sign_in_page(&app, &visitor, &sealed.purchase, text_of_seal, &say),
    }
}

/// `POST /pay/agree`
pub async fn agree(
    app: Data<App>,
    member: Member,
    request: HttpRequest,
    posted: Posted,
) -> Result<HttpResponse, Trouble> {
    let Some(sealed) = Sealed::read(&request, posted.raw("sealed")) else {
        return Ok(refused(text::STRANGER_TITLE, text::STRANGER));
    };
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
    match app
        .switch
        .announce_order(&member.session, &order, name)
        .await
    {
        Ok(()) => Ok(agreed(&request, sealed)),
        // A second window of the same order: ours, or somebody else's.
        Err(failure) if failure.is("94") => {
            let session = &member.session;
            match app
                .switch
                .read_order(session, &purchase.mall, &purchase.order)
                .await
            {
                Ok(_) => Ok(agreed(&request, sealed)),
                Err(_) => Ok(refused(text::DECLINED, text::ELSEWHERE)),
            }
        }
        Err(failure) => declined_at_once(&app, &request, &member, &posted, &sealed, failure).await,
    }
}

fn agreed(request: &HttpRequest, sealed: Sealed) -> HttpResponse {
    match sealed.purchase.way_back("agreed") {
        Some(back) => answer::see_other(&back),
        None => Sealed::new(sealed.purchase, Step::Agreed).go(request, "/pay/status"),
    }
}

/// It would be declined now: the same page once more, with the reason.
async fn declined_at_once(
    app: &App,
    request: &HttpRequest,
    member: &Member,
    posted: &Posted,
    sealed: &Sealed,
    failure: Failure,
) -> Result<HttpResponse, Trouble> {
    if failure.is("63") {
        return Ok(sealed.go(request, "/pay/review"));
    }
    let overview = app.switch.overview(&member.session).await?;
    let say = Say::failed("agree", &failure, refusals::words(&failure));
    let looking = Looking {
        app,
        visitor: &member.visitor,
        session: &member.session,
        overview: &overview,
    };
    let page = agree_page(&looking, sealed, posted.raw("sealed"), &say);
    Ok(answer::page(&say, &page))
}

/// `POST /pay/cancel`
pub async fn cancel(
    app: Data<App>,
    member: Member,
    request: HttpRequest,
    posted: Posted,
) -> Result<HttpResponse, Trouble> {
    let Some(sealed) = Sealed::read(&request, posted.raw("sealed")) else {
        return Ok(refused(text::STRANGER_TITLE, text::STRANGER));
    };
    let purchase = &sealed.purchase;
    let cancelled = app
        .switch
        .cancel_order(&member.session, &purchase.mall, &purchase.order)
        .await;
    match cancelled {
        Ok(()) => {}
        // Never agreed to.
        Err(failure) if failure.is("25") || failure.is("63") => {}
        // Paid, or about to be: what became of it is told.
        Err(failure) if failure.is("94") => {
            return Ok(Sealed::new(sealed.purchase, Step::Agreed).go(&request, "/pay/status"));
        }
        Err(failure) => return Err(failure.into()),
    }
    Ok(match purchase.way_back("cancelled") {
        Some(back) => answer::see_other(&back),
        None => Sealed::new(sealed.purchase, Step::Cancelled).go(&request, "/pay/status"),
    })
}
