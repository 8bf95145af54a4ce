//! Pages of help, of the installable wallet program and its extension, and the page that is shown without a connection.

use actix_web::HttpResponse;
use actix_web::http::{StatusCode, header};
use actix_web::web::Data;
use maud::{Markup, html};

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
];
const INSTALL: &[Text] = &[
    text::INSTALL_PHONE,
    text::INSTALL_COMPUTER,
    text::INSTALL_DATA,
];
const EXTENSION_STEPS: &[Text] = &[
    text::EXTENSION_DOWNLOAD,
    text::EXTENSION_MODE,
    text::EXTENSION_LOAD,
    text::EXTENSION_SIGN_IN,
];

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
pub async fn program(visitor: Visitor) -> HttpResponse {
    let locale = &visitor.locale;
    let body = html! {
        section.narrow {
            h1 { (locale.say(text::PROGRAM_TITLE)) }
            p.lead { (locale.say(text::PROGRAM_LEAD)) }
            h2 { (locale.say(text::INSTALL_TITLE)) }
            ul { @for step in INSTALL { li { (locale.say(step)) } } }
            h2 { (locale.say(text::EXTENSION_TITLE)) }
            p { (locale.say(text::EXTENSION_LEAD)) }
            ol { @for step in EXTENSION_STEPS { li { (locale.say(step)) } } }
            p.actions { a.button id="extension" href="/extension.zip" { (locale.say(text::DOWNLOAD)) } }
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

/// `/extension.zip`
pub async fn extension(app: Data<App>, visitor: Visitor) -> HttpResponse {
    let locale = &visitor.locale;
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
                section.narrow { h1 { (locale.say(text::MISSING_TITLE)) } p { (locale.say(text::MISSING)) } }
            };
            answer::html(
                StatusCode::NOT_FOUND,
                &layout::plain(locale, text::MISSING_TITLE, body),
            )
        }
    }
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
