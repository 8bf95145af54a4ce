//! The start page, sign-in and sign-out.

use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use maud::{Markup, html};
use tessera_protocol::ClientNumber;
use tessera_protocol::leased::{PASSWORD_BYTES_MAX, SessionKind};
use zeroize::Zeroizing;

use crate::session::Session;
use crate::switch::{Entry, SignedByPasskey};
use crate::web::cookies::Kept;
use crate::web::fields::{Field, passkey, summary};
use crate::web::forms::form;
use crate::web::layout::{self, Head};
use crate::web::say::Say;
use crate::web::{App, Member, Posted, Trouble, Visitor, answer, cookies, query};
use crate::words::{passkeys as passkeys_words, refusals};
use tessera_texts::{Locale, Text, entry as text, passkeys, recovery};

/// What the start page says of the wallet.
const START_POINTS: &[(Text, Text)] = &[
    (text::POINT_DATA, text::POINT_DATA_LEAD),
    (text::POINT_CARD, text::POINT_CARD_LEAD),
    (text::POINT_WINDOW, text::POINT_WINDOW_LEAD),
    (text::POINT_PREPAID, text::POINT_PREPAID_LEAD),
];

/// `/`
pub async fn start(visitor: Visitor) -> HttpResponse {
    if visitor.session.is_some() {
        return answer::see_other("/home");
    }
    let locale = &visitor.locale;
    let body = html! {
        section.hero {
            h1 { (locale.say(text::START_TITLE)) }
            p.lead { (locale.say(text::START_LEAD)) }
            p.actions {
                a.button href="/register" { (locale.say(text::REGISTER)) }
                a.button.second href="/sign-in" { (locale.say(text::SIGN_IN)) }
            }
        }
        section.points {
            @for (title, words) in START_POINTS {
                div { h2 { (locale.say(title)) } p { (locale.say(words)) } }
            }
        }
    };
    answer::html(
        StatusCode::OK,
        &layout::visitor(locale, text::START_TITLE, Head::default(), &body),
    )
}

/// What is asked of the switch for a session.
pub fn entry(visitor: &Visitor, client: ClientNumber, password: &str, kind: SessionKind) -> Entry {
    Entry {
        client,
        password: Zeroizing::new(password.to_owned()),
        kind,
        device: visitor.device(),
        address: visitor.address.clone(),
    }
}

/// A button that the script shows: without it there is nothing to click.
pub fn copy(locale: &Locale, of: &str) -> Markup {
    html! {
        button.quiet.copy type="button" hidden data-copy=(of) data-copied=(locale.say(text::COPIED)) { (locale.say(text::COPY)) }
    }
}

/// `/sign-in`
pub async fn sign_in_page(request: HttpRequest, visitor: Visitor) -> HttpResponse {
    let next = query(request.query_string()).remove("next");
    let say = Say::done(request.query_string());
    show_sign_in(&visitor, &say, next.as_deref().unwrap_or_default())
}

fn show_sign_in(visitor: &Visitor, say: &Say, next: &str) -> HttpResponse {
    let locale = &visitor.locale;
    let fields = html! {
        input type="hidden" name="next" value=(next);
        (sign_in_fields(locale, say))
    };
    let body = html! {
        section.narrow {
            h1 { (locale.say(text::SIGN_IN)) }
            (summary(locale, say))
            (form("sign-in", "/sign-in", &visitor.entry_token(), &fields))
            p { a href="/recover" { (locale.say(recovery::FORGOTTEN)) } }
            p { (locale.say(text::NO_WALLET)) " " a href="/register" { (locale.say(text::REGISTER)) } }
        }
    };
    say.entry_page(
        visitor,
        &layout::visitor(locale, text::SIGN_IN, Head::default(), &body),
    )
}

/// Number, password, button: also in the pay window.
pub fn sign_in_fields(locale: &Locale, say: &Say) -> Markup {
    html! {
        (Field {
            form: "sign-in",
            name: "client",
            label: text::CLIENT,
            hint: Some(text::CLIENT_HINT),
            // Browsers offer passkeys where they fill in the number.
            autocomplete: "username webauthn",
            inputmode: "numeric",
            longest: 40,
            secret: true,
            ..Field::default()
        }.show(locale, say))
        (Field {
            form: "sign-in",
            name: "password",
            label: text::PASSWORD,
            kind: "password",
            autocomplete: "current-password",
            longest: PASSWORD_BYTES_MAX as u16,
            ..Field::default()
        }.show(locale, say))
        button type="submit" { (locale.say(text::SIGN_IN)) }
        (passkey(locale, "sign-in", "sign-in", passkeys::SIGN_IN))
    }
}

/// `POST /sign-in`
pub async fn sign_in(app: Data<App>, visitor: Visitor, posted: Posted) -> HttpResponse {
    match try_sign_in(&app, &visitor, &posted).await {
        Ok(session) => {
            let response = answer::see_other(own_path(posted.raw("next")));
            answer::with_cookies(response, vec![cookies::session(&session)])
        }
        Err(say) => show_sign_in(&visitor, &say, own_path(posted.raw("next"))),
    }
}

/// Opens a session, and ends the one that this browser had: also for the pay window.
///
/// # Errors
/// What the form should say.
pub async fn try_sign_in(app: &App, visitor: &Visitor, posted: &Posted) -> Result<Session, Say> {
    if let Some(signed) = SignedByPasskey::from_form(posted.raw("passkey")) {
        return by_passkey(app, visitor, &signed).await;
    }
    // An impossible number is refused here; only the switch knows whether a possible one exists, and it never answers
    // that without the password.
    let client = ClientNumber::from_text(posted.text("client"))
        .map_err(|_| Say::wrong("sign-in", "client", text::MISTYPED).of(posted))?;
    let entry = entry(visitor, client, posted.raw("password"), SessionKind::Web);
    match app.switch.sign_in(&entry).await {
        Ok(session) => {
            end_old(app, visitor).await;
            Ok(session)
        }
        Err(failure) if failure.is("63") => Err(Say::failed("sign-in", &failure, text::NO_MATCH)),
        Err(failure) => Err(Say::failed("sign-in", &failure, refusals::words(&failure))),
    }
}

async fn by_passkey(
    app: &App,
    visitor: &Visitor,
    signed: &SignedByPasskey,
) -> Result<Session, Say> {
    let (device, address) = (visitor.device(), visitor.address.as_ref());
    match app
        .switch
        .sign_in_by_passkey(signed, &device, address)
        .await
    {
        Ok(session) => {
            end_old(app, visitor).await;
            Ok(session)
        }
        Err(failure) => {
            let words = passkeys_words::refusal(&failure);
            let words = words.unwrap_or_else(|| refusals::words(&failure));
            Err(Say::failed("sign-in", &failure, words))
        }
    }
}

/// Ends the session that this browser had.
pub async fn end_old(app: &App, visitor: &Visitor) {
    if let Some(old) = &visitor.session {
        // It may have ended by itself.
        let _ = app.switch.sign_out(old).await;
    }
}

/// A path of this site, so that nobody is led elsewhere.
fn own_path(next: &str) -> &str {
    let safe = next.starts_with('/')
        && !next.starts_with("//")
        && next
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"/-.".contains(&byte));
    if safe { next } else { "/home" }
}

/// `POST /sign-out`
pub async fn sign_out(app: Data<App>, member: Member, _: Posted) -> Result<HttpResponse, Trouble> {
    match app.switch.sign_out(&member.session).await {
        Ok(()) => {}
        // It is over already.
        Err(failure) if failure.is("63") => {}
        Err(failure) => return Err(failure.into()),
    }
    Ok(signed_out("/sign-in?done=signed-out"))
}

/// On to a page for those who have no session any more.
pub fn signed_out(location: &str) -> HttpResponse {
    // The session is over whether the browser forgets it or not.
    let forgotten = vec![
        cookies::no_session(),
        cookies::forget(Kept::Number),
        cookies::forget(Kept::Password),
        cookies::forget(Kept::Recovery),
    ];
    answer::with_cookies(answer::see_other(location), forgotten)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leads_to_own_pages_only() {
        assert_eq!(own_path("/card"), "/card");
        for wrong in [
            "",
            "//evil.example",
            "https://evil.example",
            "/\\evil.example",
            "/a?b",
        ] {
            assert_eq!(own_path(wrong), "/home", "{wrong}");
        }
    }
}
