//! Pages of help, of the installable wallet program and its extension, and the page that is shown without a connection.

use actix_web::HttpResponse;
use actix_web::http::{StatusCode, header};
use actix_web::web::Data;
use maud::{Markup, html};

use crate::extension::{Browser, Package};
use crate::texts::{help as text, layout as layout_text};
use crate::web::layout::{self, Head};
use crate::web::{App, Member, Visitor, answer};

/// Where the extension is downloaded from.
pub const CHROMIUM: &str = "/extension.zip";
/// The same for Firefox, which loads it for as long as it runs.
pub const FIREFOX: &str = "/extension-firefox.zip";
/// The same for Firefox, which installs it for good.
pub const SIGNED: &str = "/extension.xpi";

/// `/help`
pub async fn page(visitor: Visitor) -> HttpResponse {
    let body = html! {
        section.narrow {
            h1 { (text::TITLE) }
            @for (question, words) in text::QUESTIONS {
                details.fold { summary { (question) } p { (words) } }
            }
        }
    };
    shown(&visitor, text::TITLE, &body)
}

/// `/program`
pub async fn program(app: Data<App>, visitor: Visitor) -> HttpResponse {
    let body = html! {
        section.narrow {
            h1 { (text::PROGRAM_TITLE) }
            p.lead { (text::PROGRAM_LEAD) }
            h2 { (text::INSTALL_TITLE) }
            ul { @for step in text::INSTALL { li { (step) } } }
            h2 { (text::EXTENSION_TITLE) }
            p { (text::EXTENSION_LEAD) }
            h3 { (text::CHROMIUM_TITLE) }
            ol { @for step in text::CHROMIUM_STEPS { li { (step) } } }
            p.actions { a.button id="extension" href=(CHROMIUM) { (text::CHROMIUM_DOWNLOAD) } }
            h3 { (text::FIREFOX_TITLE) }
            @if app.settings.signed_extension.is_some() {
                ol { @for step in text::SIGNED_STEPS { li { (step) } } }
                p.actions { a.button id="extension-firefox" href=(SIGNED) { (text::SIGNED_INSTALL) } }
            } @else {
                ol { @for step in text::FIREFOX_STEPS { li { (step) } } }
                p.actions { a.button id="extension-firefox" href=(FIREFOX) { (text::FIREFOX_DOWNLOAD) } }
            }
            h3 { (text::SHORTCUT_TITLE) }
            p { (text::SHORTCUT) }
        }
    };
    shown(&visitor, text::PROGRAM_TITLE, &body)
}

/// `/more`: the rest of the menu, for phones.
pub async fn more(member: Member) -> HttpResponse {
    let rest = layout_text::REST.iter().copied().chain([(
        "/help",
        layout_text::HELP,
        layout_text::HELP_LEAD,
    )]);
    let body = html! {
        section {
            h1 { (layout_text::MORE) }
            ul.rows.links {
                @for (path, label, words) in rest {
                    li.row { a href=(path) { strong.title { (label) } span.detail { (words) } } }
                }
            }
        }
    };
    let page = layout::member(
        layout_text::MORE,
        "/more",
        &member.token(),
        Head::default(),
        &body,
    );
    answer::html(StatusCode::OK, &page)
}

/// The menu that fits: a member's where there is a session.
fn shown(visitor: &Visitor, title: &str, body: &Markup) -> HttpResponse {
    let page = match &visitor.session {
        Some(session) => layout::member(title, "", &session.form_token(), Head::default(), body),
        None => layout::visitor(title, Head::default(), body),
    };
    answer::html(StatusCode::OK, &page)
}

/// The extension for this server, packed now.
pub async fn chromium(app: Data<App>) -> HttpResponse {
    packed(&app, Browser::Chromium)
}

/// The same for Firefox.
pub async fn firefox(app: Data<App>) -> HttpResponse {
    packed(&app, Browser::Firefox)
}

fn packed(app: &App, browser: Browser) -> HttpResponse {
    match Package::new(browser, &app.settings.origin) {
        Ok(package) => {
            let name = format!("tessera-{}.zip", browser.name());
            download("application/zip", &name, package.zip())
        }
        // Settings with such an origin are not accepted.
        Err(_) => missing(),
    }
}

/// The extension as Mozilla has signed it.
pub async fn signed(app: Data<App>) -> HttpResponse {
    let Some(path) = app.settings.signed_extension.clone() else {
        return missing();
    };
    let read = actix_web::web::block(move || tessera_common::bounded::file(&path)).await;
    match read {
        // Of this type, Firefox installs what it is handed.
        Ok(Ok(file)) => download("application/x-xpinstall", "tessera.xpi", file),
        _ => missing(),
    }
}

fn download(kind: &'static str, name: &str, file: Vec<u8>) -> HttpResponse {
    let disposition = format!("attachment; filename=\"{name}\"");
    HttpResponse::Ok()
        .content_type(kind)
        .insert_header((header::CONTENT_DISPOSITION, disposition))
        .body(file)
}

fn missing() -> HttpResponse {
    let body = html! {
        section.narrow { h1 { (text::MISSING_TITLE) } p { (text::MISSING) } }
    };
    let page = layout::plain(text::MISSING_TITLE, body);
    answer::html(StatusCode::NOT_FOUND, &page)
}

/// `/offline`: the only page that browsers keep.
pub async fn offline() -> HttpResponse {
    let body = html! {
        section.narrow {
            h1 { (text::OFFLINE_TITLE) }
            p.lead { (text::OFFLINE) }
            p.actions { a.button href="/home" { (text::RETRY) } }
        }
    };
    answer::html(StatusCode::OK, &layout::plain(text::OFFLINE_TITLE, body))
}
