//! Registration, and the identification number.
//!
//! The number and a created password follow from the secret that the browser had for its forms. A cookie keeps that secret for the
//! session that was opened with it, so the pages that show them can be loaded again, and nothing is stored here.
//!
//! ```text
//! GET /register ─▶ POST /register ─▶ GET /welcome ─▶ POST /welcome ─▶ GET /home
//! the number       the wallet        the number      the created      /sessions shows the number
//! in the form      is opened         (and password)  password goes    until the session ends
//! ```

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::Data;
use maud::{Markup, html};
use tessera_protocol::ClientNumber;
use tessera_protocol::leased::{PASSWORD_BYTES_MAX, SessionKind};
use zeroize::Zeroizing;

use super::entry::{copy, end_old, entry};
use super::recovery;
use crate::drawn::{Part, client_of, created_password, digits, written};
use crate::strength::unfit;
use crate::web::cookies::{self, Kept};
use crate::web::fields::{Field, summary};
use crate::web::forms::form;
use crate::web::layout::{self, Head};
use crate::web::say::Say;
use crate::web::{App, Member, Posted, Trouble, Visitor, answer};
use crate::words::refusals;
use tessera_texts::{Language, Locale, entry as text};

/// `/register`
pub async fn page(visitor: Visitor) -> HttpResponse {
    show(&visitor, &Say::default())
}

fn show(visitor: &Visitor, say: &Say) -> HttpResponse {
    let locale = &visitor.locale;
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
        (number_field(locale, &client_of(&Part::Number.of(&visitor.form_secret)), "register"))
        (field("password", text::PASSWORD, Some(text::PASSWORD_HINT)).show(locale, say))
        (field("again", text::PASSWORD_AGAIN, None).show(locale, say))
        button type="submit" { (locale.say(text::OWN)) }
    };
    let created = html! {
        input type="hidden" name="drawn" value="1";
        p { (locale.say(text::GENERATED_LEAD)) }
        button.second type="submit" { (locale.say(text::GENERATED)) }
    };
    let body = html! {
        section.narrow {
            h1 { (locale.say(text::REGISTER)) }
            p.lead { (locale.say(text::REGISTER_LEAD)) }
            (summary(locale, say))
            (form("register", "/register", &token, &own))
            h2 { (locale.say(text::GENERATED_TITLE)) }
            (form("register-drawn", "/register", &token, &created))
        }
    };
    say.entry_page(
        visitor,
        &layout::visitor(locale, text::REGISTER, Head::default(), &body),
    )
}

/// The number where password managers look for the name of an account. It is not sent: it follows from the form's secret.
fn number_field(locale: &Locale, client: &ClientNumber, form: &str) -> Markup {
    let id = format!("{form}-client");
    let hint = format!("{id}-hint");
    html! {
        div.field {
            label for=(id) { (locale.say(text::NEW_NUMBER)) }
            input.secret id=(id) type="text" readonly value=(written(client).as_str()) autocomplete="username"
                spellcheck="false" aria-describedby=(hint);
            p.hint id=(hint) { (locale.say(text::NUMBER_HINT)) }
        }
    }
}

/// `POST /register`. The form's secret is changed with it, so that the same form opens no second wallet.
pub async fn register(app: Data<App>, visitor: Visitor, posted: Posted) -> HttpResponse {
    let created = posted.ticked("drawn");
    let password = match created {
        true => created_password(&Part::Password.of(&visitor.form_secret)),
        false => Zeroizing::new(posted.raw("password").to_owned()),
    };
    let client = client_of(&Part::Number.of(&visitor.form_secret));
    // A created one is as good as any.
    if !created && let Some(wrong) = unfit(&password, Some(&client)).await {
        let say = Say::wrong("register", "password", wrong).of(&posted);
        return show(&visitor, &say);
    }
    if !created && posted.raw("again") != password.as_str() {
        let say = Say::wrong("register", "again", text::PASSWORD_DIFFERS).of(&posted);
        return show(&visitor, &say);
    }
    let entry = entry(&visitor, client, &password, SessionKind::Web);
    let session = match app.switch.register(&entry).await {
        Ok(session) => session,
        Err(failure) if failure.is("94") => match app.switch.sign_in(&entry).await {
            // The same form opened it before, and the browser did not get the answer.
            Ok(session) => session,
            Err(_) => return show_another(visitor),
        },
        Err(failure) => {
            let say = Say::failed("register", &failure, refusals::words(&failure));
            return show(&visitor, &say);
        }
    };
    end_old(&app, &visitor).await;
    let language = visitor.locale.language();
    if language != Language::English {
        // Without it messages come in English until the payer chooses: the wallet is as good.
        let _ = app.switch.set_language(&session, language).await;
    }
    let secret = &visitor.form_secret;
    let mut given = vec![
        cookies::session(&session),
        cookies::keep(Kept::Number, &session, &Part::Number.of(secret)),
        cookies::form(&cookies::draw_secret()),
    ];
    if created {
        given.push(cookies::keep(
            Kept::Password,
            &session,
            &Part::Password.of(secret),
        ));
    }
    if recovery::set_first(&app, &visitor, &session, &password).await {
        given.push(cookies::keep(
            Kept::Recovery,
            &session,
            &Part::Recovery.of(secret),
        ));
    }
    answer::with_cookies(answer::see_other("/welcome"), given)
}

/// Somebody has this number already: another secret gives another one.
fn show_another(visitor: Visitor) -> HttpResponse {
    let visitor = Visitor {
        form_secret: cookies::draw_secret(),
        form_secret_is_new: true,
        ..visitor
    };
    show(&visitor, &Say::before("register", text::ANOTHER))
}

/// `/welcome`: the number, and the password where one was created.
pub async fn welcome(app: Data<App>, member: Member) -> HttpResponse {
    let Some(client) = member.client() else {
        return answer::see_other("/home");
    };
    let password = member.kept(Kept::Password).map(created_password);
    let locale = member.locale();
    let written = written(&client);
    // Fields without names are not sent, but password managers see them.
    let known = html! {
        input type="text" hidden readonly autocomplete="username" value=(digits(&client).as_str());
        @if let Some(password) = &password {
            input type="password" hidden readonly autocomplete="new-password" value=(password.as_str());
        }
        button id="continue" type="submit" { (locale.say(text::NEW_NEXT)) }
    };
    let body = html! {
        section.narrow.once {
            h1 { (locale.say(text::NEW_TITLE)) }
            p.lead { (locale.say(text::NEW_LEAD)) }
            dl.secrets {
                dt { (locale.say(text::NEW_NUMBER)) }
                dd { output.secret id="client-number" { (written.as_str()) } (copy(locale, "client-number")) }
                @if let Some(password) = &password {
                    dt { (locale.say(text::NEW_PASSWORD)) }
                    dd { output.secret id="drawn-password" { (password.as_str()) } (copy(locale, "drawn-password")) }
                }
                (recovery::row(&member))
            }
            p { (locale.say(text::NEW_CODE_LEAD)) }
            (recovery::kit(&app, locale, &client))
            (form("welcome", "/welcome", &member.token(), &known))
        }
    };
    answer::html(
        StatusCode::OK,
        &layout::plain(locale, text::NEW_TITLE, body),
    )
}

/// `POST /welcome`: the payer has the password now.
pub async fn welcomed(_: Member, _: Posted) -> Result<HttpResponse, Trouble> {
    let given = vec![
        cookies::forget(Kept::Password),
        cookies::forget(Kept::Recovery),
    ];
    Ok(answer::with_cookies(answer::see_other("/home"), given))
}

/// The part of the page about security that shows the number, in the session that opened the wallet.
pub fn number(member: &Member) -> Markup {
    let locale = member.locale();
    html! {
        @if let Some(client) = member.client() {
            section {
                h2 { (locale.say(text::NEW_NUMBER)) }
                p { (locale.say(text::NUMBER_LEAD)) }
                details {
                    summary { (locale.say(text::NUMBER_SHOW)) }
                    p { output.secret id="client-number" { (written(&client).as_str()) } (copy(locale, "client-number")) }
                }
            }
        }
    }
}
