//! Pages of help, of the installable wallet program and its extension, and the page that is shown without a connection.

use actix_web::HttpResponse;
use actix_web::http::{StatusCode, header};
use actix_web::web::Data;
use maud::{Markup, html};

use crate::package::{Browser, Package};
use crate::web::layout::{self, Head};
use crate::web::{App, Member, Visitor, answer};
use tessera_texts::{Text, help as text, layout as layout_text};

/// Questions and their answers.
const QUESTIONS: &[(Text, Text)] = &[
    (text::LOST_PASSWORD, text::LOST_PASSWORD_LEAD),
    (text::LOST_NUMBER, text::LOST_NUMBER_LEAD),
    (text::SHOP, text::SHOP_LEAD),
    (text::RESERVED, text::RESERVED_LEAD),
    (text::DECLINED, text::DECLINED_LEAD),
    (text::NUMBERS, text::NUMBERS_LEAD),
    (text::STOLEN, text::STOLEN_LEAD),
    (text::SIGNED_OUT, text::SIGNED_OUT_LEAD),
    (text::CLOSE, text::CLOSE_LEAD),
    (text::PASSKEY, text::PASSKEY_LEAD),
    (text::LOST_PASSKEY, text::LOST_PASSKEY_LEAD),
];
const INSTALL: &[Text] = &[
    text::INSTALL_PHONE,
    text::INSTALL_COMPUTER,
    text::INSTALL_DATA,
];
const CHROMIUM_STEPS: &[Text] = &[
    text::CHROMIUM_FILE,
    text::CHROMIUM_MODE,
    text::CHROMIUM_LOAD,
    text::CHROMIUM_SIGN_IN,
];
const FIREFOX_STEPS: &[Text] = &[
    text::FIREFOX_FILE,
    text::FIREFOX_LOAD,
    text::EXTENSION_SIGN_IN,
    text::FIREFOX_AGAIN,
];
const SIGNED_STEPS: &[Text] = &[text::SIGNED_CONFIRM, text::EXTENSION_SIGN_IN];

/// Where the extension is downloaded from.
pub const CHROMIUM: &str = "/extension.zip";
/// The same for Firefox, which loads it for as long as it runs.
pub const FIREFOX: &str = "/extension-firefox.zip";
/// The same for Firefox, which installs it for good.
pub const SIGNED: &str = "/extension.xpi";

/// `/help`
pub async fn page(visitor: Visitor) -> HttpResponse {
    let locale = &visitor.locale;
    let body = html! {
        section.narrow {
            h1 { (locale.say(text::TITLE)) }
            @for (question, words) in QUESTIONS {
                details.fold { summary { (locale.say(question)) } p { (locale.say(words)) } }
            }
        }
    };
    shown(&visitor, text::TITLE, &body)
}

/// `/program`
pub async fn program(app: Data<App>, visitor: Visitor) -> HttpResponse {
    let locale = &visitor.locale;
    let body = html! {
        section.narrow {
            h1 { (locale.say(text::PROGRAM_TITLE)) }
            p.lead { (locale.say(text::PROGRAM_LEAD)) }
            h2 { (locale.say(text::INSTALL_TITLE)) }
            ul { @for step in INSTALL { li { (locale.say(step)) } } }
            h2 { (locale.say(text::EXTENSION_TITLE)) }
            p { (locale.say(text::EXTENSION_LEAD)) }
            h3 { (locale.say(text::CHROMIUM_TITLE)) }
            ol { @for step in CHROMIUM_STEPS { li { (locale.say(step)) } } }
            p.actions { a.button id="extension" href=(CHROMIUM) { (locale.say(text::CHROMIUM_DOWNLOAD)) } }
            h3 { (locale.say(text::FIREFOX_TITLE)) }
            @if app.settings.signed_extension.is_some() {
                ol { @for step in SIGNED_STEPS { li { (locale.say(step)) } } }
                p.actions { a.button id="extension-firefox" href=(SIGNED) { (locale.say(text::SIGNED_INSTALL)) } }
            } @else {
                ol { @for step in FIREFOX_STEPS { li { (locale.say(step)) } } }
                p.actions { a.button id="extension-firefox" href=(FIREFOX) { (locale.say(text::FIREFOX_DOWNLOAD)) } }
            }
            h3 { (locale.say(text::SHORTCUT_TITLE)) }
            p { (locale.say(text::SHORTCUT)) }
        }
    };
    shown(&visitor, text::PROGRAM_TITLE, &body)
}

/// `/more`: the rest of the menu, for phones.
pub async fn more(member: Member) -> HttpResponse {
    let locale = member.locale();
    let rest =
        layout::REST
            .iter()
            .cloned()
            .chain([("/help", layout_text::HELP, layout_text::HELP_LEAD)]);
    let body = html! {
        section {
            h1 { (locale.say(layout_text::MORE)) }
            ul.rows.links {
                @for (path, label, words) in rest {
                    li.row { a href=(path) { strong.title { (locale.say(label)) } span.detail { (locale.say(words)) } } }
                }
            }
        }
    };
    let page = layout::member(
        locale,
        layout_text::MORE,
        "/more",
        &member.token(),
        Head::default(),
        &body,
    );
    answer::html(StatusCode::OK, &page)
}

/// The menu that fits: a member's where there is a session.
fn shown(visitor: &Visitor, title: Text, body: &Markup) -> HttpResponse {
    let locale = &visitor.locale;
    let page = match &visitor.session {
        Some(session) => layout::member(
            locale,
            title,
            "",
            &session.form_token(),
            Head::default(),
            body,
        ),
        None => layout::visitor(locale, title, Head::default(), body),
    };
    answer::html(StatusCode::OK, &page)
}

/// The extension for this server, packed now.
pub async fn chromium(app: Data<App>, visitor: Visitor) -> HttpResponse {
    packed(&app, &visitor, Browser::Chromium)
}

/// The same for Firefox.
pub async fn firefox(app: Data<App>, visitor: Visitor) -> HttpResponse {
    packed(&app, &visitor, Browser::Firefox)
}

fn packed(app: &App, visitor: &Visitor, browser: Browser) -> HttpResponse {
    match Package::new(browser, &app.settings.origin) {
        Ok(package) => {
            let name = format!("tessera-{}.zip", browser.name());
            download("application/zip", &name, package.zip())
        }
        // Settings with such an origin are not accepted.
        Err(_) => missing(visitor),
    }
}

/// The extension as Mozilla has signed it.
pub async fn signed(app: Data<App>, visitor: Visitor) -> HttpResponse {
    let Some(path) = app.settings.signed_extension.clone() else {
        return missing(&visitor);
    };
    let read = actix_web::web::block(move || tessera_common::bounded::file(&path)).await;
    match read {
        // Of this type, Firefox installs what it is handed.
        Ok(Ok(file)) => download("application/x-xpinstall", "tessera.xpi", file),
        _ => missing(&visitor),
    }
}

fn download(kind: &'static str, name: &str, file: Vec<u8>) -> HttpResponse {
    let disposition = format!("attachment; filename=\"{name}\"");
    HttpResponse::Ok()
        .content_type(kind)
        .insert_header((header::CONTENT_DISPOSITION, disposition))
        .body(file)
}

fn missing(visitor: &Visitor) -> HttpResponse {
    let locale = &visitor.locale;
    let body = html! {
        section.narrow { h1 { (locale.say(text::MISSING_TITLE)) } p { (locale.say(text::MISSING)) } }
    };
    let page = layout::plain(locale, text::MISSING_TITLE, body);
    answer::html(StatusCode::NOT_FOUND, &page)
}

/// `/offline`: the only page that browsers keep.
pub async fn offline(visitor: Visitor) -> HttpResponse {
    let locale = &visitor.locale;
    let body = html! {
        section.narrow {
            h1 { (locale.say(text::OFFLINE_TITLE)) }
            p.lead { (locale.say(text::OFFLINE)) }
            p.actions { a.button href="/home" { (locale.say(text::RETRY)) } }
        }
    };
    answer::html(
        StatusCode::OK,
        &layout::plain(locale, text::OFFLINE_TITLE, body),
    )
}
