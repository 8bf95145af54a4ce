//! Adding a funding source: its number is checked, and looked at once more before the bank is asked.
//!
//! ```text
//! GET /money ─▶ POST /money/sources/check ─▶ GET /money/sources/add ─▶ POST /money/sources/add ─▶ GET /money
//! the form      check digits                 the review                it is added
//! ```
//!
//! In between, the number is in a cookie, encrypted so that only this session can read it, and for ten minutes only: the time is in
//! what is encrypted, and this server looks at it. The number is in no page and in no address.

use std::time::{Duration, SystemTime};

use actix_web::cookie::Cookie;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use maud::html;
use tessera_protocol::leased::SourceKind;
use zeroize::Zeroizing;

use super::money;
use super::parts::source_kind;
use super::source_number::{self, Check};
use crate::encrypted::{decrypt, encrypt};
use crate::session::{Session, same, token};
use crate::web::fields::{password, summary};
use crate::web::forms::form;
use crate::web::layout::{self, Head};
use crate::web::say::{Say, finish};
use crate::web::{App, Member, Posted, Trouble, answer, cookies};
use tessera_texts::{forms, money as text};

/// What the encryption is for.
const PURPOSE: &str = "source";
/// Time enough to look at a number and to find a password.
const KEPT: Duration = Duration::from_secs(10 * 60);
/// The form with the number.
const TYPED: &str = "add-source";
/// The form that confirms it.
const CONFIRMED: &str = "confirm-source";

/// `POST /money/sources/check`
pub async fn check(
    app: Data<App>,
    member: Member,
    posted: Posted,
) -> Result<HttpResponse, Trouble> {
    let wrong = |field, words| Say::wrong(TYPED, field, words).of(&posted);
    let Ok(kind) = posted.text("kind").parse() else {
        return money::show(&app, &member, wrong("kind", forms::CHOOSE)).await;
    };
    let number = match source_number::read(kind, posted.text("source")) {
        Ok(number) => number,
        Err(words) => return money::show(&app, &member, wrong("source", words)).await,
    };
    let mut response = answer::see_other("/money/sources/add");
    // Base64: always a header.
    let _ = response.add_cookie(&typed(&member.session, kind, &number));
    Ok(response)
}

/// The cookie with what was typed.
fn typed(session: &Session, kind: SourceKind, number: &str) -> Cookie<'static> {
    let plain = Zeroizing::new(format!("{kind} {number}"));
    cookies::source(encrypt(session, PURPOSE, &plain, SystemTime::now()))
}

/// What was typed in this session within the last minutes.
fn read(request: &HttpRequest, session: &Session) -> Option<(SourceKind, Zeroizing<String>)> {
    let cookie = cookies::typed_source(request)?;
    let plain = decrypt(session, PURPOSE, &cookie, (SystemTime::now(), KEPT))?;
    let (kind, number) = plain.split_once(' ')?;
    Some((kind.parse().ok()?, Zeroizing::new(number.to_owned())))
}

/// There is nothing to review, or not any more: back to the form. The browser does not keep what is too old.
fn type_it_again() -> HttpResponse {
    let mut response = answer::see_other("/money");
    // Without a value: always a header.
    let _ = response.add_cookie(&cookies::forget_source());
    response
}

/// Names what was reviewed in the form that confirms it: another tab may have put something else into the cookie.
fn reviewed(request: &HttpRequest, session: &Session) -> String {
    let cookie = cookies::typed_source(request).unwrap_or_default();
    token("reviewed", session.expose(), &cookie)
}

/// `GET /money/sources/add`: the review.
pub async fn review(
    app: Data<App>,
    member: Member,
    request: HttpRequest,
) -> Result<HttpResponse, Trouble> {
    show_review(&app, &member, &request, Say::default()).await
}

async fn show_review(
    app: &App,
    member: &Member,
    request: &HttpRequest,
    say: Say,
) -> Result<HttpResponse, Trouble> {
    let Some((kind, number)) = read(request, &member.session) else {
        return Ok(type_it_again());
    };
    let overview = app.switch.overview(&member.session).await?;
    let locale = member.locale();
    let form_token = member.token();
    let checked = match source_number::check(kind, &number) {
        Check::Right => text::CHECK_RIGHT,
        Check::None => text::CHECK_NONE,
    };
    let fields = html! {
        input type="hidden" name="reviewed" value=(reviewed(request, &member.session));
        (password(locale, CONFIRMED, overview.asks(), &say))
        p.actions {
            button type="submit" { (locale.say(text::CONFIRM)) }
            a.button.second href="/money" { (locale.say(text::GO_BACK)) }
        }
    };
    let body = html! {
        section.narrow {
            h1 { (locale.say(text::ADD_REVIEW)) }
            (summary(locale, &say))
            table.lines id="review" {
                tr { th scope="row" { (locale.say(text::KIND)) } td { (locale.say(source_kind(kind))) } }
                tr.total { th scope="row" { (locale.say(text::NUMBER_SHORT)) } td { bdi { (source_number::masked(kind, &number)) } } }
                tr { th scope="row" { (locale.say(text::CHECK)) } td { (locale.say(checked)) } }
            }
            p { (locale.say(text::ADD_MEANS)) }
            (form(CONFIRMED, "/money/sources/add", &form_token, &fields))
        }
    };
    let page = layout::member(
        locale,
        text::ADD_REVIEW,
        "/money",
        &form_token,
        Head::default(),
        &body,
    );
    Ok(say.page(&page))
}

/// `POST /money/sources/add`
pub async fn add(
    app: Data<App>,
    member: Member,
    request: HttpRequest,
    posted: Posted,
) -> Result<HttpResponse, Trouble> {
    let Some((kind, number)) = read(&request, &member.session) else {
        return Ok(type_it_again());
    };
    if !same(
        posted.text("reviewed"),
        &reviewed(&request, &member.session),
    ) {
        return Ok(answer::see_other("/money/sources/add"));
    }
    let proof = posted.proof(&member.visitor);
    let added = app
        .switch
        .add_source(&member.session, &proof, kind, &number)
        .await
        .map(drop);
    // What the financial system would not take is wrong with the number, whatever it is; and there is a number of sources.
    let wrong = match &added {
        Err(failure) if failure.is("65") => Some(text::TOO_MANY_SOURCES),
        Err(failure) if failure.is("94") => Some(text::KNOWN_SOURCE),
        Err(failure) if failure.is("30") && !failure.wants_password() => Some(text::BAD_NUMBER),
        _ => None,
    };
    let is_over = added.is_ok() || wrong.is_some();
    let mut response = match wrong {
        // The field is on the page before.
        Some(words) => {
            let say = Say::wrong(TYPED, "source", words);
            money::show(&app, &member, say).await?
        }
        None => {
            let again = async |app: &App, member: &Member, say: Say| {
                show_review(app, member, &request, say).await
            };
            let form = (CONFIRMED, &posted);
            finish(again, &app, &member, form, added, "/money?done=source").await?
        }
    };
    if is_over {
        // Without a value: always a header.
        let _ = response.add_cookie(&cookies::forget_source());
    }
    Ok(response)
}
