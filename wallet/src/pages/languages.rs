//! The choice of the language: of the pages, which a cookie keeps, and of the messages, which the account does.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use maud::html;
use tessera_texts::{Language, Locale, Text, languages as text};

use crate::web::fields::{select, summary};
use crate::web::forms::form;
use crate::web::layout::{self, Head};
use crate::web::say::Say;
use crate::web::visitor::asked_language;
use crate::web::{App, Posted, Trouble, Visitor, answer, cookies};

/// `/language`: also for those who have no wallet.
pub async fn page(visitor: Visitor, request: HttpRequest) -> HttpResponse {
    let locale = &visitor.locale;
    let say = Say::done(request.query_string());
    let mut choices = vec![(String::new(), text::BROWSER)];
    choices.extend(Language::COMPLETE.iter().map(|language| {
        let name = Text::as_written(language.own_name());
        (language.code().to_owned(), name)
    }));
    let chosen = cookies::language(&request).map_or("", Language::code);
    let token = match &visitor.session {
        Some(session) => session.form_token(),
        None => visitor.entry_token(),
    };
    let fields = html! {
        (select(locale, "language", "language", text::TITLE, &choices, chosen, &say))
        button type="submit" { (locale.say(text::SAVE)) }
    };
    let body = html! {
        section.narrow {
            h1 { (locale.say(text::TITLE)) }
            p.lead { (locale.say(text::LEAD)) }
            (summary(locale, &say))
            (form("language", "/language", &token, &fields))
        }
    };
    let page = match &visitor.session {
        Some(session) => {
            let token = session.form_token();
            layout::member(locale, text::TITLE, "", &token, Head::default(), &body)
        }
        None => layout::visitor(locale, text::TITLE, Head::default(), &body),
    };
    say.entry_page(&visitor, &page)
}

/// `POST /language`
pub async fn choose(
    app: Data<App>,
    visitor: Visitor,
    request: HttpRequest,
    posted: Posted,
) -> Result<HttpResponse, Trouble> {
    let chosen = Language::from_code(posted.text("language"));
    let language = chosen.unwrap_or_else(|| Locale::of(asked_language(&request)).language());
    if let Some(session) = &visitor.session {
        match app.switch.set_language(session, language).await {
            Ok(()) => {}
            // The session has ended: the pages have a language all the same.
            Err(failure) if failure.is("63") => {}
            Err(failure) => return Err(failure.into()),
        }
    }
    let cookie = match chosen {
        Some(language) => cookies::keep_language(language),
        None => cookies::forget_language(),
    };
    let response = answer::see_other("/language?done=language");
    Ok(answer::with_cookies(response, vec![cookie]))
}
