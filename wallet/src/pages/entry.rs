//! The start page, registration, sign-in and sign-out.

use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use maud::{Markup, html};
use rand::RngExt as _;
use tessera_protocol::ClientNumber;
use tessera_protocol::leased::{PASSWORD_BYTES_MAX, SessionKind};
use zeroize::Zeroizing;

use crate::line::Failure;
use crate::session::Session;
use crate::switch::Entry;
use crate::texts::{entry as text, refusals};
use crate::web::fields::{Field, summary};
use crate::web::forms::form;
use crate::web::layout::{self, Head};
use crate::web::say::Say;
use crate::web::{App, Member, Posted, Trouble, Visitor, answer, cookies, query};

/// The switch counts bytes; a person types characters, each of which is one byte or more.
const PASSWORD_CHARACTERS_MIN: usize = 10;

/// `/`
pub async fn start(visitor: Visitor) -> HttpResponse {
    if visitor.session.is_some() {
        return answer::see_other("/home");
    }
    let body = html! {
        section.hero {
            h1 { (text::START_TITLE) }
            p.lead { (text::START_LEAD) }
            p.actions {
                a.button href="/register" { (text::REGISTER) }
                a.button.second href="/sign-in" { (text::SIGN_IN) }
            }
        }
        section.points {
            @for (title, words) in text::START_POINTS {
                div { h2 { (title) } p { (words) } }
            }
        }
    };
    answer::html(
        StatusCode::OK,
        &layout::visitor(text::START_TITLE, Head::default(), &body),
    )
}

/// `/register`
pub async fn register_page(visitor: Visitor) -> HttpResponse {
    show_register(&visitor, &Say::default())
}

fn show_register(visitor: &Visitor, say: &Say) -> HttpResponse {
    let token = visitor.entry_token();
    let field = |name, label, hint| Field {
        form: "register",
        name,
        label,
        hint,
        kind: "password",
        autocomplete: "new-password",
        longest: PASSWORD_BYTES_MAX as u16,
        ..Field::default()
    };
    let own = html! {
        (field("password", text::PASSWORD, text::PASSWORD_HINT).show(say))
        (field("again", text::PASSWORD_AGAIN, "").show(say))
        button type="submit" { (text::OWN) }
    };
    let drawn = html! {
        input type="hidden" name="drawn" value="1";
        p { (text::GENERATED_LEAD) }
        button.second type="submit" { (text::GENERATED) }
    };
    let body = html! {
        section.narrow {
            h1 { (text::REGISTER) }
            p.lead { (text::REGISTER_LEAD) }
            (summary(say))
            (form("register", "/register", &token, &own))
            h2 { (text::GENERATED_TITLE) }
            (form("register-drawn", "/register", &token, &drawn))
        }
    };
    say.entry_page(
        visitor,
        &layout::visitor(text::REGISTER, Head::default(), &body),
    )
}

/// `POST /register`. The number is shown on this answer and never again; the form's secret is changed with it, so that the
/// page loaded again opens no second wallet.
pub async fn register(app: Data<App>, visitor: Visitor, posted: Posted) -> HttpResponse {
    let drawn = posted.ticked("drawn");
    let password = match drawn {
        true => draw_password(),
        false => Zeroizing::new(posted.raw("password").to_owned()),
    };
    if let Some(wrong) = unfit(&password) {
        let say = Say::wrong("register", "password", wrong).of(&posted);
        return show_register(&visitor, &say);
    }
    if !drawn && posted.raw("again") != password.as_str() {
        let say = Say::wrong("register", "again", text::PASSWORD_DIFFERS).of(&posted);
        return show_register(&visitor, &say);
    }
    match open_wallet(&app, &visitor, &password).await {
        Ok((session, client)) => {
            end_old(&app, &visitor).await;
            let page = show_new(&client, drawn.then_some(&*password));
            let mut response = answer::html(StatusCode::OK, &page);
            // Both were made here of characters that a cookie may hold.
            let _ = response.add_cookie(&cookies::session(&session));
            let _ = response.add_cookie(&cookies::form(&cookies::draw_secret()));
            response
        }
        Err(failure) => {
            let say = Say::failed("register", &failure, refusals::words(&failure));
            show_register(&visitor, &say)
        }
    }
}

/// Why a password can't become one.
pub fn unfit(password: &str) -> Option<&'static str> {
    if password.chars().count() < PASSWORD_CHARACTERS_MIN {
        return Some(text::PASSWORD_SHORT);
    }
    (password.len() > PASSWORD_BYTES_MAX).then_some(text::PASSWORD_LONG)
}

/// How often a number is drawn again that somebody has.
const DRAWS_MAX: usize = 3;

async fn open_wallet(
    app: &App,
    visitor: &Visitor,
    password: &str,
) -> Result<(Session, ClientNumber), Failure> {
    let mut last = Failure::NotSent;
    for _ in 0..DRAWS_MAX {
        let client = ClientNumber::from_random(rand::rng().random());
        let entry = entry(visitor, client.clone(), password, SessionKind::Web);
        match app.switch.register(&entry).await {
            Ok(session) => return Ok((session, client)),
            Err(failure) if failure.is("94") => last = failure,
            Err(failure) => return Err(failure),
        }
    }
    Err(last)
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

fn show_new(client: &ClientNumber, password: Option<&str>) -> Markup {
    let digits = Zeroizing::new(client.expose());
    let body = html! {
        section.narrow.once {
            h1 { (text::NEW_TITLE) }
            p.lead { (text::NEW_LEAD) }
            dl.secrets {
                dt { (text::NEW_NUMBER) }
                dd { output.secret id="client-number" { (grouped(&digits[..])) } (copy("client-number")) }
                @if let Some(password) = password {
                    dt { (text::NEW_PASSWORD) }
                    dd { output.secret id="drawn-password" { (password) } (copy("drawn-password")) }
                }
            }
            p.actions { a.button id="continue" href="/home" { (text::NEW_NEXT) } }
        }
    };
    layout::plain(text::NEW_TITLE, body)
}

/// A button that the script shows: without it there is nothing to click.
pub fn copy(of: &str) -> Markup {
    html! {
        button.quiet.copy type="button" hidden data-copy=(of) data-copied=(text::COPIED) { (text::COPY) }
    }
}

/// Fifteen digits in groups of five, as people write them down.
fn grouped(digits: &[u8]) -> String {
    let groups: Vec<_> = digits.chunks(5).map(String::from_utf8_lossy).collect();
    groups.join(" ")
}

/// Without characters that look alike: 32 of them, 5 bits each.
const PASSWORD_ALPHABET: &[u8; 32] = b"abcdefghjkmnpqrstuvwxyz23456789+";
const PASSWORD_GROUPS: usize = 4;
const PASSWORD_GROUP: usize = 5;

/// 100 random bits: `k7mqe-vh2sd-p+x4a-nc9rt`.
fn draw_password() -> Zeroizing<String> {
    let mut random = rand::rng();
    let mut password = Zeroizing::new(String::with_capacity(32));
    for place in 0..PASSWORD_GROUPS * PASSWORD_GROUP {
        if place > 0 && place % PASSWORD_GROUP == 0 {
            password.push('-');
        }
        let drawn = random.random_range(0..PASSWORD_ALPHABET.len());
        password.push(char::from(PASSWORD_ALPHABET[drawn]));
    }
    password
}

/// `/sign-in`
pub async fn sign_in_page(request: HttpRequest, visitor: Visitor) -> HttpResponse {
    let next = query(request.query_string()).remove("next");
    let say = Say::done(request.query_string());
    show_sign_in(&visitor, &say, next.as_deref().unwrap_or_default())
}

fn show_sign_in(visitor: &Visitor, say: &Say, next: &str) -> HttpResponse {
    let fields = html! {
        input type="hidden" name="next" value=(next);
        (sign_in_fields(say))
    };
    let body = html! {
        section.narrow {
            h1 { (text::SIGN_IN) }
            (summary(say))
            (form("sign-in", "/sign-in", &visitor.entry_token(), &fields))
            p { (text::NO_WALLET) " " a href="/register" { (text::REGISTER) } }
        }
    };
    say.entry_page(
        visitor,
        &layout::visitor(text::SIGN_IN, Head::default(), &body),
    )
}

/// Number, password, button: also in the pay window.
pub fn sign_in_fields(say: &Say) -> Markup {
    html! {
        (Field {
            form: "sign-in",
            name: "client",
            label: text::CLIENT,
            hint: text::CLIENT_HINT,
            autocomplete: "username",
            inputmode: "numeric",
            longest: 40,
            secret: true,
            ..Field::default()
        }.show(say))
        (Field {
            form: "sign-in",
            name: "password",
            label: text::PASSWORD,
            kind: "password",
            autocomplete: "current-password",
            longest: PASSWORD_BYTES_MAX as u16,
            ..Field::default()
        }.show(say))
        button type="submit" { (text::SIGN_IN) }
    }
}

/// `POST /sign-in`
pub async fn sign_in(app: Data<App>, visitor: Visitor, posted: Posted) -> HttpResponse {
    match try_sign_in(&app, &visitor, &posted).await {
        Ok(session) => {
            let mut response = answer::see_other(own_path(posted.raw("next")));
            // Hexadecimal digits are always a cookie.
            let _ = response.add_cookie(&cookies::session(&session));
            response
        }
        Err(say) => show_sign_in(&visitor, &say, own_path(posted.raw("next"))),
    }
}

/// Opens a session, and ends the one that this browser had: also for the pay window.
///
/// # Errors
/// What the form should say.
pub async fn try_sign_in(app: &App, visitor: &Visitor, posted: &Posted) -> Result<Session, Say> {
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
        Err(failure) if failure.is("63") => {
            Err(Say::failed("sign-in", &failure, text::NO_MATCH.to_owned()))
        }
        Err(failure) => Err(Say::failed("sign-in", &failure, refusals::words(&failure))),
    }
}

async fn end_old(app: &App, visitor: &Visitor) {
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
    let mut response = answer::see_other(location);
    // The session is over whether the browser forgets it or not.
    let _ = response.add_cookie(&cookies::no_session());
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_drawn_password_is_long_and_never_the_same() {
        let password = draw_password();
        assert_eq!(password.len(), 23);
        assert_ne!(password, draw_password());
        let mut alphabet = PASSWORD_ALPHABET.to_vec();
        alphabet.sort_unstable();
        alphabet.dedup();
        assert_eq!(alphabet.len(), 32);
    }

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
