//! The page of the payer's sessions and of the password.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use maud::{Markup, html};
use tessera_protocol::leased::{PASSWORD_BYTES_MAX, SessionKind, SessionRow};

use super::entry::signed_out;
use super::register::number;
use super::{parts, passkey_list, recovery};
use crate::drawn::digits;
use crate::strength::unfit;
use crate::switch::{Asks, Overview};
use crate::web::cookies::{self, Kept};
use crate::web::fields::{Field, passkey, summary};
use crate::web::forms::form;
use crate::web::layout::{self, Head};
use crate::web::say::{Say, refused};
use crate::web::{App, Member, Posted, Trouble, answer};
use tessera_texts::{entry as entry_text, passkeys as passkeys_text, sessions as text};

/// `/sessions`
pub async fn page(
    app: Data<App>,
    member: Member,
    request: HttpRequest,
) -> Result<HttpResponse, Trouble> {
    show(&app, &member, Say::done(request.query_string())).await
}

pub(super) async fn show(app: &App, member: &Member, say: Say) -> Result<HttpResponse, Trouble> {
    let sessions = app.switch.sessions(&member.session).await?;
    let overview = app.switch.overview(&member.session).await?;
    let locale = member.locale();
    let passkeys = passkey_list::section(app, member, &overview, &say).await?;
    let token = member.token();
    let body = html! {
        h1 { (locale.say(text::TITLE)) }
        (summary(locale, &say))
        (number(member))
        (passkeys)
        section {
            h2 { (locale.say(text::SESSIONS)) }
            ul.rows { @for row in &sessions { (session(member, row)) } }
            (form("everywhere", "/sessions/everywhere", &token, &html! {
                button.second type="submit" { (locale.say(text::EVERYWHERE)) }
            }))
        }
        section {
            h2 { (locale.say(text::PASSWORD)) }
            p { (locale.say(text::CHANGE_LEAD)) }
            (form("password", "/sessions/password", &token, &password_fields(member, &overview, &say)))
        }
        (recovery::section(member, &overview, &say))
    };
    let page = layout::member(
        locale,
        text::TITLE,
        "/sessions",
        &token,
        Head::default(),
        &body,
    );
    Ok(say.page(&page))
}

fn session(member: &Member, row: &SessionRow) -> Markup {
    let locale = member.locale();
    html! {
        li.row id={ "session-" (row.number) } {
            div {
                p.title {
                    (row.device)
                    @if row.kind == SessionKind::Extension { " · " (locale.say(text::EXTENSION)) }
                    @if row.current { " " span.badge { (locale.say(text::THIS)) } }
                }
                p.detail {
                    (parts::at_time(locale, text::opened, row.opened_at)) " · "
                    (parts::at_time(locale, text::used, row.used_at))
                }
            }
            @if !row.current {
                (form(&format!("end-{}", row.number), "/sessions/end", &member.token(), &html! {
                    input type="hidden" name="number" value=(row.number);
                    button.quiet type="submit" aria-label=(locale.say(text::end_which(&row.device))) { (locale.say(text::END)) }
                }))
            }
        }
    }
}

fn password_fields(member: &Member, overview: &Overview, say: &Say) -> Markup {
    let locale = member.locale();
    let field = |name, label, hint, autocomplete| Field {
        form: "password",
        name,
        label,
        hint,
        kind: "password",
        autocomplete,
        longest: PASSWORD_BYTES_MAX as u16,
        ..Field::default()
    };
    html! {
        // Without a name it is not sent. Password managers look for it.
        @if let Some(client) = member.client() {
            input type="text" hidden readonly autocomplete="username" value=(digits(&client).as_str());
        }
        (field("password", text::OLD, None, "current-password").show(locale, say))
        (field("new", text::NEW, Some(entry_text::PASSWORD_HINT), "new-password").show(locale, say))
        (field("again", text::AGAIN, None, "new-password").show(locale, say))
        button type="submit" { (locale.say(text::CHANGE)) }
        @if overview.asks_always() == Asks::PasswordOrPasskey { (passkey(locale, "password", "confirm", passkeys_text::CHANGE_PASSWORD)) }
    }
}

/// `POST /sessions/end`
pub async fn end(app: Data<App>, member: Member, posted: Posted) -> Result<HttpResponse, Trouble> {
    let number = posted.number("number").ok_or(Trouble::Form)?;
    match app.switch.end_session(&member.session, number).await {
        Ok(()) => {}
        // It has ended by itself.
        Err(failure) if failure.is("25") => {}
        Err(failure) => return Err(failure.into()),
    }
    Ok(answer::see_other("/sessions?done=session-ended"))
}

/// `POST /sessions/everywhere`
pub async fn everywhere(
    app: Data<App>,
    member: Member,
    _: Posted,
) -> Result<HttpResponse, Trouble> {
    app.switch.sign_out_everywhere(&member.session).await?;
    Ok(signed_out("/sign-in?done=everywhere"))
}

/// `POST /sessions/password`
pub async fn password(
    app: Data<App>,
    member: Member,
    posted: Posted,
) -> Result<HttpResponse, Trouble> {
    let new = posted.raw("new");
    if let Some(wrong) = unfit(new, member.client().as_ref()).await {
        let say = Say::wrong("password", "new", wrong).of(&posted);
        return show(&app, &member, say).await;
    }
    if new != posted.raw("again") {
        let say = Say::wrong("password", "again", entry_text::PASSWORD_DIFFERS).of(&posted);
        return show(&app, &member, say).await;
    }
    let proof = posted.proof(&member.visitor);
    match app
        .switch
        .change_password(&member.session, &proof, new)
        .await
    {
        Ok(()) => Ok(answer::see_other("/sessions?done=password")),
        Err(failure) => refused(show, &app, &member, ("password", &posted), failure).await,
    }
}

/// `POST /sessions/recovery`
pub async fn recovery_code(
    app: Data<App>,
    member: Member,
    posted: Posted,
) -> Result<HttpResponse, Trouble> {
    let secret = cookies::draw_secret();
    let proof = posted.proof(&member.visitor);
    let code = recovery::code_of(&secret);
    match app
        .switch
        .set_recovery(&member.session, &proof, &code)
        .await
    {
        Ok(()) => {
            let kept = cookies::keep(Kept::Recovery, &member.session, &secret);
            let response = answer::see_other("/recovery-code");
            Ok(answer::with_cookies(response, vec![kept]))
        }
        Err(failure) => refused(show, &app, &member, ("recovery", &posted), failure).await,
    }
}
