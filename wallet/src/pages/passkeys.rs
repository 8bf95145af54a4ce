//! Passkeys: what the script asks for them, and what the forms about them do.
//!
//! ```text
//! a form with a password   GET /passkeys/challenge ─▶ the browser asks its passkey ─▶ the form, with the hidden field `passkey`
//! add-passkey              POST /passkeys/begin ─▶ the browser makes a passkey ─▶ POST /passkeys/add ─▶ GET /sessions
//! ```

use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use maud::html;
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::sessions;
use crate::line::Failure;
use crate::passkey_models;
use crate::switch::{Asked, MadePasskey, passkey_name};
use crate::web::fields::{password, summary};
use crate::web::forms::form;
use crate::web::layout::{self, Head};
use crate::web::say::{self, Say, refused};
use crate::web::{App, Member, Posted, Trouble, Visitor, answer, query};
use crate::words::{passkeys, refusals};
use tessera_texts::{Locale, passkeys as text};

/// What the script hands to the browser.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Options<'a> {
    challenge: &'a str,
    passkeys: &'a [String],
    user: &'a str,
    name: String,
}

/// What the script shows in its place.
#[derive(Serialize)]
struct Refused {
    words: String,
    /// Whether the session has ended.
    ended: bool,
}

/// `/passkeys/challenge`: for the session, or with `for=sign-in` for a visitor.
pub async fn challenge(app: Data<App>, visitor: Visitor, request: HttpRequest) -> HttpResponse {
    let signs_in = query(request.query_string())
        .get("for")
        .is_some_and(|what| what == "sign-in");
    let session = visitor.session.as_ref().filter(|_| !signs_in);
    if session.is_none() && !signs_in {
        return refused_with(String::new(), true, StatusCode::FORBIDDEN);
    }
    match app.switch.passkey_challenge(session).await {
        Ok(asked) => options(&visitor.locale, &asked),
        Err(failure) => not_now(&visitor.locale, &failure),
    }
}

/// `POST /passkeys/begin`
pub async fn begin(
    app: Data<App>,
    member: Member,
    posted: Posted,
) -> Result<HttpResponse, Trouble> {
    let locale = member.locale();
    let proof = posted.proof(&member.visitor);
    match app.switch.begin_passkey(&member.session, &proof).await {
        Ok(asked) => Ok(options(locale, &asked)),
        Err(failure) if failure.wants_password() => {
            let words = locale.say(text::NOT_CONFIRMED).into_owned();
            Ok(refused_with(words, false, StatusCode::UNPROCESSABLE_ENTITY))
        }
        Err(failure) if failure.is("63") => {
            let say = say::about(&app, &member.session, "add-passkey", &failure).await?;
            let words = say.complaint().map_or_else(String::new, |complaint| {
                locale.say(&complaint.text).into_owned()
            });
            Ok(refused_with(words, false, StatusCode::UNPROCESSABLE_ENTITY))
        }
        Err(failure) => Ok(not_now(locale, &failure)),
    }
}

fn options(locale: &Locale, asked: &Asked) -> HttpResponse {
    let options = Options {
        challenge: &asked.challenge,
        passkeys: &asked.passkeys,
        user: &asked.user,
        name: wallet_name(locale, &asked.user),
    };
    answer::json(StatusCode::OK, &options)
}

/// What a passkey manager shows: nothing of the payer, but enough to distinguish two wallets.
fn wallet_name(locale: &Locale, user: &str) -> String {
    let digest = Sha256::digest(user);
    let code = format!("{:02X}{:02X}", digest[0], digest[1]);
    locale.say(text::wallet(code)).into_owned()
}

fn not_now(locale: &Locale, failure: &Failure) -> HttpResponse {
    let words = passkeys::refusal(failure).unwrap_or_else(|| refusals::words(failure));
    let status = match failure {
        Failure::Refused(_) => StatusCode::UNPROCESSABLE_ENTITY,
        _ => StatusCode::SERVICE_UNAVAILABLE,
    };
    refused_with(locale.say(words).into_owned(), failure.is("63"), status)
}

fn refused_with(words: String, ended: bool, status: StatusCode) -> HttpResponse {
    answer::json(status, &Refused { words, ended })
}

/// `POST /passkeys/add`
pub async fn add(app: Data<App>, member: Member, posted: Posted) -> Result<HttpResponse, Trouble> {
    let made = MadePasskey::from_form(posted.raw("made")).ok_or(Trouble::Form)?;
    let model = passkey_models::of(made.authenticator());
    let name = model.map_or_else(|| member.visitor.device(), str::to_owned);
    let added = app
        .switch
        .add_passkey(&member.session, &made, &passkey_name(&name))
        .await;
    match added {
        Ok(()) => Ok(answer::see_other("/sessions?done=passkey-added")),
        Err(failure) => {
            let say = complaint(&app, &member, "add-passkey", &failure).await?;
            sessions::show(&app, &member, say).await
        }
    }
}

/// What the switch has refused, but for a password.
async fn complaint(
    app: &App,
    member: &Member,
    form: &'static str,
    failure: &Failure,
) -> Result<Say, Trouble> {
    match passkeys::refusal(failure) {
        Some(words) => Ok(Say::failed(form, failure, words)),
        None => say::about(app, &member.session, form, failure).await,
    }
}

/// `POST /passkeys/rename`
pub async fn rename(
    app: Data<App>,
    member: Member,
    posted: Posted,
) -> Result<HttpResponse, Trouble> {
    let number = posted.number("number").ok_or(Trouble::Form)?;
    let name = passkey_name(posted.raw("name"));
    if name.is_empty() {
        let say = Say::wrong("rename-passkey", "name", text::NAME_MISSING).of(&posted);
        return sessions::show(&app, &member, say).await;
    }
    match app
        .switch
        .rename_passkey(&member.session, number, &name)
        .await
    {
        Ok(()) => Ok(answer::see_other("/sessions?done=passkey-renamed")),
        Err(failure) => {
            let say = complaint(&app, &member, "rename-passkey", &failure).await?;
            sessions::show(&app, &member, say).await
        }
    }
}

/// `/passkeys/remove`
pub async fn ask_to_remove(
    app: Data<App>,
    member: Member,
    request: HttpRequest,
) -> Result<HttpResponse, Trouble> {
    let asked = query(request.query_string());
    let number = asked.get("number").and_then(|number| number.parse().ok());
    show_removal(&app, &member, number.ok_or(Trouble::Form)?, Say::default()).await
}

async fn show_removal(
    app: &App,
    member: &Member,
    number: u32,
    say: Say,
) -> Result<HttpResponse, Trouble> {
    let rows = app.switch.passkeys(&member.session).await?;
    let Some(row) = rows.iter().find(|row| row.number == number) else {
        return Ok(answer::see_other("/sessions"));
    };
    let locale = member.locale();
    let overview = app.switch.overview(&member.session).await?;
    let fields = html! {
        input type="hidden" name="number" value=(number);
        (password(locale, "remove-passkey", overview.asks(), &say))
        p.actions {
            button.danger type="submit" { (locale.say(text::REMOVE)) }
            a.button.second href="/sessions" { (locale.say(text::KEEP)) }
        }
    };
    let body = html! {
        section.narrow {
            h1 { (locale.say(text::REMOVE_TITLE)) }
            (summary(locale, &say))
            p.lead { strong { (row.name) } }
            p { (locale.say(text::REMOVE_LEAD)) }
            (form("remove-passkey", "/passkeys/remove", &member.token(), &fields))
        }
    };
    let token = member.token();
    let page = layout::member(
        locale,
        text::REMOVE_TITLE,
        "/sessions",
        &token,
        Head::default(),
        &body,
    );
    Ok(say.page(&page))
}

/// `POST /passkeys/remove`
pub async fn remove(
    app: Data<App>,
    member: Member,
    posted: Posted,
) -> Result<HttpResponse, Trouble> {
    let number = posted.number("number").ok_or(Trouble::Form)?;
    let proof = posted.proof(&member.visitor);
    match app
        .switch
        .remove_passkey(&member.session, &proof, number)
        .await
    {
        Ok(()) => Ok(answer::see_other("/sessions?done=passkey-removed")),
        // It was removed before.
        Err(failure) if failure.is("25") => Ok(answer::see_other("/sessions?done=passkey-removed")),
        Err(failure) => {
            let show = async |app: &App, member: &Member, say: Say| {
                show_removal(app, member, number, say).await
            };
            refused(show, &app, &member, ("remove-passkey", &posted), failure).await
        }
    }
}
