//! Pages of help, of the installable wallet program and its extension, and the page that is shown without a connection.

use actix_web::HttpResponse;
use actix_web::http::{StatusCode, header};
use actix_web::web::Data;
use maud::{Markup, html};

use crate::texts::{help as text, layout as layout_text, passkeys};
use crate::web::layout::{self, Head};
use crate::web::{App, Member, Visitor, answer};

/// `/help`
pub async fn page(visitor: Visitor) -> HttpResponse {
    let body = html! {
        section.narrow {
            h1 { (text::TITLE) }
            @for (question, words) in text::QUESTIONS.iter().chain(passkeys::QUESTIONS) {
                details.fold { summary { (question) } p { (words) } }
            }
        }
    };
    shown(&visitor, text::TITLE, &body)
}

/// `/program`
pub async fn program(visitor: Visitor) -> HttpResponse {
    let body = html! {
        section.narrow {
            h1 { (text::PROGRAM_TITLE) }
            p.lead { (text::PROGRAM_LEAD) }
            h2 { (text::INSTALL_TITLE) }
            ul { @for step in text::INSTALL { li { (step) } } }
            h2 { (text::EXTENSION_TITLE) }
            p { (text::EXTENSION_LEAD) }
            ol { @for step in text::EXTENSION_STEPS { li { (step) } } }
            p.actions { a.button id="extension" href="/extension.zip" { (text::DOWNLOAD) } }
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

/// `/extension.zip`
pub async fn extension(app: Data<App>) -> HttpResponse {
    let path = app.settings.extension.clone();
    let read = actix_web::web::block(move || tessera_common::bounded::file(&path)).await;
    match read {
        Ok(Ok(zip)) => HttpResponse::Ok()
            .content_type("application/zip")
            .insert_header((
                header::CONTENT_DISPOSITION,
                "attachment; filename=\"tessera-extension.zip\"",
            ))
            .body(zip),
        _ => {
            let body = html! {
                section.narrow { h1 { (text::MISSING_TITLE) } p { (text::MISSING) } }
            };
            answer::html(
                StatusCode::NOT_FOUND,
                &layout::plain(text::MISSING_TITLE, body),
            )
        }
    }
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
