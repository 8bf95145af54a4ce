//! The recovery code: a second way into the wallet for a payer who has lost the password. It is shown once, works once, and the
//! switch keeps a hash of it.
//!
//! ```text
//! POST /register ──────────▶ GET /welcome                    shown with the number
//! POST /sessions/recovery ─▶ GET /recovery-code              a new one; the one before no longer works
//! GET /recover ─▶ POST /recover ─▶ GET /sessions             another password, all sessions end, the code is used up
//! ```

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::Data;
use maud::{Markup, PreEscaped, html};
use qrcode::QrCode;
use qrcode::render::svg;
use tessera_protocol::ClientNumber;
use tessera_protocol::leased::{PASSWORD_BYTES_MAX, SessionKind};
use zeroize::Zeroizing;

use super::entry::{copy, end_old, entry};
use crate::drawn::{self, Part, digits, written};
use crate::session::Session;
use crate::strength::unfit;
use crate::switch::{Overview, Proof};
use crate::web::cookies::{self, Kept};
use crate::web::fields::{Field, password, summary};
use crate::web::forms::form;
use crate::web::layout::{self, Head};
use crate::web::say::Say;
use crate::web::{App, Member, Posted, Trouble, Visitor, answer};
use crate::words::refusals;
use tessera_texts::{Locale, Text, entry as entry_text, recovery as text};

/// Enough that nobody guesses it: 120 random bits.
const GROUPS: usize = 5;

/// The recovery code that follows from its secret: `k7mqe-vh2wd-p6x4a-nc9rt-6yt8w`.
pub fn code_of(secret: &str) -> Zeroizing<String> {
    drawn::groups("recovery code", secret, GROUPS)
}

/// Sets the code that follows from a new wallet's secret; without one the wallet is as good, and the payer can make one later.
pub async fn set_first(
    app: &App,
    visitor: &Visitor,
    session: &Session,
    own: &Zeroizing<String>,
) -> bool {
    let proof = Proof {
        password: Some(own.clone()),
        passkey: None,
        address: visitor.address.clone(),
    };
    let code = code_of(&Part::Recovery.of(&visitor.form_secret));
    let set = app.switch.set_recovery(session, &proof, &code).await;
    set.is_ok()
}

/// The rows of a list of secrets: the code, in the session that made it.
pub fn row(member: &Member) -> Markup {
    let locale = member.locale();
    html! {
        @if let Some(code) = member.kept(Kept::Recovery).map(code_of) {
            dt { (locale.say(text::CODE)) }
            dd { output.secret id="recovery-code" { (code.as_str()) } (copy(locale, "recovery-code")) }
        }
    }
}

/// What is printed and kept: how to sign in, as a picture for a phone's camera, and what to do.
pub fn kit(app: &App, locale: &Locale, client: &ClientNumber) -> Markup {
    let origin = &app.settings.origin;
    // What stands behind # is not sent: the page fills it in.
    let address = format!("{origin}/sign-in#{}", digits(client).as_str());
    let picture = QrCode::new(address.as_bytes()).ok().map(|code| {
        let mut picture = code.render::<svg::Color<'_>>();
        picture.min_dimensions(180, 180).quiet_zone(true).build()
    });
    html! {
        div.kit {
            @if let Some(picture) = picture {
                figure {
                    div.qr role="img" aria-label=(locale.say(text::PICTURE)) { (PreEscaped(without_head(&picture))) }
                    figcaption { (locale.say(text::PICTURE_LEAD)) }
                }
            }
            p.print-only { (locale.say(text::printed(origin))) }
            button.quiet.print type="button" hidden { (locale.say(text::PRINT)) }
        }
    }
}

/// The element alone: an HTML page has no XML head.
fn without_head(picture: &str) -> &str {
    picture.find("<svg").map_or("", |place| &picture[place..])
}

/// The part of the page about security.
pub fn section(member: &Member, overview: &Overview, say: &Say) -> Markup {
    let locale = member.locale();
    let fields = html! {
        (password(locale, "recovery", overview.asks_always(), say))
        button.second type="submit" {
            @if overview.recovers { (locale.say(text::ANOTHER)) } @else { (locale.say(text::CREATE)) }
        }
    };
    html! {
        section id="recovery-section" {
            h2 { (locale.say(text::CODE)) }
            p { @if overview.recovers { (locale.say(text::THERE)) } @else { (locale.say(text::NONE)) } }
            (form("recovery", "/sessions/recovery", &member.token(), &fields))
        }
    }
}

/// `/recovery-code`: the new code, for a few minutes.
pub async fn page(app: Data<App>, member: Member) -> HttpResponse {
    if member.kept(Kept::Recovery).is_none() {
        return answer::see_other("/sessions");
    }
    let locale = member.locale();
    let client = member.client();
    let body = html! {
        section.narrow.once {
            h1 { (locale.say(text::NEW_TITLE)) }
            p.lead { (locale.say(text::NEW_LEAD)) }
            dl.secrets {
                @if let Some(client) = &client {
                    dt { (locale.say(entry_text::NEW_NUMBER)) }
                    dd { output.secret id="client-number" { (written(client).as_str()) } }
                }
                (row(&member))
            }
            @if let Some(client) = &client { (kit(&app, locale, client)) }
            (form("kept", "/recovery-code", &member.token(), &html! {
                button id="continue" type="submit" { (locale.say(entry_text::NEW_NEXT)) }
            }))
        }
    };
    answer::html(
        StatusCode::OK,
        &layout::plain(locale, text::NEW_TITLE, body),
    )
}

/// `POST /recovery-code`: the payer has it now.
pub async fn kept(_: Member, _: Posted) -> Result<HttpResponse, Trouble> {
    let given = vec![cookies::forget(Kept::Recovery)];
    Ok(answer::with_cookies(answer::see_other("/sessions"), given))
}

/// `/recover`
pub async fn recover_page(visitor: Visitor) -> HttpResponse {
    show(&visitor, &Say::default())
}

fn show(visitor: &Visitor, say: &Say) -> HttpResponse {
    let locale = &visitor.locale;
    let new = |name, label, hint| Field {
        form: "recover",
        name,
        label,
        hint,
        kind: "password",
        autocomplete: "new-password",
        longest: PASSWORD_BYTES_MAX as u16,
        ..Field::default()
    };
    let known = |name, label, hint, autocomplete, inputmode| Field {
        form: "recover",
        name,
        label,
        hint: Some(hint),
        autocomplete,
        inputmode,
        longest: 60,
        secret: true,
        ..Field::default()
    };
    let (client, code) = (entry_text::CLIENT, text::CODE);
    let fields = html! {
        (known("client", client, entry_text::CLIENT_HINT, "username", "numeric").show(locale, say))
        (known("code", code, text::CODE_HINT, "off", "text").show(locale, say))
        (new("new", text::NEW_PASSWORD, Some(entry_text::PASSWORD_HINT)).show(locale, say))
        (new("again", entry_text::PASSWORD_AGAIN, None).show(locale, say))
        button type="submit" { (locale.say(text::RECOVER)) }
    };
    let body = html! {
        section.narrow {
            h1 { (locale.say(text::FORGOTTEN_TITLE)) }
            p.lead { (locale.say(text::FORGOTTEN_LEAD)) }
            (summary(locale, say))
            (form("recover", "/recover", &visitor.entry_token(), &fields))
            h2 { (locale.say(text::NO_CODE_TITLE)) }
            p { (locale.say(text::NO_CODE)) }
        }
    };
    let page = layout::visitor(locale, text::FORGOTTEN_TITLE, Head::default(), &body);
    say.entry_page(visitor, &page)
}

/// `POST /recover`
pub async fn recover(app: Data<App>, visitor: Visitor, posted: Posted) -> HttpResponse {
    let wrong = |field, words: Text| {
        let say = Say::wrong("recover", field, words).of(&posted);
        show(&visitor, &say)
    };
    let Ok(client) = ClientNumber::from_text(posted.text("client")) else {
        return wrong("client", entry_text::MISTYPED);
    };
    let new = posted.raw("new");
    if let Some(unfit) = unfit(new, Some(&client)).await {
        return wrong("new", unfit);
    }
    if posted.raw("again") != new {
        return wrong("again", entry_text::PASSWORD_DIFFERS);
    }
    let code = typed(posted.raw("code"));
    let entry = entry(&visitor, client, &code, SessionKind::Web);
    match app.switch.recover(&entry, new).await {
        Ok(session) => {
            end_old(&app, &visitor).await;
            let response = answer::see_other("/sessions?done=recovered");
            answer::with_cookies(response, vec![cookies::session(&session)])
        }
        Err(failure) if failure.is("63") => {
            let say = Say::failed("recover", &failure, text::NO_MATCH);
            show(&visitor, &say)
        }
        Err(failure) => {
            let say = Say::failed("recover", &failure, refusals::words(&failure));
            show(&visitor, &say)
        }
    }
}

/// As it was shown, however it was typed: in capitals, with spaces, without the lines between the groups. Codes of wallets that were
/// opened with earlier builds may have a `+`, and still work.
fn typed(code: &str) -> Zeroizing<String> {
    let signs = code
        .chars()
        .filter(|sign| sign.is_ascii_alphanumeric() || *sign == '+')
        .map(|sign| sign.to_ascii_lowercase());
    let mut written = Zeroizing::new(String::with_capacity(code.len() + GROUPS));
    for (place, sign) in signs.enumerate() {
        if place > 0 && place % 5 == 0 {
            written.push('-');
        }
        written.push(sign);
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_read_however_it_is_typed() {
        let code = code_of("a secret");
        assert_eq!(code.len(), 29);
        assert_eq!(typed(&code), code);
        let plain = code.replace('-', "");
        assert_eq!(typed(&plain), code);
        assert_eq!(typed(&format!("  {} ", plain.to_uppercase())), code);
        assert_eq!(typed(&code.replace('-', " ")), code);
        assert_ne!(code_of("another"), code);
        assert_eq!(*typed("K7MQE VH2SD-p+x4a"), "k7mqe-vh2sd-p+x4a");
    }

    #[test]
    fn a_picture_is_an_element_of_a_page() {
        assert_eq!(without_head("<?xml version=\"1.0\"?><svg/>"), "<svg/>");
        assert_eq!(without_head("nothing"), "");
    }
}
